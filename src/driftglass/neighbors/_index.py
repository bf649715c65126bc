"""Rows made ready to be asked, again and again, which of them are nearest to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..errors import InvalidInputError, ShapeError
from ..parallel import Threads
from ._callable import nearest_by_callable
from ._cells import CELLS_FROM, Cells
from ._exact import in_unit, less_own_mean
from ._frame import Frame
from ._graph import METRICS, NeighborGraph
from ._inputs import as_finite_float32, checked_vectors, is_sparse
from ._padded import PaddedVectors
from ._rounded import RoundedRows, rounding_pays
from ._screened import Screened
from ._sparse import DENSE_BYTES, nearest_of_sparse

__all__ = ["NeighborIndex"]

AT_ONCE = 1 << 16
"""Queries answered together; more would take room and no less time."""
WALK_FROM = 20_000
"""Rows from which walking the graph of the known rows beats looking at all of them."""
MOST_COMPARED = 1 << 29
"""Values up to which rounded rows are all compared for each query: half a millisecond."""
N_ENTRIES = 1024
ROWS_PER_ENTRY = 64
"""A walk begins at the nearest of some rows drawn by chance: as many as either of these says. A
group that is linked to no other and holds none of them would not be found."""
MORE = 24
"""Rows beyond those wanted that a walk goes through, or that rounding offers; fewer miss more."""
A_FEW_MORE = 12
"""Where nothing is proven: rounding hides one neighbour of ten thousand."""


N_MEASURED = 500


class NeighborIndex:
    """Rows to be asked for the nearest to others, prepared once for many questions.

    What the first question prepares is kept for the next: at most twice a byte per value where the
    processor multiplies bytes fast, and four bytes elsewhere. A pickled index leaves it out.

    Parameters
    ----------
    X : array-like or SciPy sparse matrix of shape (n_samples, n_features)
        Finite vectors among which to look; not copied if they are contiguous float32. With a
        function as metric, any sequence of rows.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "inner_product"} or callable
        As in `exact_neighbors`; a function of two rows is called for every pair.
    graph : NeighborGraph, optional
        Neighbours of all rows of X among themselves. With it very many rows are reached by a walk
        over the graph, which finds nearly all neighbours; else all rows are looked at.

    Raises
    ------
    ShapeError
        X is not two-dimensional or has no features.
    InvalidInputError
        A value is not finite, or there is no such metric.

    See Also
    --------
    query_neighbors : for a single question.

    Examples
    --------
    >>> index = NeighborIndex([[0.0, 0.0], [1.0, 0.0]])
    >>> indices, distances = index.query([[0.2, 0.0]], 1)
    >>> indices.tolist(), distances.round(1).tolist()
    ([[0]], [[0.2]])
    """

    def __init__(
        self,
        X: Any,
        *,
        metric: str | Callable[[Any, Any], float] = "euclidean",
        graph: NeighborGraph | None = None,
    ) -> None:
        if not callable(metric) and metric not in METRICS:
            raise InvalidInputError(
                f"metric is {metric!r}; one of {', '.join(METRICS)} or a function of two rows is "
                f"needed."
            )
        self.metric: Any = metric
        self.graph = graph
        self._ready: _Ready | None = None
        self._sparse = (
            not callable(metric) and is_sparse(X) and X.shape[0] * X.shape[1] * 4 > (DENSE_BYTES)
        )
        self._X = X if callable(metric) or self._sparse else checked_vectors(X)

    def __len__(self) -> int:
        """How many rows can be found."""
        return int(self._X.shape[0] if hasattr(self._X, "shape") else len(self._X))

    @property
    def nbytes(self) -> int:
        """Bytes prepared so far, beside the rows themselves."""
        return 0 if self._ready is None else self._ready.nbytes

    def query(
        self, Q: Any, n_neighbors: int, *, proven: bool = True, n_jobs: int | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Rows nearest to each row of Q.

        A row's answer does not depend on the other rows of Q, nor on `n_jobs`.

        Parameters
        ----------
        Q : array-like or sparse of shape (n_queries, n_features)
            Finite vectors, or rows that the function takes.
        n_neighbors : int
            From 1 to the number of rows.
        proven : bool
            Whether all rows are looked at, and again where rounding may have hidden a neighbour.
            Without, the first question finds cells of near rows, and each looks only at those near
            it: a fraction of the time, for a few neighbours of a thousand, see `recall`.
        n_jobs : int or None
            Threads; None uses every core.

        Returns
        -------
        indices : ndarray of shape (n_queries, n_neighbors), dtype int32
            Rows of X, nearest first; equal distances by lower row.
        distances : ndarray of shape (n_queries, n_neighbors), dtype float32
            Their distances.

        Raises
        ------
        ShapeError
            Q has another number of features.
        InvalidInputError
            A value is not finite, or there are not as many rows.
        """
        k = n_neighbors
        whole = isinstance(k, (int, np.integer)) and not isinstance(k, bool)
        if not whole or not 1 <= k <= len(self):
            raise InvalidInputError(f"n_neighbors is {k!r}; 1 to {len(self)} can be found in X.")
        if callable(self.metric):
            return nearest_by_callable(Q, self._X, int(k), self.metric)
        asked = Q if self._sparse else checked_vectors(Q, "Q")
        if asked.shape[1] != self._X.shape[1]:
            raise ShapeError(
                f"Q has {asked.shape[1]} features and X has {self._X.shape[1]}; as many are needed."
            )
        if self._sparse:
            return nearest_of_sparse(asked, self._X, int(k), metric=self.metric, n_jobs=n_jobs)
        return self._nearest(asked, int(k), proven, n_jobs)

    def recall(self, n_neighbors: int, *, n_jobs: int | None = None) -> float:
        """Share of the nearest rows that a question finds which asks for no proof.

        Measured on 500 rows of X, or all if there are fewer: what they find beside themselves, or
        rows as near, is compared with what looking at all rows finds.

        Parameters
        ----------
        n_neighbors : int
            How many are looked for beside the row itself, from 1 to the number of other rows.
        n_jobs : int or None
            Threads; None uses every core.

        Returns
        -------
        recall : float
            From 0 to 1.

        Raises
        ------
        InvalidInputError
            There are not as many rows.
        """
        n = len(self)
        which = np.sort(np.random.default_rng(1).choice(n, min(n, N_MEASURED), replace=False))
        some = [self._X[i] for i in which] if callable(self.metric) else self._X[which]
        at_all = NeighborIndex(self._X, metric=self.metric)
        _, true = at_all.query(some, n_neighbors + 1, n_jobs=n_jobs)
        _, found = self.query(some, n_neighbors + 1, proven=False, n_jobs=n_jobs)
        return float((found[:, 1:] <= true[:, -1:]).mean())

    def _nearest(
        self, Q: NDArray[Any], k: int, proven: bool, n_jobs: int | None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        if self._ready is None:
            self._ready = _Ready(self._X, self.metric, self.graph, Frame.of(self._X, self.metric))
        ready = self._ready
        if not ready.frame.holds(Q):  # too far away to be compared in the unit of these rows
            ready = _Ready(self._X, self.metric, self.graph, ready.frame.wide_enough_for(Q))
        indices = np.empty((len(Q), k), dtype=np.int32)
        distances = np.empty((len(Q), k), dtype=np.float32)
        with Threads(n_jobs) as executor:
            for first in range(0, len(Q), AT_ONCE):
                part = slice(first, first + AT_ONCE)
                near, indices[part] = ready.nearest(Q[part], k, proven, executor)
                distances[part] = as_finite_float32(in_unit(near, self.metric, ready.frame.scale))
        return indices, distances

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_ready": None}


@dataclass(eq=False)
class _Ready:
    """Dense rows in a common frame, and what searches make of them."""

    X: NDArray[Any]
    metric: str
    graph: NeighborGraph | None
    frame: Frame

    @cached_property
    def base(self) -> NDArray[np.float32]:
        return self._framed(self.X)

    @property
    def measured(self) -> str:
        # Rows that already are less their own mean have their cosine for a correlation.
        return "cosine" if self.metric == "correlation" else self.metric

    @property
    def nbytes(self) -> int:
        made = self.__dict__
        n, d = self.X.shape
        total = 0 if self.base is self.X else self.base.nbytes
        if "_rounded" in made:
            total += 2 * n * d
        return total + (made["_padded"].vectors.nbytes if "_padded" in made else 0)

    def nearest(
        self, Q: NDArray[Any], k: int, proven: bool, executor: Threads
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Distances, euclidean ones squared, and rows."""
        asked = self._framed(Q)
        n, d = self.base.shape
        rounds = rounding_pays(n, d) and self.metric != "manhattan"
        walks = self.graph is not None and n >= WALK_FROM
        if len(asked) == 0:
            return np.empty((0, k)), np.empty((0, k), dtype=np.int32)
        if rounds and not (walks and n * d > MOST_COMPARED):
            return self._by_rounding(asked, k, proven, executor)
        return self._by_single_precision(asked, k, walks, executor)

    def _by_rounding(
        self, asked: NDArray[np.float32], k: int, proven: bool, executor: Threads
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        n, everyone = len(self.base), np.arange(len(asked), dtype=np.int32)
        cells = None if proven else self.cells(k, executor)
        rounded = self.rounded(executor)
        like = RoundedRows.of(asked, self.measured, executor, order=everyone, like=rounded)
        if cells is not None:
            found = cells.candidates(like, min(k + A_FEW_MORE, n), cells.n_near(k), executor)
            return self._settled(asked, everyone, found, k, executor)
        found = rounded.against_all(everyone, min(k + MORE, n), executor, asked=like)
        distances, indices = self._settled(asked, everyone, found, k, executor)
        open_ = np.flatnonzero(~(distances[:, -1] < found.outside)).astype(np.int32)
        if proven and len(open_):
            # Where more rows than those are as near as the last, to within the rounding.
            again = rounded.against_all(
                open_, min(8 * (k + 16), n), executor, asked=like, reach=distances[open_, -1]
            )
            distances[open_], indices[open_] = self._settled(asked, open_, again, k, executor)
        return distances, indices

    def rounded(self, executor: Threads) -> RoundedRows:
        """The rows to 8 bits, in the order of their cells if those are there."""
        if "_rounded" not in self.__dict__:
            own_order = np.arange(len(self.base), dtype=np.int32)
            # Of rows less their own means it is a bound, and cosines do not depend on it.
            self._rounded = RoundedRows.of(
                self.base,
                self.measured,
                executor,
                order=own_order,
                largest=self.frame.largest,
            )
        return self._rounded

    def cells(self, k: int, executor: Threads) -> Cells | None:
        """Cells of the rows, if looking for k neighbours in a few of them pays."""
        if len(self.base) < CELLS_FROM or self.metric == "inner_product":
            return None
        if "_cells" not in self.__dict__:
            self._cells = Cells.of(self.rounded(executor), self.base, executor)
            self._rounded = self._cells.rounded
        return self._cells if self._cells.n_near(k) else None

    def _settled(
        self,
        asked: NDArray[np.float32],
        rows: NDArray[np.int32],
        found: Screened,
        k: int,
        executor: Threads,
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        return self._nearest_candidates(asked, rows, found.columns, k, executor, found.bounds)

    def _by_single_precision(
        self, asked: NDArray[np.float32], k: int, walks: bool, executor: Threads
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        n, everyone = len(self.base), np.arange(len(asked), dtype=np.int32)
        if "_padded" not in self.__dict__:
            own_order = np.arange(n, dtype=np.int32)
            self._padded = PaddedVectors.of(self.base, self.measured, own_order, executor)
        X = self._padded
        Q = PaddedVectors.of(asked, self.measured, everyone, executor, mean=X.mean)
        entries, starts, columns = self._links if walks else self._no_links
        _, rows = _kernels.search(
            Q.vectors,
            Q.norms,
            X.vectors,
            X.norms,
            entries,
            starts,
            columns,
            k + MORE if walks else min(k + 8, n),
            X.measure,
            n_threads=executor.n_workers,
        )
        return self._nearest_candidates(asked, everyone, rows, k, executor, None)

    def _nearest_candidates(
        self,
        asked: NDArray[np.float32],
        rows: NDArray[np.int32],
        candidates: NDArray[np.int32],
        k: int,
        executor: Threads,
        bounds: NDArray[np.float32] | None,
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        return _kernels.nearest_candidates(
            self.base,
            rows,
            np.ascontiguousarray(candidates),
            k,
            queries=asked,
            bounds=bounds,
            metric="sqeuclidean" if self.metric == "euclidean" else self.measured,
            n_threads=executor.n_workers,
        )

    def _framed(self, X: NDArray[Any]) -> NDArray[np.float32]:
        base = self.frame(X)
        return less_own_mean(base) if self.metric == "correlation" else base

    @property
    def _no_links(self) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
        everyone = np.arange(len(self.base), dtype=np.int32)
        return everyone, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)

    @cached_property
    def _links(self) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
        """Where walks begin, and along what they go."""
        assert self.graph is not None
        n = len(self.base)
        n_entries = min(n, max(N_ENTRIES, n // ROWS_PER_ENTRY))
        entries = np.sort(np.random.default_rng(0).choice(n, n_entries, replace=False))
        # Links both ways: what is nobody's neighbour can still be reached.
        ones = np.ones(self.graph.indices.shape, dtype=np.float32)
        starts, columns, _ = _kernels.fuzzy_union(self.graph.indices, ones, 1.0)
        return entries.astype(np.int32), starts, columns
