"""Words that people put on the map, and the rows they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._errors import ReadOnlyError
from ._library import Library, Reading
from ._question import Answer, Json, Question
from ._row_sets import frame_of_rows, rows_asked

__all__ = ["answer_delete_label", "answer_label_rows", "answer_labels", "answer_save_label"]

MOST_LABELS = 200
SAMPLED_ROWS = 256
"""Rows that a label travels with; they say where it belongs on the map."""


def answer_labels(library: Library, question: Question) -> Answer:
    """Every label, oldest first, with its count and a fair sample of its rows."""
    return Json(_described(library.reading(question.names["run"])))


def answer_label_rows(library: Library, question: Question) -> Answer:
    """All rows of one label."""
    reading = library.reading(question.names["run"])
    ids = reading.run.labels[question.text("name")]
    return frame_of_rows(reading, reading.rows.where(ids) >= 0)


def answer_save_label(library: Library, question: Question) -> Answer:
    """Put a label on rows, in the place of another of the same text."""
    _refuse_if_read_only(library)
    reading = library.reading(question.names["run"])
    rows = rows_asked(reading, question)
    reading.run.labels.save(question.text("name"), reading.rows.ids[rows])
    library.news.tell("labels", {"run": reading.run.name})
    return Json(_described(reading))


def answer_delete_label(library: Library, question: Question) -> Answer:
    """Take a label off the map."""
    _refuse_if_read_only(library)
    reading = library.reading(question.names["run"])
    reading.run.labels.delete(question.text("name"))
    library.news.tell("labels", {"run": reading.run.name})
    return Json(_described(reading))


def _described(reading: Reading) -> dict[str, Any]:
    labels = reading.run.labels
    listed = labels.describe()
    return {
        "order": reading.rows.hash,
        "n_labels": len(listed),
        "labels": [
            {
                "name": one["name"],
                "count": one["count"],
                "rows": _some_rows(reading, labels[one["name"]]).tolist(),
            }
            for one in listed[:MOST_LABELS]
        ],
    }


def _some_rows(reading: Reading, ids: NDArray[Any]) -> NDArray[np.int64]:
    """The first rows of some items: of the rows of a run every prefix is a fair sample."""
    known = reading.rows.ids
    if len(known) == 0 or len(ids) == 0:
        return np.empty(0, dtype=np.int64)
    order = reading.kept.get(
        (reading.rows.hash, "sorted"), lambda: np.argsort(known, kind="stable")
    )
    at = np.minimum(np.searchsorted(known, ids, sorter=order), len(known) - 1)
    rows = order[at]
    return np.sort(rows[known[rows] == ids])[:SAMPLED_ROWS]


def _refuse_if_read_only(library: Library) -> None:
    if library.read_only:
        raise ReadOnlyError("This server is read-only, so it keeps no labels.")
