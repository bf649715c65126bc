"""The child process that computes: ``python -m driftglass.server._worker``.

It reads one job per line from its standard input and writes what happens, one JSON object per
line, to its standard output: ``{"progress": [done, total, what]}``, ``{"preview": {…}}`` when there
is a new map to look at, then ``{"done": key}`` or ``{"failed": {"kind", "message"}}``. A line
``{"control": "pause" | "resume" | "keep", "job": id}`` in between is obeyed at the next report.
A crash of a numerical library ends this process and costs one
job; when the server dies, its end of the pipe closes and this process ends too.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

from .._progress import Cancelled
from ..errors import DriftglassError
from ._finder import run_search
from ._reporter import Control, Reporter

__all__ = ["main", "run_job"]


def main() -> None:
    """Run jobs until standard input closes."""
    # What libraries print must not end up between the messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    jobs: queue.Queue[dict[str, Any]] = queue.Queue()
    control = Control()
    threading.Thread(target=_listen, args=(jobs, control), daemon=True).start()
    while True:
        _write(out, run_job(jobs.get(), out, control))


def run_job(job: Mapping[str, Any], out: TextIO, control: Control | None = None) -> dict[str, Any]:
    """Do one job; returns its last message."""
    control = control or Control()
    control.begin(job.get("id"))
    report = Reporter(lambda message: _write(out, message), control, job.get("scratch"))
    try:
        return {"done": _JOBS[job["kind"]](job, report)}
    except Cancelled:
        message = "It was stopped before there was a map to keep."
        return {"failed": {"kind": "stopped", "message": message}}
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


def _project(job: Mapping[str, Any], report: Reporter) -> str:
    from .. import store
    from .._project import ProjectionRequest, update

    run = store.open(job["store"]).run(job["run"])
    request = ProjectionRequest(**job["request"])
    return update(run, request, refresh=bool(job.get("refresh")), progress=report)


def _measure(job: Mapping[str, Any], report: Reporter) -> str:
    from .. import store
    from .._measure import MeasureRequest, measure

    run = store.open(job["store"]).run(job["run"])
    return measure(run, MeasureRequest(**job["request"]), progress=report)


def _explain(job: Mapping[str, Any], report: Reporter) -> str:
    from .. import store
    from .._explained import Way, keep_explanation

    run = store.open(job["store"]).run(job["run"])
    return keep_explanation(run, Way(**job["way"]), progress=report)


def _find_neighbors(job: Mapping[str, Any], report: Reporter) -> str:
    from .. import store
    from .._nearby import keep_graph

    run = store.open(job["store"]).run(job["run"])
    return keep_graph(run, job["space"], job["step"], metric=job["metric"], progress=report)


def _compare(job: Mapping[str, Any], report: Reporter) -> str:
    from .._compared import keep_comparison

    return keep_comparison(_pair(job), progress=report)


def _combine(job: Mapping[str, Any], report: Reporter) -> str:
    from .. import store
    from .._compared import combine_pair

    return combine_pair(_pair(job), store.open(job["store"]), progress=report)


def _pair(job: Mapping[str, Any]) -> Any:
    from .. import store
    from .._compared import RunPair

    place = store.open(job["store"])
    return RunPair(place.run(job["run"]), place.run(job["other"]), *job["spaces"])


def _search(job: Mapping[str, Any], report: Reporter) -> str:
    from .. import store

    return run_search(store.open(job["store"]).run(job["run"]), job, report)


_JOBS = {
    "combine": _combine,
    "comparison": _compare,
    "explanation": _explain,
    "measurement": _measure,
    "neighbors": _find_neighbors,
    "projection": _project,
    "search": _search,
}


def _listen(jobs: queue.Queue[dict[str, Any]], control: Control) -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "control" in message:
            control.obey(message["control"], message.get("job"))
        else:
            jobs.put(message)
    os._exit(0)  # the server is gone: nobody waits for a result


def _write(out: TextIO, message: Mapping[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
