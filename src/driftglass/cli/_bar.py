"""Progress on a terminal, and one line per tenth where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO

from ._text import plain, seconds

__all__ = ["Bar"]

# Work that ends sooner than this says nothing.
PATIENCE = 1.0
REFRESH = 0.1


class Bar:
    """A `Progress` that people can read: a bar with the time left, or sparse lines.

    Parameters
    ----------
    stream : text file
        Standard error, so that results can be piped.
    quiet : bool
        Say nothing at all.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self, stream: TextIO, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._clock = clock
        self._terminal = stream.isatty()
        self._what = ""
        self._bar: Any = None
        self._heard = clock()
        self._start(what="")

    def __call__(self, done: float, total: float, what: str) -> None:
        """Say that `done` of `total` units of `what` are finished."""
        if self._quiet or total <= 0:
            return
        if what != self._what:
            self._start(what)
        self._heard = self._clock()
        elapsed = self._heard - self._started
        if elapsed < PATIENCE:
            return
        if self._terminal:
            self._draw(done, total, elapsed)
        else:
            self._line(min(1.0, done / total), elapsed)

    def close(self) -> None:
        """Leave the line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _start(self, what: str) -> None:
        self.close()
        self._what = what
        # A phase has been at work since the last word of the one before it.
        self._started = self._heard
        self._tenth = 0
        self._drawn = 0.0

    def _draw(self, done: float, total: float, elapsed: float) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, desc=plain(self._what), file=self._stream, leave=False, unit=""
            )
            # The bar appears late, but the rate counts from the beginning.
            self._bar.start_t -= elapsed
        if elapsed - self._drawn < REFRESH and done < total:
            return
        self._drawn = elapsed
        self._bar.total, self._bar.n = total, done
        self._bar.refresh()

    def _line(self, share: float, elapsed: float) -> None:
        tenth = int(share * 10 + 1e-9)
        if tenth <= self._tenth:
            return
        self._tenth = tenth
        left = elapsed * (1 - share) / share
        rest = f", {seconds(left)} left" if share < 1 else f" in {seconds(elapsed)}"
        self._stream.write(f"{plain(self._what)}: {tenth * 10} %{rest}\n")
        self._stream.flush()
