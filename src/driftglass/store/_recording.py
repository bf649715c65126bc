"""The foreground half of `Run.log`: never raises into training, never waits for the disk."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Literal

from ..errors import DriftglassError, InvalidInputError, StoreError
from ._budget import counted
from ._infos import WriteReport
from ._intake import (
    LogJob,
    check_rows,
    check_scalars,
    check_step,
    take_ids,
    take_predictions,
    take_vectors,
)
from ._keys import check_name
from ._liveness import HEARTBEAT_SECONDS
from ._pool import BufferPool
from ._process import watch
from ._snapshots import SnapshotWriter
from ._troubles import Troubles
from ._writer import BackgroundWriter

__all__ = ["Recording", "WhenFull"]

WhenFull = Literal["drop", "block", "raise"]

QUEUE_BYTES = 256 << 20
MAX_SMALL_JOBS = 100_000
BLOCK_SECONDS = 30.0
CLOSE_SECONDS = 120.0


class Recording:
    """Takes what is logged and hands it to the background thread.

    Parameters
    ----------
    open_writer : callable
        Makes the writer of this process; called again in a forked child. Takes the role and
        the function to call with what has to be refused.
    name : str
        Name of the run, for messages.
    when_full : {"drop", "block", "raise"}
        What to do when the disk is slower than training.
    strict : bool
        Raise what would otherwise be warned about.
    """

    def __init__(
        self,
        open_writer: Callable[[str, Callable[[Exception, int | None], None]], SnapshotWriter],
        *,
        name: str,
        when_full: WhenFull = "drop",
        strict: bool = False,
        queue_bytes: int = QUEUE_BYTES,
        block_seconds: float = BLOCK_SECONDS,
    ) -> None:
        self._open_writer = open_writer
        self.name = name
        self.when_full = when_full
        self.strict = strict
        self.queue_bytes = queue_bytes
        self.block_seconds = block_seconds
        self._closed = False
        self._begin("training")
        watch(self)

    def _begin(self, role: str) -> None:
        self._pid = os.getpid()
        self._n_logged = 0
        self._seconds = 0.0
        self._troubles = Troubles(self.name, strict=self.strict)
        self._last_beat = time.monotonic()
        self.writer = self._open_writer(role, self._troubles.refuse_late)
        self._pool = BufferPool()
        self._background = BackgroundWriter(self._work, self._tick, limit_bytes=self.queue_bytes)

    def _follow_fork(self) -> None:
        """In a forked child, become a writer of its own: nothing is shared with the parent."""
        if self._pid != os.getpid():
            self._begin("child")
            if "multiprocessing" in sys.modules:  # its children end without atexit
                from multiprocessing.util import Finalize

                Finalize(self, self.close, exitpriority=100)

    # Called by the training loop

    def log(
        self,
        step: Any,
        spaces: Mapping[str, Any] | None,
        predictions: Any,
        scalars: Mapping[str, Any] | None,
        ids: Any,
        wait: bool,
    ) -> bool:
        """Queue one step; see `Run.log`."""
        begun = time.perf_counter()
        try:
            self._follow_fork()
            self._speak()
            accepted = self._log(step, spaces, predictions, scalars, ids)
        except _QueueFullError as error:
            raise StoreError(str(error)) from None
        except Exception as error:
            if self.strict:
                raise
            self._troubles.refuse(error, None)
            accepted = False
        finally:
            self._seconds += time.perf_counter() - begun
        if wait:
            stored = self._background.drain()
            self._speak()
            return accepted and stored
        return accepted

    def attempt(self, work: Callable[[], bool]) -> bool:
        """What `work` returns; False, with a warning, where it raises and nobody asked for that."""
        try:
            return work()
        except Exception as error:
            if self.strict:
                raise
            self._troubles.refuse(error, None)
            return False

    def submit(self, work: Callable[[], None]) -> None:
        """Queue something small for the background thread, in order with what was logged."""
        self._follow_fork()
        self._background.submit(work, 0)

    def _log(self, step: Any, spaces: Any, predictions: Any, scalars: Any, ids: Any) -> bool:
        if self._closed:
            raise StoreError(
                f"The run {self.name!r} is closed, so step {step!r} was not logged. Open it again "
                f"with store.resume({self.name!r})."
            )
        job = LogJob(check_step(step))
        kept_all = self._try(job, self._take_scalars, scalars)
        kept_all &= self._try(job, self._take_ids, ids)
        if spaces is not None and not isinstance(spaces, Mapping):
            error = InvalidInputError(
                f"spaces is {type(spaces).__name__}; a dict of names and vectors is needed, for "
                f'example spaces={{"hidden": vectors}}.'
            )
            kept_all &= self._try(job, _raise, error)
            spaces = None
        for space, vectors in (spaces or {}).items():
            kept_all &= self._try(job, self._take_space, space, vectors)
        if predictions is not None:
            kept_all &= self._try(job, self._take_predictions, predictions)
        return self._queue(job) and kept_all

    def _try(self, job: LogJob, take: Callable[..., None], *arguments: Any) -> bool:
        """Do one part of a call; what is wrong with it does not cost the other parts."""
        try:
            take(job, *arguments)
        except Exception as error:
            if self.strict:
                raise
            self._troubles.refuse(error, job.step)
            return False
        return True

    def _take_scalars(self, job: LogJob, scalars: Any) -> None:
        job.scalars = check_scalars(scalars)

    def _take_ids(self, job: LogJob, ids: Any) -> None:
        job.ids = take_ids(ids)

    def _n_ids(self, job: LogJob) -> int | None:
        if job.ids is not None:
            return len(job.ids)
        default = self.writer.rows.default
        return None if default is None else len(default)

    def _take_space(self, job: LogJob, space: Any, vectors: Any) -> None:
        check_name(space, "space")
        array, dtype = take_vectors(vectors, space)
        check_rows(self._n_ids(job), len(array), f"spaces[{space!r}]", job.step)
        job.spaces[space] = (array, dtype)

    def _take_predictions(self, job: LogJob, predictions: Any) -> None:
        values, own_ids = take_predictions(predictions)
        n_ids = self._n_ids(job) if own_ids is None else len(own_ids)
        check_rows(n_ids, len(values), "predictions", job.step)
        job.predictions, job.prediction_ids = values, own_ids

    def _queue(self, job: LogJob) -> bool:
        nbytes = job.nbytes
        n_snapshots = len(job.spaces)
        wait_seconds = self.block_seconds if self.when_full == "block" else 0.0
        if n_snapshots == 0 and job.predictions is None:
            if not job.scalars or self._background.n_pending > MAX_SMALL_JOBS:
                return not job.scalars
            self._background.reserve(0, 0.0)
            nbytes = 0
        elif not self._background.reserve(nbytes, wait_seconds):
            self._drop(job, max(1, n_snapshots))
            if job.scalars:  # a few bytes, so they are never given up for want of room
                self._background.submit(LogJob(job.step, scalars=job.scalars), 0)
            return False
        try:
            job.copy_arrays(self._pool)
        except BaseException:
            self._background.give_back(nbytes)
            raise
        self._n_logged += n_snapshots
        return self._background.submit(job, nbytes)

    def _drop(self, job: LogJob, count: int) -> None:
        self._troubles.drop(job.step, count)
        failure = self._background.failure
        reason = (
            f"writing fails ({failure})"
            if failure is not None
            else "the disk is slower than training"
        )
        message = (
            f"Run {self.name!r}: step {job.step} was not logged because {reason} and the queue of "
            f"{max(self.queue_bytes, 2 * job.nbytes) >> 20} MiB is full. Log less often, use "
            f'dtype="float16", or when_full="block" to let training wait. run.write_report() '
            f"counts what was dropped."
        )
        if self.when_full == "raise":
            raise _QueueFullError(message)
        self._troubles.warn("dropped", message)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything logged so far is on the disk itself; False if it is not."""
        if self._closed:
            return True
        self._follow_fork()
        self._background.submit(self._settle, 0)
        done = self._background.drain(timeout)
        self._speak()
        if not done:
            self._troubles.complain("failing", self._failure_message())
        return done

    def wait(self) -> None:
        """Wait until everything logged so far can be read; as long as writing does not fail."""
        if not self._closed and self._pid == os.getpid():
            self._background.drain()

    def close(
        self, state: str = "closed", message: str = "", timeout: float | None = CLOSE_SECONDS
    ) -> None:
        """Write what is queued, record how the run ended, and let go of the files."""
        if self._closed or self._pid != os.getpid():
            return
        self._background.submit(self._settle, 0)
        self._background.submit(lambda: self.writer.committer.end(state, message), 0)
        self._closed = True
        lost = self._background.stop(timeout)
        snapshots = sum(len(job.spaces) for job in lost if isinstance(job, LogJob))
        self._troubles.lose(snapshots)
        self.writer.committer.let_go()
        self._speak(of_failure=not lost)
        if lost:
            message = f"{counted(snapshots, 'waiting snapshot')} could not be written and are lost."
            self._troubles.complain("lost", f"{self._failure_message()} {message}")

    def close_after(self, error: BaseException) -> None:
        """Close because of an exception, which must stay the one that the user sees."""
        message = f"{type(error).__name__}: {error}"[:500]
        with suppress(Exception):
            self._background.submit(
                lambda: self.writer.note("interrupted", f"the run ended with {message}"), 0
            )
            self.close("interrupted", message)

    def report(self) -> WriteReport:
        """What became of everything logged."""
        return WriteReport(
            n_logged=self._n_logged,
            n_written=self.writer.n_snapshots,
            n_pending=self._background.n_pending,
            n_dropped=self._troubles.n_dropped,
            n_refused=self._troubles.n_refused,
            n_retries=self._background.n_failures,
            bytes_written=self.writer.n_bytes,
            seconds_in_log=self._seconds,
            messages=self._troubles.messages,
        )

    @property
    def closed(self) -> bool:
        """Whether nothing more can be logged."""
        return self._closed

    # Called by the background thread

    def _work(self, job: Any) -> None:
        try:
            self._troubles.note_refused(self.writer.note)
            if isinstance(job, LogJob):
                self.writer.write(job)
            else:
                job()
        except OSError:
            raise
        except Exception as error:
            step = job.step if isinstance(job, LogJob) else None
            self._troubles.refuse_late(error, step)
        if isinstance(job, LogJob):
            job.give_back(self._pool, self._background.room)

    def _tick(self) -> None:
        try:
            self._troubles.note_refused(self.writer.note)
            self._troubles.note_dropped_now_and_then(self.writer.note)
            self.writer.tick()
            self._pool.trim()
            if time.monotonic() - self._last_beat > HEARTBEAT_SECONDS:
                self._last_beat = time.monotonic()
                self.writer.committer.heartbeat()
        except Exception:
            pass

    def _settle(self) -> None:
        self._troubles.note_all(self.writer.note)
        self.writer.commit_events()
        self.writer.committer.sync()

    # Telling the user

    def _speak(self, *, of_failure: bool = True) -> None:
        """Say on the caller's thread what went wrong in the background."""
        self._troubles.speak()
        if of_failure and self._background.failure is not None:
            self._troubles.complain("failing", self._failure_message())

    def _failure_message(self) -> str:
        failure = self._background.failure
        reason = failure or "the background thread did not finish in time"
        return (
            f"Run {self.name!r} cannot be written now: {reason}. Training goes on; what is queued "
            f"is tried again, and what does not fit into the queue is dropped and counted. Free "
            f"some disk space or check the permissions of the store."
        )

    def forget(self) -> None:
        """Close, in a forked child, the descriptors that belong to the parent."""
        self.writer.committer.release_hold()


class _QueueFullError(DriftglassError):
    """The queue is full and the caller asked to be told."""


def _raise(job: LogJob, error: Exception) -> None:
    raise error
