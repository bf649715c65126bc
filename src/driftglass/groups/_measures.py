"""How far classes lie apart, computed from distances and weights of rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ClassSpace", "silhouettes"]

NAMES = ("silhouette", "davies_bouldin", "centroid_ratio")
"""Measures of all classes together; the larger the better only for the first."""


@dataclass(frozen=True, eq=False)
class ClassSpace:
    """Vectors of rows of two or more classes, with the distances between them.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Vectors in float64, centred.
    distances : ndarray of shape (n_samples, n_samples)
        Euclidean.
    """

    X: NDArray[np.float64]
    distances: NDArray[np.float32]

    @classmethod
    def of(cls, X: NDArray[Any]) -> ClassSpace:
        """Measure all distances."""
        points = X.astype(np.float64)
        points -= points.mean(axis=0)
        norms = np.einsum("ij,ij->i", points, points)
        squared = norms[:, None] + norms[None, :] - 2.0 * (points @ points.T)
        np.maximum(squared, 0.0, out=squared)
        np.fill_diagonal(squared, 0.0)
        return cls(points, np.sqrt(squared).astype(np.float32))

    def values(
        self, codes: NDArray[np.int64], n_classes: int, weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """All measures for rows that count `weights` times.

        Parameters
        ----------
        codes : ndarray of shape (n_samples,)
            Class of each row, 0 to n_classes - 1.
        n_classes : int
            Number of classes.
        weights : ndarray of shape (n_samples,)
            How often each row is there; 0 leaves it out.

        Returns
        -------
        values : ndarray of shape (3 + 2 * n_classes,)
            Those of `NAMES`, then the silhouettes and the centroid ratios of the classes; nan for
            a class with fewer than two different rows.
        """
        rows = silhouettes(self.distances, codes, n_classes, weights)
        classes = np.zeros((len(codes), n_classes))
        classes[np.arange(len(codes)), codes] = weights
        sizes = classes.sum(axis=0)
        known = np.isfinite(rows)
        by_class = _mean_of(np.where(known, rows, 0.0), codes, n_classes, weights * known)
        overall = np.average(rows[known], weights=weights[known]) if known.any() else np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            centers = classes.T @ self.X / sizes[:, None]
        to_centers = _to_centers(self.X, centers)
        own = to_centers[np.arange(len(codes)), codes]
        spread = _mean_of(own, codes, n_classes, weights)
        between = np.sqrt(((centers[:, None] - centers[None]) ** 2).sum(axis=2))
        ratios = self._ratios(to_centers, codes, n_classes, weights)
        return np.concatenate(
            [[overall, _davies_bouldin(spread, between), _mean(ratios)], by_class, ratios]
        )

    @staticmethod
    def _ratios(
        to_centers: NDArray[np.float64],
        codes: NDArray[np.int64],
        n_classes: int,
        weights: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Mean distance to the own centroid over that to the others', per class."""
        table = np.stack(
            [
                _mean_of(to_centers[:, other], codes, n_classes, weights)
                for other in range(n_classes)
            ],
            axis=1,
        )
        own = np.diag(table).copy()
        np.fill_diagonal(table, np.nan)
        with np.errstate(invalid="ignore"):
            others = np.nansum(table, axis=1) / np.maximum(np.isfinite(table).sum(axis=1), 1)
            return np.where(others > 0, own / np.where(others > 0, others, 1.0), np.nan)


def silhouettes(
    distances: NDArray[np.float32],
    codes: NDArray[np.int64],
    n_classes: int,
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Silhouette of each row, shape (n_samples,).

    Copies of a row, which a bootstrap makes, are the row itself and not its neighbours. nan for a
    row that is left out, or is alone in its class.
    """
    classes = np.zeros((len(codes), n_classes), dtype=np.float32)
    classes[np.arange(len(codes)), codes] = weights
    sums = (distances @ classes).astype(np.float64)
    sizes = np.tile(classes.sum(axis=0, dtype=np.float64), (len(codes), 1))
    at = np.arange(len(codes))
    sizes[at, codes] -= weights
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(sizes > 0, sums / sizes, np.nan)
    inside = means[at, codes].copy()
    means[at, codes] = np.inf
    outside = np.where(np.isnan(means), np.inf, means).min(axis=1)
    largest = np.maximum(inside, outside)
    with np.errstate(invalid="ignore", divide="ignore"):
        rows = np.where(largest > 0, (outside - inside) / largest, 0.0)
    rows[(weights == 0) | np.isnan(inside) | ~np.isfinite(outside)] = np.nan
    return np.asarray(rows, dtype=np.float64)


def _mean_of(
    values: NDArray[np.float64],
    codes: NDArray[np.int64],
    n_classes: int,
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    sizes = np.bincount(codes, weights, n_classes)
    sums = np.bincount(codes, weights * np.nan_to_num(values), n_classes)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(sizes > 0, sums / sizes, np.nan), dtype=np.float64)


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _to_centers(X: NDArray[np.float64], centers: NDArray[np.float64]) -> NDArray[np.float64]:
    squared = (X**2).sum(axis=1)[:, None] + (centers**2).sum(axis=1) - 2.0 * X @ centers.T
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)), dtype=np.float64)


def _davies_bouldin(spread: NDArray[np.float64], between: NDArray[np.float64]) -> float:
    """Mean over classes of the worst (spread + spread) / distance of centroids."""
    np.fill_diagonal(between, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = (spread[:, None] + spread[None, :]) / between
    worst = np.where(np.isnan(ratios), -np.inf, ratios).max(axis=1)
    worst = worst[np.isfinite(worst)]
    return float(worst.mean()) if len(worst) else float("nan")
