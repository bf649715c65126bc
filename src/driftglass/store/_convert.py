"""From the array that was logged to the one that is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Stored", "convert", "rows_not_finite", "target_of"]

_SMALL = {"float16", "bfloat16", "int8", "uint8"}
_KEPT = {"float16", "float32", "bfloat16", "int8", "uint8"}
BLOCK_BYTES = 1 << 19


@dataclass(frozen=True)
class Stored:
    """Vectors as they go to disk.

    Parameters
    ----------
    array : ndarray of shape (n_samples, n_features)
        In the type of the file; bits for bfloat16.
    dtype : str
        The true type.
    not_finite : ndarray of shape (n_rows,)
        Positions of rows in which a value is nan or infinite.
    n_overflow : int
        Finite values that the type could not hold and that became infinite.
    note : str
        What a reader should know of the conversion; empty if nothing.
    """

    array: NDArray[Any]
    dtype: str
    not_finite: NDArray[np.int64]
    n_overflow: int
    note: str


def convert(array: NDArray[Any], dtype: str, wanted: str | None, space: str) -> Stored:
    """Bring vectors to the type that the run keeps.

    Parameters
    ----------
    array : ndarray of shape (n_samples, n_features)
        What was logged.
    dtype : str
        Its true type.
    wanted : {"float16", "float32", "keep"} or None
        The run's choice; None keeps the types of at most 32 bits that models use.
    space : str
        For the note.
    """
    target = target_of(dtype, wanted)
    if target == dtype:
        return Stored(array, dtype, rows_not_finite(array, dtype), 0, "")
    if dtype == "bfloat16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    result = np.empty(array.shape, target)
    with np.errstate(over="ignore", invalid="ignore"):
        np.copyto(result, array, casting="unsafe")
    n_overflow = 0
    not_finite = rows_not_finite(result, target)
    if len(not_finite):
        lost = np.isinf(result[not_finite]) & np.isfinite(array[not_finite])
        n_overflow = int(lost.sum())
    note = ""
    if wanted is None:
        note = (
            f"space {space!r} is logged as {dtype} and stored as {target}; "
            f'create the run with dtype="keep" to store it as it is'
        )
    return Stored(result, target, not_finite, n_overflow, note)


def target_of(dtype: str, wanted: str | None) -> str:
    """Type in which vectors of this type are stored."""
    if wanted == "keep":
        return dtype
    if wanted == "float32":
        return "float32"
    if wanted == "float16":
        # Eight bits say what sixteen would; bfloat16 has the same size and a wider range.
        return dtype if dtype in _SMALL else "float16"
    return dtype if dtype in _KEPT else "float32"


_BITS = {
    "float16": (np.int16, np.uint16, 0x7C00),
    "bfloat16": (np.int16, np.uint16, 0x7F80),
    "float32": (np.int32, np.uint32, 0x7F80_0000),
    "float64": (np.int64, np.uint64, 0x7FF0_0000_0000_0000),
}
"""Integers of the same size, and the bits of infinity; all that follow are nan."""


def rows_not_finite(array: NDArray[Any], dtype: str) -> NDArray[np.int64]:
    """Positions of the rows of (n_samples, n_features) in which a value is not finite."""
    if dtype not in _BITS or array.size == 0:
        return np.empty(0, dtype=np.int64)
    signed, unsigned, infinity = _BITS[dtype]
    negative = infinity | 1 << (8 * np.dtype(unsigned).itemsize - 1)
    rows = max(1, BLOCK_BYTES // max(1, array[:1].nbytes))
    found = []
    for start in range(0, len(array), rows):  # small enough to stay in the processor's cache
        block = array[start : start + rows]
        # Largest as signed numbers: the positive infinity and nan. As unsigned: the negative ones.
        # Two passes over integers take a fifth of the time of np.isfinite.
        if block.view(signed).max() >= infinity or block.view(unsigned).max() >= negative:
            bad = (block.view(unsigned) & infinity == infinity).any(axis=1)
            found.append(np.flatnonzero(bad) + start)
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)
