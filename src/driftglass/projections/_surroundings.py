"""Snapshots as a descent over all of them needs them: who is where, and near to whom."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..data._ids import positions
from ..errors import DriftglassWarning
from ..neighbors import nearest_neighbors
from ..neighbors._rounded import rounding_pays
from ._affinities import (
    Affinities,
    effective_perplexities,
    joint_affinities,
    neighbors_for,
)
from ._carry import lengths_of, unchanged
from ._fitting import needs_no_method
from ._snapshots import Snapshots

__all__ = ["N_COMPARED", "Surroundings", "in_order", "surroundings"]

N_COMPARED = 30
"""Neighbours whose change says how much the surroundings of a point changed."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Points of one snapshot, in order of their ids, and what is near them.

    Parameters
    ----------
    numbers : ndarray of shape (n_t,), dtype int64
        Number of each point, the same in all snapshots.
    before : ndarray of shape (n_t,), dtype int64
        Row in the snapshot before; -1 where the point was not there.
    lengths : ndarray of shape (n_t,)
        How far each went from there; 0 for new ones.
    neighbors : ndarray of shape (n_t, at most 30), dtype int32
        Nearest rows, none where all rows are equal.
    reach : ndarray of shape (n_t,)
        Distance to the 15th of them.
    kept : ndarray of shape (n_t,)
        Jaccard similarity of the neighbourhoods in this snapshot and the one before; 0 for new
        ones.
    affinities : Affinities or None
        None for three rows and less, or if all are equal.
    """

    numbers: NDArray[np.int64]
    before: NDArray[np.int64]
    lengths: NDArray[np.float64]
    neighbors: NDArray[np.int32]
    reach: NDArray[np.float64]
    kept: NDArray[np.float64]
    affinities: Affinities | None


def in_order(snapshots: Snapshots, number: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Ids and vectors of a snapshot in ascending order of id, so that no row order matters."""
    loaded = snapshots.load(number)
    order = np.argsort(loaded.ids, kind="stable")
    return loaded.ids[order], loaded.vectors[order]


def surroundings(
    snapshots: Snapshots,
    perplexity: float,
    report: Progress,
    *,
    metric: str = "euclidean",
    n_jobs: int | None = None,
    first: int = 0,
) -> Iterator[tuple[NDArray[Any], Surroundings]]:
    """Yield each snapshot's vectors, in order of id, and its surroundings; one at a time.

    Beginning with the snapshot numbered `first`, for which there is none before.
    """
    known: dict[Any, int] = {}
    ids_before: NDArray[Any] = np.empty(0, dtype=np.int64)
    X_before: NDArray[Any] = np.empty((0, 1))
    numbers_before = np.empty(0, dtype=np.int64)
    near_before: NDArray[np.int64] = np.empty((0, 0), dtype=np.int64)
    for frame in range(first, len(snapshots)):
        report(frame, len(snapshots), "finding neighbours")
        ids, X = in_order(snapshots, frame)
        before = positions(ids, ids_before)
        held = np.flatnonzero(before >= 0)
        numbers = np.empty(len(ids), dtype=np.int64)
        numbers[held] = numbers_before[before[held]]
        for row in np.flatnonzero(before < 0):
            numbers[row] = known.setdefault(ids[row].item(), len(known))
        lengths = np.zeros(len(ids))
        if len(held):
            lengths[held] = lengths_of(X[held], X_before[before[held]])
        indices, reach, affinities = _near(X, perplexity, metric, n_jobs)
        near = numbers[indices] if indices.size else np.empty((len(ids), 0), dtype=np.int64)
        kept = np.zeros(len(ids))
        if near.shape[1] and near_before.shape[1]:
            kept[held] = unchanged(near_before[before[held]], near[held])
        yield X, Surroundings(numbers, before, lengths, indices, reach, kept, affinities)
        ids_before, X_before, numbers_before, near_before = ids, X, numbers, near


def _near(
    X: NDArray[Any], perplexity: float, metric: str, n_jobs: int | None
) -> tuple[NDArray[np.int32], NDArray[np.float64], Affinities | None]:
    if len(X) == 0 or needs_no_method(X):
        return np.empty((len(X), 0), dtype=np.int32), np.zeros(len(X)), None
    effective = effective_perplexities((perplexity,), len(X))
    wanted = max(neighbors_for(effective, len(X)), min(N_COMPARED, len(X) - 1))
    # Without the proof that none was missed, which costs more than the search.
    method: Any = "approximate" if rounding_pays(*X.shape) else "auto"
    with warnings.catch_warnings():
        # What a search misses is noted once for the whole, not for every snapshot.
        warnings.simplefilter("ignore", DriftglassWarning)
        graph = nearest_neighbors(X, wanted, metric=metric, method=method, n_jobs=n_jobs)
    affinities = joint_affinities(
        graph.restrict(neighbors_for(effective, len(X))), effective, n_jobs
    )
    compared = min(N_COMPARED, graph.n_neighbors)
    reach = graph.distances[:, min(N_COMPARED // 2, compared) - 1].astype(np.float64)
    return np.ascontiguousarray(graph.indices[:, :compared]), reach, affinities
