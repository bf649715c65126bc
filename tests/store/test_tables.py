"""Metadata is an Arrow stream that other tools read."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftglass.data import Metadata
from driftglass.errors import FormatError, InvalidInputError
from driftglass.store._tables import decode_metadata, encode_metadata

KINDS = {
    "category": "categorical", "number": "number", "words": "text", "flag": "boolean",
    "day": "date", "tags": "set", "records": "records",
}  # fmt: skip


def rows_of(metadata):
    return [metadata.row(item) for item in metadata.ids.tolist()]


def round_trip(metadata):
    return decode_metadata(encode_metadata(metadata), key="k")


def table():
    return Metadata.from_table(
        {
            "category": ["b", "a", None, "b"],
            "number": [1.5, None, float("inf"), -2],
            "words": ["", "two\nlines", None, "ü💡"],
            "flag": [True, False, None, True],
            "day": [datetime.date(2020, 2, 29), None, datetime.datetime(1969, 1, 1, 3), None],
            "tags": [["x", "y"], [], None, ["y"]],
            "records": [[{"group": "g", "name": "n"}], None, [], [{"group": "g", "name": "m"}]],
        },
        ids=["i1", "i2", "ü", ""],
        kinds=KINDS,
    )


def test_every_kind_of_column_comes_back():
    metadata = round_trip(table())

    assert {name: column.kind for name, column in metadata.columns.items()} == KINDS
    assert rows_of(metadata) == rows_of(table())
    assert metadata["category"].categories == table()["category"].categories


def test_unused_categories_and_their_order_are_kept():
    column = type(table()["category"])(np.array([2, 0], dtype=np.int32), ("z", "never", "a"))
    metadata = round_trip(Metadata(np.array([5, 3]), {"c": column}))

    assert metadata["c"].categories == ("z", "never", "a")
    assert metadata["c"].codes.tolist() == [2, 0]


def test_pyarrow_reads_it():
    pa = pytest.importorskip("pyarrow")
    read = pa.ipc.open_stream(encode_metadata(table())).read_all()

    assert read.column_names == ["id", *KINDS]
    assert read["id"].to_pylist() == ["i1", "i2", "ü", ""]
    assert read["category"].to_pylist() == ["b", "a", None, "b"]
    assert read["words"].to_pylist() == ["", "two\nlines", None, "ü💡"]
    assert read["flag"].to_pylist() == [True, False, None, True]
    assert read["day"].type == pa.timestamp("ms", "UTC")
    assert read["tags"].to_pylist() == [["x", "y"], [], None, ["y"]]
    assert read["records"].type == pa.list_(
        pa.struct([pa.field("group", pa.string()), pa.field("name", pa.string())])
    )
    assert read["records"].to_pylist()[0] == [{"group": "g", "name": "n"}]
    assert read.validate(full=True) is None


def test_polars_reads_it(tmp_path):
    pl = pytest.importorskip("polars")
    path = tmp_path / "metadata.arrows"
    path.write_bytes(encode_metadata(table()))
    frame = pl.read_ipc_stream(path)

    assert frame["tags"].to_list() == [["x", "y"], [], None, ["y"]]


def test_a_column_named_id_does_not_collide():
    metadata = Metadata.from_table({"id": ["x"], "id_": ["y"]}, ids=[7])

    assert rows_of(round_trip(metadata)) == [{"id": "x", "id_": "y"}]


@pytest.mark.parametrize("ids", [[], [3, 1], ["a"]])
def test_tables_without_columns_or_rows_come_back(ids):
    empty = Metadata.from_table({}, ids=ids)
    columns = Metadata.from_table({name: [] for name in KINDS}, ids=[], kinds=KINDS)

    assert round_trip(empty).ids.tolist() == ids
    assert {n: c.kind for n, c in round_trip(columns).columns.items()} == KINDS


def test_text_that_is_no_unicode_is_refused():
    metadata = Metadata.from_table({"words": ["\ud800"]}, kinds={"words": "text"})

    with pytest.raises(InvalidInputError, match="'words' holds text that is not valid Unicode"):
        encode_metadata(metadata)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "category": st.none() | TEXT.filter(bool),
                "number": st.none() | st.floats(allow_nan=False),
                "words": st.none() | TEXT,
                "flag": st.none() | st.booleans(),
                "tags": st.none() | st.lists(TEXT.filter(bool), unique=True, max_size=4),
                "records": st.none()
                | st.lists(
                    st.fixed_dictionaries({"group": TEXT.filter(bool), "name": TEXT.filter(bool)}),
                    max_size=3,
                ),
            }
        ),
        max_size=20,
    )
)
def test_any_table_comes_back(rows):
    kinds = {name: kind for name, kind in KINDS.items() if name != "day"}
    columns = {name: [row[name] for row in rows] for name in kinds}
    metadata = Metadata.from_table(columns, kinds=kinds)

    assert rows_of(round_trip(metadata)) == rows_of(metadata)


def test_what_is_no_table_is_refused():
    good = encode_metadata(table())
    for bad in (b"", b"no arrow", good[:50], good[: len(good) // 2], bytes(len(good)), good[8:]):
        with pytest.raises(FormatError, match="columns/x is not a metadata table"):
            decode_metadata(bad, key="columns/x")


def test_foreign_tables_are_refused():
    pa = pytest.importorskip("pyarrow")
    sink = pa.BufferOutputStream()
    foreign = pa.table({"a": [1, 2]})
    with pa.ipc.new_stream(sink, foreign.schema) as writer:
        writer.write_table(foreign)

    with pytest.raises(FormatError, match="not a metadata table"):
        decode_metadata(sink.getvalue().to_pybytes(), key="k")
