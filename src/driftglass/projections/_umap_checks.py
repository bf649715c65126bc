"""What UMAP accepts: labels, distances, neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ..neighbors import NeighborGraph

__all__ = ["as_graph", "as_labels", "nearest_of_distances"]


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


def as_graph(given: Any, n_samples: int, n_neighbors: int, metric: Any = "given") -> NeighborGraph:
    """Check neighbours that the caller gives; `n_neighbors` counts the row itself.

    Takes a `NeighborGraph`, or as umap-learn does a tuple of indices and distances of shape
    (n_samples, k), with or without the row itself in front.
    """
    if isinstance(given, tuple) and len(given) >= 2:
        given = _from_arrays(given[0], given[1], n_samples, metric)
    if not isinstance(given, NeighborGraph):
        raise InvalidInputError(
            f"precomputed_knn is {type(given).__name__}; a NeighborGraph is needed, "
            f"as driftglass.neighbors.exact_neighbors gives, or (indices, distances)."
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


def _from_arrays(indices: Any, distances: Any, n_samples: int, metric: Any) -> NeighborGraph:
    indices, distances = np.asarray(indices), np.asarray(distances, dtype=np.float32)
    if indices.shape != distances.shape or indices.ndim != 2 or len(indices) != n_samples:
        raise ShapeError(
            f"precomputed_knn holds indices {indices.shape} and distances {distances.shape}; "
            f"({n_samples}, k) twice is needed, a row for each row of X."
        )
    whole = indices.dtype.kind in "iu" and indices.size > 0
    if not whole or indices.min() < 0 or indices.max() >= n_samples:
        raise InvalidInputError(
            f"precomputed_knn holds indices that are no rows; integers from 0 to {n_samples - 1} "
            f"are needed."
        )
    if not np.isfinite(distances).all() or (distances < 0).any():
        raise InvalidInputError(
            "precomputed_knn holds distances that are negative or not finite. Leave out what is "
            "too far by disconnection_distance."
        )
    if (np.diff(distances, axis=1) < 0).any():
        raise InvalidInputError("precomputed_knn is not sorted; the nearest come first.")
    if (indices[:, 0] == np.arange(n_samples)).all():
        indices, distances = indices[:, 1:], distances[:, 1:]
    return NeighborGraph(
        indices=np.ascontiguousarray(indices, dtype=np.int32),
        distances=np.ascontiguousarray(distances),
        metric=metric if isinstance(metric, str) else "given",
        queries=np.arange(n_samples, dtype=np.int32),
        n_samples=n_samples,
        method="given",
    )


def nearest_of_distances(D: NDArray[Any], n_neighbors: int) -> NeighborGraph:
    """The nearest `n_neighbors` other rows of each row, by a square matrix of distances."""
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
