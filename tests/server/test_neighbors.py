"""Neighbours over the wire: those of brute force, by id, at one step or at two."""

import numpy as np
import pytest

import driftglass as dg
from driftglass import _nearby
from driftglass.server._library import Library

from .conftest import STEPS, Client


def asked(row, **more):
    query = {"space": "hidden", "step": 20, "row": row, "n": 10} | more
    return "/api/runs/run/neighbors?" + "&".join(f"{name}={value}" for name, value in query.items())


def nearest_ids(run, step, item, k, space="hidden"):
    """Ids by falling nearness, straight from the definition."""
    snapshot = run.snapshot(space, step)
    at = int(np.flatnonzero(snapshot.ids == item)[0])
    distances = np.linalg.norm(snapshot.vectors.astype(float) - snapshot.vectors[at], axis=1)
    distances[at] = np.inf
    order = np.argsort(distances, kind="stable")[:k]
    return snapshot.ids[order].tolist(), distances[order]


@pytest.mark.parametrize("row", [0, 17, 59])
def test_they_are_exact_and_named_by_row_and_id(client, store, row):
    ids = client.json("/api/runs/run/ids")["ids"]
    answer = client.json(asked(row))

    expected, distances = nearest_ids(store.run("run"), 20, ids[row], 10)
    assert [one["id"] for one in answer["neighbors"]] == expected
    assert [ids[one["row"]] for one in answer["neighbors"]] == expected
    assert [one["distance"] for one in answer["neighbors"]] == pytest.approx(distances.tolist())
    assert (answer["method"], answer["recall"], answer["n_checked"]) == ("exact", 1.0, 0)
    assert answer["n_samples"] == 60


@pytest.mark.parametrize("n_features", [49, 50, 768])
def test_they_are_right_however_many_features_there_are(tmp_path, n_features):
    rng = np.random.default_rng(n_features)
    X = (rng.normal(size=(300, n_features)) + 5).astype(np.float32)
    with dg.open(tmp_path).create("run", ids=np.arange(300)) as run:
        run.log(20, spaces={"hidden": X})
    library = Library(dg.open(tmp_path))
    client = Client(library)
    ids = client.json("/api/runs/run/ids")["ids"]

    answer = client.json(asked(7, n=15))

    expected, _ = nearest_ids(library.run("run"), 20, ids[7], 15)
    assert [one["id"] for one in answer["neighbors"]] == expected
    library.close()


def test_the_metric_is_the_readers_choice(client, store):
    cosine = client.json(asked(3, metric="cosine"))
    ids = client.json("/api/runs/run/ids")["ids"]

    snapshot = store.run("run").snapshot("hidden", 20)
    X = snapshot.vectors / np.linalg.norm(snapshot.vectors, axis=1, keepdims=True)
    own = X[int(np.flatnonzero(snapshot.ids == ids[3])[0])]
    nearest = snapshot.ids[np.argsort(-(X @ own), kind="stable")[1:11]].tolist()
    assert cosine["metric"] == "cosine"
    assert [one["id"] for one in cosine["neighbors"]] == nearest


def test_two_steps_are_compared_item_by_item(client, store):
    answer = client.json(asked(5, other_step=0))
    ids = client.json("/api/runs/run/ids")["ids"]

    now, _ = nearest_ids(store.run("run"), 20, ids[5], 10)
    then, _ = nearest_ids(store.run("run"), 0, ids[5], 10)
    assert [one["id"] for one in answer["other"]["neighbors"]] == then
    assert {ids[row] for row in answer["shared"]} == set(now) & set(then)


def test_an_item_that_the_other_step_lacks_has_no_neighbours_there_and_the_answer_says_so(store):
    with store.resume("run") as run:
        run.log(30, spaces={"hidden": np.ones((2, 8), np.float32)}, ids=["item-000", "item-001"])
    library = Library(store)
    client = Client(library)
    ids = client.json("/api/runs/run/ids")["ids"]
    row = next(i for i, item in enumerate(ids) if item == "item-044")

    answer = client.json(asked(row, other_step=30))

    assert len(answer["neighbors"]) == 10
    assert "neighbors" not in answer["other"]
    assert "Item 'item-044' has no vector in 'hidden' at step 30" in answer["other"]["reason"]
    library.close()


def test_what_would_be_slow_is_offered_and_not_done(client, monkeypatch):
    monkeypatch.setattr(_nearby, "QUICK_SECONDS", 0.0)

    answer = client.json(asked(3))

    assert "neighbors" not in answer
    assert answer["exact_seconds"] >= 0
    assert answer["graph_seconds"] > 0
    assert client.json("/api/jobs") == []


def test_whoever_asks_for_the_slow_search_gets_it(client, monkeypatch):
    quick = client.json(asked(3))
    monkeypatch.setattr(_nearby, "QUICK_SECONDS", 0.0)

    assert client.json(asked(3, search="exact"))["neighbors"] == quick["neighbors"]


def test_a_graph_made_in_the_background_answers_and_says_how_many_it_finds(client, monkeypatch):
    quick = client.json(asked(3))
    monkeypatch.setattr(_nearby, "QUICK_SECONDS", 0.0)
    wanted = {"space": "hidden", "step": 20, "metric": "euclidean"}

    started = client.post("/api/runs/run/neighbors", wanted).json()
    job = client.finish(started["job"])
    answer = client.json(asked(3))

    assert job.state == "done", job.message
    assert [one["id"] for one in answer["neighbors"]] == [one["id"] for one in quick["neighbors"]]
    assert (answer["method"], answer["recall"]) == ("exact", 1.0)


def test_a_kept_approximate_graph_says_its_measured_recall(client, store, monkeypatch):
    monkeypatch.setattr(_nearby, "QUICK_SECONDS", 0.0)
    run = store.run("run")
    rng = np.random.default_rng(0)
    key = _nearby.keep_graph(run, "hidden", 10)
    kept = run.cache.get(key)
    described = {**kept.description, "method": "approximate", "recall": 0.93}
    run.cache.put(key, described, {name: kept.arrays[name] for name in kept.arrays})
    row = int(rng.integers(60))

    answer = client.json(asked(row, step=10))

    assert (answer["method"], answer["recall"], answer["n_checked"]) == ("approximate", 0.93, 200)


def test_the_vector_asked_for_must_be_finite(client, store):
    X = np.ones((60, 8), dtype=np.float32)
    X[4] = np.nan
    with store.resume("run") as run:
        run.log(40, spaces={"hidden": X})
    ids = client.json("/api/runs/run/ids")["ids"]

    reply = client.get(asked(ids.index("item-004"), step=40))

    assert reply.status == 400
    assert "not finite, so nothing is near it" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"space": "nope"}, 404),
        ({"step": 7}, 404),
        ({"row": 60}, 400),
        ({"metric": "chebyshev"}, 400),
        ({"n": 0}, 400),
        ({"n": 101}, 400),
        ({"search": "fast"}, 400),
    ],
)
def test_a_bad_question_is_refused(client, more, status):
    assert client.get(asked(**({"row": 3} | more))).status == status


def test_a_server_that_only_reads_starts_no_search(store):
    library = Library(store, read_only=True)
    client = Client(library)

    assert client.json(asked(3, step=STEPS[0]))["method"] == "exact"
    assert client.post("/api/runs/run/neighbors", {"space": "hidden", "step": 0}).status == 403
    library.close()
