"""What UMAP accepts: parameters, labels, neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ..neighbors import NeighborGraph, nearest_neighbors, query_neighbors

__all__ = ["as_graph", "as_labels", "check_parameters", "distances_of", "neighbors_of"]

METRICS = ("euclidean", "cosine", "correlation", "manhattan", "precomputed")
STARTS = ("spectral", "pca", "random")
MOST_COMPONENTS = 64
MOST_NEIGHBORS = 4097


def check_parameters(estimator: Any) -> None:
    """Refuse parameters out of range, with what would do."""
    counts: dict[str, tuple[int, int | None]] = {
        "n_neighbors": (2, MOST_NEIGHBORS),
        "n_components": (1, MOST_COMPONENTS),
        "negative_sample_rate": (0, None),
    }
    if estimator.n_epochs is not None:
        counts["n_epochs"] = (0, None)
    for name, (least, most) in counts.items():
        value = getattr(estimator, name)
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            limits = f"of at least {least}" if most is None else f"from {least} to {most}"
            raise InvalidInputError(f"{name} is {value!r}; an integer {limits} is needed.")
    shares = ("set_op_mix_ratio", "target_weight")
    for name in (*shares, "learning_rate", "repulsion_strength", "local_connectivity"):
        value = getattr(estimator, name)
        real = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not real or not 0 <= value < np.inf or (name in shares and value > 1):
            limits = "from 0 to 1" if name in shares else "of at least 0"
            raise InvalidInputError(f"{name} is {value!r}; a number {limits} is needed.")
    if estimator.metric not in METRICS:
        raise InvalidInputError(
            f"metric is {estimator.metric!r}; one of {', '.join(METRICS)} is needed."
        )
    if isinstance(estimator.init, str) and estimator.init not in STARTS:
        raise InvalidInputError(
            f"init is {estimator.init!r}; {', '.join(STARTS)} or an array is needed."
        )


def as_labels(y: Any, n_samples: int) -> NDArray[np.int64]:
    """Number the labels y of shape (n_samples,); -1 for those that are not known."""
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (n_samples,):
        raise ShapeError(
            f"y has shape {values.shape} for {n_samples} rows of X; one label per row is needed."
        )
    if values.dtype.kind == "O":
        unknown = np.array(
            [value is None or value != value or value in (-1, "-1") for value in values], dtype=bool
        )
        values = np.array(["" if value is None else str(value) for value in values])
    elif values.dtype.kind == "f":
        unknown = np.isnan(values) | (values == -1)
    else:
        unknown = (values == -1) if values.dtype.kind == "i" else np.zeros(n_samples, dtype=bool)
    labels = np.unique(values, return_inverse=True)[1].ravel().astype(np.int64)
    labels[unknown] = -1
    return labels


def as_graph(given: Any, n_samples: int, n_neighbors: int) -> NeighborGraph:
    """Check neighbours that the caller gives; `n_neighbors` counts the row itself."""
    if not isinstance(given, NeighborGraph):
        raise InvalidInputError(
            f"precomputed_knn is {type(given).__name__}; a NeighborGraph is needed, "
            f"as driftglass.neighbors.exact_neighbors gives."
        )
    everyone = len(given.queries) == n_samples and bool(
        (given.queries == np.arange(n_samples)).all()
    )
    if given.n_samples != n_samples or not everyone:
        raise ShapeError(
            f"precomputed_knn holds {len(given.queries)} of {given.n_samples} rows; "
            f"the {n_samples} rows of X, in order, are needed."
        )
    return given.restrict(min(n_neighbors - 1, given.n_neighbors))


def distances_of(
    X: NDArray[Any],
    n_neighbors: int,
    metric: str,
    n_jobs: int | None,
    seed: int,
) -> NeighborGraph:
    """The nearest `n_neighbors` other rows of each row."""
    if metric == "precomputed":
        return _from_distances(X, n_neighbors)
    return nearest_neighbors(X, n_neighbors, metric=metric, random_state=seed, n_jobs=n_jobs)


def neighbors_of(
    X: NDArray[Any],
    fitted: NDArray[Any],
    k: int,
    metric: str,
    n_threads: int,
    graph: NeighborGraph | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rows of `fitted` nearest to each row of X, and their distances, both (n, k)."""
    return query_neighbors(X, fitted, k, metric=metric, graph=graph, n_jobs=n_threads)


def _from_distances(D: NDArray[Any], n_neighbors: int) -> NeighborGraph:
    if D.shape[0] != D.shape[1]:
        raise ShapeError(f"X has shape {D.shape}; precomputed distances are a square matrix.")
    if len(D) and D.min() < 0:
        raise InvalidInputError(f"X holds {D.min()}; distances are not negative.")
    wide = D.astype(np.float64)
    np.fill_diagonal(wide, -1.0)  # a row comes first in its own list
    order = np.argsort(wide, axis=1, kind="stable")[:, 1 : n_neighbors + 1]
    rows = np.arange(len(D), dtype=np.int32)
    return NeighborGraph(
        indices=np.ascontiguousarray(order, dtype=np.int32),
        distances=np.take_along_axis(wide, order, axis=1).astype(np.float32),
        metric="precomputed",
        queries=rows,
        n_samples=len(D),
        method="given",
    )
