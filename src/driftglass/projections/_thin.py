"""Input on which neighbour methods have nothing to work with: very few rows, or equal ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._affine import AffineMap
from ._fitting import EXACT_ROWS
from ._moments import principal_axes, row_blocks

__all__ = ["DIRECTIONAL", "EQUAL_COSINE", "ThinMap", "directions", "thin_map"]

DIRECTIONAL = ("cosine", "correlation")
SAME_DIRECTION = 1e-6
"""What rounding leaves between multiples of one vector in single precision."""


EQUAL_COSINE = 1e-12
"""Cosine distance that rounding leaves between multiples of one vector."""


@dataclass(frozen=True, eq=False)
class ThinMap:
    """A map that shows every distance exactly, or one stacked point.

    Parameters
    ----------
    coordinates : ndarray of shape (n_samples, n_components), dtype float32
        Of the fitted rows.
    notes : tuple of str
        That rows are stacked, if they are.
    place : AffineMap
        Puts other rows on the same axes.
    metric : str
        "cosine" and "correlation" look at directions only.
    """

    coordinates: NDArray[np.float32]
    notes: tuple[str, ...]
    place: AffineMap
    metric: str

    def transform(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Place X of shape (n_samples, n_features)."""
        return self.place(directions(X, self.metric)).astype(np.float32)


def directions(X: NDArray[Any], metric: str) -> NDArray[Any]:
    """X itself, or for "cosine" rows of length one, centred for "correlation"; zeros stay."""
    if metric not in DIRECTIONAL:
        return X
    wide = X.astype(np.float64)
    if metric == "correlation":
        wide -= wide.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(norms > 0, norms, 1.0))


def thin_map(X: NDArray[Any], metric: str, n_components: int) -> ThinMap | None:
    """Map of rows that need no method, or None if they do."""
    equal = _all_equal(X, metric)
    if not equal and len(X) > EXACT_ROWS:
        return None
    X = directions(X, metric)
    place = AffineMap.from_axes(principal_axes(X, n_components), n_components)
    notes: tuple[str, ...] = ()
    coordinates = place(X)
    if equal:
        coordinates[:] = 0.0
    if equal and len(X) > 1:
        notes = (f"all {len(X)} rows are equal: one stacked point.",)
    return ThinMap(coordinates.astype(np.float32), notes, place, metric)


def _all_equal(X: NDArray[Any], metric: str) -> bool:
    """Whether all rows are one, or point in one direction; ends at the first that differs."""
    first = directions(X[:1], metric)
    for part in row_blocks(*X.shape):
        rows = directions(X[part], metric)
        same = np.abs(rows - first) <= SAME_DIRECTION if metric in DIRECTIONAL else rows == first
        if not same.all():
            return False
    return True
