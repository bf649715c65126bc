import json
import time
from urllib.parse import quote

import numpy as np
import pytest

import driftglass as dg
from driftglass.projections._registry import ESTIMATORS, SEQUENCES, made, methods, sequence_method
from driftglass.server._methods import AS_LOGGED, METHODS

from .conftest import fill

PAGE = "/api/runs/run/projection"


def ask(client, **request):
    """How a projection stands; parameters go as JSON text."""
    if "parameters" in request:
        request["parameters"] = quote(json.dumps(request["parameters"]))
    query = "&".join(f"{name}={value}" for name, value in {"space": "hidden", **request}.items())
    return client.get(f"{PAGE}?{query}")


def start(client, **request):
    return client.post(PAGE, {"space": "hidden", "n_components": 2, **request}).json()


def make(client, **request):
    """Make a projection and return how it stands."""
    job = client.finish(start(client, **request)["job"])
    assert job.state == "done", job.message
    return ask(client, **request).json()


def wait_for(test, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not test() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert test()


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_what_a_form_offers_is_what_the_method_takes(method):
    if method.needs:
        pytest.importorskip(method.needs)
    if method.name in SEQUENCES:
        taken = dict(sequence_method(method.name, {}).parameters)
        taken.setdefault("estimator", "tsne")
    elif method.name in ESTIMATORS:
        taken = made(method.name, {}, 2, 0).get_params()
    else:
        taken = {}

    for setting in method.settings:
        assert taken[setting.name] == setting.default
        assert setting.checked(setting.default) == setting.default


def test_every_method_that_is_offered_exists(client):
    listed = client.json("/api/methods")

    names = {method["name"] for method in listed} - {AS_LOGGED}
    assert names <= set(methods())
    assert {"pca", "umap", "tsne", "pacmap", "axes", "refine", "glassbox"} <= names
    assert all(method["missing"] is None for method in listed if not method["needs"])


def test_settings_that_equal_their_defaults_mean_the_same_map(client, store):
    kept = dg.project(store.run("run"), "hidden", method="mds")

    bare = ask(client, method="mds").json()
    spelt = ask(client, method="mds", parameters={"max_iter": 300, "metric": "euclidean"}).json()

    assert (bare["status"], spelt["status"]) == ("ready", "ready")
    assert bare["key"] == spelt["key"]
    assert bare["steps"] == kept.steps
    assert bare["label"] == "MDS · 2D · basis: all 3 steps · seed 0"


def test_another_setting_or_seed_is_another_map(client):
    first = make(client, method="umap", parameters={"n_neighbors": 5})
    second = make(client, method="umap", parameters={"n_neighbors": 5}, random_state=1)

    assert first["key"] != second["key"]
    assert first["label"] == "UMAP · 2D · neighbours 5 · basis: all 3 steps · seed 0"
    assert second["label"].endswith("seed 1")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"method": "umpa"}, "Did you mean 'umap'"),
        ({"method": "umap", "parameters": {"n_neighbors": 1}}, "from 2 to 500"),
        ({"method": "umap", "parameters": {"n_neighbors": 2.5}}, "whole number"),
        ({"method": "umap", "parameters": {"n_neighbors": True}}, "whole number"),
        ({"method": "umap", "parameters": {"min_dist": 1.5}}, "from 0 to 0.99"),
        ({"method": "umap", "parameters": {"metric": "hamming"}}, "one of euclidean"),
        ({"method": "umap", "parameters": {"densmap": 1}}, "true or false"),
        ({"method": "umap", "parameters": {"callback": "os.system"}}, "setting of umap"),
        ({"method": "pca", "parameters": {"prepare": "wash"}}, "none, sphereize"),
        ({"method": "pca", "parameters": {"supervised_by": "label"}}, "takes no labels"),
        ({"method": "umap", "parameters": {"supervised_by": "wieght"}}, "weight"),
        ({"method": "umap", "parameters": {"supervised_by": "weight"}}, "column of categories"),
        ({"method": "tsne", "parameters": {"basis": "last"}}, "looks at every snapshot"),
        ({"method": "axes"}, "one to three pairs of groups"),
        ({"method": "axes", "parameters": {"axes": [{"from": {"ids": []}, "to": {}}]}}, "ids"),
        ({"method": "as_logged"}, "8 features"),
    ],
)
def test_a_map_that_cannot_be_made_is_refused_with_the_reason(client, request_, said):
    reply = client.post(PAGE, {"space": "hidden", "n_components": 2, **request_})

    assert reply.status in (400, 404)
    assert said in reply.json()["error"]["message"]


@pytest.mark.parametrize("text", ["{", "[1]", "7", "[" * 5000])
def test_parameters_that_are_no_object_are_refused(client, text):
    reply = client.get(f"{PAGE}?space=hidden&parameters={quote(text)}")

    assert reply.status == 400
    assert "parameters" in reply.json()["error"]["message"]


def test_sphereized_rows_lie_on_a_sphere_before_they_are_projected(client):
    ready = make(client, n_components=3, parameters={"prepare": "sphereize"})

    frame = client.frame(f"/api/runs/run/frames?projection={ready['key']}&step=20")
    lengths = np.linalg.norm(frame.arrays["coordinates"], axis=1)
    assert "sphereized" in ready["label"]
    assert lengths.max() <= 1.5
    assert lengths.max() > 0.5


def test_a_supervised_map_brings_rows_of_one_label_together(client):
    parameters = {"supervised_by": "label", "basis": "first"}
    supervised = make(client, method="umap", parameters=parameters)
    plain = make(client, method="umap", parameters={"basis": "first"})

    column = client.frame("/api/runs/run/columns?name=label").arrays["codes"]

    def purity(key):
        Y = client.frame(f"/api/runs/run/frames?projection={key}&step=0").arrays["coordinates"]
        distances = np.linalg.norm(Y[:, None] - Y[None], axis=2)
        np.fill_diagonal(distances, np.inf)
        return (column[distances.argmin(axis=1)] == column).mean()

    assert "supervised by label" in supervised["label"]
    assert purity(supervised["key"]) > purity(plain["key"]) + 0.2


def test_an_axis_runs_from_one_group_to_the_other(client):
    axes = [
        {"from": {"column": "label", "value": "cat"}, "to": {"column": "label", "value": "dog"}},
        {"from": {"ids": ["item-001", "item-004"]}, "to": {"column": "story", "text": "TIME, 7."}},
    ]
    ready = make(client, method="axes", parameters={"axes": axes, "basis": "last"})

    frame = client.frame(f"/api/runs/run/frames?projection={ready['key']}&step=20")
    place = dict(
        zip(client.json("/api/runs/run/ids")["ids"], frame.arrays["coordinates"], strict=True)
    )
    cats = [place[f"item-{number:03d}"][0] for number in range(3, 60, 3)]
    dogs = [place[f"item-{number:03d}"][0] for number in range(1, 60, 3)]
    assert np.mean(cats) == pytest.approx(0.0, abs=1e-5)
    assert np.mean(dogs) == pytest.approx(1.0, abs=1e-5)
    assert place["item-007"][1] == pytest.approx(1.0, abs=1e-5)
    assert "cat → dog · 2 chosen → “TIME, 7.”" in ready["label"]


def test_an_axis_with_an_empty_end_fails_with_the_reason(client):
    axes = [{"from": {"column": "story", "text": "zebra"}, "to": {"ids": ["item-001"]}}]

    job = client.finish(start(client, method="axes", parameters={"axes": axes})["job"])

    assert job.state == "failed"
    assert "No item is in the group “zebra”" in job.message


def test_vectors_that_are_coordinates_are_shown_as_they_are(client, store):
    rng = np.random.default_rng(0)
    places = {2: rng.normal(5, 3, size=(60, 2)), 3: rng.normal(size=(60, 3))}
    for width, X in places.items():
        run = store.create(f"plain{width}", ids=np.arange(60))
        with run:
            run.log(0, spaces={"places": X.astype(np.float32)})

    for width, X in places.items():
        body = {"space": "places", "n_components": width}
        client.finish(client.post(f"/api/runs/plain{width}/projection", body).json()["job"])
        ready = client.json(f"/api/runs/plain{width}/projection?space=places&n_components={width}")
        target = f"/api/runs/plain{width}/frames?projection={ready['key']}&step=0"
        shown = client.frame(target).arrays["coordinates"]
        ids = client.json(f"/api/runs/plain{width}/ids")["ids"]

        assert ready["label"] == f"As logged · {width}D · nothing fitted"
        np.testing.assert_array_equal(shown, X.astype(np.float32)[ids])


def test_the_2d_fit_of_three_features_drops_none(client, store):
    X = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 5.0, 20.0]
    with store.create("plain", ids=np.arange(60)) as run:
        run.log(0, spaces={"places": X.astype(np.float32)})

    flat = client.json("/api/runs/plain/projection?space=places&n_components=2")

    assert flat["label"].startswith("PCA · 2D")


def test_kept_projections_are_listed_with_how_to_ask_for_them(client, store):
    run = store.run("run")
    dg.project(run, "hidden", method="pacmap", n_neighbors=5, random_state=3)
    dg.project(run, "hidden", method="mds", steps=[20])

    listed = client.json("/api/runs/run/projections")

    by_method = {entry["method"]: entry for entry in listed}
    assert [entry["made"] for entry in listed] == sorted((e["made"] for e in listed), reverse=True)
    assert by_method["pca"]["recipe"] == {"method": "pca", "parameters": {}, "random_state": 0}
    assert by_method["pacmap"]["recipe"] == {
        "method": "pacmap",
        "parameters": {"n_neighbors": 5},
        "random_state": 3,
    }
    assert by_method["mds"]["recipe"] is None
    shown = client.json(f"{PAGE}?space=hidden&key={by_method['mds']['key']}")
    assert (shown["status"], shown["steps"]) == ("ready", [20])
    assert shown["label"] == by_method["mds"]["label"]


def test_a_recipe_of_the_list_finds_its_projection(client):
    axes = [
        {"from": {"column": "label", "value": "cat"}, "to": {"column": "label", "value": "owl"}}
    ]
    make(client, method="axes", parameters={"axes": axes, "prepare": "sphereize"})

    for entry in client.json("/api/runs/run/projections?space=hidden"):
        found = ask(client, n_components=entry["n_components"], **entry["recipe"]).json()

        assert found["key"] == entry["key"]
    assert client.json("/api/runs/run/projections?space=other") == []


def slow(client, **request):
    """Start a map that takes long enough to be looked at."""
    parameters = {"n_iter": 5000, "perplexity": 5.0}
    return start(client, method="tsne", parameters=parameters, **request)["job"]


def test_a_map_can_be_seen_while_it_is_made(client):
    identity = slow(client)
    job = client.library.jobs.get(identity)
    wait_for(lambda: job.preview is not None)

    client.post(f"/api/jobs/{identity}/pause")
    told = client.json(f"/api/jobs/{identity}")
    parameters = {"n_iter": 5000, "perplexity": 5.0}
    described = ask(client, method="tsne", parameters=parameters).json()
    (step,) = told["preview"]["steps"]
    seen = client.frame(f"/api/runs/run/frames?projection={told['preview']['key']}&step={step}")

    assert told["paused"]
    assert described["status"] == "running"
    assert described["preview"]["steps"] == [step]
    assert seen.arrays["coordinates"].shape == (60, 2)
    assert np.isfinite(seen.arrays["coordinates"]).all()
    assert (seen.arrays["trust"] == 255).all()
    client.post(f"/api/jobs/{identity}/cancel")
    client.finish(identity)
    assert (
        client.get(f"/api/runs/run/frames?projection={told['preview']['key']}&step={step}").status
        == 404
    )


def test_a_paused_job_stands_still_until_it_is_resumed(client):
    identity = slow(client)
    job = client.library.jobs.get(identity)
    wait_for(lambda: job.progress)
    client.post(f"/api/jobs/{identity}/pause")
    time.sleep(0.3)  # what it was saying when the order came
    before = job.progress

    time.sleep(0.5)

    assert (job.progress, job.state, job.paused) == (before, "running", True)
    client.post(f"/api/jobs/{identity}/resume")
    wait_for(lambda: job.finished or job.progress > before)
    assert not job.paused
    client.post(f"/api/jobs/{identity}/cancel")


def test_what_is_kept_halfway_says_so_and_can_be_finished_later(client):
    parameters = {"n_iter": 5000, "perplexity": 5.0}
    identity = slow(client)
    job = client.library.jobs.get(identity)
    wait_for(lambda: job.preview is not None)

    client.post(f"/api/jobs/{identity}/keep")
    assert client.finish(identity).state == "done", job.message
    kept = ask(client, method="tsne", parameters=parameters).json()
    again = start(client, method="tsne", parameters=parameters, refresh=True)["job"]
    client.finish(again)
    whole = ask(client, method="tsne", parameters=parameters).json()

    assert kept["status"] == "ready"
    assert kept["stopped"].endswith("%")
    assert f"stopped at {kept['stopped']}" in kept["label"]
    assert kept["steps"] == [0, 10, 20]
    assert all(frame["trustworthiness"] is not None for frame in kept["frames"])
    assert (whole["status"], whole["stopped"]) == ("ready", None)
    assert whole["key"] != kept["key"]


def test_an_order_that_comes_too_late_is_none(client):
    ready = start(client, method="random")["job"]
    client.finish(ready)

    told = client.post(f"/api/jobs/{ready}/pause").json()

    assert (told["state"], told["paused"]) == ("done", False)


def test_a_preview_of_another_run_is_not_shown(client, store):
    fill(store, "other")
    identity = slow(client)
    job = client.library.jobs.get(identity)
    wait_for(lambda: job.preview is not None)
    key, step = f"job-{identity}-1", job.preview["steps"][0]

    reply = client.get(f"/api/runs/other/frames?projection={key}&step={step}")

    assert reply.status == 404
    client.post(f"/api/jobs/{identity}/cancel")


def test_more_rows_and_more_rounds_are_said_to_take_longer(client):
    def seconds(**parameters):
        return ask(client, method="tsne", parameters=parameters).json()["estimate_seconds"]

    slow = ask(client, method="phate").json()["estimate_seconds"]

    assert seconds() == seconds(n_iter=100) < seconds(n_iter=5000)
    assert slow > seconds()
