"""Make a run: everything known at its start, made aside and then given its name in one step."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from ..data import CategoricalColumn, Column, Metadata, SpriteSheet
from ..data._ids import positions
from ..errors import InvalidInputError, ShapeError, StoreError
from ._blobs import Blobs, within
from ._codecs import bytes_hash, content_hash, encode_array, identified, write_file
from ._committer import Committer, open_catalog
from ._keys import image_key, metadata_key
from ._local import LocalBlobs
from ._markers import RunMarker, write_run_marker
from ._records import Classes, Entry, Ids, Images, Table
from ._tables import encode_metadata

__all__ = ["STAGING", "Contents", "annotation", "gather", "make_run"]

STAGING = ".new-"


@dataclass(frozen=True)
class Contents:
    """What a run is made with."""

    ids: NDArray[Any] | None
    metadata: Metadata | None
    images: SpriteSheet | None
    classes: tuple[str, ...] | None


def gather(
    *,
    ids: Any,
    metadata: Any,
    images: Any,
    labels: Any,
    classes: Sequence[str] | None,
    kinds: Mapping[str, str] | None,
    image_size: int,
) -> Contents:
    """Check and combine the arguments of `Store.create`."""
    names = None if classes is None else tuple(str(name) for name in classes)
    table = _metadata(metadata, ids, kinds)
    if table is not None and (ids is None or isinstance(ids, str)):
        item_ids: NDArray[Any] | None = table.ids
    elif isinstance(ids, str):
        raise InvalidInputError(
            f"ids names the column {ids!r}, but there is no metadata. Pass metadata=, or the ids."
        )
    elif ids is not None:
        item_ids = as_ids(ids)
    else:
        item_ids = _counted(labels, images)
    if labels is not None:
        assert item_ids is not None
        table = _with_labels(table, labels, item_ids, names, kinds)
    sheet = images if isinstance(images, SpriteSheet) else None
    if images is not None and sheet is None:
        sheet = SpriteSheet.pack(images, item_ids, size=image_size)
    return Contents(item_ids, table, sheet, names)


def _metadata(metadata: Any, ids: Any, kinds: Mapping[str, str] | None) -> Metadata | None:
    if metadata is None or isinstance(metadata, Metadata):
        return metadata
    known = None if kinds is None else {k: v for k, v in kinds.items() if k != "label"}
    return Metadata.from_table(metadata, ids=ids, kinds=_kinds_of(metadata, kinds, known))


def _kinds_of(metadata: Any, kinds: Any, without_label: Any) -> Any:
    has_label = kinds is not None and "label" in kinds
    columns = getattr(metadata, "columns", metadata)
    return kinds if not has_label or "label" in columns else without_label


def _counted(labels: Any, images: Any) -> NDArray[Any] | None:
    for values in (labels, images):
        if isinstance(values, SpriteSheet):
            return values.ids
        if values is not None and hasattr(values, "__len__"):
            return np.arange(len(values), dtype=np.int64)
    return None


def _with_labels(
    table: Metadata | None,
    labels: Any,
    ids: NDArray[Any],
    classes: tuple[str, ...] | None,
    kinds: Mapping[str, str] | None,
) -> Metadata:
    if table is not None and "label" in table.columns:
        raise InvalidInputError(
            "labels was given and metadata has a column 'label' too. Leave one of them out, or "
            "rename the column."
        )
    if len(labels) != len(ids):
        raise ShapeError(
            f"{len(labels)} labels for {len(ids)} ids; one label per id is needed. Use None where "
            f"a label is missing."
        )
    column: Column | None = _class_labels(labels, classes) if classes is not None else None
    if column is None:
        kind = {"label": kinds["label"]} if kinds is not None and "label" in kinds else None
        values = labels.tolist() if hasattr(labels, "tolist") else list(labels)
        if kind is None and not any(isinstance(v, (float, list, tuple, dict, set)) for v in values):
            kind = {"label": "categorical"}
        column = Metadata.from_table({"label": values}, ids=ids, kinds=kind)["label"]
    if table is None:
        return Metadata(ids, {"label": column})
    return Metadata(table.ids, {"label": column.take(positions(table.ids, ids)), **table.columns})


def _class_labels(labels: Any, classes: tuple[str, ...]) -> CategoricalColumn | None:
    """Class numbers as a column with the classes' names; None if they are no numbers."""
    values = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    codes = []
    for row, value in enumerate(values):
        if value is None or (isinstance(value, float) and np.isnan(value)):
            codes.append(-1)
        elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            if not -1 <= value < len(classes):
                raise InvalidInputError(
                    f"labels[{row}] is class {value}, but there are {len(classes)} class names "
                    f"(0 to {len(classes) - 1}). Pass classes= with every name."
                )
            codes.append(int(value))
        else:
            return None
    return CategoricalColumn(np.array(codes, dtype=np.int32), classes)


def make_run(
    blobs: Blobs, marker: RunMarker, contents: Contents, *, rank: int, world_size: int
) -> tuple[Committer, Blobs]:
    """Write a new run and return its first writer and its place.

    On a disk the run is made under a hidden name and renamed, so that nobody ever sees half of
    it; elsewhere its marker, by which it is found, is written last.
    """
    durable = marker.options.durability == "full"
    if not isinstance(blobs, LocalBlobs):
        place = within(blobs, marker.name)
        committer = _filled(place, marker, contents, rank, world_size)
        made = write_run_marker(place, marker, durable=durable)
        committer.commit(lambda: [made])
        return committer, place
    staging = blobs.within(f"{STAGING}{uuid.uuid4().hex[:8]}")
    final = blobs.within(marker.name)
    try:
        made = write_run_marker(staging, marker, durable=durable)
        committer = _filled(staging, marker, contents, rank, world_size)
        try:
            committer.commit(lambda: [made])
            committer.sync()
            committer.catalog.close()
            _rename(staging.root, final.root)
        except BaseException:
            committer.let_go()
            raise
    except OSError as error:
        shutil.rmtree(staging.root, ignore_errors=True)
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"The run {marker.name!r} cannot be made in {blobs.root}: {error.strerror or error}. "
            f"Check its permissions and free space, or open another store."
        ) from error
    except BaseException:
        shutil.rmtree(staging.root, ignore_errors=True)
        raise
    if durable:
        final.sync(["run.json"])
    committer.use(final, open_catalog(final, marker.catalog, writable=True, durable=durable))
    return committer, final


def _rename(source: Path, target: Path) -> None:
    try:
        os.rename(source, target)
    except OSError as error:
        if target.exists():
            raise InvalidInputError(
                f"A run named {target.name!r} was made by another process just now. Choose "
                f"another name, or open it with store.resume({target.name!r})."
            ) from error
        raise


def _filled(
    blobs: Blobs, marker: RunMarker, contents: Contents, rank: int, world_size: int
) -> Committer:
    durable = marker.options.durability == "full"
    catalog = open_catalog(blobs, marker.catalog, writable=True, durable=durable)
    committer = Committer(blobs, catalog, rank=rank, world_size=world_size, durable=durable)
    try:
        committer.start()
        entries = _entries(committer, contents)
        committer.commit(lambda: entries)
    except BaseException:
        committer.let_go()
        raise
    return committer


def annotation(committer: Committer, contents: Contents) -> None:
    """Give a run that exists another table, other thumbnails or both."""
    entries = _entries(committer, contents)
    committer.commit(lambda: entries)


def _entries(committer: Committer, contents: Contents) -> list[Entry]:
    entries: list[Entry] = []

    def add_ids(ids: NDArray[Any]) -> str:
        stored, digest = identified(ids)
        entry = committer.ids_entry(stored, digest)
        known = any(isinstance(other, Ids) and other.hash == digest for other in entries)
        if entry is not None and not known:
            entries.append(entry)
        return digest

    if contents.ids is not None:
        add_ids(contents.ids)
        assert isinstance(entries[0], Ids)
        entries[0] = msgspec.structs.replace(entries[0], declared=True)
    if contents.metadata is not None:
        data = encode_metadata(contents.metadata)
        file = write_file(
            committer.blobs, metadata_key(bytes_hash(data)), [data], durable=committer.durable
        )
        digest = add_ids(contents.metadata.ids)
        entries.append(Table(digest, len(contents.metadata), committer.wrote(file)))
    if contents.images is not None:
        entries.append(_images(committer, contents.images, add_ids(contents.images.ids)))
    if contents.classes is not None:
        entries.append(Classes(list(contents.classes)))
    return entries


def _images(committer: Committer, sheet: SpriteSheet, ids: str) -> Images:
    digest = content_hash(ids, sheet.tiles.tobytes(), sheet.pages)
    files = [
        committer.wrote(
            write_file(
                committer.blobs, image_key(digest, number), [page], durable=committer.durable
            )
        )
        for number, page in enumerate(sheet.pages)
    ]
    tiles = write_file(
        committer.blobs,
        f"images/{digest}-tiles.npy",
        encode_array(np.asarray(sheet.tiles, dtype=np.int32)),
        durable=committer.durable,
    )
    return Images(
        ids=ids,
        tile_width=sheet.tile_width,
        tile_height=sheet.tile_height,
        columns=sheet.columns,
        rows=sheet.rows,
        tiles=committer.wrote(tiles),
        pages=files,
        failed=[(item, reason) for item, reason in sheet.failed],
        notes=list(sheet.notes),
    )
