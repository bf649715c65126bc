"""Which neighbours of one point a map tore away, and which it put there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import NotFoundError
from ._library import Library, Reading
from ._projected import coordinates_of, kept_sequence
from ._question import Answer, Json, Question

__all__ = ["answer_torn"]

NEAR = 2
"""As in `driftglass.diagnostics.point_errors`: within 2k is near enough."""


def answer_torn(library: Library, question: Question) -> Answer:
    """Torn and false neighbours of one row in the map of one step, by row."""
    reading = library.reading(question.names["run"])
    step = question.integer("step", low=-(2**53))
    key = question.text("projection")
    if len(reading.rows) == 0:
        raise NotFoundError(f"Run {reading.run.name!r} has no items yet.")
    row = question.integer("row", high=len(reading.rows) - 1)
    coordinates, _ = coordinates_of(reading, key, step)
    if not np.isfinite(coordinates[row]).all():
        return Json({"row": row, "n_neighbors": 0, "torn": [], "false": []})
    placed = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    vectors = _vectors(reading, kept_sequence(reading, key).provenance.parameters, step)
    at = int(np.searchsorted(placed, row))
    in_data = _order(vectors[placed], at)
    in_map = _order(coordinates[placed], at)
    k = max(
        1, min(question.integer("n_neighbors", low=1, high=100, default=15), len(placed) // 2 - 1)
    )
    near = min(NEAR * k, len(in_data))
    torn = np.setdiff1d(in_data[:k], in_map[:near], assume_unique=True)
    false = np.setdiff1d(in_map[:k], in_data[:near], assume_unique=True)
    return Json(
        {
            "row": row,
            "n_neighbors": k,
            "torn": placed[torn].tolist(),
            "false": placed[false].tolist(),
        }
    )


def _vectors(reading: Reading, parameters: dict[str, object], step: int) -> NDArray[np.float32]:
    """Vectors by row, zero where a row has none."""
    space = str(parameters.get("space", ""))

    def make() -> NDArray[np.float32]:
        snapshot = reading.run.snapshot(space, step)
        where = reading.rows.where(snapshot.ids)
        found = np.zeros((len(where), snapshot.vectors.shape[1]), dtype=np.float32)
        found[where >= 0] = snapshot.vectors[where[where >= 0]]
        return found

    return reading.keep(("vectors", space, step), make)


def _order(points: NDArray[np.float32], at: int) -> NDArray[np.int64]:
    """Other rows from the nearest to the farthest."""
    # Differences first: lengths alone would lose what is far from the origin.
    away = np.einsum("ij,ij->i", points - points[at], points - points[at])
    away[at] = np.inf
    return np.argsort(away, kind="stable")[:-1]
