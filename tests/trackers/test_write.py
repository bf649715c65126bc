"""One call puts a map, its coordinates and its page into an open tracker."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import InvalidInputError, NotFoundError
from driftglass.formats import read_file
from driftglass.server import _export as exporting
from driftglass.trackers import to_mlflow, to_tensorboard, to_trackio, to_wandb

N = 30


@pytest.fixture
def run(tmp_path, monkeypatch, rng):
    built = tmp_path / "built"
    built.mkdir()
    (built / "page.js").write_text("0;")
    (built / "page.css").write_text("a{}")
    monkeypatch.setattr(exporting, "STATIC", built)
    store = dg.open(tmp_path / "runs")
    with store.create("shown", labels=["a", "b"] * (N // 2), strict=True) as made:
        for step in (0, 7):
            made.log(step, {"hidden": rng.normal(size=(N, 5)).astype(np.float32)})
    return store.run("shown")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_tensorboard_gets_an_embedding_and_a_picture(run, tmp_path):
    pytest.importorskip("tensorboard")
    writing = pytest.importorskip("torch.utils.tensorboard")
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with writing.SummaryWriter(tmp_path / "logs") as writer:
        to_tensorboard(run, writer)
    held = reading.EventAccumulator(str(tmp_path / "logs"))
    held.Reload()
    file, mapped = read_file(tmp_path / "logs")
    np.testing.assert_allclose(file.X, run.snapshot("hidden", 7).vectors, atol=1e-6)
    assert file.columns["label"] == ["a", "b"] * (N // 2)
    assert mapped.X.shape == (N, 2)
    assert held.Tags()["images"] == ["driftglass/hidden"]
    assert "driftglass-answers" in (tmp_path / "logs" / "driftglass.html").read_text()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wandb_gets_them_offline(run, tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    with wandb.init(project="test", dir=str(tmp_path), mode="offline") as tracked:
        to_wandb(run, tracked, step=0)
        summary = dict(tracked.summary)

    assert summary["driftglass/hidden/coordinates"]["nrows"] == N
    assert {name.rsplit("/", 1)[1] for name in summary if name.startswith("driftglass")} == {
        "map",
        "coordinates",
        "page",
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_gets_them_in_a_local_store(run, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    experiment = mlflow.create_experiment("test", artifact_location=str(tmp_path / "artifacts"))
    with mlflow.start_run(experiment_id=experiment) as active:
        to_mlflow(run)
    place = tmp_path / "artifacts" / active.info.run_id / "artifacts" / "driftglass"
    table = json.loads((place / "hidden-7-coordinates.json").read_text())

    assert table["columns"][:3] == ["id", "x", "y"]
    assert len(table["data"]) == N
    assert (place / "hidden-7-map.png").read_bytes()[:4] == b"\x89PNG"
    assert "driftglass-answers" in (place / "map.html").read_text()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_trackio_gets_them_in_a_local_store(run, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    trackio = pytest.importorskip("trackio")
    for name, module in list(sys.modules.items()):  # it may have been imported before this test
        if name.startswith("trackio") and hasattr(module, "TRACKIO_DIR"):
            monkeypatch.setattr(module, "TRACKIO_DIR", tmp_path / "trackio")
    trackio.init(project="test", embed=False, auto_log_cpu=False, auto_log_gpu=False)
    to_trackio(run)
    trackio.finish()
    (kept,) = (tmp_path / "trackio").glob("*.db")
    with closing(sqlite3.connect(kept)) as database:
        ((written,),) = database.execute("SELECT metrics FROM metrics").fetchall()
    held = json.loads(written)

    table = held["driftglass/hidden/coordinates"]["_value"]
    assert [sorted(row) for row in table[:1]] == [["id", "label", "x", "y"]]
    assert len(table) == N
    assert held["driftglass/hidden/map"]["_type"] == "trackio.image"
    assert len(list((tmp_path / "trackio").rglob("*.png"))) == 1
    (page,) = (tmp_path / "trackio").rglob("*.html")
    assert held["driftglass/hidden/page"]["file_path"].endswith(page.name)
    assert "driftglass-answers" in page.read_text()


def test_what_is_not_there_is_said(run):
    with pytest.raises(NotFoundError, match="space"):
        to_tensorboard(run, object(), space="hiden")
    with pytest.raises((NotFoundError, InvalidInputError)):
        to_tensorboard(run, object(), step=3)
