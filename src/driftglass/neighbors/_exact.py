"""Exact nearest neighbours: narrowed down by matrix products, settled by differences.

Three steps. Blocks of ``|x|² - 2 q·x`` in single precision give each row a few more candidates
than it needs. Distances of the candidates are then computed from the vectors themselves. Last,
an error bound tells for each row whether a row outside its candidates could still belong to the
k nearest; the few rows where it could are done again with more precision, so the result is exact
for every input and not only for friendly ones.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._arrays import as_vectors, finite_rows
from ..errors import DriftglassWarning, InvalidInputError, ShapeError
from ..parallel import Threads
from ._candidates import Centered, Metric, candidates, candidates_again
from ._graph import NeighborGraph

__all__ = ["exact_neighbors"]

EXACT_IN_FLOAT32 = {"float16", "float32", "bool", "int8", "uint8", "int16", "uint16"}


def exact_neighbors(
    X: Any,
    n_neighbors: int,
    *,
    metric: Metric = "euclidean",
    queries: Any = None,
    exclude_self: bool = True,
    n_jobs: int | None = None,
) -> NeighborGraph:
    """Nearest neighbours of rows of X among all rows of X, without approximation.

    The result does not depend on the order of rows (but for ties) nor on `n_jobs`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors. Values that float32 cannot hold are centred before they are rounded to
        it, or for "cosine" rounded as they are.
    n_neighbors : int
        Neighbours per row. Lowered with a warning if there are not as many other rows.
    metric : {"euclidean", "cosine"}
        "cosine" is 1 - cos(angle), in [0, 2]; from or to a row of zeros it is 1.
    queries : array-like of int of shape (n_queries,), optional
        Rows whose neighbours are wanted; all by default.
    exclude_self : bool
        Whether a row is not its own neighbour. Its duplicates always may be.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    graph : NeighborGraph
        Neighbours of each query row, nearest first, ties by lower row.

    Raises
    ------
    ShapeError
        X is not two-dimensional or has no features.
    InvalidInputError
        A value is not finite, a query is not a row, or `n_neighbors` is negative.

    See Also
    --------
    driftglass.diagnostics.quality : compares neighbours in vectors and map.

    Examples
    --------
    >>> exact_neighbors([[0.0, 0.0], [0.0, 1.0], [5.0, 5.0]], 1).indices.ravel()
    array([1, 0, 1], dtype=int32)
    """
    X = as_vectors(X, name="X")
    if metric not in ("euclidean", "cosine"):
        raise InvalidInputError(f"metric is {metric!r}; 'euclidean' or 'cosine' is needed.")
    if X.shape[1] == 0:
        raise ShapeError(f"X has shape {X.shape} and so no features; distances need at least one.")
    _require_finite(X)
    rows = _query_rows(queries, len(X))
    notes: list[str] = []
    k = _clamped(n_neighbors, len(X) - bool(exclude_self), notes)
    base, scale = _as_float32(X, metric)
    if metric == "cosine":
        _report_zero_rows(base, notes)
    if k == 0 or len(rows) == 0:
        distances = np.empty((len(rows), k))
        indices = np.empty((len(rows), k), dtype=np.int32)
    else:
        with Threads(n_jobs) as executor:
            distances, indices = _nearest(base, rows, k + exclude_self, metric, executor)
    if exclude_self:
        distances, indices = _without_self(distances, indices, rows, k)
    if metric == "euclidean":
        distances = np.sqrt(distances) * scale
    for note in notes:
        warnings.warn(note, DriftglassWarning, stacklevel=2)
    return NeighborGraph(
        indices=np.ascontiguousarray(indices),
        distances=_as_finite_float32(distances),
        metric=metric,
        queries=rows,
        n_samples=len(X),
        notes=tuple(notes),
    )


def _nearest(
    base: NDArray[np.float32], rows: NDArray[np.int32], k: int, metric: Metric, executor: Threads
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The k nearest rows, the row itself included."""
    centered = Centered.of(base, metric, executor)
    found = candidates(centered, rows, k, executor)
    distances, indices = _settled(base, rows, found.columns, k, metric, executor)
    doubtful = np.flatnonzero(~found.certifies(_squared(distances[:, -1], metric, centered)))
    if len(doubtful) == 0:
        return distances, indices
    # Equal rows share their answer. Without this, a layer that maps thousands of rows to zero
    # would cost a pass over the data for each of them.
    first, group = _unique_rows(base[rows[doubtful]])
    leaders = rows[doubtful[first]]
    again = candidates_again(centered, base, leaders, k, metric, executor)
    better, where = _settled(base, leaders, again.columns, k, metric, executor)
    settled = again.certifies(_squared(better[:, -1], metric, centered))
    everyone = np.arange(len(base), dtype=np.int32)[None, :]
    for leader in np.flatnonzero(~settled):
        one = slice(leader, leader + 1)
        better[one], where[one] = _settled(base, leaders[one], everyone, k, metric, executor)
    distances[doubtful], indices[doubtful] = better[group], where[group]
    return distances, indices


def _settled(
    base: NDArray[np.float32],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    k: int,
    metric: Metric,
    executor: Threads,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    return _kernels.nearest_candidates(
        base,
        rows,
        columns,
        k,
        metric="sqeuclidean" if metric == "euclidean" else "cosine",
        n_threads=executor.n_workers,
    )


def _squared(
    distances: NDArray[np.float64], metric: Metric, centered: Centered
) -> NDArray[np.float64]:
    """Squared distances in the unit of the centred vectors."""
    if metric == "cosine":
        distances = 2.0 * distances  # |a - b|² of unit vectors
    return distances * centered.scale**2


def _unique_rows(X: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First row of each group of equal rows, and the group of each row."""
    # Adding zero turns -0 into +0, so that equal values are equal bytes.
    contiguous = np.ascontiguousarray(X + np.float32(0))
    packed = contiguous.view(np.dtype((np.void, contiguous.itemsize * X.shape[1]))).ravel()
    _, first, group = np.unique(packed, return_index=True, return_inverse=True)
    return first, group


def _without_self(
    distances: NDArray[np.float64], indices: NDArray[np.int32], rows: NDArray[np.int32], k: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Drop the row itself, or the last entry where more than k duplicates crowd it out."""
    if k == 0:
        return distances[:, :0], indices[:, :0]
    own = indices == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return distances[~own].reshape(-1, k), indices[~own].reshape(-1, k)


def _require_finite(X: NDArray[Any]) -> None:
    finite = finite_rows(X)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        raise InvalidInputError(
            f"{len(bad)} of {len(X)} rows of X are not finite, the first is row {bad[0]}. "
            f"Distances need finite values; keep X[np.isfinite(X).all(axis=1)]."
        )


def _query_rows(queries: Any, n_samples: int) -> NDArray[np.int32]:
    if queries is None:
        return np.arange(n_samples, dtype=np.int32)
    rows = np.asarray(queries)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise InvalidInputError(
            f"queries has shape {rows.shape} and dtype {rows.dtype}; a flat list of row numbers "
            f"is needed. Turn a mask into one with np.flatnonzero."
        )
    if rows.size and (rows.min() < 0 or rows.max() >= n_samples):
        raise InvalidInputError(
            f"queries holds {rows.min()} to {rows.max()}; rows of X are 0 to {n_samples - 1}."
        )
    return np.ascontiguousarray(rows, dtype=np.int32)


def _clamped(n_neighbors: int, most: int, notes: list[str]) -> int:
    if n_neighbors < 0:
        raise InvalidInputError(f"n_neighbors is {n_neighbors}; at least 0 is needed.")
    if n_neighbors <= most:
        return int(n_neighbors)
    most = max(most, 0)
    notes.append(f"n_neighbors {n_neighbors} lowered to {most}: there are no more other rows.")
    return most


def _as_float32(X: NDArray[Any], metric: Metric) -> tuple[NDArray[np.float32], float]:
    """Vectors as float32, and what to multiply their distances by."""
    if X.dtype.name in EXACT_IN_FLOAT32 or len(X) == 0:
        return np.ascontiguousarray(X, dtype=np.float32), 1.0
    if X.dtype.kind in "iu" and metric == "euclidean":
        lowest = X.min(axis=0)
        if (X.max(axis=0).astype(np.float64) - lowest.astype(np.float64)).max() < 2**24:
            # Counts and pixels tie often, and exact differences keep the ties.
            return np.ascontiguousarray(X - lowest, dtype=np.float32), 1.0
    if X.dtype.kind == "f":
        with np.errstate(over="ignore"):
            narrow = np.ascontiguousarray(X, dtype=np.float32)
        if (narrow == X).all():
            return narrow, 1.0
    wide = X.astype(np.float64)
    if metric == "euclidean":
        wide -= wide.mean(axis=0)
    largest = float(np.abs(wide).max(initial=0.0))
    # A power of two, so that scaling rounds nothing.
    scale = float(2.0 ** np.ceil(np.log2(largest))) if largest > 0 else 1.0
    return np.ascontiguousarray(wide / scale, dtype=np.float32), scale


def _report_zero_rows(base: NDArray[np.float32], notes: list[str]) -> None:
    zero = np.flatnonzero(~base.any(axis=1))
    if len(zero):
        listed = ", ".join(str(row) for row in zero[:5]) + (", …" if len(zero) > 5 else "")
        notes.append(
            f"{len(zero)} rows are all zeros ({listed}): they have no direction, and their cosine "
            f"distance to every row is taken as 1."
        )


def _as_finite_float32(distances: NDArray[np.float64]) -> NDArray[np.float32]:
    largest = float(distances.max(initial=0.0))
    if largest > float(np.finfo(np.float32).max):
        raise InvalidInputError(
            f"A distance is {largest:.3g}, beyond float32. Divide X by {largest:.0e} first."
        )
    return distances.astype(np.float32)
