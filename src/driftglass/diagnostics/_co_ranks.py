"""Ranks of all rows around each anchor, in vectors and in a map, and what F makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["centered", "faithfulness_weights", "ranks_of", "squared_distances"]


def faithfulness_weights(n_samples: int) -> tuple[NDArray[np.float64], float]:
    """What each pair adds to F by the larger of its ranks, and what chance takes away.

    ``F = sum_K R(K) / K / sum_K 1 / K`` over neighbourhoods of K = 1 … n - 2 rows, where
    ``R(K) = ((n - 1) Q(K) - K) / (n - 1 - K)`` and Q(K) is the share kept of a neighbourhood. A
    pair counts in every Q(K) from the larger of its two ranks on, so the sum is done once.

    Returns
    -------
    gain : ndarray of shape (n_samples,)
        By rank from 1; entry 0 is never used. The last rank adds nothing.
    chance : float
        To be taken from the sum of an anchor's gains.
    """
    n = n_samples
    K = np.arange(1, n - 1, dtype=np.float64)
    weight = (1.0 / K) / (1.0 / K).sum()
    per_pair = weight * (n - 1) / (K * (n - 1 - K))
    gain = np.zeros(n)
    gain[1 : n - 1] = np.cumsum(per_pair[::-1])[::-1]
    return gain, float((weight * K / (n - 1 - K)).sum())


def centered(X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows around their mean, and their squared norms."""
    points = X.astype(np.float64)
    if len(points):
        points -= points.mean(axis=0)
    return points, np.einsum("ij,ij->i", points, points)


def squared_distances(
    points: NDArray[np.float64], norms: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Squared distances from some rows to all; an infinity to themselves."""
    if points.shape[1] <= 3:
        # Differences cost no more than a product here, and equal rows are at exactly zero.
        squared = np.zeros((len(rows), len(points)))
        for column in points.T:
            squared += (column[rows, None] - column[None, :]) ** 2
    else:
        squared = points[rows] @ points.T
        squared *= -2.0
        squared += norms[None, :]
        squared += norms[rows, None]
        np.maximum(squared, 0.0, out=squared)
    squared[np.arange(len(rows)), rows] = np.inf
    return squared


def ranks_of(squared: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks from 1 by distance, ties by lower row; the last rank is the row itself."""
    n_rows, n = squared.shape
    # The bits of a positive float ascend with it; single precision parts all but what rounding
    # could swap. With the row in the lower half no two keys are
    # equal, so that any sort, however fast, gives the same order.
    keys = np.ascontiguousarray(squared, dtype=np.float32).view(np.uint32).astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= np.arange(n, dtype=np.uint64)
    keys.sort(axis=1)
    order = (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
    ranks = np.empty((n_rows, n), dtype=np.int64)
    np.put_along_axis(ranks, order, np.arange(1, n + 1), axis=1)
    # The row itself, at infinity, comes last, and there is no gain at that rank.
    ranks[np.arange(n_rows), rows] = n - 1
    return ranks
