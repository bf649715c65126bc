"""Plain values of some rows, wherever they stand: what a table shows of a selection."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidInputError, NotFoundError
from ._chosen import chosen_rows
from ._library import Library
from ._question import Answer, Json, Question
from ._read import clip

__all__ = ["answer_table"]

MOST_ROWS = 1_000
MOST_COLUMNS = 64


def answer_table(library: Library, question: Question) -> Answer:
    """Ids and values of the rows named, in the order in which they are named."""
    reading = library.reading(question.names["run"])
    rows = chosen_rows(question, len(reading.rows), most=MOST_ROWS)
    names = question.parameters.get("columns", list(reading.columns)[:MOST_COLUMNS])
    if not isinstance(names, list) or len(names) > MOST_COLUMNS:
        raise InvalidInputError(
            f"The parameter 'columns' is {names!r:.60}; a list of at most {MOST_COLUMNS} names is "
            f"expected."
        )
    places = reading.metadata_rows[rows].tolist()
    values: dict[str, list[Any]] = {}
    for name in names:
        if name not in reading.columns:
            raise NotFoundError.for_name("metadata column", str(name)[:100], list(reading.columns))
        column = reading.columns[name]
        values[name] = [_shown(column.value(at)) if at >= 0 else None for at in places]
    return Json({"ids": reading.rows.ids[rows].tolist(), "values": values})


def _shown(value: Any) -> Any:
    return clip(value)[0] if isinstance(value, str) else value
