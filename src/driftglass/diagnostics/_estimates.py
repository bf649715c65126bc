"""Numbers with the uncertainty that a limited number of rows leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "jackknife", "of_influence", "of_mean", "of_pairs"]


@dataclass(frozen=True)
class Estimate:
    """A number computed from rows, and how far other rows of the same kind would move it.

    Parameters
    ----------
    value : float
        The number.
    standard_error : float
        Standard deviation that it would have over many draws of as many rows; 0 for numbers
        that do not vary.
    n : int
        Rows it was computed from.
    """

    value: float
    standard_error: float
    n: int

    def __float__(self) -> float:
        return self.value


def of_mean(values: NDArray[np.floating]) -> Estimate:
    """Mean of one value per row."""
    mean = float(values.mean())
    return of_influence(mean, values - mean)


def of_influence(value: float, influence: NDArray[np.floating]) -> Estimate:
    """Estimate from how much each row pulls at it (the infinitesimal jackknife).

    Parameters
    ----------
    value : float
        The number.
    influence : ndarray of shape (n_samples,)
        Derivative of the number with respect to the weight of each row, times n_samples.
    """
    n = len(influence)
    error = float(np.sqrt(influence.var(ddof=1) / n)) if n > 1 else 0.0
    return Estimate(float(value), error, n)


def of_pairs(rows: NDArray[np.floating]) -> Estimate:
    """Mean over pairs of rows, given the mean over the pairs that each row is part of."""
    mean = float(rows.mean())
    return of_influence(mean, 2.0 * (rows - mean))


def jackknife(
    value: float, without: Callable[[int], float], n_groups: int, n_samples: int
) -> Estimate:
    """Estimate from leaving out one group of rows after the other.

    Parameters
    ----------
    value : float
        The number with all rows.
    without : callable
        The number without the rows of a group.
    n_groups : int
        Groups of about equal size.
    n_samples : int
        Rows in all.
    """
    left = np.array([without(group) for group in range(n_groups)])
    spread = float(((left - left.mean()) ** 2).sum())
    return Estimate(float(value), float(np.sqrt((n_groups - 1) / n_groups * spread)), n_samples)
