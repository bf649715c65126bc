"""Rows in cells around centres, so that a question looks only at the cells that are near.

The centres are means of the rows nearest to them (Lloyd 1982); the rows of a cell lie side by side
(Jégou, Douze and Schmid 2011 call that an inverted file). How many cells are looked at follows from
what rows drawn by chance would have missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..parallel import Threads
from ._padded import prepared
from ._rounded import RoundedRows
from ._screened import Screened

__all__ = ["CELLS_FROM", "MOST_NEIGHBORS", "Cells"]

CELLS_FROM = 16_384
"""Rows from which cells pay; fewer are compared with all as fast."""
MOST_NEIGHBORS = 64
"""Neighbours up to which it is known how many cells have to be looked at."""
ENOUGH = 0.996
"""Share of the neighbours of the rows drawn that must be in the cells looked at."""
LARGEST_SHARE = 0.4
"""Of all rows; if the cells looked at hold more, looking at all costs hardly more."""
LEARNT_FROM = 16
"""Rows per cell, about, that its centre is a mean of."""
MEAN_ROUNDS = 2
DRAWN = 512


@dataclass(frozen=True, eq=False)
class Cells:
    """Rounded rows in the order of their cells.

    Parameters
    ----------
    rounded : RoundedRows
        The rows.
    centers : RoundedRows
        Centres of the cells.
    starts : ndarray of shape (n_cells + 1,), dtype int64
        Where each begins in the order.
    ranks : ndarray of shape (n_drawn, n_neighbors), dtype int32
        How many cells are nearer to a row drawn by chance than that of its first, second, third ...
        neighbour.
    shares : ndarray of shape (n_cells,)
        Share of all rows in the 1, 2, 3, ... nearest cells, on average.
    """

    rounded: RoundedRows
    centers: RoundedRows
    starts: NDArray[np.int64]
    ranks: NDArray[np.int32]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, rounded: RoundedRows, base: NDArray[np.float32], executor: Threads) -> Cells:
        """Find cells for rounded rows of shape (n_samples, n_features), in their own order."""
        n = len(base)
        n_cells = int(2 * np.sqrt(n))
        shuffled = np.random.default_rng(0).permutation(n).astype(np.int32)
        learnt_from, others = np.split(shuffled, [min(n // 2, n_cells * LEARNT_FROM)])
        centers = _centers(rounded, base, learnt_from, n_cells, executor)
        everyone = np.arange(n, dtype=np.int32)
        cell = centers.against_all(everyone, 1, executor, asked=rounded).columns[:, 0]
        sizes = np.bincount(cell, minlength=n_cells)
        rounded = rounded.reordered(np.argsort(cell, kind="stable").astype(np.int32), executor)
        drawn = np.sort(others[:DRAWN])
        nearest = centers.against_all(drawn, n_cells, executor, asked=rounded).columns
        ranks = np.empty_like(nearest)
        np.put_along_axis(ranks, nearest, np.arange(n_cells, dtype=np.int32)[None], axis=1)
        found = rounded.against_all(drawn, MOST_NEIGHBORS + 1, executor).columns
        neighbors = np.array(
            [row[row != i][:MOST_NEIGHBORS] for row, i in zip(found, drawn, strict=True)]
        )
        return cls(
            rounded,
            centers,
            np.concatenate([[0], np.cumsum(sizes)]),
            np.take_along_axis(ranks, cell[neighbors], axis=1),
            np.cumsum(sizes[nearest], axis=1).mean(axis=0) / n,
        )

    def n_near(self, k: int) -> int:
        """Cells that have to be looked at for k neighbours; 0 if that would be too many."""
        if k > self.ranks.shape[1]:
            return 0
        ranks = self.ranks[:, :k]
        found = np.cumsum(np.bincount(ranks.ravel(), minlength=len(self.shares))) / ranks.size
        n_near = int(np.searchsorted(found, ENOUGH)) + 1
        return n_near if self.shares[n_near - 1] <= LARGEST_SHARE else 0

    def recall(self, k: int) -> float:
        """Share of the k neighbours of rows drawn by chance that are in the cells looked at."""
        n_near = self.n_near(k)
        return float((self.ranks[:, :k] < n_near).mean()) if n_near else 1.0

    def candidates(self, asked: RoundedRows, k: int, n_near: int, executor: Threads) -> Screened:
        """Find k candidates of every row asked for, in its nearest cells."""
        everyone = np.arange(len(asked.order), dtype=np.int32)
        cells = self.centers.against_all(everyone, n_near, executor, asked=asked).columns
        found = self.rounded.near_cells(asked, self.starts, cells, k, executor)
        few = np.flatnonzero(np.diff(self.starts)[cells].sum(axis=1) < k).astype(np.int32)
        if len(few):
            again = self.rounded.against_all(few, k, executor, asked=asked)
            found.columns[few], found.bounds[few] = again.columns, again.bounds
        return found


def _centers(
    rounded: RoundedRows,
    base: NDArray[np.float32],
    learnt_from: NDArray[np.int32],
    n_cells: int,
    executor: Threads,
) -> RoundedRows:
    """Means of the rows nearest to them, from some rows on in a few rounds."""
    asked = rounded.only(learnt_from, executor)
    own_order = np.arange(n_cells, dtype=np.int32)
    centers = prepared(base[learnt_from[:n_cells]], rounded.metric)

    def as_rounded() -> RoundedRows:
        return RoundedRows.of(centers, rounded.metric, executor, order=own_order, like=rounded)

    for _ in range(MEAN_ROUNDS):
        found = as_rounded().against_all(asked.order, 1, executor, asked=asked)
        cell = found.columns[:, 0]
        rows = learnt_from[np.argsort(cell, kind="stable")]
        ends = np.cumsum(np.bincount(cell, minlength=n_cells))

        def update(cells: range, rows: NDArray[np.int32] = rows, ends: Any = ends) -> None:
            for c in cells:  # without a copy of all: fresh memory costs more than the sums
                here = rows[ends[c - 1] if c else 0 : ends[c]]
                if len(here):
                    centers[c] = prepared(base[here], rounded.metric).mean(axis=0)

        executor.map(update, [range(c, min(c + 64, n_cells)) for c in range(0, n_cells, 64)])
    return as_rounded()
