"""What lies on the map beside its points: lines of the neighbour graph, paths and labels."""

import base64

import numpy as np
import pytest

import driftglass as dg
from driftglass import _nearby
from driftglass.server import _edges

from .conftest import STEPS
from .test_neighbors import nearest_ids

EDGES = "/api/runs/run/edges"
SPACE = {"space": "hidden", "step": 20}


def told(client, target, body, status=200):
    reply = client.post(target, body)
    assert reply.status == status, reply.body
    return reply.json()


@pytest.fixture
def projection(client, store):
    dg.project(store.run("run"), "hidden", basis="all")
    return client.json("/api/runs/run/projection?space=hidden&n_components=2")["key"]


def test_lines_of_a_window_lead_to_the_nearest_by_brute_force(client, store):
    ids = client.json("/api/runs/run/ids")["ids"]

    answer = told(client, EDGES, SPACE | {"n": 5, "start": 0, "stop": 4})

    assert answer["rows"] == [0, 1, 2, 3]
    assert (answer["method"], answer["n_edges"]) == ("exact", 60 * 5)
    for row, near in zip(answer["rows"], answer["neighbors"], strict=True):
        expected, _ = nearest_ids(store.run("run"), 20, ids[row], 5)
        assert [ids[one] for one in near] == expected


def test_lines_of_named_rows_come_in_their_order(client):
    answer = told(client, EDGES, SPACE | {"n": 3, "rows": [40, 7]})

    assert answer["rows"] == [40, 7]
    assert np.shape(answer["neighbors"]) == (2, 3)


def test_one_answer_holds_a_bounded_number_of_lines(client, monkeypatch):
    monkeypatch.setattr(_edges, "MOST_EDGES", 50)

    answer = told(client, EDGES, SPACE | {"n": 10})

    assert answer["rows"] == [0, 1, 2, 3, 4]
    assert answer["n_edges"] == 600


def test_a_graph_that_would_be_slow_is_offered_and_then_read(client, store, monkeypatch):
    monkeypatch.setattr(_edges, "SMALL", 10)

    offered = told(client, EDGES, SPACE | {"n": 4, "rows": [3]})
    _nearby.keep_graph(store.run("run"), "hidden", 20)
    found = told(client, EDGES, SPACE | {"n": 4, "rows": [3]})

    assert "neighbors" not in offered
    assert offered["graph_seconds"] > 0
    assert len(found["neighbors"][0]) == 4


def test_paths_are_the_rows_of_the_frames(client, projection):
    answer = told(
        client,
        "/api/runs/run/paths",
        {"projection": projection, "rows": [5, 9], "steps": list(STEPS)},
    )

    found = np.array(answer["paths"], dtype=float).reshape(2, len(STEPS), 2)
    for s, step in enumerate(STEPS):
        frame = client.frame(f"/api/runs/run/frames?projection={projection}&step={step}")
        whole = frame.arrays["coordinates"]
        np.testing.assert_array_equal(found[:, s].astype(np.float32), whole[[5, 9]])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"rows": [1], "steps": [12345]}, "steps of this map"),
        ({"rows": [1], "steps": []}, "steps of this map"),
        ({"rows": [-1], "steps": [20]}, "whole numbers from 0"),
        ({"rows": list(range(60)) * 9, "steps": [20]}, "at most 512"),
    ],
)
def test_paths_that_make_no_sense_are_refused(client, projection, body, says):
    answer = told(client, "/api/runs/run/paths", {"projection": projection} | body, status=400)

    assert says in str(answer)


def test_labels_are_put_read_and_taken_away_by_row_and_seen_by_python(client, store):
    order = client.json("/api/runs/run")["order"]
    ids = client.json("/api/runs/run/ids")["ids"]
    bits = np.zeros(8, dtype=np.uint8)
    bits[0] = 0b1010
    body = {"name": "two <i>of</i> them", "order": order, "bits": base64.b64encode(bits).decode()}

    kept = told(client, "/api/runs/run/labels", body)
    in_python = store.run("run").labels["two <i>of</i> them"].tolist()
    whole = client.frame("/api/runs/run/labels/rows?name=two%20%3Ci%3Eof%3C/i%3E%20them")
    after = told(client, "/api/runs/run/labels/delete", {"name": body["name"]})

    assert kept["labels"] == [{"name": "two <i>of</i> them", "count": 2, "rows": [1, 3]}]
    assert sorted(in_python) == sorted([ids[1], ids[3]])
    assert whole.arrays["bits"][0] == 0b1010
    assert after["labels"] == []
