"""Rows of a catalog, each read once and compared with its checksum, none missing."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from ..errors import DamagedError
from ._catalog import Catalog
from ._schema import row_checksum

__all__ = ["CheckedRows"]


class CheckedRows:
    """Hands out the rows that came since the last time.

    Tables only grow, so what was read stays true. A damaged page may lose rows without a trace
    in those that are left; therefore each commit says how many it brought to which table, and
    the head of the file how many commits there are.

    Parameters
    ----------
    catalog : Catalog
        Where from.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.revision = 0
        self._expected: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._last: Counter[str] = Counter()

    def advance(self) -> bool:
        """Look for new commits; what `new` returns from now on is as of the newest."""
        newest = self.catalog.revision()
        if newest == self.revision:
            return False
        query = "SELECT * FROM commits WHERE revision > ? AND revision <= ? ORDER BY revision"
        for row in self.catalog.rows(query, (self.revision, newest)):
            self._check("commits", row)
            if row[0] != self.revision + 1:
                raise self._damaged("commits", f"lacks commit {self.revision + 1}")
            self.revision += 1
            self._expected.update(json.loads(row[-2]))
        if self.revision != newest:
            raise self._damaged("commits", f"lacks commit {self.revision + 1}")
        return True

    def new(self, table: str) -> list[tuple[Any, ...]]:
        """Rows of a table since the last call, in order, without revision and checksum."""
        if self._found[table] == self._expected[table]:
            return []
        query = f"SELECT rowid, * FROM {table} WHERE rowid > ? AND revision <= ? ORDER BY rowid"
        rows = self.catalog.rows(query, (self._last[table], self.revision))
        for row in rows:
            self._check(table, row[1:])
        lost = self._expected[table] - self._found[table] - len(rows)
        if lost:
            raise self._damaged(table, f"lacks {lost} rows")
        self._found[table] = self._expected[table]
        self._last[table] = rows[-1][0]
        return [row[2:-1] for row in rows]

    def _check(self, table: str, row: tuple[Any, ...]) -> None:
        if row_checksum(table, row[:-1]) != row[-1]:
            raise self._damaged(table, f"holds a damaged row (revision {row[0]!r:.40})")

    def _damaged(self, table: str, what: str) -> DamagedError:
        path = self.catalog.path
        where = f"Run: driftglass repair {path.parent}" if path else "Open the run again"
        return DamagedError(f"The table {table!r} of catalog.db {what}. {where}.")
