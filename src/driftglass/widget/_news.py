"""News for the pages of one widget, told from a thread so that a busy cell holds up none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from ..server._events import News

__all__ = ["Teller"]


class Teller:
    """Follows the news of a library while at least one page is open.

    Parameters
    ----------
    news : News
        What happens.
    tell : callable
        Takes the kind and the value of each piece of news; None and None as a heartbeat. It is
        called in a thread of its own.
    make_thread : callable
        What makes the thread; some notebooks have a kind of their own.
    """

    def __init__(
        self,
        news: News,
        tell: Callable[[str | None, Any], None],
        make_thread: Callable[..., threading.Thread] = threading.Thread,
    ) -> None:
        self._news = news
        self._tell = tell
        self._make_thread = make_thread
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._wanted = False
        self._running = False

    def start(self) -> None:
        """Begin to follow, unless it does already."""
        with self._lock:
            self._wanted = True
            if self._running:
                return
            self._running = True
            self._make_thread(target=self._run, name="driftglass-widget", daemon=True).start()

    def stop(self) -> None:
        """End the following; it may begin again."""
        with self._lock:
            self._wanted = False
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)

    def _run(self) -> None:
        asyncio.run(self._follow())

    async def _follow(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._running, self._loop, self._task = False, None, None
                    return
                self._loop = asyncio.get_running_loop()
                self._task = asyncio.ensure_future(self._read())
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                # The library has closed its news; nothing will ever come again.
                with self._lock:
                    self._wanted = False

    async def _read(self) -> None:
        async for news in self._news.subscribe():
            kind, value = news if news is not None else (None, None)
            self._tell(kind, value)
