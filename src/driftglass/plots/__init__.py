"""Figures for papers and reports, drawn with matplotlib.

Each function takes ``ax=None``, draws, and returns the axes (or the figure, where it draws several
panels); none shows or saves. Style sheets and ``rcParams`` are respected. What is drawn on the
page in the browser belongs to the viewer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._contributions import contribution_arrows as contribution_arrows
    from ._contributions import contribution_bars as contribution_bars
    from ._contributions import feature_map as feature_map
    from ._contributions import top_feature_map as top_feature_map
    from ._curves import training_curve as training_curve
    from ._curves import unrolling as unrolling
    from ._groups import counts_of_names as counts_of_names
    from ._groups import group_overlay as group_overlay
    from ._groups import map_grid as map_grid
    from ._paths import image_strip as image_strip
    from ._paths import path_over_map as path_over_map
    from ._scatter import scatter as scatter

__all__ = [
    "contribution_arrows",
    "contribution_bars",
    "counts_of_names",
    "feature_map",
    "group_overlay",
    "image_strip",
    "map_grid",
    "path_over_map",
    "scatter",
    "top_feature_map",
    "training_curve",
    "unrolling",
]

_PLACES = {
    "contribution_arrows": "._contributions",
    "contribution_bars": "._contributions",
    "counts_of_names": "._groups",
    "feature_map": "._contributions",
    "group_overlay": "._groups",
    "image_strip": "._paths",
    "map_grid": "._groups",
    "path_over_map": "._paths",
    "scatter": "._scatter",
    "top_feature_map": "._contributions",
    "training_curve": "._curves",
    "unrolling": "._curves",
}


def __getattr__(name: str) -> Any:
    # matplotlib is optional and slow to import.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
