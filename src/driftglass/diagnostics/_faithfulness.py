"""How much of every neighbourhood, small or large, a map keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..parallel import Threads
from ._co_ranks import centered, faithfulness_weights, ranks_of, squared_distances
from ._neighborhoods import drawn_anchors
from ._quality import _checked

__all__ = ["Faithfulness", "faithfulness", "scales_for"]

BLOCK_VALUES = 1 << 22
"""Ranks that a thread holds at a time; all vectors are read once for each such block."""
MIN_SAMPLES = 4


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """Share of neighbourhoods that a map keeps, at several sizes and over all of them.

    Parameters
    ----------
    value : float
        F: the mean over all sizes K of R(K), weighted by 1 / K; 0 for a map drawn at random, 1
        for a perfect one.
    standard_error : float
        Of F, for the draw of the anchors.
    scales : ndarray of shape (n_scales,)
        Sizes K.
    curve : ndarray of shape (n_scales,)
        R(K): the kept share of neighbourhoods, rescaled so that chance gives 0.
    rows : ndarray of shape (n_anchors,), dtype int32
        Rows that were looked at.
    points : ndarray of shape (n_anchors,)
        F of each row alone.
    kept : ndarray of shape (n_anchors, n_scales)
        Share of each row's K nearest in the vectors that are among its K nearest in the map.
    n_samples : int
        Rows in all.
    """

    value: float
    standard_error: float
    scales: NDArray[np.int64]
    curve: NDArray[np.float64]
    rows: NDArray[np.int32]
    points: NDArray[np.float64]
    kept: NDArray[np.float64]
    n_samples: int

    def at(self, n_neighbors: int) -> float:
        """R(K) at the scale nearest to `n_neighbors`."""
        return float(self.curve[int(np.abs(self.scales - n_neighbors).argmin())])


def faithfulness(
    X: Any,
    Y: Any,
    *,
    n_anchors: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> Faithfulness:
    """Faithfulness F of a map: a number without a parameter.

    With Q(K) the share of K-neighbourhoods that is kept,
    ``R(K) = ((n - 1) Q(K) - K) / (n - 1 - K)`` and
    ``F = sum_K R(K) / K / sum_K 1 / K`` over K = 1 … n - 2.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    n_anchors : int, optional
        Rows to look from, each among all rows; all by default. A subset scored by itself would
        flatter the map.
    random_state : int
        Seed of the draw.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    faithfulness : Faithfulness
        The value, the curve and single points.

    Raises
    ------
    InvalidInputError
        Fewer than four rows.

    References
    ----------
    .. [1] Lee, Renard, Bernard, Dupont and Verleysen (2013). Type 1 and 2 mixtures of
       Kullback-Leibler divergences as cost functions in dimensionality reduction. Neurocomputing
       112.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> round(faithfulness(X, X).value, 6)
    1.0
    """
    X, Y = _checked(X, Y)
    n = len(X)
    if n < MIN_SAMPLES:
        raise InvalidInputError(
            f"X has {n} rows; {MIN_SAMPLES} are needed for a neighbourhood that is not everybody."
        )
    anchors = drawn_anchors(n, n_anchors, random_state)
    gain, chance = faithfulness_weights(n)
    scales = scales_for(n)
    spaces = [centered(X), centered(Y)]
    size = max(1, BLOCK_VALUES // n)

    def block(start: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = anchors[start : start + size].astype(np.int64)
        ranks = [ranks_of(squared_distances(*space, rows), rows) for space in spaces]
        larger = np.maximum(*ranks)
        own = gain[larger].sum(axis=1) - chance
        # the row itself holds the last rank, which no scale reaches
        kept = np.stack([(larger <= K).sum(axis=1) / K for K in scales], axis=1)
        return own, kept

    with Threads(n_jobs) as executor:
        parts = executor.map(block, range(0, len(anchors), size))
    points = np.concatenate([own for own, _ in parts])
    kept = np.concatenate([share for _, share in parts])
    curve = ((n - 1) * kept.mean(axis=0) - scales) / (n - 1 - scales)
    spread = float(points.std(ddof=1)) if len(points) > 1 else 0.0
    # With every row looked at, nothing is left to chance.
    error = spread / np.sqrt(len(points)) if len(points) < n else 0.0
    return Faithfulness(float(points.mean()), float(error), scales, curve, anchors, points, kept, n)


def scales_for(n_samples: int) -> NDArray[np.int64]:
    """Sizes of neighbourhoods from 5 to a third of the rows, about two to a doubling."""
    largest = max(1, n_samples // 3)
    steps = np.arange(0, np.log2(max(largest / 5, 1)) + 1e-9, 0.5)
    return np.unique(np.minimum(np.round(5 * 2.0**steps), largest).astype(np.int64))
