"""Arrays as ``.npy`` bytes, and the checksums of any file.

A header is believed only after its shape times its item size was found equal to the length of
the file, and nothing here ever unpickles.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from ..errors import DamagedError, FormatError
from ._blobs import Blobs, Buffer, SupportsMap
from ._keys import CHUNK_BYTES, ids_key
from ._records import File, Ids

__all__ = [
    "FILE_DTYPES",
    "bfloat16_to_float32",
    "byte_view",
    "bytes_hash",
    "content_hash",
    "damaged_chunk",
    "encode_array",
    "file_of",
    "identified",
    "npy_header",
    "read_any_array",
    "read_array",
    "read_bytes",
    "write_file",
    "write_ids",
]

FILE_DTYPES = {
    "float16": "<f2",
    "float32": "<f4",
    "float64": "<f8",
    "bfloat16": "<u2",  # the bits; NumPy has no such type
    "int8": "|i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "uint8": "|u1",
    "uint16": "<u2",
    "uint32": "<u4",
    "uint64": "<u8",
}
"""Types of vectors by their name in the catalog, and how NumPy writes them in a file."""

_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '([<|])([fiubU])(\d{1,5})', 'fortran_order': False, 'shape': "
    rb"\(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"
)
MAX_HEADER_BYTES = 4096


def npy_header(descr: str, shape: tuple[int, ...]) -> bytes:
    """First bytes of a ``.npy`` file of version 1.0, as NumPy itself writes them."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}"
    padding = -(len(_MAGIC) + 2 + len(text) + 1) % 64  # so that the data is aligned when mapped
    text += " " * padding + "\n"
    return _MAGIC + len(text).to_bytes(2, "little") + text.encode("ascii")


def encode_array(array: NDArray[Any]) -> Iterator[Buffer]:
    """The bytes of a ``.npy`` file, in pieces that copy nothing.

    Parameters
    ----------
    array : ndarray, C-contiguous
        Numbers or text.
    """
    array = np.asarray(array, order="C")  # ascontiguousarray would give a number an axis
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    yield npy_header(array.dtype.str, array.shape)
    yield byte_view(array)


def write_file(blobs: Blobs, key: str, pieces: Iterable[Buffer], *, durable: bool = False) -> File:
    """Store a file and return its size and checksums, computed while it is written."""
    hasher = _ChunkHasher()
    blobs.write(key, hasher.passing(pieces), durable=durable)
    return File(key, hasher.size, hasher.hashes())


def file_of(blobs: Blobs, key: str) -> File:
    """Size and checksums of a file that is there already."""
    hasher = _ChunkHasher()
    data = blobs.map(key) if isinstance(blobs, SupportsMap) else blobs.read(key)
    for _ in hasher.passing([data]):
        pass
    return File(key, hasher.size, hasher.hashes())


def byte_view(array: NDArray[Any]) -> memoryview:
    """The memory of a C-contiguous array."""
    return memoryview(array.reshape(-1).view(np.uint8)) if array.size else memoryview(b"")  # type: ignore[arg-type]


class _ChunkHasher:
    """Checksums of the chunks of a stream that passes through."""

    def __init__(self) -> None:
        self.size = 0
        self._done: list[str] = []
        self._current = xxhash.xxh3_128()
        self._filled = 0

    def passing(self, pieces: Iterable[Buffer]) -> Iterator[memoryview]:
        """The same bytes, cut at the borders of chunks."""
        for piece in pieces:
            view = memoryview(piece).cast("B")
            while len(view):
                part = view[: CHUNK_BYTES - self._filled]
                self._current.update(part)
                self._filled += len(part)
                self.size += len(part)
                if self._filled == CHUNK_BYTES:
                    self._finish_chunk()
                yield part
                view = view[len(part) :]

    def _finish_chunk(self) -> None:
        self._done.append(self._current.hexdigest())
        self._current = xxhash.xxh3_128()
        self._filled = 0

    def hashes(self) -> list[str]:
        """Checksums of all chunks; one for an empty file too."""
        if self._filled or not self._done:
            self._finish_chunk()
        return self._done


def damaged_chunk(data: Buffer, file: File) -> int | None:
    """Number of the first chunk that differs from its checksum, or None."""
    view = memoryview(data)
    for number, digest in enumerate(file.hashes):
        chunk = view[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES]
        if xxhash.xxh3_128_hexdigest(chunk) != digest:
            return number
    return None


def bytes_hash(data: bytes) -> str:
    """xxh3-128 of some bytes, 32 hexadecimal digits."""
    return xxhash.xxh3_128_hexdigest(data)


def content_hash(*values: object) -> str:
    """Hash of strings and numbers, 32 hexadecimal digits."""
    return xxhash.xxh3_128_hexdigest(repr(values).encode())


def _checked_buffer(blobs: Blobs, file: File, check: bool, what: str) -> Buffer:
    data = blobs.map(file.key) if isinstance(blobs, SupportsMap) else blobs.read(file.key)
    if len(data) != file.size:
        raise DamagedError(
            f"{file.key} ({what}) has {len(data)} bytes instead of {file.size}: it was cut or "
            f"only half copied. Copy it again from where it was made, or log that step again."
        )
    if len(file.hashes) != max(1, -(-file.size // CHUNK_BYTES)):
        raise FormatError(f"The catalog has {len(file.hashes)} checksums for {file.key}.")
    if check and (chunk := damaged_chunk(data, file)) is not None:
        raise DamagedError(
            f"{file.key} ({what}) is damaged in chunk {chunk}, bytes {chunk * CHUNK_BYTES} to "
            f"{min((chunk + 1) * CHUNK_BYTES, file.size) - 1}: its checksum does not fit. "
            f"Restore the file from a copy, or log that step again."
        )
    return data


def read_array(
    blobs: Blobs, file: File, dtype: str, shape: tuple[int, ...], *, check: bool, what: str
) -> NDArray[Any]:
    """An array whose type and shape the catalog knows, mapped where that is safe.

    Parameters
    ----------
    blobs : Blobs
        Where the file is.
    file : File
        What the catalog says of it.
    dtype : str
        Name in `FILE_DTYPES`.
    shape : tuple of int
        Expected shape.
    check : bool
        Compare every chunk with its checksum: 15 GB/s from memory, else as fast as the disk.
    what : str
        What to call it in messages, for example "space 'hidden', step 10".

    Raises
    ------
    DamagedError
        The bytes differ from those written.
    FormatError
        The file is something else than the catalog says.
    """
    if dtype not in FILE_DTYPES:
        raise FormatError(f"{file.key} ({what}) is said to hold {dtype!r:.40}, an unknown type.")
    data = _checked_buffer(blobs, file, check, what)
    kind = np.dtype(FILE_DTYPES[dtype])
    header = npy_header(FILE_DTYPES[dtype], shape)
    if bytes(data[: len(header)]) != header:
        found = _parse_header(data, file.key)
        if found[:2] != (kind, shape):
            raise FormatError(
                f"{file.key} ({what}) holds {found[0]} of shape {found[1]}; the catalog says "
                f"{dtype} of shape {shape}. Run: driftglass verify --full on the run."
            )
        return _array(data, kind, shape, found[2])
    if len(header) + math.prod(shape) * kind.itemsize != len(data):
        raise FormatError(f"{file.key} ({what}) has {len(data)} bytes for shape {shape}.")
    return _array(data, kind, shape, len(header))


def read_any_array(blobs: Blobs, file: File, *, check: bool, what: str) -> NDArray[Any]:
    """An array whose type and shape only its own header tells."""
    data = _checked_buffer(blobs, file, check, what)
    kind, shape, start = _parse_header(data, file.key)
    return _array(data, kind, shape, start)


def read_bytes(blobs: Blobs, file: File, *, check: bool, what: str) -> bytes:
    """All bytes of a file."""
    return bytes(_checked_buffer(blobs, file, check, what))


def _parse_header(data: Buffer, key: str) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    start = len(_MAGIC) + 2
    length = int.from_bytes(bytes(data[len(_MAGIC) : start]), "little")
    text = bytes(data[start : start + min(length, MAX_HEADER_BYTES)])
    match = _HEADER.fullmatch(text)
    if bytes(data[: len(_MAGIC)]) != _MAGIC or length > MAX_HEADER_BYTES or match is None:
        raise FormatError(
            f"{key} is not an array file of this format (its header is {text!r:.80})."
        )
    order, letter, size, dimensions = (group.decode() for group in match.groups())
    try:
        kind = np.dtype(f"{order}{letter}{size}")
    except TypeError as error:
        raise FormatError(f"{key} holds the unknown type {letter + size!r}.") from error
    shape = tuple(int(number) for number in dimensions.split(",") if number.strip())
    if start + length + math.prod(shape) * kind.itemsize != len(data):
        raise FormatError(
            f"{key} has {len(data)} bytes, but its header promises shape {shape} of {kind}. "
            f"It was cut, or made to exhaust memory; it was not loaded."
        )
    return kind, shape, start + length


def _array(data: Buffer, kind: np.dtype[Any], shape: tuple[int, ...], start: int) -> NDArray[Any]:
    if math.prod(shape) == 0:
        return np.empty(shape, kind)
    if not isinstance(data, mmap.mmap):
        array = np.frombuffer(data, kind, math.prod(shape), start).reshape(shape)
        return array
    # What np.memmap does, without opening the file a second time.
    mapped = np.ndarray.__new__(np.memmap, shape, kind, data, start)
    mapped._mmap, mapped.offset, mapped.mode = data, start, "r"  # type: ignore[attr-defined]
    mapped.filename = None
    return mapped


def bfloat16_to_float32(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The numbers whose upper halves are given."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def write_ids(blobs: Blobs, ids: NDArray[Any], digest: str, *, durable: bool = False) -> Ids:
    """Store a list of ids, as `identified` gave it, in a file named by its content."""
    file = write_file(blobs, ids_key(digest), encode_array(ids), durable=durable)
    return Ids(digest, len(ids), ids.dtype.kind == "U", file)


def identified(ids: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Ids in their one stored form, and the hash of it."""
    if ids.dtype.kind == "U":
        longest = int(np.char.str_len(ids).max(initial=1))
        ids = ids.astype(f"<U{longest}")
    ids = np.ascontiguousarray(ids)
    hasher = xxhash.xxh3_128(ids.dtype.str.encode())
    hasher.update(byte_view(ids))
    return ids, hasher.hexdigest()
