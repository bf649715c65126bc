"""A bounded queue and one background thread, so that logging never stalls training."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["BackgroundWriter"]

TICK_SECONDS = 1.0
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 15.0


@dataclass
class _Queued:
    job: Any
    nbytes: int


class BackgroundWriter:
    """Does jobs in order on one thread; a job that fails for want of disk waits for better times.

    Parameters
    ----------
    work : callable
        Does one job. An OSError means "not now": the job stays first in line and is tried again.
        It must raise nothing else.
    tick : callable
        Called about every second.
    limit_bytes : int
        Memory of waiting jobs; one job larger than half of it may wait beside one of its size.
    """

    def __init__(
        self, work: Callable[[Any], None], tick: Callable[[], None], *, limit_bytes: int
    ) -> None:
        self._work = work
        self._tick = tick
        self.limit_bytes = limit_bytes
        self._queue: deque[_Queued] = deque()
        self._bytes = 0
        self._reserved = 0
        self._largest = 0
        self._n_submitted = 0
        self._n_done = 0
        self.n_failures = 0
        self._stopping = False
        self._hurry = False
        self.failure: OSError | None = None
        # Re-entrant: a signal handler may flush while its thread is inside `submit`.
        self._change = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None

    @property
    def n_pending(self) -> int:
        """Jobs that are not done."""
        return self._n_submitted - self._n_done

    @property
    def room(self) -> int:
        """Bytes of memory that jobs do not use now."""
        return max(self.limit_bytes, 2 * self._largest) - self._bytes - self._reserved

    def reserve(self, nbytes: int, wait_seconds: float) -> bool:
        """Set memory aside for a job before its arrays are copied; False if there is none.

        While writing fails nobody waits: the disk may stay full for hours.
        """
        limit = max(self.limit_bytes, 2 * nbytes)
        self._largest = max(self._largest, nbytes)
        deadline = time.monotonic() + wait_seconds
        with self._change:
            while self._bytes + self._reserved + nbytes > limit:
                left = deadline - time.monotonic()
                if left <= 0 or self.failure is not None or self._stopping:
                    return False
                self._change.wait(left)
            self._reserved += nbytes
            return True

    def give_back(self, nbytes: int) -> None:
        """Undo `reserve`."""
        with self._change:
            self._reserved -= nbytes
            self._change.notify_all()

    def submit(self, job: Any, nbytes: int) -> bool:
        """Queue a job whose memory was reserved; False once the writer was stopped."""
        with self._change:
            self._reserved -= nbytes
            if self._stopping:
                return False
            self._queue.append(_Queued(job, nbytes))
            self._bytes += nbytes
            self._n_submitted += 1
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="driftglass-writer", daemon=True
                )
                self._thread.start()
            self._change.notify_all()
            return True

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until everything queued before is done; False if it is not.

        While writing fails, one more attempt is waited for.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._change:
            target = self._n_submitted
            attempts = self.n_failures
            self._hurry = True
            self._change.notify_all()
            while self._n_done < target:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                if self.failure is not None and self.n_failures > attempts:
                    return False
                if self._thread is None or not self._thread.is_alive():
                    return False
                self._change.wait(left)
            return True

    def stop(self, timeout: float | None) -> list[Any]:
        """Finish what can be finished and end the thread; returns the jobs given up."""
        deadline = None if timeout is None else time.monotonic() + timeout
        self.drain(timeout)
        with self._change:
            self._stopping = True
            lost = [queued.job for queued in self._queue]
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(None if deadline is None else max(0.1, deadline - time.monotonic()))
        return lost

    def _run(self) -> None:
        pause = FIRST_RETRY_SECONDS
        next_tick = time.monotonic() + TICK_SECONDS
        while True:
            with self._change:
                while not self._queue and not self._stopping:
                    left = next_tick - time.monotonic()
                    if left <= 0:
                        break
                    self._change.wait(left)
                if self._stopping:
                    return
                head = self._queue[0] if self._queue else None
            if time.monotonic() >= next_tick:
                self._tick()
                next_tick = time.monotonic() + TICK_SECONDS
            if head is None:
                continue
            try:
                self._work(head.job)
            except OSError as error:
                with self._change:
                    self.failure = error
                    self.n_failures += 1
                    self._hurry = False
                    self._change.notify_all()
                    deadline = time.monotonic() + pause
                    while not self._hurry and not self._stopping:
                        left = deadline - time.monotonic()
                        if left <= 0:
                            break
                        self._change.wait(left)
                    pause = min(2 * pause, LONGEST_RETRY_SECONDS)
                continue
            pause = FIRST_RETRY_SECONDS
            with self._change:
                self.failure = None
                self._queue.popleft()
                self._bytes -= head.nbytes
                self._n_done += 1
                self._change.notify_all()
