"""Records made again from what else is there: the old catalog, or the files themselves."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import msgspec

from ..errors import DriftglassError
from ._assemble import read_ids
from ._blobs import Blobs
from ._catalog import Catalog
from ._codecs import FILE_DTYPES, bytes_hash, file_of, identified, read_any_array
from ._keys import file_owner, ids_key, metadata_key, slug
from ._queries import Queries
from ._records import (
    Classes,
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
    Table,
    float_to,
)
from ._schema import COLUMNS, row_checksum
from ._tables import decode_metadata

__all__ = ["entries_from_catalog", "entries_from_files"]


def entries_from_catalog(
    catalog: Catalog, known: set[tuple[str, int]]
) -> Iterator[tuple[float, list[Entry]]]:
    """What a catalog says beyond the records already `known`: time and entries per commit.

    Rows whose own checksum does not fit are left out.
    """
    rows = {table: _sound_rows(catalog, table) for table in COLUMNS}
    files = {row[0]: File(row[0], row[1], _digests(row[2])) for _, row in rows["files"]}
    wanted = {
        revision: row[3] for revision, row in rows["commits"] if (row[0], row[1]) not in known
    }
    found: dict[int, list[Entry]] = defaultdict(list)
    for table, kind in _KINDS.items():
        for revision, row in rows[table]:
            if revision in wanted:
                fields = dict(zip(COLUMNS[table], row, strict=True))
                try:
                    found[revision].append(_entry(kind, fields, files))
                except (KeyError, ValueError, msgspec.ValidationError):
                    continue  # it names a file of which nothing is known
    for revision, row in rows["scalars"]:
        if revision in wanted:
            found[revision].append(ScalarValues(row[0], {row[1]: float_to(float(row[2]))}))
    for revision in sorted(found):
        yield wanted[revision], found[revision]


_KINDS: dict[str, Any] = {
    "markers": Marker,
    "ids": Ids,
    "metadata": Table,
    "images": Images,
    "classes": Classes,
    "parts": Part,
    "predictions": PredictionPart,
    "events": Event,
    "retired": Retired,
    "damage": Damage,
}


def _sound_rows(catalog: Catalog, table: str) -> list[tuple[int, tuple[Any, ...]]]:
    try:
        rows = catalog.rows(f"SELECT * FROM {table} ORDER BY rowid")
    except DriftglassError:
        return []
    return [(row[0], row[1:-1]) for row in rows if row_checksum(table, row[:-1]) == row[-1]]


def _digests(hashes: bytes) -> list[str]:
    return [hashes[start : start + 16].hex() for start in range(0, len(hashes), 16)]


def _entry(kind: Any, fields: dict[str, Any], files: dict[str, File]) -> Entry:
    fields.pop("time", None)
    if "key" in fields and kind is not Damage:
        fields["file"] = files[fields.pop("key")]
    for name in ("pages", "failed", "notes", "names", "first_not_finite"):
        if isinstance(fields.get(name), str):
            fields[name] = json.loads(fields[name])
    if kind is Images:
        fields["tiles"] = files[fields["tiles"]]
        fields["pages"] = [files[key] for key in fields["pages"]]
    for name in ("text", "declared"):
        if isinstance(fields.get(name), int):
            fields[name] = bool(fields[name])
    entry: Entry = msgspec.convert(fields, kind)
    return entry


def entries_from_files(blobs: Blobs, queries: Queries, lost: set[str]) -> list[Entry]:
    """Snapshots of writers whose records are gone, from the files alone.

    Their headers say type and shape, their names space, step and rank. Ids are not in them:
    those that rows had by default are taken when their number fits, and a note says so.

    Parameters
    ----------
    blobs : Blobs
        The run.
    queries : Queries
        What the records say.
    lost : set of str
        First letters of the writers whose records cannot all be read.
    """
    known = {file.key for file in queries.files()}
    spaces = {slug(space): space for space in queries.spaces()}
    entries: list[Entry] = list(_named_by_content(blobs, known))
    lists = queries.ids_lists() + [entry for entry in entries if isinstance(entry, Ids)]
    n_parts = 0
    for blob in sorted(blobs.list("vectors/"), key=lambda blob: blob.key):
        if blob.key in known or file_owner(blob.key) not in lost:
            continue
        try:
            part = _part_from_file(blobs, blob.key, spaces, lists)
        except (DriftglassError, ValueError, LookupError):
            continue  # not a whole file of ours: `verify` and `gc` say so
        if part is not None:
            entries.append(part)
            n_parts += 1
    if n_parts:
        message = (
            f"{n_parts} snapshots were recovered from their files alone, because the records of "
            f"their writer are gone: nothing says that their bytes are as they were written, and "
            f"their ids are taken from the list of ids that fits"
        )
        entries.append(Event("recovered", message, None, n_parts))
    return entries


def _named_by_content(blobs: Blobs, known: set[str]) -> Iterator[Entry]:
    """Lists of ids and tables that no record names; their names prove their bytes."""
    for blob in blobs.list("ids/"):
        with suppress(DriftglassError, ValueError):
            file = file_of(blobs, blob.key)
            ids = read_ids(blobs, file, check=False)
            digest = identified(ids)[1]
            if blob.key not in known and ids_key(digest) == blob.key:
                yield Ids(digest, len(ids), ids.dtype.kind == "U", file)
    for blob in blobs.list("columns/"):
        with suppress(DriftglassError, ValueError):
            data = blobs.read(blob.key)
            if blob.key not in known and metadata_key(bytes_hash(data)) == blob.key:
                table = decode_metadata(data, key=blob.key)
                file = file_of(blobs, blob.key)
                yield Table(identified(table.ids)[1], len(table), file)


def _part_from_file(
    blobs: Blobs, key: str, spaces: dict[str, str], lists: list[Ids]
) -> Part | None:
    _, folder, name = key.split("/")
    step, rank, _, _, *split = name.removesuffix(".npy").split("-")
    if split:
        return None  # how many files belong together is not known
    file = file_of(blobs, key)
    array = read_any_array(blobs, file, check=False, what="a snapshot")
    dtype = next(name for name, descr in FILE_DTYPES.items() if descr == array.dtype.str)
    fitting = [entry for entry in lists if entry.n_ids == len(array)]
    fitting.sort(key=lambda entry: not entry.declared)
    if array.ndim != 2 or not fitting:
        return None
    return Part(
        space=spaces.get(folder, folder),
        step=int(step),
        rank=int(rank[1:]),
        world_size=int(rank[1:]) + 1,
        attempt=1,
        split=0,
        n_splits=1,
        start=0,
        n_rows=array.shape[0],
        n_features=array.shape[1],
        dtype=dtype,
        ids=fitting[0].hash,
        file=file,
    )
