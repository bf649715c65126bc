"""How fast eigenvalues fall: a power of their rank, fitted on logarithms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError

__all__ = ["ALPHA_RANKS", "AlphaFit", "fitted_decay"]

ALPHA_RANKS = (11, 100)
"""The first directions follow the task rather than the law, and the last follow the noise."""
MIN_ALPHA_RANKS = 10


@dataclass(frozen=True)
class AlphaFit:
    """Exponent of the decay of eigenvalues.

    Parameters
    ----------
    alpha : float
        Eigenvalues fall like ``rank ** -alpha``.
    r_squared : float
        Share of the variance of their logarithms that the law explains.
    ranks : tuple of (int, int)
        First and last rank of the fit; other ranges give other numbers.
    """

    alpha: float
    r_squared: float
    ranks: tuple[int, int]


def fitted_decay(
    values: NDArray[np.float64], ranks: tuple[int, int]
) -> tuple[AlphaFit, NDArray[np.float64], NDArray[np.float64]]:
    """Fit a line through the logarithms of falling eigenvalues and of their ranks.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Eigenvalues, falling.
    ranks : tuple of (int, int)
        First and last rank, counted from 1; the last is lowered to what there is.

    Returns
    -------
    fit : AlphaFit
        The exponent and how well the law fits.
    by_alpha, by_r_squared : ndarray of shape (n_values,)
        Derivatives of both by the eigenvalues.
    """
    n_positive = int((values > 0).sum())
    first, last = ranks[0], min(ranks[1], n_positive)
    if last - first + 1 < MIN_ALPHA_RANKS:
        raise InvalidInputError(
            f"{n_positive} eigenvalues are not zero; a fit from rank {ranks[0]} on needs at "
            f"least {first + MIN_ALPHA_RANKS - 1}. Pass more rows, or ranks=(1, {n_positive})."
        )
    here = slice(first - 1, last)
    x = np.log(np.arange(first, last + 1))
    x -= x.mean()
    logs = np.log(values[here])
    weights = -x / float(x @ x)
    alpha = float(weights @ logs)
    apart = logs - logs.mean()
    rest = apart + alpha * x
    variance, unexplained = float(apart @ apart), float(rest @ rest)
    r_squared = 1.0 - unexplained / variance if variance > 0 else 1.0
    by_log = np.zeros(len(x))
    if variance > 0:
        by_log = 2 * (apart * unexplained / variance - rest) / variance
    gradients = np.zeros((2, len(values)))
    gradients[:, here] = np.stack([weights, by_log]) / values[here]
    return AlphaFit(alpha, r_squared, (first, last)), gradients[0], gradients[1]
