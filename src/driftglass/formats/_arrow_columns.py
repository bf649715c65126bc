"""Columns of Arrow batches: each read whole, or the vectors among them block by block."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from .._row_blocks import BLOCK_BYTES, RowBlocks, rows_per_block
from ..errors import FormatError, NotFoundError, ShapeError

__all__ = ["ArrowColumns", "whole"]

MOST_ROWS = 65_536
"""Rows of a batch at most, however narrow they are."""


@contextmanager
def whole(name: str, kind: str) -> Iterator[None]:
    """Say of what pyarrow does not understand that the file is not whole."""
    arrow = require("pyarrow", extra="parquet")
    try:
        yield
    except (arrow.ArrowException, MemoryError, OverflowError) as error:
        if isinstance(error, arrow.ArrowMemoryError):
            error = MemoryError("it asks for more memory than there is")
        reason = " ".join(str(error).split())[:200]
        raise FormatError(
            f"{name} is not a whole {kind} file: {reason}. Write it again."
        ) from error


@dataclass(frozen=True)
class ArrowColumns:
    """What a table holds, told from its schema; values are read when they are asked for.

    Parameters
    ----------
    name : str
        The file, for messages.
    schema : pyarrow.Schema
        Columns and their types.
    n_rows : int
        Rows of all batches.
    batches : callable
        Takes names of columns and how many rows a batch may have, and begins anew.
    drop : collection of str
        Columns that are left out.
    streamed : bool
        Whether vectors come as `RowBlocks`, where they are large.
    """

    name: str
    schema: Any
    n_rows: int
    batches: Callable[[list[str], int], Iterator[Any]]
    drop: Collection[str] = ()
    streamed: bool = False

    def __post_init__(self) -> None:
        names = self.schema.names
        for one in self.drop:
            if one not in names:
                raise NotFoundError.for_name("column", one, names)
        if len(set(names)) < len(names):
            raise FormatError(f"{self.name} has several columns of one name.")

    @property
    def names(self) -> list[str]:
        """Every column that is not left out."""
        return [name for name in self.schema.names if name not in self.drop]

    @cached_property
    def _types(self) -> Any:
        return require("pyarrow", extra="parquet").types

    def holds_numbers(self, name: str) -> bool:
        """Whether each value is one number."""
        kind, types = self.schema.field(name).type, self._types
        return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))

    def holds_vectors(self, name: str) -> bool:
        """Whether each value is a list of numbers."""
        kind, types = self.schema.field(name).type, self._types
        listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
        return bool(
            listed and (types.is_integer(kind.value_type) or types.is_floating(kind.value_type))
        )

    def column(self, name: str) -> Any:
        """A whole column: an array where each value is a number, else a list."""
        parts = [batch.column(0) for batch in self.batches([name], MOST_ROWS)]
        if not self.holds_numbers(name):
            return [value for part in parts for value in part.to_pylist()]
        plain = [self._plain(part) for part in parts]
        return np.concatenate(plain) if plain else np.empty(0)

    def side_by_side(self, names: Sequence[str]) -> NDArray[np.float32] | RowBlocks:
        """Columns of numbers as float32 features."""
        wanted = list(names)

        def read() -> Iterator[NDArray[Any]]:
            for batch in self.batches(wanted, self._rows(len(wanted), 4)):
                block = np.empty((batch.num_rows, len(wanted)), dtype=np.float32)
                for place, column in enumerate(batch.columns):
                    values = self._plain(column)
                    if values.dtype.kind == "O":  # true, false and nothing
                        values = np.array([np.nan if v is None else v for v in values])
                    block[:, place] = values
                yield block

        return self._given((self.n_rows, len(wanted)), np.dtype(np.float32), read)

    def vectors(self, name: str) -> NDArray[Any] | RowBlocks:
        """A column of lists of one length as rows of features."""
        width, dtype = self._width(name)

        def read() -> Iterator[NDArray[Any]]:
            done = 0
            for batch in self.batches([name], self._rows(width, dtype.itemsize)):
                column = batch.column(0)
                self._check(name, column, width, done)
                done += len(column)
                yield self._plain(column.flatten()).reshape(-1, width)

        return self._given((self.n_rows, width), dtype, read)

    def _plain(self, column: Any) -> NDArray[Any]:
        """Numbers as an array; its own buffer where it can, as to_numpy imports pandas."""
        kind = column.type
        if column.null_count or self._types.is_boolean(kind) or not len(column):
            return np.asarray(column.to_numpy(zero_copy_only=False))
        dtype = np.dtype(kind.to_pandas_dtype())
        data = column.buffers()[1]
        return np.frombuffer(data, dtype, len(column), column.offset * dtype.itemsize)

    def _given(
        self, shape: tuple[int, int], dtype: np.dtype[Any], read: Callable[[], Any]
    ) -> NDArray[Any] | RowBlocks:
        X = RowBlocks(self.name, shape, dtype, read)
        return X if self.streamed and X.nbytes > 2 * BLOCK_BYTES else np.asarray(X)

    def _rows(self, width: int, itemsize: int) -> int:
        return min(MOST_ROWS, rows_per_block(max(1, width), itemsize))

    def _width(self, name: str) -> tuple[int, np.dtype[Any]]:
        kind = self.schema.field(name).type
        dtype = np.dtype(kind.value_type.to_pandas_dtype())
        if self._types.is_fixed_size_list(kind):
            return kind.list_size, dtype
        for batch in self.batches([name], 1024):
            column = batch.column(0)
            if len(column):
                return (len(column[0].as_py()) if column[0].is_valid else 0), dtype
        return 1, dtype

    def _check(self, name: str, column: Any, width: int, done: int) -> None:
        if column.null_count:
            raise FormatError(
                f"{self.name}: column {name!r} lacks {column.null_count:,} of its vectors. Leave "
                f"those rows out."
            )
        if self._types.is_fixed_size_list(column.type):
            return
        lengths = np.diff(column.offsets.to_numpy())
        if (lengths != width).any():
            bad = int(np.argmax(lengths != width))
            raise ShapeError(
                f"{self.name}: column {name!r} has {width} values in row 1 and {lengths[bad]} in "
                f"row {done + bad + 1:,}. Pool or pad them to one length."
            )
