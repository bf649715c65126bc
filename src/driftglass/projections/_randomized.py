"""Leading axes of tables too large for a covariance matrix or a full decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._moments import Axes, row_blocks, with_fixed_signs

__all__ = ["randomized_axes"]


def randomized_axes(
    X: Any,
    n_components: int,
    *,
    n_oversamples: int = 10,
    n_iter: int = 4,
    rng: np.random.Generator,
) -> Axes:
    """Principal axes by a randomized range finder with power iterations (Halko et al. 2011).

    Parameters
    ----------
    X : ndarray or sparse array of shape (n_samples, n_features)
        Finite rows. They are read a block at a time and never centred as a whole.
    n_components : int
        Axes, at most min(n_samples, n_features).
    n_oversamples : int
        Directions looked at beyond those wanted.
    n_iter : int
        Power iterations: each brings axes of nearly equal variance further apart.
    rng : Generator
        Where directions start.
    """
    rows = CentredRows(X)
    n, d = X.shape
    width = min(n_components + n_oversamples, n, d)
    basis = rng.normal(size=(d, width))
    for _ in range(n_iter):
        basis, _ = np.linalg.qr(rows.squared(basis))
    inner, total = rows.gram(basis)
    values, vectors = np.linalg.eigh(inner)
    order = np.argsort(-values, kind="stable")[:n_components]
    components = (basis @ vectors[:, order]).T
    freedom = max(n - 1, 1)
    variance = np.maximum(values[order], 0.0) / freedom
    return Axes(rows.mean, with_fixed_signs(components), variance, total / freedom, n)


class CentredRows:
    """Products with the rows of X less their mean, in double precision.

    Parameters
    ----------
    X : ndarray or sparse array of shape (n_samples, n_features)
        Rows.
    """

    def __init__(self, X: Any) -> None:
        self._sparse = X.tocsr().astype(np.float64) if hasattr(X, "tocsr") else None
        self._X = X
        if self._sparse is not None:
            self.mean = np.asarray(self._sparse.sum(axis=0)).ravel() / X.shape[0]
        else:
            total = np.zeros(X.shape[1])
            for part in row_blocks(*X.shape):
                total += X[part].sum(axis=0, dtype=np.float64)
            self.mean = total / X.shape[0]

    def squared(self, V: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scatter matrix times V, of shape (n_features, any)."""
        if self._sparse is not None:
            there = self._sparse @ V - self.mean @ V
            product: NDArray[np.float64] = self._sparse.T @ there
            return product - np.outer(self.mean, there.sum(axis=0))
        total = np.zeros_like(V)
        for block in self._blocks():
            total += block.T @ (block @ V)
        return total

    def gram(self, V: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
        """Inner products of the rows' coordinates along V, and their total sum of squares."""
        if self._sparse is not None:
            there = self._sparse @ V - self.mean @ V
            squares = float((self._sparse.data**2).sum())
            squares -= self._sparse.shape[0] * float(self.mean @ self.mean)
            return there.T @ there, max(squares, 0.0)
        inner, total = np.zeros((V.shape[1], V.shape[1])), 0.0
        for block in self._blocks():
            along = block @ V
            inner += along.T @ along
            total += float(np.einsum("ij,ij->", block, block))
        return inner, total

    def _blocks(self) -> Any:
        for part in row_blocks(*self._X.shape):
            block = self._X[part].astype(np.float64)
            block -= self.mean
            yield block
