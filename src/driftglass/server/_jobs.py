"""Background work: a queue, progress, cancel, and a crash that costs one job."""

from __future__ import annotations

import logging
import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..errors import NotFoundError
from ._child import COMMAND, Child
from ._errors import TooBusyError

__all__ = ["Job", "Jobs"]

logger = logging.getLogger("driftglass.server")

State = Literal["queued", "running", "done", "failed", "cancelled"]

MAX_RUNNING = 2
MAX_QUEUED = 32
MAX_REMEMBERED = 200
JOB_SECONDS = 6 * 3600.0
IDLE_SECONDS = 120.0
JOBS_PER_CHILD = 50


@dataclass(eq=False)
class Job:
    """One piece of background work, as far as it has come.

    Attributes
    ----------
    id : str
        Random name.
    topic : tuple
        What it is about; a second job with the same topic joins the first.
    task : mapping
        What the worker is told.
    state : {"queued", "running", "done", "failed", "cancelled"}
        The last three are final.
    progress : float or None
        Part that is finished, in [0, 1].
    message : str or None
        What is being done, or why it failed.
    kind : str or None
        Kind of the failure.
    result : str or None
        Key of the result in the run's cache.
    paused : bool
        Whether it stands still until it is resumed.
    preview : mapping or None
        What the worker said of the newest map that is still being made.
    """

    topic: tuple[str, ...]
    task: Mapping[str, Any]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = "queued"
    progress: float | None = None
    message: str | None = None
    kind: str | None = None
    result: str | None = None
    created: float = field(default_factory=time.time)
    seconds: float | None = None
    paused: bool = False
    preview: Mapping[str, Any] | None = None
    scratch: Path | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")

    def to_dict(self) -> dict[str, Any]:
        """What a viewer is told."""
        return {
            "id": self.id,
            "run": self.task.get("run"),
            "request": self.task.get("request"),
            "state": self.state,
            "progress": self.progress,
            "message": self.message,
            "kind": self.kind,
            "result": self.result,
            "created": self.created,
            "seconds": self.seconds,
            "paused": self.paused,
            "preview": self.preview
            and {
                "key": preview_key(self),
                "steps": self.preview["steps"],
                "bounds": {"low": self.preview["low"], "high": self.preview["high"]},
            },
        }


def preview_key(job: Job) -> str | None:
    """Key under which the newest map of a job can be asked for while it is made."""
    return f"job-{job.id}-{job.preview['version']}" if job.preview else None


class Jobs:
    """Work in child processes, two at a time; the rest waits in a queue.

    Parameters
    ----------
    moved : callable
        Called with a job whenever it moves.
    job_seconds : float
        Time after which a job is given up.
    command : sequence of str
        Program that does the work; see `Child`.
    """

    def __init__(
        self,
        moved: Callable[[Job], None],
        *,
        job_seconds: float = JOB_SECONDS,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._command = command
        self._moved = moved
        self._job_seconds = job_seconds
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._queue: deque[Job] = deque()
        self._children: dict[str, Child] = {}
        self._idle: list[tuple[Child, float]] = []
        self._lock = threading.RLock()
        self._closed = False

    def submit(self, topic: tuple[str, ...], task: Mapping[str, Any]) -> Job:
        """Queue a task, or find the unfinished job that is about the same.

        Raises
        ------
        TooBusyError
            Too many jobs wait already.
        """
        with self._lock:
            same = self.find(topic)
            if same is not None and not same.finished:
                return same
            if len(self._queue) >= MAX_QUEUED or self._closed:
                raise TooBusyError(
                    f"{len(self._queue)} computations wait already. Try again when some are done, "
                    f"or cancel them."
                )
            job = Job(topic, task)
            self._jobs[job.id] = job
            self._queue.append(job)
            self._forget()
        self._moved(job)
        self._next()
        return job

    def find(self, topic: tuple[str, ...]) -> Job | None:
        """Newest job about a topic, whatever its state."""
        with self._lock:
            return next((job for job in reversed(self._jobs.values()) if job.topic == topic), None)

    def get(self, identity: str) -> Job:
        """Job of this name."""
        with self._lock:
            if identity not in self._jobs:
                raise NotFoundError(
                    f"There is no job {identity[:40]!r}. The server remembers the last "
                    f"{MAX_REMEMBERED} since it started."
                )
            return self._jobs[identity]

    def all(self) -> list[Job]:
        """Every remembered job, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def cancel(self, identity: str) -> Job:
        """Stop a job now; one that is finished stays as it is."""
        job = self.get(identity)
        with self._lock:
            if job.finished:
                return job
            job.state, job.message = "cancelled", None
            if job in self._queue:
                self._queue.remove(job)
            child = self._children.get(job.id)
        if child is not None:
            child.kill()
        self._moved(job)
        return job

    def order(self, identity: str, word: Literal["pause", "resume", "keep"]) -> Job:
        """Have a running job stand still, go on, or end with what there is; others stay."""
        job = self.get(identity)
        with self._lock:
            child = self._children.get(job.id)
            if child is None or job.finished:
                return job
            job.paused = word == "pause"
        child.say({"control": word, "job": job.id})
        self._moved(job)
        return job

    def close(self) -> None:
        """Cancel everything and end all children."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            unfinished = [job.id for job in self._jobs.values() if not job.finished]
        for identity in unfinished:
            self.cancel(identity)
        for child, _ in idle:
            child.close()

    def _next(self) -> None:
        """Start what may start."""
        with self._lock:
            while self._queue and len(self._children) < MAX_RUNNING and not self._closed:
                job = self._queue.popleft()
                job.state, job.message = "running", "starting"
                child = self._child()
                self._children[job.id] = child
                threading.Thread(
                    target=self._drive, args=(job, child), name="driftglass-job", daemon=True
                ).start()

    def _child(self) -> Child:
        """Take an idle child, which saves the imports, or start one."""
        while self._idle:
            child, since = self._idle.pop()
            if child.alive and time.monotonic() - since < IDLE_SECONDS:
                return child
            child.close()
        return Child(self._command)

    def _drive(self, job: Job, child: Child) -> None:
        began = time.monotonic()
        timer = threading.Timer(self._job_seconds, self._give_up, args=(job, child))
        timer.daemon = True
        timer.start()
        self._moved(job)
        job.scratch = Path(tempfile.mkdtemp(prefix="driftglass-job-"))
        task = {**job.task, "id": job.id, "scratch": str(job.scratch)}
        try:
            for message in child.do(task):
                self._heard(job, message)
                if not job.finished:  # the end is told once, below
                    self._moved(job)
        except Exception:
            logger.exception("A job could not be followed.")
            self._heard(job, {"failed": {"kind": "internal", "message": "The job was lost."}})
        finally:
            timer.cancel()
            shutil.rmtree(job.scratch, ignore_errors=True)
            job.paused = False
            self._release(job, child)
            job.seconds = time.monotonic() - began
            self._moved(job)
            self._next()

    def _heard(self, job: Job, message: Mapping[str, Any]) -> None:
        with self._lock:
            if job.finished:  # cancelled meanwhile: what the child says comes too late
                return
            if "progress" in message:
                done, total, what = message["progress"]
                job.progress = min(1.0, done / total) if total > 0 else None
                job.message = what
            elif "preview" in message:
                job.preview = message["preview"]
            elif "done" in message:
                job.state, job.progress, job.message = "done", 1.0, None
                job.result = message["done"]
            else:
                job.state = "failed"
                job.kind, job.message = message["failed"]["kind"], message["failed"]["message"]

    def _give_up(self, job: Job, child: Child) -> None:
        limit = self._job_seconds
        reason = f"It took longer than {limit:.0f} s and was stopped. Project fewer rows or steps."
        self._heard(job, {"failed": {"kind": "timeout", "message": reason}})
        if job.kind == "timeout":  # it may have finished just before
            child.kill()

    def _release(self, job: Job, child: Child) -> None:
        if job.kind in ("crashed", "internal"):
            logger.warning("Job %s failed: %s\n%s", job.id, job.message, child.last_errors())
        with self._lock:
            self._children.pop(job.id, None)
            healthy = job.state == "done" and child.alive and child.n_jobs < JOBS_PER_CHILD
            if healthy and not self._closed:
                self._idle.append((child, time.monotonic()))
                reaper = threading.Timer(IDLE_SECONDS, self._reap)
                reaper.daemon = True
                reaper.start()
                return
        child.close()

    def _reap(self) -> None:
        """End the children that have been idle for long; each keeps its libraries in memory."""
        with self._lock:
            limit = time.monotonic() - IDLE_SECONDS
            old = [child for child, since in self._idle if since <= limit]
            self._idle = [item for item in self._idle if item[1] > limit]
        for child in old:
            child.close()

    def _forget(self) -> None:
        finished = [job.id for job in self._jobs.values() if job.finished]
        for identity in finished[: max(0, len(self._jobs) - MAX_REMEMBERED)]:
            del self._jobs[identity]
