"""What a worker says while it works: progress, and the map so far; and the orders it takes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import MapSoFar

__all__ = ["Control", "Reporter", "ids_file", "map_file"]

REPORT_SECONDS = 0.1
LOOK_SECONDS = 0.4
"""Between two maps that are shown while they are made."""
LARGEST_SHARE = 0.1
"""Of the time, that may go into writing such maps."""


def ids_file(generation: int, number: int) -> str:
    """Name of the file with the ids of one frame of a preview."""
    return f"ids-{generation}-{number}.npy"


def map_file(generation: int) -> str:
    """Name of the file with the coordinates of all frames of a preview."""
    return f"map-{generation}.npy"


class Control:
    """Orders for the job under way: pause, resume, keep what there is."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()
        self._job: str | None = None
        self.keep = False

    def begin(self, job: str | None) -> None:
        """Another job: no order of the last one counts."""
        self._job = job
        self.keep = False
        self._free.set()

    def obey(self, word: str, job: str | None) -> None:
        """Take an order, unless it comes too late for its job."""
        if job != self._job:
            return
        if word == "pause":
            self._free.clear()
            return
        self.keep = self.keep or word == "keep"
        self._free.set()

    def wait(self) -> None:
        """Stand still while paused."""
        self._free.wait()


class Reporter:
    """Progress as messages, not more than ten a second, and maps as files beside them.

    Parameters
    ----------
    say : callable
        Takes a message.
    control : Control
        Orders to obey at each report.
    scratch : str or None
        Folder for maps that are still being made; without one none are written.

    Attributes
    ----------
    stopped : str or None
        How far the layout was when it was told to keep what there is.
    """

    def __init__(
        self, say: Callable[[dict[str, Any]], None], control: Control, scratch: str | None
    ) -> None:
        self._say = say
        self._control = control
        self._scratch = None if scratch is None else Path(scratch)
        self._last = -1.0
        self._what = ""
        self._looked = 0.0
        self._frames: Any = None
        self._generation = 0
        self._version = 0
        self._share = 0.0
        self.stopped: str | None = None

    def __call__(self, done: float, total: float, what: str) -> None:
        """Say how far the work is; stands still while paused."""
        self._control.wait()
        self._share = done / total if total > 0 else 0.0
        now = time.monotonic()
        if now - self._last >= REPORT_SECONDS or what != self._what:
            self._last, self._what = now, what
            self._say({"progress": [float(done), float(total), what]})

    def see(self, so_far: MapSoFar) -> bool:
        """Show a map that is still being made; true when it is to be kept as it is."""
        self._control.wait()
        if self._control.keep:
            self.stopped = self.stopped or f"{100 * min(self._share, 1.0):.0f} %"
            return True
        now = time.monotonic()
        if self._scratch is not None and now >= self._looked:
            self._show(self._scratch, so_far)
            took = time.monotonic() - now
            self._looked = time.monotonic() + max(LOOK_SECONDS, took / LARGEST_SHARE)
        return False

    def _show(self, scratch: Path, so_far: MapSoFar) -> None:
        positions = np.asarray(so_far.positions, dtype=np.float32)
        if not np.isfinite(positions).all() or len(positions) == 0:
            return
        if self._frames is not so_far.frames:
            self._frames = so_far.frames
            self._generation += 1
            for number, (_, ids) in enumerate(so_far.frames):
                _write(scratch / ids_file(self._generation, number), ids)
        _write(scratch / map_file(self._generation), positions)
        self._version += 1
        self._say(
            {
                "preview": {
                    "version": self._version,
                    "generation": self._generation,
                    "steps": [step for step, _ in so_far.frames],
                    "counts": [len(ids) for _, ids in so_far.frames],
                    "low": positions.min(axis=0).tolist(),
                    "high": positions.max(axis=0).tolist(),
                }
            }
        )


def _write(path: Path, array: NDArray[Any]) -> None:
    """Write a file as a whole, so that nobody reads half of it."""
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)
    os.replace(temporary, path)
