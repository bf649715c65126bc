"""Neighbourhoods and a first layout, from the engine's own UMAP."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DriftglassWarning
from .._initialization import array_start
from .._moments import principal_axes
from .._umap import UMAP
from ._learning import Neighbourhood

__all__ = ["neighbourhood_of"]


def neighbourhood_of(
    model: Any,
    Z: NDArray[Any],
    first: NDArray[np.intp],
    n_samples: int,
    seed: int,
    notes: list[str],
) -> Neighbourhood:
    """Graph and layout of rows that differ.

    Parameters
    ----------
    model : ParametricUMAP
        Its arguments say what graph and what layout.
    Z : ndarray of shape (n_different, n_features)
        Rows that differ.
    first : ndarray of shape (n_different,)
        Their numbers among all rows.
    n_samples : int
        All rows.
    seed : int
        Of the search and of the layout.
    notes : list of str
        Takes in what a reader should know.

    Returns
    -------
    around : Neighbourhood
        The layout turned so that its widest direction comes first.
    """
    init = model.init if isinstance(model.init, str) else "given"
    umap = UMAP(
        model.n_neighbors,
        n_components=model.n_components,
        metric=model.metric,
        min_dist=model.min_dist,
        negative_sample_rate=model.negative_sample_rate,
        repulsion_strength=model.repulsion_strength,
        n_epochs=None if init == "umap" else 0,
        init="spectral" if init == "umap" else "random",
        random_state=seed,
        n_jobs=model.n_jobs,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        umap.fit(Z)
    told = [str(w.message) for w in caught if issubclass(w.category, DriftglassWarning)]
    # How the layout began does not matter much once the loss has been descended.
    notes += [note for note in told if "the neighbour graph falls into" not in note]
    layout: NDArray[Any] | None = None
    if init == "given":
        layout = array_start(model.init, n_samples, int(model.n_components))[first]
    elif init == "umap":
        layout = umap.embedding_
    if layout is not None:
        layout = _upright(layout)
    empty = np.empty(0, dtype=np.int64)
    curve = (float(umap.a_), float(umap.b_))
    if umap.graph_ is None:
        neighbors = np.empty((len(Z), 0), dtype=np.int64)
        layout = _upright(umap.embedding_) if layout is None else layout
        return Neighbourhood(layout, empty, empty, empty.astype(np.float32), neighbors, curve)
    graph = umap.graph_.tocoo()
    assert umap.neighbors_ is not None
    return Neighbourhood(
        layout,
        graph.row.astype(np.int64),
        graph.col.astype(np.int64),
        graph.data.astype(np.float32),
        umap.neighbors_.indices.astype(np.int64),
        curve,
    )


def _upright(layout: NDArray[Any]) -> NDArray[np.float32]:
    """Centred, and turned so that the widest direction comes first."""
    axes = principal_axes(np.asarray(layout, dtype=np.float64), layout.shape[1])
    turned = (layout - axes.mean) @ axes.components.T
    missing = layout.shape[1] - turned.shape[1]
    return np.pad(turned, ((0, 0), (0, missing))).astype(np.float32)
