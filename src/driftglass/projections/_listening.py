"""From what an estimator tells of its fit to what whoever waits wants to hear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from .._progress import MapSoFar, Progress, Watcher, silent
from ._watch import OFTEN, FitProgress

__all__ = ["Listening"]


class Listening:
    """Hears one fit of an estimator, and passes it on.

    Parameters
    ----------
    report : Progress
        Hears how far the fit is; if it is a `Watcher`, it sees the map too and may end the fit.
    name : str
        Name of the method, for what is said.
    frames : sequence of (int, ndarray)
        Step and ids of each snapshot that is fitted, in the order of the rows.
    before, total : float
        Fits that are done, of all that make one sequence.
    """

    def __init__(
        self,
        report: Progress,
        name: str,
        frames: Sequence[tuple[int, NDArray[Any]]],
        before: float = 0.0,
        total: float = 1.0,
    ) -> None:
        self._report = report
        self._name = name
        self._frames = frames
        self._before = before
        self._total = total
        self._rounds: float | None = None

    def attach(self, method: Any) -> None:
        """Be what the estimator calls back, if nobody is yet."""
        if self._report is silent:
            return
        if hasattr(method, "progress"):
            if method.progress is None:
                method.progress = self.hear
            return
        if getattr(method, "callback", self) is not None:
            return
        method.callback = self.hear_rounds
        self._rounds = _rounds_of(method)
        if isinstance(self._report, Watcher) and hasattr(method, "callback_every"):
            method.callback_every = min(OFTEN, int(method.callback_every))

    def hear(self, state: FitProgress) -> bool:
        """Pass on what an estimator says in its `progress`; true ends the layout."""
        left = state.seconds_left
        share = state.seconds / (state.seconds + left) if math.isfinite(left) else 0.0
        said = f"{self._name}: {state.stage}"
        if state.stage == "layout":
            said += f", {state.done:.0f} of {state.total:.0f} rounds"
        self._tell(share if state.seconds else 0.0, said)
        return state.positions is not None and self._see(state.positions)

    def hear_rounds(self, done: int, *state: Any) -> bool:
        """Pass on what an estimator says in its `callback`; true ends the layout."""
        of = f" of {self._rounds:.0f}" if self._rounds else ""
        self._tell(done / self._rounds if self._rounds else 0.0, f"{self._name}: {done}{of} rounds")
        return bool(state) and self._see(state[-1])

    def _tell(self, share: float, what: str) -> None:
        self._report(self._before + min(share, 1.0), self._total, what)

    def _see(self, positions: NDArray[Any]) -> bool:
        if not isinstance(self._report, Watcher):
            return False
        return self._report.see(MapSoFar(self._frames, positions))


def _rounds_of(method: Any) -> float | None:
    """Rounds an estimator will take at most, as its parameters say."""
    if hasattr(method, "num_iters"):
        return float(sum(method.num_iters))
    return float(method.max_iter) if hasattr(method, "max_iter") else None
