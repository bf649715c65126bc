"""One rough map of all snapshots: a sample of space and time is laid out, the rest is placed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..neighbors import NeighborIndex
from ._carry import lengths_of
from ._fitting import Place, needs_no_method
from ._moments import principal_axes

__all__ = ["Sampled", "smooth_place", "stable_priority"]

N_SMOOTHED = 50
"""Sampled rows that a row's place is the mean of: many, so that places change smoothly."""
LEAST_SHARE = 0.1
"""Of the way out of its surroundings that a point goes before it counts again; noise goes less."""
FAR_WEIGHT = 1e-3
"""Beside 1 at no distance: rows whose neighbours are all equally far get their plain mean."""


def stable_priority(rows: NDArray[np.int64], frame: int, seed: int) -> NDArray[np.uint64]:
    """Random numbers that belong to a row of a frame, whatever else there is."""
    with np.errstate(over="ignore"):
        key = rows.astype(np.uint64) + np.uint64(frame) * np.uint64(0x9E3779B97F4A7C15)
        key += np.uint64(seed % (1 << 63)) * np.uint64(0xD1B54A32D192ED03)
        for multiplier in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
            key = (key ^ (key >> np.uint64(30))) * np.uint64(multiplier)
    return key ^ (key >> np.uint64(31))


class Sampled:
    """Rows of all snapshots that differ: a point counts again once it leaves its surroundings.

    Copies of a point that has hardly moved would be each other's nearest neighbours, and a map of
    them would show nothing else. How far is far enough is drawn anew for each point each time it
    counts. Otherwise points that go equally fast would all count in the same snapshots, and a map
    that knows only these moves from one to the next in leaps.

    Parameters
    ----------
    most : int
        Rows to keep; of more, those with the lowest random numbers.
    seed : int
        Of these numbers.
    """

    def __init__(self, most: int, seed: int) -> None:
        self._most = most
        self._seed = seed
        self._rows: list[NDArray[Any]] = []
        self._keys: list[NDArray[np.uint64]] = []
        self._last: NDArray[Any] | None = None
        self._shares = np.empty(0)

    def add(
        self,
        X: NDArray[Any],
        numbers: NDArray[np.int64],
        before: NDArray[np.int64],
        reach: NDArray[np.float64],
        frame: int,
    ) -> None:
        """Look at a snapshot.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Vectors.
        numbers : ndarray of shape (n_samples,)
            Number of each point, the same in all snapshots.
        before : ndarray of shape (n_samples,)
            Row in the snapshot looked at last; -1 where it was not there.
        reach : ndarray of shape (n_samples,)
            Distance to the border of a point's surroundings. It counts again when it has gone a
            share of that, drawn between 0.1 and 1.
        frame : int
            Number of the snapshot.
        """
        new = before < 0
        kept = X.copy()
        keys = stable_priority(numbers, frame, self._seed)
        shares = LEAST_SHARE + (1.0 - LEAST_SHARE) * _low_bits(keys)
        if self._last is not None and not new.all():
            old = np.flatnonzero(~new)
            earlier = self._last[before[old]]
            share = self._shares[before[old]]
            stays = lengths_of(X[old], earlier) <= share * reach[old]
            kept[old[stays]] = earlier[stays]
            shares[old[stays]] = share[stays]
            new[old] = ~stays
        self._last, self._shares = kept, shares
        chosen = np.flatnonzero(new)
        self._rows.append(X[chosen])
        self._keys.append(keys[chosen])
        if sum(map(len, self._rows)) > 4 * self._most:
            self._thin()

    def rows(self) -> NDArray[Any]:
        """Return the sample, of shape (at most `most`, n_features)."""
        self._last = None
        self._thin()
        return self._rows[0]

    def _thin(self) -> None:
        rows = np.concatenate(self._rows)
        keys = np.concatenate(self._keys)
        if len(rows) > self._most:
            chosen = np.sort(np.argsort(keys, kind="stable")[: self._most])
            rows, keys = rows[chosen], keys[chosen]
        self._rows, self._keys = [rows], [keys]


def _low_bits(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers in [0, 1) that say nothing of the order of the keys, which the high bits make."""
    low: NDArray[np.float64] = (keys & np.uint64(0xFFFFFFFF)).astype(np.float64) / 2**32
    return low


def smooth_place(
    rows: NDArray[Any], fit: Callable[[NDArray[Any]], NDArray[Any]], n_components: int
) -> Place:
    """Lay some rows out and place any others among them.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        Laid out by `fit`, which returns their coordinates.
    fit : callable
        From vectors to coordinates.
    n_components : int
        Coordinates where there are too few rows to lay out.

    Returns
    -------
    place : callable
        Mean place of the nearest laid out rows, the nearer the heavier. A row's answer does not
        depend on the others.
    """
    if needs_no_method(rows):
        axes = principal_axes(rows, n_components)
        from ._affine import AffineMap

        return AffineMap.from_axes(axes, n_components)
    coordinates = np.asarray(fit(rows), dtype=np.float64)
    k = min(N_SMOOTHED, len(rows))
    index = NeighborIndex(rows)

    def place(X: NDArray[Any]) -> NDArray[np.float64]:
        indices, distances = index.query(X, k, proven=False, n_jobs=1)
        farthest = distances[:, -1:].astype(np.float64)
        ratio = np.divide(distances, farthest, out=np.zeros(distances.shape), where=farthest > 0)
        weights = np.square(1.0 - np.square(ratio)) + FAR_WEIGHT
        weights /= weights.sum(axis=1, keepdims=True)
        Y = np.zeros((len(X), coordinates.shape[1]))
        for column in range(k):
            Y += weights[:, column, None] * coordinates[indices[:, column]]
        return Y

    return place
