from __future__ import annotations

import json
import threading

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import InvalidInputError
from driftglass.server._library import Library
from driftglass.server._wire import decode
from driftglass.widget._bridge import Bridge
from driftglass.widget._packets import MAX_PIECE, Incoming, Outgoing, pieces_of

from .pages import Page

N = 600_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("widget") / "runs"
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 2)).astype(np.float32)
    with dg.open(folder).create("run", strict=True) as run:
        run.log(0, {"plane": X})
    return folder


@pytest.fixture
def library(folder):
    library = Library(dg.open(folder))
    yield library
    library.close()


def opened(library, page, **options):
    bridge = Bridge(library, page.sent, **options)
    page.bridge = bridge
    page.say("hello")
    return bridge


@pytest.mark.parametrize("in_threads", [True, False])
def test_a_page_is_answered_as_over_http(library, in_threads):
    page = Page()
    bridge = opened(library, page, in_threads=in_threads)

    status, kind, data = page.ask("/api/runs/run")

    assert page.messages[0]["type"] == "welcome"
    assert (status, kind) == (200, "json")
    assert json.loads(data)["n_items"] == N
    bridge.close()


def test_long_answers_come_in_pieces_of_four_megabytes(library):
    page = Page()
    bridge = opened(library, page)
    bits = np.zeros(N, dtype=bool)
    bits[:7] = True

    status, kind, data = page.ask("/api/runs/run/ids?start=0&stop=100000")
    many = Page("page-2")
    many.bridge = bridge

    assert (status, kind) == (200, "json")
    assert max(page.sizes) <= MAX_PIECE
    assert json.loads(data)["ids"]
    bridge.close()


def test_a_page_that_does_not_acknowledge_is_sent_no_more_than_two_pieces():
    sent = []
    outgoing = Outgoing(pieces_of(bytes(25), 10), lambda number, piece: sent.append(number))

    outgoing.begin()
    first = list(sent)
    ended = outgoing.acknowledged(0)

    assert first == [0, 1]
    assert sent == [0, 1, 2]
    assert not ended
    assert not outgoing.acknowledged(1)
    assert outgoing.acknowledged(2)


def test_a_selection_of_twelve_megabytes_arrives(library):
    page = Page()
    bridge = opened(library, page)
    body = {"ids": list(range(N)), "filling": "x" * 9_000_000}

    status, _, _ = page.ask("/api/runs/run/selected", body=body)

    assert len(json.dumps(body)) > 12_000_000
    assert status == 200
    assert len(library.chosen.seen("run")) == N
    bridge.close()


def test_what_goes_wrong_is_told_in_words(library):
    page = Page()
    bridge = opened(library, page)

    status, kind, data = page.ask("/api/runs/walk")
    nothing = page.ask("/api/nothing")
    stream = page.ask("/api/events")
    method = page.ask("/api/runs/run", body={})

    assert (status, kind) == (404, "json")
    assert "No run named 'walk'" in json.loads(data)["error"]["message"]
    assert [nothing[0], stream[0], method[0]] == [404, 404, 405]
    bridge.close()


def test_a_fault_of_ours_is_told_without_its_insides(library, monkeypatch, caplog):
    page = Page()
    bridge = opened(library, page)
    monkeypatch.setattr(library, "runs", lambda: 1 / 0)

    status, _, data = page.ask("/api/runs")

    assert status == 500
    assert "ZeroDivision" not in data.decode()
    assert "could not be answered" in caplog.text
    bridge.close()


@pytest.mark.parametrize(
    ("message", "buffers"),
    [
        ("text", []),
        ({}, []),
        ({"client": 5, "type": "hello"}, []),
        ({"client": "x" * 500, "type": "hello"}, []),
        ({"client": "p", "type": "ack"}, []),
        ({"client": "p", "type": "ack", "id": 9, "part": 9}, []),
        ({"client": "p", "type": "ask"}, []),
        ({"client": "p", "type": "ask", "id": 1, "parts": 2, "part": 7}, [b"x"]),
        ({"client": "p", "type": "ask", "id": 1, "parts": 10**9, "part": 0}, [b"x"]),
        ({"client": "p", "type": "ask", "id": 1, "parts": 1, "part": 0}, []),
        ({"client": "p", "type": "ask", "id": 2, "parts": 1, "part": 0}, [bytes(MAX_PIECE + 1)]),
        ({"client": "p", "type": "cancel", "id": 77}, []),
        ({"client": "p", "type": "unheard of"}, []),
    ],
)
def test_messages_that_make_no_sense_do_no_harm(library, message, buffers):
    page = Page()
    bridge = opened(library, page)

    bridge.receive(message, buffers)

    assert page.ask("/api/info")[0] == 200
    bridge.close()


def test_more_than_a_body_may_hold_is_refused():
    with pytest.raises(InvalidInputError, match="1 to 3 are taken"):
        Incoming(4, 3 * MAX_PIECE)


def test_news_reaches_every_page(library, folder):
    pages = [Page("one"), Page("two")]
    bridge = Bridge(library, lambda message, buffers: [p.sent(message, buffers) for p in pages])
    for page in pages:
        page.bridge = bridge
        page.say("hello")
    for page in pages:
        page.wait(lambda message: message.get("name") == "run")

    library.news.tell("selected", {"run": "run", "version": 3})

    for page in pages:
        told = page.wait(lambda message: message.get("name") == "selected")
        assert told["value"] == {"run": "run", "version": 3}
    bridge.close()


def test_a_page_that_left_hears_nothing_and_may_come_back(library):
    page = Page()
    bridge = opened(library, page)
    page.wait(lambda message: message.get("name") == "run")

    page.say("bye")
    alone = bridge.n_pages
    page.messages.clear()
    page.say("hello")
    page.wait(lambda message: message.get("name") == "run")

    assert alone == 0
    assert bridge.n_pages == 1
    bridge.close()


def test_a_closed_bridge_leaves_no_thread_behind(folder):
    before = threading.active_count()
    library = Library(dg.open(folder))
    page = Page()
    bridge = opened(library, page)
    page.ask("/api/info")
    page.wait(lambda message: message.get("name") == "run")

    bridge.close()
    library.close()
    for thread in threading.enumerate():
        if thread.name.startswith(("driftglass-widget", "driftglass-answer")):
            thread.join(10)

    assert threading.active_count() <= before + 1


def test_frames_are_the_bytes_that_http_carries(library):
    page = Page()
    bridge = opened(library, page)

    _, kind, data = page.ask("/api/runs/run/selected")

    assert kind == "bytes"
    assert decode(data).meta["count"] == 0
    bridge.close()
