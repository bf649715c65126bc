"""Vectors to a few coordinates, for one snapshot or for a sequence in one frame.

Projectors take arrays and return arrays. How far a map can be trusted is measured in
`driftglass.diagnostics`; `driftglass.project` reads snapshots of a run and keeps the results.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._base import Projector, SupportsTransform
from ._edge_layout import Forces, lay_out
from ._fuzzy import FuzzyGraph, fuzzy_graph
from ._procrustes import ProcrustesFit, procrustes
from ._registry import methods
from ._sequence import extend_sequence, project_sequence
from ._umap_start import initial_positions
from ._watch import FitProgress

if TYPE_CHECKING:
    from ._affinities import Affinities as Affinities
    from ._aligned_umap import AlignedUMAP as AlignedUMAP
    from ._alone import BlendedTSNE as BlendedTSNE
    from ._alone import Independent as Independent
    from ._alone import OnlineUMAP as OnlineUMAP
    from ._custom_axes import Between as Between
    from ._custom_axes import CustomAxes as CustomAxes
    from ._dynamic_tsne import DynamicTSNE as DynamicTSNE
    from ._glassbox._encoders import create_encoder as create_encoder
    from ._glassbox._encoders import register_encoder as register_encoder
    from ._glassbox._encoders import view_registry as view_registry
    from ._glassbox._glass_box import GlassBoxUMAP as GlassBoxUMAP
    from ._glassbox._parametric import ParametricUMAP as ParametricUMAP
    from ._joint import Joint as Joint
    from ._localmap import LocalMAP as LocalMAP
    from ._mds import MDS as MDS
    from ._mphate import MPHATE as MPHATE
    from ._pacmap import PaCMAP as PaCMAP
    from ._pca import PCA as PCA
    from ._phate import PHATE as PHATE
    from ._random_projection import RandomProjection as RandomProjection
    from ._refine import Refine as Refine
    from ._tsne import TSNE as TSNE
    from ._umap import UMAP as UMAP
    from ._warm import Warm as Warm

__all__ = [
    "MDS",
    "MPHATE",
    "PCA",
    "PHATE",
    "TSNE",
    "UMAP",
    "Affinities",
    "AlignedUMAP",
    "Between",
    "BlendedTSNE",
    "CustomAxes",
    "DynamicTSNE",
    "FitProgress",
    "Forces",
    "FuzzyGraph",
    "GlassBoxUMAP",
    "Independent",
    "Joint",
    "LocalMAP",
    "OnlineUMAP",
    "PaCMAP",
    "ParametricUMAP",
    "ProcrustesFit",
    "Projector",
    "RandomProjection",
    "Refine",
    "SupportsTransform",
    "Warm",
    "create_encoder",
    "extend_sequence",
    "fuzzy_graph",
    "initial_positions",
    "lay_out",
    "methods",
    "procrustes",
    "project_sequence",
    "register_encoder",
    "view_registry",
]


_ESTIMATORS = {
    "GlassBoxUMAP": "._glassbox._glass_box",
    "Affinities": "._affinities",
    "AlignedUMAP": "._aligned_umap",
    "BlendedTSNE": "._alone",
    "DynamicTSNE": "._dynamic_tsne",
    "Independent": "._alone",
    "Joint": "._joint",
    "MPHATE": "._mphate",
    "OnlineUMAP": "._alone",
    "Warm": "._warm",
    "Between": "._custom_axes",
    "CustomAxes": "._custom_axes",
    "LocalMAP": "._localmap",
    "MDS": "._mds",
    "PCA": "._pca",
    "PHATE": "._phate",
    "PaCMAP": "._pacmap",
    "RandomProjection": "._random_projection",
    "Refine": "._refine",
    "ParametricUMAP": "._glassbox._parametric",
    "TSNE": "._tsne",
    "UMAP": "._umap",
    "create_encoder": "._glassbox._encoders",
    "register_encoder": "._glassbox._encoders",
    "view_registry": "._glassbox._encoders",
}


def __getattr__(name: str) -> Any:
    # scikit-learn takes longer to import than all of driftglass.
    if name in _ESTIMATORS:
        return getattr(import_module(_ESTIMATORS[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
