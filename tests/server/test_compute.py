import numpy as np
import pytest

import driftglass as dg
from driftglass.server._jobs import Job
from driftglass.server._library import Library

from .conftest import N_ITEMS, STEPS, Client, vectors


def log(store, step, X, ids=None):
    with store.resume("run") as run:
        run.log(step, spaces={"hidden": X}, ids=ids)


def test_nothing_is_computed_by_looking(client):
    looked = client.json("/api/runs/run/projection?space=hidden&n_components=3")

    assert looked["status"] == "absent"
    assert looked["key"] is None
    assert looked["frames"] == []
    assert looked["pending_steps"] == list(STEPS)
    assert 0 < looked["estimate_seconds"] < 2
    assert client.json("/api/jobs") == []


@pytest.mark.parametrize("n_components", [2, 3])
def test_a_projection_is_computed_kept_and_placed_by_id(client, store, n_components):
    ready = client.project(n_components=n_components)
    sequence = dg.project(store.run("run"), "hidden", n_components=n_components, basis="all")
    ids = np.array(client.json("/api/runs/run/ids")["ids"])

    assert ready["status"] == "ready"
    assert ready["steps"] == list(STEPS)
    assert ready["label"] == f"PCA · {n_components}D · basis: all 3 steps · seed 0"
    for step, expected in zip(STEPS, sequence.aligned(ids), strict=True):
        frame = client.frame(f"/api/runs/run/frames?projection={ready['key']}&step={step}")
        np.testing.assert_array_equal(frame.arrays["coordinates"], expected)
        assert frame.meta["n_present"] == N_ITEMS
        assert (frame.arrays["coordinates"] >= np.float32(ready["bounds"]["low"])).all()
        assert (frame.arrays["coordinates"] <= np.float32(ready["bounds"]["high"])).all()


def test_2d_and_3d_are_two_fits(client):
    flat, deep = client.project(n_components=2), client.project(n_components=3)

    assert flat["key"] != deep["key"]
    assert "2D" in flat["label"]
    assert "3D" in deep["label"]


def test_every_frame_says_how_far_it_can_be_trusted(client, store):
    ready = client.project()
    sequence = dg.project(store.run("run"), "hidden", basis="all")
    frame = client.frame(f"/api/runs/run/frames?projection={ready['key']}&step=0")

    info, quality = ready["frames"][0], sequence[0].quality
    assert info["trustworthiness"] == pytest.approx(quality.trustworthiness)
    assert info["n_anchors"] == quality.n_anchors == N_ITEMS
    by_id = dict(zip(quality.ids.tolist(), quality.point_trust.tolist(), strict=True))
    for item, trust in zip(client.json("/api/runs/run/ids")["ids"], frame.arrays["trust"],
                           strict=True):  # fmt: skip
        assert trust / 254 == pytest.approx(by_id[item], abs=0.003)


def test_a_window_of_rows_is_a_window_of_the_whole(client):
    ready = client.project()
    target = f"/api/runs/run/frames?projection={ready['key']}&step=10"
    whole, part = client.frame(target), client.frame(target + "&start=7&stop=20")

    np.testing.assert_array_equal(part.arrays["coordinates"], whole.arrays["coordinates"][7:20])
    assert (part.meta["start"], part.meta["stop"], part.meta["n_present"]) == (7, 20, 13)


def test_a_ready_projection_starts_no_job(client):
    ready = client.project()

    again = client.post("/api/runs/run/projection", {"space": "hidden", "n_components": 2})

    assert again.json() == {"job": None, "key": ready["key"]}


def test_a_second_viewer_joins_the_running_job(client):
    body = {"space": "hidden", "n_components": 3}
    first = client.post("/api/runs/run/projection", body).json()["job"]
    second = client.post("/api/runs/run/projection", body).json()["job"]
    seen = client.json("/api/runs/run/projection?space=hidden&n_components=3")

    assert first == second
    assert (seen["status"], seen["job"]) == ("running", first)
    assert len(client.json("/api/jobs")) == 1
    assert client.finish(first).state == "done"


def test_a_new_snapshot_is_placed_without_moving_the_others(client, store):
    ready = client.project()
    target = "/api/runs/run/frames?projection={}&step=10"
    before = client.frame(target.format(ready["key"])).arrays["coordinates"]
    with store.resume("run") as run:
        run.log(30, spaces={"hidden": vectors(30)})
        run.flush()

        stale = client.json("/api/runs/run/projection?space=hidden")
        grown = client.project()

    assert (stale["status"], stale["pending_steps"]) == ("stale", [30])
    assert stale["key"] == ready["key"]
    assert grown["steps"] == [*STEPS, 30]
    assert grown["fitted_steps"] == list(STEPS)
    assert grown["label"] == "PCA · 2D · basis: 3 of 4 steps (up to step 20) · seed 0"
    after = client.frame(target.format(grown["key"])).arrays["coordinates"]
    np.testing.assert_array_equal(after, before)


def test_the_basis_is_fitted_again_when_the_run_is_over(client, store):
    client.project()
    log(store, 30, vectors(30))

    refitted = client.project()

    assert refitted["fitted_steps"] == [*STEPS, 30]
    assert refitted["label"] == "PCA · 2D · basis: all 4 steps · seed 0"


@pytest.mark.parametrize(
    ("basis", "said"),
    [("first", "first step of 3"), ("last", "last step of 3"), ("2", "one step in 2 of 3")],
)
def test_the_label_says_which_basis_was_asked_for(client, basis, said):
    assert client.project(basis=basis)["label"] == f"PCA · 2D · basis: {said} · seed 0"


def test_rows_that_are_not_finite_are_counted_and_have_no_place(client, store):
    X = vectors(30)
    X[[3, 8]] = np.nan
    log(store, 30, X)
    ready = client.project()

    frame = client.frame(f"/api/runs/run/frames?projection={ready['key']}&step=30")
    ids = np.array(client.json("/api/runs/run/ids")["ids"])
    absent = ids[np.isnan(frame.arrays["coordinates"][:, 0])]

    assert sorted(absent) == ["item-003", "item-008"]
    assert frame.meta["n_present"] == N_ITEMS - 2
    assert ready["frames"][3]["n_excluded"] == 2
    snapshot = client.json("/api/runs/run")["spaces"][0]["snapshots"][3]
    assert snapshot["n_not_finite"] == 2


def test_items_missing_at_a_step_are_absent_and_not_shifted(client, store):
    log(store, 30, vectors(30)[:10], ids=[f"item-{number:03d}" for number in range(10)][::-1])
    ready = client.project()

    frame = client.frame(f"/api/runs/run/frames?projection={ready['key']}&step=30")
    ids = np.array(client.json("/api/runs/run/ids")["ids"])
    present = ids[~np.isnan(frame.arrays["coordinates"][:, 0])]

    assert sorted(present) == [f"item-{number:03d}" for number in range(10)]


def test_a_space_of_one_feature_is_drawn_on_a_line(tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("run") as run:
        run.log(0, spaces={"hidden": np.arange(5.0)[:, None]})
    client = Client(Library(store))
    ready = client.project(n_components=3)

    coordinates = client.frame(f"/api/runs/run/frames?projection={ready['key']}&step=0").arrays[
        "coordinates"
    ]
    client.library.close()

    assert coordinates.shape == (5, 3)
    assert (coordinates[:, 1:] == 0).all()
    assert len(set(coordinates[:, 0].tolist())) == 5


def test_a_space_without_snapshots_says_so(tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("run") as run:
        run.log(0, scalars={"loss": 1.0})
    client = Client(Library(store))

    assert client.get("/api/runs/run/projection?space=hidden").status == 404


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "space=",
        "space=hiden",
        "space=hidden&n_components=4",
        "space=hidden&n_components=1",
        "space=hidden&method=umapp",
        "space=hidden&basis=none",
        "space=hidden&basis=0",
        "space=hidden&random_state=-1",
        "space=" + "x" * 2000,
    ],
)
def test_a_projection_that_cannot_be_is_refused_with_a_reason(client, parameters):
    reply = client.get(f"/api/runs/run/projection?{parameters}")

    assert reply.status in (400, 404)
    assert len(reply.json()["error"]["message"]) > 20


@pytest.mark.parametrize("key", ["", "projection-x", "../run.json", "frame-x", "a" * 3000, "%00"])
def test_a_key_is_looked_up_among_those_that_are_kept(client, key):
    client.project()

    assert client.get(f"/api/runs/run/frames?projection={key}&step=0").status in (400, 404)


def test_the_key_of_a_single_frame_is_no_projection(client, store):
    client.project()
    keys = store.run("run").cache.keys()
    key = next(key for key in keys if key.startswith("frame-"))

    assert client.get(f"/api/runs/run/frames?projection={key}&step=0").status == 404


def test_a_step_without_a_frame_names_those_with(client):
    ready = client.project()
    reply = client.get(f"/api/runs/run/frames?projection={ready['key']}&step=11")

    assert reply.status == 404
    assert "[0, 10, 20]" in reply.json()["error"]["message"]


def test_a_job_can_be_followed_and_cancelled(client, store):
    job = client.post("/api/runs/run/projection", {"space": "hidden", "n_components": 3}).json()[
        "job"
    ]

    cancelled = client.post(f"/api/jobs/{job}/cancel").json()

    assert cancelled["state"] == "cancelled"
    assert client.json(f"/api/jobs/{job}")["state"] == "cancelled"
    seen = client.json("/api/runs/run/projection?space=hidden&n_components=3")
    assert (seen["status"], seen["job"]) == ("absent", None)


def test_a_failed_projection_says_why_and_can_be_tried_again(client, store):
    """The run is moved away after the server has looked at it and before the child does."""
    target = "/api/runs/run/projection?space=hidden&n_components=3"
    body = {"space": "hidden", "n_components": 3}
    client.library.store.run("run").describe("hidden")
    elsewhere = store.path.parent / "elsewhere"
    submit = client.library.jobs.submit

    def submit_and_move(topic, task):
        (store.path / "run").rename(elsewhere)
        return submit(topic, task)

    client.library.jobs.submit = submit_and_move
    job = client.finish(client.post("/api/runs/run/projection", body).json()["job"])
    elsewhere.rename(store.path / "run")
    client.library.jobs.submit = submit

    assert (job.state, job.kind) == ("failed", "not_found")
    seen = client.json(target)
    assert seen["status"] == "failed"
    assert "No run named 'run'" in seen["reason"]
    assert client.project(n_components=3)["status"] == "ready"


@pytest.mark.parametrize(("seconds", "slower"), [(20.5, True), (4.5, False)])
def test_estimates_learn_how_fast_this_machine_is(client, seconds, slower):
    library = client.library
    job = Job(("t",), {"estimate_seconds": 10.0}, state="done", seconds=seconds)

    for _ in range(10):
        library._job_moved(job)

    assert library.estimate(10.0) == pytest.approx(seconds, rel=0.01)
    assert (library.estimate(1.0) > 1.5) is slower
    assert library.estimate(0.0) == 0.0


def test_short_jobs_and_those_that_fail_teach_nothing(client):
    for state, seconds in (("done", 1.0), ("failed", 100.0), ("cancelled", 100.0)):
        client.library._job_moved(
            Job(("t",), {"estimate_seconds": 0.01}, state=state, seconds=seconds)
        )

    assert client.library.pace == 1.0


def test_coordinates_stay_kept_while_the_run_grows(client, store):
    ready = client.project()
    target = f"/api/runs/run/frames?projection={ready['key']}&step=10"
    client.frame(target)
    keys = set(client.library.kept._values)
    with store.resume("run") as run:
        run.log(30, scalars={"loss": 0.1})
    client.frame(target)

    assert set(client.library.kept._values) >= keys
