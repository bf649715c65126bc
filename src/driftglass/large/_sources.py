"""Rows in files, stores, arrays and Dask collections, a partition at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._npy import load_npy
from .._optional import require

__all__ = [
    "ArrayRows",
    "DaskRows",
    "NpyRows",
    "ParquetRows",
    "StoreRows",
    "ZarrRows",
    "npy_header",
    "stamp",
]


def stamp(path: Path) -> str:
    """Size and time of change of a file."""
    try:
        found = path.stat()
    except OSError:
        return "gone"
    return f"{path.name} {found.st_size} {found.st_mtime_ns}"


def npy_header(path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type that an .npy file announces, if its size agrees."""
    X = load_npy(path)
    return X.shape, X.dtype


@dataclass(frozen=True)
class NpyRows:
    """Rows `start` to `stop` of an .npy file; labels in a second one."""

    path: Path
    start: int
    stop: int
    labels: Path | None = None

    @property
    def fingerprint(self) -> str:
        beside = stamp(self.labels) if self.labels is not None else ""
        return f"{stamp(self.path)} {self.start} {self.stop} {beside}"

    def read(self) -> NDArray[Any]:
        return np.asarray(load_npy(self.path)[self.start : self.stop])

    def read_labels(self) -> NDArray[Any] | None:
        if self.labels is None:
            return None
        return np.asarray(load_npy(self.labels)[self.start : self.stop])


@dataclass(frozen=True)
class ParquetRows:
    """Row groups of a Parquet file; `columns` are the features, or one column of lists."""

    path: Path
    groups: tuple[int, ...]
    columns: tuple[str, ...]
    label: str | None = None

    @property
    def fingerprint(self) -> str:
        return f"{stamp(self.path)} {self.groups} {self.columns} {self.label}"

    def read(self) -> NDArray[Any]:
        from ..formats._parquet import column_values

        arrow = require("pyarrow", extra="parquet")
        parquet = require("pyarrow.parquet", extra="parquet")
        with parquet.ParquetFile(self.path) as file:
            table = file.read_row_groups(list(self.groups), columns=list(self.columns))
        if len(self.columns) == 1:
            values = column_values(arrow, table[self.columns[0]], self.columns[0], self.path)
            return np.asarray(values).reshape(len(table), -1)
        return np.column_stack([table[name].to_numpy() for name in self.columns])

    def read_labels(self) -> NDArray[Any] | None:
        if self.label is None:
            return None
        parquet = require("pyarrow.parquet", extra="parquet")
        with parquet.ParquetFile(self.path) as file:
            table = file.read_row_groups(list(self.groups), columns=[self.label])
        values = table[self.label].to_numpy(zero_copy_only=False)
        return np.asarray([str(value) for value in values]) if values.dtype == object else values


@dataclass(frozen=True)
class ZarrRows:
    """Rows `start` to `stop` of an array in a Zarr folder."""

    path: Path
    array: str
    start: int
    stop: int
    labels: str | None = None

    @property
    def fingerprint(self) -> str:
        folder = self.path / self.array if self.array else self.path
        return f"{stamp(folder / 'zarr.json')} {self.array} {self.start} {self.stop} {self.labels}"

    def read(self) -> NDArray[Any]:
        return np.asarray(self._opened(self.array)[self.start : self.stop])

    def read_labels(self) -> NDArray[Any] | None:
        if self.labels is None:
            return None
        return np.asarray(self._opened(self.labels)[self.start : self.stop])

    def _opened(self, name: str) -> Any:
        zarr = require("zarr", extra="zarr")
        opened = zarr.open(str(self.path), mode="r")
        return opened[name] if name else opened


@dataclass(frozen=True)
class StoreRows:
    """Rows `start` to `stop` of a snapshot in a driftglass store."""

    store: Path
    run: str
    space: str
    step: int
    start: int
    stop: int
    content: str
    label: str | None = None

    @property
    def fingerprint(self) -> str:
        return f"{self.run} {self.space} {self.step} {self.content} {self.start} {self.label}"

    def read(self) -> NDArray[Any]:
        return np.asarray(self._snapshot.vectors[self.start : self.stop])

    def read_labels(self) -> NDArray[Any] | None:
        from ..data import CategoricalColumn
        from ..data._ids import positions

        metadata = self._run.metadata
        if self.label is None or metadata is None:
            return None
        where = positions(self._snapshot.ids[self.start : self.stop], metadata.ids)
        column = metadata[self.label].take(where)
        if isinstance(column, CategoricalColumn):
            names = np.array([*column.categories, ""])
            return np.asarray(names[column.codes])
        return np.array([str(column.value(row)) for row in range(len(column))])

    @cached_property
    def _run(self) -> Any:
        from ..store import open as open_store

        return open_store(self.store, read_only=True).run(self.run)

    @cached_property
    def _snapshot(self) -> Any:
        return self._run.snapshot(self.space, self.step)

    def __getstate__(self) -> dict[str, Any]:
        # A run that is open belongs to the process that opened it.
        return {name: v for name, v in self.__dict__.items() if not name.startswith("_")}


@dataclass(frozen=True, eq=False)
class DaskRows:
    """A block of a Dask array, or a partition of a Dask dataframe; computed where it is read."""

    block: Any
    token: str
    label: str | None = None

    @property
    def fingerprint(self) -> str:
        return f"{self.token} {self.label}"

    def read(self) -> NDArray[Any]:
        value = self._value()
        if hasattr(value, "columns"):
            value = value.drop(columns=[self.label]) if self.label is not None else value
            return np.asarray(value.to_numpy())
        return np.asarray(value)

    def read_labels(self) -> NDArray[Any] | None:
        if self.label is None:
            return None
        values = self._value()[self.label].to_numpy()
        return np.asarray(values).astype(str) if values.dtype.kind == "O" else np.asarray(values)

    def _value(self) -> Any:
        # In this thread: a worker of Dask must not wait for other workers.
        return self.block.compute(scheduler="synchronous")


@dataclass(frozen=True, eq=False)
class ArrayRows:
    """Rows in memory; for tests, and for what is small."""

    X: NDArray[Any]
    labels: NDArray[Any] | None = None

    @property
    def fingerprint(self) -> str:
        import xxhash

        return xxhash.xxh3_128_hexdigest(np.ascontiguousarray(self.X).view(np.uint8).data)

    def read(self) -> NDArray[Any]:
        return self.X

    def read_labels(self) -> NDArray[Any] | None:
        return self.labels
