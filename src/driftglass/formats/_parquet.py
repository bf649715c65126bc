"""Columns of a Parquet file, and a table as one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._optional import require
from ..errors import FormatError, ShapeError
from ._arrow_columns import ArrowColumns, whole

__all__ = ["column_values", "read_parquet", "write_parquet"]


BUFFER_BYTES = 1 << 20


def read_parquet(path: Path, drop: Collection[str], *, streamed: bool = False) -> ArrowColumns:
    """Columns of a Parquet file."""
    parquet = require("pyarrow.parquet", extra="parquet")

    def batches(names: list[str], rows: int) -> Iterator[Any]:
        # Without a buffer of its own, a reader holds all of a column that is in one group of rows.
        with (
            whole(path.name, "Parquet"),
            parquet.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file,
        ):
            for batch in file.iter_batches(batch_size=rows, columns=names, use_threads=False):
                yield batch.select(names)

    with whole(path.name, "Parquet"), parquet.ParquetFile(path) as file:
        schema, n_rows = file.schema_arrow, file.metadata.num_rows
    return ArrowColumns(path.name, schema, n_rows, batches, drop, streamed)


def column_values(arrow: Any, column: Any, name: str, path: Path) -> Any:
    """One column: an array of numbers, a matrix where each value is a list of them, or a list."""
    kind = column.type
    types = arrow.types
    numeric = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    if numeric:
        return column.to_numpy()
    listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    if not listed or not (types.is_integer(kind.value_type) or types.is_floating(kind.value_type)):
        return column.to_pylist()
    if column.null_count:
        raise FormatError(
            f"{path.name}: column {name!r} lacks {column.null_count:,} of its vectors. Leave "
            f"those rows out."
        )
    whole = column.combine_chunks()
    if not types.is_fixed_size_list(kind):
        lengths = np.diff(whole.offsets.to_numpy())
        if (lengths != lengths[:1]).any():
            bad = int(np.argmax(lengths != lengths[0]))
            raise ShapeError(
                f"{path.name}: column {name!r} has {lengths[0]} values in row 1 and "
                f"{lengths[bad]} in row {bad + 1:,}. Pool or pad them to one length."
            )
    flat = whole.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(whole), -1) if len(whole) else np.empty((0, 1))


def write_parquet(path: Path, columns: Mapping[str, Any], about: Mapping[str, str]) -> None:
    """Write columns, and what is known of them as the file's metadata."""
    parquet = require("pyarrow.parquet", extra="parquet")
    arrow = require("pyarrow", extra="parquet")
    table = arrow.table({name: arrow.array(values) for name, values in columns.items()})
    parquet.write_table(table.replace_schema_metadata(dict(about)), path)
