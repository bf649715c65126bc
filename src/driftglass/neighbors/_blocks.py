"""Neighbours among the blocks of rows near by: for so many rows that all pairs are too many.

Rows in the order of a tree are cut into blocks. Each is compared, as rounded rows, with the blocks
whose centres are nearest. Further trees cut elsewhere and find what borders hid so far: each leaves
a third of what the ones before it missed, where larger surroundings would leave far more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ._exact import ExactSearch, without_self
from ._padded import prepared, sketch_of
from ._rounded import RoundedRows

__all__ = ["N_NEAR", "by_blocks"]

N_NEAR = 32
"""Blocks that each is compared with."""
MAX_TREES = 6
GOOD_RECALL = 0.985
AT_ONCE = 64
"""Blocks whose lists are kept at a time."""


def by_blocks(
    search: ExactSearch, k: int, seed: int, checked: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.int32], float]:
    """Distances (squared for euclidean), rows and the recall that was measured."""
    base, executor = search.base, search.executor
    n = len(base)
    search.report(0, MAX_TREES + 1, "splitting rows into blocks")
    sketch = sketch_of(base, search.metric, seed, executor)
    orders, _ = _kernels.grow_trees(
        sketch, MAX_TREES, _kernels.BLOCK, seed=seed, n_threads=executor.n_workers
    )
    del sketch
    distances = np.full((n, k), np.inf)
    indices = np.full((n, k), -1, dtype=np.int32)
    true: NDArray[np.float64] | None = None
    recall = 0.0
    for turn, order in enumerate(orders):
        rounded = RoundedRows.of(base, search.metric, executor, order=np.ascontiguousarray(order))
        if true is None:
            search.rounded = rounded
            found = search.nearest_by_rounding(checked, k + 1)
            true = without_self(*found, checked, k)[0][:, -1:]
        near = _near_blocks(search, rounded.order)
        for first in range(0, len(near), AT_ONCE):
            share = first / len(near)
            search.report(turn + share, MAX_TREES + 1, "comparing rows of near blocks")
            last = min(first + AT_ONCE, len(near))
            reach = distances[:, -1] if turn else None
            rows, screened = rounded.near_blocks(
                near, first, last, k + max(12, k // 5), executor, reach=reach
            )
            columns = screened.columns
            columns[columns == rows[:, None]] = -1
            if turn:
                columns = _once(np.hstack([indices[rows], columns]))
            bounds = None if turn else screened.bounds
            distances[rows], indices[rows] = search.settled(rows, columns, k, bounds=bounds)
        recall = float((distances[checked] <= true).mean())
        if recall >= GOOD_RECALL:
            break
    return distances, indices, recall


def _near_blocks(search: ExactSearch, order: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each block, itself included, the blocks whose centres are nearest to its own."""
    size = _kernels.BLOCK
    firsts = range(0, len(order), size)

    def center(first: int) -> NDArray[np.float32]:
        rows = search.base[order[first : first + size]]
        return np.asarray(prepared(rows, search.metric).mean(axis=0, dtype=np.float64))

    centers = np.array(search.executor.map(center, firsts))
    centers -= centers.mean(axis=0)
    squares = (centers**2).sum(axis=1)
    far = squares[:, None] + squares - 2.0 * (centers @ centers.T)
    np.fill_diagonal(far, -np.inf)
    n_near = min(N_NEAR, len(centers))
    near = np.argpartition(far, n_near - 1, axis=1)[:, :n_near]
    return np.ascontiguousarray(np.sort(near, axis=1), dtype=np.int32)


def _once(columns: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each row's candidates, sorted, with repetitions turned into none."""
    ordered = np.sort(columns, axis=1)
    ordered[:, 1:][ordered[:, 1:] == ordered[:, :-1]] = -1
    return ordered
