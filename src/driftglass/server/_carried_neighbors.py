"""Everybody's nearest neighbours, for a page that has no vectors to look for them in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._nearby import graph_seconds, kept_graph
from ..neighbors import nearest_neighbors
from ..neighbors._approximate import N_CHECKED
from ..store import Run
from ._library import Reading
from ._wire import Frame

__all__ = ["METRIC", "NEIGHBORS", "neighbors_of_all", "why_no_neighbors"]

NEIGHBORS = 10
METRIC = "euclidean"
MOST_SECONDS = 60.0
MOST_BYTES = 48 << 20
"""Before compression, which halves it; more would be most of the page."""
LEVELS = 65_535
"""Distances are stored as so many parts of the largest one."""


def why_no_neighbors(
    run: Run, spaces: Sequence[str], steps: set[int], n_neighbors: int
) -> str | None:
    """What it would take to carry them where that is too much; None where it is not."""
    infos = [info for space in spaces for info in run.describe(space) if info.step in steps]
    seconds = sum(graph_seconds(info.n_samples, info.n_features) for info in infos)
    nbytes = sum(info.n_samples * n_neighbors * 4 for info in infos)
    if seconds - len(infos) > MOST_SECONDS:  # each estimate holds a second for starting
        return f"neighbours, which would take about {seconds / 60:,.0f} minutes to find"
    if nbytes > MOST_BYTES:
        return f"neighbours, which would be {nbytes >> 20:,} MiB"
    return None


def neighbors_of_all(reading: Reading, space: str, step: int, n_neighbors: int) -> Frame | None:
    """Rows and distances of the nearest items of every row, nearest first.

    Parameters
    ----------
    reading : Reading
        The run.
    space, step : str, int
        The snapshot.
    n_neighbors : int
        How many of each.

    Returns
    -------
    frame : Frame or None
        ``rows`` and ``distances`` of shape (n_rows, n_neighbors). A row that the snapshot lacks has
        the largest number in place of each; distances are parts of ``largest``. None where fewer
        than two vectors are finite.
    """
    run = reading.run
    snapshot = run.snapshot(space, step)
    kept = kept_graph(run, space, step, METRIC)
    if kept is not None and kept.arrays["indices"].shape[1] >= n_neighbors:
        there = kept.arrays["rows"]
        indices, distances = (kept.arrays[name] for name in ("indices", "distances"))
        method, recall = str(kept.description["method"]), float(kept.description["recall"])
    else:
        there = np.flatnonzero(snapshot.finite)
        if len(there) < 2:
            return None
        whole = len(there) == snapshot.n_samples
        X = snapshot.vectors if whole else snapshot.vectors[there]
        graph = nearest_neighbors(X, min(n_neighbors, len(X) - 1), metric=METRIC)
        indices, distances = graph.indices, graph.distances
        method, recall = graph.method, graph.recall
    indices, distances = indices[:, :n_neighbors], distances[:, :n_neighbors]
    n_rows = len(reading.rows)
    where = reading.rows.where(snapshot.ids)
    row_of = np.empty(snapshot.n_samples, dtype=np.int64)
    row_of[where[where >= 0]] = np.flatnonzero(where >= 0)
    row_of = row_of[there]
    kind = np.uint16 if n_rows < 0xFFFF else np.uint32
    rows = np.full((n_rows, indices.shape[1]), np.iinfo(kind).max, dtype=kind)
    rows[row_of] = row_of[indices]
    largest = float(distances.max(initial=0.0))
    parts = np.zeros(rows.shape, dtype=np.uint16)
    if largest > 0:
        parts[row_of] = np.round(distances / largest * LEVELS)
    meta = {
        "metric": METRIC,
        "method": method,
        "recall": recall,
        "n_checked": 0 if method == "exact" else N_CHECKED,
        "n_samples": len(there),
        "largest": largest,
    }
    return Frame({"rows": rows, "distances": parts}, meta)
