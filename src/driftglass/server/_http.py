"""uvicorn, set up for one machine: slow callers are cut off, and it ends promptly."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Generator
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["HttpServer"]

HEADER_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 20
MAX_HEADER = 32 << 10
MAX_CONNECTIONS = 256
LEAVE_SECONDS = 1


class _ImpatientProtocol(H11Protocol):
    """HTTP/1.1 that hangs up on callers who take too long to say what they want."""

    _header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._time_headers()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._time_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _time_headers(self) -> None:
        # IDLE means that a request has begun at most in part. The timer is not restarted by
        # further bytes, or a byte every few seconds would hold the connection for ever.
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop_timer()
        elif self._header_timer is None:
            self._header_timer = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None


class HttpServer(uvicorn.Server):
    """One application on given sockets, until `should_exit`, Ctrl-C or SIGTERM.

    Parameters
    ----------
    app : ASGI application
        What to run.
    when_ready : callable
        Called once the server answers.
    when_leaving : callable
        Called when it begins to stop, to end streams and background work.
    """

    def __init__(
        self, app: Any, *, when_ready: Callable[[], None], when_leaving: Callable[[], None]
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_ImpatientProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,  # the address may hold the token
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=LEAVE_SECONDS,
                h11_max_incomplete_event_size=MAX_HEADER,
            )
        )
        self.when_ready = when_ready
        self.when_leaving = when_leaving
        self.answers = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self.answers.set()
        # In a thread: opening a browser can take seconds.
        threading.Thread(target=self.when_ready, daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams and background work first; open streams would hold the server up."""
        await asyncio.to_thread(self.when_leaving)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop on Ctrl-C and SIGTERM; unlike uvicorn, do not raise them again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
