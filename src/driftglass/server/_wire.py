"""Arrays and descriptions as bytes: the server's half of the wire.

`docs/wire.md` is the contract; the viewer's half is ``web/src/data/wire.ts``, and both are held to
the same golden files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, InvalidInputError

__all__ = ["Frame", "decode", "dump_json", "encode"]

MAGIC = b"DGW1"
VERSION = 1
ALIGNMENT = 8
LARGEST_SAFE_INTEGER = 2**53 - 1
"""JavaScript reads larger integers as their nearest double, so they travel as text."""

_DTYPES: dict[str, np.dtype[Any]] = {
    "f4": np.dtype("<f4"),
    "f8": np.dtype("<f8"),
    "u1": np.dtype("u1"),
    "u2": np.dtype("<u2"),
    "u4": np.dtype("<u4"),
    "i4": np.dtype("<i4"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


@dataclass(frozen=True, eq=False)
class Frame:
    """Several named arrays and a few facts about them; one answer of the server.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Of dtype float32, float64, uint8, uint16, uint32 or int32.
    meta : mapping of str to JSON value
        What a reader needs beside the arrays.
    """

    arrays: Mapping[str, NDArray[Any]]
    meta: Mapping[str, Any] = field(default_factory=dict)


def encode(frame: Frame) -> bytearray:
    """Lay out a frame as bytes; arrays are copied once, into their final place.

    Raises
    ------
    InvalidInputError
        An array has a dtype that the wire does not carry.
    """
    prepared: list[tuple[int, NDArray[Any]]] = []
    entries: list[dict[str, Any]] = []
    size = 0
    for name, array in frame.arrays.items():
        dtype = array.dtype.newbyteorder("<") if array.dtype.byteorder == ">" else array.dtype
        if dtype not in _NAMES:
            raise InvalidInputError(
                f"Array {name!r} has dtype {array.dtype}; the wire carries {sorted(_DTYPES)}."
            )
        shape = list(array.shape)
        entries.append({"name": name, "dtype": _NAMES[dtype], "shape": shape, "offset": size})
        prepared.append((size, array))
        size = _aligned(size + array.size * dtype.itemsize)
    head = dump_json({"version": VERSION, "arrays": entries, "meta": frame.meta})
    start = ALIGNMENT + _aligned(len(head))
    body = bytearray(start + size)
    body[:4] = MAGIC
    body[4:8] = (start - ALIGNMENT).to_bytes(4, "little")
    body[ALIGNMENT:start] = head.ljust(start - ALIGNMENT)
    for entry, (offset, array) in zip(entries, prepared, strict=True):
        target: NDArray[Any] = np.frombuffer(
            body, _DTYPES[entry["dtype"]], array.size, start + offset
        )
        target.reshape(array.shape)[...] = array
    return body


def decode(data: bytes | bytearray | memoryview) -> Frame:
    """Read what `encode` wrote; arrays are read-only views on `data`.

    Raises
    ------
    FormatError
        The bytes are not a frame of this version, or are cut short.
    """
    view = memoryview(data).toreadonly()
    if len(view) < ALIGNMENT or bytes(view[:4]) != MAGIC:
        raise FormatError(
            f"These {len(view)} bytes begin with {bytes(view[:4])!r}; a frame begins with "
            f"{MAGIC!r}."
        )
    start = ALIGNMENT + int.from_bytes(view[4:8], "little")
    if start > len(view):
        raise FormatError(f"The frame ends inside its header, at byte {len(view)} of {start}.")
    try:
        header = json.loads(bytes(view[ALIGNMENT:start]))
    except ValueError as error:
        raise FormatError(f"The header of the frame is not JSON: {error}.") from error
    if not isinstance(header, dict) or header.get("version") != VERSION:
        raise FormatError(f"This is not a frame of wire version {VERSION}.")
    arrays = {entry["name"]: _array_of(entry, view[start:]) for entry in header["arrays"]}
    return Frame(arrays, header["meta"])


def _array_of(entry: Mapping[str, Any], data: memoryview) -> NDArray[Any]:
    if entry["dtype"] not in _DTYPES:
        raise FormatError(f"Array {entry['name']!r} has dtype {entry['dtype']!r}.")
    dtype = _DTYPES[entry["dtype"]]
    count = 1
    for length in entry["shape"]:
        count *= length
    if entry["offset"] < 0 or count < 0 or entry["offset"] + count * dtype.itemsize > len(data):
        raise FormatError(
            f"Array {entry['name']!r} needs {count * dtype.itemsize} bytes from byte "
            f"{entry['offset']}; the frame has {len(data)}."
        )
    array: NDArray[Any] = np.frombuffer(data, dtype, count, entry["offset"])
    return array.reshape(entry["shape"])


def dump_json(value: Any) -> bytes:
    """JSON as the wire wants it: nan and infinity as null, large integers as text."""
    safe = _javascript_safe(value)
    try:
        return msgspec.json.encode(safe)
    except UnicodeEncodeError:  # half of a surrogate pair, which Python allows in text
        return json.dumps(_replace_surrogates(safe)).encode()


def _javascript_safe(value: Any) -> Any:
    if isinstance(value, str) or value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if abs(value) <= LARGEST_SAFE_INTEGER else str(value)
    if isinstance(value, Mapping):
        return {str(key): _javascript_safe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_javascript_safe(item) for item in value]
    if isinstance(value, np.ndarray):
        return _javascript_safe(value.tolist())
    if isinstance(value, np.generic):
        return _javascript_safe(value.item())
    return value


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    return value


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
