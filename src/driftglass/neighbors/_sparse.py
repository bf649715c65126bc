"""Neighbours of rows that are mostly zeros, without filling in the zeros of all rows at once.

A block of rows is multiplied with all others in sparse form, in double precision; only the block of
products is dense. Narrow data becomes dense vectors, where that takes less room than the lists.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from .._progress import Progress, silent
from ..errors import InvalidInputError, ShapeError
from ..parallel import Threads
from ._graph import NeighborGraph
from ._inputs import as_finite_float32, clamped, said

__all__ = ["DENSE_BYTES", "SPARSE_METRICS", "nearest_of_sparse", "sparse_neighbors"]

SPARSE_METRICS = ("euclidean", "cosine", "inner_product", "manhattan")
DENSE_BYTES = 1 << 28
"""Up to this size rows are filled in: dense searches are much faster."""
BLOCK_VALUES = 1 << 23


def sparse_neighbors(
    X: Any,
    n_neighbors: int,
    *,
    metric: str = "euclidean",
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> NeighborGraph:
    """Exact neighbours of rows of a SciPy sparse matrix."""
    report = silent if progress is None else progress
    rows = _checked(X, "X", metric)
    n = rows.shape[0]
    notes: list[str] = []
    k = clamped(n_neighbors, n - 1, notes)
    if metric == "cosine":
        _report_empty(rows, notes)
    indices, distances = _nearest(rows, rows, k, metric, n_jobs, report, exclude_self=True)
    return NeighborGraph(
        indices=indices,
        distances=as_finite_float32(distances),
        metric=metric,
        queries=np.arange(n, dtype=np.int32),
        n_samples=n,
        notes=said(notes),
    )


def nearest_of_sparse(
    Q: Any, X: Any, k: int, *, metric: str, n_jobs: int | None = None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rows of X nearest to each row of Q, and their distances; both may be sparse."""
    from scipy.sparse import csr_array

    asked = _checked(Q if hasattr(Q, "tocsr") else csr_array(as_vectors(Q, name="Q")), "Q", metric)
    indices, distances = _nearest(asked, _checked(X, "X", metric), k, metric, n_jobs, silent)
    return indices, as_finite_float32(distances)


def _nearest(
    asked: Any,
    rows: Any,
    k: int,
    metric: str,
    n_jobs: int | None,
    report: Progress,
    *,
    exclude_self: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The k nearest of all rows to each row asked for, a block of products at a time."""
    n, n_asked = rows.shape[0], asked.shape[0]
    if metric == "cosine":
        rows, asked = _directions(rows), _directions(asked)
    squares, own_squares = _squares(rows), _squares(asked)
    indices = np.empty((n_asked, k), dtype=np.int32)
    distances = np.empty((n_asked, k))
    step = max(1, BLOCK_VALUES // max(1, n))
    across = rows.T.tocsr()

    def measured(part: slice) -> NDArray[np.float64]:
        if metric == "manhattan":
            from sklearn.metrics.pairwise import manhattan_distances

            return np.asarray(manhattan_distances(asked[part], rows), dtype=np.float64)
        products = np.asarray((asked[part] @ across).toarray())
        if metric == "inner_product":
            return -products
        if metric == "cosine":
            return np.asarray(np.maximum(0.0, 1.0 - products))
        return np.asarray(np.maximum(0.0, own_squares[part, None] + squares - 2.0 * products))

    def fill(part: slice) -> None:
        there = measured(part)
        if exclude_self:
            there[np.arange(len(there)), np.arange(part.start, part.stop)] = np.inf
        found = _smallest(there, k)
        indices[part] = found
        distances[part] = np.take_along_axis(there, found, axis=1)

    if k:
        with Threads(n_jobs) as executor:
            parts = [slice(first, min(first + step, n_asked)) for first in range(0, n_asked, step)]
            at_once = executor.n_workers
            for first in range(0, len(parts), at_once):
                report(first, len(parts), "comparing sparse rows with all")
                executor.map(fill, parts[first : first + at_once])
    return indices, np.sqrt(distances) if metric == "euclidean" else distances


def _smallest(values: NDArray[np.float64], k: int) -> NDArray[np.integer[Any]]:
    """Columns of the k smallest of each row, ascending, ties by lower column."""
    n_columns = values.shape[1]
    if 4 * k >= n_columns:
        return np.argsort(values, axis=1, kind="stable")[:, :k]
    limit = np.partition(values, k - 1, axis=1)[:, k - 1]
    found = np.empty((len(values), k), dtype=np.int64)
    for i, row in enumerate(values):
        near = np.flatnonzero(row <= limit[i])
        found[i] = near[np.argsort(row[near], kind="stable")[:k]]
    return found


def _squares(rows: Any) -> NDArray[np.float64]:
    return np.asarray(rows.multiply(rows).sum(axis=1), dtype=np.float64).ravel()


def _directions(rows: Any) -> Any:
    """Rows of length one; those without values stay."""
    lengths = np.sqrt(_squares(rows))
    scale = np.divide(1.0, lengths, out=np.zeros(len(lengths)), where=lengths > 0)
    return rows.multiply(scale[:, None]).tocsr()


def _checked(X: Any, name: str, metric: str) -> Any:
    if metric not in SPARSE_METRICS:
        raise InvalidInputError(
            f"metric is {metric!r}; sparse rows have one of {', '.join(SPARSE_METRICS)}. "
            f"{name}.toarray() has the others."
        )
    if X.ndim != 2:
        raise ShapeError(f"{name} has shape {X.shape}; (n_samples, n_features) is needed.")
    if X.shape[1] == 0:
        raise ShapeError(
            f"{name} has shape {X.shape} and so no features; distances need at least one."
        )
    if np.dtype(X.dtype).kind not in "fiub":
        raise InvalidInputError(f"{name} has dtype {X.dtype}; real numbers are needed.")
    rows = X.tocsr().astype(np.float64)
    if not np.isfinite(rows.data).all():
        wrong = np.flatnonzero(~np.isfinite(rows.data))
        bad = np.unique(np.searchsorted(rows.indptr, wrong, side="right") - 1)
        raise InvalidInputError(
            f"{len(bad)} of {X.shape[0]} rows of {name} are not finite, the first is row {bad[0]}. "
            f"Distances need finite values; remove those rows first."
        )
    return rows


def _report_empty(rows: Any, notes: list[str]) -> None:
    zero = np.flatnonzero(_squares(rows) == 0)
    if len(zero):
        listed = ", ".join(str(row) for row in zero[:5]) + (", …" if len(zero) > 5 else "")
        notes.append(
            f"{len(zero)} rows are all zeros ({listed}): they have no direction, and their cosine "
            f"distance to every row is taken as 1."
        )
