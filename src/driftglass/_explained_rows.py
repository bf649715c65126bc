"""Contributions to the places of items, from loadings or as a job has left them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .projections._affine import AffineMap

__all__ = ["Explained", "Kept", "Linear"]


class Explained(Protocol):
    """Contributions of every feature to every coordinate of some items."""

    @property
    def ids(self) -> NDArray[Any]:
        """Items."""
        ...

    @property
    def n_features(self) -> int:
        """Features of the vectors."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """What is known of all of them."""
        ...

    def block(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Contributions (n_rows, n_components, n_features); what was not kept is 0."""
        ...

    def sums(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], ...]:
        """Offset, rest and coordinates (n_rows, n_components), residual (n_rows,)."""
        ...


@dataclass(frozen=True, eq=False)
class Linear:
    """Items of a map that is a weighted sum of features.

    Parameters
    ----------
    ids : ndarray of shape (n_samples,)
        Items.
    vectors : ndarray of shape (n_samples, n_features)
        Theirs.
    origin : ndarray of shape (n_features,) or (n_samples, n_features)
        Where contributions are zero: the mean, or each item's vector at the earlier step.
    place : AffineMap
        The map.
    coordinates : ndarray of shape (n_samples, n_components)
        As they are drawn.
    """

    ids: NDArray[Any]
    vectors: NDArray[Any]
    origin: NDArray[Any]
    place: AffineMap
    coordinates: NDArray[np.float32]
    about: Mapping[str, Any] = field(
        default_factory=lambda: {
            "method": "linear",
            "label": "exact (loadings)",
            "exact": True,
            "knows": True,
            "note": "",
            "fidelity": None,
        }
    )

    @property
    def n_features(self) -> int:
        """Features of the vectors."""
        return int(self.vectors.shape[1])

    def _differences(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        origin = self.origin if self.origin.ndim == 1 else self.origin[rows].astype(np.float64)
        return np.asarray(self.vectors[rows].astype(np.float64) - origin)

    def block(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Contributions (n_rows, n_components, n_features)."""
        return self._differences(rows)[:, None, :] * self.place.components

    def sums(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], ...]:
        """Offset, rest and coordinates (n_rows, n_components), residual (n_rows,)."""
        origin = self.origin if self.origin.ndim == 1 else self.origin[rows].astype(np.float64)
        offset = (origin - self.place.mean) @ self.place.components.T + self.place.offset
        offset = np.broadcast_to(offset, (len(rows), len(self.place.components)))
        there = self.coordinates[rows].astype(np.float64)
        total = self._differences(rows) @ self.place.components.T + offset
        scale = max(float(np.abs(self.coordinates).max(initial=0.0)), np.finfo(np.float32).tiny)
        residual = np.abs(total - there).max(axis=1, initial=0.0) / scale
        return offset, np.zeros_like(there), there, residual


@dataclass(frozen=True, eq=False)
class Kept:
    """Items whose contributions a job has left with the run.

    Parameters
    ----------
    about : mapping
        What is known of all of them.
    arrays : mapping of str to ndarray
        As `keep_explanation` writes them.
    ids : ndarray of shape (n_samples,)
        Items.
    """

    about: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    ids: NDArray[Any]

    @property
    def n_features(self) -> int:
        """Features of the vectors."""
        return int(self.about["n_features"])

    def block(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Contributions (n_rows, n_components, n_features); what was not kept is 0."""
        there = self.arrays["contributions"][rows].astype(np.float64)
        if "features" not in self.arrays:
            return np.asarray(there)
        full = np.zeros((*there.shape[:2], self.n_features))
        columns = np.broadcast_to(self.arrays["features"][rows][:, None, :], there.shape)
        np.put_along_axis(full, columns.astype(np.intp), there, axis=2)
        return full

    def sums(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], ...]:
        """Offset, rest and coordinates (n_rows, n_components), residual (n_rows,)."""
        arrays = self.arrays
        offset = arrays["offset"][rows].astype(np.float64)
        rest = (
            arrays["rest"][rows].astype(np.float64) if "rest" in arrays else np.zeros_like(offset)
        )
        there = arrays["coordinates"][rows].astype(np.float64)
        return offset, rest, there, arrays["residual"][rows].astype(np.float64)
