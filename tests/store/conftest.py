"""Stores to test with, in memory and on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import driftglass as dg
from driftglass.store import LocalBlobs, MemoryBlobs, Run, Store


@pytest.fixture(params=["local", "journal", "memory"])
def store(request, tmp_path, monkeypatch) -> Store:
    """An empty store of each kind."""
    if request.param == "memory":
        return Store(MemoryBlobs())
    if request.param == "journal":
        monkeypatch.setenv("DRIFTGLASS_CATALOG", "journal")
    return dg.open(tmp_path / "runs")


@pytest.fixture
def local(tmp_path) -> Store:
    """An empty store on disk."""
    return dg.open(tmp_path / "runs")


@pytest.fixture
def vectors(rng) -> np.ndarray:
    return rng.standard_normal((20, 4)).astype(np.float32)


@pytest.fixture
def logged(local, vectors) -> Run:
    """A closed run of three steps on disk."""
    labels = [f"c{n % 3}" for n in range(20)]
    images = np.arange(20 * 25, dtype=np.uint8).reshape(20, 5, 5)
    with local.create("run", labels=labels, images=images, classes=["c0", "c1", "c2"]) as run:
        for step in range(3):
            scores = np.eye(3)[np.arange(20) % 3]
            run.log(step, {"hidden": vectors + step}, scores, {"loss": 1.0 / (step + 1)})
    return dg.open(local.path).run("run")


def folder_of(run: Run) -> Path:
    """Where a run on disk is."""
    assert isinstance(run._blobs, LocalBlobs)
    return run._blobs.root
