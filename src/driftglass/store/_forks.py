"""Forks wait for SQLite: a child that is born while another thread is inside inherits its locks.

SQLite guards its memory with locks of the process. A forked child has only the thread that forked,
so a lock that another thread held at that moment is never released there, and the first thing that
the child logs or reads would wait for ever.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["apart_from_forks"]

FORK_WAITS_SECONDS = 10.0
"""A statement takes well under a millisecond, unless another process holds the file."""


class _Gate:
    """Many threads may be inside at once; a fork waits until none is."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._inside = 0
        self._forking = False
        self._own = threading.local()

    @property
    def _depth(self) -> int:
        """How many times this thread is inside."""
        return getattr(self._own, "depth", 0)

    def enter(self) -> None:
        if self._depth == 0:
            with self._changed:
                while self._forking:
                    self._changed.wait()
                self._inside += 1
        self._own.depth = self._depth + 1

    def leave(self) -> None:
        self._own.depth = self._depth - 1
        if self._depth == 0:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in, and wait for the others; not for ever, as the program wants to go on."""
        with self._changed:
            self._forking = True
            others = 1 if self._depth else 0
            self._changed.wait_for(lambda: self._inside <= others, FORK_WAITS_SECONDS)

    def open(self) -> None:
        with self._changed:
            self._forking = False
            self._changed.notify_all()


# The interpreter tells of forks in one place only, hence module-level state.
_gate = _Gate()


@contextmanager
def apart_from_forks() -> Iterator[None]:
    """No fork happens while a thread is inside."""
    gate = _gate
    gate.enter()
    try:
        yield
    finally:
        gate.leave()


def _begin_anew() -> None:
    global _gate
    _gate = _Gate()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _gate.close(),
        after_in_parent=lambda: _gate.open(),
        after_in_child=_begin_anew,
    )
