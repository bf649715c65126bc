"""Questions about a run, answered from its catalog."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from ..errors import DamagedError, FormatError
from ._catalog import Catalog
from ._checked_rows import CheckedRows
from ._keys import check_key
from ._records import Damage, Event, File, Ids, Images, Part, PredictionPart, Table, WriterStart
from ._schema import COLUMNS

__all__ = ["Queries", "StoredWriter"]

Kind = TypeVar("Kind")
Retirement = tuple[str, int, int, int]
"""Space, step, rank and attempt."""
_ORDER = ("files", *(table for table in COLUMNS if table not in ("commits", "files")))


@dataclass(frozen=True)
class StoredWriter:
    """One process that wrote to the run, and how it ended (None: it never said)."""

    writer: str
    start: WriterStart
    state: str | None


class Queries:
    """What a catalog says, as records, as of the last `update`.

    Every row is read once, checked, and kept: it may be damaged, or come from a stranger.

    Parameters
    ----------
    catalog : Catalog
        Whom to ask.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._rows = CheckedRows(catalog)
        self._lock = threading.RLock()
        self._files: dict[str, File] = {}
        self._parts: dict[str, dict[int, list[Part]]] = {}
        self._retired: dict[Retirement, float] = {}
        self._predictions: dict[int, list[PredictionPart]] = defaultdict(list)
        self._scalars: dict[str, dict[int, float]] = defaultdict(dict)
        self._kept: dict[str, list[tuple[Any, ...]]] = defaultdict(list)

    def update(self) -> None:
        """Take in what is new; DamagedError or FormatError if any of it is not as it was written.

        What was taken in before an error stays, so a catalog that raised must not be asked again.
        """
        with self._lock:
            if self._rows.advance():
                for table in _ORDER:  # files before what names them
                    for row in self._rows.new(table):
                        self._take(table, row)

    def _take(self, table: str, row: tuple[Any, ...]) -> None:
        match table:
            case "files":
                self._files.setdefault(row[0], _file(row))
            case "parts":
                part = self._with_file(table, row, Part)
                steps = self._parts.setdefault(part.space, {})
                steps.setdefault(part.step, []).append(part)
            case "predictions":
                one = self._with_file(table, row, PredictionPart)
                self._predictions[one.step].append(one)
            case "retired":
                space, step, rank, attempt, moment = row
                self._retired[str(space), _int(step), _int(rank), _int(attempt)] = _float(moment)
            case "scalars":
                self._scalars[str(row[1])][_int(row[0])] = _float(row[2])
            case _:
                self._kept[table].append(row)

    def _with_file(self, table: str, row: tuple[Any, ...], kind: type[Kind]) -> Kind:
        fields = dict(zip(COLUMNS[table], row, strict=True))
        fields["file"] = self.file(fields.pop("key"))
        if "first_not_finite" in fields:
            fields["first_not_finite"] = _loads(fields["first_not_finite"])
        for name in ("text", "declared"):
            if name in fields:
                fields[name] = fields[name] == 1
        return _record(fields, kind)

    def file(self, key: str) -> File:
        """Size and checksums of a file."""
        if key not in self._files:
            raise DamagedError(f"The catalog names {key!r:.120} but says nothing of its bytes.")
        return self._files[key]

    def files(self) -> list[File]:
        """Every file that a commit named."""
        return list(self._files.values())

    def stored_bytes(self) -> int:
        """Bytes of all files but those that retention gave up."""
        given_up = self.given_up()
        return sum(file.size for key, file in self._files.items() if key not in given_up)

    def given_up(self) -> dict[str, float]:
        """Files that retention gave up, and since when."""
        found = {
            part.file.key: self._retired[_retirement(part)]
            for part in self._every_part()
            if _retirement(part) in self._retired
        }
        kept = {part.file.key for part in self.parts()}
        return {key: moment for key, moment in found.items() if key not in kept}

    # Ids and what the run was made with

    def ids_lists(self) -> list[Ids]:
        """Every list of ids, in order of appearance."""
        found: dict[str, Ids] = {}
        for row in self._kept["ids"]:
            entry = self._with_file("ids", row, Ids)
            found.setdefault(entry.hash, entry)
        return list(found.values())

    def ids(self, digest: str) -> Ids:
        """One list of ids by its hash."""
        for entry in self.ids_lists():
            if entry.hash == digest:
                return entry
        raise DamagedError(f"The catalog lacks the list of ids with hash {digest!r:.60}.")

    def declared_ids(self) -> str | None:
        """Hash of the ids of rows that are logged without any."""
        declared = [entry.hash for entry in self.ids_lists() if entry.declared]
        return declared[0] if declared else None

    def metadata(self) -> Table | None:
        """The newest metadata table."""
        rows = self._kept["metadata"]
        return self._with_file("metadata", rows[-1], Table) if rows else None

    def images(self) -> Images | None:
        """The newest thumbnails."""
        if not self._kept["images"]:
            return None
        fields = dict(zip(COLUMNS["images"], self._kept["images"][-1], strict=True))
        for name in ("pages", "failed", "notes"):
            fields[name] = _loads(fields[name])
        fields["tiles"] = self.file(fields["tiles"])
        fields["pages"] = [self.file(key) for key in fields["pages"]]
        return _record(fields, Images)

    def classes(self) -> list[str] | None:
        """Names of the classes."""
        rows = self._kept["classes"]
        return _record(_loads(rows[-1][0]), list[str]) if rows else None

    # What was logged

    def _every_part(self) -> list[Part]:
        return [part for steps in self._parts.values() for at in steps.values() for part in at]

    def parts(self, space: str | None = None, step: int | None = None) -> list[Part]:
        """Parts of snapshots but those that retention gave up, by space, step and commit."""
        with self._lock:
            spaces = self._parts.values() if space is None else [self._parts.get(space, {})]
            found = [
                part
                for steps in spaces
                for at in (steps.values() if step is None else [steps.get(step, [])])
                for part in at
            ]
        if not self._retired:
            return found
        return [part for part in found if _retirement(part) not in self._retired]

    def spaces(self) -> list[str]:
        """Names of spaces in order of appearance."""
        if not self._retired:
            return list(self._parts)
        return [space for space in list(self._parts) if self.parts(space)]

    def steps(self, space: str | None = None) -> list[int]:
        """Steps that have a snapshot, ascending."""
        return sorted({part.step for part in self.parts(space)})

    def prediction_steps(self) -> list[int]:
        """Steps that have predictions, ascending."""
        return sorted(self._predictions)

    def predictions(self, step: int | None = None) -> list[PredictionPart]:
        """Predictions at a step, or all."""
        if step is not None:
            return list(self._predictions.get(step, []))
        return [part for parts in list(self._predictions.values()) for part in parts]

    def scalars(self) -> dict[str, dict[int, float]]:
        """Newest value by name and step."""
        with self._lock:
            return {name: dict(values) for name, values in self._scalars.items()}

    def events(self) -> list[tuple[Event, float]]:
        """Events and when they were recorded."""
        result = []
        for row in list(self._kept["events"]):
            fields = dict(zip(COLUMNS["events"], row, strict=True))
            moment = fields.pop("time")
            result.append((_record(fields, Event), float(moment)))
        return result

    def writers(self) -> list[StoredWriter]:
        """Every process that wrote, in order of its first commit."""
        ended = {row[0]: str(row[1]) for row in list(self._kept["states"])}
        result = []
        for row in list(self._kept["writers"]):
            fields = dict(zip(COLUMNS["writers"], row, strict=True))
            writer = str(fields.pop("writer"))
            result.append(StoredWriter(writer, _record(fields, WriterStart), ended.get(writer)))
        return result

    def damage(self) -> dict[str, str]:
        """Reason by key of every file that was found damaged and not whole since."""
        found = {}
        for row in list(self._kept["damage"]):
            entry = _record(dict(zip(COLUMNS["damage"], row, strict=True)), Damage)
            found[entry.key] = entry.reason
        return {key: reason for key, reason in found.items() if reason}


def _retirement(part: Part) -> Retirement:
    return part.space, part.step, part.rank, part.attempt


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


def _int(value: Any) -> int:
    if not isinstance(value, int):
        raise FormatError(f"The catalog holds {value!r:.60} where a whole number belongs.")
    return value


def _float(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError) as error:
        raise FormatError(f"The catalog holds {text!r:.60} where a number belongs.") from error
