"""News for open viewers: runs that grew, jobs that moved."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from ._errors import TooBusyError

__all__ = ["GONE", "News"]

logger = logging.getLogger("driftglass.server")

HEARTBEAT_SECONDS = 15.0
POLL_SECONDS = 0.25
MAX_READERS = 64
MAX_WAITING = 1_000
GONE = -1
"""Revision of a run that has been deleted."""


class News:
    """What happens, told to any number of readers; one watcher serves them all.

    Parameters
    ----------
    revisions : callable
        Gives the present revision of every run by name. It is called in a thread of its own, at
        most four times a second, and only while somebody reads.
    """

    def __init__(self, revisions: Callable[[], Mapping[str, int]]) -> None:
        self._revisions = revisions
        self._readers: set[_Reader] = set()
        self._lock = threading.Lock()
        self._watching = False
        self._closed = threading.Event()

    @property
    def n_readers(self) -> int:
        """Number of open streams."""
        return len(self._readers)

    def check_room(self) -> None:
        """Raise TooBusyError when no further reader is welcome."""
        if len(self._readers) >= MAX_READERS:
            raise TooBusyError(f"{MAX_READERS} viewers are open already; close one and try again.")

    def tell(self, kind: str, value: Any) -> None:
        """Tell every reader; may be called from any thread."""
        self._put((kind, value))

    def close(self) -> None:
        """End every stream and the watching; may be called from any thread."""
        self._closed.set()
        self._put(None)

    def _put(self, news: tuple[str, Any] | None) -> None:
        with self._lock:
            readers = list(self._readers)
        for reader in readers:
            reader.put(news)

    async def subscribe(self) -> AsyncIterator[tuple[str, Any] | None]:
        """News from now on, None as a heartbeat; begins with the revision of every run."""
        reader = _Reader(asyncio.get_running_loop())
        with self._lock:
            self._readers.add(reader)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="driftglass-watch", daemon=True).start()
        try:
            # The reader is listed before this look, so nothing can fall between the two.
            for name, revision in (await asyncio.to_thread(self._revisions)).items():
                yield "run", {"name": name, "revision": revision}
            while not self._closed.is_set():
                try:
                    news = await asyncio.wait_for(reader.queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield None
                    continue
                if news is None:
                    return
                yield news
        finally:
            with self._lock:
                self._readers.discard(reader)

    def _watch(self) -> None:
        known: dict[str, int] = {}
        wait = 0.0
        while not self._closed.wait(wait):
            with self._lock:
                if not self._readers:
                    self._watching = False
                    return
            began = time.monotonic()
            known = self._look(known)
            # A slow disk is asked less often: watching takes at most a fifth of the time.
            wait = max(POLL_SECONDS, 4 * (time.monotonic() - began))

    def _look(self, known: dict[str, int]) -> dict[str, int]:
        try:
            present = dict(self._revisions())
        except Exception:
            # A store that cannot be read now may be readable in a moment; the requests say why.
            logger.warning("The store could not be polled.", exc_info=True)
            return known
        for name, revision in present.items():
            if known.get(name) != revision:
                self.tell("run", {"name": name, "revision": revision})
        for name in known.keys() - present.keys():
            self.tell("run", {"name": name, "revision": GONE})
        return present


class _Reader:
    """A queue that belongs to one event loop and can be filled from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.queue: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()

    def put(self, news: tuple[str, Any] | None) -> None:
        try:
            self.loop.call_soon_threadsafe(self._put, news)
        except RuntimeError:  # its loop has ended, and the reader with it
            return

    def _put(self, news: tuple[str, Any] | None) -> None:
        # A reader that does not keep up is cut off; it reconnects and asks for what it missed.
        self.queue.put_nowait(news if self.queue.qsize() < MAX_WAITING else None)
