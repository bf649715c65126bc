"""Where the points of a map start: principal axes, eigenvectors of a graph, or by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ._affine import AffineMap
from ._moments import principal_axes

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["array_start", "pca_start", "random_start", "scaled", "spectral_start"]

AXES_FROM_ROWS = 8192
"""A start need not be exact, and all rows would cost as much as much of the descent."""
DENSE_UP_TO = 64
"""Rows up to which all eigenvectors are computed; an iteration needs more rows than vectors."""


def pca_start(X: NDArray[Any], n_components: int) -> NDArray[np.float64]:
    """Coordinates on principal axes, of a part of very many rows; zero beyond the features."""
    part = X[:: max(1, len(X) // AXES_FROM_ROWS)]
    return AffineMap.from_axes(principal_axes(part, n_components), n_components)(X)


def random_start(
    n_samples: int, n_components: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Standard normal coordinates."""
    return rng.normal(size=(n_samples, n_components))


def spectral_start(affinities: csr_array[Any], n_components: int) -> NDArray[np.float64]:
    """Leading eigenvectors of a symmetric graph's normalized weights, but for the trivial one."""
    from scipy.linalg import eigh
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import ArpackError, eigsh

    n = affinities.shape[0]
    root = np.sqrt(np.maximum(np.asarray(affinities.sum(axis=1)).ravel(), 1e-30))
    inverse = diags_array(1.0 / root)
    normalized = inverse @ affinities.astype(np.float64) @ inverse
    n_vectors = min(n_components + 1, n)
    if n <= max(DENSE_UP_TO, 4 * n_vectors):
        _, vectors = eigh(normalized.toarray(), subset_by_index=[n - n_vectors, n - 1])
    else:
        # A fixed start, because ARPACK's own is drawn anew in every call.
        start = np.random.default_rng(0).normal(size=n)
        try:
            _, vectors = eigsh(normalized, k=n_vectors, which="LA", v0=start, tol=1e-4)
        except ArpackError as error:
            raise InvalidInputError(
                "The eigenvectors of the neighbour graph were not found. Use init='pca'."
            ) from error
    vectors = vectors[:, ::-1][:, 1:]
    largest = np.abs(vectors).argmax(axis=0)
    Y = np.zeros((n, n_components))
    Y[:, : vectors.shape[1]] = vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return Y


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
