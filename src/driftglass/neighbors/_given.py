"""Neighbours out of distances that the caller has: a matrix, or lists per row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ._graph import NeighborGraph
from ._inputs import as_finite_float32, clamped, is_sparse, said

__all__ = ["given_neighbors", "neighbors_of_distances"]

BLOCK_VALUES = 1 << 22


def given_neighbors(indices: Any, distances: Any, *, metric: str = "precomputed") -> NeighborGraph:
    """Neighbours found elsewhere, as a graph.

    Parameters
    ----------
    indices : array-like of int of shape (n_samples, n_neighbors)
        Rows nearest to each row, in any order. A row that names itself is taken out of its own
        list, or else the farthest is, so that all lists stay of one length.
    distances : array-like of shape (n_samples, n_neighbors)
        Their distances; finite.
    metric : str
        What they were measured by.

    Returns
    -------
    graph : NeighborGraph
        Nearest first, with `method` "given". Its `recall` is nan: it is not known.

    Raises
    ------
    ShapeError
        The two differ in shape.
    InvalidInputError
        A distance is not finite, or an index is not a row.

    Examples
    --------
    >>> given_neighbors([[1], [0]], [[2.0], [2.0]]).method
    'given'
    """
    rows = np.asarray(indices)
    values = as_vectors(distances, name="distances").astype(np.float64)
    if rows.ndim != 2 or rows.shape != values.shape:
        raise ShapeError(
            f"indices has shape {rows.shape} and distances {values.shape}; "
            f"(n_samples, n_neighbors) twice is needed."
        )
    if rows.size and rows.dtype.kind not in "iu":
        raise InvalidInputError(f"indices has dtype {rows.dtype}; row numbers are needed.")
    n = len(rows)
    wrong = ((rows < 0) | (rows >= n)).any(axis=1) if rows.size else np.zeros(n, dtype=bool)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InvalidInputError(
            f"indices of {wrong.sum()} rows name rows that are not there, the first is row "
            f"{first}: {rows[first].tolist()}. Rows are 0 to {n - 1}; where a search found fewer, "
            f"ask it for fewer neighbours."
        )
    unknown = ~np.isfinite(values).all(axis=1)
    if unknown.any():
        raise InvalidInputError(
            f"distances of {unknown.sum()} rows are not finite, the first is row "
            f"{np.flatnonzero(unknown)[0]}. Ask the search for fewer neighbours."
        )
    own = rows == np.arange(n)[:, None]
    if own.any():
        values = np.where(own, -np.inf, values)
    order = np.lexsort((rows, values), axis=1)
    rows, values = np.take_along_axis(rows, order, 1), np.take_along_axis(values, order, 1)
    if own.any():
        first_is_own = (values[:, :1] == -np.inf).repeat(rows.shape[1], axis=1)
        rows = np.where(first_is_own[:, 1:], rows[:, 1:], rows[:, :-1])
        values = np.where(first_is_own[:, 1:], values[:, 1:], values[:, :-1])
    return NeighborGraph(
        indices=np.ascontiguousarray(rows, dtype=np.int32),
        distances=as_finite_float32(values),
        metric=metric,
        queries=np.arange(n, dtype=np.int32),
        n_samples=n,
        method="given",
        recall=float("nan"),
    )


def neighbors_of_distances(D: Any, n_neighbors: int) -> NeighborGraph:
    """Neighbours out of a matrix of distances, of shape (n_samples, n_samples).

    What a sparse matrix does not store is no neighbour. A row without enough stored distances
    lowers `n_neighbors` for all.
    """
    if is_sparse(D):
        return _of_sparse(D, n_neighbors)
    D = as_vectors(D, name="X")
    _require_square(D.shape)
    n = len(D)
    notes: list[str] = []
    k = clamped(n_neighbors, n - 1, notes)
    indices = np.empty((n, k), dtype=np.int32)
    distances = np.empty((n, k))
    step = max(1, BLOCK_VALUES // max(1, n))
    for first in range(0, n, step):
        block = D[first : first + step].astype(np.float64)
        _require_distances(block, first)
        at = np.arange(len(block))
        block[at, first + at] = np.inf
        # All that may be among the nearest, then in the order of distance and row.
        found = np.argsort(block, axis=1, kind="stable")[:, :k]
        indices[first : first + step] = found
        distances[first : first + step] = np.take_along_axis(block, found, axis=1)
    return _graph(indices, distances, notes)


def _of_sparse(D: Any, n_neighbors: int) -> NeighborGraph:
    _require_square(D.shape)
    n = D.shape[0]
    stored = D.tocsr()
    notes: list[str] = []
    k = clamped(n_neighbors, n - 1, notes)
    starts, columns = np.asarray(stored.indptr), np.asarray(stored.indices)
    values = np.asarray(stored.data).astype(np.float64)
    rows = np.repeat(np.arange(n), np.diff(starts))
    _require_distances(values[None, :], 0)
    others = columns != rows
    rows, columns, values = rows[others], columns[others], values[others]
    counts = np.bincount(rows, minlength=n)
    if n and counts.min() < k:
        fewest = int(counts.argmin())
        notes.append(
            f"n_neighbors {n_neighbors} lowered to {counts.min()}: row {fewest} stores distances "
            f"to no more other rows."
        )
        k = int(counts.min())
    order = np.lexsort((columns, values, rows))
    begins = np.concatenate([[0], np.cumsum(counts)])[:-1]
    taken = order[begins[:, None] + np.arange(k)]
    return _graph(columns[taken].astype(np.int32), values[taken], notes)


def _graph(indices: NDArray[np.int32], distances: NDArray[Any], notes: list[str]) -> NeighborGraph:
    return NeighborGraph(
        indices=np.ascontiguousarray(indices),
        distances=as_finite_float32(distances),
        metric="precomputed",
        queries=np.arange(len(indices), dtype=np.int32),
        n_samples=len(indices),
        notes=said(notes),
    )


def _require_square(shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ShapeError(
            f"X has shape {shape}; with metric='precomputed' it is a square matrix of distances, "
            f"from every row to every row."
        )


def _require_distances(block: NDArray[np.float64], first: int) -> None:
    if not np.isfinite(block).all():
        row = first + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
        raise InvalidInputError(
            f"Row {row} of X holds a distance that is not finite. Store unknown distances in no "
            f"entry of a sparse matrix, or set them to a large number."
        )
    if block.size and block.min() < 0:
        row = first + int(np.flatnonzero((block < 0).any(axis=1))[0])
        raise InvalidInputError(
            f"Row {row} of X holds the distance {block.min():g}; distances are not negative. "
            f"Turn similarities s into distances first, for example 1 - s."
        )
