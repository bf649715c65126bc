"""What slow, greedy and broken callers can do to a running server: nothing to the others."""

import resource
import socket
import threading
import time
from pathlib import Path

import pytest

from driftglass.server import _http, start

from .test_launch import fetch, token_of


@pytest.fixture
def serving(store):
    with start(store, port=0) as serving:
        yield serving


def talk(port, data, seconds=10, pause=None):
    """Send bytes, one at a time with a pause if wanted; return what comes until the end."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        received = b""
        try:
            for piece in [data] if pause is None else [data[i : i + 1] for i in range(len(data))]:
                connection.sendall(piece)
                time.sleep(pause or 0)
            while chunk := connection.recv(65536):
                received += chunk
        except (ConnectionResetError, BrokenPipeError):
            pass
        return received


def status_of(reply):
    return int(reply.split(b" ")[1]) if reply.startswith(b"HTTP/1.1 ") else None


def test_a_caller_who_dribbles_headers_is_cut_off(store, monkeypatch):
    monkeypatch.setattr(_http, "HEADER_SECONDS", 0.5)
    with start(store, port=0) as serving:
        began = time.monotonic()
        reply = talk(serving.port, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100, pause=0.02)

    assert reply == b""
    assert time.monotonic() - began < 3


def test_a_caller_who_says_nothing_is_cut_off(store, monkeypatch):
    monkeypatch.setattr(_http, "HEADER_SECONDS", 0.3)
    with start(store, port=0) as serving:
        assert talk(serving.port, b"") == b""


def test_a_second_request_on_a_connection_may_not_dribble_either(store, monkeypatch):
    monkeypatch.setattr(_http, "KEEP_ALIVE_SECONDS", 1)
    first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with start(store, port=0) as serving:
        reply = talk(serving.port, first + b"GET / HT")

    assert reply.count(b"HTTP/1.1") == 1


def test_others_are_served_while_somebody_dribbles(serving):
    slow = [socket.create_connection(("127.0.0.1", serving.port)) for _ in range(100)]
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
    began = time.monotonic()

    status = fetch(serving.port, "/healthz")[0]

    for connection in slow:
        connection.close()
    assert status == 200
    assert time.monotonic() - began < 2


def test_more_connections_than_allowed_are_turned_away(store, monkeypatch):
    monkeypatch.setattr(_http, "MAX_CONNECTIONS", 5)
    with start(store, port=0) as serving:
        held = [socket.create_connection(("127.0.0.1", serving.port)) for _ in range(8)]
        for connection in held:
            connection.sendall(b"GET / HTTP/1.1\r\n")
        time.sleep(0.2)
        full = fetch(serving.port, "/healthz")[0]
        for connection in held:
            connection.close()
        time.sleep(0.2)
        after = fetch(serving.port, "/healthz")[0]

    assert (full, after) == (503, 200)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", {400}),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", {400}),
        (b"GET / HTTP/1.0\r\n\r\n", {400}),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", {401, 404}),
        (b"GET //evil.example HTTP/1.1\r\nHost: localhost\r\n\r\n", {401}),
        (b"GET /" + b"a" * 900_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, None}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 900_000 + b"\r\n\r\n", {400, None}),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200_000 + b"\r\n", {400, None}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400, None}),
        (b"\x00" * 1000, {400, None}),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, None}),
    ],
)
def test_a_malformed_request_gets_an_error_and_no_more(serving, request_, expected):
    request_ = request_.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")

    assert status_of(talk(serving.port, request_)) in expected
    assert fetch(serving.port, "/healthz")[0] == 200


def test_two_lengths_do_not_smuggle_a_second_request(serving):
    body = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    reply = talk(
        serving.port,
        b"POST /api/runs/run/projection HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n" + body,
    )

    assert reply.count(b"HTTP/1.1 200") == 0


def test_a_handshake_for_a_websocket_is_refused(serving):
    handshake = (
        b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Bearer " + token_of(serving.url).encode() + b"\r\n"
    )
    for origin in (b"", b"Origin: http://evil.example\r\n", b"Origin: http://localhost\r\n"):
        with socket.create_connection(("127.0.0.1", serving.port), timeout=5) as connection:
            connection.sendall(handshake + origin + b"\r\n")
            reply = connection.recv(65536)
        assert status_of(reply) == 403


@pytest.mark.slow
def test_ten_thousand_requests_leave_memory_and_files_as_they_were(serving):
    token = token_of(serving.url)
    headers = {"Authorization": f"Bearer {token}"}

    def ask(count, target):
        for _ in range(count):
            fetch(serving.port, target, headers)

    ask(200, "/api/runs/run")
    files = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    targets = ["/api/runs/run", "/api/runs/run/columns?name=label", "/api/info", "/api/runs/x"] * 2
    threads = [threading.Thread(target=ask, args=(1250, target)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert grown < 100 * 1024
    if files:
        assert len(list(Path("/proc/self/fd").iterdir())) <= files + 20
