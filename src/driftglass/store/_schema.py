"""Tables of the catalog, and the checksum that every row carries."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from ..errors import FormatError

__all__ = [
    "APPLICATION_ID",
    "COLUMNS",
    "check_schema",
    "create_tables",
    "row_checksum",
]

APPLICATION_ID = 0x44474C31  # "DGL1", shown by file(1)

# Every table but `commits` is written once per row and never changed. `revision` says which
# commit brought the row; `crc` is the checksum of the columns before it.
_TABLES = {
    "commits": "writer TEXT, seq INTEGER, clock INTEGER, time REAL, end INTEGER, counts TEXT",
    "writers": "writer TEXT, host TEXT, pid INTEGER, rank INTEGER, world_size INTEGER, "
    "role TEXT, version TEXT",
    "states": "writer TEXT, state TEXT, message TEXT",
    "markers": "key TEXT, text TEXT",
    "files": "key TEXT, size INTEGER, hashes BLOB",
    "ids": "hash TEXT, n_ids INTEGER, text INTEGER, key TEXT, declared INTEGER",
    "metadata": "ids TEXT, n_rows INTEGER, key TEXT",
    "images": "ids TEXT, tile_width INTEGER, tile_height INTEGER, columns INTEGER, "
    "rows INTEGER, tiles TEXT, pages TEXT, failed TEXT, notes TEXT",
    "classes": "names TEXT",
    "parts": "space TEXT, step INTEGER, rank INTEGER, world_size INTEGER, attempt INTEGER, "
    "split INTEGER, n_splits INTEGER, start INTEGER, n_rows INTEGER, n_features INTEGER, "
    "dtype TEXT, ids TEXT, key TEXT, n_not_finite INTEGER, first_not_finite TEXT, "
    "n_duplicates INTEGER, n_overflow INTEGER",
    "predictions": "step INTEGER, rank INTEGER, world_size INTEGER, attempt INTEGER, "
    "n_rows INTEGER, n_classes INTEGER, dtype TEXT, ids TEXT, key TEXT, n_duplicates INTEGER",
    "scalars": "step INTEGER, name TEXT, value TEXT",
    "events": "event TEXT, message TEXT, step INTEGER, count INTEGER, time REAL",
    "retired": "space TEXT, step INTEGER, rank INTEGER, attempt INTEGER, time REAL",
    "damage": "key TEXT, reason TEXT",
}

_INDEXES = {
    "ids_by_hash": "ids (hash)",
    "parts_by_step": "parts (space, step)",
    "predictions_by_step": "predictions (step)",
    "retired_by_step": "retired (space, step)",
}

COLUMNS = {
    table: tuple(column.split()[0] for column in columns.split(", "))
    for table, columns in _TABLES.items()
}
"""Columns of each table between `revision` and `crc`."""


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that are missing."""
    for table, columns in _TABLES.items():
        if table == "commits":
            key, tail = "revision INTEGER PRIMARY KEY", ", UNIQUE (writer, seq)"
        else:
            key, tail = "revision INTEGER", ""
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table} ({key}, {columns}, crc INTEGER{tail})"
        )
    for index, target in _INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {index} ON {target}")


@cache
def _expected() -> dict[str, str]:
    connection = sqlite3.connect(":memory:")
    try:
        create_tables(connection)
        return dict(_schema_rows(connection))
    finally:
        connection.close()


def _schema_rows(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    return [(str(name), str(sql)) for name, sql in connection.execute(query)]


def check_schema(connection: sqlite3.Connection) -> None:
    """Refuse a catalog whose tables are not ours: views and triggers would run as queries do."""
    found = dict(_schema_rows(connection))
    for name, sql in _expected().items():
        if found.get(name) != sql:
            raise FormatError(f"its table {name!r} is missing or defined otherwise")
    for name, sql in found.items():
        if not sql.startswith(("CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX ")):
            raise FormatError(f"it holds {sql.split('(')[0][:60]!r}, which no catalog needs")
        if name not in _expected() and "_v" not in name:
            # A later version may add tables; theirs end in _v and a number (docs/format.md).
            raise FormatError(f"it holds an unknown table {name!r}")


def row_checksum(table: str, row: Sequence[Any]) -> int:
    """crc32 of a row; SQLite itself keeps none."""
    return zlib.crc32(repr((table, *row)).encode("utf-8", "surrogatepass"))
