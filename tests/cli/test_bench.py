"""Tests of `driftglass bench` and of what it measures with."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest

from driftglass import InvalidInputError, _bench

WORKS = {"neighbours", "exact neighbours", "UMAP", "t-SNE", "PaCMAP", "PCA"}


@pytest.fixture
def quick(monkeypatch):
    """Each work at once, so that what is tested is the counting and not the work."""
    calls = []

    def called(work):
        def call(X):
            calls.append((work, len(X)))
            return X[:, :2].copy()

        return call

    monkeypatch.setattr(_bench, "_ours", lambda: {work: called(work) for work in sorted(WORKS)})
    return calls


def test_prints_a_line_per_work_and_what_machine_it_was(driftglass):
    answer = driftglass("bench", "--rows", 500, "--no-peers")

    lines = answer.out.splitlines()
    assert "core" in lines[0]
    assert lines[0].endswith(" kernels")
    assert lines[3].split() == ["WORK", "BY", "SECONDS", "ROWS/S", "TRUST", "TIMES", "OURS"]
    assert len(lines) == 4 + len(WORKS)
    umap = next(line for line in lines if line.startswith("UMAP")).split()
    assert 0.8 < float(umap[4]) <= 1


def test_writes_json_to_a_file_and_to_the_terminal(driftglass, quick, tmp_path):
    answer = driftglass("bench", "--rows", 500, "--no-peers", "-o", tmp_path / "b.json", "--json")

    assert json.loads((tmp_path / "b.json").read_text()) == answer.json
    assert {timing["work"] for timing in answer.json["timings"]} == WORKS
    assert answer.json["machine"]["kernels"]
    for timing in answer.json["timings"]:
        assert timing["rows_per_second"] == pytest.approx(500 / timing["seconds"])


def test_a_small_call_comes_before_the_timed_one(quick):
    list(_bench.timings(1000, peers=False))

    assert quick[:2] == [("PCA", 600), ("PCA", 1000)]


def test_only_peers_that_are_installed_are_measured_beside_ours(quick, monkeypatch):
    heard = []
    peer = types.ModuleType("pacmap")
    peer.PaCMAP = lambda: types.SimpleNamespace(fit_transform=lambda X: X[:, :2].copy())
    monkeypatch.setitem(sys.modules, "pacmap", peer)
    there = {"pacmap": True}
    monkeypatch.setattr(_bench, "find_spec", lambda name: there.get(name))

    found = list(_bench.timings(500, progress=lambda *said: heard.append(said)))

    assert [timing.by for timing in found if timing.work == "PaCMAP"] == ["driftglass", "pacmap"]
    assert {timing.by for timing in found} == {"driftglass", "pacmap"}
    ours, theirs = (timing for timing in found if timing.work == "PaCMAP")
    assert theirs.times_as_long == pytest.approx(theirs.seconds / ours.seconds)
    assert heard[-1][:2] == (7, 7)


def test_the_rows_are_the_same_every_time():
    np.testing.assert_array_equal(_bench.made_rows(500), _bench.made_rows(500))


def test_too_few_rows_are_refused(driftglass):
    with pytest.raises(InvalidInputError, match="n_samples is 10"):
        next(_bench.timings(10))
    assert driftglass("bench", "--rows", 10).code == 2
