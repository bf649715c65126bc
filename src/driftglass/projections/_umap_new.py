"""New rows in a finished map, and from places of the map back to vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..neighbors import NeighborGraph, query_neighbors

__all__ = ["Inverse", "nearest_of_new", "start_among"]

N_STEPS = 30
STEP = 0.5
"""Share of the way to where the pulls of this step balance."""
BLOCK_VALUES = 1 << 22
LEAST = 1e-6


def nearest_of_new(
    X: Any, fitted: Any, k: int, metric: Any, graph: NeighborGraph | None, n_threads: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Fitted rows nearest to each row of X, and their distances, both (n, k).

    With metric "precomputed", X holds the distances to the fitted rows.
    """
    if isinstance(metric, str) and metric == "precomputed":
        order = np.argsort(X, axis=1, kind="stable")[:, :k]
        distances = np.take_along_axis(np.asarray(X), order, axis=1)
        return order.astype(np.int32), np.ascontiguousarray(distances, dtype=np.float32)
    return query_neighbors(X, fitted, k, metric=metric, graph=graph, n_jobs=n_threads)


def start_among(
    indices: NDArray[np.int32], memberships: NDArray[np.float32], places: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Mean of the places of each row's neighbours, by their memberships."""
    shares = memberships / memberships.sum(axis=1, keepdims=True)
    start: NDArray[np.float32] = np.einsum("ij,ijd->id", shares, places[indices])
    return start


@dataclass(frozen=True, eq=False)
class Inverse:
    """From places of a map to vectors.

    A place has the affinity of the map's curve to the fitted points near it; its vector is the
    one whose memberships in their neighbourhoods come nearest to these affinities, in fuzzy cross
    entropy, found from their weighted mean.

    Parameters
    ----------
    fitted : ndarray of shape (n_samples, n_features)
        Vectors.
    places : ndarray of shape (n_samples, n_components), dtype float32
        Where they lie.
    units, free : ndarray of shape (n_samples,)
        Of the neighbourhoods: membership falls by e with each unit beyond the free distance.
    a, b : float
        Of the map's curve.
    refine : bool
        False leaves it at the weighted mean, as it must be where the metric is not euclidean.
    """

    fitted: Any
    places: NDArray[np.float32]
    units: NDArray[np.float32]
    free: NDArray[np.float32]
    a: float
    b: float
    refine: bool

    def __call__(self, Y: NDArray[np.float32], k: int, n_threads: int) -> NDArray[np.float32]:
        """Vectors of shape (n, n_features) for places Y of shape (n, n_components)."""
        indices, distances = query_neighbors(Y, self.places, k, n_jobs=n_threads)
        wanted = 1.0 / (1.0 + self.a * distances.astype(np.float64) ** (2.0 * self.b))
        X = np.empty((len(Y), self.fitted.shape[1]), dtype=np.float32)
        size = max(1, BLOCK_VALUES // (k * X.shape[1]))
        for first in range(0, len(Y), size):
            part = slice(first, first + size)
            X[part] = self._vectors(indices[part], wanted[part])
        return X

    def _vectors(
        self, indices: NDArray[np.int32], wanted: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        rows = self.fitted[indices.ravel()]
        rows = rows if isinstance(rows, np.ndarray) else rows.toarray()
        there = rows.astype(np.float64).reshape(*indices.shape, -1)
        X: NDArray[np.float64] = np.einsum("ij,ijd->id", wanted / wanted.sum(axis=1, keepdims=True), there)
        if not self.refine:
            return X
        units = np.maximum(self.units[indices].astype(np.float64), 1e-30)
        free = self.free[indices].astype(np.float64)
        for _ in range(N_STEPS):
            slope, stiffness = entropy_slope(X, there, wanted, units, free)
            moving = stiffness > 0
            X[moving] -= STEP * slope[moving] / stiffness[moving, None]
        return X


def entropy(
    X: NDArray[np.float64],
    there: NDArray[np.float64],
    wanted: NDArray[np.float64],
    units: NDArray[np.float64],
    free: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Fuzzy cross entropy of each row's memberships with those wanted, but for a constant."""
    distances = np.linalg.norm(X[:, None] - there, axis=2)
    gaps = np.maximum(distances - free, 0.0) / units
    outside = np.maximum(-np.expm1(-gaps), LEAST)
    total: NDArray[np.float64] = (wanted * gaps - (1.0 - wanted) * np.log(outside)).sum(axis=1)
    return total


def entropy_slope(
    X: NDArray[np.float64],
    there: NDArray[np.float64],
    wanted: NDArray[np.float64],
    units: NDArray[np.float64],
    free: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gradient of `entropy` by X, and the sum of the pulls in it per unit of distance.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        Vectors.
    there : ndarray of shape (n, k, n_features)
        Neighbours of each.
    wanted, units, free : ndarray of shape (n, k)
        Memberships wanted in their neighbourhoods, and the scales of these.

    Returns
    -------
    slope : ndarray of shape (n, n_features)
        Gradient.
    stiffness : ndarray of shape (n,)
        Dividing by it makes a step that does not pass the balance of the pulls.
    """
    differences = X[:, None] - there
    distances = np.linalg.norm(differences, axis=2)
    gaps = np.maximum(distances - free, 0.0) / units
    outside = -np.expm1(-gaps)
    beyond = distances > np.maximum(free, 1e-30)
    per_length = np.where(beyond, 1.0 / (units * np.where(beyond, distances, 1.0)), 0.0)
    pull = wanted * per_length
    clear = outside > LEAST
    ratio = np.where(clear, (1.0 - outside) / np.where(clear, outside, 1.0), 0.0)
    push = (1.0 - wanted) * ratio * per_length
    slope: NDArray[np.float64] = np.einsum("ij,ijd->id", pull - push, differences)
    return slope, (pull + push).sum(axis=1)
