"""New rows placed in a finished t-SNE map, each on its own and without moving anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ._affinities import affinity_rows
from ._repulsion import GridField, Kernels, exact_field, tree_field

__all__ = ["N_NEIGHBORS", "placed"]

PERPLEXITY = 5.0
N_NEIGHBORS = 15
N_ITER = 50
LEARNING_RATE = 0.5
"""The attraction of weights that add up to one has curvature of at most one, so this is stable."""
EXACT_PAIRS = 1 << 22
"""Pairs of new and fitted rows up to which the field is summed and not interpolated."""


def placed(
    indices: NDArray[np.int32],
    distances: NDArray[Any],
    Y: NDArray[np.float32],
    *,
    exact_below: float,
    n_threads: int,
) -> NDArray[np.float32]:
    """Coordinates of new rows from their neighbours among the rows of the map Y.

    Each starts at the weighted mean of its neighbours and descends its own divergence, in the
    field of the map. A row at no distance from a fitted row takes its place.

    Parameters
    ----------
    indices, distances : ndarray of shape (n_new, n_neighbors)
        Neighbours, nearest first.
    Y : ndarray of shape (n_samples, n_components)
        The map.
    exact_below : float
        Distance up to which two rows count as the same.
    n_threads : int
        Changes the time and not the result.

    Returns
    -------
    coordinates : ndarray of shape (n_new, n_components)
        Between or near the neighbours.
    """
    n_new, k = indices.shape
    perplexity = max(1.0, min(PERPLEXITY, k / 3))
    weights = affinity_rows(distances.astype(np.float32), (perplexity,), n_threads)
    there = np.einsum("ij,ijd->id", weights, Y[indices].astype(np.float64))
    places = np.ascontiguousarray(there, dtype=np.float32)
    starts = np.arange(n_new + 1, dtype=np.int64) * k
    columns = np.ascontiguousarray(indices).ravel()
    field = _field_of(Y, n_threads)
    for _ in range(N_ITER):
        pull = _kernels.tsne_attraction(
            places, Y, starts, columns, weights.ravel(), n_threads=n_threads
        )
        around = field(places)
        push = around[:, 1:] / np.maximum(around[:, :1], np.float32(1e-6))
        places += np.float32(LEARNING_RATE) * (pull + push)
    same = distances[:, 0] <= exact_below
    places[same] = Y[indices[same, 0]]
    return places


def _field_of(Y: NDArray[np.float32], n_threads: int) -> Any:
    # The choice may depend on the map alone: a row must not move with the size of its batch.
    if len(Y) * 1024 <= EXACT_PAIRS:
        return lambda points: exact_field(points, Y, n_threads)
    if Y.shape[1] == 3:
        return lambda points: tree_field(points, Y, n_threads)
    low, high = Y.min(axis=0), Y.max(axis=0)
    margin = 0.1 * (high - low).max()
    bounds = np.stack([low - margin, high + margin])
    return GridField(Y, bounds, Kernels(), n_threads).at
