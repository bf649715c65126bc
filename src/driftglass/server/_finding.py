"""Finding items: by text, by a condition on columns, by a function that the user gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import CategoricalColumn, Column, NumberColumn, TextColumn
from ..data._matching import folded, matching_rows
from ..errors import InvalidInputError, NotFoundError
from ._finder import compiled
from ._library import Library, Reading
from ._question import Answer, Question
from ._read import predictions_of
from ._row_sets import frame_of_rows
from ._similar import ranked
from ._wire import Frame

__all__ = ["answer_search", "answer_similar", "answer_where"]

LONGEST_CONDITION = 4_000
ROWS_AT_ONCE = 65_536
MOST_SIMILAR = 10_000
IDS = "id"


def answer_where(library: Library, question: Question) -> Answer:
    """Rows that a condition holds for; see `driftglass.data.Metadata.where`."""
    reading = library.reading(question.names["run"])
    condition = question.text("condition", limit=LONGEST_CONDITION)
    step = question.optional_integer("step", low=-(2**53))
    columns = _Columns(reading, step)
    return frame_of_rows(reading, matching_rows(condition, columns, len(reading.rows)))


class _Columns(Mapping[str, Column]):
    """Columns by row, made when they are asked for: those of the run, ids and predictions."""

    def __init__(self, reading: Reading, step: int | None) -> None:
        self._reading = reading
        self._extra = [IDS]
        self._step = step if step in reading.run.prediction_steps else None
        if self._step is not None:
            self._extra += ["predicted", "confidence"]

    def __getitem__(self, name: str) -> Column:
        reading = self._reading
        if name in reading.columns:
            return reading.column(name)
        if name == IDS:
            return reading.keep(("ids as column",), lambda: _ids_column(reading.rows.ids))
        if name not in self._extra or self._step is None:
            raise KeyError(name)
        return _predicted(reading, self._step, name)

    def __iter__(self) -> Iterator[str]:
        own = list(self._reading.columns)
        return iter([*own, *(name for name in self._extra if name not in own)])

    def __len__(self) -> int:
        return len(list(iter(self)))


def _ids_column(ids: NDArray[Any]) -> Column:
    if ids.dtype.kind in "iu":
        return NumberColumn(ids.astype(np.float64))
    return TextColumn(tuple(ids.tolist()))


def _predicted(reading: Reading, step: int, name: str) -> Column:
    frame = predictions_of(reading, step)
    if name == "confidence":
        return NumberColumn(frame.arrays["confidence"].astype(np.float64))
    codes = frame.arrays["predicted"]
    missing = codes == np.iinfo(codes.dtype).max
    known = codes[~missing]
    n_classes = int(known.max()) + 1 if len(known) else 0
    names = reading.run.classes or tuple(str(code) for code in range(n_classes))
    signed = np.where(missing, -1, codes.astype(np.int64)).astype(np.int32)
    return CategoricalColumn(signed, tuple(names))


def answer_search(library: Library, question: Question) -> Answer:
    """Rows whose text holds a text, or matches a regular expression."""
    reading = library.reading(question.names["run"])
    wanted = question.text("text", limit=LONGEST_CONDITION)
    mode = question.choice("mode", ["text", "regex"], "text")
    case = question.flag("case")
    names = _searched(reading, question.text("column", ""))
    if not wanted:
        raise InvalidInputError("The text to search for is empty.")
    rows = np.zeros(len(reading.rows), dtype=bool)
    texts = [name for name in names if name != IDS and reading.columns[name].kind == "text"]
    if mode == "regex":
        pattern = compiled(wanted, case=case)
        rows |= _matching_texts(library, reading, question, texts, IDS in names)

        def hit(value: str) -> bool:
            return pattern.search(value) is not None
    else:
        sought = wanted if case else folded(wanted)

        def hit(value: str) -> bool:
            return sought in (value if case else folded(value))

        for name in texts:
            rows |= _hits(_values(reading, name), hit)
        if IDS in names:
            rows |= _hits(map(str, reading.rows.ids.tolist()), hit)
    for name in names:
        if name != IDS and name not in texts:
            rows |= _labels_hit(reading.column(name), hit)
    return frame_of_rows(reading, rows, columns=names)


def _searched(reading: Reading, name: str) -> list[str]:
    able = [n for n, c in reading.columns.items() if c.kind in ("text", "categorical", "set")]
    if name == "":
        return [*able, IDS] if IDS not in able else able
    if name == IDS or name in able:
        return [name]
    if name in reading.columns:
        raise InvalidInputError(
            f"The column {name!r} holds {reading.columns[name].kind} values, in which no text can "
            f"be searched; use a filter such as {name} > 1."
        )
    raise NotFoundError.for_name("metadata column", name[:80], [*able, IDS])


def _values(reading: Reading, name: str) -> Iterator[str | None]:
    """Text of every row, a window at a time: all at once would be a second copy of it."""
    for start in range(0, len(reading.rows), ROWS_AT_ONCE):
        yield from reading.values(name, start, start + ROWS_AT_ONCE)


def _hits(values: Any, hit: Any) -> NDArray[np.bool_]:
    return np.array([value is not None and hit(value) for value in values], dtype=bool)


def _labels_hit(column: Column, hit: Any) -> NDArray[np.bool_]:
    """Rows that have a label which is hit; each label is looked at once."""
    names: tuple[str, ...] = column.categories  # type: ignore[attr-defined]
    hits = np.array([*map(hit, names), False], dtype=bool)
    if isinstance(column, CategoricalColumn):
        return np.asarray(hits[column.codes])
    codes, offsets = column.codes, column.offsets  # type: ignore[attr-defined]
    total = np.concatenate([[0], np.cumsum(hits[codes], dtype=np.int64)])
    return np.asarray(total[offsets[1:]] > total[offsets[:-1]])


def _matching_texts(
    library: Library, reading: Reading, question: Question, texts: list[str], with_ids: bool
) -> NDArray[np.bool_]:
    rows = np.zeros(len(reading.rows), dtype=bool)
    if not texts and not with_ids:
        return rows
    task = {
        "store": str(library.store.path),
        "run": reading.run.name,
        "columns": texts,
        "ids": with_ids,
        "pattern": question.text("text", limit=LONGEST_CONDITION),
        "case": question.flag("case"),
    }
    n_metadata = len(reading.metadata.ids) if reading.metadata is not None else 0
    n_ids = len(reading.rows)
    found = library.finder.search(task, n_metadata * len(texts) + (n_ids if with_ids else 0))
    where = reading.metadata_rows
    for number in range(len(texts)):
        part = found[number * n_metadata : (number + 1) * n_metadata]
        if len(part):
            rows |= (where >= 0) & part[where]
    if with_ids:
        rows |= found[n_metadata * len(texts) :][reading.rows.order]
    return rows


def answer_similar(library: Library, question: Question) -> Answer:
    """Rows that the user's function finds for a text, the best first."""
    if library.search is None:
        raise NotFoundError(
            "This server was given no function to search by meaning. Pass one: "
            "dg.show(run, search=lambda text: model.encode(text))."
        )
    reading = library.reading(question.names["run"])
    text = question.text("text", limit=LONGEST_CONDITION)
    space = question.text("space", "")
    step = question.optional_integer("step", low=-(2**53))
    most = question.integer("most", low=1, high=MOST_SIMILAR, default=100)
    rows, scores = ranked(library.search, reading, text, space, step, most)
    meta = {"order": reading.rows.hash, "count": len(rows)}
    return Frame({"rows": rows.astype(np.uint32), "scores": scores.astype(np.float32)}, meta)
