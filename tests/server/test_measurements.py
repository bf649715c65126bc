import itertools
import json

import numpy as np
import pytest

import driftglass as dg
from driftglass._measure import MeasureRequest, measure
from driftglass.diagnostics import cka_map, point_errors, sequence_scores
from driftglass.server._library import Library

from .conftest import N_ITEMS, STEPS, Client

OF_A_MAP = ("motion", "errors", "noise", "stability")
OF_A_STEP = ("errors", "noise", "stability")


@pytest.fixture
def projection(client):
    return client.json("/api/runs/run/projection?space=hidden&n_components=2")["key"]


def asked(kind, projection, step=20):
    parameters = {"kind": kind, "space": "hidden"}
    if kind in OF_A_MAP:
        parameters["projection"] = projection
    if kind in OF_A_STEP:
        parameters["step"] = step
    return parameters


def key_of(run, method):
    kept = {key: run.cache.get(key).description for key in run.cache.keys()}  # noqa: SIM118
    made = (key for key, said in kept.items() if said.get("kind") == "projection")
    return next(key for key in made if kept[key]["provenance"]["method"] == method)


def look(client, parameters):
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return client.json(f"/api/runs/run/measurement?{query}")


def keep(store, parameters):
    """Measure here instead of in a child process, which takes a second to start."""
    return measure(store.run("run"), MeasureRequest(**parameters))


@pytest.mark.parametrize("kind", ["tracks", "similarity", *OF_A_MAP])
def test_nothing_is_measured_by_looking(client, projection, kind):
    looked = look(client, asked(kind, projection))

    assert (looked["status"], looked["key"], looked["job"]) == ("absent", None, None)
    assert 0 < looked["estimate_seconds"] < 5
    assert client.json("/api/jobs") == []


def test_a_measurement_is_made_in_a_job_and_kept(client, store, projection):
    parameters = asked("motion", projection)
    started = client.post("/api/runs/run/measurement", parameters).json()
    job = client.finish(started["job"])
    ready = look(client, parameters)

    assert started["status"] == "running"
    assert job.state == "done", job.message
    assert ready["status"] == "ready"
    assert ready["key"] == job.result
    assert client.post("/api/runs/run/measurement", parameters).json()["status"] == "ready"
    assert len(client.json("/api/jobs")) == 1


def test_what_is_quick_may_start_unasked_and_what_is_slow_may_not(client, projection):
    body = {**asked("similarity", projection), "start": "quick"}
    client.library.pace = 1e6
    slow = client.post("/api/runs/run/measurement", body).json()
    client.library.pace = 1.0
    quick = client.post("/api/runs/run/measurement", body).json()

    assert (slow["status"], slow["job"]) == ("absent", None)
    assert slow["estimate_seconds"] > 2
    assert quick["status"] == "running"
    client.finish(quick["job"])


def test_a_read_only_server_measures_nothing(store, projection):
    library = Library(store, read_only=True)
    reply = Client(library).post("/api/runs/run/measurement", asked("tracks", projection))
    library.close()

    assert (reply.status, reply.kind) == (403, "read_only")


def test_tracks_come_with_their_errors_and_the_map_of_cka(client, store, projection):
    key = keep(store, asked("tracks", projection))
    frame = client.frame(f"/api/runs/run/measured?key={key}")
    report = store.run("run").report()

    parts, start = frame.meta["tracks"], 0
    assert {part["name"] for part in parts} == set(report["track"])
    for part in parts:
        stop = start + part["n_values"]
        chosen = (report["track"] == part["name"]) & (report["against"] == part["against"])
        np.testing.assert_array_equal(frame.arrays["values"][start:stop], report["value"][chosen])
        np.testing.assert_array_equal(
            frame.arrays["standard_errors"][start:stop], report["standard_error"][chosen]
        )
        start = stop
    assert frame.arrays["cka_steps"].tolist() == list(STEPS)
    np.testing.assert_allclose(np.diag(frame.arrays["cka"]), 1, rtol=1e-6)


def test_motion_is_that_of_the_diagnostics_point_by_point(client, store, projection):
    key = keep(store, asked("motion", projection))
    series = client.frame(f"/api/runs/run/measured?key={key}")
    points = client.frame(f"/api/runs/run/measured?key={key}&step=10")
    run = store.run("run")
    snapshots = [run.snapshot("hidden", step) for step in STEPS]
    scores = sequence_scores(
        [one.vectors for one in snapshots],
        dg.project(run, "hidden", basis="all"),
        [one.ids for one in snapshots],
    )

    assert series.meta["J"] == scores.J
    assert series.meta["still"] == 0.0
    np.testing.assert_array_equal(series.arrays["false_motion"], scores.false_motion)
    ids = client.json("/api/runs/run/ids")["ids"]
    by_id = dict(zip(scores.anchors[1].tolist(), scores.point_false_motion[1], strict=True))
    found = zip(points.arrays["rows"], points.arrays["point_false_motion"], strict=True)
    for row, value in found:
        assert value == np.float32(by_id[ids[row]])
    assert len(points.arrays["rows"]) == N_ITEMS


def test_blending_is_said_with_the_faithfulness_before_and_after(client, store):
    run = store.run("run")
    small = {"n_iter": 5, "perplexity": 5}
    sequence = dg.project(run, "hidden", method="blended_tsne", update=0.3, **small)
    key = keep(store, asked("motion", key_of(run, "blended_tsne")))

    said = client.frame(f"/api/runs/run/measured?key={key}").meta
    (caution,) = [one for one in said["cautions"] if one["kind"] == "smoothed"]

    snapshots = [run.snapshot("hidden", frame.step) for frame in sequence]
    maps = [np.asarray(frame.coordinates, dtype=np.float64) for frame in sequence]
    alone = [maps[0], *[a + (b - a) / 0.3 for a, b in itertools.pairwise(maps)]]
    before = sequence_scores([one.vectors for one in snapshots], alone).F
    assert caution["value"] == pytest.approx(0.7)
    assert f"F is {said['F']:.3f}, and {before:.3f} without" in caution["text"]


def test_a_perplexity_that_takes_in_most_rows_is_said(client, store):
    run = store.run("run")
    dg.project(run, "hidden", method="independent", settings={"n_iter": 5, "perplexity": 90})
    key = keep(store, asked("errors", key_of(run, "independent")))

    cautions = client.frame(f"/api/runs/run/measured?key={key}").meta["cautions"]
    assert "neighborhood" in [caution["kind"] for caution in cautions]


def test_the_similarity_of_a_selection_is_of_its_rows_and_says_how_many(client, store):
    rows = [1, 4, 6, 8, 11, 20, 33]
    body = {"kind": "similarity", "space": "hidden", "rows": rows}
    started = client.post("/api/runs/run/measurement", body).json()
    client.finish(started["job"])
    key = client.post("/api/runs/run/measurement", body).json()["key"]
    frame = client.frame(f"/api/runs/run/measured?key={key}")
    ids = np.array(client.json("/api/runs/run/ids")["ids"])[rows]
    run = store.run("run")
    expected = cka_map([run.snapshot("hidden", step).select(ids).vectors for step in STEPS])

    assert (frame.meta["n"], frame.meta["n_shared"]) == (7, 7)
    np.testing.assert_allclose(frame.arrays["cka"], expected, atol=1e-6)


def test_too_small_a_selection_says_so(client):
    body = {"kind": "similarity", "space": "hidden", "rows": [1, 2, 3]}
    started = client.post("/api/runs/run/measurement", body).json()
    client.finish(started["job"])
    after = client.post("/api/runs/run/measurement", {**body, "start": "quick"}).json()

    assert "at least 4" in client.library.jobs.get(started["job"]).message
    assert after["status"] == "running"
    client.finish(after["job"])


@pytest.mark.parametrize("rows", [[], [-1], [N_ITEMS], ["1"], [True], "all", {"a": 1}])
def test_rows_that_are_none_are_refused(client, rows):
    body = {"kind": "similarity", "space": "hidden", "rows": rows}

    assert client.post("/api/runs/run/measurement", body).status == 400


def test_errors_of_a_map_are_those_of_the_diagnostics(client, store, projection):
    key = keep(store, asked("errors", projection))
    frame = client.frame(f"/api/runs/run/measured?key={key}")
    run = store.run("run")
    sequence = dg.project(run, "hidden", basis="all")
    X = run.snapshot("hidden", 20).select(sequence[-1].ids).vectors
    errors = point_errors(X, sequence[-1].coordinates)
    ids = client.json("/api/runs/run/ids")["ids"]
    by_id = dict(zip(sequence[-1].ids.tolist(), errors.missing, strict=True))

    for row, value in zip(frame.arrays["rows"], frame.arrays["missing"], strict=True):
        assert value == np.float32(by_id[ids[row]])
    assert frame.meta["n_samples"] == N_ITEMS
    assert 0 < frame.meta["variance_share"] < 1
    assert all(caution["text"] for caution in frame.meta["cautions"])


@pytest.mark.parametrize(("kind", "name"), [("noise", "p_values"), ("stability", "stability")])
def test_points_are_judged_beside_other_maps(client, store, projection, kind, name):
    key = keep(store, asked(kind, projection))
    frame = client.frame(f"/api/runs/run/measured?key={key}")

    assert frame.meta["n_maps"] >= 1
    assert len(frame.arrays[name]) == N_ITEMS
    assert frame.arrays[name].max() <= 1
    assert np.isfinite(frame.arrays[name]).all()


def test_an_older_measurement_is_shown_while_the_run_grows(client, store, projection):
    parameters = asked("tracks", projection)
    key = keep(store, parameters)
    with store.resume("run") as run:
        run.log(30, spaces={"hidden": np.zeros((N_ITEMS, 8), dtype=np.float32)})
    looked = look(client, parameters)

    assert (looked["status"], looked["key"]) == ("stale", key)
    assert looked["estimate_seconds"] > 0


def test_torn_and_false_neighbours_are_those_that_the_errors_count(client, store, projection):
    key = keep(store, asked("errors", projection))
    frame = client.frame(f"/api/runs/run/measured?key={key}")
    for row, torn, false in zip(
        frame.arrays["rows"][:20].tolist(),
        frame.arrays["missing"].tolist(),
        frame.arrays["false"].tolist(),
        strict=False,
    ):
        found = client.json(f"/api/runs/run/torn?projection={projection}&step=20&row={row}")

        assert len(found["torn"]) == round(torn * found["n_neighbors"])
        assert len(found["false"]) == round(false * found["n_neighbors"])
        assert row not in found["torn"] + found["false"]


@pytest.mark.parametrize(
    "target",
    [
        "measurement?kind=magic&space=hidden",
        "measurement?kind=motion&space=hidden",
        "measurement?kind=errors&space=hidden&projection=no-such",
        "measurement?kind=tracks&space=no-such",
        "measured?key=no-such",
        "torn?projection=no-such&step=0&row=0",
    ],
)
def test_what_is_not_there_is_said(client, target):
    reply = client.get(f"/api/runs/run/{target}")

    assert reply.status in (400, 404)
    assert len(reply.json()["error"]["message"]) > 20


def test_a_measurement_that_lies_about_itself_is_refused(client, store, projection):
    run = store.run("run")
    key = keep(store, asked("tracks", projection))
    kept = run.cache.get(key)
    description = json.loads(json.dumps(kept.description))
    description["tracks"][0]["n_values"] += 1
    run.cache.put(key, description, dict(kept.arrays))
    reply = client.get(f"/api/runs/run/measured?key={key}")

    assert reply.kind == "format"
    assert "derived" in reply.json()["error"]["message"]
