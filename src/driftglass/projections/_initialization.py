"""Where the points of a map start: principal axes, eigenvectors of a graph, or by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ._affine import AffineMap
from ._moments import principal_axes
from ._spectral import spectral_coordinates

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["array_start", "pca_start", "random_start", "scaled", "spectral_start"]

AXES_FROM_ROWS = 8192
"""A start need not be exact, and all rows would cost as much as much of the descent."""
SPARSE_EXTRA = 8
SPARSE_ROUNDS = 4


def pca_start(X: NDArray[Any], n_components: int) -> NDArray[np.float64]:
    """Coordinates on principal axes, of a part of very many rows; zero beyond the features."""
    if not isinstance(X, np.ndarray):
        return _sparse_start(X, n_components)
    part = X[:: max(1, len(X) // AXES_FROM_ROWS)]
    return AffineMap.from_axes(principal_axes(part, n_components), n_components)(X)


def _sparse_start(X: Any, n_components: int) -> NDArray[np.float64]:
    """Principal coordinates of sparse rows, which are never filled up, by power iterations."""
    mean = np.asarray(X.mean(axis=0)).ravel()
    width = min(n_components + SPARSE_EXTRA, X.shape[1])
    axes = np.random.default_rng(0).normal(size=(X.shape[1], width))
    for _ in range(SPARSE_ROUNDS):
        Y = X @ axes - mean @ axes
        axes = np.linalg.qr(X.T @ Y - np.outer(mean, Y.sum(axis=0)))[0]
    Y = X @ axes - mean @ axes
    turned = Y @ np.linalg.eigh(Y.T @ Y)[1][:, ::-1][:, :n_components]
    return np.pad(turned, ((0, 0), (0, n_components - turned.shape[1])))


def random_start(
    n_samples: int, n_components: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Standard normal coordinates."""
    return rng.normal(size=(n_samples, n_components))


def spectral_start(
    affinities: csr_array[Any], n_components: int, n_threads: int = 1
) -> NDArray[np.float64]:
    """Leading eigenvectors of a symmetric graph's normalized weights, but for the trivial one."""
    return spectral_coordinates(
        affinities.indptr.astype(np.int64, copy=False),
        affinities.indices.astype(np.int32, copy=False),
        affinities.data.astype(np.float32, copy=False),
        n_components,
        n_threads=n_threads,
    )


def array_start(init: Any, n_samples: int, n_components: int) -> NDArray[np.float64]:
    """Coordinates that the caller gives, checked."""
    Y = as_vectors(init, name="init").astype(np.float64)
    if Y.shape != (n_samples, n_components):
        raise ShapeError(
            f"init has shape {Y.shape}; ({n_samples}, {n_components}) is needed, "
            f"one row per row of X."
        )
    if not np.isfinite(Y).all():
        row = int(np.flatnonzero(~np.isfinite(Y).all(axis=1))[0])
        raise InvalidInputError(f"init is not finite in row {row}; every point needs a place.")
    return Y


def scaled(
    Y: NDArray[np.float64], deviation: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Centred, with the widest coordinate of the given standard deviation.

    Coordinates without extent are drawn by chance, a tenth as wide: forces along them would
    otherwise be zero for ever.
    """
    Y = Y - Y.mean(axis=0)
    spread = Y.std(axis=0)
    widest = float(spread.max(initial=0.0))
    Y = Y * (deviation / widest) if widest > 0 else np.zeros_like(Y)
    flat = spread <= 1e-9 * widest
    chance = rng.normal(size=Y.shape) * (deviation * 0.1)
    return np.where(flat, chance, Y)
