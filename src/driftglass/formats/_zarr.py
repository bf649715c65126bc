"""Zarr groups: an array of vectors, ids, and a column per array."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from .._row_blocks import BLOCK_BYTES, RowBlocks, rows_per_block
from ..errors import FormatError, InvalidInputError
from ._limits import read_small
from ._tables import pick_vectors, plain_columns
from ._vectors import VectorFile

__all__ = ["is_zarr", "read_zarr", "write_zarr"]

MOST_ARRAYS = 1000


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr group or array."""
    return path.is_dir() and any(
        (path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")
    )


def read_zarr(
    path: Path, array: str | None = None, *, streamed: bool = False
) -> tuple[VectorFile, ...]:
    """Vectors of a group; arrays with a value per row belong to them."""
    zarr = require("zarr", extra="zarr")
    for link in (part for part in path.rglob("*") if part.is_symlink()):
        if not link.resolve().is_relative_to(path.resolve()):
            raise FormatError(f"{path.name} holds a link that leaves it: {link.name!r:.80}.")
    for name in ("zarr.json", ".zgroup", ".zarray"):
        if (path / name).is_file():
            try:
                json.loads(read_small(path / name))
            except ValueError as error:
                raise FormatError(f"{path.name}/{name} is not JSON: {error}.") from error
    try:
        opened = zarr.open(str(path), mode="r")
        whole = not hasattr(opened, "arrays")
        members = [("vectors", opened)] if whole else list(opened.arrays())
        if len(members) > MOST_ARRAYS:
            raise FormatError(f"{path.name} holds {len(members):,} arrays.")
        about = {} if whole else dict(opened.attrs)
        arrays = {name: _array(path, name, held, streamed) for name, held in members}
    except (FormatError, InvalidInputError):
        raise
    except Exception as error:  # zarr and its codecs raise whatever their parts raise
        raise _not_whole(path, error) from error
    file = pick_vectors(path, arrays, array)
    return (_with_columns(file, about.get("driftglass"), path),)


def _array(path: Path, name: str, held: Any, streamed: bool) -> NDArray[Any] | RowBlocks:
    nbytes = math.prod(held.shape) * held.dtype.itemsize
    stored = sum(part.stat().st_size for part in (path / held.path).rglob("*") if part.is_file())
    # Chunks that are missing stand for a fill value, so a tiny folder can announce any size.
    if nbytes > 1 << 28 and nbytes > 2200 * max(stored, 1):
        raise FormatError(
            f"{path.name}: {name!r:.60} announces shape {held.shape}, but {stored:,} bytes are "
            f"there."
        )
    if held.dtype.kind not in "fiubU":
        return np.empty(0)
    if not streamed or nbytes <= 2 * BLOCK_BYTES or held.ndim != 2 or held.dtype.kind not in "fiu":
        return np.asarray(held[...])
    n_rows, width = held.shape
    chunk = held.chunks[0]  # whole chunks, as each is unpacked for any row of it
    step = -(-rows_per_block(width, held.dtype.itemsize) // chunk) * chunk

    def read() -> Iterator[NDArray[Any]]:
        try:
            for start in range(0, n_rows, step):
                yield np.asarray(held[start : start + step])
        except Exception as error:
            raise _not_whole(path, error) from error

    return RowBlocks(path.name, (n_rows, width), held.dtype, read)


def _not_whole(path: Path, error: Exception) -> FormatError:
    reason = " ".join(str(error).split())[:160]
    return FormatError(f"{path.name} is not a whole Zarr group: {reason}.")


def _with_columns(file: VectorFile, told: Any, path: Path) -> VectorFile:
    from dataclasses import replace

    if not isinstance(told, dict):
        return file
    ids, columns = told.get("ids"), told.get("columns")
    rows = {len(ids)} if isinstance(ids, list) else {-1}
    rows |= {len(v) for v in columns.values()} if isinstance(columns, dict) else {-1}
    if rows != {len(file.X)}:
        raise FormatError(f"{path.name}: what it says of its rows does not fit its vectors.")
    assert isinstance(columns, dict)
    return replace(file, ids=np.array(ids), columns={**columns, **file.columns})


def write_zarr(folder: Path, files: Sequence[VectorFile]) -> None:
    """Write one embedding as a group; ids and columns are its attributes."""
    zarr = require("zarr", extra="zarr")
    if len(files) != 1:
        raise InvalidInputError(f"{folder.name} holds one embedding; {len(files)} were given.")
    file = files[0]
    group = zarr.open_group(str(folder), mode="w")
    X = np.ascontiguousarray(file.X)
    held = group.create_array("vectors", shape=X.shape, dtype=X.dtype)
    held[...] = X
    group.attrs["driftglass"] = {
        "ids": file.ids.tolist(),
        "columns": plain_columns(file.columns),
    }
