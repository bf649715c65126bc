import base64

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import InvalidInputError, NotFoundError
from driftglass.server._library import Library
from driftglass.store._views import PNG

from .conftest import Client
from .test_choosing import body, ids_of

PICTURE = PNG + b"rest of it"
ADDRESS = "run=run&space=hidden&step=2&color=trust"


def test_a_view_kept_on_the_page_is_listed_opened_and_read_in_python(client, store):
    picture = base64.b64encode(PICTURE).decode()
    asked = body(client, ["item-003"], name="odd → 猫", address=ADDRESS, picture=picture)
    reply = client.post("/api/runs/run/views", asked)

    assert reply.status == 200, reply.body
    (view,) = client.json("/api/runs/run/views")
    assert (view["name"], view["address"], view["count"]) == ("odd → 猫", ADDRESS, 1)
    assert ids_of(client, "/api/runs/run/views/rows?name=odd+%E2%86%92+%E7%8C%AB") == ["item-003"]
    seen = client.get("/api/runs/run/views/picture?name=odd+%E2%86%92+%E7%8C%AB")
    assert seen.body == PICTURE
    kept = dg.open(store.path).run("run").views["odd → 猫"]
    assert (kept.address, kept.ids.tolist(), kept.picture) == (ADDRESS, ["item-003"], PICTURE)
    assert client.post("/api/runs/run/views/delete", {"name": "odd → 猫"}).json() == []


def test_views_are_listed_by_age_and_one_kept_again_stays_in_its_place(store):
    views = store.run("run").views
    views.save("b", "x=1")
    views.save("a", "x=2")
    views.save("b", "x=3")

    assert list(views) == ["b", "a"]
    assert len(views) == 2
    assert views["b"].address == "x=3"
    views.delete("b")
    assert "b" not in views
    with pytest.raises(NotFoundError, match="No view"):
        views.delete("b")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "1 to 200"),
        ({"address": ""}, "0 characters"),
        ({"address": "x" * 20_000}, "20000 characters"),
        ({"picture": "????"}, "base64"),
        ({"picture": base64.b64encode(b"<svg onload=alert(1)>").decode()}, "not a PNG"),
        ({"order": "another"}, "have changed"),
    ],
)
def test_a_view_that_cannot_be_is_refused_in_words(client, change, said):
    asked = body(client, [], name="x", address=ADDRESS) | change
    reply = client.post("/api/runs/run/views", asked)

    assert reply.status == 400
    assert said in reply.json()["error"]["message"]


def test_files_of_a_stranger_that_say_no_view_are_passed_over(store):
    run = store.run("run")
    views = run.views
    views.save("good", "x=1")
    views._files.put("strange", {"kind": "view", "name": "good", "made": 1.0, "address": "y"}, {})
    views._files.put("stranger", {"kind": "other"}, {"ids": np.zeros(1)})

    assert [view.address for view in views.all()] == ["x=1"]
    with pytest.raises(InvalidInputError, match="not in the run"):
        views.save("bad", "x=1", ["nobody"])


def test_a_server_that_only_reads_keeps_no_views(store):
    client = Client(Library(store, read_only=True))
    reply = client.post("/api/runs/run/views", body(client, [], name="x", address=ADDRESS))

    assert reply.status == 403
    assert "read-only" in reply.json()["error"]["message"]
