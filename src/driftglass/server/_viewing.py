"""Views of a run that somebody named on the page."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

from ..errors import InvalidInputError, NotFoundError
from ._errors import ReadOnlyError
from ._library import Library, Reading
from ._question import Answer, Content, Json, Question
from ._row_sets import frame_of_rows, rows_asked

__all__ = [
    "answer_delete_view",
    "answer_save_view",
    "answer_view_picture",
    "answer_view_rows",
    "answer_views",
]

LONGEST_ADDRESS = 16_384
LONGEST_PICTURE = 360_000


def answer_views(library: Library, question: Question) -> Answer:
    """Names and addresses of the kept views, oldest first."""
    return Json(_described(library.reading(question.names["run"])))


def answer_view_rows(library: Library, question: Question) -> Answer:
    """Rows that were selected in one view."""
    reading = library.reading(question.names["run"])
    ids = reading.run.views[question.text("name")].ids
    rows = np.zeros(len(reading.rows), dtype=bool)
    if len(ids):
        rows = reading.rows.where(ids) >= 0
    return frame_of_rows(reading, rows)


def answer_view_picture(library: Library, question: Question) -> Answer:
    """Small picture of one view, as PNG."""
    view = library.reading(question.names["run"]).run.views[question.text("name")]
    if view.picture is None:
        raise NotFoundError(f"The view {view.name[:80]!r} has no picture.")
    return Content(view.picture, "image/png")


def answer_save_view(library: Library, question: Question) -> Answer:
    """Keep what the page shows under a name."""
    _refuse_if_read_only(library)
    reading = library.reading(question.names["run"])
    rows = rows_asked(reading, question)
    address = question.text("address", limit=LONGEST_ADDRESS)
    reading.run.views.save(
        question.text("name"), address, reading.rows.ids[rows], _picture_asked(question)
    )
    library.news.tell("selections", {"run": reading.run.name})
    return Json(_described(reading))


def answer_delete_view(library: Library, question: Question) -> Answer:
    """Forget a view."""
    _refuse_if_read_only(library)
    reading = library.reading(question.names["run"])
    reading.run.views.delete(question.text("name"))
    library.news.tell("selections", {"run": reading.run.name})
    return Json(_described(reading))


def _described(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "name": view.name,
            "address": view.address,
            "count": len(view.ids),
            "made": view.made,
            "picture": view.picture is not None,
        }
        for view in reading.run.views.all()
    ]


def _picture_asked(question: Question) -> bytes | None:
    text = question.text("picture", "", limit=LONGEST_PICTURE)
    try:
        return base64.b64decode(text, validate=True) or None
    except binascii.Error as error:
        raise InvalidInputError(
            f"The parameter 'picture' is {text[:20]!r}…; a PNG file as base64 is expected."
        ) from error


def _refuse_if_read_only(library: Library) -> None:
    if library.read_only:
        raise ReadOnlyError("This server is read-only, so it keeps no views.")
