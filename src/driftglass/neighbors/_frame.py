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
    largest : float
        Largest value of the rows it was made for, in the frame.
    """

    shift: Any
    scale: float
    largest: float

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
        return cls._for_largest(shift, _largest(X, shift))

    @classmethod
    def _for_largest(cls, shift: Any, largest: float) -> Frame:
        scale = 1.0
        if largest != 0 and not SMALL < largest < LARGE:
            scale = float(2.0 ** min(np.ceil(np.log2(largest)), 1023.0))
        return cls(shift, scale, largest / scale)

    def holds(self, X: NDArray[Any]) -> bool:
        """Whether rows are not too large for it."""
        return _largest(X, self.shift) <= REACH * self.scale

    def wide_enough_for(self, X: NDArray[Any]) -> Frame:
        """The same with a scale for these rows."""
        return Frame._for_largest(self.shift, _largest(X, self.shift))

    def __call__(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Rows in the frame."""
        if not isinstance(self.shift, np.ndarray) and self.scale == 1.0:
            return np.ascontiguousarray(X, dtype=np.float32)
        framed = np.empty(X.shape, dtype=np.float32)
        for first in range(0, len(X), BLOCK):
            part = X[first : first + BLOCK].astype(np.float64)
            framed[first : first + BLOCK] = (part - self.shift) / self.scale
        return framed


def _largest(X: NDArray[Any], shift: Any) -> float:
    if not isinstance(shift, np.ndarray):
        return largest_value(X)
    parts = (X[first : first + BLOCK] for first in range(0, len(X), BLOCK))
    return max((float(np.abs(part - shift).max(initial=0.0)) for part in parts), default=0.0)
