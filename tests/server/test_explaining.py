"""Why a point is where it is, over the wire: sums that agree with the map, and honest refusals."""

import base64

import numpy as np
import pytest

import driftglass as dg
from driftglass.server import _explaining
from driftglass.server._library import Library

from .conftest import Client


@pytest.fixture
def projection(client):
    return client.project()["key"]


def explain(client, key, **more):
    question = {"projection": key, "step": 20, "rows": [3], **more}
    return client.post("/api/runs/run/explanation", question)


def bits(rows, n_rows=60):
    flags = np.zeros(n_rows, dtype=np.uint8)
    flags[rows] = 1
    return base64.b64encode(np.packbits(flags, bitorder="little").tobytes()).decode()


def coordinates(client, projection, step=20):
    frame = client.frame(f"/api/runs/run/frames?projection={projection}&step={step}")
    return frame.arrays["coordinates"]


def test_loadings_add_up_to_where_the_point_is_drawn(client, projection):
    answer = explain(client, projection, rows=[3], top=3).json()

    assert (answer["status"], answer["exact"], answer["knows"]) == ("ready", True, True)
    assert answer["label"] == "exact (loadings)"
    assert answer["residual"] < 1e-5
    for axis, there in zip(answer["axes"], coordinates(client, projection)[3], strict=True):
        listed = sum(one["contribution"] for one in axis["features"])
        assert len(axis["features"]) == 3
        assert axis["coordinate"] == pytest.approx(float(there))
        assert axis["sum"] == pytest.approx(float(there), abs=1e-4)
        assert listed + axis["rest"] + axis["offset"] == pytest.approx(axis["sum"], abs=1e-9)


def test_they_are_the_loadings(client, store, projection):
    answer = explain(client, projection, features=[0, 5]).json()

    run = store.run("run")
    sequence = dg.project(run, "hidden", basis="all")
    ids = client.json("/api/runs/run/ids")["ids"]
    x = run.snapshot("hidden", 20).select([ids[3]]).vectors[0].astype(float)
    expected = (x - sequence.model["mean"]) * sequence.model["components"]
    for one in answer["asked"]:
        np.testing.assert_allclose(one["contributions"], expected[:, one["index"]], atol=1e-6)


def test_a_lasso_is_explained_by_its_mean(client, projection):
    rows = [1, 4, 9, 30]
    answer = explain(client, projection, rows=rows).json()
    same = client.post(
        "/api/runs/run/explanation", {"projection": projection, "step": 20, "bits": bits(rows)}
    ).json()

    assert answer["n_rows"] == answer["n_asked"] == 4
    assert same["axes"] == answer["axes"]
    middle = coordinates(client, projection)[rows].mean(axis=0)
    assert [axis["coordinate"] for axis in answer["axes"]] == pytest.approx(middle.tolist())


def test_of_very_many_rows_a_fair_sample_is_explained_and_counted(client, projection, monkeypatch):
    monkeypatch.setattr(_explaining, "MOST_ROWS", 10)

    answer = explain(client, projection, rows=list(range(60))).json()

    assert (answer["n_rows"], answer["n_asked"]) == (10, 60)


def test_what_moved_a_point_is_the_difference_of_its_vectors(client, store, projection):
    answer = explain(client, projection, since=0, features=list(range(8))).json()

    run = store.run("run")
    sequence = dg.project(run, "hidden", basis="all")
    item = client.json("/api/runs/run/ids")["ids"][3]
    now, then = (run.snapshot("hidden", s).select([item]).vectors[0].astype(float) for s in (20, 0))
    expected = (now - then) * sequence.model["components"]
    for one in answer["asked"]:
        np.testing.assert_allclose(one["contributions"], expected[:, one["index"]], atol=1e-6)
    earlier = coordinates(client, projection, 0)[3]
    assert [axis["offset"] for axis in answer["axes"]] == pytest.approx(earlier.tolist(), abs=1e-4)
    assert answer["exact"]


def test_colours_by_a_feature_have_a_value_for_every_row(client, projection):
    target = f"/api/runs/run/contributions?projection={projection}&step=20"
    signed = client.frame(f"{target}&feature=0&axis=1")
    lengths = client.frame(f"{target}&feature=0").arrays["values"]
    both = [client.frame(f"{target}&feature=0&axis={k}").arrays["values"] for k in (0, 1)]

    assert signed.meta["name"] == "0"
    np.testing.assert_allclose(lengths, np.hypot(*both), rtol=1e-5)
    answer = explain(client, projection, rows=[8], features=[0]).json()["asked"][0]
    assert signed.arrays["values"][8] == pytest.approx(answer["contributions"][1], abs=1e-6)


def test_the_winning_feature_is_the_one_with_the_longest_contribution(client, projection):
    target = f"/api/runs/run/contributions?projection={projection}&step=20"
    won = client.frame(f"{target}&feature=winning")
    lengths = np.stack(
        [client.frame(f"{target}&feature={j}").arrays["values"] for j in range(8)], axis=1
    )

    np.testing.assert_array_equal(won.arrays["codes"], lengths.argmax(axis=1))
    listed = [one["index"] for one in won.meta["features"]]
    counts = np.bincount(won.arrays["codes"], minlength=8)
    assert listed == sorted(np.flatnonzero(counts).tolist(), key=lambda j: (-counts[j], j))


def test_features_are_found_by_name_those_that_matter_first(client, projection):
    target = f"/api/runs/run/features?projection={projection}&step=20"
    everything = client.json(target)

    assert everything["n_features"] == everything["n_matching"] == 8
    assert everything["matches"][0]["name"] == "0"  # the feature along which the clusters part
    shares = [one["share"] for one in everything["matches"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert [one["name"] for one in client.json(target + "&query=7")["matches"]] == ["7"]
    assert client.json(target + "&query=nothing")["matches"] == []


def test_features_that_are_class_scores_have_the_names_of_the_classes(tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    with dg.open(tmp_path).create("run", ids=np.arange(40), classes=["cat", "dog", "owl"]) as run:
        run.log(20, spaces={"logits": X})
    library = Library(dg.open(tmp_path))
    client = Client(library)
    key = client.project(space="logits")["key"]

    names = {one["name"] for one in explain(client, key).json()["axes"][0]["features"]}

    assert names == {"cat", "dog", "owl"}
    library.close()


def test_a_window_of_maps_is_not_said_to_be_exact(client):
    key = client.project(basis="window")["key"]

    answer = explain(client, key).json()

    assert answer["status"] in ("absent", "missing")
    assert answer["kind"] == "surrogate"


def test_a_map_of_prepared_vectors_is_not_explained_by_its_loadings(client, store):
    dg.project(store.run("run"), "hidden", method="pca", prepare="sphereize")
    run = store.run("run")
    keys = [key for key in run.cache.keys() if key.startswith("projection-")]  # noqa: SIM118
    made = {key: run.cache.get(key).description["provenance"]["parameters"] for key in keys}
    key = next(key for key in keys if made[key].get("prepare") == "sphereize")

    assert explain(client, key).json()["kind"] == "surrogate"


def test_a_map_without_loadings_is_offered_and_not_explained_unasked(client, store):
    sequence = dg.project(store.run("run"), "hidden", method="independent")
    key = _key_of(store, sequence)

    answer = explain(client, key).json()

    assert answer["status"] == "absent"
    assert answer["kind"] == "surrogate"
    assert answer["estimate_seconds"] > 0
    assert client.json("/api/jobs") == []
    target = f"/api/runs/run/contributions?projection={key}&step=20&feature=0"
    assert client.get(target).status == 404


def test_without_torch_the_answer_says_what_to_install(client, store, monkeypatch):
    key = _key_of(store, dg.project(store.run("run"), "hidden", method="independent"))
    monkeypatch.setattr(_explaining, "_has_torch", lambda: False)

    answer = explain(client, key).json()
    reply = client.post("/api/runs/run/explain", {"projection": key, "step": 20})

    assert answer["status"] == "missing"
    assert "pip install 'driftglass[torch]'" in answer["reason"]
    assert (reply.status, reply.kind) == (501, "missing_dependency")


@pytest.mark.slow
def test_a_network_stands_in_and_says_how_well(client, store):
    pytest.importorskip("torch")
    key = _key_of(store, dg.project(store.run("run"), "hidden", method="independent"))

    started = client.post("/api/runs/run/explain", {"projection": key, "step": 20}).json()
    job = client.finish(started["job"])
    answer = explain(client, key).json()

    assert job.state == "done", job.message
    assert answer["status"] == "ready"
    assert not answer["exact"]
    assert answer["knows"] == (
        answer["fidelity"]["r2"] >= 0.8 and answer["fidelity"]["neighbors"] >= 0.2
    )
    assert client.post("/api/runs/run/explain", {"projection": key, "step": 20}).json() == {
        "job": None
    }
    axis = answer["axes"][0]
    scale = np.abs(coordinates(client, key)).max()
    assert abs(axis["sum"] - axis["coordinate"]) / scale <= answer["residual"] + 1e-6


@pytest.mark.slow
def test_a_network_map_is_explained_by_itself_and_kept(client, store):
    pytest.importorskip("torch")
    sequence = dg.project(store.run("run"), "hidden", method="glassbox", epochs=10)
    key = _key_of(store, sequence)

    job = client.finish(
        client.post("/api/runs/run/explain", {"projection": key, "step": 20}).json()["job"]
    )
    answer = explain(client, key, rows=list(range(60))).json()
    since = client.post(
        "/api/runs/run/explain", {"projection": key, "step": 20, "since": 0}
    ).json()["job"]
    moved = client.finish(since)

    assert job.state == moved.state == "done"
    assert answer["exact"], answer["label"]
    assert answer["residual"] <= 1e-5
    way = explain(client, key, since=0).json()
    assert way["exact"]
    assert [axis["coordinate"] for axis in way["axes"]] == pytest.approx(
        coordinates(client, key)[3].tolist()
    )


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"rows": []}, 400),
        ({"rows": [60]}, 400),
        ({"rows": "3"}, 400),
        ({"rows": None}, 400),
        ({"bits": "!!"}, 400),
        ({"rows": None, "bits": "AA=="}, 400),
        ({"features": [8]}, 400),
        ({"features": "x"}, 400),
        ({"since": 20}, 400),
        ({"since": 5}, 404),
        ({"step": 7}, 404),
        ({"projection": "nope"}, 404),
        ({"attribution": "frozen"}, 400),
    ],
)
def test_a_bad_question_is_refused(client, projection, more, status):
    assert explain(client, projection, **more).status == status


def _key_of(store, sequence):
    run = store.run("run")
    keys = [key for key in run.cache.keys() if key.startswith("projection-")]  # noqa: SIM118
    return next(
        key
        for key in keys
        if run.cache.get(key).description["provenance"]["method"] == sequence.provenance.method
    )
