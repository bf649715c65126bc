"""The shape of one space: intrinsic dimension, uniformity, hubs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..neighbors import exact_neighbors
from ._checks import checked_vectors
from ._estimates import Estimate, jackknife, of_influence, of_mean

__all__ = [
    "Hubness",
    "antihub_share",
    "hub_skewness",
    "hubness",
    "occurrences",
    "two_nn",
    "two_nn_estimate",
    "uniformity",
    "uniformity_estimate",
    "uniformity_floor",
]

TWO_NN_KEPT = 0.9
"""The largest ratios follow the shape of the cloud rather than its dimension."""
MIN_TWO_NN = 20
N_GROUPS = 20


@dataclass(frozen=True)
class Hubness:
    """How unevenly rows occur among the nearest neighbours of others.

    Parameters
    ----------
    antihub_share : float
        Share of rows that are nobody's neighbour; in [0, 1].
    skewness : float
        Skewness of how often a row occurs. Heavy-tailed: compare it only at equal n and k.
    n_neighbors : int
        Neighbours of each row.
    """

    antihub_share: float
    skewness: float
    n_neighbors: int


def two_nn(X: Any, *, n_jobs: int | None = None) -> float:
    """Intrinsic dimension from the distances to the two nearest neighbours.

    The ratio of the two distances has the distribution ``1 - mu ** -d``. Its logarithm is
    fitted by a line through zero, without the largest tenth and without duplicates.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors, at least 20 rows that differ from their neighbours.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    dimension : float
        Too low beyond about 15 unless rows are very many, and a property of the scale: compare
        with half of the rows.

    Raises
    ------
    InvalidInputError
        A value is not finite, or fewer than 20 rows are left without duplicates.

    References
    ----------
    .. [1] Facco et al. (2017). Estimating the intrinsic dimension of datasets by a minimal
       neighborhood information. Scientific Reports.
    """
    X = checked_vectors(X, at_least=MIN_TWO_NN)
    distances = exact_neighbors(X, 2, n_jobs=n_jobs).distances
    return two_nn_estimate(distances).value


def two_nn_estimate(distances: NDArray[np.floating]) -> Estimate:
    """Dimension from a table of distances whose first two columns are the nearest."""
    first, second = distances[:, 0].astype(np.float64), distances[:, 1].astype(np.float64)
    # A duplicate is at distance 0, and the ratio to it says nothing of the dimension.
    apart = first > 0
    ratios = np.sort(np.log(second[apart] / first[apart]))
    if len(ratios) < MIN_TWO_NN or ratios[-1] <= 0:
        raise InvalidInputError(
            f"{len(ratios)} rows differ from their nearest neighbour; at least {MIN_TWO_NN} at "
            f"different distances are needed for an intrinsic dimension."
        )
    group = np.random.default_rng(0).permutation(np.arange(len(ratios)) % N_GROUPS)
    slope = _slope(ratios)
    return jackknife(slope, lambda g: _slope(ratios[group != g]), N_GROUPS, len(distances))


def _slope(ratios: NDArray[np.float64]) -> float:
    n = len(ratios)
    kept = int(n * TWO_NN_KEPT)
    x, y = ratios[:kept], -np.log1p(-np.arange(1, kept + 1) / n)
    return float(x @ y / (x @ x))


def uniformity(X: Any) -> float:
    """How evenly the directions of rows cover the sphere, on a logarithmic scale.

    ``ln mean exp(-2 ||z_i - z_j||²)`` over pairs of rows, with z the rows divided by their
    length; rows of zeros are left out.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors; n_samples² distances are made, so pass a few thousand at most.

    Returns
    -------
    uniformity : float
        From 0, when all point the same way, down to `uniformity_floor` when they are spread
        evenly. nan when fewer than two rows have a direction.

    References
    ----------
    .. [1] Wang and Isola (2020). Understanding contrastive representation learning through
       alignment and uniformity on the hypersphere. ICML.
    """
    estimate = uniformity_estimate(checked_vectors(X))
    return float("nan") if estimate is None else estimate.value


def uniformity_estimate(X: NDArray[Any]) -> Estimate | None:
    """Uniformity with its standard error; None when fewer than two rows have a direction."""
    rows = X.astype(np.float64)
    reach = float(np.abs(rows).max(initial=0.0))
    rows /= reach or 1.0
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    n = int((lengths > 0).sum())
    if n < 2:
        return None
    units = rows[lengths > 0] / lengths[lengths > 0, None]
    kernel = np.exp(np.minimum(4 * (units @ units.T) - 4, 0.0))
    np.fill_diagonal(kernel, 0.0)
    from_row = kernel.sum(axis=1) / (n - 1)
    mean = float(from_row.mean())
    return of_influence(float(np.log(mean)), 2 * (from_row - mean) / mean)


def uniformity_floor(n_features: int) -> float:
    """Uniformity of directions that are spread evenly over the sphere.

    Parameters
    ----------
    n_features : int
        Dimensions of the space; at least 1.

    Returns
    -------
    floor : float
        The least value that many rows can have: about -3.08 in 8 dimensions, -4 in thousands.

    Examples
    --------
    >>> round(uniformity_floor(128), 3)
    -3.938
    """
    if n_features < 1:
        raise InvalidInputError(f"n_features is {n_features}; at least 1 is needed.")
    # Mean of exp(4 cos) over the sphere, by its power series 0F1(d/2; 4).
    total, term = 1.0, 1.0
    for order in range(1, 60):
        term *= 4.0 / (order * (n_features / 2 + order - 1))
        total += term
    return float(np.log(total) - 4.0)


def hubness(X: Any, *, n_neighbors: int = 10, n_jobs: int | None = None) -> Hubness:
    """How unevenly rows occur among the nearest neighbours of others.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors.
    n_neighbors : int
        Neighbours of each row; fewer than n_samples.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    hubness : Hubness
        The share of rows that are nobody's neighbour, and the skewness of occurrences.

    Raises
    ------
    InvalidInputError
        A value is not finite, or there are not as many other rows as neighbours.

    References
    ----------
    .. [1] Radovanović et al. (2010). Hubs in space: popular nearest neighbors in
       high-dimensional data. JMLR.
    """
    X = checked_vectors(X)
    if not 1 <= n_neighbors < len(X):
        raise InvalidInputError(
            f"n_neighbors is {n_neighbors} for {len(X)} rows; a number from 1 to {len(X) - 1} is "
            f"needed."
        )
    counts = occurrences(exact_neighbors(X, n_neighbors, n_jobs=n_jobs).indices, len(X))
    return Hubness(antihub_share(counts).value, hub_skewness(counts).value, n_neighbors)


def occurrences(table: NDArray[np.integer], n_samples: int) -> NDArray[np.int64]:
    """How often each row occurs in a table of neighbours."""
    return np.bincount(table.ravel(), minlength=n_samples)


def antihub_share(counts: NDArray[np.integer]) -> Estimate:
    """Share of rows that are nobody's neighbour."""
    return of_mean((counts == 0).astype(np.float64))


def hub_skewness(counts: NDArray[np.integer]) -> Estimate:
    """Skewness of the occurrences; 0 when all occur equally often."""
    centered = counts - counts.mean()
    second = float((centered**2).mean())
    if second == 0:
        return Estimate(0.0, 0.0, len(counts))
    skewness = float((centered**3).mean()) / second**1.5
    z = centered / np.sqrt(second)
    return of_influence(skewness, z**3 - skewness - 3 * z - 1.5 * skewness * (z**2 - 1))
