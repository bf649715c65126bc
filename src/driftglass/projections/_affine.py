"""A linear map with an origin: all that is needed to place another snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import in_single
from ._moments import Axes, row_blocks
from ._procrustes import ProcrustesFit

__all__ = ["AffineMap"]


@dataclass(frozen=True, eq=False)
class AffineMap:
    """``Y = (X - mean) @ components.T + offset``.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
        Origin in the vectors.
    components : ndarray of shape (n_components, n_features)
        One row per coordinate.
    offset : ndarray of shape (n_components,)
        Where the origin lies in the map.
    variance_ratio : ndarray of shape (n_components,)
        Share of the basis's variance along each coordinate.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    offset: NDArray[np.float64]
    variance_ratio: NDArray[np.float64]

    @classmethod
    def from_axes(cls, axes: Axes, n_components: int) -> AffineMap:
        """Principal axes, filled up with coordinates that are always zero."""
        missing = n_components - len(axes.components)
        components = np.pad(axes.components, ((0, missing), (0, 0)))
        total = axes.total_variance
        ratio = axes.variance / total if total > 0 else np.zeros(len(axes.variance))
        return cls(axes.mean, components, np.zeros(n_components), np.pad(ratio, (0, missing)))

    def __call__(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Place X of shape (n_samples, n_features)."""
        Y = np.empty((len(X), len(self.components)))
        for part in row_blocks(*X.shape):
            # Subtracting before multiplying keeps the digits of vectors far from zero.
            Y[part] = (X[part].astype(np.float64) - self.mean) @ self.components.T
        return Y + self.offset

    def in_single(self, X: NDArray[np.float32], *, near: bool = False) -> NDArray[np.float32]:
        """The same for rows in single precision, in it; `near` if their mean is nearly zero."""
        components = np.ascontiguousarray(self.components.T, dtype=np.float32)
        mean = np.zeros(len(self.mean), np.float32) if near else self.mean.astype(np.float32)
        # What is left of the mean, and the origin, come in at the end.
        origin = (self.offset - self.components @ (self.mean - mean)).astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            if near:
                Y = X @ components
            else:
                Y = np.empty((len(X), len(self.components)), dtype=np.float32)
                for part in row_blocks(*X.shape):
                    np.matmul(X[part] - mean, components, out=Y[part])
            Y += origin
        if not np.isfinite(Y).all():  # sums of what is barely in range
            return in_single(self(X))
        return Y

    def with_signs_of(self, other: AffineMap) -> AffineMap:
        """Flip the coordinates whose axes point away from those of another map."""
        agreement = np.einsum("ij,ij->i", self.components, other.components)
        signs = np.where(agreement < 0, -1.0, 1.0)
        return AffineMap(
            self.mean, self.components * signs[:, None], self.offset * signs, self.variance_ratio
        )

    def followed_by(self, fit: ProcrustesFit) -> AffineMap:
        """Rotate, scale and shift what this map gives."""
        turned = fit.scale * fit.rotation.T
        return AffineMap(
            self.mean,
            turned @ self.components,
            turned @ self.offset + fit.shift,
            (fit.rotation.T**2) @ self.variance_ratio,
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays that `from_arrays` takes, for a result that is kept."""
        return {
            "components": self.components,
            "mean": self.mean,
            "offset": self.offset,
            "variance_ratio": self.variance_ratio,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> AffineMap:
        """Read what `to_arrays` gives."""
        return cls(
            mean=np.asarray(arrays["mean"], dtype=np.float64),
            components=np.asarray(arrays["components"], dtype=np.float64),
            offset=np.asarray(arrays["offset"], dtype=np.float64),
            variance_ratio=np.asarray(arrays["variance_ratio"], dtype=np.float64),
        )
