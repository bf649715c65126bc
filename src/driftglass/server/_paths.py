"""Where some rows were at some steps: what trails are drawn from."""

from __future__ import annotations

import numpy as np

from ..errors import InvalidInputError
from ._chosen import chosen_rows
from ._library import Library
from ._projected import coordinates_of, kept_sequence
from ._question import Answer, Json, Question

__all__ = ["answer_paths"]

MOST_ROWS = 512
MOST_PLACES = 65_536


def answer_paths(library: Library, question: Question) -> Answer:
    """Coordinates of the rows named at the steps named; null where a row is absent."""
    reading = library.reading(question.names["run"])
    rows = chosen_rows(question, len(reading.rows), most=MOST_ROWS)
    key = question.text("projection")
    known = {frame.step for frame in kept_sequence(reading, key).frames}
    steps = question.parameters.get("steps")
    if not isinstance(steps, list) or not steps or not set(map(str, steps)) <= set(map(str, known)):
        raise InvalidInputError(
            f"The parameter 'steps' is {steps!r:.60}; a list of steps of this map is expected."
        )
    if len(rows) * len(steps) > MOST_PLACES:
        raise InvalidInputError(
            f"{len(rows)} rows at {len(steps)} steps are {len(rows) * len(steps):,} places; at "
            f"most {MOST_PLACES:,} are answered at once."
        )
    places = np.stack([coordinates_of(reading, key, int(step))[0][rows] for step in steps], axis=1)
    whole = np.isfinite(places).all(axis=2, keepdims=True)
    values = np.where(whole, places, np.nan).astype(np.float64)
    listed = [
        [None if v != v else v for v in row] for row in values.reshape(len(rows), -1).tolist()
    ]
    return Json({"steps": steps, "order": reading.rows.hash, "paths": listed})
