"""The three kinds of pairs that PaCMAP draws: nearest, mid-near and further."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..neighbors import NeighborGraph

__all__ = ["Pairs", "further", "midnear", "nearest", "symmetric"]

SCALE_RANKS = slice(3, 6)
"""The fourth to sixth neighbours give a point's own unit of distance."""
DRAWN_FOR_MIDNEAR = 6
REDRAWS = 3


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs listed from both ends.

    Parameters
    ----------
    starts : ndarray of shape (n_samples + 1,), dtype int64
        Where each row begins.
    columns : ndarray of shape (n_entries,), dtype int32
        Other row.
    values : ndarray of shape (n_entries,), dtype float32
        How often the pair was drawn, from either end.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]


def symmetric(indices: NDArray[np.int32], n_threads: int) -> Pairs:
    """Pairs of each row with its columns, of shape (n_samples, k), from both ends."""
    ones = np.full(indices.shape, 2.0 * len(indices), dtype=np.float32)
    starts, columns, values = _kernels.joint_affinities(
        np.ascontiguousarray(indices, dtype=np.int32), ones, n_threads=n_threads
    )
    return Pairs(starts, columns, values)


def nearest(graph: NeighborGraph, n_neighbors: int) -> NDArray[np.int32]:
    """Neighbours by distance in units of both points' own surroundings."""
    distances = graph.distances.astype(np.float64)
    few = graph.n_neighbors <= SCALE_RANKS.start
    around = distances if few else distances[:, SCALE_RANKS]
    unit = np.maximum(around.mean(axis=1), 1e-10)
    scaled = distances**2 / (unit[:, None] * unit[graph.indices])
    order = np.argsort(scaled, axis=1, kind="stable")[:, :n_neighbors]
    return np.take_along_axis(graph.indices, order, axis=1)


def midnear(
    X: NDArray[np.float32], n_pairs: int, metric: str, rng: np.random.Generator, n_threads: int
) -> NDArray[np.int32]:
    """For each row and pair the second nearest of six rows drawn by chance."""
    n = len(X)
    rows = np.arange(n, dtype=np.int32)
    found = np.empty((n, n_pairs), dtype=np.int32)
    for pair in range(n_pairs):
        drawn = others(n, DRAWN_FOR_MIDNEAR, rng)
        _, two = _kernels.nearest_candidates(
            X,
            rows,
            drawn,
            2,
            metric="cosine" if metric == "cosine" else "sqeuclidean",
            n_threads=n_threads,
        )
        found[:, pair] = two[:, 1]
    return found


def further(
    neighbors: NDArray[np.int32], n_pairs: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Rows drawn by chance that are not neighbours, if there are enough others."""
    n = len(neighbors)
    drawn = others(n, n_pairs, rng)
    for _ in range(REDRAWS):
        clashes = np.zeros(drawn.shape, dtype=bool)
        for column in range(neighbors.shape[1]):
            clashes |= drawn == neighbors[:, column, None]
        if not clashes.any():
            break
        drawn = np.where(clashes, others(n, n_pairs, rng), drawn)
    return drawn


def others(n: int, n_drawn: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Rows other than its own for each of n rows, of shape (n, n_drawn)."""
    ahead: NDArray[np.int64] = rng.integers(1, n, size=(n, n_drawn), dtype=np.int64)
    drawn: NDArray[np.int32] = ((np.arange(n)[:, None] + ahead) % n).astype(np.int32)
    return drawn
