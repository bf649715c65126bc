"""One snapshot from the parts that ranks and splits wrote."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from ..data import Predictions, Snapshot
from ..errors import DriftglassError, FormatError
from ._blobs import Blobs
from ._codecs import bfloat16_to_float32, content_hash, read_any_array, read_array
from ._infos import SnapshotInfo
from ._queries import Queries
from ._records import File, Part, PredictionPart

__all__ = ["Assembler", "describe", "newest_attempt"]

AnyPart = TypeVar("AnyPart", Part, PredictionPart)

MAX_CLASSES = 1_000_000
KEPT_IDS = 16
"""Lists of ids in memory; nearly every run has one or two."""


def newest_attempt(parts: Iterable[AnyPart], attempt: int | None = None) -> list[AnyPart]:
    """Parts of one attempt in order of rank and rows; the newest by default."""
    parts = list(parts)
    wanted = max((part.attempt for part in parts), default=0) if attempt is None else attempt
    latest: dict[tuple[int, int], AnyPart] = {}
    for part in parts:  # in order of commit: two writers of one rank, the later one counts
        if part.attempt == wanted:
            latest[part.rank, getattr(part, "split", 0)] = part
    return [latest[place] for place in sorted(latest)]


def describe(parts: Sequence[Part], damaged: bool) -> SnapshotInfo:
    """What is known of the snapshot that these parts of one attempt make."""
    first = parts[0]
    wrong = [part for part in parts if part.n_not_finite]
    content = [(p.ids, p.start, p.n_rows, p.dtype, p.n_features, p.file.hashes) for p in parts]
    return SnapshotInfo(
        space=first.space,
        step=first.step,
        attempt=first.attempt,
        n_samples=sum(part.n_rows for part in parts),
        n_features=first.n_features,
        dtype=first.dtype,
        n_not_finite=sum(part.n_not_finite for part in parts),
        first_not_finite=wrong[0].first_not_finite if wrong else None,
        n_duplicates=sum(part.n_duplicates for part in parts),
        ranks_present=len({part.rank for part in parts}),
        ranks_expected=max(part.world_size for part in parts),
        damaged=damaged,
        nbytes=sum(part.file.size for part in parts),
        content=content_hash(*content),
    )


class Assembler:
    """Reads parts and puts them together.

    Parameters
    ----------
    blobs : Blobs
        The run.
    check : {"on_read", "always", "never"}
        When to compare chunks with their checksums: the first time a file is read by this
        object, every time, or not.
    """

    def __init__(self, blobs: Blobs, check: str) -> None:
        self.blobs = blobs
        self.check = check
        self._checked: set[str] = set()
        self._ids: OrderedDict[str, NDArray[Any]] = OrderedDict()

    def should_check(self, file: File) -> bool:
        """Whether this read compares checksums."""
        return self.check == "always" or (self.check == "on_read" and file.key not in self._checked)

    def ids(self, queries: Queries, digest: str) -> NDArray[Any]:
        """A list of ids, read once."""
        if digest not in self._ids:
            entry = queries.ids(digest)
            self._ids[digest] = read_ids(self.blobs, entry.file, check=self.check != "never")
            while len(self._ids) > KEPT_IDS:
                self._ids.popitem(last=False)
        self._ids.move_to_end(digest)
        return self._ids[digest]

    def snapshot(self, queries: Queries, parts: Sequence[Part]) -> Snapshot:
        """The rows of all parts, mapped when there is only one."""
        arrays = [self._vectors(part) for part in parts]
        ids = [self._part_ids(queries, part) for part in parts]
        first = parts[0]
        widths = {array.shape[1] for array in arrays}
        if len(widths) > 1:
            ranks = {part.rank: part.n_features for part in parts}
            raise FormatError(
                f"Space {first.space!r}, step {first.step}: ranks logged different numbers of "
                f"features ({ranks}), so their rows do not make one snapshot. Log that step again."
            )
        merged, rows, n_repeated = _merged(ids)
        vectors = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        vectors = vectors if rows is None else vectors[rows]
        n_duplicates = n_repeated + sum(part.n_duplicates for part in parts)
        return _trusted(merged, vectors, first, n_duplicates)

    def _vectors(self, part: Part) -> NDArray[Any]:
        what = f"space {part.space!r}, step {part.step}, rank {part.rank}"
        shape = (part.n_rows, part.n_features)
        check = self.should_check(part.file)
        array = read_array(self.blobs, part.file, part.dtype, shape, check=check, what=what)
        self._checked.add(part.file.key)
        return bfloat16_to_float32(array) if part.dtype == "bfloat16" else array

    def _part_ids(self, queries: Queries, part: Part) -> NDArray[Any]:
        ids = self.ids(queries, part.ids)
        if part.start < 0 or part.n_rows < 0 or part.start + part.n_rows > len(ids):
            raise FormatError(
                f"{part.file.key} claims rows {part.start} to {part.start + part.n_rows} of "
                f"{len(ids)} ids."
            )
        whole = part.start == 0 and part.n_rows == len(ids)
        return ids if whole else ids[part.start : part.start + part.n_rows]

    def predictions(
        self, queries: Queries, parts: Sequence[PredictionPart], classes: Sequence[str] | None
    ) -> Predictions:
        """The predictions of all ranks at one step."""
        arrays, ids = [], []
        for part in parts:
            shape = (part.n_rows, part.n_classes) if part.n_classes else (part.n_rows,)
            what = f"predictions, step {part.step}, rank {part.rank}"
            check = self.should_check(part.file)
            arrays.append(
                read_array(self.blobs, part.file, part.dtype, shape, check=check, what=what)
            )
            self._checked.add(part.file.key)
            ids.append(self.ids(queries, part.ids))
        merged, rows, _ = _merged(ids)
        values = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        values = values if rows is None else values[rows]
        width = parts[0].n_classes or int(values.max(initial=-1)) + 1
        if not parts[0].n_classes:
            check_class_numbers(values, f"{parts[0].file.key} (step {parts[0].step})")
        fits = classes is not None and (
            len(classes) == width if parts[0].n_classes else len(classes) >= width
        )
        names = tuple(classes) if fits and classes is not None else None
        return Predictions(merged, values, parts[0].step, names)


def read_ids(blobs: Blobs, file: File, *, check: bool) -> NDArray[Any]:
    """A list of ids from its file."""
    ids = read_any_array(blobs, file, check=check, what="a list of ids")
    if ids.ndim != 1 or (ids.dtype.str != "<i8" and ids.dtype.kind != "U"):
        raise FormatError(f"{file.key} holds {ids.dtype} of shape {ids.shape}, which are no ids.")
    try:
        as_ids(ids)
    except DriftglassError as error:
        raise FormatError(f"{file.key} holds no ids: {error}") from error
    ids = np.array(ids)  # small, shared by every snapshot, and compared often: not mapped
    ids.setflags(write=False)
    return ids


def check_class_numbers(values: NDArray[Any], what: str) -> None:
    """Refuse numbers that cannot be classes: whoever counts them would run out of memory."""
    if len(values) and not -1 <= values.min() <= values.max() < MAX_CLASSES:
        worst = values.max() if values.max() >= MAX_CLASSES else values.min()
        raise FormatError(
            f"{what} holds class {worst}; classes are numbers from 0 to {MAX_CLASSES - 1}, or -1 "
            f"where there is none. Pass scores of shape (n_samples, n_classes) as they are."
        )


def _merged(
    ids: Sequence[NDArray[Any]],
) -> tuple[NDArray[Any], NDArray[np.int64] | None, int]:
    """Ids of all parts, the rows to keep if an id comes from two of them, how many are not."""
    if len(ids) == 1:
        return ids[0], None, 0
    everything = np.concatenate(ids)
    _, first = np.unique(everything, return_index=True)
    if len(first) == len(everything):
        return everything, None, 0
    rows = np.sort(first)
    return everything[rows], rows, len(everything) - len(rows)


def _trusted(ids: NDArray[Any], vectors: NDArray[Any], part: Part, n_duplicates: int) -> Snapshot:
    # The ids were checked when they were logged; checking them again would cost ten times
    # what mapping the file does.
    snapshot = object.__new__(Snapshot)
    for name, value in (
        ("ids", ids),
        ("vectors", vectors),
        ("space", part.space),
        ("step", part.step),
        ("attempt", part.attempt),
        ("n_duplicates", n_duplicates),
    ):
        object.__setattr__(snapshot, name, value)
    return snapshot
