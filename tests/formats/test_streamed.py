"""Large vectors are read block by block, and none of what they become differs."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import driftglass as dg
from driftglass._row_blocks import BLOCK_BYTES, RowBlocks, rows_per_block
from driftglass.errors import FormatError
from driftglass.formats import VectorFile, read_file, write_file

N, WIDTH = 70_000, 64
"""17.9 MB of float32: a little more than two blocks."""
FILES = {
    "npy": ("x.npy", None),
    "npz": ("x.npz", None),
    "safetensors": ("x.safetensors", None),
    "parquet": ("x.parquet", "pyarrow"),
    "arrow": ("x.arrow", "pyarrow"),
    "dataset": ("saved", "pyarrow"),
    "anndata": ("x.h5ad", "h5py"),
    "zarr": ("x.zarr", "zarr"),
}


@pytest.fixture(scope="module")
def X():
    made = np.random.default_rng(0).standard_normal((N, WIDTH), dtype=np.float32)
    made[N - 1, 3] = np.nan
    return made


def written(tmp_path, name, X):
    file, needs = FILES[name]
    if needs is not None:
        pytest.importorskip(needs)
    return write_file(tmp_path / file, VectorFile(X, np.arange(len(X))), format=name)


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_format_of_large_vectors_gives_blocks(tmp_path, name, X):
    (file,) = read_file(written(tmp_path, name, X), streamed=True)
    largest = max(block.nbytes for block in file.X.blocks())

    assert isinstance(file.X, RowBlocks)
    assert largest <= 2 * BLOCK_BYTES
    np.testing.assert_array_equal(np.asarray(file.X), X)
    np.testing.assert_array_equal(np.asarray(file.X)[-1], X[-1])  # and they can be read again


def test_the_numbers_of_a_bundle_are_blocks(tmp_path, X):
    X.tofile(tmp_path / "tensors.bytes")
    told = {"tensorName": "x", "tensorShape": list(X.shape), "tensorPath": "tensors.bytes"}
    (tmp_path / "config.json").write_text(json.dumps({"embeddings": [told]}))
    (file,) = read_file(tmp_path, streamed=True)

    assert isinstance(file.X, RowBlocks)
    np.testing.assert_array_equal(np.asarray(file.X), X)


def test_columns_of_numbers_become_blocks_of_features(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    n = 300_000
    columns = {f"f{place}": np.arange(n, dtype=np.float64) + place for place in range(16)}
    table = arrow.table({**columns, "label": np.arange(n) % 3, "id": np.arange(n) + 5})
    parquet.write_table(table, tmp_path / "wide.parquet")
    (file,) = read_file(tmp_path / "wide.parquet", streamed=True)

    assert isinstance(file.X, RowBlocks)
    assert file.features == tuple(columns)
    assert file.ids[:2].tolist() == [5, 6]
    np.testing.assert_array_equal(np.asarray(file.X)[:, 15], columns["f15"].astype(np.float32))


def test_a_compressed_archive_that_is_damaged_says_so_when_its_blocks_are_read(tmp_path, X):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, X=X, label=np.arange(len(X)))
    (file,) = read_file(path, streamed=True)
    assert isinstance(file.X, RowBlocks)
    assert list(file.columns) == ["label"]

    held = bytearray(path.read_bytes())
    held[len(held) // 3] ^= 0xFF
    path.write_bytes(held)

    with pytest.raises(FormatError, match="not a whole NumPy file"):
        np.asarray(file.X)


def test_what_cannot_be_read_row_by_row_is_read_whole(tmp_path, X):
    np.savez(tmp_path / "x.npz", X=np.asfortranarray(X))
    (file,) = read_file(tmp_path / "x.npz", streamed=True)

    assert isinstance(file.X, np.ndarray)
    np.testing.assert_array_equal(file.X, X)


def test_a_run_of_blocks_is_the_run_of_the_array(tmp_path, X):
    store = dg.open(tmp_path / "runs")
    with store.create("held", strict=True) as run:
        run.log(0, {"vectors": X})
    streamed = dg.import_file(store, written(tmp_path, "npy", X), name="streamed")
    held, back = (store.run(name).describe("vectors")[0] for name in ("held", "streamed"))

    np.testing.assert_array_equal(streamed.snapshot("vectors", 0).vectors, X)
    assert (back.content, back.n_not_finite, back.nbytes) == (
        held.content, held.n_not_finite, held.nbytes,
    )  # fmt: skip
    assert back.n_not_finite == 1
    assert streamed.verify().ok


def test_blocks_are_converted_and_split_like_an_array(tmp_path, X):
    """Borders of blocks and of parts fall on different rows."""
    store = dg.open(tmp_path / "runs")
    blocks = RowBlocks("made", X.shape, X.dtype, lambda: iter(np.array_split(X, 7)))
    with store.create("half", dtype="float16", strict=True) as run:
        run._recording.writer.part_bytes = 3_000_000
        run.log(0, {"vectors": blocks}, wait=True)
    back = store.run("half").snapshot("vectors", 0).vectors

    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(back, X.astype(np.float16))
    assert len(list((tmp_path / "runs" / "half").rglob("*.npy"))) >= 3


def test_what_is_cut_while_it_is_read_makes_no_run(tmp_path, X):
    store = dg.open(tmp_path / "runs")
    path = written(tmp_path, "npy", X)
    (file,) = read_file(path, streamed=True)
    with path.open("r+b") as stream:
        stream.truncate(BLOCK_BYTES + 1000)
    from driftglass._importing import run_of_files

    with pytest.raises(FormatError, match=r"announces 70,000 rows and has"):
        run_of_files(store, [file], "cut")
    assert store.runs() == []


def test_blocks_that_are_not_what_was_announced_are_refused():
    wide = RowBlocks("made", (4, 3), np.dtype("f4"), lambda: iter([np.zeros((4, 2), "f4")]))
    long = RowBlocks("made", (4, 3), np.dtype("f4"), lambda: iter([np.zeros((9, 3), "f4")]))

    with pytest.raises(FormatError, match="where 3 float32 were announced"):
        np.asarray(wide)
    with pytest.raises(FormatError, match="announces 4 rows and has 9"):
        np.asarray(long)
    assert rows_per_block(0, 4) >= 1


CHILD = """
import sys
from pathlib import Path
import driftglass as dg
dg.import_file(dg.open(sys.argv[1] + "/runs"), sys.argv[1] + "/small.npy")
def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
before = peak()
dg.import_file(dg.open(sys.argv[1] + "/runs"), sys.argv[1] + "/large.npy")
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc for the peak")
def test_importing_does_not_hold_the_vectors(tmp_path):
    np.save(tmp_path / "small.npy", np.zeros((70_000, 64), np.float32))
    large = np.lib.format.open_memmap(tmp_path / "large.npy", "w+", np.float32, (500_000, 64))
    large[-1] = 1
    nbytes = large.nbytes
    del large
    answer = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)], check=True, capture_output=True, text=True
    )

    assert int(answer.stdout) < nbytes / 3
