"""What one frame of a sequence needs: ranks of all rows around each anchor, and who is nearer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parallel import Threads

__all__ = ["FrameRanks", "faithfulness_weights", "frame_ranks"]

BLOCK_VALUES = 1 << 20
"""Distances that a thread holds at a time."""
ROUNDING = 1e-9
"""Share by which a distance must be shorter to count as nearer."""


@dataclass(frozen=True, eq=False)
class FrameRanks:
    """What the anchors of a frame see.

    Parameters
    ----------
    faithfulness : ndarray of shape (n_anchors,)
        Each anchor's own share of F; nan if not asked for.
    jumped_data, jumped_map : ndarray of shape (n_anchors,)
        Share of the other rows that are nearer than the anchor's own next place, in vectors and
        in the map; nan for an anchor without a next place.
    """

    faithfulness: NDArray[np.float64]
    jumped_data: NDArray[np.float64]
    jumped_map: NDArray[np.float64]


def faithfulness_weights(n_samples: int) -> tuple[NDArray[np.float64], float]:
    """What each pair adds to F by the larger of its ranks, and what chance takes away.

    ``F = sum_K R(K) / K / sum_K 1 / K`` over neighbourhoods of K = 1 … n - 2 rows, where
    ``R(K) = ((n - 1) Q(K) - K) / (n - 1 - K)`` and Q(K) is the share kept of a neighbourhood. A
    pair counts in every Q(K) from the larger of its two ranks on, so the sum over K is done once.

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


def frame_ranks(
    X: NDArray[Any],
    Y: NDArray[Any],
    anchors: NDArray[np.int64],
    next_data: NDArray[np.float64],
    next_map: NDArray[np.float64],
    executor: Threads,
    *,
    faithful: bool = True,
) -> FrameRanks:
    """Look around each anchor among all rows, in vectors and in the map.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Vectors of the frame.
    Y : ndarray of shape (n_samples, n_components)
        Map of the same rows.
    anchors : ndarray of shape (n_anchors,)
        Rows to look from.
    next_data, next_map : ndarray of shape (n_anchors,)
        How far each anchor goes to the next frame; nan where it has no next place.
    executor : Threads
        Where to work.
    faithful : bool
        Whether F is wanted, which costs the sorting.

    Returns
    -------
    ranks : FrameRanks
        One entry per anchor.
    """
    n = len(X)
    spaces = [_centered(X), _centered(Y)]
    limits = [next_data, next_map]
    faithful = faithful and n >= MIN_SAMPLES
    gain, chance = faithfulness_weights(n) if faithful else (np.empty(0), 0.0)
    size = max(1, BLOCK_VALUES // max(n, 1))

    def block(start: int) -> tuple[NDArray[np.float64], ...]:
        rows = anchors[start : start + size]
        jumped, order = [], []
        for (points, norms), limit in zip(spaces, limits, strict=True):
            squared = _squared(points, norms, rows)
            jumped.append(_nearer(squared, limit[start : start + size], n))
            if faithful:
                order.append(_ranks(squared, rows))
        own = np.full(len(rows), np.nan)
        if faithful:
            own = gain[np.maximum(order[0], order[1])].sum(axis=1) - chance
        return own, jumped[0], jumped[1]

    parts = executor.map(block, range(0, len(anchors), size))
    joined = [np.concatenate([part[i] for part in parts] or [np.empty(0)]) for i in range(3)]
    return FrameRanks(*joined)


MIN_SAMPLES = 3
"""With fewer rows every one is everybody's neighbour."""


def _centered(X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = X.astype(np.float64)
    if len(points):
        points -= points.mean(axis=0)
    return points, np.einsum("ij,ij->i", points, points)


def _squared(
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


def _nearer(
    squared: NDArray[np.float64], limit: NDArray[np.float64], n_samples: int
) -> NDArray[np.float64]:
    """Share of the other rows that are nearer than the limit."""
    reach = np.square(limit) * (1.0 - ROUNDING)
    with np.errstate(invalid="ignore"):
        count = np.count_nonzero(squared < reach[:, None], axis=1)
    share: NDArray[np.float64] = count / max(n_samples - 1, 1)
    return np.where(np.isnan(limit), np.nan, share)


def _ranks(squared: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
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
