"""Nearest-neighbour descent: rows that share a leaf, then neighbours of neighbours.

Neighbours of a row tend to be neighbours of each other (Dong, Moses and Li 2011). Rows that
share a leaf of one of a few trees are compared first; then, round after round, rows that have a
neighbour in common, until hardly any list changes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ._exact import ExactSearch
from ._padded import PaddedVectors, sketch_of

__all__ = ["EFFORTS", "LEAF_SIZE", "N_TREES", "Descent"]

N_TREES = 8
LEAF_SIZE = 96
EFFORTS = ((5, 16), (25, 40), (70, 60))
"""Entries of a list beyond those wanted, and how many new and old ones meet in a round. The next
is tried only where recall stays below `GOOD_RECALL`: rows without much of a structure need more."""
GOOD_RECALL = 0.97
MAX_ROUNDS = 12
TOLERANCE = 1e-3
"""Share of entries that are new at which rounds end."""
NARROW = 2
"""Features up to which all trees split alike, so that leaves side by side meet as well."""
WARM_TREES = 2
"""Trees where neighbours of before are given: a row that moved far still meets others."""


class Descent:
    """Lists that get better, of the k nearest rows of every row."""

    def __init__(self, search: ExactSearch, k: int, seed: int, checked: NDArray[np.int32]) -> None:
        self.search, self.k, self.seed, self.checked = search, k, seed, checked

    def run(
        self, given: NDArray[np.int32] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.int32], float]:
        """Distances (squared for euclidean), rows and the recall that was measured."""
        search, k = self.search, self.k
        base, n_threads, report = search.base, search.executor.n_workers, search.report
        n = len(base)
        n_trees = N_TREES if given is None else WARM_TREES
        total = n_trees + MAX_ROUNDS + 1
        report(0, total, "splitting rows into trees")
        sketch = sketch_of(base, search.metric, self.seed, search.executor)
        orders, ends = _kernels.grow_trees(
            sketch, n_trees, LEAF_SIZE, seed=self.seed, n_threads=n_threads
        )
        # Rows that lie near each other in space also lie near each other in memory.
        order = orders[0].copy()
        place = np.empty(n, dtype=np.int32)
        place[order] = np.arange(n, dtype=np.int32)
        padded = PaddedVectors.of(base, search.metric, order, search.executor)
        reach = self._true_reach(padded, order)
        rows = np.empty((n, 0), dtype=np.int32)
        met = rows if given is None else np.ascontiguousarray(place[given][order])
        for more, n_candidates in EFFORTS:
            descent = _kernels.Descent(
                padded.vectors,
                padded.norms,
                padded.measure,
                min(k + more, n - 1),
                n_candidates,
                seed=self.seed,
                n_threads=n_threads,
            )
            descent.meet_given(met)
            if rows.shape[1] == 0:
                for tree in range(n_trees):
                    report(tree, total, "comparing rows of a leaf")
                    descent.meet_in_leaves(place[orders[tree]], ends)
                if sketch.shape[1] <= NARROW:
                    for pairs_of_leaves in (ends[::2], ends[1::2]):
                        last = pairs_of_leaves[pairs_of_leaves < n]
                        joined = np.append(last, ends[-1:]).astype(np.int32)
                        descent.meet_in_leaves(place[orders[0]], joined)
            for turn in range(MAX_ROUNDS):
                report(n_trees + turn, total, "comparing neighbours of neighbours")
                if descent.meet_at_neighbors() <= TOLERANCE * n * (k + more):
                    break
            _, rows = descent.lists()
            named = np.where(rows >= 0, order[rows], -1)[place]
            own = np.arange(n, dtype=np.int32)
            distances, indices = search.settled(own, named, k)
            # Ties are as good as what they tie with.
            recall = float((distances[self.checked] <= reach).mean())
            if recall >= GOOD_RECALL or k + more >= n - 1:
                break
            met = rows
        report(total, total, "comparing neighbours of neighbours")
        return distances, indices, recall

    def _true_reach(self, padded: PaddedVectors, order: NDArray[np.int32]) -> NDArray[np.float64]:
        """How far the k-th true neighbours of some rows are."""
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        _, rows = _kernels.meet_everyone(
            padded.vectors,
            padded.norms,
            place[self.checked],
            min(self.k + 8, len(order) - 1),
            padded.measure,
            n_threads=self.search.executor.n_workers,
        )
        return self.search.settled(self.checked, order[rows], self.k)[0][:, -1:]
