"""Stores of every released format open for ever, with exactly these values."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

import driftglass as dg

GOLDEN = Path(__file__).parents[1] / "golden"
_spec = importlib.util.spec_from_file_location("make_store", GOLDEN / "make_store.py")
make_store = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make_store)

WANT = make_store.expected()
VERSIONS = sorted(GOLDEN.glob("store-v*"))


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def store(request, tmp_path):
    """A copy: SQLite makes files beside what it reads."""
    shutil.copytree(request.param, tmp_path / "store")
    return dg.open(tmp_path / "store", read_only=True)


def test_there_is_one_for_this_version():
    from driftglass.store._keys import FORMAT_VERSION

    assert GOLDEN / f"store-v{FORMAT_VERSION}" in VERSIONS
    assert make_store.VERSION == FORMAT_VERSION


def test_it_stays_small():
    size = sum(path.stat().st_size for path in VERSIONS[-1].rglob("*") if path.is_file())

    assert size < 60_000


def test_it_is_whole(store):
    assert [run.name for run in store.runs()] == ["local", "ranks"]
    assert all(run.verify().ok for run in store.runs())
    assert [run.state for run in store.runs()] == ["closed", "closed"]


def test_vectors_are_exactly_these(store):
    run = store.run("local")

    assert run.spaces == ["hidden", "Größe/2", "half", "fewer"]
    assert run.steps("hidden") == [0, 10, 20]
    for space in ("hidden", "Größe/2"):
        for step in (0, 20):
            found = run.snapshot(space, step).vectors
            assert found.tobytes() == make_store.vectors(space, step).tobytes()
    assert np.array_equal(
        run.snapshot("hidden", 10).vectors, make_store.vectors("hidden", 10) + 100
    )
    assert np.array_equal(
        run.snapshot("hidden", 10, attempt=1).vectors, make_store.vectors("hidden", 10)
    )
    assert run.snapshot("half", 0).vectors.dtype == np.float16
    assert run.snapshot("fewer", 20).vectors.tolist() == [[1, -1], [2, -2]]
    assert run.snapshot("fewer", 20).ids.tolist() == ["bär", "new"]
    assert run.ids.tolist() == [*make_store.IDS, "new"]


def test_descriptions_are_exactly_these(store):
    infos = store.run("local").describe("hidden")

    assert [(i.step, i.attempt, i.n_samples, i.n_features, i.dtype) for i in infos] == [
        (0, 1, 6, 3, "float32"), (10, 2, 6, 3, "float32"), (20, 1, 6, 3, "float32"),
    ]  # fmt: skip
    assert (infos[2].n_not_finite, infos[2].first_not_finite) == (2, "bär")


def test_metadata_images_and_records_are_exactly_these(store):
    run = store.run("local")
    metadata = run.metadata

    assert [metadata.row(item)["label"] for item in make_store.IDS] == WANT["labels"]
    assert [metadata.row(item)["weight"] for item in make_store.IDS] == WANT["weights"]
    assert [metadata.row(item)["tags"] for item in make_store.IDS] == WANT["tags"]
    assert [metadata.row(item)["records"] for item in make_store.IDS] == WANT["records"]
    assert run.classes == WANT["classes"]
    assert [item for item, _ in run.images.failed] == ["日本"]
    assert run.images.crop("f" * 40)[0, 0, 0] == 200
    steps, values = run.scalars()["loss"]
    assert steps.tolist() == WANT["loss"][0]
    assert np.array_equal(values, WANT["loss"][1], equal_nan=True)
    assert np.array_equal(run.predictions(10).values, WANT["scores"])
    assert run.cache.get("result").arrays["coordinates"].tolist() == [[1, 0], [0, 1]]


def test_ranks_are_joined(store):
    run = store.run("ranks")
    snapshot, infos = run.snapshot("bits", 5), run.describe("bits")

    assert snapshot.ids.tolist() == [0, 2, 4, 1, 3, 5]
    assert np.array_equal(snapshot.vectors, make_store.vectors("bits", 5)[snapshot.ids])
    assert [(info.ranks_present, info.ranks_expected) for info in infos] == [(2, 2), (1, 2)]
    predictions = run.predictions(5)
    assert np.array_equal(predictions.values, WANT["numbers"][predictions.ids])
    assert np.array_equal(run.snapshot("bits", 6).vectors, make_store.vectors("bits", 6)[[1, 3, 5]])


def test_a_new_one_would_hold_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", socket.gethostname)  # put back afterwards
    make_store.make(tmp_path / "new")
    shutil.copytree(GOLDEN / f"store-v{make_store.VERSION}", tmp_path / "old")
    old, new = dg.open(tmp_path / "old"), dg.open(tmp_path / "new")

    for name in ("local", "ranks"):
        for space in new.run(name).spaces:
            contents = [[i.content for i in s.run(name).describe(space)] for s in (old, new)]
            assert contents[0] == contents[1]
