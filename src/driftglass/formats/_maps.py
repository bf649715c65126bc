"""A map as a file: ids, coordinates and what else the rows have."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, InvalidInputError, StoreError
from ._parquet import write_parquet

__all__ = ["MAP_SUFFIXES", "axis_names", "write_map"]

MAP_SUFFIXES = (".parquet", ".csv", ".tsv", ".npz", ".npy")


def axis_names(n_components: int) -> list[str]:
    """``x``, ``y``, ``z``; beyond three ``c0``, ``c1`` and so on."""
    if n_components <= 3:
        return list("xyz"[:n_components])
    return [f"c{number}" for number in range(n_components)]


def write_map(
    path: Any,
    ids: NDArray[Any],
    coordinates: NDArray[np.float32],
    columns: Mapping[str, Any] | None = None,
    *,
    about: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """Write a map to a file, whole or not at all.

    Parameters
    ----------
    path : path-like
        ``.parquet``, ``.csv``, ``.tsv``, ``.npz``, or ``.npy`` for the coordinates alone.
    ids : ndarray of shape (n_samples,)
        Names of the rows.
    coordinates : ndarray of shape (n_samples, n_components)
        Finite.
    columns : mapping of str to sequence, optional
        What else each row has.
    about : mapping, optional
        How the map was made; kept in ``.parquet`` and ``.npz``.

    Returns
    -------
    names : tuple of str
        Columns written.

    Raises
    ------
    FormatError
        No such kind of file.
    InvalidInputError
        A column is called as an axis is.
    StoreError
        The file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in MAP_SUFFIXES:
        raise FormatError(
            f"{path.name} ends in {suffix or 'nothing'!r}; one of {', '.join(MAP_SUFFIXES)} is "
            f"needed."
        )
    axes = axis_names(coordinates.shape[1])
    for name in columns or {}:
        if name in ("id", *axes):
            raise InvalidInputError(
                f"The column {name!r} is called as one of the map's own. Rename it, or leave it "
                f"out with --drop {name}."
            )
    told = json.dumps(dict(about or {}))
    table: dict[str, Any] = {"id": ids}
    if suffix in (".npz", ".npy"):
        table["coordinates"] = coordinates
    else:
        table |= {axis: coordinates[:, number] for number, axis in enumerate(axes)}
    table |= dict(columns or {})
    unfinished = None
    try:
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".map-", suffix=suffix)
        os.close(handle)
        if suffix == ".parquet":
            write_parquet(Path(unfinished), table, {"driftglass": told})
        elif suffix == ".npy":
            np.save(unfinished, coordinates)
            table = {"coordinates": coordinates}
        elif suffix == ".npz":
            arrays = {name: _as_array(values) for name, values in table.items()}
            np.savez(unfinished, **arrays, about=np.asarray(told))  # type: ignore[arg-type]
        else:
            _write_delimited(unfinished, table, "\t" if suffix == ".tsv" else ",")
        # A file made for one's own eyes gets the rights that any new file would.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(unfinished, 0o666 & ~mask)
        os.replace(unfinished, path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        if unfinished is not None and os.path.exists(unfinished):
            os.unlink(unfinished)
    return tuple(table)


def _write_delimited(path: str, table: Mapping[str, Any], delimiter: str) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerow(table)
        writer.writerows(zip(*(_plain(values) for values in table.values()), strict=True))


def _plain(values: Any) -> list[Any]:
    # float32 has seven digits that mean something; Python would write seventeen.
    if isinstance(values, np.ndarray) and values.dtype == np.float32:
        return [f"{value:.7g}" for value in values.tolist()]
    return list(values.tolist() if isinstance(values, np.ndarray) else values)


def _as_array(values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind == "O":  # arrays of objects could run code when they are read
        array = np.asarray(["" if value is None else str(value) for value in values])
    return array
