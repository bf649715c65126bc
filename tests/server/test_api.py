import dataclasses
from pathlib import Path

import pytest

from driftglass.server._api import REQUESTS, find_request

from .asgi import BEARER, HOST, ask, open_socket

CONCRETE = {"run": "run", "job": "abc"}


def concrete(request):
    return request.path.format(**CONCRETE)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: f"{r.method} {r.path}")
def test_a_request_without_the_token_is_refused_unless_the_table_says_open(client, request_):
    headers = [HOST, ("content-type", "application/json")]

    reply = ask(client.app, request_.method, concrete(request_), headers)

    assert reply.status == (200 if request_.policy == "open" else 401)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: f"{r.method} {r.path}")
def test_a_websocket_is_refused_at_every_address(client, request_):
    for headers in ([HOST], [HOST, BEARER]):
        assert open_socket(client.app, concrete(request_), headers)[0]["type"] == "websocket.close"


def test_only_the_sign_of_life_is_open():
    assert [request.path for request in REQUESTS if request.policy == "open"] == ["/healthz"]


def test_a_request_cannot_be_made_without_a_policy():
    fields = {field.name: field.default for field in dataclasses.fields(REQUESTS[0])}

    assert fields["policy"] is dataclasses.MISSING
    assert {request.policy for request in REQUESTS} <= {"open", "read", "write"}


def test_what_changes_something_is_a_post_with_the_write_policy():
    # These name more rows than an address can hold, and leave everything as it is.
    asking = {f"/api/runs/{{run}}/{what}" for what in ("table", "explanation", "edges", "paths")}
    changing = [one for one in REQUESTS if one.method == "POST" and one.path not in asking]

    assert {request.method for request in REQUESTS if request.policy == "write"} == {"POST"}
    assert {request.policy for request in changing} == {"write"}
    assert {request.policy for request in REQUESTS if request.path in asking} == {"read"}


UNKNOWN = ["/docs", "/openapi.json", "/debug", "/metrics", "/api", "/api/", "/api/runs/"]


@pytest.mark.parametrize("path", ["/", "/index.html", "/nothing", *UNKNOWN])
def test_every_other_address_needs_the_token_too(client, path):
    assert ask(client.app, "GET", path, [HOST]).status == 401


@pytest.mark.parametrize("path", UNKNOWN)
def test_there_are_no_debug_or_documentation_pages(client, path):
    assert client.get(path).status == 404


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: f"{r.method} {r.path}")
def test_every_request_is_in_the_document(request_):
    text = (Path(__file__).parents[2] / "docs" / "wire.md").read_text(encoding="utf-8")

    assert f"`{request_.method} {request_.path}" in text


def test_a_path_is_matched_as_a_whole():
    assert find_request("/api/runs/a")[1] == {"run": "a"}
    for path in ("/api/runs/a/b", "/x/api/runs", "/api/runs\n", "/api/runs/a/columns/"):
        assert find_request(path)[0] == {}


def test_the_wrong_method_is_said_to_be_wrong(client):
    assert client.post("/api/runs", {}).status == 405


def test_a_read_only_server_refuses_every_change(store):
    from driftglass.server._library import Library

    from .conftest import Client

    client = Client(Library(store, read_only=True))

    for request in REQUESTS:
        if request.policy == "write":
            reply = client.post(concrete(request), {"space": "hidden"})
            assert (reply.status, reply.kind) == (403, "read_only")
    assert client.json("/api/info")["read_only"] is True


@pytest.mark.parametrize(
    "body", [b"[]", b"1", b"null", b"{", b'{"space": }', b"\xff", b"[" * 100_000, b"{}{}"]
)
def test_a_body_that_is_no_json_object_is_refused(client, body):
    headers = [HOST, BEARER, ("content-type", "application/json"), ("content-length", "9")]

    reply = ask(client.app, "POST", "/api/runs/run/projection", headers, body)

    assert (reply.status, reply.kind) == (400, "invalid")


@pytest.mark.parametrize("query", ["row=1&row=2", "a=1&b=1&" * 50, "row=%ff"])
def test_a_query_that_cannot_be_read_is_refused(client, query):
    assert client.get(f"/api/runs/run/items?{query}").status == 400


@pytest.mark.parametrize("row", ["-1", "60", "1e3", "1.0", " 1", "1_0", "٣", "", "0x1", "9" * 40])
def test_a_number_must_be_a_plain_whole_number_in_range(client, row):
    from urllib.parse import quote

    reply = client.get(f"/api/runs/run/items?row={quote(row)}")

    assert (reply.status, reply.kind) == (400, "invalid")
    assert "whole number from 0 to 59" in reply.json()["error"]["message"]


def test_a_head_request_is_answered_like_a_get(client):
    assert ask(client.app, "HEAD", "/healthz").status == 200
    assert ask(client.app, "HEAD", "/api/info").status == 401
