"""``driftglass export`` writes what it says."""

from __future__ import annotations

import json

import numpy as np
import pytest

import driftglass as dg
from driftglass.server import _export as exporting


@pytest.fixture
def store(tmp_path, monkeypatch):
    folder = tmp_path / "built"
    folder.mkdir()
    (folder / "page.js").write_text("0;")
    (folder / "page.css").write_text("a{}")
    monkeypatch.setattr(exporting, "STATIC", folder)
    store = dg.open(tmp_path / "runs")
    with store.create("small", labels=["a", "b"] * 10) as run:
        for step in range(4):
            run.log(step, {"hidden": np.random.default_rng(step).normal(size=(20, 3))})
    return tmp_path / "runs"


def test_writes_a_page_and_says_what_it_left_out(store, tmp_path, driftglass):
    page = tmp_path / "map.html"
    result = driftglass(
        "export", "small", "--store", store, "--html", page, "--steps", "1-2", "--json"
    )
    told = json.loads(result.out)

    assert result.code == 0
    assert told["steps"] == [1, 2]
    assert told["nbytes"] == page.stat().st_size
    assert "2 steps of 4" in told["left_out"]


def test_names_the_file_and_its_size(store, tmp_path, driftglass):
    result = driftglass("export", str(store / "small"), "--folder", tmp_path / "site")

    assert result.code == 0
    assert "20 items, 4 steps" in result.out
    assert (tmp_path / "site" / "index.html").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Say where to"),
        (["--html", "a.html", "--folder", "b"], "Say where to"),
        (["--html", "a.html", "--steps", "x"], "steps and spans"),
    ],
)
def test_says_what_is_missing(store, driftglass, words, message):
    result = driftglass("export", "small", "--store", store, *words)

    assert result.code == 2
    assert message in result.err
