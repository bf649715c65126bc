"""Vectors among the arrays of an .npz file, read block by block where that is asked for."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._npy import load_npz, undisturbed
from .._row_blocks import BLOCK_BYTES, RowBlocks, filled, rows_per_block
from ..errors import FormatError, InvalidInputError, NotFoundError, ShapeError
from ._limits import checked_shape, refuse_bomb

__all__ = ["read_npz", "why_not_loaded"]

Arrays = dict[str, NDArray[Any]]


class _Header(NamedTuple):
    """What an array announces before its bytes."""

    shape: tuple[int, ...]
    columns_first: bool
    dtype: np.dtype[Any]
    begins: int
    """Bytes before the first value."""

    @property
    def is_streamed(self) -> bool:
        """Whether these are many real numbers that lie row by row."""
        n_bytes = int(np.prod(self.shape)) * self.dtype.itemsize
        by_rows = len(self.shape) == 2 and not self.columns_first
        return self.dtype.kind in "fiub" and by_rows and n_bytes > 2 * BLOCK_BYTES


def read_npz(
    path: Path, array: str | None, drop: Collection[str], *, streamed: bool = False
) -> tuple[NDArray[Any] | RowBlocks, Arrays]:
    """Vectors, and the arrays with one value per row beside them.

    Parameters
    ----------
    path : Path
        A file as numpy.savez and numpy.savez_compressed write it.
    array : str, optional
        Which array holds the vectors; may be left out where only one can.
    drop : collection of str
        Arrays that are not read.
    streamed : bool
        Let vectors be `RowBlocks`, where they are large.

    Returns
    -------
    X : ndarray or RowBlocks of shape (n_samples, ...)
        The vectors.
    beside : dict of str to ndarray of shape (n_samples,)
        Other arrays of that length.

    Raises
    ------
    FormatError
        The file is not what its name says.
    InvalidInputError
        No array could be the vectors, or several could.
    NotFoundError
        No such array.
    """
    try:
        headers = undisturbed(lambda: _headers(path))
        known = {name: header for name, header in headers.items() if name not in drop}
        later = _chosen(path, array, known) if streamed else None
        if later is not None and not known[later].is_streamed:
            later = None
        held = load_npz(path, without={*drop, *([] if later is None else [later])})
        arrays = {name: one for name, one in held.items() if isinstance(one, np.ndarray)}
    except (ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(why_not_loaded(path, error)) from error
    X: NDArray[Any] | RowBlocks
    if later is not None:
        X = _in_blocks(path, later, known[later])
    else:
        X = arrays.pop(_chosen(path, array, arrays))
        if X.ndim == 0:
            raise ShapeError(
                f"{array} of {path.name} is a single value; rows of numbers are needed."
            )
    return X, {name: one for name, one in arrays.items() if one.shape == (len(X),)}


def why_not_loaded(path: Path, error: Exception) -> str:
    """What is wrong with a file that NumPy could not read, and what to do."""
    if path.stat().st_size == 0:
        return f"{path.name} is empty. Write it again."
    with path.open("rb") as stream:
        begins = stream.read(2)
    if begins not in (b"PK", b"\x93N"):
        return f"{path.name} is no NumPy file, whatever its name says. Write it with numpy.save."
    said = str(error)
    if "pickle" in said or "Python objects" in said:
        return (
            f"{path.name} holds Python objects, which are not read, because they could run code. "
            f"Save numbers: numpy.save(path, numpy.asarray(vectors, dtype='float32'))."
        )
    return f"{path.name} is not a whole NumPy file: {said}. Write it again."


def _chosen(
    path: Path, array: str | None, known: Mapping[str, _Header] | Mapping[str, NDArray[Any]]
) -> str:
    """Name of the array that holds the vectors."""
    if array is None:
        able = [n for n, a in known.items() if len(a.shape) >= 2 and a.dtype.kind in "fiub"]
        if len(able) != 1:
            shapes = ", ".join(f"{name} {one.shape}" for name, one in known.items())
            problem = f"{len(able)} arrays could be the vectors" if able else "no array has rows"
            raise InvalidInputError(f"{path.name}: {problem} ({shapes}). Say which with --array.")
        return able[0]
    if array not in known:
        raise NotFoundError.for_name("array", array, list(known))
    return array


def _headers(path: Path) -> dict[str, _Header]:
    """What every array announces, compared with the bytes there are before any is read."""
    headers = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            what = f"{path.name}: {member.filename}"
            refuse_bomb(member.compress_size, member.file_size, what)
            if not member.filename.endswith(".npy") or member.file_size < 10:
                continue
            with archive.open(member) as stream:
                header = _header(stream, what)
                if not header.dtype.hasobject:  # refused by the reader, in words of its own
                    left = member.file_size - header.begins
                    checked_shape(header.shape, header.dtype.itemsize, left, what)
            headers[member.filename.removesuffix(".npy")] = header
    return headers


def _header(stream: IO[bytes], what: str) -> _Header:
    version = np.lib.format.read_magic(stream)
    read = getattr(np.lib.format, f"read_array_header_{version[0]}_0", None)
    if read is None:
        raise FormatError(f"{what} is of a newer version.")
    shape, columns_first, dtype = read(stream)
    return _Header(shape, columns_first, dtype, stream.tell())


def _in_blocks(path: Path, name: str, header: _Header) -> RowBlocks:
    n_rows, width = header.shape
    per_block = rows_per_block(width, header.dtype.itemsize)

    def read() -> Iterator[NDArray[Any]]:
        buffer = np.empty((min(per_block, n_rows), width), header.dtype)
        try:
            with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
                stream.read(header.begins)
                for begin in range(0, n_rows, per_block):
                    block = buffer[: min(per_block, n_rows - begin)]
                    if not filled(stream, block):
                        return
                    yield block
        except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise FormatError(why_not_loaded(path, error)) from error

    return RowBlocks(path.name, (n_rows, width), header.dtype, read)
