import time
from urllib.parse import urlencode

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import InvalidInputError
from driftglass.server._finder import Finder
from driftglass.server._library import Library

from .conftest import Client, vectors


def ids_of(client, target, run="run", **query):
    """Ids of the rows that an answer marks, sorted."""
    frame = client.frame(f"/api/runs/{run}/{target}?{urlencode(query)}")
    ids = np.array(client.json(f"/api/runs/{run}/ids")["ids"])
    rows = np.unpackbits(frame.arrays["bits"], count=len(ids), bitorder="little").astype(bool)
    assert frame.meta["count"] == rows.sum()
    return sorted(ids[rows].tolist())


def refused(client, target, **query):
    reply = client.get(f"/api/runs/run/{target}?{urlencode(query)}")
    assert reply.status in (400, 404), reply.body
    return reply.json()["error"]["message"]


def test_a_condition_finds_the_items_that_python_finds(client, store):
    condition = 'label = "cat" and weight > 10 and not tags any ("tame")'

    found = ids_of(client, "where", condition=condition)

    assert found == sorted(store.run("run").metadata.where(condition).tolist())
    assert 0 < len(found) < 60


def test_ids_and_predictions_are_columns_too(client, store):
    run = store.run("run")
    predictions = run.predictions(20)
    expected = [
        item
        for item, code, sure in zip(
            predictions.ids.tolist(), predictions.predicted, predictions.confidence, strict=True
        )
        if code == 1 and sure > 0.5
    ]

    found = ids_of(client, "where", condition='predicted = "dog" and confidence > 0.5', step=20)

    assert found == sorted(expected)
    assert ids_of(client, "where", condition='id = "item-007"') == ["item-007"]
    assert "predicted" in refused(client, "where", condition='predicted = "dog"')


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("", "empty"),
        ("label =", "character 8"),
        ("lable = 1", "Did you mean 'label'"),
        ("x" * 5000, "at most 4000"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(client, condition, said):
    assert said in refused(client, "where", condition=condition)


def test_text_is_found_whatever_its_case_and_form(client, store):
    words = [
        "Straße",
        "STRASSE",
        "e\u0301té",
        "\u00e9t\u00e9",
        "日本語",
        None,
        "😀 grin",
        "\U0001f44d\ud83d",
    ]
    words[-1] = "half"
    with store.create(
        "words", ids=np.arange(8), metadata={"word": words}, kinds={"word": "text"}
    ) as run:
        run.log(0, spaces={"v": np.zeros((8, 4), np.float32)})

    def search(text, **more):
        return ids_of(client, "search", run="words", text=text, **more)

    assert search("strasse") == [0, 1]
    assert search("STRASSE", case=1) == [1]
    assert search("été") == [2, 3]
    assert search("本") == [4]
    assert search("😀") == [6]
    assert search("^.{3}$", mode="regex", column="word") == [2, 3, 4]
    assert search(r"STRA(ß|SS)E", mode="regex", column="word") == [0, 1]
    assert search("7", column="id") == [7]


def test_all_columns_that_hold_text_are_searched_and_named(client):
    frame = client.frame("/api/runs/run/search?text=wild")

    assert frame.meta["columns"] == ["label", "tags", "story", "id"]
    assert ids_of(client, "search", text="wild") == ids_of(
        client, "where", condition='tags any ("wild")'
    )
    assert ids_of(client, "search", text="wild", column="story") == []
    assert ids_of(client, "search", text="^c.t$", mode="regex") == ids_of(
        client, "where", condition='label = "cat"'
    )
    assert ids_of(client, "search", text="time, 7.") == ["item-007"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"text": ""}, "empty"),
        ({"text": "(", "mode": "regex"}, "cannot be read"),
        ({"text": "a" * 600, "mode": "regex"}, "at most 500"),
        ({"text": "a{99999999999}", "mode": "regex"}, "cannot be read"),
        ({"text": "x", "column": "weight"}, "weight > 1"),
        ({"text": "x", "column": "stori"}, "Did you mean 'story'"),
        ({"text": "x", "mode": "fuzzy"}, "one of"),
    ],
)
def test_a_search_that_cannot_be_is_refused(client, query, said):
    assert said in refused(client, "search", **query)


def test_a_pattern_that_never_ends_is_stopped_and_the_next_one_works(client, store):
    with store.create(
        "long", ids=np.arange(3), metadata={"word": ["a" * 60 + "!"] * 3}, kinds={"word": "text"}
    ) as run:
        run.log(0, spaces={"v": np.zeros((3, 4), np.float32)})
    client.library.finder = Finder(seconds=0.5)
    began = time.monotonic()

    reply = client.get("/api/runs/long/search?mode=regex&text=" + "(a%2B)%2B%24")

    assert reply.status == 400
    assert "took longer" in reply.json()["error"]["message"]
    assert time.monotonic() - began < 30
    assert ids_of(client, "search", run="long", text="a+!", mode="regex", column="word") == [
        0,
        1,
        2,
    ]


def finding(store, function):
    library = Library(store, search=function)
    return Client(library), library


@pytest.mark.parametrize(
    ("function", "first"),
    [
        (lambda text: {"item-003": 0.2, text: 0.9}, ["item-011", "item-003"]),
        (lambda text: [text, "item-002"], ["item-011", "item-002"]),
        (lambda text: (["item-004", text], [1.0, 0.5]), ["item-004", "item-011"]),
        (lambda text: [], []),
    ],
)
def test_a_function_may_rank_items(store, function, first):
    client, library = finding(store, function)

    frame = client.frame("/api/runs/run/similar?text=item-011&space=hidden")

    ids = client.json("/api/runs/run/ids")["ids"]
    assert [ids[row] for row in frame.arrays["rows"].tolist()] == first
    assert (np.diff(frame.arrays["scores"]) <= 0).all()
    assert client.json("/api/info")["similar"] is True
    library.close()


def test_a_function_may_give_a_vector_to_look_near(store):
    wanted = vectors(20)[17]
    client, library = finding(store, lambda text: wanted)

    frame = client.frame("/api/runs/run/similar?text=x&space=hidden&step=20&most=5")

    ids = client.json("/api/runs/run/ids")["ids"]
    X = vectors(20).astype(np.float64)
    cosines = X @ wanted / np.linalg.norm(X, axis=1) / np.linalg.norm(wanted)
    expected = np.argsort(-cosines)[:5]
    assert [ids[row] for row in frame.arrays["rows"].tolist()] == [
        f"item-{n:03d}" for n in expected
    ]
    np.testing.assert_allclose(frame.arrays["scores"], np.sort(cosines)[::-1][:5], rtol=1e-5)
    library.close()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda text: 1 / 0, "ZeroDivisionError"),
        (lambda text: np.zeros(8), "points nowhere"),
        (lambda text: np.ones(3), "3 values"),
        (lambda text: ["nobody"], "'nobody'"),
        (lambda text: ["item-001", "item-001"], "twice"),
        (lambda text: None, "NoneType"),
        (lambda text: "item-001", "str"),
    ],
)
def test_a_function_that_gives_nothing_of_use_is_told_so(store, function, said):
    client, library = finding(store, function)

    message = refused(client, "similar", text="x", space="hidden")

    assert said in message
    assert "Traceback" not in message
    library.close()


def test_without_a_function_the_page_is_told_how_to_pass_one(client):
    assert client.json("/api/info")["similar"] is False
    assert "search=" in refused(client, "similar", text="x", space="hidden")


def test_what_is_no_function_is_refused_before_anything_starts(store):
    with pytest.raises(InvalidInputError, match="a function that takes text"):
        dg.server.start(store, search="model")
