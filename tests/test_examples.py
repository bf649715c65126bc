"""The examples run, on little data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
