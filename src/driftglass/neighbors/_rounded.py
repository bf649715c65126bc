"""Candidates from rows rounded to 8 bits, many times as fast as from single precision.

Rounding moves a row by a length that is known, its residual. The distance of two rows differs from
that of the rounded ones by at most both residuals, so rounded distances say for certain which rows
cannot be among the nearest. What is left over is settled by the rows themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._progress import Progress, silent
from ..parallel import Threads
from ._inputs import largest_value
from ._rounding_errors import RoundingErrors
from ._screened import Screened

__all__ = ["RoundedRows", "rounding_pays"]

ROUNDED_FROM = 4096
"""Rows from which rounding pays."""
WIDEST = 131_072
"""Features beyond which sums of products of 8-bit integers could overflow."""
MEAN_ROWS = 2048
"""Rows from which the mean is taken: any point near the middle serves."""
LISTS_BYTES = 3 << 28
"""Of lists kept at a time; beyond, some rows at a time are compared with all."""
TREE_WIDTH = 16
LEAF = 256
SAMPLED = 4096
"""Rows that all others are compared with first, to see how near neighbours must be."""
PER_REPORT = 16


def rounding_pays(n_samples: int, n_features: int) -> bool:
    """Tell whether this processor multiplies small integers fast, and the rows are many."""
    fast = _kernels.product_units()[-1] != "baseline"
    return fast and n_samples >= ROUNDED_FROM and 1 <= n_features <= WIDEST


@dataclass(frozen=True, eq=False)
class RoundedRows:
    """Rows of a data set as 8-bit integers, in an order that keeps near rows together.

    Parameters
    ----------
    rows : Rounded
        Of the kernels.
    order : ndarray of shape (n_samples,), dtype int32
        Row of the data at each place.
    place : ndarray of shape (n_samples,), dtype int32
        Place of each row of the data.
    offsets : ndarray of shape (n_samples,), dtype float32
        What both rows add to the value of a pair.
    errors : RoundingErrors
        What rounding can have changed.
    metric : {"euclidean", "cosine", "inner_product"}
        What is searched by.
    mean : ndarray of shape (n_features,)
        Subtracted before rounding.
    factor : float
        What rows are scaled by before that.
    """

    rows: _kernels.Rounded
    order: NDArray[np.int32]
    place: NDArray[np.int32]
    offsets: NDArray[np.float32]
    errors: RoundingErrors
    metric: str
    mean: NDArray[np.float64]
    factor: float

    @classmethod
    def of(
        cls,
        base: NDArray[np.float32],
        metric: str,
        executor: Threads,
        *,
        order: NDArray[np.int32] | None = None,
        like: RoundedRows | None = None,
        largest: float | None = None,
    ) -> RoundedRows:
        """Round rows of shape (n_samples, n_features), in the order of a tree or in that given.

        Rows that are to be compared with those of another data set are rounded like them. The
        `largest` value need not be looked for where it is known.
        """
        n = len(base)
        if order is None:
            order = _tree_order(base, metric, executor)
        if like is not None:
            mean, factor = like.mean, like.factor
        else:
            mean, factor = _middle(base, metric), 1.0
            if metric != "cosine":
                if largest is None:
                    largest = max(executor.map(lambda part: largest_value(base[part]), _parts(n)))
                # A power of two, so that scaling rounds nothing; squares stay in range.
                factor = float(2.0 ** -(np.ceil(np.log2(largest)) + 1)) if largest > 0 else 1.0
        rows = _kernels.Rounded(
            base,
            order,
            mean,
            factor=factor,
            normalized=metric == "cosine",
            n_threads=executor.n_workers,
        )
        squared = rows.norms
        offsets, unit = squared, 1.0 / factor**2
        if metric == "cosine":
            # A row of zeros is at squared distance 1 from a unit vector, but 2 stands for a
            # cosine distance of 1.
            nothing = executor.map(lambda part: ~base[part].any(axis=1), _parts(n))
            offsets, unit = offsets + np.concatenate(nothing)[order].astype(np.float32), 0.5
        if metric == "inner_product":
            # -x·y = -(x - m)·(y - m) - m·x - m·y + m·m
            own = factor**2 * (float(mean @ mean) - 2.0 * rows.projections)
            offsets, unit = own.astype(np.float32), 0.5 / factor**2
        place = np.empty(n, dtype=np.int32)
        place[order] = np.arange(n, dtype=np.int32)
        errors = RoundingErrors.of(
            np.sqrt(squared.astype(np.float64)),
            rows.residuals,
            offsets,
            unit,
            is_product=metric == "inner_product",
        )
        return cls(rows, order, place, offsets, errors, metric, mean, factor)

    def all_pairs(
        self,
        k: int,
        executor: Threads,
        report: Progress = silent,
        *,
        reach: NDArray[np.float64] | None = None,
    ) -> Screened:
        """Find k candidates of every row, in the order of `order`, and the row itself.

        With `reach`, of every row of the data, those certain to be farther are left out.
        """
        n = len(self.order)
        if n * (k + max(k // 2, 48)) * 8 > LISTS_BYTES:
            if reach is not None:
                reach = reach[self.order]
            return self.against_all(self.order, k + 1, executor, reach=reach, report=report)
        search = _kernels.AllPairs(self.rows, self.offsets, k, n_threads=executor.n_workers)
        limits = np.full(n, np.inf, dtype=np.float32)
        if reach is not None:
            limits = self.errors.limits(self.errors, np.arange(n), reach[self.order]).astype(
                np.float32
            )
            search.limit(limits)
        elif n >= 4 * SAMPLED:
            report(0, 1, "comparing all rows with some")
            limits = self._first_limits(k, executor)
            search.limit(limits)
        total = search.n_rounds
        for first in range(0, total, PER_REPORT):
            report(first, total, "comparing all pairs")
            search.run(first, min(first + PER_REPORT, total))
        values, places = search.smallest()
        found = self._screened(np.arange(n), values, places, limits.astype(np.float64))
        lowest = np.full((n, 1), -np.inf, dtype=np.float32)
        return Screened(
            np.hstack([self.order[:, None], found.columns]),
            np.hstack([lowest, found.bounds]),
            found.outside,
        )

    def _first_limits(self, k: int, executor: Threads) -> NDArray[np.float32]:
        """Values that k others of nearly every row do not exceed, as a sample has it.

        Lists that begin with a limit are offered a fraction of the rows. Where the sample misleads,
        a list stays short, and that is known.
        """
        n = len(self.order)
        chosen = np.linspace(0, n - 1, SAMPLED).astype(np.int32)
        expected = k * SAMPLED / n
        rank = int(np.ceil(expected + 4.0 * np.sqrt(expected) + 3.0))
        values, _ = _kernels.search_rounded(
            self.rows,
            self.offsets,
            self.rows.take(chosen),
            self.offsets[chosen],
            np.full(n, np.inf, dtype=np.float32),
            rank,
            n_threads=executor.n_workers,
        )
        return np.ascontiguousarray(values[:, -1])

    def against_all(
        self,
        which: NDArray[np.int32],
        k: int,
        executor: Threads,
        *,
        asked: RoundedRows | None = None,
        reach: NDArray[np.float64] | None = None,
        report: Progress = silent,
    ) -> Screened:
        """Find k candidates of some rows of the data, the row itself among them.

        With `asked`, of some rows of another data set that was rounded like this one. With `reach`
        (in the metric's unit), rows that are certain to be farther are left out.
        """
        asked = self if asked is None else asked
        n = len(which)
        most = max(512, LISTS_BYTES // ((k + max(k // 2, 48)) * 8))
        parts: list[Screened] = []
        for first in range(0, max(n, 1), most):
            report(first, n, "comparing some rows with all")
            at = asked.place[which[first : first + most]]
            limits = np.full(len(at), np.inf)
            if reach is not None:
                limits = self.errors.limits(asked.errors, at, reach[first : first + most])
            whole = len(at) == len(asked.order) and bool((np.diff(at) == 1).all())
            values, places = _kernels.search_rounded(
                asked.rows if whole else asked.rows.take(at, n_threads=executor.n_workers),
                asked.offsets[at],
                self.rows,
                self.offsets,
                limits.astype(np.float32),
                k,
                n_threads=executor.n_workers,
            )
            parts.append(self._screened(at, values, places, limits, asked))
        return Screened(
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.bounds for part in parts]),
            np.concatenate([part.outside for part in parts]),
        )

    def near_blocks(
        self,
        near: NDArray[np.int32],
        first: int,
        last: int,
        k: int,
        executor: Threads,
        *,
        reach: NDArray[np.float64] | None = None,
    ) -> tuple[NDArray[np.int32], Screened]:
        """Find k candidates for rows of some blocks among the blocks `near` each.

        Parameters
        ----------
        near : ndarray of shape (n_blocks, n_near), dtype int32
            Blocks to look at.
        first, last : int
            Blocks whose rows are looked for.
        reach : ndarray of shape (n_samples,), optional
            Of every row of the data; those certain to be farther are left out.

        Returns
        -------
        rows : ndarray of shape (n_rows,), dtype int32
            Rows of the data that are in those blocks.
        found : Screened
            Their candidates, themselves included.
        """
        size = _kernels.BLOCK
        at = np.arange(first * size, min(last * size, len(self.order)))
        limits = np.full(len(at), np.inf)
        if reach is not None:
            limits = self.errors.limits(self.errors, at, reach[self.order[at]])
        values, places = _kernels.near_blocks(
            self.rows,
            self.offsets,
            np.arange(len(near) + 1, dtype=np.int64) * near.shape[1],
            near.ravel(),
            limits.astype(np.float32),
            first,
            last,
            k,
            n_threads=executor.n_workers,
        )
        return self.order[at], self._screened(at, values, places, limits)

    def near_cells(
        self,
        asked: RoundedRows,
        starts: NDArray[np.int64],
        cells: NDArray[np.int32],
        k: int,
        executor: Threads,
    ) -> Screened:
        """Find k candidates of all rows of another data set, in the cells named for each.

        Parameters
        ----------
        asked : RoundedRows
            Rounded like this one, in the order in which they were given.
        starts : ndarray of shape (n_cells + 1,), dtype int64
            Where each cell begins in the order.
        cells : ndarray of shape (n_asked, n_near), dtype int32
            To be looked at, different ones.
        k : int
            As many, or fewer if the cells do not hold them.

        Returns
        -------
        found : Screened
            Of what is outside of the cells nothing is known.
        """
        values, places = _kernels.near_cells(
            asked.rows,
            asked.offsets,
            self.rows,
            self.offsets,
            starts,
            cells,
            k,
            n_threads=executor.n_workers,
        )
        at = np.arange(len(asked.order))
        return self._screened(at, values, places, np.full(len(at), -np.inf), asked)

    def only(self, at: NDArray[np.int32], executor: Threads) -> RoundedRows:
        """Rows at some places as a data set of their own, in this order."""
        own = np.arange(len(at), dtype=np.int32)
        return replace(
            self,
            rows=self.rows.take(at, n_threads=executor.n_workers),
            order=own,
            place=own,
            offsets=self.offsets[at],
            errors=self.errors.only(at),
        )

    def reordered(self, at: NDArray[np.int32], executor: Threads) -> RoundedRows:
        """The same rows in the order in which their places are given."""
        order = self.order[at]
        place = np.empty_like(order)
        place[order] = np.arange(len(order), dtype=np.int32)
        return replace(self.only(at, executor), order=order, place=place)

    def _screened(
        self,
        at: NDArray[np.integer],
        values: NDArray[np.float32],
        places: NDArray[np.int32],
        limits: NDArray[np.float64],
        asked: RoundedRows | None = None,
    ) -> Screened:
        theirs = self.errors if asked is None else asked.errors
        columns = self.order[places]
        columns[places < 0] = -1
        last = np.minimum(values[:, -1].astype(np.float64), limits)
        outside = self.errors.lower(theirs, at, last[:, None])[:, 0]
        bounds = np.empty_like(values)
        for part in _parts(len(at)):  # in blocks: double precision takes room
            lower = self.errors.lower(theirs, at[part], values[part]).astype(np.float32)
            bounds[part] = np.nextafter(lower, np.float32(-np.inf))
        return Screened(columns, bounds, outside)


def _middle(base: NDArray[np.float32], metric: str) -> NDArray[np.float64]:
    """Mean of some rows, of their directions for cosine."""
    some = base[:: max(1, len(base) // MEAN_ROWS)]
    if metric != "cosine":
        return np.asarray(some.mean(axis=0, dtype=np.float64))
    wide = some.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    np.divide(wide, norms, out=wide, where=norms > 0)
    return np.asarray(wide.mean(axis=0), dtype=np.float64)


def _tree_order(base: NDArray[np.float32], metric: str, executor: Threads) -> NDArray[np.int32]:
    """Rows of a leaf of a random tree side by side: lists settle early, rows are read together."""
    axes = np.random.default_rng(0).normal(size=(base.shape[1], TREE_WIDTH)).astype(np.float32)
    sketch = np.empty((len(base), TREE_WIDTH), dtype=np.float32)

    def fill(part: slice) -> None:
        sketch[part] = base[part] @ axes
        if metric == "cosine":
            norms = np.linalg.norm(base[part], axis=1, keepdims=True)
            sketch[part] /= np.where(norms > 0, norms, 1)

    with np.errstate(over="ignore", invalid="ignore"):
        executor.map(fill, _parts(len(base)))
    np.nan_to_num(sketch, copy=False)
    orders, _ = _kernels.grow_trees(sketch, 1, LEAF, n_threads=executor.n_workers)
    return np.array(orders[0])


def _parts(n: int) -> list[slice]:
    return [slice(first, min(first + 4096, n)) for first in range(0, n, 4096)]
