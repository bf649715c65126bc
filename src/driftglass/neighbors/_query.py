"""Neighbours of new rows among known ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..errors import InvalidInputError, ShapeError
from ..parallel import Threads
from ._graph import METRICS, NeighborGraph
from ._inputs import checked_vectors
from ._padded import ANGULAR, PaddedVectors
from ._rounded import RoundedRows, rounding_pays

__all__ = ["query_neighbors"]

WALK_FROM = 20_000
"""Rows from which walking the graph of the known rows beats looking at all of them."""
N_ENTRIES = 1024
ROWS_PER_ENTRY = 64
"""A walk begins at the nearest of some rows drawn by chance: as many as either of these says. A
group that is linked to no other and holds none of them would not be found."""
MORE = 24
"""Rows beyond those wanted that a walk goes through; fewer miss more."""
SETTLED_VALUES = 1 << 21
ROUNDED = ("euclidean", "cosine", "inner_product")
ROUNDED_WORK = 4e12
"""Operations up to which rounded rows are all compared rather than walked through: seconds."""


def query_neighbors(
    Q: Any,
    X: Any,
    n_neighbors: int,
    *,
    metric: str = "euclidean",
    graph: NeighborGraph | None = None,
    n_jobs: int | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rows of X nearest to each row of Q.

    A row's answer does not depend on the other rows of Q, nor on `n_jobs`.

    Parameters
    ----------
    Q : array-like of shape (n_queries, n_features)
        Finite vectors.
    X : array-like of shape (n_samples, n_features)
        Finite vectors among which to look.
    n_neighbors : int
        From 1 to n_samples.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "inner_product"}
        As in `approximate_neighbors`.
    graph : NeighborGraph, optional
        Neighbours of all rows of X among themselves. With it, not all is looked at exactly: rows
        rounded to 8 bits are compared, or very many are reached by a walk over the graph. Both
        find nearly all neighbours.
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

    Examples
    --------
    >>> indices, distances = query_neighbors([[0.2, 0.0]], [[0.0, 0.0], [1.0, 0.0]], 1)
    >>> indices.tolist(), distances.round(1).tolist()
    ([[0]], [[0.2]])
    """
    Q, X = checked_vectors(Q, "Q"), checked_vectors(X)
    if metric not in METRICS:
        raise InvalidInputError(f"metric is {metric!r}; one of {', '.join(METRICS)} is needed.")
    if Q.shape[1] != X.shape[1]:
        raise ShapeError(f"Q has {Q.shape[1]} features and X has {X.shape[1]}; as many are needed.")
    if not 1 <= n_neighbors <= len(X):
        raise InvalidInputError(f"n_neighbors is {n_neighbors}; 1 to {len(X)} can be found in X.")
    largest = max(float(np.abs(X).max(initial=0.0)), float(np.abs(Q).max(initial=0.0)))
    # A power of two, so that scaling rounds nothing and squares neither overflow nor vanish.
    scale = float(2.0 ** np.ceil(np.log2(largest))) if largest > 0 else 1.0
    base, asked = _scaled(X, scale), _scaled(Q, scale)
    with Threads(n_jobs) as executor:
        candidates = _candidates(asked, base, n_neighbors, metric, graph, executor)
        indices = np.empty((len(Q), n_neighbors), dtype=np.int32)
        distances = np.empty((len(Q), n_neighbors))
        size = max(1, SETTLED_VALUES // (candidates.shape[1] * max(1, X.shape[1])))

        def settle(part: slice) -> None:
            there = _distances(asked[part], base[candidates[part]], metric)
            there[candidates[part] < 0] = np.inf
            order = np.lexsort((candidates[part], there), axis=1)[:, :n_neighbors]
            indices[part] = np.take_along_axis(candidates[part], order, axis=1)
            distances[part] = np.take_along_axis(there, order, axis=1)

        executor.map(settle, [slice(i, i + size) for i in range(0, len(Q), size)])
    if metric not in ANGULAR:
        distances *= scale**2 if metric == "inner_product" else scale
    return indices, distances.astype(np.float32)


def _candidates(
    asked: NDArray[np.float32],
    base: NDArray[np.float32],
    k: int,
    metric: str,
    graph: NeighborGraph | None,
    executor: Threads,
) -> NDArray[np.int32]:
    n = len(base)
    own_order = np.arange(n, dtype=np.int32)
    their_order = np.arange(len(asked), dtype=np.int32)
    if graph is not None and metric in ROUNDED and rounding_pays(n, base.shape[1]):
        work = 2.0 * n * len(asked) * base.shape[1]
        if work <= ROUNDED_WORK:
            rounded = RoundedRows.of(base, metric, executor, order=own_order)
            like = RoundedRows.of(asked, metric, executor, order=their_order, like=rounded)
            return rounded.nearest(like, min(k + MORE, n), executor)
    X = PaddedVectors.of(base, metric, own_order, executor)
    Q = PaddedVectors.of(asked, metric, their_order, executor, mean=X.mean)
    entries, wanted = own_order, min(k + 8, n)
    starts, columns = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int32)
    if graph is not None and n >= WALK_FROM:
        wanted = k + MORE
        n_entries = min(n, max(N_ENTRIES, n // ROWS_PER_ENTRY))
        entries = np.sort(np.random.default_rng(0).choice(n, n_entries, replace=False))
        # Links both ways: what is nobody's neighbour can still be reached.
        starts, columns, _ = _kernels.fuzzy_union(
            graph.indices,
            np.ones(graph.indices.shape, dtype=np.float32),
            1.0,
            n_threads=executor.n_workers,
        )
    _, rows = _kernels.search(
        Q.vectors,
        Q.norms,
        X.vectors,
        X.norms,
        entries.astype(np.int32),
        starts,
        columns,
        wanted,
        X.measure,
        n_threads=executor.n_workers,
    )
    return rows


def _scaled(X: NDArray[Any], scale: float) -> NDArray[np.float32]:
    if X.dtype == np.float32 and scale == 1.0:
        return np.ascontiguousarray(X)
    return np.ascontiguousarray(
        X / X.dtype.type(scale) if X.dtype == np.float32 else X / scale, dtype=np.float32
    )


def _distances(
    asked: NDArray[np.float32], others: NDArray[np.float32], metric: str
) -> NDArray[np.float64]:
    """Distances from (n, d) to (n, m, d), computed from differences in double precision."""
    a, b = asked.astype(np.float64)[:, None, :], others.astype(np.float64)
    found: NDArray[np.float64]
    if metric == "euclidean":
        b -= a
        found = np.sqrt(np.einsum("ijk,ijk->ij", b, b))
        return found
    if metric == "manhattan":
        b -= a
        found = np.abs(b, out=b).sum(axis=2)
        return found
    if metric == "correlation":
        a = a - a.mean(axis=2, keepdims=True)
        b -= b.mean(axis=2, keepdims=True)
    product = np.einsum("ijk,ijk->ij", np.broadcast_to(a, b.shape), b)
    if metric == "inner_product":
        found = -product
        return found
    norms = np.linalg.norm(a, axis=2) * np.linalg.norm(b, axis=2)
    cosine = np.divide(product, norms, out=np.zeros_like(product), where=norms > 0)
    found = np.maximum(0.0, 1.0 - cosine)
    return found
