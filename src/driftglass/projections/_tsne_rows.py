"""Rows as t-SNE takes them: dense, sparse or only their distances; neighbours under any metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..errors import InvalidInputError, ShapeError
from ..neighbors import NeighborGraph, NeighborIndex, nearest_neighbors
from ._affine import AffineMap
from ._initialization import AXES_FROM_ROWS, pca_start
from ._moments import principal_axes, row_blocks
from ._thin import DIRECTIONAL, SAME_DIRECTION, ThinMap, directions, thin_map

__all__ = [
    "check_distances",
    "index_of",
    "is_sparse",
    "neighbors_among",
    "neighbors_of_new",
    "principal_start",
    "thin_rows",
]

LINKS = 15
BLOCK_ROWS = 512
N_LANDMARKS = 1024
"""Rows whose distances to all others decide where a map of distances starts."""

Distance = Callable[[Any, Any], float]


def is_sparse(X: Any) -> bool:
    """Whether X is a SciPy sparse matrix."""
    return hasattr(X, "tocsr") and hasattr(X, "nnz")


def neighbors_among(
    X: Any,
    k: int,
    metric: str | Distance,
    *,
    n_jobs: int | None = None,
    progress: Progress = silent,
    device: Any = None,
) -> NeighborGraph:
    """The k nearest other rows of each row of X, of shape (n_samples, n_features).

    Parameters
    ----------
    X : ndarray or sparse matrix
        Vectors, or the square matrix of their distances if `metric` is "precomputed".
    k : int
        Below the number of rows.
    metric : str or callable
        A function of two rows is called once for each pair.
    n_jobs : int or None
        Threads; None uses every core.
    progress : callable
        Called with (done, total, what); may raise to stop.
    device : None, str or torch.device
        Where torch searches dense rows; others are searched here.
    """
    if isinstance(metric, str) and metric != "precomputed":
        place = None if is_sparse(X) else device
        return nearest_neighbors(
            X, k, metric=metric, n_jobs=n_jobs, progress=progress, device=place
        )
    n = len(X) if not is_sparse(X) else X.shape[0]
    if isinstance(metric, str):
        distances = X
        name = metric
    else:
        distances, name = _all_distances(dense(X), metric, progress), "callable"
    indices = np.empty((n, k), dtype=np.int32)
    nearest = np.empty((n, k), dtype=np.float32)
    for first in range(0, n, BLOCK_ROWS):
        part = slice(first, first + BLOCK_ROWS)
        block = np.array(distances[part], dtype=np.float64)
        block[np.arange(len(block)), np.arange(first, first + len(block))] = np.inf
        indices[part], nearest[part] = _smallest(block, k)
    everyone = np.arange(n, dtype=np.int32)
    return NeighborGraph(indices, nearest, name, everyone, n)


def index_of(X: Any, metric: str | Distance, graph: NeighborGraph | None) -> NeighborIndex:
    """Fitted rows, to be asked for the nearest to new ones."""
    if callable(metric):
        return NeighborIndex(dense(X), metric=metric)
    # Only a few neighbours: walking a graph of all those of t-SNE would take longer.
    if graph is not None:
        graph = graph.restrict(min(graph.n_neighbors, LINKS))
    return NeighborIndex(X, metric=metric, graph=graph)


def neighbors_of_new(
    X: Any, k: int, index: NeighborIndex | None, n_threads: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Fitted rows nearest to each row of X and their distances, both (n, k).

    Without an index X holds the distances from new rows to the fitted ones.
    """
    if index is not None:
        return index.query(dense(X) if callable(index.metric) else X, k, n_jobs=n_threads)
    check_distances(X, square=False)
    return _smallest(np.asarray(X, dtype=np.float64), k)


def check_distances(D: NDArray[Any], *, square: bool = True) -> None:
    """Refuse what can't be a matrix of distances."""
    if square and D.shape[0] != D.shape[1]:
        raise ShapeError(f"X has shape {D.shape}; precomputed distances are a square matrix.")
    if D.size and D.min() < 0:
        row = int(np.flatnonzero((D < 0).any(axis=1))[0])
        raise InvalidInputError(
            f"X holds {D.min()} (row {row}); distances are not negative. Of similarities pass "
            f"what is left to their largest."
        )


def thin_rows(X: Any, metric: str | Distance, n_components: int) -> ThinMap | None:
    """Map of rows that need no method, or None if they do."""
    kind = metric if isinstance(metric, str) else "callable"
    if kind == "precomputed":
        return _thin_distances(X, n_components)
    if not is_sparse(X):
        thin = thin_map(X, kind, n_components)
        if thin is None or kind != "callable" or isinstance(metric, str) or thin.notes:
            return thin
        return replace(thin, coordinates=_few_places(X, metric, n_components))
    n = X.shape[0]
    if n <= 3 or kind == "correlation":
        return thin_map(dense(X), kind, n_components)
    rows = _sparse_directions(X) if kind in DIRECTIONAL else X
    apart = abs(rows.max(axis=0) - rows.min(axis=0)).max()
    if apart > (SAME_DIRECTION if kind in DIRECTIONAL else 0.0):
        return None
    few = thin_map(np.repeat(dense(X[:1]), 2, axis=0), kind, n_components)
    assert few is not None
    stacked = np.zeros((n, n_components), dtype=np.float32)
    return ThinMap(stacked, (f"all {n} rows are equal: one stacked point.",), few.place, kind)


def principal_start(X: Any, metric: str | Distance, n_components: int) -> NDArray[np.float64]:
    """Coordinates on principal axes; of distances, those of classical scaling to landmarks."""
    kind = metric if isinstance(metric, str) else "callable"
    if kind == "precomputed":
        return _scaled_to_landmarks(X, n_components)
    if not is_sparse(X):
        if kind not in DIRECTIONAL:
            return pca_start(X, n_components)
        # Directions in double precision are wide, so those of a block at a time.
        part = directions(X[:: max(1, len(X) // AXES_FROM_ROWS)], kind)
        axes = AffineMap.from_axes(principal_axes(part, n_components), n_components)
        blocks = [axes(directions(X[rows], kind)) for rows in row_blocks(*X.shape)]
        return np.concatenate(blocks)
    if kind == "correlation":
        return pca_start(directions(dense(X), kind), n_components)
    return pca_start(_sparse_directions(X) if kind == "cosine" else X, n_components)


def dense(X: Any) -> NDArray[Any]:
    """X as an array."""
    return np.asarray(X.toarray() if is_sparse(X) else X)


def _sparse_directions(X: Any) -> Any:
    rows = X.tocsr().astype(np.float64)
    squares = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    counts = np.diff(rows.indptr)
    lengths = np.sqrt(np.where(squares > 0, squares, 1.0))
    rows.data = rows.data / np.repeat(lengths, counts)
    return rows


def _scaled_to_landmarks(D: NDArray[Any], n_components: int) -> NDArray[np.float64]:
    """Classical scaling of some rows, and all others beside them (de Silva and Tenenbaum 2004)."""
    n = len(D)
    chosen = np.arange(n)[:: max(1, -(-n // N_LANDMARKS))]
    squared = D[chosen].astype(np.float64) ** 2
    inner = squared[:, chosen]
    inner = 0.5 * (inner + inner.T)
    means = inner.mean(axis=0)
    gram = -0.5 * (inner - means - means[:, None] + means.mean())
    values, vectors = np.linalg.eigh(gram)
    kept = np.arange(len(values))[::-1][:n_components]
    kept = kept[values[kept] > 1e-9 * max(values[-1], 1e-300)]
    vectors = vectors[:, kept]
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.sign(vectors[largest, np.arange(len(kept))])
    Y = np.zeros((n, n_components))
    Y[:, : len(kept)] = 0.5 * (means - squared.T) @ (vectors / np.sqrt(values[kept]))
    return Y


def _thin_distances(D: NDArray[Any], n_components: int) -> ThinMap | None:
    check_distances(D)
    n = len(D)
    equal = not D.any()
    if n > 3 and not equal:
        return None
    Y = np.zeros((n, n_components)) if equal else _scaled_to_landmarks(D, n_components)
    notes: tuple[str, ...] = ()
    if equal and n > 1:
        notes = (f"all {n} rows are equal: one stacked point.",)
    # New rows come as distances, which have no place on axes: they go to the centre.
    flat = np.zeros((n_components, n))
    place = AffineMap(np.zeros(n), flat, np.zeros(n_components), np.zeros(n_components))
    return ThinMap(Y.astype(np.float32), notes, place, "precomputed")


def _few_places(X: NDArray[Any], metric: Distance, n_components: int) -> NDArray[np.float32]:
    D = _all_distances(X, metric, silent)
    return _scaled_to_landmarks(D, n_components).astype(np.float32)


def _all_distances(X: NDArray[Any], metric: Distance, progress: Progress) -> NDArray[np.float32]:
    n = len(X)
    distances = np.zeros((n, n), dtype=np.float32)
    for i in range(n):
        if i % 64 == 0:
            progress(i, n, "measuring distances")
        for j in range(i):
            distances[i, j] = distances[j, i] = _checked(metric(X[i], X[j]), i, j)
    return distances


def _checked(distance: Any, i: int, j: int) -> float:
    value = float(distance)
    if not 0 <= value < np.inf:
        raise InvalidInputError(
            f"metric returns {value} for rows {i} and {j}; a distance is finite and not negative."
        )
    return value


def _smallest(D: NDArray[np.float64], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Columns and values of the k smallest entries of each row, ties by lower column."""
    wider = min(D.shape[1], k + 32)
    near = np.sort(np.argpartition(D, wider - 1, axis=1)[:, :wider], axis=1)
    values = np.take_along_axis(D, near, axis=1)
    order = np.argsort(values, axis=1, kind="stable")[:, :k]
    indices = np.take_along_axis(near, order, axis=1).astype(np.int32)
    return indices, np.take_along_axis(values, order, axis=1).astype(np.float32)
