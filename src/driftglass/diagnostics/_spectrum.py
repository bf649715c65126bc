"""How many directions a space uses, and how evenly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._device import Device
from ..errors import InvalidInputError
from ..parallel import Threads
from ._checks import checked_vectors
from ._decay import ALPHA_RANKS, AlphaFit, fitted_decay
from ._estimates import Estimate, of_influence, of_mean
from ._grams import MIN_ROWS, gram_products

__all__ = [
    "AlphaFit",
    "Spectrum",
    "effective_rank",
    "eigenspectrum_alpha",
    "eigenvalues",
    "participation_ratio",
    "rankme",
]

RANKME_EPS = 1e-7
"""Added to every share, as published; it keeps the logarithm finite."""
ROUNDING = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Moments:
    """Eigenvalues of a matrix of second moments, and where the rows lie along its directions.

    Parameters
    ----------
    values : ndarray of shape (rank,)
        Descending, not negative.
    squares : ndarray of shape (n_samples, rank)
        Squared coordinate of every row along every direction; its mean is `values`.
    """

    values: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of(cls, X: NDArray[np.float64], divisor: float, device: Device | None = None) -> Moments:
        """Moments ``X'X / divisor`` of rows that are centred or not."""
        if device is not None:
            from .._device import eigen_moments

            values, squares = eigen_moments(X, device)
        elif X.shape[0] < X.shape[1]:
            values, vectors = np.linalg.eigh(X @ X.T)
            values, vectors = values[::-1], vectors[:, ::-1]
            squares = vectors**2 * np.maximum(values, 0.0)
        else:
            values, vectors = np.linalg.eigh(X.T @ X)
            values, vectors = values[::-1], vectors[:, ::-1]
            squares = (X @ vectors) ** 2
        floor = ROUNDING * max(X.shape) * max(float(values[0]), 0.0)
        values = np.where(values > floor, values, 0.0) / divisor
        return cls(values, squares * (len(X) / divisor))

    def estimate(self, value: float, gradient: NDArray[np.float64]) -> Estimate:
        """A function of the eigenvalues, given its derivative by each of them."""
        influence = self.squares @ gradient - float(self.values @ gradient)
        return of_influence(value, influence)


class Spectrum:
    """Moments of one set of vectors, made once for everything that is read off them.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Finite vectors.
    device : Device, optional
        Where torch multiplies and decomposes, in double precision.
    """

    def __init__(self, X: NDArray[Any], device: Device | None = None) -> None:
        self._device = device
        rows = X.astype(np.float64)
        reach = float(np.abs(rows).max(initial=0.0))
        # A power of two, so that squares stay in range and nothing is rounded.
        self._scale = float(2.0 ** -np.ceil(np.log2(reach))) if reach > 0 else 1.0
        self._rows = rows * self._scale
        self._mean = self._rows.mean(axis=0)
        self._centered = self._rows - self._mean
        self.n_samples, self.n_features = X.shape

    @cached_property
    def centered(self) -> Moments:
        """Eigenvalues of the covariance matrix, of the scaled rows."""
        return Moments.of(self._centered, max(1.0, self.n_samples - 1.0), self._device)

    @cached_property
    def raw(self) -> Moments:
        """Eigenvalues of the second moments about zero, of the scaled rows."""
        return Moments.of(self._rows, float(self.n_samples), self._device)

    @property
    def constant(self) -> bool:
        """Whether all rows are equal but for rounding."""
        spread = float(np.abs(self._centered).max(initial=0.0))
        return self.n_samples < 2 or spread <= ROUNDING

    def eigenvalue(self, rank: int) -> Estimate:
        """Variance along a principal direction, 0 being the first, in squared units of X."""
        gradient = np.zeros(len(self.centered.values))
        gradient[rank] = 1.0
        scaled = self.centered.estimate(float(self.centered.values[rank]), gradient)
        unit = self._scale**-2
        return Estimate(scaled.value * unit, scaled.standard_error * unit, scaled.n)

    def share(self, n_directions: int) -> Estimate:
        """Share of the variance in the first directions."""
        values = self.centered.values
        total = float(values.sum())
        first = np.arange(len(values)) < n_directions
        share = float(values[first].sum()) / total
        return self.centered.estimate(share, np.asarray((first - share) / total))

    def effective_rank(self) -> Estimate:
        """Exponential of the entropy of the variance shares."""
        values = self.centered.values
        total = float(values.sum())
        shares = values / total
        logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
        entropy = -float(shares @ logs)
        gradient = np.where(shares > 0, -logs - entropy, 0.0) / total
        rank = float(np.exp(entropy))
        return self.centered.estimate(rank, rank * gradient)

    def rankme(self) -> Estimate:
        """RankMe of the rows as they are, not centred."""
        singular = np.sqrt(self.raw.values)
        total = float(singular.sum())
        plain = singular / total
        # Directions beyond the smaller side exist as well, with a share of zero.
        missing = min(self.n_samples, self.n_features) - len(plain)
        shares = plain + RANKME_EPS
        logs = np.log(shares)
        entropy = -float(shares @ logs) - missing * RANKME_EPS * float(np.log(RANKME_EPS))
        by_singular = (-(logs + 1) + float(plain @ (logs + 1))) / total
        gradient = np.divide(
            by_singular, 2 * singular, out=np.zeros_like(singular), where=singular > 0
        )
        rank = float(np.exp(entropy))
        return self.raw.estimate(rank, rank * gradient)

    def alpha(self, ranks: tuple[int, int] = ALPHA_RANKS) -> tuple[AlphaFit, Estimate, Estimate]:
        """Decay of the eigenvalues from a line through logarithms, and how well that fits."""
        fit, by_alpha, by_r_squared = fitted_decay(self.centered.values, ranks)
        return (
            fit,
            self.centered.estimate(fit.alpha, by_alpha),
            self.centered.estimate(fit.r_squared, by_r_squared),
        )

    def mean_share(self) -> Estimate:
        """Share of the mean vector in the mean squared length: 1 when all rows are equal."""
        squares = np.einsum("ij,ij->i", self._rows, self._rows)
        total, own = float(squares.mean()), float(self._mean @ self._mean)
        share = own / total
        along = self._rows @ self._mean
        return of_influence(share, (2 * (along - own) - share * (squares - total)) / total)

    def norms(self) -> tuple[Estimate, Estimate]:
        """Mean and standard deviation of the lengths of rows."""
        lengths = np.sqrt(np.einsum("ij,ij->i", self._rows, self._rows)) / self._scale
        mean = of_mean(lengths)
        spread = float(lengths.std(ddof=1)) if len(lengths) > 1 else 0.0
        moved = (lengths - mean.value) ** 2 - spread**2
        influence = moved / (2 * spread) if spread > 0 else np.zeros(len(lengths))
        return mean, of_influence(spread, influence)

    def radius(self) -> Estimate:
        """Root of the mean squared distance from the mean."""
        squares = np.einsum("ij,ij->i", self._centered, self._centered)
        radius = float(np.sqrt(squares.mean()))
        influence = (squares - radius**2) / (2 * radius) if radius > 0 else np.zeros(len(squares))
        unit = 1 / self._scale
        return of_influence(radius * unit, influence * unit)

    def cosine(self, *, centered: bool) -> Estimate | None:
        """Mean cosine between rows; None when fewer than two have a direction."""
        rows = self._centered if centered else self._rows
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        pointing = lengths > ROUNDING
        n = int(pointing.sum())
        if n < 2:
            return None
        units = rows[pointing] / lengths[pointing, None]
        from_row = (units @ units.sum(axis=0) - 1) / (n - 1)
        return of_influence(float(from_row.mean()), 2 * (from_row - from_row.mean()))


def eigenvalues(X: Any, *, n_components: int | None = 10) -> NDArray[np.float64]:
    """Variances along the principal directions, the largest first.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors, at least two rows.
    n_components : int, optional
        How many; all by default of None. Missing ones are 0.

    Returns
    -------
    eigenvalues : ndarray of shape (n_components,)
        Of the covariance matrix with divisor n_samples - 1; scikit-learn's
        ``PCA.explained_variance_``.

    Raises
    ------
    ShapeError
        Fewer than two rows.
    InvalidInputError
        A value is not finite.

    Examples
    --------
    >>> eigenvalues([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]], n_components=2)
    array([4., 0.])
    """
    spectrum = _spectrum(X)
    values = spectrum.centered.values / spectrum._scale**2
    if n_components is None:
        return values
    if n_components < 1:
        raise InvalidInputError(f"n_components is {n_components}; at least 1 is needed.")
    result = np.zeros(n_components)
    result[: len(values)] = values[:n_components]
    return result


def effective_rank(X: Any) -> float:
    """Number of directions that the variance is spread over.

    ``exp(-sum p ln p)`` with p the shares of the variance along the principal directions.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors, at least two rows; centred here.

    Returns
    -------
    rank : float
        From 1, for points on a line, to n_features, for a round cloud; 0 if all rows are equal.

    Raises
    ------
    ShapeError
        Fewer than two rows.
    InvalidInputError
        A value is not finite.

    See Also
    --------
    rankme : from singular values of vectors that are not centred; a different number.

    References
    ----------
    .. [1] Roy and Vetterli (2007). The effective rank. EUSIPCO.

    Examples
    --------
    >>> effective_rank([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    1.0
    """
    spectrum = _spectrum(X)
    return 0.0 if spectrum.constant else spectrum.effective_rank().value


def rankme(X: Any) -> float:
    """RankMe: effective rank from singular values of the vectors as they are, not centred.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors, far more rows than features. A common offset of all rows lowers it much.

    Returns
    -------
    rank : float
        From 1 to about min(n_samples, n_features); 0 if all rows are zero.

    Raises
    ------
    ShapeError
        Fewer than two rows.
    InvalidInputError
        A value is not finite.

    See Also
    --------
    effective_rank : from variances, which an offset does not touch.

    References
    ----------
    .. [1] Garrido et al. (2023). RankMe: assessing the downstream performance of pretrained
       self-supervised representations by their rank. ICML.
    """
    spectrum = _spectrum(X)
    return spectrum.rankme().value if spectrum.raw.values[0] > 0 else 0.0


def participation_ratio(X: Any, *, debiased: bool = True, n_jobs: int | None = None) -> float:
    """Number of directions of equal variance that would give the same spread.

    ``tr(S)² / tr(S²)`` for the covariance S, with an estimate of ``tr(S²)`` that is right on
    average for any number of rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors, at least four rows.
    debiased : bool
        The plain value is near ``n d / (n + d)`` for a round cloud of n rows in d dimensions,
        so that few rows cap it.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    ratio : float
        At least about 1; the debiased value varies around the truth and may exceed n_features.
        0 if all rows are equal; nan where the rows are too few to tell.

    Raises
    ------
    ShapeError
        Fewer than four rows.
    InvalidInputError
        A value is not finite.

    References
    ----------
    .. [1] Gao et al. (2017). A theory of multineuronal dimensionality, dynamics and measurement.
       bioRxiv.
    """
    X = checked_vectors(X, at_least=MIN_ROWS)
    spectrum = Spectrum(X)
    if spectrum.constant:
        return 0.0
    if not debiased:
        values = spectrum.centered.values
        return float(values.sum() ** 2 / (values @ values))
    with Threads(n_jobs) as executor:
        products = gram_products([X], executor)
    if products.unbiased[0, 0] <= 0:
        return float("nan")
    return products.participation_ratio(0).value


def eigenspectrum_alpha(X: Any, *, ranks: tuple[int, int] = ALPHA_RANKS) -> AlphaFit:
    """Exponent alpha of the decay of the eigenvalues, ``rank ** -alpha``.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors, many more rows than the last rank.
    ranks : tuple of (int, int)
        First and last rank of the fit, counted from 1; the last is lowered to what there is.

    Returns
    -------
    fit : AlphaFit
        The exponent with its range and how well the law fits. Values near 1 are said to
        generalise best, which is a rule of thumb.

    Raises
    ------
    InvalidInputError
        Fewer than ten eigenvalues in the range are not zero.

    References
    ----------
    .. [1] Agrawal et al. (2022). alpha-ReQ: assessing representation quality in self-supervised
       learning by measuring eigenspectrum decay. NeurIPS.
    """
    if not 1 <= ranks[0] < ranks[1]:
        raise InvalidInputError(f"ranks is {ranks}; two ranks from 1 on, ascending, are needed.")
    return _spectrum(X).alpha(ranks)[0]


def _spectrum(X: Any) -> Spectrum:
    return Spectrum(checked_vectors(X, at_least=2))
