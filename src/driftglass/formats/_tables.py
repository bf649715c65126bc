"""From arrays and columns with names to vectors with what belongs to their rows, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._row_blocks import RowBlocks
from ..errors import FormatError, InvalidInputError, NotFoundError
from ._vectors import ID_NAMES, VectorFile, named_rows

__all__ = ["pick_vectors", "plain_columns", "table_of"]

VECTOR_NAMES = ("vectors", "embedding", "embeddings", "weight", "x")


def pick_vectors(
    path: Path, arrays: Mapping[str, NDArray[Any] | RowBlocks], array: str | None
) -> VectorFile:
    """The array with the vectors, and those with a value per row beside it.

    Raises
    ------
    InvalidInputError
        Several arrays could be the vectors.
    NotFoundError
        The one asked for is not there.
    """
    able = {n: a for n, a in arrays.items() if a.ndim == 2 and a.dtype.kind in "fiub" and a.size}
    if array is None:
        usual = [name for name in able if name.lower().rsplit(".", 1)[-1] in VECTOR_NAMES]
        chosen = list(able) if len(able) == 1 else usual
        if len(chosen) != 1:
            shapes = ", ".join(f"{n} {tuple(a.shape)}" for n, a in list(arrays.items())[:12])
            raise InvalidInputError(
                f"{path.name}: {len(able)} arrays could be the vectors ({shapes or 'none there'}). "
                f"Say which with array= or --array."
            )
        array = chosen[0]
    if array not in arrays:
        raise NotFoundError.for_name("array", array, list(arrays))
    X = arrays[array]
    if X.ndim != 2:
        raise FormatError(f"{path.name}: {array} has shape {X.shape}; rows of numbers are needed.")
    beside = {
        name: held for name, held in arrays.items() if held.shape == (len(X),) and name != array
    }
    return named_rows(VectorFile(X, np.arange(len(X)), beside), None)


def plain_columns(columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Columns as lists of what JSON has; sets become sorted lists."""
    return {name: [_plain(value) for value in _listed(values)] for name, values in columns.items()}


def _listed(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, float) and value != value:
        return None
    if value is None or isinstance(value, (bool, int, float, str, list)):
        return value
    return str(value)


def table_of(file: VectorFile) -> dict[str, Any]:
    """Ids, columns and vectors as one table; the vectors are one column of lists."""
    for name in ("id", "vector"):
        if name in file.columns and name not in ID_NAMES:
            raise InvalidInputError(f"A column is called {name!r}, as one of the table's own.")
    return {"id": file.ids, **file.columns, "vector": file.X}
