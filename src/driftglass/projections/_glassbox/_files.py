"""Named arrays and a JSON description in one safetensors file; reading runs no code.

The form is eight bytes of length, a JSON header that names dtype, shape and place of each array,
and then the arrays. Any reader of safetensors opens these files.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError, InvalidInputError

__all__ = ["pack", "read_tensors", "unpack", "write_tensors"]

DTYPES = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("<u1"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
MAX_HEADER = 100_000_000
"""As the reference implementation allows."""


def pack(arrays: Mapping[str, NDArray[Any]], description: Mapping[str, Any]) -> bytes:
    """Bytes of a safetensors file, with the description as JSON in its metadata."""
    try:
        text = json.dumps(dict(description), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"This model cannot be written: {error}. Parameters must be numbers, text, lists or "
            f"dictionaries of them; name a custom encoder with encoder_name."
        ) from error
    header: dict[str, Any] = {"__metadata__": {"driftglass": text}}
    parts, offset = [], 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        if array.dtype not in NAMES:
            raise InvalidInputError(f"The array {name!r} of the model has dtype {array.dtype}.")
        data = array.tobytes()
        header[name] = {
            "dtype": NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return b"".join([len(head).to_bytes(8, "little"), head, *parts])


def unpack(data: bytes, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and description of what `pack` gives; every claim of the header is checked."""
    try:
        length = int.from_bytes(data[:8], "little")
        if len(data) < 8 or length > min(MAX_HEADER, len(data) - 8):
            raise ValueError("the header is cut off")
        header = json.loads(data[8 : 8 + length])
        description = json.loads(header.pop("__metadata__")["driftglass"])
        body = memoryview(data)[8 + length :]
        arrays = {key: _array(body, entry) for key, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(
            f"{name} is not a model that driftglass wrote: {error}. A whole file made by "
            f"save() is needed."
        ) from error
    return arrays, description


def _array(body: memoryview, entry: Mapping[str, Any]) -> NDArray[Any]:
    dtype = DTYPES[entry["dtype"]]
    shape = tuple(int(size) for size in entry["shape"])
    start, stop = (int(offset) for offset in entry["data_offsets"])
    if min((*shape, start), default=0) < 0 or stop - start != math.prod(shape) * dtype.itemsize:
        raise ValueError("an array is not as large as its shape")
    if stop > len(body):
        raise ValueError("an array is cut off")
    return np.frombuffer(body[start:stop], dtype=dtype).reshape(shape).copy()


def write_tensors(
    path: Path, arrays: Mapping[str, NDArray[Any]], description: Mapping[str, Any]
) -> None:
    """Write a file whole or not at all."""
    data = pack(arrays, description)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_tensors(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and description of a file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(
            f"The model {str(path)!r} cannot be read: {error.strerror}. Give the path that "
            f"save() was given."
        ) from error
    return unpack(data, repr(str(path)))
