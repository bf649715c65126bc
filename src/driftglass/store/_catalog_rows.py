"""What a commit says, as rows of the catalog's tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ._keys import check_key
from ._records import (
    Classes,
    Commit,
    Damage,
    Entry,
    Event,
    File,
    Ids,
    Images,
    Marker,
    Part,
    PredictionPart,
    Retired,
    ScalarValues,
    State,
    Table,
    WriterStart,
)
from ._schema import COLUMNS

__all__ = ["rows_of"]

Row = tuple[str, tuple[Any, ...]]


def rows_of(commit: Commit) -> list[Row]:
    """Table and values of each row but the one in `commits`, without revision and checksum.

    Raises
    ------
    FormatError, ValueError
        The commit names a file that cannot be, or holds a value that a table cannot.
    """
    return [row for entry in commit.entries for row in _rows_of_entry(commit, entry)]


def _rows_of_entry(commit: Commit, entry: Entry) -> Iterator[Row]:
    match entry:
        case WriterStart():
            row = (entry.host, entry.pid, entry.rank, entry.world_size, entry.role, entry.version)
            yield "writers", (commit.writer, *row)
        case State():
            yield "states", (commit.writer, entry.state, entry.message)
        case Marker():
            yield _file_row(entry.file)
            yield "markers", (entry.file.key, entry.text)
        case Ids():
            yield _file_row(entry.file)
            text, declared = int(entry.text), int(entry.declared)
            yield "ids", (entry.hash, entry.n_ids, text, entry.file.key, declared)
        case Table():
            yield _file_row(entry.file)
            yield "metadata", (entry.ids, entry.n_rows, entry.file.key)
        case Images():
            yield from _image_rows(entry)
        case Classes():
            yield "classes", (json.dumps(entry.names),)
        case Part() | PredictionPart():
            yield _file_row(entry.file)
            table = "parts" if isinstance(entry, Part) else "predictions"
            yield table, tuple(_value(entry, name) for name in COLUMNS[table])
        case ScalarValues():
            for name, value in entry.values.items():
                # As text: SQLite would turn nan into NULL.
                yield "scalars", (entry.step, name, repr(float(value)))
        case Event():
            yield "events", (entry.event, entry.message, entry.step, entry.count, commit.time)
        case Retired():
            yield "retired", (entry.space, entry.step, entry.rank, entry.attempt, commit.time)
        case Damage():
            yield "damage", (check_key(entry.key), entry.reason)


def _value(entry: Part | PredictionPart, name: str) -> Any:
    if name == "key":
        return entry.file.key
    value = getattr(entry, name)
    return json.dumps(value) if name == "first_not_finite" else value


def _image_rows(entry: Images) -> Iterator[Row]:
    for file in (entry.tiles, *entry.pages):
        yield _file_row(file)
    size = (entry.tile_width, entry.tile_height, entry.columns, entry.rows)
    pages = json.dumps([page.key for page in entry.pages])
    failed, notes = json.dumps(entry.failed), json.dumps(entry.notes)
    yield "images", (entry.ids, *size, entry.tiles.key, pages, failed, notes)


def _file_row(file: File) -> Row:
    hashes = b"".join(bytes.fromhex(digest) for digest in file.hashes)
    return "files", (check_key(file.key), file.size, hashes)
