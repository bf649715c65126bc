"""The child process that computes: ``python -m driftglass.server._worker``.

It reads one job per line from its standard input and writes what happens, one JSON object per
line, to its standard output: ``{"progress": [done, total, what]}``, then ``{"done": key}`` or
``{"failed": {"kind", "message"}}``. A crash of a numerical library ends this process and costs one
job; when the server dies, its end of the pipe closes and this process ends too.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

from ..errors import DriftglassError

__all__ = ["main", "run_job"]

REPORT_SECONDS = 0.1


def main() -> None:
    """Run jobs until standard input closes."""
    # What libraries print must not end up between the messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    jobs: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    while True:
        _write(out, run_job(json.loads(jobs.get()), out))


def run_job(job: Mapping[str, Any], out: TextIO) -> dict[str, Any]:
    """Do one job; returns its last message."""
    try:
        return {"done": _JOBS[job["kind"]](job, _Reporter(out))}
    except DriftglassError as error:
        return {"failed": {"kind": error.kind, "message": str(error)}}
    except MemoryError:
        return {
            "failed": {
                "kind": "memory",
                "message": "The memory of this machine did not suffice. Close other programs, or "
                "project fewer rows or steps.",
            }
        }
    except Exception as error:
        traceback.print_exc()
        return {
            "failed": {
                "kind": "internal",
                "message": f"The computation failed: {type(error).__name__}: {error}"[:2_000],
            }
        }


def _project(job: Mapping[str, Any], report: _Reporter) -> str:
    from .. import store
    from .._project import ProjectionRequest, update

    run = store.open(job["store"]).run(job["run"])
    return update(run, ProjectionRequest(**job["request"]), progress=report)


def _measure(job: Mapping[str, Any], report: _Reporter) -> str:
    from .. import store
    from .._measure import MeasureRequest, measure

    run = store.open(job["store"]).run(job["run"])
    return measure(run, MeasureRequest(**job["request"]), progress=report)


_JOBS = {"projection": _project, "measurement": _measure}


class _Reporter:
    """Progress as messages, not more than ten a second."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last = -1.0
        self._what = ""

    def __call__(self, done: float, total: float, what: str) -> None:
        now = time.monotonic()
        if now - self._last >= REPORT_SECONDS or what != self._what:
            self._last, self._what = now, what
            _write(self._out, {"progress": [float(done), float(total), what]})


def _listen(jobs: queue.Queue[str]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)  # the server is gone: nobody waits for a result


def _write(out: TextIO, message: Mapping[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
