"""New rows in a finished map, and from places of the map back to vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ..neighbors import NeighborIndex, query_neighbors
from ..parallel import Threads
from ._affine import AffineMap
from ._duplicates import row_keys
from ._edge_layout import Forces, place

__all__ = ["KnownRows", "Placing", "nearest_of_new", "start_among", "vectors_at"]

BLOCK_VALUES = 1 << 22
LEAST = 1e-6
"""Distances below this share of the k-th count as this."""


@dataclass(frozen=True)
class Placing:
    """How new rows come to their places.

    Parameters
    ----------
    n_neighbors : int
        Fitted rows that each goes by.
    local_connectivity : float
        How many of those count fully.
    forces : Forces
        Of the layout.
    n_epochs : int
        How often a full neighbour pulls.
    n_threads : int
        Changes the time and not the result.
    """

    n_neighbors: int
    local_connectivity: float
    forces: Forces
    n_epochs: int
    n_threads: int


@dataclass(eq=False)
class KnownRows:
    """Fitted rows and their places, among which others are put.

    Parameters
    ----------
    rows : array or sparse array of shape (n_samples, n_features), or None
        Rows that differ; distances where those were given.
    keys : ndarray of shape (n_samples,), dtype uint64
        Their hashes.
    places : ndarray of shape (n_samples, n_components), dtype float32
        Where they lie.
    exact : AffineMap or None
        Puts rows beside very few others.
    index : NeighborIndex or None
        Of the rows; none if they are distances.
    """

    rows: Any
    keys: NDArray[np.uint64]
    places: NDArray[np.float32]
    exact: AffineMap | None
    index: NeighborIndex | None

    def place(self, X: Any, by: Placing) -> NDArray[np.float32]:
        """Places of the rows of X; those that are known keep theirs."""
        if self.exact is not None:
            return self.exact(dense(X)).astype(np.float32)
        X = X.astype(self.rows.dtype, copy=False)
        keys = row_keys(X)
        order = np.argsort(self.keys)
        at = np.minimum(np.searchsorted(self.keys, keys, sorter=order), len(order) - 1)
        known = self.keys[order[at]] == keys
        Y = np.empty((X.shape[0], self.places.shape[1]), dtype=np.float32)
        Y[known] = self.places[order[at[known]]]
        if known.all():
            return Y
        indices, memberships = self.memberships(X[~known], by)
        Y[~known] = place(
            start_among(indices, memberships, self.places, by.forces.a, by.forces.b, by.n_threads),
            self.places,
            indices,
            memberships,
            keys[~known],
            by.forces,
            by.n_epochs,
            n_threads=by.n_threads,
        )
        return Y

    def memberships(self, X: Any, by: Placing) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Fitted rows near to each row of X, and how much each counts, both (n, n_neighbors)."""
        k = min(by.n_neighbors, self.rows.shape[0])
        indices, distances = nearest_of_new(X, k, self.index, by.n_threads)
        memberships, _, _ = _kernels.fuzzy_memberships(
            distances, by.local_connectivity, n_threads=by.n_threads
        )
        return indices, memberships

    def checked_places(self, Y: Any) -> NDArray[np.float32]:
        """Y as finite places of this map."""
        Y = as_vectors(Y, name="X").astype(np.float32)
        if Y.shape[1] != self.places.shape[1]:
            raise ShapeError(
                f"X has {Y.shape[1]} columns; places of this map have {self.places.shape[1]}."
            )
        if not np.isfinite(Y).all():
            row = int(np.flatnonzero(~np.isfinite(Y).all(axis=1))[0])
            raise InvalidInputError(f"X is not finite in row {row}; every place is needed.")
        return np.asarray(Y)

    def vectors(self, Y: NDArray[np.float32], k: int, n_threads: int) -> NDArray[np.float32]:
        """Vectors that belong to places, by the k nearest of the map."""
        if self.exact is None and len(self.places) > 3:
            return vectors_at(Y, self.places, self.rows, min(k, len(self.places)), n_threads)
        gaps = ((Y[:, None] - self.places[None]) ** 2).sum(axis=2)
        return np.asarray(dense(self.rows)[gaps.argmin(axis=1)], dtype=np.float32)


def dense(X: Any) -> NDArray[Any]:
    """X with its zeros filled in, if it is sparse."""
    filled: NDArray[Any] = X if isinstance(X, np.ndarray) else X.toarray()
    return filled


def nearest_of_new(
    X: Any, k: int, index: NeighborIndex | None, n_threads: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Fitted rows nearest to each row of X, and their distances, both (n, k).

    Without an index, X holds the distances to the fitted rows.
    """
    if index is not None:
        return index.query(X, k, proven=False, n_jobs=n_threads)
    if not (np.isfinite(X).all() and (np.asarray(X) >= 0).all()):
        raise InvalidInputError(
            "A distance to a fitted row is negative or not finite; distances are from 0 up."
        )
    order = np.argsort(X, axis=1, kind="stable")[:, :k]
    distances = np.take_along_axis(np.asarray(X), order, axis=1)
    return order.astype(np.int32), np.ascontiguousarray(distances, dtype=np.float32)


def start_among(
    indices: NDArray[np.int32],
    memberships: NDArray[np.float32],
    places: NDArray[np.float32],
    a: float,
    b: float,
    n_threads: int,
) -> NDArray[np.float32]:
    """Where each new row starts: among those of its neighbours that lie together.

    Neighbours may lie in several groups, and the mean of all their places between those, where
    pulls are too weak to lead out. So the neighbour with the largest affinity in the map to all
    others is found, and the mean is of those near it.

    Parameters
    ----------
    indices, memberships : ndarray of shape (n, n_neighbors)
        Neighbours of each row, and how much each counts.
    places : ndarray of shape (n_samples, n_components)
        The map.
    a, b : float
        Of its affinity ``1 / (1 + a d**(2 b))``.
    n_threads : int
        Changes the time and not the result.

    Returns
    -------
    start : ndarray of shape (n, n_components), dtype float32
        A row's own; it does not depend on the others.
    """
    n, k = indices.shape
    start = np.empty((n, places.shape[1]), dtype=np.float32)
    size = max(1, BLOCK_VALUES // (16 * k * k))

    def fill(first: int) -> None:
        part = slice(first, first + size)
        there, counts = places[indices[part]], memberships[part]
        squared = np.zeros((len(there), k, k), dtype=np.float32)
        for c in range(places.shape[1]):
            gaps = there[:, :, None, c] - there[:, None, :, c]
            squared += gaps * gaps
        affinities = 1.0 / (1.0 + a * squared**b)
        best = np.einsum("ijm,im->ij", affinities, counts).argmax(axis=1)
        shares = counts * affinities[np.arange(len(best)), best]
        shares /= shares.sum(axis=1, keepdims=True)
        start[part] = np.einsum("ij,ijd->id", shares, there)

    with Threads(n_threads) as executor:
        executor.map(fill, range(0, n, size))
    return start


def vectors_at(
    Y: NDArray[np.float32], places: NDArray[np.float32], fitted: Any, k: int, n_threads: int
) -> NDArray[np.float32]:
    """Vectors that belong to places of a map, between those of the nearest fitted points.

    Their mean, by weights that are infinite at distance zero and zero at that of the k-th, so
    that the surface passes through every fitted vector and has no jumps (Franke and Little).

    Parameters
    ----------
    Y : ndarray of shape (n, n_components)
        Places.
    places : ndarray of shape (n_samples, n_components), dtype float32
        Where the fitted vectors lie.
    fitted : array or sparse array of shape (n_samples, n_features)
        These.
    k : int
        How many are looked at.
    n_threads : int
        Changes the time and not the result.

    Returns
    -------
    vectors : ndarray of shape (n, n_features), dtype float32
        None outside of the range of those nearby.
    """
    indices, distances = query_neighbors(Y, places, k, n_jobs=n_threads)
    reach = distances[:, -1:].astype(np.float64) * (1.0 + 1e-6)
    near = np.maximum(distances.astype(np.float64), LEAST * reach)
    weights = np.where(reach > 0, (reach - near) / np.where(reach > 0, near, 1.0), 1.0)
    here = distances == 0
    weights = np.where(here.any(axis=1, keepdims=True), here, weights)
    weights = weights / weights.sum(axis=1, keepdims=True)
    vectors = np.empty((len(Y), fitted.shape[1]), dtype=np.float32)
    size = max(1, BLOCK_VALUES // (k * fitted.shape[1]))
    for first in range(0, len(Y), size):
        part = slice(first, first + size)
        rows = fitted[indices[part].ravel()]
        rows = rows if isinstance(rows, np.ndarray) else rows.toarray()
        there = rows.astype(np.float64).reshape(*indices[part].shape, -1)
        vectors[part] = np.einsum("ij,ijd->id", weights[part], there)
    return vectors
