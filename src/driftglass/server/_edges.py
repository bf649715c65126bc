"""Lines of the neighbour graph: who is near each of some rows, a bounded number at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._nearby import QUICK_SECONDS, kept_graph, search_seconds
from ..errors import InvalidInputError
from ..neighbors import nearest_neighbors
from ..neighbors._graph import METRICS
from ._chosen import chosen_rows
from ._library import Library, Reading
from ._neighbors import offer, shape_of, topic_of
from ._question import Answer, Json, Question

__all__ = ["answer_edges"]

MOST_EDGES = 12_000
"""Of one answer; a page that wants more asks for the next window."""
MOST_NEIGHBORS = 30
SMALL = 5_000
"""Items whose graph is made when somebody asks: under two seconds at usual numbers of features."""


def answer_edges(library: Library, question: Question) -> Answer:
    """Neighbours of the rows of a window, or of those that are named."""
    reading = library.reading(question.names["run"])
    space, step = question.text("space"), question.integer("step", low=-(2**53))
    metric = question.choice("metric", METRICS, "euclidean")
    wanted = question.integer("n", low=1, high=MOST_NEIGHBORS, default=10)
    n, d = shape_of(reading, space, step)
    rows = _rows_asked(reading, question, MOST_EDGES // wanted)
    described: dict[str, Any] = {"space": space, "step": step, "metric": metric, "n_samples": n}
    graph = _graph(reading, space, step, metric, n, d)
    if graph is None:
        job = library.jobs.find(topic_of(reading, space, step, metric))
        return Json(described | offer(library, job, n, d))
    neighbors, distances, method, recall = graph
    width = min(wanted, neighbors.shape[1])
    here = rows[(neighbors[rows, 0] >= 0) if width else np.zeros(len(rows), dtype=bool)]
    return Json(
        described
        | {
            "method": method,
            "recall": recall,
            "n_edges": int((neighbors[:, 0] >= 0).sum()) * width if width else 0,
            "rows": here.tolist(),
            "neighbors": neighbors[here, :width].tolist(),
            "distances": np.round(distances[here, :width].astype(np.float64), 6).tolist(),
        }
    )


def _rows_asked(reading: Reading, question: Question, most: int) -> NDArray[np.int64]:
    if "rows" in question.parameters or "bits" in question.parameters:
        return chosen_rows(question, len(reading.rows), most=most)
    start, stop = question.window(len(reading.rows), limit=most)
    return np.arange(start, stop, dtype=np.int64)


def _graph(
    reading: Reading, space: str, step: int, metric: str, n: int, d: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], str, float] | None:
    """Neighbours by row of the viewer, -1 for rows that have none; None where it would be slow."""
    kept = kept_graph(reading.run, space, step, metric)
    small = n <= SMALL and n * search_seconds(n, d) <= 4 * QUICK_SECONDS
    if kept is None and not small:
        return None

    def make() -> tuple[NDArray[np.int64], NDArray[np.float32], str, float]:
        snapshot = reading.run.snapshot(space, step)
        if kept is not None:
            rows, indices = kept.arrays["rows"], kept.arrays["indices"]
            distances = kept.arrays["distances"]
            method, recall = str(kept.description["method"]), float(kept.description["recall"])
        else:
            rows = np.flatnonzero(snapshot.finite)
            width = min(MOST_NEIGHBORS, len(rows) - 1)
            if width < 1:
                indices = np.empty((len(rows), 0), dtype=np.int64)
                distances, method, recall = indices.astype(np.float32), "exact", 1.0
            else:
                graph = nearest_neighbors(snapshot.vectors[rows], width, metric=metric)
                indices, distances = graph.indices, graph.distances
                method, recall = graph.method, float(graph.recall)
        return (*_by_row(reading, snapshot.ids[rows], indices, distances), method, recall)

    return reading.keep(("edges", space, step, metric, kept is not None), make)


def _by_row(
    reading: Reading, ids: NDArray[Any], indices: NDArray[Any], distances: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """A graph over items as one over the rows of the viewer."""
    if len(indices) and (indices.min(initial=0) < 0 or indices.max(initial=0) >= len(ids)):
        raise InvalidInputError(
            "The kept neighbours point outside their snapshot. Find them again."
        )
    where = reading.rows.where(ids)
    row_of = np.empty(len(ids), dtype=np.int64)
    row_of[where[where >= 0]] = np.flatnonzero(where >= 0)
    width = indices.shape[1]
    neighbors = np.full((len(where), max(width, 1)), -1, dtype=np.int64)
    lengths = np.zeros(neighbors.shape, dtype=np.float32)
    if width:
        here = where >= 0
        neighbors[here] = row_of[indices[where[here]]]
        lengths[here] = distances[where[here]]
    return neighbors, lengths
