"""Why items of a run are where they are: answers as the server sends them."""

# ruff: noqa: E402
from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import driftglass as dg
from driftglass import NotFoundError


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(90, 6)) + 2.5 * np.repeat(np.eye(3, 6), 30, axis=0)).astype(np.float32)
    moved = X.copy()
    moved[7, 4] += 9.0
    folder = tmp_path_factory.mktemp("runs")
    with dg.open(folder).create("walk", ids=np.arange(90)) as made:
        made.log(0, spaces={"hidden": X})
        made.log(10, spaces={"hidden": moved})
    return dg.open(folder).run("walk")


@pytest.mark.parametrize("method", ["pca", "glassbox"])
def test_contributions_add_up_to_the_coordinates_of_the_map(run, method):
    parameters = {"epochs": 20} if method == "glassbox" else {}
    sequence = dg.project(run, method=method, **parameters)

    answer = dg.explain(run, ids=[3], step=0, method=method, top=3, **parameters)

    assert json.loads(json.dumps(answer)) == answer
    assert answer["exact"]
    assert answer["knows"]
    assert (answer["map"], answer["step"], answer["n_rows"]) == (method, 0, 1)
    for axis, coordinate in zip(answer["axes"], sequence.at(0).coordinates[3], strict=True):
        assert len(axis["features"]) == 3
        assert axis["sum"] == pytest.approx(float(coordinate), abs=1e-4)


@pytest.mark.parametrize("method", ["pca", "glassbox"])
def test_the_feature_that_moved_an_item_between_two_steps_is_the_only_one_named(run, method):
    parameters = {"epochs": 20} if method == "glassbox" else {}

    answer = dg.explain(run, ids=[7], step=10, since=0, method=method, **parameters)

    sequence = dg.project(run, method=method, **parameters)
    way = sequence.at(10).coordinates[7] - sequence.at(0).coordinates[7]
    for axis, difference in zip(answer["axes"], way, strict=True):
        assert [feature["index"] for feature in axis["features"]] == [4]
        assert axis["features"][0]["contribution"] == pytest.approx(float(difference), abs=1e-4)
    assert answer["since"] == 0


def test_a_group_is_explained_by_its_mean(run):
    sequence = dg.project(run, method="pca")

    answer = dg.explain(run, ids=range(30), step=0, method="pca")

    mean = sequence.at(0).coordinates[:30].mean(axis=0)
    assert answer["n_rows"] == 30
    assert [axis["sum"] for axis in answer["axes"]] == pytest.approx(mean.tolist(), abs=1e-4)


def test_another_map_is_explained_by_a_network_that_says_how_well_it_does(run):
    answer = dg.explain(run, ids=[3], step=0, method="umap", n_neighbors=10)
    again = dg.explain(run, ids=[3], step=0, method="umap", n_neighbors=10)

    assert answer == again
    assert not answer["exact"]
    assert 0 < answer["fidelity"]["r2"] <= 1
    assert answer["fidelity"]["n_held_out"] == 18
    assert "stands in for the map" in answer["fidelity"]["text"]
    assert any(key.startswith("surrogate-") for key in run.cache.keys())  # noqa: SIM118


def test_items_and_steps_that_are_not_there_are_named(run):
    with pytest.raises(NotFoundError, match="No item 999 in the map of step 10"):
        dg.explain(run, ids=[999], method="pca")
    with pytest.raises(NotFoundError, match="No step named 5"):
        dg.explain(run, step=5, method="pca")
    with pytest.raises(dg.InvalidInputError, match="ids is empty"):
        dg.explain(run, ids=[], method="pca")
