"""Neighbours of one row, by looking at all of them: nothing is built, and nothing is missed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..errors import InvalidInputError
from ._graph import METRICS

__all__ = ["neighbors_of_one"]

BLOCK_VALUES = 1 << 19
"""Values looked at together: a file mapped into memory passes by in pieces of 4 MB."""
ROUNDING = 1e-14


def neighbors_of_one(
    X: Any, row: int, n_neighbors: int, *, metric: str = "euclidean"
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of X nearest to one of them, in double precision from differences.

    Needs no memory beside a block of rows, so that X may be a mapped file.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors. Rows that are not finite are nobody's neighbour.
    row : int
        From 0 to n_samples - 1; finite.
    n_neighbors : int
        Neighbours wanted, without the row itself; fewer come where there are not as many.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "inner_product"}
        As in `exact_neighbors`.

    Returns
    -------
    indices : ndarray of shape (n_found,), dtype int64
        Nearest first; equal distances by lower row.
    distances : ndarray of shape (n_found,), dtype float64
        Their distances.

    Raises
    ------
    InvalidInputError
        No such row or metric, or the row is not finite.

    See Also
    --------
    exact_neighbors : for many rows at once.

    Examples
    --------
    >>> indices, distances = neighbors_of_one([[0.0], [1.0], [3.0]], 0, 2)
    >>> indices.tolist(), distances.tolist()
    ([1, 2], [1.0, 3.0])
    """
    X = as_vectors(X, name="X")
    if metric not in METRICS:
        raise InvalidInputError(f"metric is {metric!r}; one of {', '.join(METRICS)} is needed.")
    if not 0 <= row < len(X):
        raise InvalidInputError(f"row is {row}; 0 to {len(X) - 1} is needed.")
    if n_neighbors < 1:
        raise InvalidInputError(f"n_neighbors is {n_neighbors}; at least 1 is needed.")
    asked = X[row].astype(np.float64)
    if not np.isfinite(asked).all():
        raise InvalidInputError(f"Row {row} is not finite, so nothing is near it.")
    scale = _scale(asked) if X.dtype == np.float64 else 1.0
    asked = _prepared(asked[None] / scale, metric)[0]
    size = max(1, BLOCK_VALUES // max(1, X.shape[1]))
    near = np.empty(0)
    found = np.empty(0, dtype=np.int64)
    for start in range(0, len(X), size):
        block = X[start : start + size].astype(np.float64)
        if scale != 1.0:
            block /= scale
        # What overflows is farther than anything that can be told apart.
        with np.errstate(over="ignore", invalid="ignore"):
            distances = _distances(asked, _prepared(block, metric), metric)
        distances[~np.isfinite(distances)] = np.inf
        if start <= row < start + size:
            distances[row - start] = np.inf
        near = np.concatenate([near, distances])
        found = np.concatenate([found, np.arange(start, start + len(block))])
        order = _smallest(near, found, n_neighbors)
        near, found = near[order], found[order]
    there = np.isfinite(near)
    distances = near[there]
    if metric not in ("cosine", "correlation"):
        distances = distances * (scale**2 if metric == "inner_product" else scale)
    return found[there], distances


def _smallest(near: NDArray[np.float64], found: NDArray[np.int64], k: int) -> NDArray[np.intp]:
    """Places of the k smallest, in order; all that equal the k-th are looked at."""
    limit = np.partition(near, k - 1)[k - 1] if k < len(near) else np.inf
    part = np.flatnonzero(near <= limit)
    return part[np.lexsort((found[part], near[part]))][:k]


def _scale(values: NDArray[np.float64]) -> float:
    """Power of two near the largest value, by which squares neither overflow nor vanish."""
    largest = float(np.abs(values).max(initial=0.0))
    return float(2.0 ** np.ceil(np.log2(largest))) if largest > 0 else 1.0


def _prepared(rows: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    if metric == "correlation":
        means = rows.mean(axis=1, keepdims=True)
        # What is left of a constant row is rounding, which has no direction.
        rows = rows - means
        rows[(np.abs(rows) <= ROUNDING * np.abs(means)).all(axis=1)] = 0.0
    if metric in ("cosine", "correlation"):
        largest = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
        rows = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        # A row that is zero throughout has no direction: it is at 1 from every other.
        unit: NDArray[np.float64] = np.divide(rows, norms, out=rows, where=norms > 0)
        unit[np.isnan(largest[:, 0])] = np.nan
        return unit
    return rows


def _distances(
    asked: NDArray[np.float64], rows: NDArray[np.float64], metric: str
) -> NDArray[np.float64]:
    if metric == "inner_product":
        return -(rows @ asked)
    if metric == "manhattan":
        rows = np.abs(rows - asked)
        return np.asarray(rows.sum(axis=1))
    difference = rows - asked
    squares = np.einsum("ij,ij->i", difference, difference)
    if metric == "euclidean":
        return np.asarray(np.sqrt(squares))
    # Half of |a - b|² of unit vectors is 1 - cos, without its cancellation; but not of a zero row.
    zero = ~rows.any(axis=1) | (not asked.any())
    return np.where(zero, 1.0, squares / 2)
