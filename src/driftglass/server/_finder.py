"""Regular expressions over text, in a process that can be ended when one of them never ends.

A pattern such as ``(a+)+$`` can take longer than the age of the world, and Python cannot
interrupt it. So it runs in a child process, which is killed when its time is over.
"""

from __future__ import annotations

import base64
import re
import threading
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..store import Run
from ._child import Child

__all__ = ["SEARCH_SECONDS", "Finder", "compiled", "run_search"]

SEARCH_SECONDS = 5.0
LOAD_SECONDS = 60.0
LONGEST_PATTERN = 500


def compiled(pattern: str, *, case: bool) -> re.Pattern[str]:
    """The pattern, ready to search in text of normal form C."""
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidInputError(
            f"The pattern has {len(pattern)} characters; at most {LONGEST_PATTERN} are possible."
        )
    try:
        return re.compile(unicodedata.normalize("NFC", pattern), 0 if case else re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidInputError(
            f"The regular expression cannot be read: {error}. Search for plain text instead, or "
            f"put a backslash before signs that are meant as they stand."
        ) from error


class Finder:
    """Searches by regular expression, one at a time, each for a few seconds at most.

    Parameters
    ----------
    seconds : float
        Time for one search, without loading the text.
    """

    def __init__(self, seconds: float = SEARCH_SECONDS) -> None:
        self._seconds = seconds
        self._child: Child | None = None
        self._lock = threading.Lock()

    def search(self, task: Mapping[str, Any], n_values: int) -> NDArray[np.bool_]:
        """Which values of the columns of a run match; see `run_search`."""
        with self._lock:
            if self._child is None or not self._child.alive:
                self._child = Child()
            late = threading.Event()
            timer = self._timer(LOAD_SECONDS, late)
            try:
                last: dict[str, Any] = {}
                for message in self._child.do({"kind": "search", **task}):
                    last = message
                    if "progress" in message:  # the text is there; from here the pattern counts
                        timer.cancel()
                        timer = self._timer(self._seconds, late)
            finally:
                timer.cancel()
            if late.is_set():
                self.close()
                raise InvalidInputError(
                    f"The pattern took longer than {self._seconds:.0f} s and was stopped. Repeats "
                    f"inside repeats, such as (a+)+, never end; write it without, or search for "
                    f"plain text."
                )
            if "done" not in last:
                self.close()
                raise InvalidInputError(str(last.get("failed", {}).get("message", "It failed.")))
        bits = np.frombuffer(base64.b64decode(last["done"]), dtype=np.uint8)
        return np.unpackbits(bits, count=n_values, bitorder="little").astype(bool)

    def _timer(self, seconds: float, late: threading.Event) -> threading.Timer:
        child = self._child

        def end() -> None:
            late.set()
            if child is not None:
                child.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        return timer

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.close()


_loaded: dict[tuple[str, str, int], Any] = {}


def run_search(run: Run, task: Mapping[str, Any], report: Any) -> str:
    """Search in the child process; returns the bits of the metadata's rows as base64."""
    key = (task["store"], task["run"], run.revision)
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = (run.metadata, run.ids)
    metadata, ids = _loaded[key]
    texts: list[Iterable[str | None]] = []
    for name in task["columns"]:
        column = metadata[name]
        texts.append([column.value(row) for row in range(len(column))])
    if task["ids"]:
        texts.append(map(str, ids.tolist()))
    values = [[None if v is None else unicodedata.normalize("NFC", v) for v in t] for t in texts]
    pattern = compiled(task["pattern"], case=task["case"])
    report(0.0, 1.0, "searching")
    parts = [
        np.array([v is not None and pattern.search(v) is not None for v in one], dtype=bool)
        for one in values
    ]
    joined = np.concatenate(parts) if parts else np.zeros(0, dtype=bool)
    return base64.b64encode(np.packbits(joined, bitorder="little").tobytes()).decode()
