"""Questions of pages that come as messages, answered as the server answers them."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidInputError
from ..server._asking import Reply, ask, error_body
from ..server._checks import MAX_BODY
from ..server._library import Library
from ..server._wire import VERSION
from ._news import Teller
from ._packets import Incoming, Outgoing, pieces_of

__all__ = ["Bridge"]

logger = logging.getLogger("driftglass.widget")

THREADS = 4
SILENT_SECONDS = 90.0
"""A page that has not answered for so long is taken to be closed until it speaks again."""
MOST_PAGES = 64
MOST_QUESTIONS = 256

Send = Callable[[dict[str, Any], list[bytes | memoryview]], None]


@dataclass
class _Page:
    """One view of the widget: a notebook may show it twice."""

    heard: float
    asked: dict[int, tuple[dict[str, Any], Incoming]] = field(default_factory=dict)
    answers: dict[int, Outgoing] = field(default_factory=dict)


class Bridge:
    """Answers the pages of one widget.

    Parameters
    ----------
    library : Library
        What is shown.
    send : callable
        Takes a message and its buffers; may be called from any thread.
    in_threads : bool
        Answer questions in threads, so that a long one does not hold up the next cell. Where a
        notebook takes messages from its own thread only, they are answered at once instead.
    make_thread : callable
        What makes the thread that tells news.

    Notes
    -----
    Messages are described in ``docs/wire.md``. Whatever arrives broken is answered or dropped,
    never raised: nobody would see it in a kernel.
    """

    def __init__(
        self,
        library: Library,
        send: Send,
        *,
        in_threads: bool = True,
        make_thread: Callable[..., threading.Thread] = threading.Thread,
    ) -> None:
        self.library = library
        self._send = send
        self._pool = (
            ThreadPoolExecutor(THREADS, thread_name_prefix="driftglass-answer")
            if in_threads
            else None
        )
        self._lock = threading.RLock()
        self._pages: dict[str, _Page] = {}
        self._teller = Teller(library.news, self._told, make_thread)
        self._closed = False

    @property
    def n_pages(self) -> int:
        """Pages that are open as far as is known."""
        with self._lock:
            return len(self._pages)

    def close(self) -> None:
        """Answer nothing any more."""
        with self._lock:
            self._closed = True
            self._pages.clear()
        self._teller.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def receive(self, message: Any, buffers: Sequence[Any]) -> None:
        """Take one message of a page."""
        if not isinstance(message, Mapping) or self._closed:
            return
        client, kind = message.get("client"), message.get("type")
        if not isinstance(client, str) or len(client) > 100:
            return
        page = self._page(client)
        if page is None:
            return
        if kind == "hello":
            self._say({"type": "welcome", "client": client, "version": VERSION})
        elif kind == "bye":
            self._forget(client)
        elif kind == "ask":
            self._ask(client, page, message, buffers)
        elif kind == "ack":
            self._acknowledged(page, message)
        elif kind == "cancel":
            with self._lock:
                page.asked.pop(_number(message, "id"), None)
                page.answers.pop(_number(message, "id"), None)

    def _page(self, client: str) -> _Page | None:
        """The page that speaks; one that was forgotten is known again as soon as it does."""
        with self._lock:
            page = self._pages.get(client)
            if page is None:
                if len(self._pages) >= MOST_PAGES:
                    return None
                page = self._pages[client] = _Page(time.monotonic())
                self._teller.start()
            page.heard = time.monotonic()
            return page

    def _forget(self, client: str) -> None:
        with self._lock:
            self._pages.pop(client, None)
            if not self._pages:
                self._teller.stop()

    # Questions

    def _ask(
        self, client: str, page: _Page, message: Mapping[str, Any], buffers: Sequence[Any]
    ) -> None:
        number = _number(message, "id")
        try:
            body = self._body(page, number, message, buffers)
        except InvalidInputError as error:
            self._answer(client, number, Reply(400, "json", error_body(error.kind, str(error))))
            return
        if body is None:
            self._say(
                {"type": "ack", "client": client, "id": number, "part": _number(message, "part")}
            )
            return
        method, address = str(message.get("method")), str(message.get("address"))
        # What changes something is done here, in the thread that runs the reader's own cells,
        # because it may call functions of theirs.
        if self._pool is None or method != "GET":
            self._answer(client, number, ask(self.library, method, address, body))
        else:
            with contextlib.suppress(RuntimeError):  # it has been closed meanwhile
                self._pool.submit(self._answer_later, client, number, address)

    def _body(
        self, page: _Page, number: int, message: Mapping[str, Any], buffers: Sequence[Any]
    ) -> bytes | None:
        n_parts = _number(message, "parts")
        if n_parts == 0:
            return b""
        with self._lock:
            if number not in page.asked:
                if len(page.asked) >= MOST_QUESTIONS:
                    raise InvalidInputError(f"{MOST_QUESTIONS} questions have begun; end one.")
                page.asked[number] = (dict(message), Incoming(n_parts, MAX_BODY))
            incoming = page.asked[number][1]
            whole = incoming.take(_number(message, "part"), buffers[0] if buffers else b"")
            if whole is not None:
                del page.asked[number]
        return whole

    def _answer_later(self, client: str, number: int, address: str) -> None:
        with self._lock:
            if client not in self._pages:
                return
        self._answer(client, number, ask(self.library, "GET", address))

    def _answer(self, client: str, number: int, reply: Reply) -> None:
        pieces = pieces_of(reply.data)

        def send(part: int, piece: memoryview) -> None:
            self._say(
                {
                    "type": "answer",
                    "client": client,
                    "id": number,
                    "status": reply.status,
                    "kind": reply.kind,
                    "part": part,
                    "parts": len(pieces),
                },
                [piece],
            )

        with self._lock:
            page = self._pages.get(client)
            if page is None:
                return
            outgoing = page.answers[number] = Outgoing(pieces, send)
            outgoing.begin()

    def _acknowledged(self, page: _Page, message: Mapping[str, Any]) -> None:
        number = _number(message, "id")
        with self._lock:
            outgoing = page.answers.get(number)
            if outgoing is not None and outgoing.acknowledged(_number(message, "part")):
                del page.answers[number]

    # News

    def _told(self, kind: str | None, value: Any) -> None:
        with self._lock:
            silent = time.monotonic() - SILENT_SECONDS
            for client in [name for name, page in self._pages.items() if page.heard < silent]:
                self._forget(client)
            clients = list(self._pages)
        for client in clients:
            if kind is None:
                self._say({"type": "ping", "client": client})
            else:
                self._say({"type": "event", "client": client, "name": kind, "value": value})

    def _say(
        self, message: dict[str, Any], buffers: list[bytes | memoryview] | None = None
    ) -> None:
        with self._lock:
            if self._closed:
                return
            try:
                self._send(message, buffers or [])
            except Exception:
                logger.warning("A message could not be sent to the notebook.", exc_info=True)


def _number(message: Mapping[str, Any], name: str) -> int:
    value = message.get(name)
    return value if type(value) is int else -1
