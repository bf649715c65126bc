"""Scores of sequences that others publish, for comparison, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ..neighbors import exact_neighbors
from ._quality import trustworthiness

__all__ = ["PublishedScores", "SpeedScores", "published_scores", "speed_scores"]

SKIPS = (1, 2, 4, 8, 16)
TINY = 1e-6
"""Added to drifts before their logarithm, as the published code does."""
FEWEST = 3
MOST_PAIRS = 2_000_000
"""Pairs of distances that Kendall's tau is computed of; beyond, some are drawn."""


@dataclass(frozen=True)
class PublishedScores:
    """Scores of the benchmark of dynamic projections (Vernier et al. 2020).

    Parameters
    ----------
    stability : mapping of str to float
        "pearson", "spearman", "kendall", "kl", "stress_n" and "stress_s" between the lengths of
        all steps in vectors and map, pooled over points and times. The stresses divide by the
        largest, or by the standard deviation after the mean is taken off; both are squared and
        smaller is better, as is "kl".
    space : mapping of str to float
        The same six between the distances of all pairs within a frame, pooled over frames.
    neighbor_preservation : float
        Mean share kept of the nearest 5 % of the rows, the row itself not counted.
    trustworthiness, continuity : float
        By the definitions of Venna and Kaski. The benchmark publishes them **exchanged**: its
        "trust" is this continuity and its "cont" this trustworthiness.
    """

    stability: Mapping[str, float]
    space: Mapping[str, float]
    neighbor_preservation: float
    trustworthiness: float
    continuity: float


def published_scores(
    Xs: Any, Ys: Any, *, share: float = 0.05, every: int = 1, random_state: int = 0
) -> PublishedScores:
    """Compute what the benchmark of dynamic projections publishes: twice six measures and three.

    They pool all points and times, so that a few fast frames decide, and distances are compared
    by value, which a map with curved space cannot keep. Prefer `sequence_scores`.

    Parameters
    ----------
    Xs : sequence of array-like of shape (n_samples, n_features)
        Vectors, the same rows in the same order in each.
    Ys : sequence of array-like of shape (n_samples, n_components)
        Maps of the same rows.
    share : float
        Size of a neighbourhood as a share of the rows, less than a half.
    every : int
        Frames between those whose distances and neighbourhoods are measured.
    random_state : int
        Seed of the pairs of distances drawn when there are more than two million.

    Returns
    -------
    scores : PublishedScores
        Not comparable between data sets.

    Raises
    ------
    ShapeError
        Snapshots differ in their rows.

    References
    ----------
    .. [1] Vernier et al. (2020). Quantitative evaluation of time-dependent multidimensional
       projection techniques. EuroVis.
    """
    X, Y = _planes(Xs, "Xs"), _planes(Ys, "Ys")
    if X.shape[:2] != Y.shape[:2]:
        raise ShapeError(
            f"Xs has {X.shape[0]} snapshots of {X.shape[1]} rows, Ys {Y.shape[0]} of "
            f"{Y.shape[1]}; maps of the same rows are needed."
        )
    steps = [np.linalg.norm(np.diff(planes, axis=0), axis=2).ravel() for planes in (X, Y)]
    rng = np.random.default_rng(random_state)
    shown = range(0, len(X), every)
    pairs = [np.concatenate([_distances(planes[t]) for t in shown]) for planes in (X, Y)]
    k = max(1, int(share * X.shape[1]))
    kept = [_kept(X[t], Y[t], k) for t in shown]
    return PublishedScores(
        stability=_six(steps[0], steps[1], rng),
        space=_six(pairs[0], pairs[1], rng),
        neighbor_preservation=float(np.mean(kept)),
        trustworthiness=float(np.mean([trustworthiness(X[t], Y[t], n_neighbors=k) for t in shown])),
        continuity=float(np.mean([trustworthiness(Y[t], X[t], n_neighbors=k) for t in shown])),
    )


@dataclass(frozen=True)
class SpeedScores:
    """Agreement of mean speeds only: no point and no neighbourhood is looked at.

    One fixed permutation of the points of a map leaves these scores as they are, and smoothing
    raises them. They are here to be compared with what was published with them.

    Parameters
    ----------
    drift : float
        Mean over skips of the score against the mean Euclidean drift of the vectors.
    cka : float
        The same against 1 - CKA, in the biased form.
    drift_by_skip, cka_by_skip : mapping of int to float
        Each skip; nan where fewer than three values can be compared.
    """

    drift: float
    cka: float
    drift_by_skip: Mapping[int, float]
    cka_by_skip: Mapping[int, float]


def speed_scores(Xs: Any, Ys: Any, *, skips: tuple[int, ...] = SKIPS) -> SpeedScores:
    """Compare how fast vectors and map drift on the whole, at several skips.

    For each skip, with the mean drifts e of the vectors and v of the map over time: the Pearson
    correlation of their logarithms, times ``exp(-3 m)``, m the mean of the squared differences of
    e and v, both over their medians, relative to e.

    Parameters
    ----------
    Xs, Ys : sequence of array-like
        As in `published_scores`.
    skips : tuple of int
        Distances in time.

    Returns
    -------
    scores : SpeedScores
        At most 1.

    See Also
    --------
    sequence_scores : follows every point and every neighbourhood.
    """
    X, Y = _planes(Xs, "Xs"), _planes(Ys, "Ys")
    if len(X) != len(Y):
        raise ShapeError(f"{len(X)} snapshots and {len(Y)} maps; one map each is needed.")
    drift, similarity = {}, {}
    kernels = [_unit_moments(plane) for plane in X]
    for skip in skips:
        shown = _speed(Y, skip)
        drift[skip] = _agreement(_speed(X, skip), shown)
        change = [1.0 - _biased_cka(kernels[t - skip], kernels[t]) for t in range(skip, len(X))]
        similarity[skip] = _agreement(np.array(change), shown)
    return SpeedScores(_mean(drift), _mean(similarity), drift, similarity)


def _planes(values: Any, name: str) -> NDArray[np.float64]:
    if hasattr(values, "aligned"):
        values = values.aligned()
    parts = [np.asarray(part, dtype=np.float64) for part in values]
    if not parts or len({part.shape for part in parts}) > 1 or parts[0].ndim != 2:
        raise ShapeError(
            f"{name} holds arrays of shapes {sorted({part.shape for part in parts})}; the same "
            f"rows in every snapshot are needed here. sequence_scores joins rows by id."
        )
    planes = np.stack(parts)
    if not np.isfinite(planes).all():
        raise InvalidInputError(
            f"{name} has values that are not finite, or ids that are not in every snapshot; "
            f"leave those rows out."
        )
    return planes


def _distances(X: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial.distance import pdist

    distances: NDArray[np.float64] = pdist(X)
    return distances


def _kept(X: NDArray[Any], Y: NDArray[Any], k: int) -> float:
    near = [np.sort(exact_neighbors(plane, k).indices, axis=1) for plane in (X, Y)]
    both = np.sort(np.concatenate(near, axis=1), axis=1)
    return float((both[:, 1:] == both[:, :-1]).sum(axis=1).mean() / near[0].shape[1])


def _six(
    data: NDArray[np.float64], shown: NDArray[np.float64], rng: np.random.Generator
) -> dict[str, float]:
    from scipy import stats

    if len(data) < FEWEST or np.ptp(data) == 0 or np.ptp(shown) == 0:
        return dict.fromkeys(("pearson", "spearman", "kendall", "kl", "stress_n", "stress_s"), 0.0)
    some = slice(None)
    if len(data) > MOST_PAIRS:
        some = rng.choice(len(data), MOST_PAIRS, replace=False)  # type: ignore[assignment]
    relative = [side / side.max() for side in (data, shown)]
    standard = [(side - side.mean()) / side.std() for side in (data, shown)]
    return {
        "pearson": float(stats.pearsonr(data, shown)[0]),
        "spearman": float(stats.spearmanr(data, shown)[0]),
        "kendall": float(stats.kendalltau(data[some], shown[some])[0]),
        "kl": float(stats.entropy(data + 1e-300, shown + 1e-300)),
        "stress_n": _stress(*relative),
        "stress_s": _stress(*standard),
    }


def _stress(data: NDArray[np.float64], shown: NDArray[np.float64]) -> float:
    return float(np.square(data - shown).sum() / np.square(data).sum())


def _speed(planes: NDArray[np.float64], skip: int) -> NDArray[np.float64]:
    if skip >= len(planes):
        return np.empty(0)
    speed: NDArray[np.float64] = np.linalg.norm(planes[skip:] - planes[:-skip], axis=2).mean(axis=1)
    return speed


def _agreement(data: NDArray[np.float64], shown: NDArray[np.float64]) -> float:
    if len(data) < FEWEST:
        return float("nan")
    logs = [np.log(np.maximum(side, 0.0) + TINY) for side in (data, shown)]
    if np.ptp(logs[0]) == 0 or np.ptp(logs[1]) == 0 or min(np.median(data), np.median(shown)) <= 0:
        return 0.0
    correlation = float(np.corrcoef(logs[0], logs[1])[0, 1])
    scaled = [side / np.median(side) for side in (data, shown)]
    error = (scaled[0] - scaled[1]) / (scaled[0] + TINY)
    return correlation * float(np.exp(-3.0 * np.square(error).mean()))


def _unit_moments(X: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    centered = X - X.mean(axis=0)
    return centered, float(np.linalg.norm(centered.T @ centered))


def _biased_cka(
    first: tuple[NDArray[np.float64], float], second: tuple[NDArray[np.float64], float]
) -> float:
    size = first[1] * second[1]
    return float(np.linalg.norm(first[0].T @ second[0]) ** 2) / size if size > 0 else 0.0


def _mean(values: Mapping[int, float]) -> float:
    known = [value for value in values.values() if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
