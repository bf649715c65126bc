"""Vectors to a few coordinates, for one snapshot or for a sequence in one frame.

Projectors take arrays and return arrays. How far a map can be trusted is measured in
`driftglass.diagnostics`; `driftglass.project` reads snapshots of a run and keeps the results.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._base import Projector, SupportsTransform
from ._procrustes import ProcrustesFit, procrustes
from ._registry import methods
from ._sequence import extend_sequence, project_sequence

if TYPE_CHECKING:
    from ._affinities import Affinities as Affinities
    from ._pacmap import PaCMAP as PaCMAP
    from ._pca import PCA as PCA
    from ._phate import PHATE as PHATE
    from ._refine import Refine as Refine
    from ._tsne import TSNE as TSNE
    from ._umap import UMAP as UMAP

__all__ = [
    "PCA",
    "PHATE",
    "TSNE",
    "UMAP",
    "Affinities",
    "PaCMAP",
    "ProcrustesFit",
    "Projector",
    "Refine",
    "SupportsTransform",
    "extend_sequence",
    "methods",
    "procrustes",
    "project_sequence",
]


_ESTIMATORS = {
    "Affinities": "._affinities",
    "PCA": "._pca",
    "PHATE": "._phate",
    "PaCMAP": "._pacmap",
    "Refine": "._refine",
    "TSNE": "._tsne",
    "UMAP": "._umap",
}


def __getattr__(name: str) -> Any:
    # scikit-learn takes longer to import than all of driftglass.
    if name in _ESTIMATORS:
        return getattr(import_module(_ESTIMATORS[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
