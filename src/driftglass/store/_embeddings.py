"""Vectors with labels and pictures in one call, as loggers of other tools take them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids, as_vectors
from ..data import CategoricalColumn, Metadata, SpriteSheet
from ..data._embedding_images import EmbeddingImages
from ..data._ids import positions, union_ids
from ..data._labels import LABEL, label_columns
from ..errors import DriftglassWarning, InvalidInputError, NotFoundError, ShapeError
from ._keys import check_name

if TYPE_CHECKING:
    from ._logging import RunLogger

__all__ = ["TITLE", "EmbeddingLog", "flat_vectors", "title_of"]

TITLE = "title"
"""Kind of the events that hold the titles of steps."""
ADDRESS = "driftglass:embedding-image/"
MAX_LABEL_CATEGORIES = 1000


def flat_vectors(vectors: Any) -> NDArray[Any]:
    """Vectors as (n_samples, n_features); further axes become features, as loggers promise."""
    if hasattr(vectors, "detach") and hasattr(vectors, "reshape") and vectors.ndim > 2:
        vectors = vectors.reshape(vectors.shape[0], -1)
    elif not hasattr(vectors, "ndim") and isinstance(vectors, (list, tuple)):
        try:
            array = np.asarray(vectors)
        except ValueError:
            return as_vectors(vectors)
        vectors = array.reshape(len(array), -1) if array.ndim > 2 else vectors
    elif isinstance(vectors, np.ndarray) and vectors.ndim > 2:
        vectors = vectors.reshape(len(vectors), -1)
    return as_vectors(vectors)


def title_of(message: str) -> tuple[str, str] | None:
    """Space and title that an event of kind `TITLE` tells; None if it does not."""
    try:
        told = json.loads(message)
        return str(told["space"]), str(told["title"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


class EmbeddingLog:
    """What one process knows of the embeddings it logged to one run.

    Parameters
    ----------
    run : RunLogger
        Open for writing.
    """

    def __init__(self, run: RunLogger) -> None:
        self._run = run
        self._table = run.metadata
        self._sheet = run.images
        # Asked once: on a run that is being written, a question waits for what is queued.
        self._declared = run.declared_ids
        self._former = run.ids
        self._spaces = set(run.spaces)
        self._pictures: dict[str, EmbeddingImages] = {}
        self._drawn: dict[str, tuple[str, NDArray[Any]]] = {}
        self._ids: dict[str, NDArray[Any]] = {}
        self._labels: dict[str, Mapping[str, Any]] = {}
        self._steps: dict[str, int] = {}
        self._warned: set[str] = set()

    def keep(self, images: EmbeddingImages) -> str:
        """Keep pictures for later calls; returns the address they are known by."""
        import xxhash

        digest = xxhash.xxh3_64()
        for pixels in images.pixels:
            digest.update(b"-" if pixels is None else np.ascontiguousarray(pixels).data)
        address = f"{ADDRESS}{digest.hexdigest()}"
        self._pictures[address] = images
        self._tell(images)
        return address

    def log(
        self,
        vectors: Any,
        labels: Any,
        images: EmbeddingImages | str | None,
        *,
        title: str,
        group: str | None,
        ids: Any,
        step: int | None,
        header: bool,
    ) -> bool:
        """Check everything, then queue it; see `Run.log_embedding`."""
        X = flat_vectors(vectors)
        columns, note = label_columns(labels, len(X), header=header)
        if note:
            self._warn(note)
        address = None
        if images is not None:
            address = images if isinstance(images, str) else self.keep(images)
            images = self._known(address)
            if len(images) != len(X):
                raise ShapeError(
                    f"{len(images)} images for {len(X)} vectors; one image per vector is needed. "
                    f"Use None where a vector has no image."
                )
        title = check_name(str(title), "title")
        space = check_name(str(group), "group") if group is not None else self._unused(title)
        item_ids = self._ids_for(space, len(X), columns, ids)
        step = self._step_for(space) if step is None else step
        # Nothing was written so far: from here on all arguments are known to be good.
        table = self._labelled(space, item_ids, columns)
        sheet = self._pictured(space, item_ids, address, images)
        self._run._annotate(table, sheet)
        if title != space:  # told before, so that it is recorded together with the vectors
            self._run._note(TITLE, json.dumps({"space": space, "title": title}), step)
        accepted = self._run.log(step, {space: X}, ids=item_ids)
        self._ids[space] = item_ids
        self._steps[space] = step
        return accepted

    def _known(self, address: str) -> EmbeddingImages:
        if address not in self._pictures:
            raise NotFoundError(
                f"image_data is {address!r:.80}, which is not the address of an image that "
                f"create_embedding_image made for this run in this process. Make it again, or "
                f"pass the images themselves."
            )
        return self._pictures[address]

    def _unused(self, title: str) -> str:
        """Name of a space of its own: an embedding without a group stands alone."""
        taken = {*self._spaces, *self._ids}
        name, number = title, 1
        while name in taken:
            number += 1
            name = f"{title} {number}"
        return name

    def _step_for(self, space: str) -> int:
        if space not in self._steps:
            known = self._run.steps(space) if space in self._spaces else []
            self._steps[space] = known[-1] if known else -1
        return self._steps[space] + 1

    def _ids_for(
        self, space: str, n_rows: int, columns: Mapping[str, list[Any]], given: Any
    ) -> NDArray[Any]:
        if given is not None:
            item_ids = as_ids(given)
            if len(item_ids) != n_rows:
                raise ShapeError(f"{len(item_ids)} ids for {n_rows} vectors.")
            return item_ids
        before = self._ids.get(space)
        if before is None and space in self._spaces:
            before = self._run.snapshot(space, self._run.steps(space)[-1]).ids
        if before is not None and len(before) == n_rows:
            return before
        if self._declared is not None and len(self._declared) == n_rows:
            return self._declared
        known = [*self._ids.values(), self._former]
        if any(len(ids) and ids.dtype.kind == "U" for ids in known):
            raise InvalidInputError(
                f"The run's items have names, so the {n_rows} vectors need ids= too."
            )
        if before is not None:
            return np.arange(n_rows) + int(before.min(initial=0))
        plain = np.arange(n_rows)
        if self._agrees(plain, columns):
            return plain
        # Other labels mean other items; they get numbers that no item has yet.
        return plain + 1 + max(int(ids.max()) for ids in known if len(ids))

    def _agrees(self, ids: NDArray[Any], columns: Mapping[str, list[Any]]) -> bool:
        """Whether rows of these numbers can be the items that the run knows under them."""
        if not columns or self._table is None:
            return True
        where = positions(ids, self._table.ids)
        for name, values in columns.items():
            column = self._table.columns.get(name)
            if column is None:
                continue
            for row in np.flatnonzero(where >= 0).tolist():
                if not _same(column.value(int(where[row])), values[row]):
                    return False
        return True

    def _labelled(
        self, space: str, ids: NDArray[Any], columns: Mapping[str, list[Any]]
    ) -> Metadata | None:
        """The table with these labels in it; None where it has them already."""
        if not columns:
            return None
        same_rows = np.array_equal(self._ids.get(space, ids[:0]), ids)
        if same_rows and self._labels.get(space) == columns:
            return None
        if same_rows and space in self._labels:
            self._warn(
                f"Labels of {space!r} changed from one step to the next; an item has one label, so "
                f"the newest are kept. If the rows came in another order, pass ids=."
            )
        self._labels[space] = dict(columns)
        self._table = _extended(self._table, ids, columns)
        return self._table

    def _pictured(
        self, space: str, ids: NDArray[Any], address: str | None, images: Any
    ) -> SpriteSheet | None:
        """Thumbnails with these in them; None where they are there already."""
        if address is None or images is None:
            return None
        drawn = self._drawn.get(space)
        if drawn is not None and drawn[0] == address and np.array_equal(drawn[1], ids):
            return None
        self._drawn[space] = (address, ids)
        fresh = images.sheet(ids)
        self._sheet = fresh if self._sheet is None else _joined(self._sheet, fresh)
        return self._sheet

    def _tell(self, images: EmbeddingImages) -> None:
        for note in images.notes:
            self._warn(note)
        if images.failed:
            place, reason = images.failed[0]
            self._warn(
                f"{len(images.failed):,} of {len(images):,} images could not be used and are left "
                f"out; the first is number {place}: {reason}"
            )

    def _warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            warnings.warn(message, DriftglassWarning, stacklevel=5)


def _same(kept: Any, given: Any) -> bool:
    if kept is None or given is None:
        return kept is None or given is None
    return bool(kept == given) or str(kept) == str(given)


def _extended(
    table: Metadata | None, ids: NDArray[Any], columns: Mapping[str, list[Any]]
) -> Metadata:
    """Table of all rows of both; where both have a value, the new one."""
    raw: dict[str, list[Any]] = {}
    if table is None:
        everyone, raw = ids, {name: list(values) for name, values in columns.items()}
    else:
        everyone = union_ids([table.ids, ids])
        old, new = positions(everyone, table.ids).tolist(), positions(everyone, ids).tolist()
        for name in dict.fromkeys([*table.columns, *columns]):
            column, values = table.columns.get(name), columns.get(name)
            raw[name] = [
                values[place]
                if values is not None and place >= 0
                else (column.value(former) if column is not None and former >= 0 else None)
                for former, place in zip(old, new, strict=True)
            ]
    former = {} if table is None else table.columns
    kinds = {name: column.kind for name, column in former.items() if name not in columns}
    if LABEL in columns and _are_names(raw[LABEL]):
        kinds[LABEL] = CategoricalColumn.kind
    return Metadata.from_table(raw, ids=everyone, kinds=kinds)


def _are_names(values: list[Any]) -> bool:
    known = {value for value in values if isinstance(value, (str, int)) or value is None}
    plain = all(isinstance(value, (str, int)) or value is None for value in values)
    return plain and len(known) <= MAX_LABEL_CATEGORIES


def _joined(first: SpriteSheet, second: SpriteSheet) -> SpriteSheet:
    """Thumbnails of the items of both; the second's where both have one."""
    ids = union_ids([first.ids, second.ids])
    in_second = positions(ids, second.ids) >= 0
    pictures = [
        (second if new else first).crop(item)
        for item, new in zip(ids.tolist(), in_second.tolist(), strict=True)
    ]
    side = max(first.tile_width, first.tile_height, second.tile_width, second.tile_height, 4)
    packed = SpriteSheet.pack(pictures, ids, size=side, value_range=(0, 255))
    kept = [one for one in first.failed if one[0] not in set(second.ids.tolist())]
    return replace(packed, failed=(*kept, *second.failed), notes=(*first.notes, *second.notes))
