"""Crowds by name over the wire, the same that Python gives, and names that readers give."""

import numpy as np
import pytest

import driftglass as dg
from driftglass.server._library import Library

from .conftest import Client


@pytest.fixture
def kinds(tmp_path):
    """A run whose three kinds lie apart at step 20."""
    rng = np.random.default_rng(0)
    kind = np.arange(150) % 3
    X = rng.normal(size=(150, 8)) + 14 * np.eye(3, 8)[kind]
    names = np.array(["cat", "dog", "owl"])[kind]
    with dg.open(tmp_path).create(
        "run", ids=[f"i{n}" for n in range(150)], metadata={"kind": names.tolist()}
    ) as run:
        run.log(0, spaces={"hidden": rng.normal(size=(150, 8)).astype(np.float32)})
        run.log(20, spaces={"hidden": X.astype(np.float32)})
    library = Library(dg.open(tmp_path))
    yield Client(library)
    library.close()


def test_crowds_and_names_are_those_that_python_gives(kinds):
    key = kinds.project()["key"]
    frame = kinds.frame(f"/api/runs/run/clusters?projection={key}&step=20")

    labels = dg.label_clusters(kinds.library.run("run"), "hidden", step=20, basis="all")
    assert [one["name"] for one in frame.meta["clusters"]] == labels.names
    assert sorted(labels.names) == ["cat", "dog", "owl"]
    ids = kinds.json("/api/runs/run/ids")["ids"]
    by_id = dict(zip(labels.ids.tolist(), labels.codes.tolist(), strict=True))
    assert frame.arrays["codes"].tolist() == [by_id[item] for item in ids]
    word = frame.meta["clusters"][0]["words"][0]
    assert (word["source"], word["share"], word["elsewhere"]) == ("kind", 1.0, 0.0)


def test_a_name_given_on_the_page_is_kept_and_read_from_python(kinds):
    key = kinds.project()["key"]
    number = dg.label_clusters(
        kinds.library.run("run"), "hidden", step=20, basis="all"
    ).names.index("dog")
    body = {"projection": key, "step": 20, "names": {str(number): "hounds"}}

    answer = kinds.post("/api/runs/run/clusters", body).json()

    assert answer["clusters"][number]["name"] == "hounds"
    assert answer["clusters"][number]["automatic"] == "dog"
    run = dg.open(kinds.library.store.path).run("run")
    read = dg.label_clusters(run, "hidden", step=20, basis="all")
    assert read.names[number] == "hounds"
    assert dg.label_clusters(run, "hidden", step=20, basis="all", names={}).names[number] == "dog"
    again = kinds.post("/api/runs/run/clusters", {**body, "names": {str(number): ""}}).json()
    assert again["clusters"][number]["name"] == "dog"


def test_names_overridden_in_python_stay_there(kinds):
    run = kinds.library.run("run")

    labels = dg.label_clusters(run, "hidden", step=20, names={0: "mine"})

    assert labels.names[0] == "mine"
    assert labels.rename({1: "other"}).names[:2] == ["mine", "other"]
    assert dg.label_clusters(run, "hidden", step=20).names[0] != "mine"


def test_predicted_classes_name_crowds_where_metadata_does_not(tmp_path):
    rng = np.random.default_rng(0)
    kind = np.arange(120) % 2
    X = rng.normal(size=(120, 4)) + 20 * kind[:, None]
    with dg.open(tmp_path).create("run", ids=np.arange(120), classes=["left", "right"]) as run:
        run.log(5, spaces={"h": X.astype(np.float32)}, predictions=np.eye(2)[kind])

    labels = dg.label_clusters(dg.open(tmp_path).run("run"))

    assert sorted(labels.names) == ["left", "right"]
    assert labels.groups[0].words[0].source == "predicted"


@pytest.mark.parametrize(
    ("names", "status"),
    [({"99": "x"}, 404), ({"-1": "x"}, 400), ({"0": 3}, 400), ("x", 400), ({"0": "x" * 201}, 400)],
)
def test_a_bad_name_is_refused(kinds, names, status):
    key = kinds.project()["key"]
    body = {"projection": key, "step": 20, "names": names}

    assert kinds.post("/api/runs/run/clusters", body).status == status


@pytest.mark.parametrize("query", ["projection=nope&step=20", "projection={key}&step=7"])
def test_what_is_not_there_is_said(kinds, query):
    key = kinds.project()["key"]

    assert kinds.get("/api/runs/run/clusters?" + query.format(key=key)).status == 404
