"""A page that talks to a bridge as the notebook's script does, without a notebook."""

from __future__ import annotations

import json
import threading
from typing import Any

from driftglass.widget._packets import Incoming, pieces_of

MOST = 1 << 30


class Page:
    """Keeps what a bridge sends, and says what a page would say."""

    def __init__(self, client: str = "page-1", *, acknowledges: bool = True) -> None:
        self.client = client
        self.bridge: Any = None
        self.acknowledges = acknowledges
        self.messages: list[dict[str, Any]] = []
        self.sizes: list[int] = []
        self.whole: dict[int, tuple[int, str, bytes]] = {}
        self._parts: dict[int, Incoming] = {}
        self._news = threading.Condition()
        self._next = 1

    def sent(self, message, buffers):
        """What a bridge is given to send with."""
        if message["client"] != self.client:
            return
        done = None
        with self._news:
            self.messages.append(message)
            self.sizes += [len(one) for one in buffers]
            if message["type"] == "answer":
                incoming = self._parts.setdefault(message["id"], Incoming(message["parts"], MOST))
                whole = incoming.take(message["part"], buffers[0])
                done = message["id"], message["part"]
                if whole is not None:
                    self.whole[message["id"]] = (message["status"], message["kind"], whole)
            self._news.notify_all()
        if done is not None and self.acknowledges:
            self.say("ack", id=done[0], part=done[1])

    def say(self, kind, buffers=(), **more):
        self.bridge.receive({"type": kind, "client": self.client, **more}, list(buffers))

    def begin(self, address, *, body=None):
        """Ask without waiting; returns the number of the question."""
        number, self._next = self._next, self._next + 1
        method = "GET" if body is None else "POST"
        asked = {"id": number, "method": method, "address": address}
        if body is None:
            self.say("ask", **asked, part=0, parts=0)
            return number
        parts = pieces_of(json.dumps(body).encode())
        for part, piece in enumerate(parts):
            self.say("ask", [piece], **asked, part=part, parts=len(parts))
        return number

    def ask(self, address, *, body=None, seconds=20):
        """Status, kind and bytes of an answer."""
        number = self.begin(address, body=body)
        with self._news:
            assert self._news.wait_for(lambda: number in self.whole, seconds)
        return self.whole[number]

    def wait(self, test, seconds=20):
        """Wait until a message passes a test; returns it."""
        with self._news:
            found = lambda: next((one for one in self.messages if test(one)), None)  # noqa: E731
            assert self._news.wait_for(found, seconds), self.messages[-3:]
            return found()
