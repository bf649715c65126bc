"""Ranks of neighbours: what trust, continuity and errors of points are all made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..neighbors import exact_neighbors
from ..parallel import Threads
from ._ranks import neighbor_ranks

__all__ = [
    "Neighborhoods",
    "drawn_anchors",
    "from_ranks",
    "nearest",
    "neighborhoods",
    "neighbors_that_fit",
]

MIN_SAMPLES = 3
"""With fewer rows every one is everybody's neighbour, in any map."""


@dataclass(frozen=True, eq=False)
class Neighborhoods:
    """Where the neighbours of some rows in one space rank in the other.

    Parameters
    ----------
    anchors : ndarray of shape (n_anchors,), dtype int32
        Rows that were looked at.
    in_data : ndarray of shape (n_anchors, n_neighbors), dtype int32
        Ranks in the vectors of the neighbours in the map.
    in_map : ndarray of shape (n_anchors, n_neighbors), dtype int32
        Ranks in the map of the neighbours in the vectors.
    in_shuffled : ndarray of shape (n_anchors, n_neighbors), dtype int32
        Ranks in the vectors of the neighbours in a shuffled map.
    n_samples : int
        Rows in all.
    """

    anchors: NDArray[np.int32]
    in_data: NDArray[np.int32]
    in_map: NDArray[np.int32]
    in_shuffled: NDArray[np.int32]
    n_samples: int

    @property
    def n_neighbors(self) -> int:
        """Size of a neighbourhood."""
        return int(self.in_data.shape[1])

    @property
    def trust(self) -> NDArray[np.float64]:
        """Trustworthiness of each anchor alone."""
        return from_ranks(self.in_data, self.n_neighbors, self.n_samples)

    @property
    def continuity(self) -> NDArray[np.float64]:
        """Continuity of each anchor alone."""
        return from_ranks(self.in_map, self.n_neighbors, self.n_samples)

    @property
    def null(self) -> NDArray[np.float64]:
        """Trustworthiness of each anchor in the shuffled map."""
        return from_ranks(self.in_shuffled, self.n_neighbors, self.n_samples)


def neighborhoods(
    X: NDArray[Any],
    Y: NDArray[Any],
    *,
    n_neighbors: int,
    n_anchors: int | None,
    random_state: int,
    n_jobs: int | None = None,
) -> Neighborhoods | None:
    """Rank the neighbours of some rows; None where there are too few rows.

    Parameters
    ----------
    X, Y : ndarray of shape (n_samples, n_features), (n_samples, n_components)
        Vectors and their map, checked.
    n_neighbors : int
        Lowered to less than half of the rows.
    n_anchors : int or None
        Rows to look at; None looks at all.
    random_state : int
        Seed of the draw and of the shuffled map.
    n_jobs : int or None
        Threads.
    """
    k = neighbors_that_fit(n_neighbors, len(X))
    if k == 0:
        return None
    anchors = drawn_anchors(len(X), n_anchors, random_state)
    shuffled = Y[np.random.default_rng([random_state, 1]).permutation(len(Y))]
    with Threads(n_jobs) as executor:
        near_in_maps = [nearest(map_, anchors, k, executor) for map_ in (Y, shuffled)]
        # Ranked together, because the distances cost more than the counting.
        ranks = neighbor_ranks(X, anchors, np.hstack(near_in_maps), executor)
        near_in_vectors = nearest(X, anchors, k, executor)
        missed = neighbor_ranks(Y, anchors, near_in_vectors, executor)
    return Neighborhoods(anchors, ranks[:, :k], missed, ranks[:, k:], len(X))


def from_ranks(ranks: NDArray[np.int32], k: int, n_samples: int) -> NDArray[np.float64]:
    """Trustworthiness of each anchor row alone."""
    penalty = np.maximum(ranks - k, 0).sum(axis=1, dtype=np.float64)
    trust: NDArray[np.float64] = 1.0 - penalty * (2.0 / (k * (2.0 * n_samples - 3.0 * k - 1.0)))
    return trust


def nearest(
    X: NDArray[Any], anchors: NDArray[np.int32], k: int, executor: Threads
) -> NDArray[np.int32]:
    return exact_neighbors(X, k, queries=anchors, n_jobs=executor.n_workers).indices


def neighbors_that_fit(n_neighbors: int, n_samples: int) -> int:
    if n_neighbors < 1:
        raise InvalidInputError(f"n_neighbors is {n_neighbors}; at least 1 is needed.")
    # The scale of the penalties holds for neighbourhoods of less than half of the rows.
    return min(n_neighbors, (n_samples - 1) // 2) if n_samples >= MIN_SAMPLES else 0


def drawn_anchors(n_samples: int, n_anchors: int | None, random_state: int) -> NDArray[np.int32]:
    if n_anchors is None or n_anchors >= n_samples:
        return np.arange(n_samples, dtype=np.int32)
    if n_anchors < 1:
        raise InvalidInputError(f"n_anchors is {n_anchors}; at least 1 is needed.")
    rng = np.random.default_rng([random_state, 0])
    chosen = rng.choice(n_samples, size=n_anchors, replace=False, shuffle=False)
    return np.sort(chosen).astype(np.int32)
