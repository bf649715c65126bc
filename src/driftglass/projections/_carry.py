"""What holds a point of one frame to itself in the next: how much of its surroundings stayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["bound", "common_path", "lengths_of", "unchanged"]

STIFFEST = 1e4
"""Stiffness of a link between equal surroundings; what it leaves is taken away afterwards."""


def lengths_of(after: NDArray[Any], before: NDArray[Any]) -> NDArray[np.float64]:
    """Distances of rows that belong together, also of values whose squares would overflow."""
    difference = after.astype(np.float64) - before
    largest = np.abs(difference).max(axis=1, initial=0.0)
    unit = np.where(largest > 0, largest, 1.0)
    lengths: NDArray[np.float64] = np.linalg.norm(difference / unit[:, None], axis=1) * largest
    return lengths


def unchanged(before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.float64]:
    """Jaccard similarity of two neighbourhoods of each point, row by row.

    Parameters
    ----------
    before, after : ndarray of shape (n_points, any number of neighbours)
        Numbers of the neighbours of the same points in two snapshots, each number once in a row.

    Returns
    -------
    share : ndarray of shape (n_points,)
        1 where the two are the same, 0 where they have nothing in common.
    """
    together = np.sort(np.concatenate([before, after], axis=1), axis=1)
    shared = np.count_nonzero(together[:, 1:] == together[:, :-1], axis=1)
    total = together.shape[1] - shared
    share: NDArray[np.float64] = shared / np.maximum(total, 1)
    return share


def common_path(
    steps: NDArray[np.float64],
    lengths: NDArray[np.float64],
    neighbors: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Steps of points, shared with those neighbours that go as far.

    What moves together moves as one, and noise, which points do not share, is averaged away. A
    point that goes further than its neighbours, or less far, keeps its own step.

    Parameters
    ----------
    steps : ndarray of shape (n_points, n_components)
        Steps in a coarse map.
    lengths : ndarray of shape (n_points,)
        How far each point goes in the vectors.
    neighbors : ndarray of shape (n_points, n_neighbors)
        Rows of the neighbours; -1 for one that is not in both frames.
    weights : ndarray of shape (n_points,)
        How much is shared: 0 keeps a point's own step.

    Returns
    -------
    steps : ndarray of shape (n_points, n_components)
        A point's own step with weight 1 and its neighbours' with the squared ratio of lengths.
    """
    there = neighbors >= 0
    other = lengths[neighbors]
    longer = np.maximum(lengths[:, None], other)
    alike = np.divide(
        np.minimum(lengths[:, None], other), longer, out=np.ones_like(other), where=longer > 0
    )
    share = np.where(there, np.square(alike), 0.0)
    mean = steps.copy()
    for column in range(neighbors.shape[1]):
        mean += share[:, column, None] * steps[neighbors[:, column]]
    mean /= 1.0 + share.sum(axis=1, keepdims=True)
    return steps + weights[:, None] * (mean - steps)


def bound(
    offsets: Sequence[NDArray[np.float64]],
    links: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
) -> list[NDArray[np.float64]]:
    """Offsets of points over time, as near to those given as their links allow.

    For each point the minimum of ``sum_t (e[t] - d[t])² + sum_t k[t] (e[t] - e[t-1])²`` with
    ``k = w / (1 - w)``, solved exactly. Without weight frames are free of each other. Where the
    surroundings did not change, w = 1 and the offsets are one and the same number.

    Parameters
    ----------
    offsets : sequence of ndarray of shape (n_t, n_components)
        Where each point of each frame wants to be, seen from a common path.
    links : sequence of (ndarray of shape (n_t,), ndarray of shape (n_t,))
        For each frame: the row of each point in the frame before, -1 if it is not there, and its
        weight w in [0, 1]. Those of the first frame are not read.

    Returns
    -------
    offsets : list of ndarray of shape (n_t, n_components)
        Bound.
    """
    n_frames = len(offsets)
    # Thomas' algorithm: one sweep up with what is left of the diagonal, one sweep down. Rows of
    # a frame are reached by those of the next, so that points may come and go.
    pivots: list[NDArray[np.float64]] = []
    solved: list[NDArray[np.float64]] = []
    stiff = [_stiffness(*link) for link in links]
    for t in range(n_frames):
        diagonal = np.ones(len(offsets[t]))
        value = np.array(offsets[t], dtype=np.float64)
        if t + 1 < n_frames:
            before, k = stiff[t + 1]
            held = np.flatnonzero(before >= 0)
            diagonal[before[held]] += k[held]
        if t > 0:
            before, k = stiff[t]
            own = np.flatnonzero(before >= 0)
            down, row = k[own], before[own]
            factor = down / pivots[t - 1][row]
            diagonal[own] += down - down * factor
            value[own] += factor[:, None] * solved[t - 1][row]
        pivots.append(diagonal)
        solved.append(value)
    for t in range(n_frames - 1, -1, -1):
        if t + 1 < n_frames:
            before, k = stiff[t + 1]
            held = np.flatnonzero(before >= 0)
            row = before[held]
            solved[t][row] += k[held, None] * solved[t + 1][held]
        solved[t] /= pivots[t][:, None]
    for t in range(1, n_frames):
        before, weights = links[t]
        same = np.flatnonzero((before >= 0) & (weights >= 1.0))
        solved[t][same] = solved[t - 1][before[same]]
    return solved


def _stiffness(
    before: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return before, weights / np.maximum(1.0 - weights, 1.0 / STIFFEST)
