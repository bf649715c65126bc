"""Who watches a fit: which stage it is in, how long it will take, and the map so far."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Cancelled

__all__ = ["OFTEN", "FitProgress", "Listener", "Watch", "spoken", "told"]

OFTEN = 10
"""Rounds of a layout between two looks at it, where somebody watches."""


@dataclass(frozen=True, eq=False)
class FitProgress:
    """How far a fit is.

    Parameters
    ----------
    stage : {"neighbors", "affinities", "initialization", "layout"}
        What is being done; stages follow each other in this order.
    done, total : float
        Units of this stage that are finished, and all.
    seconds : float
        Since the fit began.
    seconds_left : float
        Estimated for the whole fit, not below 0; not a number until there is something to go by.
    positions : ndarray of shape (n_samples, n_components) or None
        The map so far, in the layout; copy it to keep it.
    """

    stage: str
    done: float
    total: float
    seconds: float
    seconds_left: float
    positions: NDArray[np.float32] | None = None


Listener = Callable[[FitProgress], Any]
"""Called now and then; a true answer stops."""


class Watch:
    """Tells a listener how a fit goes, and it whether to go on.

    Parameters
    ----------
    listener : callable or None
        Called with a `FitProgress`.
    costs : mapping of str to float
        What each stage is expected to cost, in any unit, in their order.
    clock : callable
        Seconds; another one for tests.
    """

    def __init__(
        self,
        listener: Listener | None,
        costs: Mapping[str, float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._costs = dict(costs)
        self._clock = clock
        self._began = clock()

    @property
    def listens(self) -> bool:
        """Whether there is anyone to tell."""
        return self._listener is not None

    def __call__(
        self, stage: str, done: float, total: float, positions: NDArray[np.float32] | None = None
    ) -> bool:
        """Tell, and return whether to stop."""
        if self._listener is None:
            return False
        seconds = self._clock() - self._began
        share = self._share(stage, done / total if total > 0 else 1.0)
        left = seconds * (1.0 - share) / share if share > 0 else float("nan")
        return bool(self._listener(FitProgress(stage, done, total, seconds, left, positions)))

    def before_the_map(self, stage: str, done: float, total: float) -> None:
        """Tell; whoever stops it here gets no map.

        Raises
        ------
        Cancelled
            The listener gave a true answer.
        """
        if self(stage, done, total):
            raise Cancelled(f"stopped in the stage {stage!r}, before there was a map")

    def _share(self, stage: str, part: float) -> float:
        names = list(self._costs)
        before = sum(self._costs[name] for name in names[: names.index(stage)])
        return (before + part * self._costs[stage]) / sum(self._costs.values())


Callback = Callable[[int, float, NDArray[np.float32]], Any]


def told(
    watch: Watch, callback: Callback | None, callback_every: int, total: int
) -> tuple[Callback | None, int]:
    """What a layout shall call, and every how many rounds, so that both hear of it.

    Parameters
    ----------
    watch : Watch
        Told of the stage "layout".
    callback : callable or None
        Called with (rounds done, loss, map) every `callback_every` rounds.
    callback_every : int
        As it was asked for.
    total : int
        Rounds, at most.

    Returns
    -------
    callback : callable or None
        Calls both; a true answer of either stops.
    callback_every : int
        Divides the one given.
    """
    if not watch.listens:
        return callback, callback_every

    def tell(done: int, loss: float, positions: NDArray[np.float32]) -> bool:
        stops = False
        if callback is not None and done % callback_every == 0:
            stops = bool(callback(done, loss, positions))
        return watch("layout", done, total, positions) or stops

    return tell, OFTEN if callback is None else math.gcd(OFTEN, callback_every)


def spoken(listener: Listener | None) -> Listener:
    """Print each stage to stderr, and tenths of the layout; and tell a listener, too."""
    said: set[tuple[str, int]] = set()

    def tell(now: FitProgress) -> Any:
        tenth = int(10 * now.done / now.total) if now.stage == "layout" and now.total else 0
        if (now.stage, tenth) not in said:
            said.add((now.stage, tenth))
            share = f" {10 * tenth} %" if tenth else ""
            print(f"UMAP: {now.stage}{share}, {now.seconds:.1f} s", file=sys.stderr)
        return listener(now) if listener is not None else False

    return tell
