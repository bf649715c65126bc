"""What one frame of a sequence needs: ranks of all rows around each anchor, and who is nearer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parallel import Threads
from ._co_ranks import centered, faithfulness_weights, ranks_of, squared_distances

__all__ = ["FrameRanks", "frame_ranks"]

BLOCK_VALUES = 1 << 20
"""Distances that a thread holds at a time."""
MIN_SAMPLES = 3
"""With fewer rows every one is everybody's neighbour."""
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
    spaces = [centered(X), centered(Y)]
    limits = [next_data, next_map]
    faithful = faithful and n >= MIN_SAMPLES
    gain, chance = faithfulness_weights(n) if faithful else (np.empty(0), 0.0)
    size = max(1, BLOCK_VALUES // max(n, 1))

    def block(start: int) -> tuple[NDArray[np.float64], ...]:
        rows = anchors[start : start + size]
        jumped, order = [], []
        for (points, norms), limit in zip(spaces, limits, strict=True):
            squared = squared_distances(points, norms, rows)
            jumped.append(_nearer(squared, limit[start : start + size], n))
            if faithful:
                order.append(ranks_of(squared, rows))
        own = np.full(len(rows), np.nan)
        if faithful:
            own = gain[np.maximum(order[0], order[1])].sum(axis=1) - chance
        return own, jumped[0], jumped[1]

    parts = executor.map(block, range(0, len(anchors), size))
    joined = [np.concatenate([part[i] for part in parts] or [np.empty(0)]) for i in range(3)]
    return FrameRanks(*joined)


def _nearer(
    squared: NDArray[np.float64], limit: NDArray[np.float64], n_samples: int
) -> NDArray[np.float64]:
    """Share of the other rows that are nearer than the limit."""
    reach = np.square(limit) * (1.0 - ROUNDING)
    with np.errstate(invalid="ignore"):
        count = np.count_nonzero(squared < reach[:, None], axis=1)
    share: NDArray[np.float64] = count / max(n_samples - 1, 1)
    return np.where(np.isnan(limit), np.nan, share)
