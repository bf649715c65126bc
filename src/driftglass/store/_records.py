"""What a writer says happened: one line per commit, each with its own checksum.

A line is the crc32 of the rest in 8 hexadecimal digits, a blank, and JSON. A damaged or
unfinished line costs itself only: reading goes on after the next line break.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import msgspec

from ..errors import FormatError, NotFoundError
from ._blobs import Blobs

__all__ = [
    "Classes",
    "Commit",
    "Damage",
    "Entry",
    "Event",
    "File",
    "Ids",
    "Images",
    "JournalLine",
    "Marker",
    "Part",
    "PredictionPart",
    "Retired",
    "ScalarValues",
    "State",
    "Table",
    "WriterStart",
    "decode_line",
    "encode_line",
    "float_from",
    "float_to",
    "read_journal",
]

MAX_LINE_BYTES = 32 << 20
"""Longer lines are not read: the largest honest record, 82 GB in 8 MiB chunks, has 400 KB."""
BLOCK_BYTES = 1 << 20
TOO_LONG = "a line is longer than"


class File(msgspec.Struct, frozen=True):
    """One immutable file: where, how long, and one xxh3-128 per 8 MiB chunk."""

    key: str
    size: int
    hashes: list[str]


class WriterStart(msgspec.Struct, frozen=True, tag="writer", tag_field="kind"):
    """Who writes this journal. `role` is "training", "child" (forked) or "maintenance"."""

    host: str
    pid: int
    rank: int
    world_size: int
    role: str
    version: str


class Marker(msgspec.Struct, frozen=True, tag="marker", tag_field="kind"):
    """What run.json says, so that it can be checked and made again."""

    file: File
    text: str


class Ids(msgspec.Struct, frozen=True, tag="ids", tag_field="kind"):
    """A list of ids in a file of its own, named by its content.

    `declared` ids are those of rows that are logged without any.
    """

    hash: str
    n_ids: int
    text: bool
    file: File
    declared: bool = False


class Table(msgspec.Struct, frozen=True, tag="metadata", tag_field="kind"):
    """The metadata table; the newest one counts."""

    ids: str
    n_rows: int
    file: File


class Images(msgspec.Struct, frozen=True, tag="images", tag_field="kind"):
    """The thumbnails; the newest ones count. `tiles` is a file of tile numbers."""

    ids: str
    tile_width: int
    tile_height: int
    columns: int
    rows: int
    tiles: File
    pages: list[File]
    failed: list[tuple[int | str, str]]
    notes: list[str]


class Classes(msgspec.Struct, frozen=True, tag="classes", tag_field="kind"):
    """Names of the classes, by number."""

    names: list[str]


class Part(msgspec.Struct, frozen=True, tag="part", tag_field="kind"):
    """Rows of one snapshot from one rank; `split` of `n_splits` where they fill several files."""

    space: str
    step: int
    rank: int
    world_size: int
    attempt: int
    split: int
    n_splits: int
    start: int
    n_rows: int
    n_features: int
    dtype: str
    ids: str
    file: File
    n_not_finite: int = 0
    first_not_finite: int | str | None = None
    n_duplicates: int = 0
    n_overflow: int = 0


class PredictionPart(msgspec.Struct, frozen=True, tag="predictions", tag_field="kind"):
    """Predictions of one rank at a step; `n_classes` is 0 for class numbers."""

    step: int
    rank: int
    world_size: int
    attempt: int
    n_rows: int
    n_classes: int
    dtype: str
    ids: str
    file: File
    n_duplicates: int = 0


class ScalarValues(msgspec.Struct, frozen=True, tag="scalars", tag_field="kind"):
    """Training records of a step; JSON has no nan and infinity, so they are text."""

    step: int
    values: dict[str, float | str]


class Event(msgspec.Struct, frozen=True, tag="event", tag_field="kind"):
    """Something a reader should know: a note, rows dropped, a failure."""

    event: str
    message: str
    step: int | None = None
    count: int = 1


class Retired(msgspec.Struct, frozen=True, tag="retired", tag_field="kind"):
    """A part that the retention rule gave up; its files may be removed after a while."""

    space: str
    step: int
    rank: int
    attempt: int


class State(msgspec.Struct, frozen=True, tag="state", tag_field="kind"):
    """How a writer ended: "closed" or "interrupted"."""

    state: str
    message: str = ""


class Damage(msgspec.Struct, frozen=True, tag="damage", tag_field="kind"):
    """What `verify` found of a file; an empty reason means that it is whole again."""

    key: str
    reason: str


Entry = (
    WriterStart
    | Marker
    | Ids
    | Table
    | Images
    | Classes
    | Part
    | PredictionPart
    | ScalarValues
    | Event
    | Retired
    | State
    | Damage
)


class Commit(msgspec.Struct, frozen=True):
    """Entries that become visible together.

    ``(writer, seq)`` names a commit, so that applying it twice is harmless. `clock` is larger
    than that of every commit the writer had seen: order does not hang on anyone's wall clock.
    """

    writer: str
    seq: int
    clock: int
    time: float
    entries: list[Entry]


class _RawCommit(msgspec.Struct, frozen=True):
    writer: str
    seq: int
    clock: int
    time: float
    entries: list[msgspec.Raw]


class _Kind(msgspec.Struct, frozen=True):
    kind: str


_KINDS = {kind.__struct_config__.tag for kind in get_args(Entry)}
_decoder = msgspec.json.Decoder(Commit)
_encoder = msgspec.json.Encoder()


def float_to(value: float) -> float | str:
    """A float as JSON can hold it."""
    return value if math.isfinite(value) else str(value)


def float_from(value: float | str) -> float:
    """The float that `float_to` was given."""
    return float(value)


def encode_line(commit: Commit) -> bytes:
    """One line of a journal."""
    body = _encoder.encode(commit)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def decode_line(line: bytes) -> Commit:
    """Read what `encode_line` wrote, without its line break; FormatError if it is damaged."""
    body = line[9:]
    if len(line) < 11 or line[8:9] != b" " or line[:8] != b"%08x" % zlib.crc32(body):
        raise FormatError("its checksum does not fit its text")
    try:
        try:
            return _decoder.decode(body)
        except msgspec.ValidationError:
            return _decoded_in_part(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FormatError(f"it is not a record of this format ({error})") from error


def _decoded_in_part(body: bytes) -> Commit:
    """Read a commit of a later version: entries of kinds that this one does not know are left out.

    A run that cannot be understood without them says so in run.json.
    """
    raw = msgspec.json.decode(body, type=_RawCommit)
    known = [one for one in raw.entries if msgspec.json.decode(one, type=_Kind).kind in _KINDS]
    entries = [msgspec.json.decode(one, type=Entry) for one in known]
    return Commit(raw.writer, raw.seq, raw.clock, raw.time, entries)


@dataclass(frozen=True)
class JournalLine:
    """One line of a journal as read.

    Parameters
    ----------
    end : int
        Offset behind its line break.
    commit : Commit or None
        None if the line is damaged.
    problem : str
        What is wrong with it; empty for a good line.
    """

    end: int
    commit: Commit | None
    problem: str = ""


def read_journal(blobs: Blobs, key: str, start: int = 0) -> Iterator[JournalLine]:
    """Lines of a journal from offset `start`; an unfinished last line is left for later."""
    offset = start  # of the first line that was not yielded yet
    pieces: list[bytes] = []  # of that line, as far as it was read
    n_read = 0
    while n_read <= MAX_LINE_BYTES:
        try:
            block = blobs.read(key, offset + n_read, offset + n_read + BLOCK_BYTES)
        except NotFoundError:
            return
        if not block:
            return
        *lines, rest = block.split(b"\n")
        for line in lines:
            line = b"".join([*pieces, line])
            pieces, n_read = [], 0
            offset += len(line) + 1
            if line:  # a writer whose append failed begins the next with a line break
                yield _line(line, offset)
        pieces.append(rest)
        n_read += len(rest)
    yield JournalLine(offset, None, f"{TOO_LONG} {MAX_LINE_BYTES} bytes")


def _line(line: bytes, end: int) -> JournalLine:
    try:
        return JournalLine(end, decode_line(line))
    except FormatError as error:
        return JournalLine(end, None, str(error))
