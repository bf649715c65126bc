"""What the end, the fork or the termination of a process means for the runs it writes."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import weakref
from contextlib import suppress
from typing import Protocol

__all__ = ["Watched", "watch"]

SIGNAL_SECONDS = 2.0
"""Schedulers send SIGKILL soon after SIGTERM."""


class Watched(Protocol):
    """Something that is written by this process."""

    def close(self, state: str = ..., message: str = ..., timeout: float | None = ...) -> None:
        """Write what is queued; nothing happens in a process that is not the writer's."""
        ...

    def forget(self) -> None:
        """Close, in a forked child, the descriptors that belong to the parent."""
        ...


# The interpreter tells of these three events in one place only, hence module-level state.
_live: weakref.WeakSet[Watched] = weakref.WeakSet()


def watch(writing: Watched) -> None:
    """Close `writing` when the process ends, also by SIGTERM, and tell it of forks."""
    _live.add(writing)
    if threading.current_thread() is not threading.main_thread():
        return
    # A program that handles the signal itself knows better what to do.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_terminate)


def _close_all() -> None:
    # An exception that ended a script was printed, which leaves it here. In a session at a prompt
    # or in a notebook it says nothing of the end.
    error = None if hasattr(sys, "ps1") else getattr(sys, "last_value", None)
    state = "closed" if error is None else "interrupted"
    message = "" if error is None else f"{type(error).__name__}: {error}"[:500]
    for writing in list(_live):
        with suppress(Exception):  # it has warned; the others want to be closed too
            writing.close(state, message)


def _forget_all() -> None:
    for writing in list(_live):
        writing.forget()


def _on_terminate(number: int, frame: object) -> None:
    for writing in list(_live):
        with suppress(Exception):
            writing.close("interrupted", "SIGTERM", SIGNAL_SECONDS)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
