"""A common shift and scale in which single precision holds rows that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._inputs import EXACT_IN_FLOAT32, largest_value

__all__ = ["Frame"]

REACH = 2.0**50
"""Rows may be so many times as large as the scale: their squares are still held."""
SMALL, LARGE = 2.0**-40, 2.0**40
"""Largest values between which float32 is taken as it comes."""
HUGE = 2.0**900
"""Sums of larger values might overflow."""
BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Frame:
    """What is subtracted from rows, and what they are then divided by.

    Parameters
    ----------
    shift : ndarray of shape (n_features,) or 0.0
        Other than zero only where a shift moves no distance.
    scale : float
        A power of two, so that dividing rounds nothing.
    """

    shift: Any
    scale: float

    @classmethod
    def of(cls, X: NDArray[Any], metric: str) -> Frame:
        """One that suits X, and takes contiguous float32 as it is where that can be."""
        shift: Any = 0.0
        wide = X.dtype.name not in EXACT_IN_FLOAT32 and metric in ("euclidean", "manhattan")
        if wide and len(X) and largest_value(X) < HUGE:
            parts = (X[first : first + BLOCK] for first in range(0, len(X), BLOCK))
            sums = [part.sum(axis=0, dtype=np.float64) for part in parts]
            shift = np.sum(sums, axis=0) / len(X)
            if not shift.any():
                shift = 0.0
        return cls(shift, _scale_of(cls(shift, 1.0)._largest(X)))

    def holds(self, X: NDArray[Any]) -> bool:
        """Whether rows are not too large for it."""
        return self._largest(X) <= REACH * self.scale

    def wide_enough_for(self, X: NDArray[Any]) -> Frame:
        """The same with a scale for these rows."""
        return Frame(self.shift, _scale_of(self._largest(X)))

    def __call__(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Rows in the frame."""
        plain = not isinstance(self.shift, np.ndarray)
        if plain and self.scale == 1.0:
            return np.ascontiguousarray(X, dtype=np.float32)
        framed = np.empty(X.shape, dtype=np.float32)
        for first in range(0, len(X), BLOCK):
            part = X[first : first + BLOCK].astype(np.float64)
            framed[first : first + BLOCK] = (part - self.shift) / self.scale
        return framed

    def _largest(self, X: NDArray[Any]) -> float:
        if not isinstance(self.shift, np.ndarray):
            return largest_value(X)
        parts = (X[first : first + BLOCK] for first in range(0, len(X), BLOCK))
        return max((float(np.abs(part - self.shift).max(initial=0.0)) for part in parts), default=0)


def _scale_of(largest: float) -> float:
    if largest == 0 or SMALL < largest < LARGE:
        return 1.0
    return float(2.0 ** min(np.ceil(np.log2(largest)), 1023.0))
