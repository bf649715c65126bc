"""Which maps there are and can be: methods, kept projections, and the jobs that make them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .._project import Plan, ProjectionRequest
from ..errors import DriftglassError, InvalidInputError
from ._errors import ReadOnlyError
from ._jobs import Job
from ._library import Library, Reading
from ._methods import METHODS
from ._projected import NO_SEQUENCE, KeptFrame, KeptSequence, kept_sequence, plan_of
from ._question import Answer, Json, Question
from ._recipes import label_of, recipe_of, request_of, requested

__all__ = [
    "answer_cancel",
    "answer_job",
    "answer_jobs",
    "answer_keep",
    "answer_methods",
    "answer_pause",
    "answer_project",
    "answer_projection",
    "answer_projections",
    "answer_resume",
]

KEPT = "projection-"
MOST_KEPT = 500


def answer_methods(library: Library, question: Question) -> Answer:
    """Methods of projection with their settings, and which of them are not installed."""
    return Json([method.to_dict() for method in METHODS])


def answer_projections(library: Library, question: Question) -> Answer:
    """Kept projections of a run, newest first: what each is, and how to ask for it."""
    reading = library.reading(question.names["run"])
    space = question.text("space", "")
    found = []
    for key in reading.run.cache.keys():  # noqa: SIM118 - not a mapping
        if not key.startswith(KEPT):
            continue
        try:
            sequence = kept_sequence(reading, key)
            entry = _entry(key, sequence)
        except (DriftglassError, AttributeError, KeyError, TypeError, ValueError):
            continue  # a stranger's file, or one that is being deleted
        if entry["steps"] and space in ("", entry["space"]):
            found.append(entry)
    found.sort(key=lambda entry: (-entry["made"], entry["key"]))
    return Json(found[:MOST_KEPT])


def _entry(key: str, sequence: KeptSequence) -> dict[str, Any]:
    request = request_of(sequence)
    steps = [frame.step for frame in sequence.frames]
    last = sequence.frames[-1].quality if sequence.frames else None
    stopped = sequence.provenance.parameters.get("stopped")
    return {
        "key": key,
        "space": request.space,
        "label": label_of(request, steps, sequence.fitted_steps, stopped),
        "method": request.method,
        "n_components": request.n_components,
        "random_state": request.random_state,
        "recipe": recipe_of(sequence),
        "steps": steps,
        "made": sequence.made,
        "stopped": stopped,
        "trustworthiness": last.trustworthiness if last else None,
    }


def answer_projection(library: Library, question: Question) -> Answer:
    """What is kept for a projection, what an update would cost, and whether one is running."""
    reading = library.reading(question.names["run"])
    key = question.text("key", "")
    if key:
        sequence = kept_sequence(reading, key)
        current = Plan("ready", key, (), False, 0.0)
        return Json(_described(reading, request_of(sequence), current, None))
    request = requested(reading, question)
    try:
        current = plan_of(reading, request)
    except InvalidInputError as error:  # nothing logged yet that could be projected
        described = _described(reading, request, None, None)
        return Json({**described, "reason": str(error)})
    job = library.jobs.find(_topic(reading, request))
    described = _described(reading, request, current, job)
    return Json({**described, "estimate_seconds": round(library.estimate(current.seconds), 2)})


def answer_project(library: Library, question: Question) -> Answer:
    """Start or extend a projection; the job that does it, or null when it is ready."""
    _refuse_if_read_only(library)
    reading = library.reading(question.names["run"])
    request = requested(reading, question)
    current = plan_of(reading, request)
    refresh = question.parameters.get("refresh") is True
    if current.status == "ready" and not refresh:
        return Json({"job": None, "key": current.key})
    task = {
        "kind": "projection",
        "store": str(library.store.path),
        "run": reading.run.name,
        "request": {**asdict(request), "parameters": dict(request.parameters)},
        "refresh": refresh,
        "estimate_seconds": current.seconds,
    }
    job = library.jobs.submit(_topic(reading, request), task)
    return Json({"job": job.id, "key": current.key})


def _refuse_if_read_only(library: Library) -> None:
    if library.read_only:
        raise ReadOnlyError(
            "This server is read-only, so it computes nothing. Run `driftglass project` on the "
            "store, or serve it without --read-only."
        )


def answer_jobs(library: Library, question: Question) -> Answer:
    """All jobs since the server started, oldest first."""
    return Json([job.to_dict() for job in library.jobs.all()])


def answer_job(library: Library, question: Question) -> Answer:
    """One job."""
    return Json(library.jobs.get(question.names["job"]).to_dict())


def answer_cancel(library: Library, question: Question) -> Answer:
    """Stop one job."""
    return Json(library.jobs.cancel(question.names["job"]).to_dict())


def answer_pause(library: Library, question: Question) -> Answer:
    """Have one job stand still."""
    return Json(library.jobs.order(question.names["job"], "pause").to_dict())


def answer_resume(library: Library, question: Question) -> Answer:
    """Have one job go on."""
    return Json(library.jobs.order(question.names["job"], "resume").to_dict())


def answer_keep(library: Library, question: Question) -> Answer:
    """End the layout of one job and keep the map as it is."""
    return Json(library.jobs.order(question.names["job"], "keep").to_dict())


def _topic(reading: Reading, request: ProjectionRequest) -> tuple[str, ...]:
    return ("projection", reading.run.name, request.key)


def _described(
    reading: Reading,
    request: ProjectionRequest,
    current: Plan | None,
    job: Job | None,
) -> dict[str, Any]:
    sequence = kept_sequence(reading, current.key) if current and current.key else NO_SEQUENCE
    steps = [frame.step for frame in sequence.frames]
    bounds = sequence.bounds
    running = job is not None and not job.finished
    failed = job is not None and job.state == "failed"
    status: str = current.status if current else "absent"
    if running:
        status = "running"
    elif failed and status == "absent":
        status = "failed"
    stopped = sequence.provenance.parameters.get("stopped")
    return {
        "key": current.key if current else None,
        "status": status,
        "job": job.id if job is not None and running else None,
        "estimate_seconds": None,
        "label": label_of(request, steps, sequence.fitted_steps, stopped),
        "method": request.method,
        "parameters": {**request.parameters, "n_components": request.n_components},
        "random_state": request.random_state,
        "steps": steps,
        "fitted_steps": sequence.fitted_steps,
        "bounds": bounds and {"low": bounds[0], "high": bounds[1]},
        "frames": [_frame_info(frame) for frame in sequence.frames],
        "pending_steps": list(current.pending) if current else [],
        "reason": job.message if job is not None and failed and status != "ready" else None,
        "preview": job.to_dict()["preview"] if job is not None and running else None,
        "stopped": stopped,
    }


def _frame_info(frame: KeptFrame) -> dict[str, Any]:
    quality = frame.quality
    names = ("trustworthiness", "continuity", "null", "n_neighbors", "n_anchors")
    return {
        "step": frame.step,
        "n_samples": frame.n_samples,
        "n_excluded": frame.n_excluded,
        "notes": frame.notes,
        **{name: getattr(quality, name) if quality else None for name in names},
    }
