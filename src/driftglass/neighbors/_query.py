"""Neighbours of new rows among known ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._graph import NeighborGraph
from ._index import NeighborIndex

__all__ = ["query_neighbors"]


def query_neighbors(
    Q: Any,
    X: Any,
    n_neighbors: int,
    *,
    metric: str | Callable[[Any, Any], float] = "euclidean",
    graph: NeighborGraph | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rows of X nearest to each row of Q.

    A row's answer does not depend on the other rows of Q, nor on `n_jobs`.

    Parameters
    ----------
    Q : array-like or SciPy sparse matrix of shape (n_queries, n_features)
        Finite vectors.
    X : array-like or SciPy sparse matrix of shape (n_samples, n_features)
        Finite vectors among which to look. Sparse ones that would take more than 256 MB filled in
        stay sparse.
    n_neighbors : int
        From 1 to n_samples.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "inner_product"} or callable
        As in `exact_neighbors`. A function of two rows is called for every pair, and Q and X are
        any sequences of rows; large ones that stay sparse have no correlation.
    graph : NeighborGraph, optional
        Neighbours of all rows of X among themselves. With it very many rows are reached by a walk
        over the graph, which finds nearly all neighbours; else all rows are looked at.
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
        Q and X differ in their number of features.
    InvalidInputError
        A value is not finite, there are not as many rows, or no such metric.

    See Also
    --------
    NeighborIndex : keeps what it prepares, for more than one question.

    Examples
    --------
    >>> indices, distances = query_neighbors([[0.2, 0.0]], [[0.0, 0.0], [1.0, 0.0]], 1)
    >>> indices.tolist(), distances.round(1).tolist()
    ([[0]], [[0.2]])
    """
    return NeighborIndex(X, metric=metric, graph=graph).query(Q, n_neighbors, n_jobs=n_jobs)
