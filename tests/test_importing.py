"""Files become runs, runs become files, and what belongs to the rows goes with them."""

from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import FormatError, InvalidInputError, NotFoundError
from driftglass.formats import VectorFile, read_file, write_file


@pytest.fixture
def store(tmp_path):
    return dg.open(tmp_path / "runs")


@pytest.fixture
def run(store, rng):
    images = rng.integers(0, 255, size=(6, 5, 5), dtype=np.uint8)
    with store.create(
        "logged", ids=list("abcdef"), labels=["x", "y"] * 3, images=images, strict=True
    ) as made:
        for step in (0, 4, 9):
            made.log(step, {"hidden": rng.normal(size=(6, 3)).astype(np.float32)})
    return store.run("logged")


def test_a_file_becomes_a_run_named_after_it(tmp_path, store, rng):
    X = rng.normal(size=(4, 3)).astype(np.float32)
    np.savez(tmp_path / "my words!.npz", vectors=X, ids=list("abcd"), label=[0, 1, 0, 1])
    run = dg.import_file(store, tmp_path / "my words!.npz")

    assert run.name == "my-words"
    assert run.state == "closed"
    np.testing.assert_array_equal(run.snapshot("vectors", 0).vectors, X)
    assert run.snapshot("vectors", 0).ids.tolist() == list("abcd")
    assert run.metadata.row("b") == {"label": "1"}


@pytest.mark.parametrize("kind", ["projector", "train-viz"])
def test_a_run_exported_and_imported_has_the_same_steps(tmp_path, store, run, kind):
    if kind == "train-viz":
        pytest.importorskip("h5py")
    target = tmp_path / ("run.h5" if kind == "train-viz" else "bundle")
    report = dg.export(run, target, kind=kind)
    back = dg.import_file(store, target, name="back")
    (space,) = back.spaces
    steps = back.steps(space)

    assert report.steps == (0, 4, 9)
    assert steps == ([0, 1, 2] if kind == "train-viz" else [0, 4, 9])
    for step, former in zip(steps, (0, 4, 9), strict=True):
        np.testing.assert_array_equal(
            back.snapshot(space, step).vectors, run.snapshot("hidden", former).vectors
        )


def test_pictures_and_labels_survive_the_projector(tmp_path, store, run):
    dg.export(run, tmp_path / "bundle", kind="projector")
    back = dg.import_file(store, tmp_path / "bundle", name="back")

    assert [back.metadata.row(item)["label"] for item in "abc"] == ["x", "y", "x"]
    np.testing.assert_array_equal(back.images.crop("c"), run.images.crop("c"))


def test_a_file_of_one_embedding_gets_the_last_step(tmp_path, run):
    report = dg.export(run, tmp_path / "last.npz")
    (file,) = read_file(tmp_path / "last.npz")

    assert report.steps == (9,)
    assert "2 of 3 steps" in report.left_out
    np.testing.assert_array_equal(file.X, run.snapshot("hidden", 9).vectors)


def test_embeddings_of_other_items_stay_apart(tmp_path, store, rng):
    files = [
        VectorFile(rng.normal(size=(3, 2)), np.arange(3), {"label": list("abc")}, space="words"),
        VectorFile(rng.normal(size=(4, 5)), np.arange(4), {"label": list("wxyz")}, space="signs"),
    ]
    write_file(tmp_path / "two", files, format="projector")
    run = dg.import_file(store, tmp_path / "two")

    assert sorted(run.spaces) == ["signs-0", "words-0"] or sorted(run.spaces) == ["signs", "words"]
    assert len(run.ids) == 7
    assert [run.metadata.row(n)["label"] for n in range(7)] == list("abcwxyz")


def test_a_broken_file_makes_no_run(tmp_path, store):
    (tmp_path / "x.npy").write_bytes(b"no array")

    with pytest.raises(FormatError):
        dg.import_file(store, tmp_path / "x.npy")
    with pytest.raises(NotFoundError, match="no file or folder"):
        dg.import_file(store, tmp_path / "y.npy")
    assert store.runs() == []


def test_a_name_that_is_taken_is_refused(tmp_path, store, run):
    np.save(tmp_path / "logged.npy", np.eye(3))

    with pytest.raises(InvalidInputError, match="There is a run named 'logged'"):
        dg.import_file(store, tmp_path / "logged.npy")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"steps": [3]}, InvalidInputError, "Nothing of run"),
        ({"columns": ["lable"]}, NotFoundError, "Did you mean 'label'"),
        ({"spaces": ["hiden"]}, NotFoundError, "Did you mean 'hidden'"),
    ],
)
def test_what_is_not_there_cannot_be_exported(tmp_path, run, arguments, error, message):
    with pytest.raises(error, match=message):
        dg.export(run, tmp_path / "x.npz", **arguments)


@pytest.mark.parametrize("name", ["vectors.npy", "bundle"])
def test_show_opens_a_file_and_leaves_nothing(tmp_path, monkeypatch, name, run):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    if name == "bundle":
        dg.export(run, tmp_path / name, kind="projector")
    else:
        np.save(tmp_path / name, np.eye(4))
    serving = dg.show(tmp_path / name, browser=False, block=False)
    shown = [path.name for path in scratch.glob("driftglass-*/runs/*") if path.is_dir()]
    serving.close()

    assert shown == [name.split(".")[0]]
    assert list(scratch.iterdir()) == []


def test_show_still_opens_stores_and_runs(store, run):
    for path in (store.path, run.path):
        serving = dg.show(path, browser=False, block=False)
        serving.close()

        assert serving.url
