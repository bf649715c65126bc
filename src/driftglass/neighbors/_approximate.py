"""Approximate nearest neighbours: nearly all, for less work.

Either all pairs of rounded rows are compared and the nearest are taken without proof, or rows meet
in trees and then, round after round, at common neighbours; whichever has less to do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..errors import InvalidInputError
from ..parallel import Threads
from ._blocks import by_blocks
from ._descent import GOOD_RECALL, Descent
from ._exact import ExactSearch, in_unit, less_own_mean, without_self
from ._graph import METRICS, NeighborGraph
from ._inputs import (
    as_finite_float32,
    as_float32,
    checked_graph,
    checked_vectors,
    clamped,
    report_zero_rows,
    said,
)
from ._padded import ANGULAR
from ._work import work_of_blocks, work_of_descent, work_of_rounding

__all__ = ["approximate_neighbors"]

N_CHECKED = 200
"""Rows that are also searched exactly, to measure what was missed."""
LOW_RECALL = 0.9
"""Below it, a note says so."""


def approximate_neighbors(
    X: Any,
    n_neighbors: int,
    *,
    metric: str = "euclidean",
    init: NeighborGraph | None = None,
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
        As in `exact_neighbors`.
    init : NeighborGraph, optional
        Neighbours of the same rows at another time, for example at the training step before:
        where they still are near, there is less to do.
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
        at 200 rows drawn by chance, which were also searched exactly.

    Raises
    ------
    ShapeError
        X is not two-dimensional or has no features, or `init` belongs to other rows.
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
    given = None if init is None else checked_graph(init, len(X))
    base, scale = as_float32(X, moves=metric in ("euclidean", "manhattan"))
    if metric in ANGULAR:
        report_zero_rows(base, notes, constant=metric == "correlation")
    if metric == "correlation":
        base = less_own_mean(base)
    if k == 0:
        distances, indices = np.empty((len(X), 0)), np.empty((len(X), 0), dtype=np.int32)
        recall = 1.0
    else:
        with Threads(n_jobs) as executor:
            report = silent if progress is None else progress
            search = ExactSearch(base, metric, executor, report)
            seed = int(random_state) & 0xFFFFFFFF
            distances, indices, recall = _found(search, k, given, seed)
    if recall < LOW_RECALL:
        notes.append(
            f"Only {recall:.0%} of the true neighbours were found: these rows have hardly any "
            f"structure in {X.shape[1]} features. exact_neighbors finds all."
        )
    return NeighborGraph(
        indices=np.ascontiguousarray(indices),
        distances=as_finite_float32(in_unit(distances, metric, scale)),
        metric=metric,
        queries=np.arange(len(X), dtype=np.int32),
        n_samples=len(X),
        notes=said(notes),
        method="approximate",
        recall=recall,
    )


def _found(
    search: ExactSearch, k: int, given: NDArray[np.int32] | None, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int32], float]:
    n, d = search.base.shape
    checked = np.random.default_rng(seed).choice(n, min(n, N_CHECKED), replace=False)
    checked = np.sort(checked).astype(np.int32)
    others = min(work_of_descent(n, d, k), work_of_blocks(n, d) if search.pays else np.inf)
    if search.pays and work_of_rounding(n, d) <= others:
        distances, indices = _by_rounding(search, k, given)
        distances, indices = without_self(distances, indices, np.arange(n), k)
        true, _ = without_self(*search.nearest_by_rounding(checked, k + 1), checked, k)
        recall = float((distances[checked] <= true[:, -1:]).mean())
        return distances, indices, recall
    if search.pays and given is None and work_of_blocks(n, d) <= work_of_descent(n, d, k):
        distances, indices, recall = by_blocks(search, k, seed, checked)
        if (indices >= 0).all() and recall >= GOOD_RECALL:
            return distances, indices, recall
    return Descent(search, k, seed, checked).run(given)


def _by_rounding(
    search: ExactSearch, k: int, given: NDArray[np.int32] | None
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The k nearest and the row itself, of the candidates that rounded rows name."""
    rounded, n = search.rounded, len(search.base)
    reach = None
    if given is not None and given.shape[1] >= k:
        # No neighbour is farther than the k-th of those of before are now.
        own = np.arange(n, dtype=np.int32)
        reach = search.settled(own, given[:, :k], k)[0][:, -1]
    found = rounded.all_pairs(
        min(k + max(12, k // 5), n), search.executor, search.report, reach=reach
    )
    near, where = search.screened(rounded.order, found, k + 1)
    distances, indices = np.empty_like(near), np.empty_like(where)
    distances[rounded.order], indices[rounded.order] = near, where
    return distances, indices
