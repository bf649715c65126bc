"""Approximate nearest neighbours: random trees, then neighbours of neighbours.

Neighbours of a row tend to be neighbours of each other (Dong, Moses and Li 2011). Rows that
share a leaf of one of a few trees are compared first; then, round after round, rows that have a
neighbour in common, until hardly any list changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._progress import Progress, silent
from ..errors import InvalidInputError
from ..parallel import Threads
from ._graph import METRICS, NeighborGraph
from ._inputs import (
    as_finite_float32,
    as_float32,
    checked_vectors,
    clamped,
    report_zero_rows,
    said,
)
from ._padded import ANGULAR, PaddedVectors, sketch_of

__all__ = ["approximate_neighbors"]

N_TREES = 8
LEAF_SIZE = 96
EFFORTS = ((5, 16), (25, 40))
"""Entries of a list beyond those wanted, and how many new and old ones meet in a round. The second
is tried only where recall stays below `GOOD_RECALL`: rows without much of a structure need more."""
GOOD_RECALL = 0.97
MAX_ROUNDS = 12
TOLERANCE = 1e-3
"""Share of entries that are new at which rounds end."""
N_CHECKED = 200
"""Rows that are also searched exactly, to measure what was missed."""


def approximate_neighbors(
    X: Any,
    n_neighbors: int,
    *,
    metric: str = "euclidean",
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> NeighborGraph:
    """Nearest neighbours of every row of X but for a few that are missed.

    The same seed gives the same graph at any `n_jobs`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors.
    n_neighbors : int
        Neighbours per row, without the row itself. Lowered with a warning if there are not as
        many other rows.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "inner_product"}
        "cosine" and "correlation" are in [0, 2], and 1 from or to a row without direction.
        "inner_product" is the negative product, so that smaller is nearer.
    random_state : int
        Seed.
    n_jobs : int or None
        Threads; None uses every core.
    progress : callable, optional
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    graph : NeighborGraph
        Neighbours of each row, nearest first. Its `recall` is the share of true neighbours found
        at `N_CHECKED` rows drawn by chance, which were also searched exactly.

    Raises
    ------
    ShapeError
        X is not two-dimensional or has no features.
    InvalidInputError
        A value is not finite, `n_neighbors` is negative, or there is no such metric.

    See Also
    --------
    exact_neighbors : misses none.
    nearest_neighbors : chooses between the two.

    References
    ----------
    .. [1] Dong, Moses and Li (2011). Efficient k-nearest neighbor graph construction for
       generic similarity measures. WWW.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(500, 8))
    >>> graph = approximate_neighbors(X, 10)
    >>> graph.indices.shape, graph.recall > 0.9
    ((500, 10), True)
    """
    X = checked_vectors(X)
    if metric not in METRICS:
        raise InvalidInputError(f"metric is {metric!r}; one of {', '.join(METRICS)} is needed.")
    notes: list[str] = []
    k = clamped(n_neighbors, len(X) - 1, notes)
    base, scale = as_float32(X, moves=metric in ("euclidean", "manhattan"))
    if metric in ANGULAR:
        report_zero_rows(base, notes, constant=metric == "correlation")
    if k == 0:
        distances, indices = np.empty((len(X), 0)), np.empty((len(X), 0), dtype=np.int32)
        recall = 1.0
    else:
        with Threads(n_jobs) as executor:
            report = silent if progress is None else progress
            search = _Search(base, metric, int(random_state) & 0xFFFFFFFF, executor, report)
            distances, indices, recall = _by_descent(search, k)
    if metric not in ANGULAR:
        distances = distances * (scale**2 if metric == "inner_product" else scale)
    return NeighborGraph(
        indices=np.ascontiguousarray(indices),
        distances=as_finite_float32(distances),
        metric=metric,
        queries=np.arange(len(X), dtype=np.int32),
        n_samples=len(X),
        notes=said(notes),
        method="approximate",
        recall=recall,
    )


@dataclass(frozen=True)
class _Search:
    """What a search has at hand."""

    base: NDArray[np.float32]
    metric: str
    seed: int
    executor: Threads
    report: Progress


def _by_descent(search: _Search, k: int) -> tuple[NDArray[Any], NDArray[np.int32], float]:
    base, n_threads = search.base, search.executor.n_workers
    n = len(base)
    total = N_TREES + MAX_ROUNDS + 1
    search.report(0, total, "splitting rows into trees")
    sketch = sketch_of(base, search.metric, search.seed, search.executor)
    orders, ends = _kernels.grow_trees(
        sketch, N_TREES, LEAF_SIZE, seed=search.seed, n_threads=n_threads
    )
    # Rows that lie near each other in space also lie near each other in memory.
    order = orders[0].copy()
    place = np.empty(n, dtype=np.int32)
    place[order] = np.arange(n, dtype=np.int32)
    padded = PaddedVectors.of(base, search.metric, order, search.executor)
    checks = _Checks.of(search, padded, order, k)
    rows = np.empty((n, 0), dtype=np.int32)
    for more, n_candidates in EFFORTS:
        descent = _kernels.Descent(
            padded.vectors,
            padded.norms,
            padded.measure,
            min(k + more, n - 1),
            n_candidates,
            seed=search.seed,
            n_threads=n_threads,
        )
        descent.meet_given(rows)
        if rows.shape[1] == 0:
            for tree in range(N_TREES):
                search.report(tree, total, "comparing rows of a leaf")
                descent.meet_in_leaves(place[orders[tree]], ends)
        for turn in range(MAX_ROUNDS):
            search.report(N_TREES + turn, total, "comparing neighbours of neighbours")
            if descent.meet_at_neighbors() <= TOLERANCE * n * (k + more):
                break
        values, rows = descent.lists()
        own = np.arange(n, dtype=np.int32)
        named = np.where(rows >= 0, order[rows], -1)[place]
        distances, indices = _settled(search, own, values[place], named, k)
        recall = checks.recall(distances)
        if recall >= GOOD_RECALL or k + more >= n - 1:
            break
    search.report(total, total, "comparing neighbours of neighbours")
    return distances, indices, recall


def _settled(
    search: _Search,
    queries: NDArray[np.int32],
    values: NDArray[np.float32],
    rows: NDArray[np.int32],
    k: int,
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The k nearest of the candidates, where it can be by distances computed from differences."""
    base, metric = search.base, search.metric
    if metric in ("manhattan", "inner_product"):
        order = np.lexsort((rows, values), axis=1)[:, :k]
        settled = np.take_along_axis(values, order, axis=1).astype(np.float64)
        return settled, np.take_along_axis(rows, order, axis=1)
    if metric == "correlation":
        base = base - base.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    distances, indices = _kernels.nearest_candidates(
        base,
        queries,
        np.ascontiguousarray(rows),
        k,
        metric="sqeuclidean" if metric == "euclidean" else "cosine",
        n_threads=search.executor.n_workers,
    )
    return np.sqrt(distances) if metric == "euclidean" else distances, indices


@dataclass(frozen=True, eq=False)
class _Checks:
    """Some rows, and how far their k-th true neighbours are."""

    rows: NDArray[np.int32]
    reach: NDArray[Any]

    @classmethod
    def of(
        cls, search: _Search, padded: PaddedVectors, order: NDArray[np.int32], k: int
    ) -> _Checks:
        n = len(order)
        rng = np.random.default_rng(search.seed)
        checked = np.sort(rng.choice(n, min(n, N_CHECKED), replace=False)).astype(np.int32)
        values, rows = _kernels.meet_everyone(
            padded.vectors,
            padded.norms,
            checked,
            min(k + 5, n - 1),
            padded.measure,
            n_threads=search.executor.n_workers,
        )
        true, _ = _settled(search, order[checked], values, order[rows], k)
        return cls(order[checked], true[:, -1:])

    def recall(self, distances: NDArray[Any]) -> float:
        """Share of neighbours that are as near as the true ones; ties are as good."""
        return float((distances[self.rows] <= self.reach).mean())
