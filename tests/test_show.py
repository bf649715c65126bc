import json
import urllib.request

import numpy as np
import pytest

import driftglass as dg


def ask(serving, path):
    token = serving.url.partition("token=")[2]
    address = f"http://127.0.0.1:{serving.port}{path}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_plain_vectors_are_shown_with_labels_and_images(rng, capsys):
    X = rng.normal(size=(20, 5))
    images = rng.integers(0, 255, size=(20, 6, 6), dtype=np.uint8)

    with dg.show(X, labels=["a", "b"] * 10, images=images, browser=False, block=False) as serving:
        run = ask(serving, "/api/runs/shown")

    assert run["n_items"] == 20
    assert [column["name"] for column in run["columns"]] == ["label"]
    assert run["images"]["tile_width"] == 6
    assert "http://127.0.0.1" in capsys.readouterr().err


def test_a_list_of_arrays_becomes_steps(rng):
    Xs = [rng.normal(size=(8, 3)) for _ in range(4)]

    with dg.show(Xs, space="layer", browser=False, block=False) as serving:
        run = ask(serving, "/api/runs/shown")

    assert [item["step"] for item in run["spaces"][0]["snapshots"]] == [0, 1, 2, 3]
    assert run["spaces"][0]["name"] == "layer"


def test_a_run_is_shown_from_where_it_lies(tmp_path, rng):
    store = dg.open(tmp_path / "runs")
    with store.create("mine") as run:
        run.log(7, spaces={"hidden": rng.normal(size=(5, 3))})

    with dg.show(run, browser=False, block=False) as serving:
        names = [item["name"] for item in ask(serving, "/api/runs")]

    assert names == ["mine"]


def test_the_scratch_store_goes_with_the_viewer(rng, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with dg.show(rng.normal(size=(5, 3)), browser=False, block=False):
        during = list(tmp_path.glob("driftglass-*"))

    assert len(during) == 1
    assert list(tmp_path.glob("driftglass-*")) == []


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        (np.zeros((4, 2)), {"labels": ["a"]}, dg.ShapeError, "1 labels for 4 rows"),
        (np.zeros((4, 2)), {"images": np.zeros((3, 4, 4))}, dg.ShapeError, "3 images for 4 ids"),
        ([np.zeros((4, 2)), np.zeros((3, 2))], {}, dg.ShapeError, r"\[4, 3\] rows"),
        ([1.0, 2.0], {}, dg.ShapeError, "one dimension"),
        (None, {}, dg.InvalidInputError, "NoneType"),
        ("somewhere", {"labels": ["a"]}, dg.InvalidInputError, "belongs to the run"),
    ],
)
def test_what_cannot_be_shown_is_named(source, options, error, message, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(error, match=message):
        dg.show(source, browser=False, block=False, **options)

    assert list(tmp_path.iterdir()) == []
