"""What is selected on the page, and what Python wants selected there; both by id."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

__all__ = ["Selected"]


class Selected:
    """The selection of every run, as the last viewer said it and as Python last asked for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, NDArray[Any]] = {}
        self._asked: dict[str, NDArray[Any]] = {}
        self._versions: dict[str, int] = {}
        self._last: str | None = None
        self._listeners: list[Callable[[str, NDArray[Any]], None]] = []

    def listen(self, listener: Callable[[str, NDArray[Any]], None]) -> None:
        """Have a function told the run and the ids whenever a viewer selects."""
        self._listeners.append(listener)

    def note(self, run: str, ids: NDArray[Any]) -> None:
        """Remember what a viewer has selected."""
        with self._lock:
            self._seen[run] = ids
            self._last = run
        for listener in self._listeners:
            listener(run, ids)

    def seen(self, run: str | None) -> NDArray[Any] | None:
        """What is selected in a run, by default in the one that was last looked at."""
        with self._lock:
            name = run if run is not None else self._last
            return None if name is None else self._seen.get(name)

    def ask(self, run: str, ids: NDArray[Any]) -> int:
        """Ask viewers to select ids; returns the number of this wish."""
        with self._lock:
            self._asked[run] = self._seen[run] = ids
            self._last = run
            self._versions[run] = self._versions.get(run, 0) + 1
            return self._versions[run]

    def asked(self, run: str) -> NDArray[Any] | None:
        """What Python last asked for."""
        with self._lock:
            return self._asked.get(run)

    def version(self, run: str) -> int:
        """Number of the last wish; 0 before the first."""
        with self._lock:
            return self._versions.get(run, 0)
