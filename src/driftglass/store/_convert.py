"""From the array that was logged to the one that is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import finite_rows

__all__ = ["Stored", "convert"]

_SMALL = {"float16", "bfloat16", "int8", "uint8"}
_KEPT = {"float16", "float32", "bfloat16", "int8", "uint8"}
BLOCK_ROWS = 1 << 14


@dataclass(frozen=True)
class Stored:
    """Vectors as they go to disk.

    Parameters
    ----------
    array : ndarray of shape (n_samples, n_features)
        In the type of the file; bits for bfloat16.
    dtype : str
        The true type.
    finite : ndarray of shape (n_samples,)
        Whether every value of a row is finite.
    n_overflow : int
        Finite values that the type could not hold and that became infinite.
    note : str
        What a reader should know of the conversion; empty if nothing.
    """

    array: NDArray[Any]
    dtype: str
    finite: NDArray[np.bool_]
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
    target = _target(dtype, wanted)
    if target == dtype:
        return Stored(array, dtype, _finite(array, dtype), 0, "")
    if dtype == "bfloat16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    result = np.empty(array.shape, target)
    n_overflow = 0
    for start in range(0, len(array), BLOCK_ROWS):
        block = array[start : start + BLOCK_ROWS]
        with np.errstate(over="ignore", invalid="ignore"):
            result[start : start + BLOCK_ROWS] = block
        lost = np.isinf(result[start : start + BLOCK_ROWS])
        if lost.any():
            n_overflow += int((lost & np.isfinite(block)).sum())
    note = ""
    if wanted is None:
        note = (
            f"space {space!r} is logged as {dtype} and stored as {target}; "
            f'create the run with dtype="keep" to store it as it is'
        )
    return Stored(result, target, _finite(result, target), n_overflow, note)


def _target(dtype: str, wanted: str | None) -> str:
    if wanted == "keep":
        return dtype
    if wanted == "float32":
        return "float32"
    if wanted == "float16":
        # Eight bits say what sixteen would; bfloat16 has the same size and a wider range.
        return dtype if dtype in _SMALL else "float16"
    return dtype if dtype in _KEPT else "float32"


def _finite(array: NDArray[Any], dtype: str) -> NDArray[np.bool_]:
    if dtype == "bfloat16":
        return np.asarray(((array & 0x7F80) != 0x7F80).all(axis=1))
    return finite_rows(array)
