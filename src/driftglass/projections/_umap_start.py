"""Where UMAP's points start: an arrangement, ten units wide, with a little noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._fuzzy import FuzzyGraph
from ._initialization import array_start, pca_start, random_start, spectral_start

__all__ = ["start_of"]

REACH = 10.0
"""Largest coordinate at the start, as in umap-learn."""
NOISE = 1e-4
"""Keeps points of one place from moving as one for ever."""


def start_of(
    init: Any,
    X: NDArray[Any] | None,
    graph: FuzzyGraph,
    n_components: int,
    seed: int,
    notes: list[str],
) -> NDArray[np.float32]:
    """Coordinates to start from.

    Parameters
    ----------
    init : {"spectral", "pca", "random"} or array of shape (n_samples, n_components)
        An array is taken as it is.
    X : ndarray of shape (n_samples, n_features) or None
        The vectors, if there are any.
    graph : FuzzyGraph
        Of the same rows.
    n_components : int
        Coordinates per row.
    seed : int
        Of the noise.
    notes : list of str
        Takes in what a reader should know.

    Returns
    -------
    start : ndarray of shape (n_samples, n_components), dtype float32
        Finite.
    """
    n_samples = graph.n_samples
    if not isinstance(init, str):
        return array_start(init, n_samples, n_components).astype(np.float32)
    rng = np.random.default_rng(seed)
    if init == "spectral":
        n_parts = _number_of_parts(graph)
        if n_parts > 1:
            init = "pca" if X is not None else "random"
            notes.append(
                f"the neighbour graph falls into {n_parts} parts: starting from {init!r}, because "
                f"eigenvectors do not arrange them."
            )
    if init == "pca" and X is None:
        init = "random"
        notes.append("distances have no principal axes: starting from 'random'.")
    if init == "random":
        return rng.uniform(-REACH, REACH, size=(n_samples, n_components)).astype(np.float32)
    if init == "spectral":
        start = spectral_start(graph.to_sparse(), n_components)
    else:
        assert X is not None
        start = pca_start(X, n_components)
    largest = float(np.abs(start).max(initial=0.0))
    start = start * (REACH / largest) if largest > 0 else start
    return (start + NOISE * random_start(n_samples, n_components, rng)).astype(np.float32)


def _number_of_parts(graph: FuzzyGraph) -> int:
    from scipy.sparse.csgraph import connected_components

    return int(connected_components(graph.to_sparse(), directed=False, return_labels=False))
