"""Neighbours by a distance that is a Python function: of text, categories, mixed columns.

Up to some rows every pair is asked for once. Beyond, neighbours of neighbours are, which needs some
thousand calls per row; each call costs what the function costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..errors import InvalidInputError, ShapeError
from ._graph import NeighborGraph
from ._inputs import as_finite_float32, clamped, said

__all__ = ["nearest_by_callable", "neighbors_by_callable"]

ALL_PAIRS_UP_TO = 2000
N_CHECKED = 30
MAX_ROUNDS = 10
TOLERANCE = 1e-3
EXTRA = 5
MEETING = 12
"""New and old neighbours of a row that meet in a round."""

Distance = Callable[[Any, Any], float]


def neighbors_by_callable(
    X: Any,
    n_neighbors: int,
    metric: Distance,
    *,
    method: str = "auto",
    random_state: int = 0,
    progress: Progress | None = None,
) -> NeighborGraph:
    """Neighbours by ``metric(X[i], X[j])``, which must be symmetric.

    X is anything with a length and rows; rows go to the function as they are.
    """
    report = silent if progress is None else progress
    n = _length(X)
    notes: list[str] = []
    k = clamped(n_neighbors, n - 1, notes)
    name = getattr(metric, "__name__", type(metric).__name__)
    asked = _Asked(X, metric, name)
    exact = method == "exact" or (method == "auto" and n <= max(ALL_PAIRS_UP_TO, 2 * k))
    own = np.arange(n)
    recall = 1.0
    if exact or k == 0:
        distances, indices = _all_pairs(asked, n, k, report)
    else:
        notes.append(
            f"An exact search would call {name} {n * (n - 1) // 2:,} times, so neighbours of "
            f"neighbours were searched. method='exact' calls it for every pair."
        )
        rng = np.random.default_rng(random_state)
        distances, indices = _descent(asked, n, k, rng, report)
        checked = rng.choice(n, min(n, N_CHECKED), replace=False)
        true = np.array([np.sort(asked.row(i, own[own != i]))[k - 1] for i in checked])
        recall = float((distances[checked] <= true[:, None]).mean())
    return NeighborGraph(
        indices=np.ascontiguousarray(indices, dtype=np.int32),
        distances=as_finite_float32(distances),
        metric=name,
        queries=np.arange(n, dtype=np.int32),
        n_samples=n,
        notes=said(notes),
        method="exact" if exact or k == 0 else "approximate",
        recall=recall,
    )


def nearest_by_callable(
    Q: Any, X: Any, k: int, metric: Distance
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rows of X nearest to each row of Q by ``metric(Q[i], X[j])``, asked for every pair."""
    n_queries, everyone = _length(Q), np.arange(_length(X))
    asked = _Asked(X, metric, getattr(metric, "__name__", type(metric).__name__), Q)
    indices = np.empty((n_queries, k), dtype=np.int32)
    distances = np.empty((n_queries, k))
    for i in range(n_queries):
        values = asked.row(i, everyone)
        indices[i] = np.argsort(values, kind="stable")[:k]
        distances[i] = values[indices[i]]
    return indices, as_finite_float32(distances)


class _Asked:
    """Distances as the function gives them, checked; of rows of X, or of Q to rows of X."""

    def __init__(self, X: Any, metric: Distance, name: str, Q: Any = None) -> None:
        self.X, self.metric, self.name = X, metric, name
        self.Q = X if Q is None else Q

    def row(self, i: Any, others: NDArray[np.integer]) -> NDArray[np.float64]:
        X, metric, own = self.X, self.metric, self.Q[i]
        try:
            values = np.array([metric(own, X[j]) for j in others], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidInputError(
                f"metric {self.name} did not give a number for row {i} and another: {error}. "
                f"It takes two rows and returns their distance."
            ) from error
        if values.ndim != 1 or not np.isfinite(values).all():
            raise InvalidInputError(
                f"metric {self.name} gave a distance from row {i} that is not one finite number. "
                f"Return a large number for rows that have nothing in common."
            )
        return values


def _all_pairs(
    asked: _Asked, n: int, k: int, report: Progress
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    D = np.full((n, n), np.inf)
    for i in range(n):
        report(i, n, "comparing all pairs")
        D[i, i + 1 :] = asked.row(i, np.arange(i + 1, n))
        D[i + 1 :, i] = D[i, i + 1 :]
    indices = np.argsort(D, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(D, indices, axis=1), indices


def _descent(
    asked: _Asked, n: int, k: int, rng: np.random.Generator, report: Progress
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Nearest-neighbour descent (Dong, Moses and Li 2011) from lists drawn by chance."""
    size = min(k + EXTRA, n - 1)
    known: list[dict[int, float]] = [{} for _ in range(n)]

    def learn(i: int, others: set[int]) -> None:
        missing = sorted(j for j in others if j != i and j not in known[i])
        for j, value in zip(missing, asked.row(i, np.array(missing, dtype=int)), strict=True):
            known[i][j] = known[j][i] = float(value)

    def nearest(i: int) -> list[int]:
        return sorted(known[i], key=lambda j: (known[i][j], j))[:size]

    for i in range(n):
        learn(i, set(rng.choice(n, min(n, size + 1), replace=False).tolist()))
    # Of each row: neighbour -> is new.
    lists: list[dict[int, bool]] = [dict.fromkeys(nearest(i), True) for i in range(n)]
    for turn in range(MAX_ROUNDS):
        report(turn, MAX_ROUNDS, "comparing neighbours of neighbours")
        new: list[set[int]] = [set() for _ in range(n)]
        old: list[set[int]] = [set() for _ in range(n)]
        for i, entries in enumerate(lists):
            for j, fresh in entries.items():
                (new if fresh else old)[i].add(j)
                (new if fresh else old)[j].add(i)
        for i in range(n):
            meeting, others = _drawn(new[i], rng), _drawn(old[i], rng)
            for place, j in enumerate(meeting):
                learn(j, set(meeting[place + 1 :]) | set(others))
            for j in meeting:
                if j in lists[i]:
                    lists[i][j] = False
        changed = 0
        for i in range(n):
            now = {j: lists[i].get(j, True) for j in nearest(i)}
            changed += sum(j not in lists[i] for j in now)
            lists[i] = now
        if changed <= TOLERANCE * n * size:
            break
    indices = np.array([nearest(i)[:k] for i in range(n)])
    distances = np.array([[known[i][j] for j in row] for i, row in enumerate(indices.tolist())])
    return distances, indices


def _drawn(rows: set[int], rng: np.random.Generator) -> list[int]:
    listed = sorted(rows)
    if len(listed) <= MEETING:
        return listed
    return [listed[at] for at in np.sort(rng.choice(len(listed), MEETING, replace=False))]


def _length(X: Any) -> int:
    try:
        n = len(X)
    except TypeError:
        raise ShapeError(
            f"X is {type(X).__name__}, which has no rows. Pass an array or a list of rows."
        ) from None
    if hasattr(X, "iloc"):
        raise InvalidInputError("X is a data frame; pass X.to_numpy() so that X[i] is row i.")
    return n
