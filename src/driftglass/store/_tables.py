"""Metadata as an Arrow stream that any Arrow reader opens."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import (
    BooleanColumn,
    CategoricalColumn,
    Column,
    DateColumn,
    Metadata,
    NumberColumn,
    RecordsColumn,
    SetColumn,
    TextColumn,
)
from ..errors import FormatError, InvalidInputError

__all__ = ["decode_metadata", "encode_metadata"]

SCHEMA_KEY = "driftglass"
MISSING_DATE = np.iinfo(np.int64).min
MAX_TEXT_BYTES = 2**31 - 1
"""Arrow's plain text columns count bytes in 32 bits."""


def encode_metadata(metadata: Metadata) -> bytes:
    """Metadata as the bytes of an Arrow IPC stream of one batch.

    The first column holds the ids. Categories become plain text, sets ``list<utf8>``, records
    ``list<struct<group, name>>``; kinds and the order of categories stand in the schema's
    metadata under "driftglass".
    """
    import nanoarrow as na
    from nanoarrow import ipc

    taken = set(metadata.columns)
    id_name = next(name for name in _candidates("id") if name not in taken)
    ids = metadata.ids
    is_text = ids.dtype.kind == "U"
    arrays = [_text(ids.tolist(), "ids") if is_text else _plain(na.int64(), ids)]
    arrays += [_ENCODERS[column.kind](column, name) for name, column in metadata.columns.items()]
    names = [id_name, *metadata.columns]
    described = [_description(name, column) for name, column in metadata.columns.items()]
    fields = [array.schema.modify(name=name) for name, array in zip(names, arrays, strict=True)]
    schema = na.c_schema(na.struct([na.Schema(field) for field in fields])).modify(
        metadata={SCHEMA_KEY: json.dumps({"columns": described})}
    )
    batch = na.c_array_from_buffers(schema, len(ids), [None], null_count=0, children=arrays)
    stream = io.BytesIO()
    with ipc.StreamWriter.from_writable(stream) as writer:
        writer.write_stream(batch)
    return stream.getvalue()


def _candidates(name: str) -> Iterator[str]:
    while True:
        yield name
        name += "_"


def _description(name: str, column: Column) -> dict[str, Any]:
    description: dict[str, Any] = {"name": name, "kind": column.kind}
    if isinstance(column, (CategoricalColumn, SetColumn, RecordsColumn)):
        description["categories"] = list(column.categories)
    return description


def _plain(kind: Any, values: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> Any:
    import nanoarrow as na

    buffers = [_bitmap(valid), np.ascontiguousarray(values)]
    return na.c_array_from_buffers(kind, len(values), buffers)


def _bitmap(valid: NDArray[np.bool_] | None) -> NDArray[np.uint8] | None:
    return None if valid is None or valid.all() else np.packbits(valid, bitorder="little")


def _text(values: Sequence[str | None], name: str) -> Any:
    import nanoarrow as na

    try:
        pieces = [b"" if value is None else value.encode() for value in values]
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"Metadata column {name!r} holds text that is not valid Unicode ({error.reason})."
        ) from error
    offsets = np.zeros(len(pieces) + 1, dtype=np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    if offsets[-1] > MAX_TEXT_BYTES:
        raise InvalidInputError(
            f"Metadata column {name!r} holds {offsets[-1]} bytes of text; at most "
            f"{MAX_TEXT_BYTES} fit. Keep long documents elsewhere and store their names."
        )
    valid = np.fromiter((value is not None for value in values), bool, len(values))
    buffers = [_bitmap(valid), offsets.astype(np.int32), b"".join(pieces)]
    return na.c_array_from_buffers(na.string(), len(pieces), buffers)


def _encode_categorical(column: CategoricalColumn, name: str) -> Any:
    names = (*column.categories, None)  # code -1 picks the None at the end
    return _text([names[code] for code in column.codes.tolist()], name)


def _encode_number(column: NumberColumn, name: str) -> Any:
    import nanoarrow as na

    return _plain(na.float64(), column.values)


def _encode_text(column: TextColumn, name: str) -> Any:
    return _text(column.values, name)


def _encode_boolean(column: BooleanColumn, name: str) -> Any:
    import nanoarrow as na

    truth = np.packbits(column.codes == 1, bitorder="little")
    buffers = [_bitmap(column.codes >= 0), truth]
    return na.c_array_from_buffers(na.bool_(), len(column), buffers)


def _encode_date(column: DateColumn, name: str) -> Any:
    import nanoarrow as na

    return _plain(na.timestamp("ms", "UTC"), column.values, column.values != MISSING_DATE)


def _encode_set(column: SetColumn, name: str) -> Any:
    import nanoarrow as na

    members = _text([column.categories[code] for code in column.codes.tolist()], name)
    return _ragged(na.list_(na.string()), column, members)


def _encode_records(column: RecordsColumn, name: str) -> Any:
    import nanoarrow as na

    pair = na.struct({"group": na.string(), "name": na.string()})
    pairs = [column.categories[code] for code in column.codes.tolist()]
    children = [_text([pair[place] for pair in pairs], name) for place in (0, 1)]
    members = na.c_array_from_buffers(pair, len(pairs), [None], null_count=0, children=children)
    return _ragged(na.list_(pair), column, members)


def _ragged(kind: Any, column: SetColumn | RecordsColumn, members: Any) -> Any:
    import nanoarrow as na

    buffers = [_bitmap(column.present), column.offsets.astype(np.int32)]
    return na.c_array_from_buffers(kind, len(column), buffers, children=[members])


_ENCODERS: dict[str, Callable[[Any, str], Any]] = {
    "categorical": _encode_categorical,
    "number": _encode_number,
    "text": _encode_text,
    "boolean": _encode_boolean,
    "date": _encode_date,
    "set": _encode_set,
    "records": _encode_records,
}


def decode_metadata(data: bytes, *, key: str) -> Metadata:
    """Read what `encode_metadata` wrote; FormatError naming `key` if it is something else."""
    import nanoarrow as na
    from nanoarrow import ipc

    try:
        with na.c_array_stream(ipc.InputStream.from_readable(io.BytesIO(data))) as stream:
            schema = stream.get_schema()
            batches = list(stream)
        description = json.loads(dict(na.Schema(schema).metadata.items())[SCHEMA_KEY.encode()])
        if len(batches) != 1:
            raise FormatError(f"it holds {len(batches)} batches")
        view = batches[0].view()
        if view.n_children != len(description["columns"]) + 1:
            raise FormatError("its columns are not those it describes")
        ids = _decode_ids(view.child(0))
        columns = {
            str(one["name"]): _DECODERS[one["kind"]](view.child(place), one)
            for place, one in enumerate(description["columns"], start=1)
        }
        return Metadata(ids, columns)
    except (ValueError, LookupError, TypeError, RuntimeError, RecursionError) as error:
        # nanoarrow's own errors are RuntimeErrors; ours derive from ValueError.
        raise FormatError(f"{key} is not a metadata table of this format: {error}.") from error


def _decode_ids(view: Any) -> NDArray[Any]:
    if view.storage_type == "string":
        values = _texts(view)
        return np.array(values if values else [], dtype=str) if values else np.empty(0, np.int64)
    return _numbers(view, "int64", np.int64)


def _expect(view: Any, kind: str) -> None:
    if view.storage_type != kind or view.offset != 0:
        raise FormatError(f"a column holds {view.storage_type} instead of {kind}")


def _numbers(view: Any, kind: str, dtype: Any) -> NDArray[Any]:
    _expect(view, kind)
    return _buffer(view, 1, dtype, view.length)


def _buffer(view: Any, number: int, dtype: Any, count: int) -> NDArray[Any]:
    raw = np.frombuffer(memoryview(view.buffer(number)).cast("B"), np.uint8)
    size = count * np.dtype(dtype).itemsize
    if len(raw) < size:
        raise FormatError(f"a column of {count} values has {len(raw)} bytes")
    return np.array(raw[:size].view(dtype))  # the view's memory ends with the stream


def _valid(view: Any) -> NDArray[np.bool_]:
    if len(memoryview(view.buffer(0)).cast("B")) == 0:
        return np.ones(view.length, dtype=bool)
    return _bits(view, 0)


def _bits(view: Any, number: int) -> NDArray[np.bool_]:
    raw = _buffer(view, number, np.uint8, -(-view.length // 8))
    return np.unpackbits(raw, count=view.length, bitorder="little").astype(bool)


def _offsets(view: Any, limit: int) -> NDArray[np.int64]:
    offsets = _buffer(view, 1, np.int32, view.length + 1).astype(np.int64)
    if offsets[0] != 0 or (np.diff(offsets) < 0).any() or offsets[-1] > limit:
        raise FormatError("a column's rows lie outside its data")
    return offsets


def _texts(view: Any) -> list[str | None]:
    _expect(view, "string")
    if view.length == 0:
        return []
    raw = memoryview(view.buffer(2)).cast("B").tobytes()
    offsets = _offsets(view, len(raw)).tolist()
    valid = _valid(view).tolist()
    return [
        raw[start:stop].decode() if known else None
        for start, stop, known in zip(offsets, offsets[1:], valid, strict=False)
    ]


def _codes(values: Iterable[Any], categories: Sequence[Any]) -> NDArray[np.int32]:
    number: dict[Any, int] = {name: code for code, name in enumerate(categories)}
    number[None] = -1
    return np.array([number[value] for value in values], dtype=np.int32)


def _names(one: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in one["categories"])


def _decode_categorical(view: Any, one: dict[str, Any]) -> Column:
    return CategoricalColumn(_codes(_texts(view), _names(one)), _names(one))


def _decode_number(view: Any, one: dict[str, Any]) -> Column:
    return NumberColumn(_numbers(view, "double", np.float64))


def _decode_text(view: Any, one: dict[str, Any]) -> Column:
    return TextColumn(tuple(_texts(view)))


def _decode_boolean(view: Any, one: dict[str, Any]) -> Column:
    _expect(view, "bool")
    return BooleanColumn(np.where(_valid(view), _bits(view, 1), -1).astype(np.int8))


def _decode_date(view: Any, one: dict[str, Any]) -> Column:
    values = _numbers(view, "int64", np.int64)
    return DateColumn(np.where(_valid(view), values, MISSING_DATE))


def _ragged_rows(view: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_], Any]:
    _expect(view, "list")
    members = view.child(0)
    if view.length == 0:
        return np.zeros(1, dtype=np.int64), np.empty(0, dtype=bool), members
    return _offsets(view, members.length), _valid(view), members


def _decode_set(view: Any, one: dict[str, Any]) -> Column:
    offsets, present, members = _ragged_rows(view)
    return SetColumn(offsets, _codes(_texts(members), _names(one)), _names(one), present)


def _decode_records(view: Any, one: dict[str, Any]) -> Column:
    offsets, present, members = _ragged_rows(view)
    _expect(members, "struct")
    pairs = list(zip(_texts(members.child(0)), _texts(members.child(1)), strict=True))
    categories = tuple((str(group), str(name)) for group, name in one["categories"])
    return RecordsColumn(offsets, _codes(pairs, categories), categories, present)


_DECODERS: dict[str, Callable[[Any, dict[str, Any]], Column]] = {
    "categorical": _decode_categorical,
    "number": _decode_number,
    "text": _decode_text,
    "boolean": _decode_boolean,
    "date": _decode_date,
    "set": _decode_set,
    "records": _decode_records,
}
