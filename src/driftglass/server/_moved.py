"""How far each item moved between two steps, in the vectors themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data._ids import positions
from ..errors import InvalidInputError
from ._library import Library, Reading
from ._question import Answer, Question
from ._wire import Frame

__all__ = ["answer_moved"]

MOST_ROWS = 3_000
"""Items that are measured, among themselves; the first rows are a fair sample of all."""
LEAST_ROWS = 12
N_NEIGHBORS = 10


def answer_moved(library: Library, question: Question) -> Answer:
    """Share of its neighbours that each row lost between two steps, and how far it went."""
    reading = library.reading(question.names["run"])
    space = question.text("space")
    first = question.integer("from", low=-(2**53))
    last = question.integer("to", low=-(2**53))
    if first == last:
        raise InvalidInputError(f"Nothing moves from step {first} to itself; name two steps.")
    return reading.keep(("moved", space, first, last), lambda: _moved(reading, space, first, last))


def _moved(reading: Reading, space: str, first: int, last: int) -> Frame:
    from ..diagnostics import drift, neighbor_overlap

    snapshots = [reading.run.snapshot(space, step) for step in (first, last)]
    where = np.stack([positions(reading.rows.ids, snapshot.ids) for snapshot in snapshots])
    there: NDArray[np.bool_] = np.asarray((where >= 0).all(axis=0))
    for places, snapshot in zip(where, snapshots, strict=True):
        there &= snapshot.finite[places]
    rows = np.flatnonzero(there)[:MOST_ROWS]
    if len(rows) < LEAST_ROWS:
        raise InvalidInputError(
            f"{len(rows)} items have finite vectors in {space!r} at both step {first} and step "
            f"{last}; at least {LEAST_ROWS} are needed."
        )
    X, Y = (
        np.asarray(snapshot.vectors[places[rows]])
        for places, snapshot in zip(where, snapshots, strict=True)
    )
    turnover, movement = (np.full(len(there), np.nan, dtype=np.float32) for _ in range(2))
    k = min(N_NEIGHBORS, len(rows) - 2)
    turnover[rows] = 1 - neighbor_overlap(X, Y, n_neighbors=k, n_jobs=2)
    moved = drift(X, Y)
    radius = float(np.sqrt(((X - X.mean(axis=0)) ** 2).sum(axis=1).mean()))
    movement[rows] = moved.relational / radius if radius > 0 else moved.relational
    meta = {
        "n": len(rows),
        "of": int(there.sum()),
        "n_neighbors": k,
        "rigid_share": moved.rigid_share,
        "chance": 1 - k / (len(rows) - 1),
        "order": reading.rows.hash,
    }
    return Frame({"turnover": turnover, "movement": movement}, meta)
