"""Tests of driftglass.formats: reading vectors."""

from __future__ import annotations

import numpy as np
import pytest

from driftglass import FormatError, InvalidInputError, NotFoundError, ShapeError, StoreError
from driftglass.formats import read_vectors


@pytest.fixture
def X(rng):
    return rng.normal(size=(20, 4)).astype(np.float32)


@pytest.fixture
def written(tmp_path):
    def write(name, content):
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return path

    return write


def test_npy_is_mapped_and_not_read(tmp_path, X):
    np.save(tmp_path / "X.npy", X)

    file = read_vectors(tmp_path / "X.npy")

    assert isinstance(file.X, np.memmap)
    np.testing.assert_array_equal(file.X, X)
    np.testing.assert_array_equal(file.ids, np.arange(20))


def test_npz_gives_its_only_table_with_ids_and_labels(tmp_path, X):
    ids = np.array([f"w{n}" for n in range(20)])
    np.savez(tmp_path / "X.npz", vectors=X, ids=ids, labels=np.arange(20) % 3, other=np.ones(7))

    file = read_vectors(tmp_path / "X.npz")

    np.testing.assert_array_equal(file.X, X)
    assert file.ids.tolist() == ids.tolist()
    assert list(file.columns) == ["labels"]


def test_npz_with_several_tables_asks_which(tmp_path, X):
    np.savez(tmp_path / "X.npz", a=X, b=X + 1)

    with pytest.raises(InvalidInputError, match=r"2 arrays could be .*a \(20, 4\).*--array"):
        read_vectors(tmp_path / "X.npz")
    np.testing.assert_array_equal(read_vectors(tmp_path / "X.npz", array="b").X, X + 1)
    with pytest.raises(NotFoundError, match="No array named 'c'"):
        read_vectors(tmp_path / "X.npz", array="c")


def test_images_are_flattened_when_asked(tmp_path, rng):
    np.save(tmp_path / "images.npy", rng.normal(size=(5, 3, 2)))

    with pytest.raises(ShapeError, match=r"\(5, 3, 2\).*--flatten"):
        read_vectors(tmp_path / "images.npy")
    assert read_vectors(tmp_path / "images.npy", flatten=True).X.shape == (5, 6)


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ","), ("t.tsv", "\t")])
def test_text_gives_numbers_as_features_and_keeps_the_rest(written, name, mark):
    lines = ["id,a,b,label,word", "p,1,2.5,0,up", "q,3,4,1,", "r,,6,1,down"]
    path = written(name, "\n".join(lines).replace(",", mark))

    file = read_vectors(path)

    np.testing.assert_array_equal(file.X, np.array([[1, 2.5], [3, 4], [np.nan, 6]], np.float32))
    assert file.features == ("a", "b")
    assert file.ids.tolist() == ["p", "q", "r"]
    assert file.columns["word"] == ["up", None, "down"]
    assert file.columns["label"].tolist() == [0, 1, 1]


def test_text_without_titles_counts_its_columns(written):
    file = read_vectors(written("t.csv", "1,2\n3,4\n\n5,6\n"), drop=["1"])

    assert file.features == ("0",)
    assert file.X.tolist() == [[1], [3], [5]]


def test_the_index_of_a_data_frame_names_the_rows(tmp_path):
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"a": [1.5, 2.5]}, index=[7, 9]).to_csv(tmp_path / "t.csv")

    file = read_vectors(tmp_path / "t.csv")

    assert file.ids.tolist() == [7, 9]
    assert file.features == ("a",)


def test_columns_of_numbers_can_be_kept_out_of_the_features(written):
    path = written("t.csv", "year,a\n1990,1\n1991,2\n")

    file = read_vectors(path, keep=["year"])

    assert file.features == ("a",)
    assert file.columns["year"].tolist() == [1990, 1991]


def test_ids_keep_their_digits(written):
    path = written("t.csv", "id,code,a\n123456789,007,1\n123456790,008,2\n")

    assert read_vectors(path).ids.tolist() == [123456789, 123456790]
    assert read_vectors(path, ids="code").ids.tolist() == ["007", "008"]


def test_parquet_gives_columns_of_numbers_or_of_lists(tmp_path, X):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    flat = {f"f{n}": X[:, n] for n in range(4)} | {"word": ["a"] * 20}
    parquet.write_table(arrow.table(flat), tmp_path / "flat.parquet")
    listed = {"id": np.arange(20) + 5, "embedding": list(X), "word": ["a"] * 20}
    parquet.write_table(arrow.table(listed), tmp_path / "listed.parquet")

    first, second = (read_vectors(tmp_path / f"{kind}.parquet") for kind in ("flat", "listed"))

    np.testing.assert_array_equal(first.X, X)
    np.testing.assert_array_equal(second.X, X)
    assert second.ids.tolist() == list(range(5, 25))
    assert list(first.columns) == list(second.columns) == ["word"]


def test_lists_of_different_lengths_are_named(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"e": [[1.0, 2.0], [3.0], [1.0]]}), tmp_path / "t.parquet")

    with pytest.raises(ShapeError, match="2 values in row 1 and 1 in row 2"):
        read_vectors(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("t.npy", b"", FormatError, "is empty"),
        ("t.npy", b"hello", FormatError, "is no NumPy file"),
        ("t.npz", b"hello", FormatError, "is no NumPy file"),
        ("t.npz", b"PK\x03\x04 half", FormatError, "not a whole NumPy file"),
        ("t.csv", "", FormatError, "is empty"),
        ("t.csv", "a,b\n1,2\n3\n", ShapeError, "line 3: 1 values where the first line has 2"),
        ("t.csv", "a,a\n1,2\n", FormatError, "several columns named 'a'"),
        ("t.csv", "a,b\nx,y\n", InvalidInputError, "no column of numbers"),
        ("t.csv", "a,b\n", InvalidInputError, "no rows"),
        ("t.csv", "id,b\n1,2\n1,3\n", InvalidInputError, "id repeats 1"),
        ("t.csv", "a,b\n1,é\n".encode("latin1"), FormatError, "not UTF-8"),
        ("t.csv", "a,b\n" + "1,2\n" * 9000 + "1,no\n", FormatError, "'no' in row 9,001.*--keep"),
        ("t.xlsx", b"PK", FormatError, "ends in '.xlsx'; one of .npy"),
    ],
)
def test_says_what_is_wrong_with_a_file(written, name, content, error, message):
    path = written(name, content)

    with pytest.raises(error, match=message):
        read_vectors(path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([{}, 1], dtype=object), "Python objects"),
        (np.ones((3, 2), complex), "complex128"),
        (np.array([["a", "b"]]), "real numbers"),
        (np.empty((0, 4)), "no rows"),
        (np.empty((4, 0)), "without features"),
        (np.arange(5.0), "reshape"),
        (np.float64(3), "needed"),
    ],
)
def test_says_what_is_wrong_with_an_array(tmp_path, array, message):
    np.save(tmp_path / "X.npy", array)

    with pytest.raises((InvalidInputError, FormatError), match=message):
        read_vectors(tmp_path / "X.npy")


def test_a_file_cut_short_is_refused(tmp_path, X):
    np.save(tmp_path / "X.npy", X)
    whole = (tmp_path / "X.npy").read_bytes()
    (tmp_path / "X.npy").write_bytes(whole[:-50])

    with pytest.raises(FormatError, match="not a whole NumPy file"):
        read_vectors(tmp_path / "X.npy")


def test_a_file_that_is_not_there_or_not_readable_is_said(tmp_path, monkeypatch):
    with pytest.raises(NotFoundError, match="There is no file"):
        read_vectors(tmp_path / "X.npy")

    (tmp_path / "t.csv").write_text("a\n1\n")
    monkeypatch.setattr(
        "pathlib.Path.open",
        lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "Permission denied")),
    )
    with pytest.raises(StoreError, match="cannot be read: Permission denied"):
        read_vectors(tmp_path / "t.csv")


@pytest.mark.parametrize("option", ["ids", "keep", "drop"])
def test_a_column_that_is_not_there_is_guessed(written, option):
    path = written("t.csv", "word,a\nup,1\n")

    with pytest.raises(NotFoundError, match="Did you mean 'word'"):
        read_vectors(path, **{option: "wrod" if option == "ids" else ["wrod"]})
