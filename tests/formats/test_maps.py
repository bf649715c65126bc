"""Tests of driftglass.formats: writing maps."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from driftglass import FormatError, InvalidInputError, StoreError
from driftglass.formats import read_vectors, write_map

IDS = np.array(["a", "b", "ü,x"])
Y = np.array([[0.1, 2], [3, -4e-9], [5, 6]], dtype=np.float32)
COLUMNS = {"label": ["up", None, "down"], "year": np.array([1, 2, 3])}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".npz"])
def test_a_map_can_be_read_again(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"map{suffix}"

    write_map(path, IDS, Y, COLUMNS)
    again = read_vectors(path, keep=[] if suffix == ".npz" else ["year"])

    np.testing.assert_array_equal(again.X, Y)
    assert again.ids.tolist() == IDS.tolist()
    assert list(again.columns["year"]) == [1, 2, 3]
    assert list(again.columns["label"])[::2] == ["up", "down"]


def test_text_names_axes_and_columns(tmp_path):
    names = write_map(tmp_path / "map.csv", IDS, Y, COLUMNS)

    rows = list(csv.reader((tmp_path / "map.csv").read_text(encoding="utf-8").splitlines()))
    assert tuple(rows[0]) == names == ("id", "x", "y", "label", "year")
    assert rows[2] == ["b", "3", "-4e-09", "", "2"]


def test_npy_holds_the_coordinates_alone(tmp_path):
    assert write_map(tmp_path / "map.npy", IDS, Y) == ("coordinates",)
    np.testing.assert_array_equal(np.load(tmp_path / "map.npy"), Y)


def test_how_a_map_was_made_goes_with_it(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")

    write_map(tmp_path / "map.parquet", IDS, Y, about={"method": "umap"})
    write_map(tmp_path / "map.npz", IDS, Y, about={"method": "umap"})

    told = parquet.read_schema(tmp_path / "map.parquet").metadata[b"driftglass"]
    assert json.loads(told) == {"method": "umap"}
    assert json.loads(str(np.load(tmp_path / "map.npz")["about"])) == {"method": "umap"}


def test_more_than_three_axes_are_numbered(tmp_path):
    names = write_map(tmp_path / "map.csv", IDS, np.ones((3, 4), np.float32))

    assert names == ("id", "c0", "c1", "c2", "c3")


def test_a_column_named_as_an_axis_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"'x' is called as .*--drop x"):
        write_map(tmp_path / "map.csv", IDS, Y, {"x": [1, 2, 3]})


def test_an_unknown_kind_and_a_missing_folder_are_said(tmp_path):
    with pytest.raises(FormatError, match=r"ends in '.png'; one of .parquet"):
        write_map(tmp_path / "map.png", IDS, Y)
    with pytest.raises(StoreError, match="cannot be written: No such file"):
        write_map(tmp_path / "nowhere" / "map.csv", IDS, Y)


def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch):
    write_map(tmp_path / "map.csv", IDS, Y)
    before = (tmp_path / "map.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("driftglass.formats._maps._write_delimited", full)
    with pytest.raises(StoreError, match="No space left"):
        write_map(tmp_path / "map.csv", IDS, Y + 1)

    assert (tmp_path / "map.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["map.csv"]
