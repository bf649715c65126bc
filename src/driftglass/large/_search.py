"""Nearest neighbours among rows in partitions: each is searched by itself, the best are merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ..neighbors import query_neighbors
from ..parallel import opened
from ._moments import Totals, totals_of
from ._open import open_partitions
from ._partition import Partition, read_block
from ._work import Arrays, Late, Work

__all__ = [
    "Counting",
    "Found",
    "Questions",
    "fetch",
    "found_by",
    "limits_of",
    "merged",
    "near",
    "neighbors",
]

BLOCK_BYTES = 1 << 23
DOUBLE = 2.0**-53


@dataclass(frozen=True, eq=False)
class Questions:
    """Rows whose neighbours are wanted.

    Parameters
    ----------
    Q : ndarray of shape (n_queries, n_features)
        Their vectors.
    P : ndarray of shape (n_queries, n_components) or None
        Their places in a map.
    rows : ndarray of shape (n_queries,)
        Their numbers among all rows, -1 where they are none of them.
    n_neighbors : int
        Neighbours of each, not counting itself.
    """

    Q: NDArray[Any]
    P: NDArray[np.float32] | None
    rows: NDArray[np.int64]
    n_neighbors: int


def near(item: tuple[Partition, int, Late | None], by: Questions) -> Arrays:
    """Nearest rows of one partition, in the vectors and in the map."""
    part, n_features, placed = item
    block = read_block(part, n_features)
    arrays = _nearest(by.Q, block.X, block.rows, by, "data")
    if placed is not None and by.P is not None:
        held = placed.load()
        arrays |= _nearest(by.P, held["Y"], held["rows"], by, "map")
    return arrays


def _nearest(
    Q: NDArray[Any], X: NDArray[Any], rows: NDArray[np.int64], by: Questions, where: str
) -> Arrays:
    k = min(by.n_neighbors + 1, len(X))
    indices, distances = query_neighbors(Q, X, k, n_jobs=1)
    found = rows[indices]
    distances = np.where(found == by.rows[:, None], np.inf, distances)
    return {f"{where}_rows": found, f"{where}_distances": distances.astype(np.float32)}


def merged(
    results: Sequence[Arrays], where: str, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k nearest of what partitions found; equal distances by lower row."""
    rows = distances = None
    for arrays in results:
        r, d = arrays[f"{where}_rows"], arrays[f"{where}_distances"]
        if rows is not None and distances is not None:
            r, d = np.hstack([rows, r]), np.hstack([distances, d])
        order = np.lexsort((r, d), axis=1)[:, : k + 1]
        rows, distances = np.take_along_axis(r, order, 1), np.take_along_axis(d, order, 1)
    assert rows is not None
    assert distances is not None
    return rows[:, :k], distances[:, :k]


def fetch(item: tuple[Partition, int, NDArray[np.int64]]) -> Arrays:
    """Vectors of some rows of a partition."""
    part, n_features, rows = item
    block = read_block(part, n_features)
    return {"rows": rows, "X": block.X[np.searchsorted(block.rows, rows)]}


def limits_of(
    Q: NDArray[np.float64], near_by: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squared lengths of rows, and squared distances to others, less what rounding can do."""
    own = np.einsum("ij,ij->i", Q, Q)
    gap = Q[:, None, :] - near_by
    limits = np.einsum("ijk,ijk->ij", gap, gap)
    limits -= 8.0 * DOUBLE * (Q.shape[1] + 8) * (own[:, None] + limits)
    return own, limits


@dataclass(frozen=True, eq=False)
class Counting:
    """What a worker counts: rows nearer than some distances.

    Parameters
    ----------
    Q : ndarray of shape (n_queries, n_features)
        Rows in double precision, less the mean and scaled.
    own : ndarray of shape (n_queries,)
        Their squared lengths.
    limits : ndarray of shape (n_queries, n_limits)
        Squared distances.
    rows : ndarray of shape (n_queries,)
        Their numbers, which are not counted.
    mean : ndarray of shape (n_features,)
        What is subtracted.
    scale : float
        What is multiplied with afterwards.
    """

    Q: NDArray[np.float64]
    own: NDArray[np.float64]
    limits: NDArray[np.float64]
    rows: NDArray[np.int64]
    mean: NDArray[np.float64]
    scale: float

    def of(self, X: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """How many of the rows of X are nearer; shape of `limits`."""
        size = max(256, BLOCK_BYTES // (8 * max(len(self.Q), X.shape[1])))
        below = np.zeros(self.limits.shape, dtype=np.int32)
        for start in range(0, len(X), size):
            block = (X[start : start + size].astype(np.float64) - self.mean) * self.scale
            distances = self.Q @ block.T
            distances *= -2.0
            distances += np.einsum("ij,ij->i", block, block)
            distances += self.own[:, None]
            here = rows[start : start + size]
            own, at = np.nonzero(self.rows[:, None] == here[None, :]) if _may_hold(
                self.rows, here
            ) else (np.empty(0, int), np.empty(0, int))  # fmt: skip
            distances[own, at] = np.inf
            below += _kernels.count_below(distances, self.limits)
        return below


def _may_hold(rows: NDArray[np.int64], here: NDArray[np.int64]) -> bool:
    return bool(((rows >= here[0]) & (rows <= here[-1])).any())


@dataclass(frozen=True, eq=False)
class Found:
    """Neighbours found in partitions.

    Parameters
    ----------
    rows : ndarray of shape (n_queries, n_neighbors), dtype int64
        Numbers among all rows, nearest first.
    distances : ndarray of shape (n_queries, n_neighbors), dtype float32
        Their distances.
    recall : float
        Share of them, over the queries that were checked, that are no farther than the k-th
        nearest by double precision; nan if none was checked.
    n_checked : int
        Queries that were checked.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    recall: float
    n_checked: int


def neighbors(
    source: Any,
    Q: Any,
    n_neighbors: int = 15,
    *,
    n_checked: int = 20,
    executor: Any = None,
    n_jobs: int | None = None,
    **opening: Any,
) -> Found:
    """Nearest rows, among partitions that are never in memory together.

    Each partition is an index of its own that every query is put to; the nearest of all
    partitions are merged. Results do not depend on the executor.

    Parameters
    ----------
    source : Partitions or what `open_partitions` takes
        Rows to be found.
    Q : array-like of shape (n_queries, n_features)
        Finite vectors to find them for.
    n_neighbors : int
        How many, from 1 to the number of rows.
    n_checked : int
        Queries for which the recall is measured, with another pass over all rows.
    executor, n_jobs
        As in `driftglass.parallel.opened`.
    **opening
        Arguments of `open_partitions`.

    Returns
    -------
    found : Found
        Rows, distances and the measured recall.

    Raises
    ------
    ShapeError
        Q has another number of features.
    InvalidInputError
        There are not as many rows.

    Examples
    --------
    >>> found = neighbors([[[0.0], [1.0]], [[5.0]]], [[4.0]], 2)
    >>> found.rows.tolist(), found.distances.tolist(), found.recall
    ([[2, 1]], [[1.0, 3.0]], 1.0)
    """
    parts = open_partitions(source, **opening)
    Q = as_vectors(Q, name="Q")
    if Q.shape[1] != parts.n_features:
        raise ShapeError(f"Q has {Q.shape[1]} features and the partitions have {parts.n_features}.")
    with opened(executor, n_jobs=n_jobs) as running, Work(running) as work:
        totals = totals_of(parts, work)
        if not 1 <= n_neighbors <= totals.n_samples:
            raise InvalidInputError(
                f"n_neighbors is {n_neighbors}; 1 to {totals.n_samples} can be found."
            )
        used = [parts.parts[number] for number in sorted(totals.used)]
        items = [(part, parts.n_features, None) for part in used]
        return found_by(near, items, used, Q, n_neighbors, n_checked, totals, work)


def found_by(
    search: Callable[..., Arrays],
    items: Sequence[Any],
    used: Sequence[Partition],
    Q: NDArray[Any],
    n_neighbors: int,
    n_checked: int,
    totals: Totals,
    work: Work,
) -> Found:
    """Put queries to every partition, merge what they answer, and measure how much it misses."""
    width = Q.shape[1]
    nobody = np.full(len(Q), -1, dtype=np.int64)
    by = Questions(Q, None, nobody, n_neighbors)
    work.run("near", search, items, shared=by, what="searching partitions")
    rows, distances = merged(
        [arrays for _, arrays in work.results("near", len(items))], "data", n_neighbors
    )
    n_checked = min(n_checked, len(Q))
    recall = float("nan")
    if n_checked:
        ranks = _ranks(used, width, Q[:n_checked], rows[:n_checked], totals, work)
        recall = float((ranks <= n_neighbors).mean())
    return Found(rows, distances, recall, n_checked)


def _ranks(
    used: Sequence[Partition],
    width: int,
    Q: NDArray[Any],
    rows: NDArray[np.int64],
    totals: Any,
    work: Work,
) -> NDArray[np.int32]:
    """Rank of each given row among all rows, by distance in double precision."""
    where = vectors_of(used, width, np.unique(rows), work, "fetch")
    mean = totals.moments.mean
    scale = unit_of(totals)
    centred = (Q.astype(np.float64) - mean) * scale
    own, limits = limits_of(centred, (where(rows).astype(np.float64) - mean) * scale)
    nobody = np.full(len(Q), -1, dtype=np.int64)
    by = Counting(centred, own, limits, nobody, mean, scale)
    items = [(part, width) for part in used]
    work.run("check", _counted, items, shared=by, what="measuring recall")
    counts = [arrays["below"] for _, arrays in work.results("check", len(items))]
    below: NDArray[np.int32] = np.sum(counts, axis=0, dtype=np.int32)
    return below + np.int32(1)


def _counted(item: tuple[Partition, int], by: Counting) -> Arrays:
    block = read_block(item[0], item[1])
    return {"below": by.of(block.X, block.rows)}


def unit_of(totals: Any) -> float:
    """A power of two that brings rows near to unit length, so that squares stay in range."""
    spread = float(np.sqrt(np.trace(totals.moments.scatter) / totals.n_samples))
    return float(2.0 ** -np.ceil(np.log2(spread))) if spread > 0 else 1.0


def vectors_of(
    used: Sequence[Partition], width: int, wanted: NDArray[np.int64], work: Work, stage: str
) -> Any:
    """A function from rows, out of those wanted, to their vectors."""
    items = []
    for part in used:
        inside = wanted[(wanted >= part.first) & (wanted < part.first + part.n_samples)]
        if len(inside):
            items.append((part, width, inside))
    work.run(stage, fetch, items, what="fetching rows")
    found = [arrays for _, arrays in work.results(stage, len(items))]
    rows = np.concatenate([arrays["rows"] for arrays in found])
    X = np.concatenate([arrays["X"] for arrays in found])
    return lambda which: X[np.searchsorted(rows, which)]
