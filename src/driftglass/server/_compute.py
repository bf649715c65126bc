"""What has to be computed first: projections as jobs, and the frames they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from .._project import Plan, ProjectionRequest
from ..errors import InvalidInputError
from ._errors import ReadOnlyError
from ._jobs import Job
from ._library import Library, Reading
from ._picture import LARGEST_SIDE, coloring_of, draw_map
from ._projected import NO_SEQUENCE, KeptFrame, coordinates_of, kept_sequence, plan_of
from ._question import Answer, Content, Json, Question
from ._wire import Frame

__all__ = [
    "answer_cancel",
    "answer_frames",
    "answer_job",
    "answer_jobs",
    "answer_picture",
    "answer_project",
    "answer_projection",
    "request_of",
]

BASES = ("all", "first", "last", "window")
FRAME_ROWS = 4_000_000


def answer_projection(library: Library, question: Question) -> Answer:
    """What is kept for a projection, what an update would cost, and whether one is running."""
    reading = library.reading(question.names["run"])
    request = request_of(question)
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
    if library.read_only:
        raise ReadOnlyError(
            "This server is read-only, so it computes nothing. Run `driftglass project` on the "
            "store, or serve it without --read-only."
        )
    reading = library.reading(question.names["run"])
    request = request_of(question)
    current = plan_of(reading, request)
    if current.status == "ready":
        return Json({"job": None, "key": current.key})
    task = {
        "kind": "projection",
        "store": str(library.store.path),
        "run": reading.run.name,
        "request": {**asdict(request), "parameters": dict(request.parameters)},
        "estimate_seconds": current.seconds,
    }
    job = library.jobs.submit(_topic(reading, request), task)
    return Json({"job": job.id, "key": current.key})


def answer_jobs(library: Library, question: Question) -> Answer:
    """All jobs since the server started, oldest first."""
    return Json([job.to_dict() for job in library.jobs.all()])


def answer_job(library: Library, question: Question) -> Answer:
    """One job."""
    return Json(library.jobs.get(question.names["job"]).to_dict())


def answer_cancel(library: Library, question: Question) -> Answer:
    """Stop one job."""
    return Json(library.jobs.cancel(question.names["job"]).to_dict())


def answer_frames(library: Library, question: Question) -> Answer:
    """Coordinates of one step, a row per item; nan where the step lacks it."""
    reading = library.reading(question.names["run"])
    step = question.integer("step", low=-(2**53))
    coordinates, trust = coordinates_of(reading, question.text("projection"), step)
    start, stop = question.window(len(reading.rows), limit=FRAME_ROWS)
    window = coordinates[start:stop]
    n_present = int(np.count_nonzero(~np.isnan(window[:, 0]))) if window.size else 0
    meta = {
        "step": step,
        "start": start,
        "stop": stop,
        "n_present": n_present,
        "order": reading.rows.hash,
    }
    return Frame({"coordinates": window, "trust": trust[start:stop]}, meta)


def answer_picture(library: Library, question: Question) -> Answer:
    """One step drawn as a PNG picture, for browsers that cannot draw it."""
    reading = library.reading(question.names["run"])
    step = question.integer("step", low=-(2**53))
    key = question.text("projection")
    theme = question.choice("theme", ["dark", "light"], "dark")
    width = question.integer("width", low=64, high=LARGEST_SIDE, default=960)
    height = question.integer("height", low=64, high=LARGEST_SIDE, default=640)
    name = question.text("color", "")

    def make() -> bytes:
        coordinates, _ = coordinates_of(reading, key, step)
        sequence = kept_sequence(reading, key)
        bounds = sequence.bounds or ([0.0, 0.0], [1.0, 1.0])
        column = reading.column(name) if name else None
        seen = " · first two of three axes" if sequence.n_components > 2 else ""
        return draw_map(
            coordinates,
            coloring_of(name, column, len(coordinates), theme),
            bounds,
            f"{sequence.provenance.method.upper()} · step {step:,}{seen}",
            width=width,
            height=height,
            theme=theme,
        )

    drawn = reading.keep(("picture", key, step, theme, width, height, name), make)
    return Content(drawn, "image/png")


def request_of(question: Question) -> ProjectionRequest:
    """Which projection a question means."""
    basis: str | int = question.text("basis", "all")
    if isinstance(basis, str) and basis.isascii() and basis.isdigit():
        basis = int(basis)
        if not 1 <= basis <= 1_000_000:
            raise InvalidInputError(f"basis is {basis}; every n-th step needs n from 1.")
    elif basis not in BASES:
        raise InvalidInputError(
            f"The parameter 'basis' is {basis!r:.60}; it must be one of {list(BASES)} or a whole "
            f"number n for every n-th step."
        )
    return ProjectionRequest(
        space=question.text("space"),
        method=question.choice("method", ["pca"], "pca"),
        n_components=question.integer("n_components", low=2, high=3, default=2),
        random_state=question.integer("random_state", high=2**32 - 1, default=0),
        parameters={"basis": basis},
    )


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
    return {
        "key": current.key if current else None,
        "status": status,
        "job": job.id if job is not None and running else None,
        "estimate_seconds": None,
        "label": _label(request, steps, sequence.fitted_steps),
        "method": request.method,
        "parameters": {**request.parameters, "n_components": request.n_components},
        "random_state": request.random_state,
        "steps": steps,
        "fitted_steps": sequence.fitted_steps,
        "bounds": bounds and {"low": bounds[0], "high": bounds[1]},
        "frames": [_frame_info(frame) for frame in sequence.frames],
        "pending_steps": list(current.pending) if current else [],
        "reason": job.message if job is not None and failed and status != "ready" else None,
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


def _label(request: ProjectionRequest, steps: Sequence[int], fitted: Sequence[int]) -> str:
    """What the map is, in a line that stays in sight: method, dimension, basis, seed."""
    basis = request.parameters["basis"]
    name = {"pca": "PCA"}.get(request.method, request.method)
    said = f"one step in {basis}" if isinstance(basis, int) else f"{basis}"
    if basis == "all":
        said = "all steps"
    elif basis in ("first", "last"):
        said = f"{basis} step"
    if steps:
        count = f"{len(fitted)} of {len(steps)}" if len(fitted) < len(steps) else f"{len(steps)}"
        if basis == "all":
            said = f"all {count} steps" if len(fitted) == len(steps) else f"{count} steps"
            if len(fitted) < len(steps):
                said += f" (up to step {max(fitted)})"
        else:
            said += f" of {count}"
    return f"{name} · {request.n_components}D · basis: {said} · seed {request.random_state}"
