"""Nearest neighbours by whichever search has less to do."""

from __future__ import annotations

from typing import Any, Literal

from .. import _kernels
from .._arrays import as_vectors
from .._progress import Progress
from ..errors import InvalidInputError
from ._approximate import EFFORTS, LEAF_SIZE, N_TREES, approximate_neighbors
from ._exact import exact_neighbors
from ._graph import METRICS, NeighborGraph
from ._rounded import rounding_pays

__all__ = ["nearest_neighbors"]

GATHERED = 1.0 / 3.5
"""Pairs of features that descent compares in the time in which blocks of products do one."""
UNITS = {"baseline": 1.0, "vnni": 4.0, "amx": 16.0}
"""Pairs of features that rounded products compare in that time."""
SELECTION = 24.0
"""Features that looking at the value of a pair takes as long as."""


def nearest_neighbors(
    X: Any,
    n_neighbors: int,
    *,
    metric: str = "euclidean",
    method: Literal["auto", "exact", "approximate"] = "auto",
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> NeighborGraph:
    """Nearest neighbours of every row of X, exact where that is not slower.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors.
    n_neighbors : int
        Neighbours per row, without the row itself.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "inner_product"}
        As in `exact_neighbors`.
    method : {"auto", "exact", "approximate"}
        "auto" takes whichever has less to do; the graph's `method` says which.
    random_state : int
        Seed of the approximate search.
    n_jobs : int or None
        Threads; None uses every core.
    progress : callable, optional
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    graph : NeighborGraph
        With its `method` and its `recall`.

    Raises
    ------
    InvalidInputError
        As in `exact_neighbors`, or no such method.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(500, 8))
    >>> nearest_neighbors(X, 10).method
    'exact'
    """
    if method not in ("auto", "exact", "approximate"):
        raise InvalidInputError(
            f"method is {method!r}; 'auto', 'exact' or 'approximate' is needed."
        )
    if metric not in METRICS:
        raise InvalidInputError(f"metric is {metric!r}; one of {', '.join(METRICS)} is needed.")
    X = as_vectors(X, name="X")
    if method == "auto":
        exact, approximate = work(len(X), X.shape[1], n_neighbors, metric)
        method = "exact" if exact <= approximate else "approximate"
    if method == "exact":
        return exact_neighbors(X, n_neighbors, metric=metric, n_jobs=n_jobs, progress=progress)
    return approximate_neighbors(
        X,
        n_neighbors,
        metric=metric,
        random_state=random_state,
        n_jobs=n_jobs,
        progress=progress,
    )


def work(n: int, d: int, k: int, metric: str) -> tuple[float, float]:
    """What an exact and an approximate search have to do, in products of two features.

    Measured on MNIST, text embeddings and Gaussian mixtures; within a factor of two elsewhere.
    """
    pairs = n * n / 2
    if metric != "manhattan" and rounding_pays(n, d):
        speed = UNITS[_kernels.product_units()[-1]]
        exact = pairs * (max(d, 64) / speed + SELECTION / 8)
    elif metric in ("manhattan", "inner_product"):
        exact = 2 * pairs * (d + SELECTION) / GATHERED
    else:
        exact = pairs * (d + SELECTION)
    in_leaves = N_TREES * LEAF_SIZE / 2
    in_rounds = 4 * 1.5 * EFFORTS[0][1] ** 2
    approximate = n * (in_leaves + in_rounds) * max(1.0, k / 15) * (d + SELECTION) / GATHERED
    return exact, approximate
