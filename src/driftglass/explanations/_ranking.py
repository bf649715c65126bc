"""Which features matter, and whether another sample or another fit would say the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..errors import InvalidInputError, ShapeError
from ._groups import explain_groups

__all__ = ["FeatureRanking", "RepeatedContributions", "rank_features", "repeat_fits"]


@dataclass(frozen=True, eq=False)
class FeatureRanking:
    """Features by falling share.

    Parameters
    ----------
    features : ndarray of shape (n_features,), dtype int64
        Numbers of the features, largest share first.
    names : tuple of str
        Their names, in that order.
    shares, errors : ndarray of shape (n_features,)
        Mean share and its standard error, in that order.
    stability : ndarray of shape (n_features,)
        In [0, 1]: how often a feature is among the first `n_top` when rows or fits are drawn
        anew, in that order.
    n_top : int
        Features that count as first.
    """

    features: NDArray[np.int64]
    names: tuple[str, ...]
    shares: NDArray[np.float64]
    errors: NDArray[np.float64]
    stability: NDArray[np.float64]
    n_top: int


@dataclass(frozen=True, eq=False)
class RepeatedContributions:
    """Shares of the features in several independent fits.

    Parameters
    ----------
    groups : ndarray of shape (n_groups,)
        Labels.
    mean, standard_error : ndarray of shape (n_groups, n_features)
        Over the fits.
    per_fit : ndarray of shape (n_fits, n_groups, n_features)
        Mean share in each fit.
    feature_names : tuple of str
        Names of the features.
    """

    groups: NDArray[Any]
    mean: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    per_fit: NDArray[np.float64]
    feature_names: tuple[str, ...]


def repeat_fits(
    estimator: Any,
    X: Any,
    groups: Any = None,
    *,
    n_fits: int = 8,
    random_state: int = 0,
    feature_names: Sequence[str] | None = None,
    progress: Progress = silent,
) -> RepeatedContributions:
    """Fit the same map with other seeds, to see which contributions are not chance.

    Parameters
    ----------
    estimator : GlassBoxUMAP
        With the settings; it is not fitted itself.
    X : array-like of shape (n_samples, n_features)
        Rows to fit and explain.
    groups : array-like of shape (n_samples,), optional
        Labels; one group of all rows by default.
    n_fits : int
        Fits, at least 2.
    random_state : int
        Seed of the first fit; the others follow.
    feature_names : sequence of str, optional
        Names of the features.
    progress : callable
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    repeated : RepeatedContributions
        Mean share of each feature per group, and its standard error over the fits.

    Raises
    ------
    InvalidInputError
        One fit says nothing of others.
    """
    from sklearn.base import clone

    if not isinstance(n_fits, (int, np.integer)) or n_fits < 2:
        raise InvalidInputError(f"n_fits is {n_fits!r}; at least 2 are needed to differ.")
    per_fit = []
    for number in range(n_fits):
        progress(number, n_fits, "fitting maps")
        model = clone(estimator).set_params(random_state=random_state + number).fit(X)
        means = explain_groups(model, X, groups, feature_names=feature_names)
        per_fit.append(means.shares)
    progress(n_fits, n_fits, "fitting maps")
    shares = np.stack(per_fit)
    error = shares.std(axis=0, ddof=1) / np.sqrt(n_fits)
    return RepeatedContributions(
        means.groups, shares.mean(axis=0), error, shares, means.feature_names
    )


def rank_features(
    shares: Any,
    *,
    group: Any = None,
    n_top: int = 10,
    n_resamples: int = 200,
    random_state: int = 0,
    feature_names: Sequence[str] | None = None,
) -> FeatureRanking:
    """Order features by their share, and say how firm the order is.

    Parameters
    ----------
    shares : RepeatedContributions, Attribution or array-like of shape (n_draws, n_features)
        Fits or rows that each give a share to every feature; they are drawn anew, with
        replacement.
    group : label, optional
        Group to rank, of repeated fits; all of them by default.
    n_top : int
        Features that count as first.
    n_resamples : int
        Draws.
    random_state : int
        Seed of the draws.
    feature_names : sequence of str, optional
        Names of the features.

    Returns
    -------
    ranking : FeatureRanking
        Shares, standard errors, and how often each feature is among the first.

    Raises
    ------
    ShapeError
        No table of draws and features.
    InvalidInputError
        There is no such group.
    """
    names = tuple(getattr(shares, "feature_names", ()))
    if isinstance(shares, RepeatedContributions):
        chosen = (
            np.ones(len(shares.groups), dtype=bool) if group is None else shares.groups == group
        )
        if not chosen.any():
            raise InvalidInputError(
                f"group is {group!r}; one of {shares.groups.tolist()[:20]} is needed."
            )
        values = shares.per_fit[:, chosen].mean(axis=1)
    else:
        values = np.asarray(shares.shares() if hasattr(shares, "shares") else shares, np.float64)
    if values.ndim != 2 or len(values) == 0:
        raise ShapeError(
            f"shares has shape {values.shape}; (n_draws, n_features) with a draw is needed."
        )
    n, d = values.shape
    names = tuple(str(name) for name in feature_names or names or range(d))
    n_top = min(n_top, d)
    mean = values.mean(axis=0)
    rng = np.random.default_rng(random_state)
    first = np.zeros(d)
    for _ in range(n_resamples):
        drawn = values[rng.integers(n, size=n)].mean(axis=0)
        first[np.argsort(-drawn, kind="stable")[:n_top]] += 1
    error = values.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(d, np.nan)
    order = np.argsort(-mean, kind="stable")
    return FeatureRanking(
        order.astype(np.int64),
        tuple(names[j] for j in order),
        mean[order],
        error[order],
        first[order] / n_resamples,
        n_top,
    )
