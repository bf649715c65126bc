"""Nearest neighbours of whatever rows there are, by whichever search has less to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

from numpy.typing import NDArray

from .._arrays import as_vectors
from .._device import as_device
from .._progress import Progress
from ..errors import InvalidInputError
from ._approximate import approximate_neighbors
from ._callable import neighbors_by_callable
from ._exact import exact_neighbors
from ._given import neighbors_of_distances
from ._graph import METRICS, NeighborGraph
from ._inputs import clamped, is_sparse
from ._remembered import remembered
from ._rounded import rounding_pays
from ._sparse import DENSE_BYTES, sparse_neighbors
from ._work import work_of_all_pairs, work_of_blocks, work_of_descent

__all__ = ["nearest_neighbors"]

FEW = 30
"""Neighbours up to which proving that none was missed costs little."""
MANY_ROWS = 10_000
"""Rows up to which that costs little for more of them, too."""


def nearest_neighbors(
    X: Any,
    n_neighbors: int,
    *,
    metric: str | Callable[[Any, Any], float] = "euclidean",
    method: Literal["auto", "exact", "approximate"] = "auto",
    init: NeighborGraph | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    device: Any = None,
) -> NeighborGraph:
    """Nearest neighbours of every row of X, exact where that is not slower.

    Parameters
    ----------
    X : array-like or SciPy sparse matrix of shape (n_samples, n_features)
        Finite vectors. With `metric` "precomputed" distances of all rows to all rows, of which a
        sparse matrix may hold the small ones only; with a function any sequence of rows.
    n_neighbors : int
        Neighbours per row, without the row itself.
    metric : str or callable
        "euclidean", "cosine", "correlation", "manhattan" or "inner_product" as in
        `exact_neighbors`; "precomputed"; or a function of two rows that returns their distance,
        the same in both directions.
    method : {"auto", "exact", "approximate"}
        "auto" takes whichever has less to do; the graph's `method` and `notes` say which. Sparse
        rows and given distances are always searched exactly.
    init : NeighborGraph, optional
        Neighbours of the same rows at another time; makes an approximate search shorter.
    random_state : int
        Seed of the approximate search.
    n_jobs : int or None
        Threads; None uses every core. A function is called from one thread.
    progress : callable, optional
        Called with (done, total, what); may raise to stop.
    device : None, str or torch.device
        "cuda", or "cpu" through the same code: dense rows are searched exactly there, as
        `exact_neighbors` does. None uses no torch.

    Returns
    -------
    graph : NeighborGraph
        With its `method` and its `recall`.

    Raises
    ------
    InvalidInputError
        As in `exact_neighbors`, or no such method, or what a device cannot search.
    ShapeError
        As in `exact_neighbors`, or given distances are not square.

    Notes
    -----
    A function is called for every pair of up to 2,000 rows, ``n (n - 1) / 2`` times; beyond, for
    some thousand pairs per row.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(500, 8))
    >>> nearest_neighbors(X, 10).method
    'exact'
    >>> words = ["cat", "cart", "dog", "dig"]
    >>> nearest_neighbors(words, 1, metric=lambda a, b: len(set(a) ^ set(b))).indices.ravel()
    array([1, 0, 3, 2], dtype=int32)
    """
    if method not in ("auto", "exact", "approximate"):
        raise InvalidInputError(
            f"method is {method!r}; 'auto', 'exact' or 'approximate' is needed."
        )
    place = as_device(device)
    if place is not None and (callable(metric) or metric == "precomputed" or is_sparse(X)):
        raise InvalidInputError(
            f"device is {device!r}, which compares dense rows by a metric of this library; these "
            f"are {'sparse rows' if is_sparse(X) else f'rows with metric={metric!r}'}. Leave "
            f"device out."
        )
    if place is not None and method == "approximate":
        raise InvalidInputError(
            f"device is {device!r}, which compares all pairs, and method is 'approximate'. Use "
            f"method='auto' or 'exact', or leave device out."
        )
    if callable(metric):
        return neighbors_by_callable(
            X, n_neighbors, metric, method=method, random_state=random_state, progress=progress
        )
    if metric == "precomputed":
        return neighbors_of_distances(X, n_neighbors)
    if metric not in METRICS:
        raise InvalidInputError(
            f"metric is {metric!r}; one of {', '.join(METRICS)}, precomputed or a function of two "
            f"rows is needed."
        )
    if is_sparse(X) and X.shape[0] * X.shape[1] * 4 > DENSE_BYTES:
        return sparse_neighbors(X, n_neighbors, metric=metric, n_jobs=n_jobs, progress=progress)
    X = as_vectors(X, name="X")
    clamped(n_neighbors, len(X), [])

    def search() -> NeighborGraph:
        if place is not None:
            return exact_neighbors(
                X, n_neighbors, metric=metric, n_jobs=n_jobs, progress=progress, device=place
            )
        return _searched(X, n_neighbors, metric, method, init, random_state, n_jobs, progress)

    graphs = remembered()
    if graphs is None or init is not None:
        return search()
    k = min(n_neighbors, len(X) - 1)
    kind = method if place is None else "exact"
    return graphs.find(X, k, (metric, kind), random_state, search)


def _searched(
    X: NDArray[Any],
    n_neighbors: int,
    metric: str,
    method: Literal["auto", "exact", "approximate"],
    init: NeighborGraph | None,
    random_state: int,
    n_jobs: int | None,
    progress: Progress | None,
) -> NeighborGraph:
    note = ""
    if method == "auto":
        method, note = _chosen(len(X), X.shape[1], n_neighbors, metric, init is not None)
    if method == "exact":
        graph = exact_neighbors(X, n_neighbors, metric=metric, n_jobs=n_jobs, progress=progress)
    else:
        graph = approximate_neighbors(
            X,
            n_neighbors,
            metric=metric,
            init=init,
            random_state=random_state,
            n_jobs=n_jobs,
            progress=progress,
        )
    return replace(graph, notes=(*graph.notes, note)) if note else graph


def _chosen(
    n: int, d: int, k: int, metric: str, warm: bool
) -> tuple[Literal["exact", "approximate"], str]:
    exact, approximate = work_of_all_pairs(n, d, metric), work_of_descent(n, d, k)
    if metric != "manhattan" and rounding_pays(n, d):
        approximate = min(approximate, work_of_blocks(n, d))
    if exact > approximate:
        return "approximate", (
            f"Approximate search was chosen: comparing all pairs has {exact / approximate:.1f} "
            f"times as much to do."
        )
    if n > MANY_ROWS and (k > FEW or warm):
        return "approximate", (
            "Approximate search was chosen: all pairs are compared, and that none was missed is "
            "not proven."
        )
    return "exact", "Exact search was chosen: an approximate one has more to do."
