"""Questions about a run, answered from its catalog."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from ..errors import DamagedError, FormatError
from ._catalog import Catalog
from ._keys import check_key
from ._records import Damage, Event, File, Ids, Images, Part, PredictionPart, Table, WriterStart
from ._schema import COLUMNS

__all__ = ["Queries", "StoredWriter"]

Kind = TypeVar("Kind")

_NOT_RETIRED = (
    "NOT EXISTS (SELECT 1 FROM retired AS r WHERE r.space = parts.space AND r.step = parts.step "
    "AND r.rank = parts.rank AND r.attempt = parts.attempt)"
)


@dataclass(frozen=True)
class StoredWriter:
    """One process that wrote to the run, and how it ended (None: it never said)."""

    writer: str
    start: WriterStart
    state: str | None


class Queries:
    """What a catalog says, as records. What it says is checked: it may come from a stranger."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def _remedy(self) -> str:
        path = self.catalog.path
        return f"Run: driftglass repair {path.parent if path else 'on the run'}"

    def file(self, key: str) -> File:
        """Size and checksums of a file."""
        rows = self.catalog.select("files", "key = ?", (key,))
        if not rows:
            raise DamagedError(
                f"The catalog names {key!r:.120} but says nothing of its bytes. {self._remedy()}"
            )
        return _file(rows[0])

    def files(self) -> list[File]:
        """Every file that a commit named."""
        return [_file(row) for row in self.catalog.select("files")]

    def ids_lists(self) -> list[Ids]:
        """Every list of ids, in order of appearance."""
        found: dict[str, tuple[Any, ...]] = {}
        for row in self.catalog.select("ids"):
            found.setdefault(row[0], row)
        return [self._ids(row) for row in found.values()]

    def ids(self, digest: str) -> Ids:
        """One list of ids by its hash."""
        rows = self.catalog.select("ids", "hash = ?", (digest,), "LIMIT 1")
        if not rows:
            raise DamagedError(
                f"The catalog lacks the list of ids with hash {digest!r:.60}. {self._remedy()}"
            )
        return self._ids(rows[0])

    def _ids(self, row: tuple[Any, ...]) -> Ids:
        values = dict(zip(COLUMNS["ids"], row, strict=True))
        values["file"] = self.file(values.pop("key"))
        values |= {"text": values["text"] == 1, "declared": values["declared"] == 1}
        return _record(values, Ids)

    def declared_ids(self) -> str | None:
        """Hash of the ids of rows that are logged without any."""
        rows = self.catalog.select("ids", "declared = 1")
        return self._ids(rows[0]).hash if rows else None

    def metadata(self) -> Table | None:
        """The newest metadata table."""
        rows = self.catalog.select("metadata")
        if not rows:
            return None
        ids, n_rows, key = rows[-1]
        return _record({"ids": ids, "n_rows": n_rows, "file": self.file(key)}, Table)

    def images(self) -> Images | None:
        """The newest thumbnails."""
        rows = self.catalog.select("images")
        if not rows:
            return None
        values = dict(zip(COLUMNS["images"], rows[-1], strict=True))
        for name in ("pages", "failed", "notes"):
            values[name] = _loads(values[name])
        values["tiles"] = self.file(values["tiles"])
        values["pages"] = [self.file(key) for key in values["pages"]]
        return _record(values, Images)

    def classes(self) -> list[str] | None:
        """Names of the classes."""
        rows = self.catalog.select("classes")
        return _record(_loads(rows[-1][0]), list[str]) if rows else None

    def spaces(self) -> list[str]:
        """Names of spaces in order of appearance."""
        query = f"SELECT space FROM parts WHERE {_NOT_RETIRED} GROUP BY space ORDER BY min(rowid)"
        return [str(space) for space in self.catalog.column(query)]

    def steps(self, space: str | None = None) -> list[int]:
        """Steps that have a snapshot, ascending."""
        query = f"SELECT DISTINCT step FROM parts WHERE {_NOT_RETIRED}"
        values = () if space is None else (space,)
        query += "" if space is None else " AND space = ?"
        return sorted(int(step) for step in self.catalog.column(query, values))

    def parts(
        self, space: str | None = None, step: int | None = None, *, retired: bool = False
    ) -> list[Part]:
        """Parts of snapshots; with `retired` also those that retention gave up."""
        conditions = [] if retired else [_NOT_RETIRED]
        values: list[Any] = []
        for name, value in (("space", space), ("step", step)):
            if value is not None:
                conditions.append(f"{name} = ?")
                values.append(value)
        where = " AND ".join(conditions)
        rows = self.catalog.select("parts", where, values)
        inside = f" WHERE {where}" if where else ""
        wanted = f"key IN (SELECT key FROM parts{inside})"
        files = {row[0]: _file(row) for row in self.catalog.select("files", wanted, values)}
        return [self._part(row, files) for row in rows]

    def _part(self, row: tuple[Any, ...], files: dict[str, File]) -> Part:
        values = dict(zip(COLUMNS["parts"], row, strict=True))
        key = values.pop("key")
        values["file"] = files[key] if key in files else self.file(key)
        values["first_not_finite"] = _loads(values["first_not_finite"])
        return _record(values, Part)

    def prediction_steps(self) -> list[int]:
        """Steps that have predictions, ascending."""
        query = "SELECT DISTINCT step FROM predictions"
        return sorted(int(step) for step in self.catalog.column(query))

    def predictions(self, step: int | None = None) -> list[PredictionPart]:
        """Predictions at a step, or all."""
        where, values = ("", ()) if step is None else ("step = ?", (step,))
        result = []
        for row in self.catalog.select("predictions", where, values):
            fields = dict(zip(COLUMNS["predictions"], row, strict=True))
            fields["file"] = self.file(fields.pop("key"))
            result.append(_record(fields, PredictionPart))
        return result

    def scalars(self) -> list[tuple[int, str, float]]:
        """(step, name, value) in order of commit."""
        rows = self.catalog.select("scalars")
        return [(_record(s, int), _record(n, str), _float(v)) for s, n, v in rows]

    def events(self) -> list[tuple[Event, float]]:
        """Events and when they were recorded."""
        result = []
        for row in self.catalog.select("events"):
            fields = dict(zip(COLUMNS["events"], row, strict=True))
            moment = fields.pop("time")
            result.append((_record(fields, Event), float(moment)))
        return result

    def writers(self) -> list[StoredWriter]:
        """Every process that wrote, in order of its first commit."""
        ended = {row[0]: str(row[1]) for row in self.catalog.select("states")}
        result = []
        for row in self.catalog.select("writers"):
            fields = dict(zip(COLUMNS["writers"], row, strict=True))
            writer = str(fields.pop("writer"))
            result.append(StoredWriter(writer, _record(fields, WriterStart), ended.get(writer)))
        return result

    def damage(self) -> dict[str, str]:
        """Reason by key of every file that was found damaged and not whole since."""
        found: dict[str, str] = {}
        for row in self.catalog.select("damage"):
            entry = _record(dict(zip(COLUMNS["damage"], row, strict=True)), Damage)
            found[entry.key] = entry.reason
        return {key: reason for key, reason in found.items() if reason}

    def stored_bytes(self) -> int:
        """Bytes of all files but those that retention gave up."""
        everything = self.catalog.scalar("SELECT sum(size) FROM files") or 0
        given_up = self.catalog.scalar(
            "SELECT sum(size) FROM files WHERE key IN (SELECT key FROM parts) "
            f"AND key NOT IN (SELECT key FROM parts WHERE {_NOT_RETIRED})"
        )
        return int(everything) - int(given_up or 0)

    def retired_at(self) -> dict[tuple[str, int, int, int], float]:
        """When each (space, step, rank, attempt) was given up."""
        rows = self.catalog.select("retired")
        return {(row[0], row[1], row[2], row[3]): float(row[4]) for row in rows}


def _file(row: tuple[Any, ...]) -> File:
    key, size, hashes = row
    check_key(key)
    if not isinstance(size, int) or size < 0 or not isinstance(hashes, bytes) or len(hashes) % 16:
        raise FormatError(f"The catalog says of {key!r} what no file can be.")
    digests = [hashes[start : start + 16].hex() for start in range(0, len(hashes), 16)]
    return File(key, size, digests)


def _record(values: Any, kind: type[Kind]) -> Kind:
    try:
        return msgspec.convert(values, kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise FormatError(f"The catalog holds a row that cannot be: {error}.") from error


def _loads(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"The catalog holds text that is no JSON: {text!r:.60}.") from error


def _float(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError) as error:
        raise FormatError(f"The catalog holds {text!r:.60} where a number belongs.") from error
