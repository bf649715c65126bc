"""Two runs over the wire: joined by id, compared once and kept, and written as one run."""

from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg
from driftglass._compared import RunPair, combined_name, keep_comparison, kept_comparison
from driftglass.server._library import Library
from driftglass.store import open as open_store

from .conftest import Client

N = 40
PATH = "/api/runs/first/comparison?other=second&space=hidden"
NO_PARTNER = 2**32 - 1


def vectors(seed, step, n=N):
    rng = np.random.default_rng(seed)
    groups = 5 * np.eye(6)[np.arange(n) % 3]
    return (rng.normal(size=(n, 6)) + groups * step / 10).astype(np.float32)


@pytest.fixture
def store(tmp_path):
    """Two runs of mostly the same items in different orders, and one that shares no step."""
    store = dg.open(tmp_path / "runs")
    ids = [f"item-{row:02d}" for row in range(N)]
    for name, own, steps, seed in (
        ("first", ids, (0, 10, 20), 1),
        ("second", [*ids[:4:-1], "only-here"], (10, 20), 2),
        ("late", ids, (30,), 3),
    ):
        labels = [str(int(i.rsplit("-", 1)[1]) % 3) if i[0] == "i" else "0" for i in own]
        with store.create(name, ids=own, metadata={"label": labels}) as run:
            for step in steps:
                X = vectors(seed, step)
                rows = [ids.index(i) if i in ids else 0 for i in own]
                run.log(step, spaces={"hidden": X[rows]})
    return store


@pytest.fixture
def library(store):
    library = Library(store)
    yield library
    library.close()


@pytest.fixture
def client(library):
    return Client(library)


def test_rows_are_joined_by_id_whatever_their_order(client):
    ids = {name: client.json(f"/api/runs/{name}/ids")["ids"] for name in ("first", "second")}
    frame = client.frame("/api/runs/first/pairing?other=second")
    rows = frame.arrays["rows"]

    assert rows.dtype == np.uint32
    assert frame.meta["n_shared"] == N - 5
    for row, there in enumerate(rows.tolist()):
        if there == NO_PARTNER:
            assert ids["first"][row] not in ids["second"]
        else:
            assert ids["second"][there] == ids["first"][row]


def test_nothing_is_compared_until_somebody_asks(client, library):
    answer = client.json(PATH)

    assert (answer["status"], answer["numbers"], answer["job"]) == ("absent", None, None)
    assert answer["estimate_seconds"] > 0
    assert library.jobs.all() == []


def test_numbers_are_those_of_compare_and_are_kept(client, store):
    question = {"other": "second", "space": "hidden"}
    started = client.post("/api/runs/first/comparison", question).json()
    assert client.finish(started["job"]).state == "done"
    answer = client.json(PATH)
    expected = dg.compare(store.run("first"), store.run("second"))

    assert answer["status"] == "ready"
    numbers = answer["numbers"]
    assert numbers["steps"] == [10, 20]
    assert numbers["n_items"] == N - 5
    for name in ("cka", "mutual_knn", "procrustes", "procrustes_null"):
        assert numbers[name] == pytest.approx(getattr(expected, name).tolist()), name
    assert numbers["unrelated"] == expected.unrelated.tolist()
    assert numbers["cka_map"]["steps"] == [[0, 10, 20], [10, 20]]
    assert np.array(numbers["cka_map"]["values"]) == pytest.approx(expected.cka_map)
    again = client.post("/api/runs/first/comparison", question)
    assert again.json() == {"job": None}


def test_one_run_holds_both_with_their_shared_neighbours(client, store):
    pair = RunPair(store.run("first"), store.run("second"), "hidden", "hidden")
    keep_comparison(pair)
    question = {"other": "second", "space": "hidden", "combine": True}
    started = client.post("/api/runs/first/comparison", question).json()
    job = client.finish(started["job"])
    assert job.state == "done", job.message
    name = client.json(PATH)["combined"]
    run = client.json(f"/api/runs/{name}")

    assert name == combined_name(pair) == "first-and-second-hidden"
    assert run["n_items"] == 2 * (N - 5)
    assert {"run", "item", "shared_neighbors"} <= {column["name"] for column in run["columns"]}
    assert client.json(f"/api/runs/{name}/projections?space=hidden")[0]["steps"] == [10, 20]


def test_what_is_kept_of_a_comparison_is_all_of_it(store):
    pair = RunPair(store.run("first"), store.run("second"), "hidden", "hidden")
    keep_comparison(pair)
    reopened = open_store(store.path)
    kept = kept_comparison(
        RunPair(reopened.run("first"), reopened.run("second"), "hidden", "hidden")
    )
    made = dg.compare(store.run("first"), store.run("second"))

    assert kept is not None
    assert kept.ids.tolist() == made.ids.tolist()
    assert kept.shared_neighbors == pytest.approx(made.shared_neighbors)
    assert (kept.runs, kept.spaces, kept.n_probe) == (made.runs, made.spaces, made.n_probe)
    assert [steps.tolist() for steps in kept.map_steps] == [[0, 10, 20], [10, 20]]


def test_a_kept_comparison_is_void_when_a_run_has_grown(store):
    pair = RunPair(store.run("first"), store.run("second"), "hidden", "hidden")
    keep_comparison(pair)
    with store.resume("second") as run:
        run.log(0, spaces={"hidden": vectors(2, 0, n=N - 4)})

    grown = RunPair(store.run("first"), store.run("second"), "hidden", "hidden")
    assert kept_comparison(grown) is None


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("other=none&space=hidden", 404, "No run named 'none'"),
        ("other=second&space=nowhere", 404, "nowhere"),
        ("other=first&space=hidden", 400, "cannot be compared with itself"),
        ("space=hidden", 400, "other"),
    ],
)
def test_bad_questions_are_refused_with_a_reason(client, query, status, words):
    reply = client.get(f"/api/runs/first/comparison?{query}")

    assert reply.status == status
    assert words in reply.json()["error"]["message"]


def test_runs_without_a_common_step_say_so_and_start_nothing(client, library):
    answer = client.json("/api/runs/first/comparison?other=late&space=hidden")
    reply = client.post("/api/runs/first/comparison", {"other": "late", "space": "hidden"})

    assert "no step in common" in answer["reason"]
    assert reply.status == 400
    assert library.jobs.all() == []


def test_a_reader_cannot_start_a_comparison(store):
    library = Library(store, read_only=True)
    reply = Client(library).post(
        "/api/runs/first/comparison", {"other": "second", "space": "hidden"}
    )
    library.close()

    assert reply.status == 403


def test_neighbours_in_another_run_are_told_by_the_rows_of_this_one(client, store):
    ids = client.json("/api/runs/first/ids")["ids"]
    row = ids.index("item-20")
    question = f"space=hidden&step=20&row={row}&n=10&other_run=second"
    answer = client.json(f"/api/runs/first/neighbors?{question}")
    snapshot = store.run("second").snapshot("hidden", 20)
    at = snapshot.ids.tolist().index("item-20")
    distances = np.linalg.norm(snapshot.vectors.astype(float) - snapshot.vectors[at], axis=1)
    distances[at] = np.inf
    nearest = snapshot.ids[np.argsort(distances, kind="stable")[:10]].tolist()

    other = answer["other"]
    assert other["run"] == "second"
    assert [ids[one["row"]] for one in other["neighbors"]] == [i for i in nearest if i in ids]
    assert other["n_elsewhere"] == len([i for i in nearest if i not in ids])
    mine = {one["row"] for one in answer["neighbors"]}
    assert answer["shared"] == sorted(mine & {one["row"] for one in other["neighbors"]})


def test_an_item_that_another_run_lacks_is_an_answer(client):
    ids = client.json("/api/runs/first/ids")["ids"]
    row = ids.index("item-02")
    answer = client.json(
        f"/api/runs/first/neighbors?space=hidden&step=20&row={row}&n=5&other_run=second"
    )

    assert len(answer["neighbors"]) == 5
    assert "has no item 'item-02'" in answer["other"]["reason"]


def test_items_that_changed_their_company_lost_neighbours(tmp_path):
    rng = np.random.default_rng(0)
    X = (
        rng.normal(size=(60, 8)).astype(np.float32)
        + 9 * np.eye(8, dtype=np.float32)[np.arange(60) % 3]
    )
    Y = X @ np.linalg.qr(rng.normal(size=(8, 8)))[0].astype(np.float32)
    movers = np.arange(0, 60, 6)
    Y[movers] = Y[movers + 1]
    Y[3] = np.nan
    store = dg.open(tmp_path / "runs")
    with store.create("run", ids=np.arange(60)) as run:
        run.log(0, spaces={"hidden": X})
        run.log(5, spaces={"hidden": Y})
    client = Client(Library(store))
    ids = np.array(client.json("/api/runs/run/ids")["ids"])
    frame = client.frame("/api/runs/run/moved?space=hidden&from=0&to=5")
    by_id = {name: values[np.argsort(ids)] for name, values in frame.arrays.items()}
    stayed = np.setdiff1d(np.arange(60), [*movers, *(movers + 1), 3])
    client.library.close()

    assert (frame.meta["n"], frame.meta["of"]) == (59, 59)
    assert np.isnan(by_id["turnover"][3])
    for values in by_id.values():
        assert values[movers].mean() > 2 * values[stayed].mean()


@pytest.mark.parametrize(
    ("query", "words"),
    [("from=10&to=10", "to itself"), ("from=0&to=3", "3"), ("from=0", "to")],
)
def test_a_movement_needs_two_steps_that_are_there(client, query, words):
    reply = client.get(f"/api/runs/first/moved?space=hidden&{query}")

    assert reply.status in (400, 404)
    assert words in reply.json()["error"]["message"]
