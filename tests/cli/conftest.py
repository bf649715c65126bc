"""A small store, and the command line as a function."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import driftglass as dg
from driftglass.cli import main

N_SAMPLES = 40


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def driftglass(capsys, monkeypatch):
    """Run a command line in this process; returns exit code and both outputs."""
    monkeypatch.delenv("DRIFTGLASS_DIR", raising=False)

    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return Answer(int(ended.value.code or 0), captured.out, captured.err)

    return call


def write_run(folder: Path, name: str, *, spaces: tuple[str, ...] = ("hidden",)) -> None:
    """Log four snapshots per space, of two groups that move apart."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(N_SAMPLES, 6)).astype(np.float32)
    group = np.arange(N_SAMPLES) % 2
    ids = [f"item-{number:02d}" for number in range(N_SAMPLES)]
    metadata = {"group": ["even" if g == 0 else "odd" for g in group]}
    with dg.open(folder).create(name, ids=ids, metadata=metadata) as run:
        for step in (0, 1, 5, 20):
            vectors = base + step * group[:, None].astype(np.float32)
            run.log(step, spaces=dict.fromkeys(spaces, vectors), scalars={"loss": 1 / (1 + step)})


@pytest.fixture
def folder(tmp_path):
    """A store with the runs "first" and "second"; the second has two spaces."""
    place = tmp_path / "runs"
    write_run(place, "first")
    write_run(place, "second", spaces=("hidden", "output"))
    return place
