"""Whether distances and densities of a map mean anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..neighbors import exact_neighbors
from ._neighborhoods import drawn_anchors
from ._quality import _checked

__all__ = ["DistanceScores", "density_preservation", "distance_scores", "pair_distances"]

DENSITY_NEIGHBORS = 15


@dataclass(frozen=True)
class DistanceScores:
    """How distances in a map follow those in the vectors.

    Parameters
    ----------
    spearman, pearson : float
        Correlation of the distances of pairs, by rank and linear, -1 to 1; 0 if one side is
        constant.
    stress : float
        ``sqrt(sum (d - a e)^2 / sum d^2)`` with the best scale a; 0 is perfect, 1 is what a map
        of a single point has. Without the best scale the number would depend on the map's unit.
    n_pairs : int
        Pairs it was computed from.
    """

    spearman: float
    pearson: float
    stress: float
    n_pairs: int


def distance_scores(
    X: Any, Y: Any, *, n_pairs: int = 1_000_000, random_state: int = 0
) -> DistanceScores:
    """Correlations and stress of the distances of pairs.

    Far pairs dominate all three: they say little about neighbourhoods.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    n_pairs : int
        Pairs to draw; all of them, exactly, where there are no more.
    random_state : int
        Seed of the draw.

    Returns
    -------
    scores : DistanceScores
        nan for fewer than three rows.

    References
    ----------
    .. [1] Shepard (1962). The analysis of proximities. Psychometrika 27.
    .. [2] Smelser, Miller and Kobourov (2024). "Normalized stress" is not normalized: how to
       interpret stress correctly. BELIV.
    """
    X, Y = _checked(X, Y)
    if len(X) < 3:
        return DistanceScores(float("nan"), float("nan"), float("nan"), 0)
    rng = np.random.default_rng([random_state, 2])
    rows = _pairs(len(X), n_pairs, rng)
    d, e = pair_distances(X, *rows), pair_distances(Y, *rows)
    squared = float(e @ e)
    scale = float(d @ e) / squared if squared > 0 else 0.0
    total = float(d @ d)
    left = d - scale * e
    return DistanceScores(
        spearman=_correlation(_ranked(d), _ranked(e)),
        pearson=_correlation(d, e),
        stress=float(np.sqrt(left @ left / total)) if total > 0 else 0.0,
        n_pairs=len(d),
    )


def density_preservation(
    X: Any,
    Y: Any,
    *,
    n_neighbors: int = DENSITY_NEIGHBORS,
    n_anchors: int | None = 2000,
    random_state: int = 0,
) -> float:
    """Whether what is tight in a map is tight in the vectors.

    Correlation, over points, of the logarithm of the mean distance to the nearest neighbours in
    the vectors with the same in the map. UMAP and t-SNE even densities out, so it is near 0 for
    them by design.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    n_neighbors : int
        Neighbours around each point.
    n_anchors : int, optional
        Points to look at; all by default.
    random_state : int
        Seed of their draw.

    Returns
    -------
    correlation : float
        In [-1, 1]; 0 if one side is constant.
    """
    X, Y = _checked(X, Y)
    if len(X) < 3:
        return float("nan")
    k = min(n_neighbors, len(X) - 1)
    anchors = drawn_anchors(len(X), n_anchors, random_state)
    means = []
    for points in (X, Y):
        near = exact_neighbors(points, k, queries=anchors).distances.mean(axis=1, dtype=np.float64)
        means.append(near)
    apart = (means[0] > 0) & (means[1] > 0)
    if apart.sum() < 3:
        return 0.0
    return _correlation(np.log(means[0][apart]), np.log(means[1][apart]))


def pair_distances(
    X: NDArray[Any], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Euclidean distances of pairs of rows, shape (n_pairs,)."""
    size = max(1, (1 << 22) // X.shape[1])
    parts = []
    for start in range(0, len(first), size):
        part = slice(start, start + size)
        difference = X[first[part]].astype(np.float64) - X[second[part]]
        parts.append(np.sqrt(np.einsum("ij,ij->i", difference, difference)))
    return np.concatenate(parts) if parts else np.empty(0)


def _pairs(
    n: int, n_pairs: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if n * (n - 1) // 2 <= n_pairs:
        first, second = np.triu_indices(n, 1)
        return first.astype(np.int64), second.astype(np.int64)
    first = rng.integers(0, n, n_pairs)
    return first, (first + rng.integers(1, n, n_pairs)) % n


def _ranked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b / scale) if scale > 0 else 0.0
