"""Exact nearest neighbours: narrowed down by products, settled by the rows themselves.

Products of rounded rows, or blocks of products in single precision, give each row a few more
candidates than it needs. Distances of the candidates are then computed in double precision. Last,
a bound tells for each row whether a row outside its candidates could still belong to the k nearest;
the few rows where it could are done again with more precision, so the result is exact for every
input and not only for friendly ones.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._device import Device, as_device
from .._progress import Progress, silent
from ..errors import InvalidInputError
from ..parallel import Threads
from ._candidates import Candidates, Centered, candidates, candidates_again
from ._everyone import candidates_by_tiles
from ._graph import METRICS, NeighborGraph
from ._inputs import (
    as_finite_float32,
    as_float32,
    checked_vectors,
    clamped,
    query_rows,
    report_zero_rows,
    said,
)
from ._rounded import RoundedRows, rounding_pays
from ._screened import Screened

__all__ = ["ExactSearch", "exact_neighbors", "in_unit", "less_own_mean", "without_self"]

ROUNDED_QUERIES = 256
"""Rows asked for from which rounding all others pays."""


def exact_neighbors(
    X: Any,
    n_neighbors: int,
    *,
    metric: str = "euclidean",
    queries: Any = None,
    exclude_self: bool = True,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    device: Any = None,
) -> NeighborGraph:
    """Nearest neighbours of rows of X among all rows of X, without approximation.

    The result does not depend on the order of rows (but for ties) nor on `n_jobs`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors. Values that float32 cannot hold are centred before they are rounded to
        it, or where that would move distances, rounded as they are.
    n_neighbors : int
        Neighbours per row. Lowered with a warning if there are not as many other rows.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "inner_product"}
        "cosine" is 1 - cos(angle), in [0, 2]; from or to a row of zeros it is 1. "correlation" is
        the cosine of rows less their own means. "inner_product" is the negative product, so that
        smaller is nearer.
    queries : array-like of int of shape (n_queries,), optional
        Rows whose neighbours are wanted; all by default.
    exclude_self : bool
        Whether a row is not its own neighbour. Its duplicates always may be.
    n_jobs : int or None
        Threads; None uses every core.
    progress : callable, optional
        Called with (done, total, what); may raise to stop.
    device : None, str or torch.device
        "cuda", or "cpu" through the same code: torch compares all pairs there, in batches. What it
        finds is settled and proven as always, so that the result is the same. None uses no torch.

    Returns
    -------
    graph : NeighborGraph
        Neighbours of each query row, nearest first, ties by lower row.

    Raises
    ------
    ShapeError
        X is not two-dimensional or has no features.
    InvalidInputError
        A value is not finite, a query is not a row, `n_neighbors` is negative, or there is no
        such metric or device.
    MissingDependencyError
        A device is asked for and torch is not installed.

    See Also
    --------
    approximate_neighbors : faster for very many rows, and misses a few.
    driftglass.diagnostics.quality : compares neighbours in vectors and map.

    Examples
    --------
    >>> exact_neighbors([[0.0, 0.0], [0.0, 1.0], [5.0, 5.0]], 1).indices.ravel()
    array([1, 0, 1], dtype=int32)
    """
    X = checked_vectors(X)
    if metric not in METRICS:
        raise InvalidInputError(f"metric is {metric!r}; one of {', '.join(METRICS)} is needed.")
    place = as_device(device)
    rows = query_rows(queries, len(X))
    notes: list[str] = []
    k = clamped(n_neighbors, len(X) - bool(exclude_self), notes)
    base, scale = as_float32(X, moves=metric in ("euclidean", "manhattan"))
    if metric in ("cosine", "correlation"):
        report_zero_rows(base, notes, constant=metric == "correlation")
    if metric == "correlation":
        base = less_own_mean(base)
    if k == 0 or len(rows) == 0:
        distances = np.empty((len(rows), k))
        indices = np.empty((len(rows), k), dtype=np.int32)
    else:
        with Threads(n_jobs) as executor:
            report = silent if progress is None else progress
            search = ExactSearch(base, metric, executor, report, place)
            distances, indices = search.nearest(rows, k + exclude_self)
    if exclude_self:
        distances, indices = without_self(distances, indices, rows, k)
    distances = in_unit(distances, metric, scale)
    return NeighborGraph(
        indices=np.ascontiguousarray(indices),
        distances=as_finite_float32(distances),
        metric=metric,
        queries=rows,
        n_samples=len(X),
        notes=said(notes),
    )


class ExactSearch:
    """Rows to look among, and how their distances are measured."""

    def __init__(
        self,
        base: NDArray[np.float32],
        metric: str,
        executor: Threads,
        report: Progress,
        device: Device | None = None,
    ) -> None:
        self.base, self.executor, self.report, self.device = base, executor, report, device
        # Rows that already are less their own mean have their cosine for a correlation.
        self.metric: str = "cosine" if metric == "correlation" else metric
        self.pays = device is None and rounding_pays(*base.shape) and metric != "manhattan"

    @cached_property
    def rounded(self) -> RoundedRows:
        """All rows, rounded when first asked for."""
        return RoundedRows.of(self.base, self.metric, self.executor)

    def nearest(
        self, rows: NDArray[np.int32], k: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """The k nearest rows, the row itself included."""
        if self.pays and len(rows) >= ROUNDED_QUERIES:
            return self.nearest_by_rounding(rows, k)
        return self._by_products(rows, k)

    def nearest_by_rounding(
        self, rows: NDArray[np.int32], k: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """The same, where rows are many enough or are rounded anyway."""
        n = len(self.base)
        rounded = self.rounded
        wanted = min(k + max(16, k // 2), n)
        if len(rows) == n and np.array_equal(rows, np.arange(n)):
            at = rounded.order
            first = rounded.all_pairs(wanted, self.executor, self.report)
            positions = at
        else:
            at, positions = rows, np.arange(len(rows), dtype=np.int32)
            first = rounded.against_all(at, wanted, self.executor, report=self.report)
        distances = np.empty((len(rows), k))
        indices = np.empty((len(rows), k), dtype=np.int32)
        near, where = self.screened(at, first, k)
        distances[positions], indices[positions] = near, where
        open_ = np.flatnonzero(~(near[:, -1] < first.outside))
        del first, near, where
        if len(open_) == 0:
            return distances, indices
        # Equal rows share their answer. Without this, a layer that maps thousands of rows to zero
        # would cost a pass over the data for each of them.
        doubtful = positions[open_]
        leaders, group = _unique_rows(self.base[at[open_]])
        chosen = at[open_][leaders]
        self.report(0, 1, "looking closer where rows are too near to call")
        wanted = min(8 * (k + 16), n)
        second = rounded.against_all(
            chosen, wanted, self.executor, reach=distances[doubtful[leaders], -1]
        )
        near, where = self.screened(chosen, second, k)
        left = np.flatnonzero(~(near[:, -1] < second.outside))
        if len(left):
            near[left], where[left] = self._by_products(chosen[left], k)
        distances[doubtful], indices[doubtful] = near[group], where[group]
        return distances, indices

    def _by_products(
        self, rows: NDArray[np.int32], k: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        centered: Centered | None = None
        if self.metric in ("euclidean", "cosine"):
            centered = Centered.of(self.base, self.metric, self.executor)
            found = candidates(centered, rows, k, self.executor, self.device, self.report)
        else:
            found = candidates_by_tiles(
                self.base, self.metric, rows, k, self.executor, self.device, self.report
            )
        distances, indices = self.settled(rows, found.columns, k)
        doubtful = np.flatnonzero(~self._certified(found, distances, centered))
        if len(doubtful) == 0:
            return distances, indices
        first, group = _unique_rows(self.base[rows[doubtful]])
        leaders = rows[doubtful[first]]
        better = np.empty((len(leaders), k))
        where = np.empty((len(leaders), k), dtype=np.int32)
        certain = np.zeros(len(leaders), dtype=bool)
        if centered is not None:
            again = candidates_again(
                centered,
                self.base,
                leaders,
                k,
                self.metric,
                self.executor,
            )
            better, where = self.settled(leaders, again.columns, k)
            certain = self._certified(again, better, centered)
        everyone = np.arange(len(self.base), dtype=np.int32)[None, :]
        for leader in np.flatnonzero(~certain):
            one = slice(leader, leader + 1)
            better[one], where[one] = self.settled(leaders[one], everyone, k)
        distances[doubtful], indices[doubtful] = better[group], where[group]
        return distances, indices

    def _certified(
        self, found: Candidates, distances: NDArray[np.float64], centered: Centered | None
    ) -> NDArray[np.bool_]:
        farthest = distances[:, -1]
        if self.metric == "cosine":
            farthest = 2.0 * farthest  # |a - b|² of unit vectors
        if centered is not None:
            farthest = farthest * centered.scale**2
        return found.certifies(farthest)

    def screened(
        self, rows: NDArray[np.int32], found: Screened, k: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """The k nearest of what rounded rows could not tell apart."""
        return self.settled(rows, found.columns, k, bounds=found.bounds)

    def settled(
        self,
        rows: NDArray[np.int32],
        columns: NDArray[np.int32],
        k: int,
        *,
        bounds: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """The k nearest of each row's candidates in double precision; euclidean is squared."""
        return _kernels.nearest_candidates(
            self.base,
            rows,
            np.ascontiguousarray(columns),
            k,
            bounds=bounds,
            metric="sqeuclidean" if self.metric == "euclidean" else self.metric,
            n_threads=self.executor.n_workers,
        )


def in_unit(distances: NDArray[np.float64], metric: str, scale: float) -> NDArray[np.float64]:
    """Distances as they are given out, of squared or scaled ones."""
    if metric == "euclidean":
        return np.asarray(np.sqrt(distances) * scale)
    if metric in ("cosine", "correlation"):
        return distances
    return distances * (scale**2 if metric == "inner_product" else scale)


def less_own_mean(base: NDArray[np.float32]) -> NDArray[np.float32]:
    result = np.empty_like(base)
    for first in range(0, len(base), 4096):
        part = base[first : first + 4096]
        less = part - part.mean(axis=1, keepdims=True, dtype=np.float64)
        less[(part == part[:, :1]).all(axis=1)] = 0.0  # and not what rounding leaves of a mean
        result[first : first + 4096] = less
    return result


def _unique_rows(X: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First row of each group of equal rows, and the group of each row."""
    # Adding zero turns -0 into +0, so that equal values are equal bytes.
    contiguous = np.ascontiguousarray(X + np.float32(0))
    packed = contiguous.view(np.dtype((np.void, contiguous.itemsize * X.shape[1]))).ravel()
    _, first, group = np.unique(packed, return_index=True, return_inverse=True)
    return first, group


def without_self(
    distances: NDArray[np.float64], indices: NDArray[np.int32], rows: NDArray[Any], k: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Drop the row itself, or the last entry where more than k others are as near."""
    if k == 0:
        return distances[:, :0], indices[:, :0]
    own = indices == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return distances[~own].reshape(-1, k), indices[~own].reshape(-1, k)
