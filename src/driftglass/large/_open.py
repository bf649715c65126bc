"""From what somebody has to partitions of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import as_vectors
from .._optional import require
from ..errors import DriftglassError, FormatError, InvalidInputError, NotFoundError
from ._partition import Partition, Partitions, Source, Trouble
from ._sources import (
    ArrayRows,
    DaskRows,
    NpyRows,
    ParquetRows,
    StoreRows,
    ZarrRows,
    npy_header,
)

__all__ = ["ROWS", "open_partitions"]

ROWS = 250_000
"""Rows of a partition, at most, where the source does not say: 64 MB of 64 features."""
LABELS = ".labels.npy"
"""What the file with the labels of ``NAME.npy`` is called after NAME."""

Piece = tuple[str, int, int, Source]
"""Name, rows, width, source."""


def open_partitions(
    source: Any,
    *,
    space: str | None = None,
    step: int | None = None,
    label: str | None = None,
    array: str | None = None,
    rows: int = ROWS,
) -> Partitions:
    """Open rows that are larger than memory; only headers are read.

    Parameters
    ----------
    source : path, Run, Dask array, Dask dataframe, array-like, or list of array-like
        A folder of ``.npy`` files, of Parquet files, or in Zarr's format; one such file; a run of
        a store, or its folder. Files come in the order of their names; ``NAME.labels.npy`` holds
        the labels of ``NAME.npy``. The columns of numbers of a table are its features, or the one
        column of lists.
    space, step : str, int, optional
        Of a run; the only space and the last step by default.
    label : str, optional
        Column of the labels, for tables, for Zarr (an array) and for the metadata of a run.
    array : str, optional
        Array with the vectors in a Zarr group; "vectors" by default.
    rows : int
        Rows of a partition at most. Blocks of Dask collections stay as they are.

    Returns
    -------
    partitions : Partitions
        What cannot be opened is listed in its `troubles`.

    Raises
    ------
    NotFoundError
        Nothing is there.
    InvalidInputError
        Nothing that could be vectors.

    Examples
    --------
    >>> parts = open_partitions(np.zeros((10, 3)), rows=4)
    >>> [part.n_samples for part in parts], parts.n_features
    ([4, 4, 2], 3)
    """
    if isinstance(source, Partitions):
        return source
    if rows < 1:
        raise InvalidInputError(f"rows is {rows}; at least 1 row per partition is needed.")
    pieces: list[Piece] = []
    troubles: list[Trouble] = []
    if isinstance(source, (str, os.PathLike)):
        _open_path(Path(source).expanduser(), space, step, label, array, rows, pieces, troubles)
    elif hasattr(source, "snapshot") and hasattr(source, "describe"):
        pieces += _of_run(source, space, step, label, rows)
    elif hasattr(source, "to_delayed"):
        pieces += _of_dask(source, label)
    else:
        listed = source if isinstance(source, (list, tuple)) and np.ndim(source[0]) == 2 else None
        for number, X in enumerate(listed if listed is not None else [source]):
            pieces += _of_array(as_vectors(X), number if listed is not None else None, rows)
    if not pieces:
        reasons = "; ".join(trouble.reason for trouble in troubles[:3])
        raise InvalidInputError(f"There are no vectors to read. {reasons}".strip())
    return _joined(pieces, troubles)


def _joined(pieces: list[Piece], troubles: list[Trouble]) -> Partitions:
    widths = [width for _, _, width, _ in pieces]
    width = max(set(widths), key=lambda one: (sum(n for _, n, w, _ in pieces if w == one), one))
    parts: list[Partition] = []
    first = 0
    for name, n, wide, source in pieces:
        if wide != width:
            reason = f"{name} has {wide} features; the others have {width}. Leave it out."
            troubles.append(Trouble(name, reason, n))
            continue
        parts.append(Partition(name, n, first, source))
        first += n
    return Partitions(tuple(parts), width, tuple(troubles))


def _slices(n: int, rows: int) -> list[tuple[int, int]]:
    return [(start, min(start + rows, n)) for start in range(0, n, rows)]


def _of_array(X: Any, number: int | None, rows: int) -> Iterable[Piece]:
    begins = "rows" if number is None else f"array {number}, rows"
    for start, stop in _slices(len(X), rows):
        yield f"{begins} {start}–{stop - 1}", stop - start, X.shape[1], ArrayRows(X[start:stop])


def _open_path(
    path: Path,
    space: str | None,
    step: int | None,
    label: str | None,
    array: str | None,
    rows: int,
    pieces: list[Piece],
    troubles: list[Trouble],
) -> None:
    from ..formats._zarr import is_zarr

    if not path.exists():
        raise NotFoundError(f"There is no file or folder {str(path)!r}.")
    if (path / "run.json").is_file():
        from ..store import open as open_store

        run = open_store(path.parent, read_only=True).run(path.name)
        pieces += _of_run(run, space, step, label, rows)
        return
    if is_zarr(path):
        pieces += _of_zarr(path, array, label, rows)
        return
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    known = [
        file
        for file in files
        if file.suffix in (".npy", ".parquet") and not file.name.endswith(LABELS)
    ]
    if not known:
        raise InvalidInputError(
            f"{path.name} holds no .npy or .parquet files and is no Zarr folder and no run. Name "
            f"the folder that the vectors are in."
        )
    for file in known:
        try:
            if file.suffix == ".npy":
                pieces += _of_npy(file, rows)
            else:
                pieces += _of_parquet(file, label, rows)
        except (DriftglassError, OSError, ValueError, EOFError) as error:
            said = " ".join(str(error).split())[:200]
            troubles.append(Trouble(file.name, f"{file.name} cannot be opened: {said}.", 0))


def _of_npy(file: Path, rows: int) -> list[Piece]:
    shape, dtype = npy_header(file)
    if len(shape) != 2 or dtype.kind not in "fiub":
        raise FormatError(f"it holds {dtype} of shape {shape}, not rows of numbers")
    beside = file.with_name(file.name[: -len(".npy")] + LABELS)
    labels = beside if beside.is_file() else None
    spans = _slices(shape[0], rows)
    named = len(spans) > 1
    return [
        (
            f"{file.name} rows {start}–{stop - 1}" if named else file.name,
            stop - start,
            shape[1],
            NpyRows(file, start, stop, labels),
        )
        for start, stop in spans
    ]


def _of_parquet(file: Path, label: str | None, rows: int) -> list[Piece]:
    arrow = require("pyarrow", extra="parquet")
    parquet = require("pyarrow.parquet", extra="parquet")
    try:
        with parquet.ParquetFile(file) as opened:
            schema, about = opened.schema_arrow, opened.metadata
            sizes = [about.row_group(i).num_rows for i in range(about.num_row_groups)]
            types = arrow.types
            columns = [field for field in schema if field.name != label]
            lists = [
                f.name
                for f in columns
                if types.is_list(f.type)
                or types.is_large_list(f.type)
                or types.is_fixed_size_list(f.type)
            ]
            flat = tuple(
                f.name
                for f in columns
                if types.is_floating(f.type) or (types.is_integer(f.type) and not lists)
            )
            if lists:
                head = next(opened.iter_batches(1, columns=lists[:1]))[0]
                width, names = len(head[0]), (lists[0],)
            else:
                width, names = len(flat), flat
    except arrow.ArrowInvalid as error:
        raise FormatError(str(error)) from error
    if not names:
        raise FormatError("it has no column of numbers")
    beside = label if label in schema.names else None
    pieces: list[Piece] = []
    group = 0
    while group < len(sizes):  # as many row groups as fit into a partition, and at least one
        first, n = group, 0
        while group < len(sizes) and (n == 0 or n + sizes[group] <= rows):
            n += sizes[group]
            group += 1
        groups = tuple(range(first, group))
        whole = len(groups) == len(sizes)
        name = file.name if whole else f"{file.name} groups {first}–{group - 1}"
        pieces.append((name, n, width, ParquetRows(file, groups, names, beside)))
    return pieces


def _of_zarr(path: Path, array: str | None, label: str | None, rows: int) -> list[Piece]:
    zarr = require("zarr", extra="zarr")
    opened = zarr.open(str(path), mode="r")
    name = ""
    if hasattr(opened, "arrays"):
        names = [one for one, held in opened.arrays() if held.ndim == 2]
        name = array or ("vectors" if "vectors" in names else (names[0] if names else ""))
        if name not in names:
            raise NotFoundError.for_name("array of rows", name, names)
        opened = opened[name]
    n, width = opened.shape
    chunk = int(opened.chunks[0])
    size = max(chunk, rows // chunk * chunk)  # whole chunks, so that none is decoded twice
    return [
        (f"{path.name} rows {a}–{b - 1}", b - a, width, ZarrRows(path, name, a, b, label))
        for a, b in _slices(n, size)
    ]


def _of_run(
    run: Any, space: str | None, step: int | None, label: str | None, rows: int
) -> list[Piece]:
    from .._projection_plan import space_of

    chosen = space_of(run, space)
    infos = {info.step: info for info in run.describe(chosen)}
    at = max(infos) if step is None else step
    if at not in infos:
        raise NotFoundError.for_name("step", at, sorted(infos))
    info = infos[at]
    store = Path(run.path).parent
    return [
        (
            f"{run.name} {chosen} step {at} rows {a}–{b - 1}",
            b - a,
            info.n_features,
            StoreRows(store, run.name, chosen, at, a, b, info.content, label),
        )
        for a, b in _slices(info.n_samples, rows)
    ]


def _of_dask(collection: Any, label: str | None) -> list[Piece]:
    require("dask", extra="dask")
    if hasattr(collection, "chunks"):
        if collection.ndim != 2:
            raise InvalidInputError(
                f"The Dask array has shape {collection.shape}; rows of features are needed."
            )
        if len(collection.chunks[1]) > 1:
            collection = collection.rechunk({1: -1})
        collection = (
            collection.compute_chunk_sizes() if np.isnan(collection.chunks[0]).any() else collection
        )
        sizes = [int(n) for n in collection.chunks[0]]
        blocks = collection.to_delayed().ravel().tolist()
        width = int(collection.shape[1])
    else:
        blocks = collection.to_delayed()
        sizes = [int(n) for n in collection.map_partitions(len).compute()]
        width = len(collection.columns) - (label is not None)
    made: list[Piece] = []
    for number, (block, n) in enumerate(zip(blocks, sizes, strict=True)):
        source = DaskRows(block, f"{collection.name if hasattr(collection, 'name') else ''}"
                                 f"{block.key!r}", label)  # fmt: skip
        made.append((f"block {number}", n, width, source))
    return made
