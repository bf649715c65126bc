"""The examples run, on little data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import driftglass as dg

EXAMPLES = Path(__file__).parents[1] / "examples"
ARGUMENTS = {
    "compare_optimizers.py": ["runs", "8"],
    "explain_map.py": ["3"],
    "group_pages.py": ["300"],
    "latent_clusters.py": [],
    "latent_space.py": ["30"],
    "log_training.py": ["runs", "40"],
    "measure_trust.py": ["runs"],
    "show_vectors.py": ["--exit"],
}


@pytest.mark.parametrize("script", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_example_runs(script, tmp_path, monkeypatch):
    if "import torch" in (EXAMPLES / script).read_text(encoding="utf-8"):
        pytest.importorskip("torch")
    monkeypatch.setenv("BROWSER", "true")

    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / script, *ARGUMENTS[script]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_example_is_short(script):
    assert len((EXAMPLES / script).read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.slow
def test_runs_of_two_optimizers_are_compared_in_one_frame(tmp_path):
    pytest.importorskip("torch")

    def called(*words):
        return subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout

    called("-W", "error", EXAMPLES / "compare_optimizers.py", "runs", 40)
    words = ["compare", "sgd", "adam", "--store", "runs"]
    found = json.loads(called("-m", "driftglass", *words, "--json"))

    steps = found["steps"]
    assert steps["step"][0] == 0
    assert steps["cka"][0] == pytest.approx(1.0, abs=1e-6)  # both began with the same weights
    assert steps["cka"][-1] < 0.999
    assert len(steps["mutual_knn"]) == len(steps["step"])
    both = dg.open(tmp_path / "runs").run("sgd-and-adam")
    assert len(both.ids) == 1000
    assert "shared_neighbors" in both.metadata.columns
    maps = dg.project(both, method="pca")
    assert maps.steps == steps["step"]
    assert len(maps[-1].ids) == 1000
