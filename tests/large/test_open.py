from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg
from driftglass import InvalidInputError, NotFoundError
from driftglass.large import open_partitions

from .conftest import write_shards


def gathered(parts):
    return np.concatenate([part.source.read() for part in parts])


def labels_of(parts):
    return np.concatenate([part.source.read_labels() for part in parts])


def test_a_folder_of_shards_is_read_in_the_order_of_names(shards, rows):
    parts = open_partitions(shards)

    assert [part.n_samples for part in parts] == [400, 400, 400, 300]
    np.testing.assert_array_equal(gathered(parts), rows[0])
    np.testing.assert_array_equal(labels_of(parts), rows[1].astype(str))


def test_one_large_file_is_cut_where_it_is_asked(tmp_path, rows):
    np.save(tmp_path / "all.npy", rows[0])

    parts = open_partitions(tmp_path / "all.npy", rows=1000)

    assert [part.first for part in parts] == [0, 1000]
    assert parts.n_samples == 1500
    np.testing.assert_array_equal(gathered(parts), rows[0])


@pytest.mark.parametrize("listed", [True, False])
def test_parquet_files_have_features_in_columns_or_in_lists(tmp_path, rows, listed):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    X, labels = rows
    columns = {"label": labels.astype(str)}
    if listed:
        columns["vectors"] = X.tolist()
    else:
        columns |= {f"f{i}": X[:, i] for i in range(X.shape[1])}
    for number in range(2):
        half = {name: values[number::2] for name, values in columns.items()}
        parquet.write_table(arrow.table(half), tmp_path / f"{number}.parquet", row_group_size=200)

    parts = open_partitions(tmp_path, label="label", rows=500)

    assert parts.n_features == X.shape[1]
    assert all(part.n_samples <= 500 for part in parts)
    np.testing.assert_allclose(gathered(parts), np.vstack([X[0::2], X[1::2]]), rtol=1e-6)
    np.testing.assert_array_equal(labels_of(parts)[:3], labels[0::2][:3].astype(str))


def test_a_zarr_folder_is_cut_at_its_chunks(tmp_path, rows):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(str(tmp_path / "rows.zarr"), mode="w")
    held = group.create_array("vectors", shape=rows[0].shape, chunks=(256, 8), dtype="f4")
    held[...] = rows[0]

    parts = open_partitions(tmp_path / "rows.zarr", rows=600)

    assert [part.first for part in parts] == [0, 512, 1024]
    np.testing.assert_array_equal(gathered(parts), rows[0])


def test_blocks_of_a_dask_array_are_computed_where_they_are_read(rows):
    array = pytest.importorskip("dask.array")

    parts = open_partitions(array.from_array(rows[0], chunks=(600, 4)))

    assert [part.n_samples for part in parts] == [600, 600, 300]
    np.testing.assert_array_equal(gathered(parts), rows[0])


def test_partitions_of_a_dask_frame_keep_their_labels(rows):
    pandas = pytest.importorskip("pandas")
    frames = pytest.importorskip("dask.dataframe")
    table = pandas.DataFrame(rows[0], columns=[f"f{i}" for i in range(8)])
    table["label"] = rows[1]

    parts = open_partitions(frames.from_pandas(table, npartitions=3), label="label")

    assert len(parts) == 3
    np.testing.assert_array_equal(gathered(parts), rows[0])
    np.testing.assert_array_equal(labels_of(parts), rows[1])


def test_a_run_of_a_store_is_read_by_its_snapshots(tmp_path, rows):
    with dg.open(tmp_path).create("run", labels=rows[1].astype(str)) as run:
        run.log(3, {"hidden": rows[0]})
    run = dg.open(tmp_path).run("run")

    for source in (run, run.path):
        parts = open_partitions(source, label="label", rows=700)

        assert len(parts) == 3
        np.testing.assert_array_equal(gathered(parts), rows[0])
        np.testing.assert_array_equal(labels_of(parts), rows[1].astype(str))


def test_a_file_that_is_none_is_named_and_left_out(shards):
    (shards / "part-9.npy").write_bytes(b"no array")

    parts = open_partitions(shards)

    assert len(parts) == 4
    assert [trouble.name for trouble in parts.troubles] == ["part-9.npy"]


def test_the_width_of_most_rows_counts(shards):
    np.save(shards / "part-0.npy", np.zeros((50, 3), dtype=np.float32))

    parts = open_partitions(shards)

    assert parts.n_features == 8
    assert [(t.name, t.n_rows) for t in parts.troubles] == [("part-0.npy", 50)]
    assert "3 features" in parts.troubles[0].reason


def test_nothing_to_read_is_said_at_once(tmp_path):
    with pytest.raises(NotFoundError, match="no file or folder"):
        open_partitions(tmp_path / "nowhere")
    with pytest.raises(InvalidInputError, match="holds no"):
        open_partitions(tmp_path)


def test_a_fingerprint_changes_with_the_files(shards, rows):
    before = open_partitions(shards).fingerprint

    assert open_partitions(shards).fingerprint == before
    write_shards(shards, rows[0] + 1, rows[1])
    assert open_partitions(shards).fingerprint != before
