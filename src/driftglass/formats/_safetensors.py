"""Files of tensors with a plain header: no code, no package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, InvalidInputError
from ._limits import checked_shape
from ._tables import pick_vectors, plain_columns
from ._vectors import VectorFile

__all__ = ["read_safetensors", "write_safetensors"]

MOST_HEADER = 100 << 20
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "|i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
ABOUT = "driftglass"


def read_safetensors(path: Path, array: str | None = None) -> tuple[VectorFile, ...]:
    """The vectors of a file, mapped, with the arrays of as many rows beside them."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or length > min(MOST_HEADER, size - 8):
            raise FormatError(
                f"{path.name} has {size:,} bytes and announces a header of {length:,}; it is no "
                f"safetensors file, or it is cut short."
            )
        text = stream.read(length)
    try:
        header = json.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise FormatError(f"{path.name}: its header is not JSON: {error}.") from error
    if not isinstance(header, dict):
        raise FormatError(f"{path.name}: its header is no list of tensors.")
    about = header.pop("__metadata__", {})
    arrays = {name: _array(path, name, entry, 8 + length, size) for name, entry in header.items()}
    file = pick_vectors(path, arrays, array)
    told = about.get(ABOUT) if isinstance(about, dict) else None
    return (_with_columns(file, told, path),)


def _array(path: Path, name: str, entry: Any, start: int, size: int) -> NDArray[Any]:
    what = f"{path.name}: tensor {name!r:.60}"
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{what} is not described as a tensor.") from error
    if dtype not in DTYPES:
        raise FormatError(f"{what} has dtype {dtype!r:.20}; known are {', '.join(DTYPES)}.")
    whole = all(isinstance(place, int) and not isinstance(place, bool) for place in (begin, end))
    if not whole or not 0 <= begin <= end <= size - start:
        raise FormatError(f"{what} lies outside the file, at bytes {begin!r:.30} to {end!r:.30}.")
    kind = np.dtype(DTYPES[dtype])
    sizes = checked_shape(shape, kind.itemsize, end - begin, what)
    if begin == end:
        return np.empty(sizes, kind)
    mapped: NDArray[Any] = np.memmap(path, kind, "r", start + begin, sizes)
    if dtype == "BF16":  # the upper half of a float32
        return (mapped.astype(np.uint32) << 16).view(np.float32)
    return mapped


def _with_columns(file: VectorFile, told: Any, path: Path) -> VectorFile:
    if not isinstance(told, str):
        return file
    try:
        kept = json.loads(told)
        ids, columns = kept["ids"], kept["columns"]
        rows = {len(ids), *(len(values) for values in columns.values())}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path.name}: what it says of its rows cannot be read.") from error
    if rows != {len(file.X)}:
        raise FormatError(f"{path.name}: it names {rows} rows, but has {len(file.X):,} vectors.")
    from dataclasses import replace

    return replace(file, ids=np.array(ids), columns={**columns, **file.columns})


def write_safetensors(path: Path, files: Any) -> None:
    """Write one embedding; ids and columns go into the header as JSON."""
    if len(files) != 1:
        raise InvalidInputError(f"{path.name} holds one embedding; {len(files)} were given.")
    file = files[0]
    X = np.ascontiguousarray(file.X)
    names = {np.dtype(kind): name for name, kind in DTYPES.items() if name != "BF16"}
    if X.dtype not in names:
        X = X.astype(np.float32)
    told = {"ids": file.ids.tolist(), "columns": plain_columns(file.columns)}
    header: dict[str, Mapping[str, Any]] = {
        "__metadata__": {ABOUT: json.dumps(told)},
        "vectors": {
            "dtype": names[X.dtype],
            "shape": list(X.shape),
            "data_offsets": [0, X.nbytes],
        },
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        stream.write(X.tobytes() if X.nbytes < 1 << 20 else X.data)
