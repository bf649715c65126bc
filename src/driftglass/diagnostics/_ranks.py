"""Ranks of some rows among all rows, without sorting all distances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..parallel import Threads

__all__ = ["neighbor_ranks"]

BLOCK_BYTES = 1 << 23
"""Distances that a thread holds at a time, about: 8 MiB, whatever the number of rows."""
MIN_COLUMNS = 256
DOUBLE = 2.0**-53


def neighbor_ranks(
    X: NDArray[Any],
    anchors: NDArray[np.int32],
    neighbors: NDArray[np.int32],
    executor: Threads,
) -> NDArray[np.int32]:
    """Rank of each given neighbour among all rows but the anchor: 1 is the nearest.

    Rows at equal distance share the lowest of their ranks, so that duplicates, whose order means
    nothing, are never far from each other. Distances count as equal when rounding could make
    the difference.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Finite vectors or coordinates.
    anchors : ndarray of shape (n_anchors,)
        Rows to measure from.
    neighbors : ndarray of shape (n_anchors, n_neighbors)
        Rows whose rank is wanted.
    executor : Threads
        Where to work.

    Returns
    -------
    ranks : ndarray of shape (n_anchors, n_neighbors), dtype int32
        From 1 to n_samples - 1.
    """
    n_samples, n_features = X.shape
    mean = X.mean(axis=0, dtype=np.float64)
    n_columns = max(MIN_COLUMNS, BLOCK_BYTES // (8 * max(len(anchors), n_features)))
    parts = _parts(n_samples, n_columns)
    # A power of two that brings the largest value near 1, so that squares stay in range.
    reach = max(executor.map(lambda part: float(np.abs(X[part] - mean).max(initial=0.0)), parts))
    scale = float(2.0 ** -np.ceil(np.log2(reach))) if reach > 0 else 1.0

    def centered(rows: Any) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = (X[rows].astype(np.float64) - mean) * scale
        return moved

    queries = centered(anchors)
    own = np.einsum("ij,ij->i", queries, queries)
    limits = np.empty(neighbors.shape)
    for part in _parts(len(anchors), max(1, BLOCK_BYTES // (8 * n_features * neighbors.shape[1]))):
        difference = queries[part, None, :] - centered(neighbors[part])
        limits[part] = np.einsum("ijk,ijk->ij", difference, difference)
    # What rounding can do to a distance made from norms; the norm of a row at this distance is
    # at most twice the anchor's norm and the squared distance together.
    limits -= 8.0 * DOUBLE * (n_features + 8) * (own[:, None] + limits)

    def count(part: slice) -> NDArray[np.int32]:
        block = centered(part)
        norms = np.einsum("ij,ij->i", block, block)
        distances = queries @ block.T
        distances *= -2.0
        distances += norms
        distances += own[:, None]
        here = np.flatnonzero((anchors >= part.start) & (anchors < part.stop))
        distances[here, anchors[here] - part.start] = np.inf
        return _kernels.count_below(distances, limits)

    below = np.zeros(neighbors.shape, dtype=np.int32)
    for some in _parts(len(parts), 4 * executor.n_workers):
        below += np.sum(executor.map(count, parts[some]), axis=0, dtype=np.int32)
    return below + np.int32(1)


def _parts(n: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
