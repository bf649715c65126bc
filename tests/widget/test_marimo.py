"""The widget in marimo, which has a carrier of its own for what widgets say."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from driftglass.widget._widget import SCRIPT

NOTEBOOK = """
import marimo

app = marimo.App()


@app.cell
def _():
    import numpy as np

    import driftglass as dg

    widget = dg.Widget(np.eye(8, 3), labels=list("abababab"), map="pca")
    widget.selection = [2, 5]
    print("selected:", widget.selection.tolist())
    widget
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.mark.slow
def test_a_notebook_of_marimo_shows_the_widget(tmp_path):
    pytest.importorskip("anywidget")
    pytest.importorskip("marimo")
    if not SCRIPT.exists():
        pytest.skip("the viewer has not been built")
    (tmp_path / "maps.py").write_text(NOTEBOOK)
    told = subprocess.run(
        [sys.executable, "-m", "marimo", "-y", "export", "html", "maps.py", "-o", "maps.html"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert told.returncode == 0, told.stderr
    page = (tmp_path / "maps.html").read_text(encoding="utf-8")
    assert "marimo-anywidget" in page
    assert "selected: [2, 5]" in page
