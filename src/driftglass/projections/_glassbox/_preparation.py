"""What happens to vectors before the network sees them, all of it linear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._moments import principal_axes, row_blocks

__all__ = ["Preparation"]


@dataclass(frozen=True, eq=False)
class Preparation:
    """Centre, optionally turn to principal axes, and divide by one number.

    One number for all features, because a scale for each would change which features matter.
    Features that were constant have a scale of zero: the network never learnt what they mean.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
        Subtracted.
    scale : ndarray of shape (n_features,)
        Multiplied; 0 for constant features.
    components : ndarray of shape (n_axes, n_features) or None
        Principal axes.
    shape : tuple of int
        Shape of one sample as the network gets it.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    components: NDArray[np.float64] | None
    shape: tuple[int, ...]

    @classmethod
    def learnt(
        cls, X: NDArray[Any], pca_components: int | None, shape: tuple[int, ...]
    ) -> Preparation:
        """From flattened rows of shape (n_samples, n_features), all finite."""
        low, high = X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64)
        constant = low == high
        total, squares = np.zeros(X.shape[1]), np.zeros(X.shape[1])
        for part in row_blocks(*X.shape):
            total += X[part].sum(axis=0, dtype=np.float64)
        # The mean of equal numbers may round; the number itself makes the difference exactly zero.
        mean = np.where(constant, low, total / len(X))
        components = None
        if pca_components is not None:
            axes = principal_axes(X, pca_components)
            components = axes.components * ~constant
            variance = float(axes.variance.mean()) if len(axes.variance) else 0.0
        else:
            for part in row_blocks(*X.shape):
                squares += ((X[part].astype(np.float64) - mean) ** 2).sum(axis=0)
            variance = float(squares.mean()) / len(X)
        spread = np.sqrt(variance)
        # A subnormal spread has no reciprocal.
        share = 1.0 / spread if spread > 1e-300 else 0.0
        return cls(mean, np.where(constant, 0.0, share), components, shape)

    def __call__(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """What the network gets for flattened rows (n_samples, n_features), in its own shape."""
        U = (X.astype(np.float64) - self.mean) * self.scale
        if self.components is not None:
            U = U @ self.components.T
        return np.ascontiguousarray(U).reshape(len(X), *self.shape)

    def back(self, J: NDArray[Any]) -> NDArray[Any]:
        """Derivatives by features (n, k, n_features) from those by what the network gets."""
        flat = J.reshape(*J.shape[:2], -1)
        if self.components is not None:
            flat = flat @ self.components.astype(flat.dtype)
        return np.asarray(flat * self.scale.astype(flat.dtype))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays that `from_arrays` takes."""
        arrays = {"mean": self.mean, "scale": self.scale, "shape": np.asarray(self.shape)}
        return arrays if self.components is None else arrays | {"components": self.components}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Preparation:
        """Read what `to_arrays` gives."""
        return cls(
            np.asarray(arrays["mean"], dtype=np.float64),
            np.asarray(arrays["scale"], dtype=np.float64),
            np.asarray(arrays["components"], dtype=np.float64) if "components" in arrays else None,
            tuple(int(size) for size in arrays["shape"]),
        )
