"""NumPy's files and text, written."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InvalidInputError
from ._tables import plain_columns
from ._vectors import VectorFile

__all__ = ["write_delimited", "write_npy", "write_npz"]

CHUNK = 8192


def _only(path: Path, files: Sequence[VectorFile]) -> VectorFile:
    if len(files) != 1:
        raise InvalidInputError(f"{path.name} holds one embedding; {len(files)} were given.")
    return files[0]


def write_npy(path: Path, files: Sequence[VectorFile]) -> None:
    """Write the vectors alone."""
    np.save(path, np.asarray(_only(path, files).X), allow_pickle=False)


def write_npz(path: Path, files: Sequence[VectorFile]) -> None:
    """Write vectors, ids and columns; a column of collections becomes text."""
    file = _only(path, files)
    arrays: dict[str, Any] = {"vectors": file.X, "ids": file.ids}
    for name, values in plain_columns(file.columns).items():
        array = np.asarray(values if _even(values) else [_text(value) for value in values])
        arrays[name if name not in arrays else f"{name} column"] = array
    np.savez(path, **arrays)


def _even(values: list[Any]) -> bool:
    kinds = {type(value) for value in values}
    return kinds <= {int, float} or kinds <= {bool} or kinds <= {str}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def write_delimited(path: Path, files: Sequence[VectorFile]) -> None:
    """Write ids, columns and one column per feature, with a header."""
    file = _only(path, files)
    columns = plain_columns(file.columns)
    features = list(file.features) or [f"x{number}" for number in range(file.X.shape[1])]
    names = ["id", *columns, *features]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise InvalidInputError(f"Two columns would be called {repeated!r}. Rename one.")
    ids = file.ids.tolist()
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        writer.writerow(names)
        for start in range(0, len(ids), CHUNK):
            block = file.X[start : start + CHUNK].astype(str).tolist()
            for offset, row in enumerate(block):
                at = start + offset
                writer.writerow(
                    [ids[at], *(_text(values[at]) for values in columns.values()), *row]
                )
