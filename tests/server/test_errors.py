import logging
import time

import pytest

from driftglass import errors
from driftglass.server import _app, _read
from driftglass.server._errors import ReadOnlyError, TooBusyError, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInputError, 400),
        (errors.ShapeError, 400),
        (errors.NotFoundError, 404),
        (ReadOnlyError, 403),
        (TooBusyError, 429),
        (errors.MissingDependencyError, 501),
        (errors.StoreError, 503),
        (errors.FormatError, 500),
        (errors.DamagedError, 500),
        (errors.DriftglassError, 500),
    ],
)
def test_each_error_has_its_status_and_keeps_its_kind_and_words(client, error, status):
    words = "The words <b>as they are</b>."

    def raising():
        raise error(words)

    client.library.runs = raising
    reply = client.get("/api/runs")

    assert status_of(error("")) == status
    assert reply.status == status
    assert reply.json() == {
        "error": {"kind": error.kind, "message": "The words <b>as they are</b>."}
    }
    assert reply.headers["content-type"] == "application/json"


def test_a_fault_of_ours_is_logged_and_not_shown(client, caplog):
    def raising():
        raise RuntimeError("path of something secret")

    client.library.runs = raising
    with caplog.at_level(logging.ERROR, logger="driftglass.server"):
        reply = client.get("/api/runs")

    assert (reply.status, reply.kind) == (500, "internal")
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
    assert "path of something secret" in caplog.text


def test_a_request_that_takes_too_long_is_given_up(client, monkeypatch):
    monkeypatch.setattr(_app, "ANSWER_SECONDS", 0.05)
    client.library.runs = lambda: time.sleep(0.3) or []

    reply = client.get("/api/runs")

    assert (reply.status, reply.kind) == (429, "busy")
    assert "given up" in reply.json()["error"]["message"]


def test_windows_have_an_upper_limit(client, monkeypatch):
    monkeypatch.setattr(_read, "WINDOW", 7)

    assert len(client.json("/api/runs/run/ids?start=3&stop=60")["ids"]) == 7
    assert len(client.json("/api/runs/run/text?name=story")["values"]) == 7
