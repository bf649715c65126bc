"""What a run could not log: told to the user once, and recorded with the run."""

from __future__ import annotations

import sys
import threading
import time
import warnings
from collections.abc import Callable

from ..errors import DriftglassError, DriftglassWarning, StoreError
from ._budget import counted

__all__ = ["Troubles"]

Note = Callable[[str, str, int | None, int], None]

DROPS_SECONDS = 60.0
"""A record of what was dropped is written no more often."""
MAX_NOTED = 20
"""Refusals that are recorded with their reason; the others are counted."""


class Troubles:
    """Gathers refusals and drops from both threads of a recording.

    Warnings are given on the training loop's thread, which is the only one whose user sees them;
    records are written by the background thread, the only one that writes.

    Parameters
    ----------
    name : str
        Name of the run, for messages.
    strict : bool
        Raise what would otherwise be warned about.
    """

    def __init__(self, name: str, *, strict: bool) -> None:
        self._name = name
        self._strict = strict
        self._lock = threading.Lock()
        self._n_refused = 0
        self._n_dropped = 0
        self._messages: list[str] = []
        self._warned: set[str] = set()
        self._untold: list[Exception] = []
        self._unnoted: list[tuple[Exception, int | None]] = []
        self._n_noted = 0
        self._dropped_steps: list[int] = []
        self._drops_noted = -DROPS_SECONDS

    @property
    def n_refused(self) -> int:
        """Parts of calls that could not be stored as they were given."""
        return self._n_refused

    @property
    def n_dropped(self) -> int:
        """Snapshots given up because the disk was too slow or failed."""
        return self._n_dropped

    @property
    def messages(self) -> tuple[str, ...]:
        """Every warning given."""
        return tuple(self._messages)

    # On the thread that logs

    def refuse(self, error: Exception, step: int | None) -> None:
        """Say that something was not logged, and remember it for the run's record."""
        self._remember(error, step)
        self._warn_refused(error)

    def drop(self, step: int, count: int) -> None:
        """Count snapshots of a step that were given up."""
        with self._lock:
            self._n_dropped += count
            self._dropped_steps += [step] * count

    def lose(self, count: int) -> None:
        """Count snapshots that can no longer be recorded anywhere."""
        self._n_dropped += count

    def speak(self) -> None:
        """Say what the background thread refused; raises the first of it if strict."""
        with self._lock:
            errors, self._untold = self._untold, []
        for error in errors:
            if self._strict:
                raise error
            self._warn_refused(error)

    def complain(self, kind: str, message: str) -> None:
        """Warn about the state of the run, or raise StoreError if strict."""
        if self._strict:
            raise StoreError(message)
        self.warn(kind, message)

    def warn(self, kind: str, message: str) -> None:
        """Warn, once for each kind."""
        if kind in self._warned:
            return
        self._warned.add(kind)
        self._messages.append(message)
        warnings.warn(message, DriftglassWarning, stacklevel=_caller_level())

    def _warn_refused(self, error: Exception) -> None:
        self.warn(
            f"refused {type(error).__name__}",
            f"Run {self._name!r} did not log something, and training goes on: {_sentence(error)} "
            f"(strict=True raises instead; run.write_report() counts.)",
        )

    # On the background thread

    def refuse_late(self, error: Exception, step: int | None) -> None:
        """Remember what turned out to be impossible after `log` had returned."""
        with self._lock:
            self._untold.append(error)
        self._remember(error, step)

    def note_refused(self, note: Note) -> None:
        """Record what was refused since the last time; what is refused at every step is counted."""
        with self._lock:
            unnoted, self._unnoted = self._unnoted, []
        for error, step in unnoted:
            self._n_noted += 1
            if self._n_noted <= MAX_NOTED:
                note("refused", f"not logged: {_sentence(error)}", step, 1)

    def note_dropped_now_and_then(self, note: Note) -> None:
        """Record what was dropped, unless that was done a moment ago."""
        if time.monotonic() - self._drops_noted > DROPS_SECONDS:
            self._note_dropped(note)

    def note_all(self, note: Note) -> None:
        """Record everything that is not recorded yet."""
        self.note_refused(note)
        self._note_dropped(note)
        if self._n_noted > MAX_NOTED:
            more = self._n_noted - MAX_NOTED
            note("refused", f"{counted(more, 'more thing')} could not be logged", None, more)
            self._n_noted = MAX_NOTED

    def _note_dropped(self, note: Note) -> None:
        with self._lock:
            dropped, self._dropped_steps = self._dropped_steps, []
        if not dropped:
            return
        self._drops_noted = time.monotonic()
        message = (
            f"{counted(len(dropped), 'snapshot')} of steps {dropped[0]} to {dropped[-1]} had to be "
            f"dropped because the disk was slower than training"
        )
        note("dropped", message, dropped[0], len(dropped))

    def _remember(self, error: Exception, step: int | None) -> None:
        with self._lock:
            self._n_refused += 1
            self._unnoted.append((error, step))


def _sentence(error: Exception) -> str:
    text = str(error) if isinstance(error, DriftglassError) else f"{type(error).__name__}: {error}"
    return text if len(text) < 2000 else f"{text[:2000]}…"


def _caller_level() -> int:
    """Stack level of the first frame outside this package, so that a warning names their line."""
    level, frame = 2, sys._getframe(2)
    while frame.f_back is not None and __package__ in frame.f_globals.get("__name__", ""):
        level, frame = level + 1, frame.f_back
    return level
