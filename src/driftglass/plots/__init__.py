"""Figures for papers and reports, drawn with matplotlib.

Each function takes ``ax=None``, draws, and returns the axes (or the figure, where it draws several
panels); none shows or saves. Style sheets and ``rcParams`` are respected. What is drawn on the
page in the browser belongs to the viewer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._animation import Animation as Animation
    from ._animation import show_animations as show_animations
    from ._change import cka_curves as cka_curves
    from ._change import curvature_bands as curvature_bands
    from ._change import drift_curves as drift_curves
    from ._change import eigenvalue_curves as eigenvalue_curves
    from ._change import track_curves as track_curves
    from ._contribution_arrows import contribution_arrows as contribution_arrows
    from ._contributions import contribution_bars as contribution_bars
    from ._contributions import feature_map as feature_map
    from ._contributions import top_feature_map as top_feature_map
    from ._curves import training_curve as training_curve
    from ._curves import unrolling as unrolling
    from ._facets import density_contours as density_contours
    from ._facets import facets as facets
    from ._facets import joint_map as joint_map
    from ._groups import counts_of_names as counts_of_names
    from ._groups import group_overlay as group_overlay
    from ._groups import map_grid as map_grid
    from ._matrices import confusion_matrix as confusion_matrix
    from ._matrices import similarity_map as similarity_map
    from ._paths import image_strip as image_strip
    from ._paths import path_over_map as path_over_map
    from ._records import scalar_curves as scalar_curves
    from ._records import training_records as training_records
    from ._scatter import scatter as scatter
    from ._sequences import movement_scatter as movement_scatter
    from ._sequences import sequence_grid as sequence_grid
    from ._trust import error_map as error_map
    from ._trust import faithfulness_curve as faithfulness_curve
    from ._trust import noise_curves as noise_curves
    from ._trust import stability_matrix as stability_matrix
    from ._trust import trade_off_curve as trade_off_curve
    from ._trust import trust_page as trust_page

__all__ = [
    "Animation",
    "cka_curves",
    "confusion_matrix",
    "contribution_arrows",
    "contribution_bars",
    "counts_of_names",
    "curvature_bands",
    "density_contours",
    "drift_curves",
    "eigenvalue_curves",
    "error_map",
    "facets",
    "faithfulness_curve",
    "feature_map",
    "group_overlay",
    "image_strip",
    "joint_map",
    "map_grid",
    "movement_scatter",
    "noise_curves",
    "path_over_map",
    "scalar_curves",
    "scatter",
    "sequence_grid",
    "show_animations",
    "similarity_map",
    "stability_matrix",
    "top_feature_map",
    "track_curves",
    "trade_off_curve",
    "training_curve",
    "training_records",
    "trust_page",
    "unrolling",
]

_PLACES = {
    "Animation": "._animation",
    "cka_curves": "._change",
    "confusion_matrix": "._matrices",
    "contribution_arrows": "._contribution_arrows",
    "contribution_bars": "._contributions",
    "counts_of_names": "._groups",
    "curvature_bands": "._change",
    "density_contours": "._facets",
    "drift_curves": "._change",
    "eigenvalue_curves": "._change",
    "error_map": "._trust",
    "facets": "._facets",
    "faithfulness_curve": "._trust",
    "feature_map": "._contributions",
    "group_overlay": "._groups",
    "image_strip": "._paths",
    "joint_map": "._facets",
    "map_grid": "._groups",
    "movement_scatter": "._sequences",
    "noise_curves": "._trust",
    "path_over_map": "._paths",
    "scalar_curves": "._records",
    "scatter": "._scatter",
    "sequence_grid": "._sequences",
    "show_animations": "._animation",
    "similarity_map": "._matrices",
    "stability_matrix": "._trust",
    "top_feature_map": "._contributions",
    "track_curves": "._change",
    "trade_off_curve": "._trust",
    "training_curve": "._curves",
    "training_records": "._records",
    "trust_page": "._trust",
    "unrolling": "._curves",
}


def __getattr__(name: str) -> Any:
    # matplotlib is optional and slow to import.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
