"""Who is near whom in a run's vectors: for one item at once, for all items as a kept graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._progress import Progress, silent
from .data import Provenance
from .errors import InvalidInputError, NotFoundError
from .neighbors import nearest_neighbors
from .neighbors._one import neighbors_of_one

if TYPE_CHECKING:
    from .data import Snapshot
    from .store import CachedResult, Run

__all__ = ["Nearby", "graph_seconds", "keep_graph", "kept_graph", "nearby", "search_seconds"]

GRAPH_NEIGHBORS = 30
QUICK_SECONDS = 2.0
"""A search of one item that takes longer than this is not made unless somebody asks for it."""
VALUES_PER_SECOND = 4e8
READ_PER_SECOND = 1e9
GRAPH_PER_SECOND = 4e10


@dataclass(frozen=True, eq=False)
class Nearby:
    """The items nearest to one item.

    Parameters
    ----------
    ids : ndarray of shape (n_found,)
        Nearest first.
    distances : ndarray of shape (n_found,), dtype float64
        In the vectors, by `metric`.
    metric : str
        Name of the distance.
    method : {"exact", "approximate"}
        Whether all items were looked at.
    recall : float
        Share of the true neighbours that an approximate search finds, measured at `n_checked`
        other items; 1 if exact.
    n_checked : int
        0 if exact.
    n_samples : int
        Items looked among.
    """

    ids: NDArray[Any]
    distances: NDArray[np.float64]
    metric: str
    method: str
    recall: float
    n_checked: int
    n_samples: int


def nearby(
    run: Run,
    space: str,
    step: int,
    item: Any,
    n_neighbors: int,
    *,
    metric: str = "euclidean",
    exact: bool = False,
) -> Nearby | None:
    """Items nearest to one in the vectors of a snapshot.

    Every item is looked at where that is quick. Otherwise the answer comes from the graph that
    `keep_graph` has kept, if there is one.

    Parameters
    ----------
    run : Run
        With snapshots.
    space : str
        Space of the vectors.
    step : int
        Step of the snapshot.
    item : id
        Whose neighbours are wanted.
    n_neighbors : int
        How many.
    metric : str
        As in `driftglass.neighbors.exact_neighbors`.
    exact : bool
        Look at every item, however long it takes.

    Returns
    -------
    found : Nearby or None
        None where a search would be slow, nothing is kept and `exact` is false.

    Raises
    ------
    NotFoundError
        The snapshot lacks the item.
    InvalidInputError
        Its vector is not finite.
    """
    snapshot = run.snapshot(space, step)
    at = np.flatnonzero(snapshot.ids == item)
    if len(at) == 0:
        raise NotFoundError(f"Item {item!r} has no vector in {space!r} at step {step}.")
    row = int(at[0])
    if not np.isfinite(snapshot.vectors[row]).all():
        raise InvalidInputError(
            f"The vector of item {item!r} in {space!r} at step {step} is not finite, so nothing "
            f"is near it."
        )
    n, d = snapshot.vectors.shape
    if exact or search_seconds(n, d) <= QUICK_SECONDS:
        indices, distances = neighbors_of_one(snapshot.vectors, row, n_neighbors, metric=metric)
        return Nearby(snapshot.ids[indices], distances, metric, "exact", 1.0, 0, n)
    return _from_graph(run, snapshot, row, n_neighbors, metric)


def keep_graph(
    run: Run,
    space: str,
    step: int,
    *,
    metric: str = "euclidean",
    n_neighbors: int = GRAPH_NEIGHBORS,
    progress: Progress = silent,
) -> str:
    """Find the neighbours of every item of a snapshot, and keep them with the run.

    Returns
    -------
    key : str
        In the run's cache.
    """
    key = _graph_key(run, space, step, metric)
    kept = run.cache.get(key)
    if kept is not None and kept.description["n_neighbors"] >= n_neighbors:
        return key
    snapshot = run.snapshot(space, step)
    rows = np.flatnonzero(snapshot.finite)
    X = snapshot.vectors if len(rows) == snapshot.n_samples else snapshot.vectors[rows]
    graph = nearest_neighbors(X, min(n_neighbors, len(X) - 1), metric=metric, progress=progress)
    description = {
        "kind": "neighbors",
        "metric": metric,
        "n_neighbors": n_neighbors,
        "method": graph.method,
        "recall": graph.recall,
        "notes": list(graph.notes),
    }
    arrays: dict[str, NDArray[Any]] = {
        "rows": rows,
        "indices": graph.indices,
        "distances": graph.distances,
    }
    run.cache.put(key, description, arrays)
    return key


def kept_graph(run: Run, space: str, step: int, metric: str) -> CachedResult | None:
    """What `keep_graph` has kept of a snapshot; None if nothing.

    Its arrays are ``rows``, the places in the snapshot that have finite vectors, and for each of
    them ``indices`` (into ``rows``) and ``distances``, nearest first.
    """
    return run.cache.get(_graph_key(run, space, step, metric))


def search_seconds(n_samples: int, n_features: int) -> float:
    """About how long looking at every item once takes."""
    return n_samples * n_features * (1 / VALUES_PER_SECOND + 4 / READ_PER_SECOND)


def graph_seconds(n_samples: int, n_features: int) -> float:
    """About how long finding everybody's neighbours takes."""
    pairs = n_samples * min(float(n_samples), 20_000.0)
    return 1.0 + pairs * (n_features + 24) / GRAPH_PER_SECOND


def _from_graph(
    run: Run, snapshot: Snapshot, row: int, n_neighbors: int, metric: str
) -> Nearby | None:
    from .neighbors._approximate import N_CHECKED

    kept = kept_graph(run, snapshot.space, snapshot.step, metric)
    if kept is None:
        return None
    rows = kept.arrays["rows"]
    place = int(np.searchsorted(rows, row))
    there = kept.arrays["indices"][place, :n_neighbors]
    exact = kept.description["method"] == "exact"
    return Nearby(
        snapshot.ids[rows[there]],
        kept.arrays["distances"][place, :n_neighbors].astype(np.float64),
        metric,
        kept.description["method"],
        float(kept.description["recall"]),
        0 if exact else N_CHECKED,
        len(rows),
    )


def _graph_key(run: Run, space: str, step: int, metric: str) -> str:
    contents = {info.step: info.content for info in run.describe(space)}
    if step not in contents:
        raise NotFoundError.for_name("step", step, list(contents))
    return f"neighbors-{Provenance('neighbors', {'metric': metric}, (contents[step],)).key}"
