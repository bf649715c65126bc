"""New rows placed in a finished t-SNE map, each on its own and without moving anything."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ._affinities import affinity_rows
from ._repulsion import GridField, Kernels, exact_field
from ._thin import directions

__all__ = ["nearest_fitted", "placed"]

PERPLEXITY = 5.0
N_NEIGHBORS = 15
N_ITER = 50
LEARNING_RATE = 0.5
"""The attraction of weights that add up to one has curvature of at most one, so this is stable."""
BLOCK_VALUES = 1 << 24
EXACT_PAIRS = 1 << 22
"""Pairs of new and fitted rows up to which the field is summed and not interpolated."""
SAME_DIRECTION = 1e-12
"""Cosine distance that rounding leaves between multiples of one vector."""


def nearest_fitted(
    X: NDArray[Any], fitted: NDArray[Any], k: int, metric: str, n_threads: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Rows of `fitted` nearest to each row of X, and their distances, both (n, k).

    A row's answer does not depend on the other rows of X.
    """
    if metric == "correlation":
        X, fitted, metric = directions(X, metric), directions(fitted, metric), "cosine"
    origin = fitted.mean(axis=0, dtype=np.float64) if metric == "euclidean" else 0.0
    # Single precision stays single, so that a large map is copied once and at no more width.
    base = np.concatenate([fitted, X]).astype(np.result_type(fitted, X, np.float32), copy=False)
    base -= np.asarray(origin, dtype=base.dtype)
    scale = max(float(base.max(initial=0.0)), -float(base.min(initial=0.0)), 1e-37)
    base /= base.dtype.type(scale)
    vectors = np.ascontiguousarray(base, dtype=np.float32)
    n = len(fitted)
    rows: NDArray[np.float32] = vectors
    if metric == "cosine":
        norms: NDArray[Any] = np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
    squares = np.einsum("ij,ij->i", rows[:n], rows[:n])
    # Products in single precision only narrow down; distances are computed from differences.
    wider = min(2 * k + 8, n)
    candidates = np.empty((len(X), wider), dtype=np.int32)
    size = max(1, BLOCK_VALUES // n)
    for first in range(0, len(X), size):
        block = rows[n + first : n + first + size]
        values = squares - 2.0 * (block @ rows[:n].T)
        chosen = np.argpartition(values, wider - 1, axis=1)[:, :wider]
        candidates[first : first + size] = chosen
    distances, indices = _kernels.nearest_candidates(
        vectors,
        np.arange(n, n + len(X), dtype=np.int32),
        candidates,
        k,
        metric="cosine" if metric == "cosine" else "sqeuclidean",
        n_threads=n_threads,
    )
    return indices, np.sqrt(distances) * scale if metric == "euclidean" else distances


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
    field = _field_of(Y, n_new, n_threads)
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


def _field_of(Y: NDArray[np.float32], n_new: int, n_threads: int) -> Any:
    # The choice may depend on the map alone: a row must not move with the size of its batch.
    if len(Y) * 1024 <= EXACT_PAIRS:
        return lambda points: exact_field(points, Y, n_threads)
    low, high = Y.min(axis=0), Y.max(axis=0)
    margin = 0.1 * (high - low).max()
    bounds = np.stack([low - margin, high + margin])
    return GridField(Y, bounds, Kernels(), n_threads).at
