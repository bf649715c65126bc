"""Mean and covariance of rows that are seen a block at a time, and their principal axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._leading import leading_pairs

__all__ = [
    "MAX_FEATURES",
    "SINGLE_FROM",
    "Axes",
    "Moments",
    "axes_of_few_rows",
    "principal_axes",
    "row_blocks",
    "with_fixed_signs",
]

BLOCK_VALUES = 1 << 20
"""Values of a block in double precision: 8 MiB."""
SINGLE_FROM = 1 << 23
"""Values from which rows in single precision are multiplied in it: twice as fast, and with so many
rows their axes are less certain than its rounding."""
BLOCKS_AT_ONCE, CENTRED_AT_ONCE = 32, 8
"""Blocks that are multiplied together in single precision: adding matrices up costs, too. Those
that have to be centred are copied."""
NEAR_ZERO, SAMPLED_ROWS = 10.0, 1024
"""Squared mean, in variances, up to which rows in single precision are not centred first: it is
subtracted from their squares later and takes a digit at most."""
SINGLE_RANGE = (1e-20, 1e30)
"""Largest sum of squares in a block for which single precision neither vanishes nor overflows."""
MAX_FEATURES = 8192
"""A covariance matrix of this width takes 512 MiB."""
ITERATIVE_FEATURES = 1500
"""Beyond this width a few leading axes come cheaper from an iteration than from a factorization."""
VERY_FEW, ITERATIVE_FOR_VERY_FEW = 10, 300
"""So few axes do so from this width on, by an iteration of our own."""
ITERATIONS = 100
NARROW_FEATURES = 1024
"""Up to this width all eigenvectors take hardly longer than a few from SciPy, whose threads would
also go on waiting for work for a while and slow NumPy's."""


def row_blocks(n_samples: int, n_features: int) -> list[slice]:
    """Slices of rows that hold about `BLOCK_VALUES` values each."""
    size = max(1, BLOCK_VALUES // max(1, n_features))
    return [slice(start, min(start + size, n_samples)) for start in range(0, n_samples, size)]


@dataclass(eq=False)
class Moments:
    """Number, mean and scatter of rows, in double precision.

    Each block is centred on its own mean before it is squared and then moved to the common mean
    (Chan, Golub and LeVeque 1983), so a large common offset costs no digits.

    Parameters
    ----------
    n_samples : int
        Rows seen.
    mean : ndarray of shape (n_features,)
        Their mean.
    scatter : ndarray of shape (n_features, n_features)
        Sum of outer products of the centred rows.
    """

    n_samples: int
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]

    @classmethod
    def empty(cls, n_features: int) -> Moments:
        """Moments of no rows."""
        if n_features > MAX_FEATURES:
            raise InvalidInputError(
                f"The vectors have {n_features} features; the covariance matrix of more than "
                f"{MAX_FEATURES} is not kept in memory. Pool or subsample the features first, or "
                f"learn the map from one snapshot with fewer rows than features (basis='last')."
            )
        return cls(0, np.zeros(n_features), np.zeros((n_features, n_features)))

    def add(self, X: Any) -> None:
        """Take in rows of shape (n_samples, n_features), all finite; an array, or SciPy's sparse.

        Very many rows in single precision are multiplied in it, and added up in double.
        """
        if hasattr(X, "tocsr"):
            self._add_sparse(X)
            return
        if X.size >= SINGLE_FROM and X.dtype in (np.float32, np.float16):
            parts = row_blocks(*X.shape)
            centred = _few_deviations_from_zero(X)
            at_once = BLOCKS_AT_ONCE if centred and X.dtype == np.float32 else CENTRED_AT_ONCE
            size = at_once * (parts[0].stop if parts else 1)
            for first in range(0, len(X), size):
                self._add_single(X[first : first + size], centred)
        else:
            self._add_double(X)

    def _add_double(self, X: NDArray[Any]) -> None:
        for part in row_blocks(*X.shape):
            block = X[part].astype(np.float64)
            mean = block.mean(axis=0)
            block -= mean
            # NumPy computes a product with its own transpose as a symmetric one: half the work.
            self.merge(Moments(len(block), mean, block.T @ block))

    def _add_single(self, X: NDArray[Any], centred: bool) -> None:
        n = len(X)
        with np.errstate(over="ignore", invalid="ignore"):
            share = np.full(n, 1.0 / n, dtype=np.float32)
            block = X.astype(np.float32, copy=False)
            shift = np.zeros(X.shape[1])
            if not centred:
                near_mean = share @ block
                block, shift = block - near_mean, near_mean.astype(np.float64)
            # What is left of the mean, so that its rounding costs no digits.
            left = (share @ block).astype(np.float64)
            scatter = (block.T @ block).astype(np.float64)
        if not SINGLE_RANGE[0] < scatter.diagonal().max(initial=0.0) < SINGLE_RANGE[1]:
            self._add_double(X)
            return
        scatter -= np.outer(n * left, left)
        self.merge(Moments(n, shift + left, scatter))

    def _add_sparse(self, X: Any) -> None:
        X = X.tocsr().astype(np.float64)
        if X.shape[0] == 0:
            return
        mean = np.asarray(X.sum(axis=0)).ravel() / X.shape[0]
        scatter = np.asarray((X.T @ X).toarray()) - X.shape[0] * np.outer(mean, mean)
        self.merge(Moments(X.shape[0], mean, scatter))

    def merge(self, other: Moments) -> None:
        """Take in the rows that another has seen."""
        if other.n_samples == 0:
            return
        if self.n_samples == 0:
            self.n_samples, self.mean = other.n_samples, other.mean
            self.scatter = other.scatter.copy()
            return
        total = self.n_samples + other.n_samples
        shift = other.mean - self.mean
        self.scatter += other.scatter
        weight = self.n_samples * other.n_samples / total
        if weight:
            self.scatter += np.outer(shift * weight, shift)
        self.mean = self.mean + shift * (other.n_samples / total)
        self.n_samples = total


def _few_deviations_from_zero(X: NDArray[Any]) -> bool:
    """Whether squares about zero, of some rows, are hardly larger than those about their mean."""
    part = X[:: max(1, len(X) // SAMPLED_ROWS)].astype(np.float64)
    mean = part.mean(axis=0)
    return bool(mean @ mean <= NEAR_ZERO * part.var(axis=0).sum())


@dataclass(frozen=True, eq=False)
class Axes:
    """Principal axes of some rows.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
        Mean of the rows.
    components : ndarray of shape (n_components, n_features)
        Orthonormal rows, by falling variance; the largest loading of each is positive.
    variance : ndarray of shape (n_components,)
        Variance along each.
    total_variance : float
        Variance along all axes, also those not kept.
    n_samples : int
        Rows they were learnt from.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    variance: NDArray[np.float64]
    total_variance: float
    n_samples: int


def principal_axes(source: Moments | NDArray[Any], n_components: int) -> Axes:
    """Leading principal axes of moments, or of rows of shape (n_samples, n_features).

    There are never more axes than features, nor than rows that are given as such. Few rows of
    many features are better passed as rows: their axes need no matrix of features by features.
    """
    if not isinstance(source, Moments):
        n_samples, n_features = source.shape
        if n_samples < n_features:
            return axes_of_few_rows(source.astype(np.float64), n_components)
        moments = Moments.empty(n_features)
        moments.add(source)
        source = moments
    n_components = min(n_components, len(source.mean))
    freedom = max(source.n_samples - 1, 1)
    total = float(np.trace(source.scatter)) / freedom
    _require_finite_variance(total)
    values, vectors = _leading(source.scatter, n_components)
    variance = np.maximum(values, 0.0) / freedom
    return Axes(source.mean, with_fixed_signs(vectors.T), variance, total, source.n_samples)


def axes_of_few_rows(X: NDArray[np.float64], n_components: int) -> Axes:
    """Principal axes by a singular value decomposition of rows, which are overwritten."""
    mean = X.mean(axis=0)
    X -= mean
    total = float(np.einsum("ij,ij->", X, X)) / max(len(X) - 1, 1)
    _require_finite_variance(total)
    # Inner products square the condition: axes below 1e-8 of the largest drown in rounding.
    # A singular value decomposition keeps them.
    _, values, components = np.linalg.svd(X, full_matrices=False)
    variance = values[:n_components] ** 2 / max(len(X) - 1, 1)
    kept = with_fixed_signs(components[:n_components])
    return Axes(mean, kept, variance, total, len(X))


def _leading(
    scatter: NDArray[np.float64], n_components: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest eigenvalues, falling, and their vectors as columns."""
    d = len(scatter)
    if n_components == 0:
        return np.empty(0), np.empty((d, 0))
    few = d > ITERATIVE_FEATURES and n_components < d // 10
    very_few = d > ITERATIVE_FOR_VERY_FEW and n_components <= VERY_FEW
    found = None
    if very_few and scatter.any():
        found = leading_pairs(scatter, n_components)
    elif few and scatter.any():
        found = _iterated(scatter, n_components)
    if found is None and d <= NARROW_FEATURES:
        values, vectors = np.linalg.eigh(scatter)
        found = values[d - n_components :], vectors[:, d - n_components :]
    if found is None:
        from scipy.linalg import eigh

        found = eigh(scatter, subset_by_index=[d - n_components, d - 1])
    values, vectors = found
    order = np.argsort(-values, kind="stable")
    return values[order], vectors[:, order]


def _iterated(
    scatter: NDArray[np.float64], n_components: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    from scipy.sparse.linalg import ArpackError, eigsh

    # A fixed start, because ARPACK's own is drawn anew in every call.
    start = np.random.default_rng(0).normal(size=len(scatter))
    try:
        values, vectors = eigsh(
            scatter,
            k=n_components,
            which="LA",
            v0=start,
            ncv=2 * n_components + 20,
            maxiter=ITERATIONS,
        )
    except ArpackError:  # nearly equal eigenvalues: a factorization does not mind
        return None
    return values, vectors


def with_fixed_signs(components: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with their largest loading positive, so that equal data give equal axes."""
    if components.size == 0:
        return components
    largest = np.argmax(np.abs(components), axis=1)
    signs = np.sign(components[np.arange(len(components)), largest])
    signs[signs == 0] = 1.0
    return np.ascontiguousarray(components * signs[:, None])


def _require_finite_variance(total: float) -> None:
    if not np.isfinite(total):
        raise InvalidInputError(
            "The variance of the vectors is beyond double precision (values of about 1e154 and "
            "more). Divide them by their largest magnitude first."
        )
