"""Tests of driftglass.cli._project_large."""

from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg


@pytest.fixture
def shards(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        labels = rng.integers(3, size=100)
        X = rng.normal(size=(100, 4)) + 5 * labels[:, None]
        np.save(folder / f"part-{number}.npy", X.astype(np.float32))
        np.save(folder / f"part-{number}.labels.npy", labels.astype(str))
    return folder


def test_a_folder_becomes_a_run_of_the_store(driftglass, shards, tmp_path):
    store = tmp_path / "runs"

    answer = driftglass(
        "project", shards, "--store", store, "--method", "pca", "--anchors", 50, "--json"
    ).json

    assert answer["run"] == "shards"
    assert answer["n_samples"] == 300
    assert sum(answer["labels"].values()) == 300
    assert answer["quality"]["0"]["null"] < answer["quality"]["0"]["trustworthiness"]
    assert dg.open(store).run("shards").ids.shape == (300,)


def test_people_read_what_was_left_out(driftglass, shards, tmp_path):
    np.save(shards / "part-9.npy", np.zeros((5, 2), dtype=np.float32))

    answer = driftglass(
        "project", shards, "--store", tmp_path / "runs", "--method", "pca", "--executor", "threads"
    )

    assert "300 points" in answer.out
    assert "part-9.npy has 2 features" in answer.out


def test_strict_stops_there(driftglass, shards, tmp_path):
    np.save(shards / "part-9.npy", np.zeros((5, 2), dtype=np.float32))

    answer = driftglass("project", shards, "--store", tmp_path / "runs", "--strict")

    assert answer.code != 0
    assert "part-9.npy" in answer.err


@pytest.mark.parametrize(
    "options", [("--refresh",), ("--basis", "last"), ("--dask", "local", "--executor", "threads")]
)
def test_options_without_a_meaning_are_refused(driftglass, shards, tmp_path, options):
    answer = driftglass("project", shards, "--store", tmp_path / "runs", *options)

    assert answer.code == 2


def test_a_run_has_no_workers(driftglass, folder):
    assert driftglass("project", folder / "first", "--workers", 2).code == 2
