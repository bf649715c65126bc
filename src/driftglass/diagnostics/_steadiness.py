"""Steadiness and cohesiveness: whether groups of a map, or of the data, hold together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..neighbors import exact_neighbors
from ._quality import _checked

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Steadiness", "steadiness_cohesiveness"]

FLOOR = 0.1
"""Added to a similarity before it is turned into a distance, which stays finite so."""
MAX_ROWS = 3_000
MIN_ROWS = 10


@dataclass(frozen=True)
class Steadiness:
    """Whether groups hold together, with how far chance moves the numbers.

    Parameters
    ----------
    steadiness : float
        1 unless groups seen in the map fall apart in the vectors (false groups).
    cohesiveness : float
        1 unless groups of the vectors fall apart in the map (missing groups).
    steadiness_error, cohesiveness_error : float
        Standard error over the groups that were drawn.
    n_rounds : int
        Groups drawn in each space.
    n_samples : int
        Rows they were drawn from.
    """

    steadiness: float
    cohesiveness: float
    steadiness_error: float
    cohesiveness_error: float
    n_rounds: int
    n_samples: int


@dataclass(frozen=True, eq=False)
class _Space:
    """Neighbours of a space and how similar their surroundings are, 0 to 1."""

    neighbors: NDArray[np.int32]
    likeness: NDArray[np.float64]
    similarity: csr_array[Any]


def steadiness_cohesiveness(
    X: Any,
    Y: Any,
    *,
    n_rounds: int = 150,
    walk_share: float = 0.3,
    n_neighbors: int | None = None,
    random_state: int = 0,
) -> Steadiness:
    """Steadiness and cohesiveness of a map.

    A group is drawn in one space by walking from neighbour to neighbour, is clustered in the
    other, and is judged by how much farther apart its clusters are there. Nearness is the shared
    neighbours of two points, so that neither number depends on density.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    n_rounds : int
        Groups to draw in each space.
    walk_share : float
        Steps of a walk, as a share of the rows.
    n_neighbors : int, optional
        Size of a neighbourhood; the square root of the number of rows by default.
    random_state : int
        Seed of the draws, and of the rows where there are more than 3,000.

    Returns
    -------
    steadiness : Steadiness
        Both numbers in [0, 1].

    Raises
    ------
    InvalidInputError
        Fewer than ten rows.

    References
    ----------
    .. [1] Jeon, Ko, Jo, Kim and Seo (2021). Measuring and explaining the inter-cluster reliability
       of multidimensional projections. IEEE TVCG 28.
    """
    X, Y = _checked(X, Y)
    if len(X) < MIN_ROWS:
        raise InvalidInputError(f"X has {len(X)} rows; at least {MIN_ROWS} are needed for groups.")
    rng = np.random.default_rng([random_state, 6])
    if len(X) > MAX_ROWS:
        rows = np.sort(rng.choice(len(X), MAX_ROWS, replace=False))
        X, Y = X[rows], Y[rows]
    k = int(np.sqrt(len(X))) if n_neighbors is None else min(n_neighbors, len(X) - 1)
    data, drawn = _space(X, k), _space(Y, k)
    n_steps = max(1, int(walk_share * len(X)))
    gap = _gap(data, drawn)
    steady = _rounds(drawn, data, max(gap.max(), 0.0), n_rounds, n_steps, rng)
    whole = _rounds(data, drawn, max((-gap).max(), 0.0), n_rounds, n_steps, rng)
    (value, error), (other, other_error) = _score(steady), _score(whole)
    return Steadiness(value, other, error, other_error, n_rounds, len(X))


def _space(X: NDArray[Any], k: int) -> _Space:
    from scipy.sparse import csr_array

    n = len(X)
    near = exact_neighbors(X, k).indices
    # A shared neighbour counts more the nearer it is to both, from k + 1 down to 2.
    weights = np.tile(np.arange(k + 1, 1, -1, dtype=np.float64), n)
    graph = csr_array((weights, near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    similarity = csr_array(graph @ graph.T)
    similarity.setdiag(0.0)
    similarity.eliminate_zeros()
    largest = similarity.data.max(initial=0.0)
    if largest > 0:
        similarity.data /= largest
    rows = np.repeat(np.arange(n), k)
    likeness = np.asarray(similarity[rows, near.ravel()]).reshape(n, k)
    return _Space(near, likeness, similarity)


def _gap(data: _Space, drawn: _Space) -> NDArray[np.float64]:
    """How much farther apart points are in the data than in the map, where either is near."""
    either = (data.similarity + drawn.similarity).tocoo()
    pairs = either.coords
    in_data = np.asarray(data.similarity[pairs[0], pairs[1]]).ravel()
    in_map = np.asarray(drawn.similarity[pairs[0], pairs[1]]).ravel()
    # pairs that are near in neither differ by nothing
    return np.append(1 / (in_data + FLOOR) - 1 / (in_map + FLOOR), 0.0)


def _rounds(
    seen: _Space,
    judged: _Space,
    largest: float,
    n_rounds: int,
    n_steps: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Distortion and weight of each round, shape (n_rounds, 2)."""
    found = np.zeros((n_rounds, 2))
    starts = np.flatnonzero((seen.likeness > 0).any(axis=1))
    if largest <= 0 or not len(starts):
        return found
    for number in range(n_rounds):
        group = _walk(seen, int(rng.choice(starts)), n_steps, rng)
        if len(group) > 1:
            found[number] = _torn(seen, judged, group, largest)
    return found


def _walk(space: _Space, start: int, n_steps: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Points reached from a start, the likelier the more neighbours they share."""
    inside = {start}
    waiting = [start]
    steps = 0
    while waiting and steps < n_steps:
        at = waiting.pop(0)
        taken = rng.random(space.likeness.shape[1]) < space.likeness[at]
        reached = space.neighbors[at][taken].tolist()
        inside.update(reached)
        waiting.extend(reached)
        steps += len(reached)
    return np.array(sorted(inside), dtype=np.int64)


def _torn(
    seen: _Space, judged: _Space, group: NDArray[np.int64], largest: float
) -> tuple[float, float]:
    """How far the clusters that a group falls into are torn apart, and how many pairs that is."""
    from scipy.sparse import csr_array
    from sklearn.cluster import HDBSCAN

    likeness = judged.similarity[group][:, group].toarray()
    distances = 1 / (likeness + FLOOR)
    np.fill_diagonal(distances, 0.0)
    labels = np.arange(len(group))
    if len(group) >= 5:
        fitted = HDBSCAN(
            min_cluster_size=5, metric="precomputed", allow_single_cluster=True, copy=True
        ).fit_predict(distances)
        # points of no cluster are each one of their own
        alone = fitted < 0
        labels = np.where(alone, fitted.max() + np.cumsum(alone), fitted)
    names, codes = np.unique(labels, return_inverse=True)
    sizes = np.bincount(codes).astype(float)
    members = csr_array(
        (np.ones(len(group)), (codes, group)), shape=(len(names), len(seen.neighbors))
    )
    pairs = sizes[:, None] * sizes[None, :]
    apart = [
        1 / ((members @ space.similarity @ members.T).toarray() / pairs + FLOOR)
        for space in (judged, seen)
    ]
    above = np.triu(np.maximum(apart[0] - apart[1], 0.0), 1)
    torn = above > 0
    return float((above * pairs).sum() / largest), float((pairs * torn).sum())


def _score(rounds: NDArray[np.float64]) -> tuple[float, float]:
    """One minus the mean distortion of a pair, and its standard error over the rounds."""
    weight = rounds[:, 1].sum()
    if weight <= 0:
        return 1.0, 0.0
    mean = rounds[:, 0].sum() / weight
    left = rounds[:, 0] - mean * rounds[:, 1]
    error = np.sqrt(len(rounds) * left.var()) / weight
    return float(1 - mean), float(error)
