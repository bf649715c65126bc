"""Selections: those kept with a run by name, and the one on screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._errors import ReadOnlyError
from ._library import Library
from ._question import Answer, Json, Question
from ._row_sets import frame_of_rows, rows_asked

__all__ = [
    "answer_chosen",
    "answer_delete_selection",
    "answer_save_selection",
    "answer_selected",
    "answer_selection",
    "answer_selections",
    "select_in",
]


def answer_selections(library: Library, question: Question) -> Answer:
    """Names of the kept selections, oldest first."""
    run = library.reading(question.names["run"]).run
    return Json(run.selections.describe())


def answer_selection(library: Library, question: Question) -> Answer:
    """Rows of one kept selection."""
    reading = library.reading(question.names["run"])
    ids = reading.run.selections[question.text("name")]
    return frame_of_rows(reading, reading.rows.where(ids) >= 0)


def answer_save_selection(library: Library, question: Question) -> Answer:
    """Keep rows under a name."""
    _refuse_if_read_only(library)
    reading = library.reading(question.names["run"])
    rows = rows_asked(reading, question)
    reading.run.selections.save(question.text("name"), reading.rows.ids[rows])
    library.news.tell("selections", {"run": reading.run.name})
    return Json(reading.run.selections.describe())


def answer_delete_selection(library: Library, question: Question) -> Answer:
    """Forget a kept selection."""
    _refuse_if_read_only(library)
    reading = library.reading(question.names["run"])
    reading.run.selections.delete(question.text("name"))
    library.news.tell("selections", {"run": reading.run.name})
    return Json(reading.run.selections.describe())


def answer_selected(library: Library, question: Question) -> Answer:
    """Rows that Python has selected for the viewers of a run; none if it has not."""
    reading = library.reading(question.names["run"])
    ids = library.chosen.asked(reading.run.name)
    rows = np.zeros(len(reading.rows), dtype=bool)
    if ids is not None and len(ids):
        rows = reading.rows.where(ids) >= 0
    return frame_of_rows(reading, rows, version=library.chosen.version(reading.run.name))


def answer_chosen(library: Library, question: Question) -> Answer:
    """Take note of what a viewer has selected, so that Python can ask."""
    reading = library.reading(question.names["run"])
    rows = rows_asked(reading, question)
    library.chosen.note(reading.run.name, reading.rows.ids[rows])
    return Json({"count": int(rows.sum())})


def select_in(library: Library, ids: Any, run: str | None) -> NDArray[Any]:
    """Select items on every page that shows a run; returns their ids.

    Raises
    ------
    InvalidInputError
        An id that the run does not have, or several runs and no name.
    """
    names = [one.name for one in library.runs()]
    if run is None and len(names) != 1:
        raise InvalidInputError(f"The store has {len(names)} runs: {names}. Say which with run=.")
    name = names[0] if run is None else run
    rows = library.reading(name).rows
    given = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
    known = np.isin(given, rows.ids) if given.size else np.zeros(0, dtype=bool)
    if not known.all():
        raise InvalidInputError(
            f"{np.count_nonzero(~known)} of {len(given)} ids are not in run {name!r}, first "
            f"{given[~known][0].item()!r}."
        )
    chosen = given if given.size else rows.ids[:0]
    version = library.chosen.ask(name, chosen)
    library.news.tell("selected", {"run": name, "version": version})
    return chosen


def _refuse_if_read_only(library: Library) -> None:
    if library.read_only:
        raise ReadOnlyError("This server is read-only, so it keeps no selections.")
