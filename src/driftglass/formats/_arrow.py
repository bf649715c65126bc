"""Tables of Apache Arrow: IPC files and streams, Parquet, saved data sets of Hugging Face."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .._optional import require
from ..errors import FormatError, InvalidInputError
from ._arrow_columns import ArrowColumns, whole
from ._limits import inside, read_small
from ._tables import plain_columns, table_of
from ._vectors import VectorFile

__all__ = ["is_dataset", "read_arrow", "read_dataset", "write_arrow", "write_dataset",
           "write_parquet_file"]  # fmt: skip

STATE, INFO = "state.json", "dataset_info.json"
MOST_FILES = 10_000


def read_arrow(path: Path, drop: Collection[str] = (), *, streamed: bool = False) -> ArrowColumns:
    """Columns of an IPC file or stream."""
    return _columns(path.name, [path], drop, streamed)


def _columns(
    name: str, paths: Sequence[Path], drop: Collection[str], streamed: bool
) -> ArrowColumns:
    schemas, n_rows = [], 0
    for path in paths:
        with whole(name, "Arrow"), _opened(path) as reader:
            schemas.append(reader.schema)
            n_rows += sum(batch.num_rows for batch in _batches(reader))
    if any(not schema.equals(schemas[0]) for schema in schemas):
        raise FormatError(f"The files of {name} have different columns. Write it again.")

    def batches(names: list[str], rows: int) -> Iterator[Any]:
        for path in paths:
            with whole(name, "Arrow"), _opened(path) as reader:
                for batch in _batches(reader):
                    chosen = batch.select(names)
                    # What a buffer may need is compared with the file: a header cannot ask for more
                    chosen.validate(full=True)
                    for start in range(0, chosen.num_rows, rows):
                        yield chosen.slice(start, rows)

    return ArrowColumns(name, schemas[0], n_rows, batches, drop, streamed)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    arrow = require("pyarrow", extra="parquet")
    with arrow.memory_map(str(path), "r") as mapped:
        begins = mapped.read(6)
        mapped.seek(0)
        opened = arrow.ipc.open_file if begins == b"ARROW1" else arrow.ipc.open_stream
        with opened(mapped) as reader:
            yield reader


def _batches(reader: Any) -> Iterator[Any]:
    if hasattr(reader, "num_record_batches"):
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        yield from reader


def write_arrow(path: Path, files: Sequence[VectorFile]) -> None:
    """Write one embedding as an IPC file."""
    arrow = require("pyarrow", extra="parquet")
    table = _one_table(path, files)
    with arrow.OSFile(str(path), "wb") as sink, arrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def write_parquet_file(path: Path, files: Sequence[VectorFile]) -> None:
    """Write one embedding as a Parquet file, its vectors as a column of lists."""
    parquet = require("pyarrow.parquet", extra="parquet")
    parquet.write_table(_one_table(path, files), path)


def _one_table(path: Path, files: Sequence[VectorFile]) -> Any:
    if len(files) != 1:
        raise InvalidInputError(f"{path.name} holds one embedding; {len(files)} were given.")
    arrow = require("pyarrow", extra="parquet")
    table = table_of(files[0])
    X = np.ascontiguousarray(table.pop("vector"))
    ids = table.pop("id")
    columns = {"id": arrow.array(ids)}
    for name, values in plain_columns(table).items():
        columns[name] = arrow.array(values)
    flat = arrow.array(X.reshape(-1))
    columns["vector"] = arrow.FixedSizeListArray.from_arrays(flat, X.shape[1])
    return arrow.table(columns)


# Data sets that `datasets.Dataset.save_to_disk` wrote: a folder of IPC streams


def is_dataset(path: Path) -> bool:
    """Whether a folder is a saved data set."""
    return path.is_dir() and (path / STATE).is_file() and (path / INFO).is_file()


def read_dataset(path: Path, drop: Collection[str] = (), *, streamed: bool = False) -> ArrowColumns:
    """Columns of a saved data set, without the package that wrote it."""
    try:
        state = json.loads(read_small(path / STATE))
        names = [entry["filename"] for entry in state["_data_files"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(f"{path.name}/{STATE} does not name its files.") from error
    if state.get("_indices_data_files"):
        raise FormatError(
            f"{path.name} keeps a choice of rows beside its data. Call flatten_indices() and save "
            f"it again."
        )
    if not names or len(names) > MOST_FILES:
        raise FormatError(f"{path.name} names {len(names):,} data files.")
    files = [inside(path, name, f"A data file of {path.name}") for name in names]
    return _columns(path.name, files, drop, streamed)


def write_dataset(folder: Path, files: Sequence[VectorFile]) -> None:
    """Write a folder that ``datasets.load_from_disk`` reads."""
    import xxhash

    arrow = require("pyarrow", extra="parquet")
    table = _one_table(folder, files)
    # The package has lists of a fixed length as lists with a length.
    width = files[0].X.shape[1]
    kind = str(files[0].X.dtype)
    features: dict[str, Any] = {}
    for name in table.column_names:
        of = table.schema.field(name).type
        if name == "vector":
            value = {"dtype": kind, "_type": "Value"}
            features[name] = {"feature": value, "length": width, "_type": "List"}
        else:
            features[name] = _feature(of)
    folder.mkdir(parents=True, exist_ok=True)
    data = "data-00000-of-00001.arrow"
    with (
        arrow.OSFile(str(folder / data), "wb") as sink,
        arrow.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
    (folder / INFO).write_text(json.dumps(info, indent=1), encoding="utf-8")
    state: dict[str, Any] = {
        "_data_files": [{"filename": data}],
        "_fingerprint": xxhash.xxh3_64_hexdigest(repr(table.schema).encode()),
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    (folder / STATE).write_text(json.dumps(state, indent=1), encoding="utf-8")


def _feature(kind: Any) -> dict[str, Any]:
    types = require("pyarrow", extra="parquet").types
    if types.is_list(kind) or types.is_large_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    names = {"double": "float64", "float": "float32"}
    return {"dtype": names.get(str(kind), str(kind)), "_type": "Value"}
