"""The two small JSON files that say "this is a store" and "this is a run"."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, TypeVar

import msgspec

from .. import __version__
from ..errors import FormatError, NotFoundError
from ._blobs import Blobs
from ._codecs import write_file
from ._keys import FORMAT_VERSION, JOURNAL, RUN_FORMAT, RUN_MARKER, STORE_FORMAT, STORE_MARKER
from ._records import Marker, read_journal

__all__ = [
    "Options",
    "RunMarker",
    "StoreMarker",
    "now",
    "read_run_marker",
    "read_store_marker",
    "recorded_marker",
    "write_run_marker",
    "write_store_marker",
]

MAX_MARKER_BYTES = 1 << 20


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is written; other writers of it begin with the same."""

    dtype: Literal["float16", "float32", "keep"] | None = None
    durability: Literal["process", "full"] = "process"
    retention: int | Literal["log"] | None = None
    max_bytes: int | None = None
    min_free_bytes: int | None = None
    expected_steps: int | None = None


class StoreMarker(msgspec.Struct, frozen=True, kw_only=True):
    """Content of driftglass.json."""

    format: str = STORE_FORMAT
    version: int = FORMAT_VERSION
    min_reader: int = FORMAT_VERSION
    created_by: str = f"driftglass {__version__}"
    required: list[str] = []
    optional: list[str] = []


class RunMarker(msgspec.Struct, frozen=True, kw_only=True):
    """Content of run.json."""

    format: str = RUN_FORMAT
    version: int = FORMAT_VERSION
    min_reader: int = FORMAT_VERSION
    created_by: str = f"driftglass {__version__}"
    required: list[str] = []
    optional: list[str] = []
    name: str
    created: str
    catalog: Literal["sqlite", "journal"]
    options: Options = Options()


class _Header(msgspec.Struct, frozen=True):
    format: str
    min_reader: int
    created_by: str = "an unknown program"
    required: list[str] = []


AnyMarker = TypeVar("AnyMarker", StoreMarker, RunMarker)


def now() -> str:
    """Give this moment in ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_store_marker(blobs: Blobs) -> None:
    """Say that a folder is a store."""
    blobs.write(STORE_MARKER, [_text(StoreMarker())])


def write_run_marker(blobs: Blobs, marker: RunMarker, *, durable: bool = False) -> Marker:
    """Say that a folder is a run; returns the entry by which it can be checked."""
    data = _text(marker)
    return Marker(write_file(blobs, RUN_MARKER, [data], durable=durable), data.decode())


def _text(marker: StoreMarker | RunMarker) -> bytes:
    return msgspec.json.format(msgspec.json.encode(marker), indent=2) + b"\n"


def read_store_marker(blobs: Blobs, place: str) -> StoreMarker | None:
    """The marker of a store, None if it has none; FormatError if it cannot be read here."""
    return _read(blobs, STORE_MARKER, StoreMarker, STORE_FORMAT, place)


def read_run_marker(blobs: Blobs, place: str) -> RunMarker | None:
    """The marker of a run, None if it has none; FormatError if it cannot be read here."""
    return _read(blobs, RUN_MARKER, RunMarker, RUN_FORMAT, place)


def recorded_marker(blobs: Blobs) -> bytes | None:
    """What run.json said when the run was made, from its journals; None if none says."""
    for blob in sorted(blobs.list(JOURNAL), key=lambda blob: blob.modified):
        for line in read_journal(blobs, blob.key):
            for entry in line.commit.entries if line.commit is not None else ():
                if isinstance(entry, Marker):
                    return entry.text.encode()
    return None


def _read(
    blobs: Blobs, key: str, kind: type[AnyMarker], expected: str, place: str
) -> AnyMarker | None:
    where = f"{place}/{key}"
    try:
        return _decoded(blobs.read(key, 0, MAX_MARKER_BYTES), kind, expected, place, where)
    except (NotFoundError, FormatError) as error:
        recorded = recorded_marker(blobs) if key == RUN_MARKER else None
        if recorded is not None:
            return _decoded(recorded, kind, expected, place, where)
        if isinstance(error, FormatError):
            raise
        return None


def _decoded(
    data: bytes, kind: type[AnyMarker], expected: str, place: str, where: str
) -> AnyMarker:
    try:
        header: _Header = msgspec.json.decode(data, type=_Header)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FormatError(
            f"{where} is not a marker of this format ({error}). If the data beside it is yours, "
            f"run: driftglass repair {place}"
        ) from error
    if header.format != expected:
        raise FormatError(f"{where} says {header.format!r:.60}; {expected!r} was expected here.")
    if header.min_reader > FORMAT_VERSION or header.required:
        needs = ", ".join([f"format {header.min_reader}", *header.required])
        raise FormatError(
            f"{place} was made by {header.created_by!s:.60} and needs {needs:.200}; this is "
            f"driftglass {__version__}, which reads format {FORMAT_VERSION}. "
            f"Run: pip install --upgrade driftglass"
        )
    try:
        marker = msgspec.json.decode(data, type=kind)
        if isinstance(marker, RunMarker):
            datetime.fromisoformat(marker.created)
        return marker
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FormatError(f"{where} holds a value that cannot be: {error}.") from error
