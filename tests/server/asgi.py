"""A client that sends exactly the headers it is told to, straight to an ASGI application."""

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import unquote

TOKEN = "test-token-0123456789abcdef"
HOST = ("host", "127.0.0.1:7430")
BEARER = ("authorization", f"Bearer {TOKEN}")


@dataclass
class Reply:
    status: int
    raw_headers: list
    body: bytes

    @property
    def headers(self):
        return {name.decode(): value.decode() for name, value in self.raw_headers}

    def json(self):
        return json.loads(self.body)

    @property
    def kind(self):
        return self.json()["error"]["kind"]


def scope_of(method, target, headers, kind="http", extensions=None):
    path, _, query = target.partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 7430),
        "extensions": extensions or {},
    }


def ask(app, method, target, headers=(HOST,), body=b"", pieces=None):
    """Send one request, return the reply."""
    incoming = list(pieces) if pieces is not None else [body]

    async def run():
        sent = []

        async def receive():
            if not incoming:
                await asyncio.sleep(3600)
            piece = incoming.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(incoming)}

        async def send(message):
            sent.append(message)

        await app(scope_of(method, target, headers), receive, send)
        start = sent[0]
        content = b"".join(bytes(message.get("body", b"")) for message in sent[1:])
        return Reply(start["status"], start["headers"], content)

    return asyncio.run(run())


def open_socket(app, target, headers=(HOST,), extensions=None):
    """Try a WebSocket; returns the messages with which the application answered."""

    async def run():
        sent = []

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message)

        await app(scope_of("GET", target, headers, "websocket", extensions), receive, send)
        return sent

    return asyncio.run(run())
