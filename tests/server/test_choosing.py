import base64
import json

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import InvalidInputError, NotFoundError, StoreError
from driftglass.server._library import Library

from .asgi import BEARER
from .conftest import Client, fill


def bits_of(client, wanted, run="run"):
    ids = client.json(f"/api/runs/{run}/ids")["ids"]
    rows = np.array([item in wanted for item in ids])
    return base64.b64encode(np.packbits(rows, bitorder="little").tobytes()).decode()


def body(client, wanted, run="run", **more):
    order = client.json(f"/api/runs/{run}")["order"]
    return {"order": order, "bits": bits_of(client, wanted, run), **more}


def ids_of(client, target):
    frame = client.frame(target)
    ids = np.array(client.json("/api/runs/run/ids")["ids"])
    rows = np.unpackbits(frame.arrays["bits"], count=len(ids), bitorder="little").astype(bool)
    return sorted(ids[rows].tolist())


def test_a_selection_saved_on_the_page_is_read_in_python_by_id(client, store):
    wanted = ["item-003", "item-041"]
    reply = client.post("/api/runs/run/selections", body(client, wanted, name="hård → 猫"))

    assert reply.status == 200, reply.body
    assert [one["name"] for one in reply.json()] == ["hård → 猫"]
    run = dg.open(store.path).run("run")
    assert run.selections["hård → 猫"].tolist() == wanted
    assert list(run.selections) == ["hård → 猫"]


def test_a_selection_saved_in_python_is_read_on_the_page_by_row(client, store):
    store.run("run").selections.save("worst", ["item-059", "item-000"])

    listed = client.json("/api/runs/run/selections")

    assert [(one["name"], one["count"]) for one in listed] == [("worst", 2)]
    assert ids_of(client, "/api/runs/run/selections/rows?name=worst") == ["item-000", "item-059"]


def test_selections_are_listed_by_age_and_a_saved_again_one_keeps_its_place(store):
    selections = store.run("run").selections
    selections.save("b", ["item-001"])
    selections.save("a", ["item-002"])
    selections.save("b", ["item-003", "item-003"])

    assert list(selections) == ["b", "a"]
    assert selections["b"].tolist() == ["item-003"]
    selections.delete("b")
    assert list(selections) == ["a"]
    with pytest.raises(NotFoundError, match="No selection"):
        selections["b"]
    with pytest.raises(NotFoundError):
        selections.delete("b")


@pytest.mark.parametrize(
    ("name", "ids", "said"),
    [
        ("x", ["nobody"], "not in the run"),
        ("", ["item-001"], "1 to 200"),
        ("y" * 300, ["item-001"], "1 to 200"),
        (7, ["item-001"], "names are text"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(store, name, ids, said):
    with pytest.raises(InvalidInputError, match=said):
        store.run("run").selections.save(name, ids)


def test_cleaning_up_leaves_selections_alone(store):
    run = store.run("run")
    run.selections.save("kept", ["item-001"])

    run.gc(grace=0)

    assert run.selections["kept"].tolist() == ["item-001"]
    assert run.verify().problems == ()


def test_a_damaged_selection_is_as_if_it_were_not_there(store):
    run = store.run("run")
    run.selections.save("kept", ["item-001"])
    (path,) = (run.path / "selections").glob("*/result.json")
    path.write_text(path.read_text().replace("kept", "bent"))

    assert list(dg.open(store.path).run("run").selections) == []


def test_a_store_opened_for_reading_keeps_no_selection(store):
    run = dg.open(store.path, read_only=True).run("run")

    with pytest.raises(StoreError, match="for reading"):
        run.selections.save("x", ["item-001"])


def test_a_read_only_server_keeps_no_selection(store):
    library = Library(store, read_only=True)
    client = Client(library)

    reply = client.post("/api/runs/run/selections", body(client, ["item-001"], name="x"))

    assert reply.status == 403
    library.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"order": "0" * 32}, "Choose them again"),
        ({"bits": "!!"}, "base64"),
        ({"bits": ""}, "8 are expected"),
        ({"bits": None}, "base64"),
        ({"name": None}, "name"),
    ],
)
def test_rows_that_cannot_be_are_refused(client, change, said):
    value = {**body(client, ["item-001"], name="x"), **change}

    reply = client.post("/api/runs/run/selections", value)

    assert reply.status == 400
    assert said in reply.json()["error"]["message"]


def test_a_deleted_selection_is_gone_for_both(client, store):
    store.run("run").selections.save("gone", ["item-001"])

    left = client.post("/api/runs/run/selections/delete", {"name": "gone"})

    assert left.json() == []
    assert "gone" not in store.run("run").selections
    assert client.get("/api/runs/run/selections/rows?name=gone").status == 404


def test_python_asks_what_is_selected_on_the_page_and_selects_there(store):
    with dg.server.start(store, port=0) as serving:
        client = Client(serving._library)
        assert serving.selection.tolist() == []

        client.post("/api/runs/run/selected", body(client, ["item-007"]))
        seen = serving.selection.tolist()
        serving.select(["item-001", "item-002"])

        assert seen == ["item-007"]
        assert serving.selection.tolist() == ["item-001", "item-002"]
        frame = client.frame("/api/runs/run/selected")
        assert (frame.meta["version"], frame.meta["count"]) == (1, 2)
        serving.select([])
        assert client.frame("/api/runs/run/selected").meta["count"] == 0
        with pytest.raises(InvalidInputError, match="'nobody'"):
            serving.select(["nobody"])


def test_with_several_runs_python_says_which(store):
    fill(store, "other", steps=(0,))
    with dg.server.start(store, port=0) as serving:
        with pytest.raises(InvalidInputError, match="Say which with run="):
            serving.select(["item-001"])
        serving.select(["item-001"], run="other")

        assert serving.selected("other").tolist() == ["item-001"]
        assert serving.selected("run").tolist() == []


def test_a_page_served_by_another_process_cannot_be_asked(store):
    with (
        dg.server.start(store, port=0),
        dg.server.start(store) as second,
        pytest.raises(StoreError, match=r"run\.selections"),
    ):
        second.select(["item-001"])


def test_a_viewer_without_the_token_learns_nothing(client):
    assert BEARER[1] != "Bearer x"
    from .asgi import HOST, ask

    for target in ("selections", "selected", "where?condition=seen", "search?text=a"):
        assert ask(client.app, "GET", f"/api/runs/run/{target}", [HOST]).status == 401
    assert json.dumps(client.json("/api/runs/run/selections")) == "[]"
