"""A linear map on axes that the user gives: exact, and the same for every snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ._affine import AffineMap
from ._snapshots import Snapshots

__all__ = ["FixedAxes"]


class FixedAxes:
    """Coordinates along given directions. Nothing is learnt, so nothing can change.

    Parameters
    ----------
    snapshots : Snapshots
        Where to read how many features there are.
    axes : array-like of shape (n_components, n_features)
        Directions, one row each, of any length; they need not be at right angles.
    n_components : int
        Number of rows that is expected.
    """

    name = "linear"
    joint = True
    notes = ()

    def __init__(self, snapshots: Snapshots, axes: Any, n_components: int) -> None:
        self._snapshots = snapshots
        self._axes = as_vectors(axes, name="axes").astype(np.float64)
        if len(self._axes) != n_components:
            raise ShapeError(
                f"axes has {len(self._axes)} rows for {n_components} components; one row of as "
                f"many values as there are features is needed for each."
            )
        if not np.isfinite(self._axes).all():
            raise InvalidInputError("axes has values that are not finite; give directions.")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The axes."""
        return {"axes": self._axes.tolist()}

    def fit(self, numbers: Sequence[int]) -> AffineMap | None:
        """Return the map, whatever the snapshots are."""
        for number in numbers:
            X: NDArray[Any] = self._snapshots.load(number).vectors
            if len(X) == 0:
                continue
            if X.shape[1] != self._axes.shape[1]:
                raise ShapeError(
                    f"axes has {self._axes.shape[1]} values per row and the vectors have "
                    f"{X.shape[1]} features; these must be equal."
                )
            count, zeros = len(self._axes), np.zeros
            return AffineMap(zeros(X.shape[1]), self._axes, zeros(count), zeros(count))
        return None
