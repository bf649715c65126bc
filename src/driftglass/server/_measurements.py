"""Measurements that take long: what is kept of one, starting one, and its numbers by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from .._measure import KINDS, MeasurePlan, MeasureRequest, plan_measurement
from ..errors import DriftglassError, FormatError, InvalidInputError, NotFoundError
from ._errors import ReadOnlyError
from ._jobs import Job
from ._library import Library, Reading
from ._question import Answer, Json, Question
from ._wire import Frame

__all__ = ["answer_measure", "answer_measured", "answer_measurement", "measurements_of_map"]

UNASKED_SECONDS = 2.0
"""What takes longer is offered, not started."""
MOST_ITEMS = 1_000
"""Items of a selection that are compared; a draw of so many stands for all of a larger one."""


class Caution(msgspec.Struct, frozen=True):
    """See `driftglass.diagnostics.Caution`."""

    kind: str
    text: str
    value: float
    limit: float


class TrackPart(msgspec.Struct, frozen=True):
    """A track and how many values it has."""

    name: str
    against: str
    n_values: int


class Group(msgspec.Struct, frozen=True):
    """A group of a map and in how many of how many other maps it stays together."""

    name: str
    overlap: float
    together: tuple[int, int]


class Tracks(msgspec.Struct, frozen=True):
    """What is said of tracks."""

    tracks: list[TrackPart]
    n_probe: int
    classes: list[str]
    absent: dict[str, str]
    notes: list[str]


class Motion(msgspec.Struct, frozen=True):
    """What is said of a sequence of maps."""

    F: float | None
    C: float | None
    J: float | None
    who: float | None
    when: float | None
    missed: float | None
    rigid_share: float | None
    pooled: float | None
    C_relational: float | None
    still: float | None
    still_snapshots: int
    n_anchors: int
    cautions: list[Caution]
    undefined: dict[str, str] = {}


class Similarity(msgspec.Struct, frozen=True):
    """What is said of the similarity of snapshots."""

    n: int
    n_shared: int


class Errors(msgspec.Struct, frozen=True):
    """What is said of the errors of one map."""

    trustworthiness: float | None
    continuity: float | None
    shuffled: float | None
    n_neighbors: int
    n_anchors: int
    n_samples: int
    n_features: int
    F: float | None
    F_error: float | None
    kept: float | None
    distances: float | None
    density: float | None
    dimension: float | None
    variance_share: float | None
    cautions: list[Caution]


class Noise(msgspec.Struct, frozen=True):
    """What is said of a map beside a map of noise."""

    like_noise: float | None
    n_maps: int
    cautions: list[Caution]


class Stability(msgspec.Struct, frozen=True):
    """What is said of other maps of the same rows."""

    settings: str
    n_maps: int
    n_samples: int
    seed_spread: float | None
    setting_spread: float | None
    groups: list[Group]
    cautions: list[Caution]


SAID: dict[str, type[msgspec.Struct]] = {
    "tracks": Tracks,
    "motion": Motion,
    "similarity": Similarity,
    "errors": Errors,
    "noise": Noise,
    "stability": Stability,
}
SERIES = {
    "tracks": ("steps", "values", "standard_errors", "n"),
    "motion": (
        "steps",
        "faithfulness",
        "who",
        "false_motion",
        "missed_motion",
        "rigid_share",
        "speed_data",
        "speed_relational",
        "speed_map",
    ),
    "similarity": (),
}
POINTS = {
    "motion": ("point_faithfulness", "point_false_motion", "point_missed_motion"),
    "errors": ("false", "missing", "kept", "faithfulness"),
    "noise": ("p_values", "noisy"),
    "stability": ("stability",),
}
Start = Literal["yes", "quick"]
Checked = TypeVar("Checked")


def answer_measurement(library: Library, question: Question) -> Answer:
    """What is kept of a measurement, what making it would cost, and whether that is under way."""
    reading = library.reading(question.names["run"])
    return Json(_described(library, reading, _request(reading, question, None)))


def answer_measure(library: Library, question: Question) -> Answer:
    """Start a measurement, or with ``start=quick`` only one that takes no time; its description."""
    if library.read_only:
        raise ReadOnlyError(
            "This server is read-only, so it measures nothing. Serve the store without --read-only."
        )
    reading = library.reading(question.names["run"])
    start = question.choice("start", ["yes", "quick"], "yes")
    request = _request(reading, question, question.parameters.get("rows"))
    plan = _plan(reading, request)
    seconds = library.estimate(plan.seconds)
    if plan.status != "ready" and (start == "yes" or seconds < UNASKED_SECONDS):
        task = {
            "kind": "measurement",
            "store": str(library.store.path),
            "run": reading.run.name,
            "request": asdict(request),
            "estimate_seconds": plan.seconds,
        }
        library.jobs.submit(_topic(reading, plan), task)
    return Json(_described(library, reading, request))


def answer_measured(library: Library, question: Question) -> Answer:
    """Numbers of a kept measurement: series by step, or with `step` the points of one frame."""
    reading = library.reading(question.names["run"])
    key = question.text("key")
    step = question.optional_integer("step", low=-(2**53))
    kept = reading.run.cache.get(key) if key in reading.run.cache.keys() else None  # noqa: SIM118
    if kept is None or kept.description.get("kind") != "measurement":
        raise NotFoundError(
            f"There is no measurement {key[:80]!r} in run {reading.run.name!r}. Ask for it again."
        )
    try:
        kind = str(kept.description["of"])
        said = msgspec.to_builtins(msgspec.convert(kept.description, SAID[kind]))
        if kind in POINTS and (kind != "motion" or step is not None):
            arrays = _points(reading, kind, kept.arrays, step)
        else:
            arrays = _series(kind, said, kept.arrays)
    except DriftglassError:
        raise
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError(
            f"A kept measurement of run {reading.run.name!r} is not what it claims to be. Delete "
            f"the folder 'derived' inside the run; it holds nothing that cannot be made again."
        ) from error
    return Frame(arrays, {"of": kind, "order": reading.rows.hash, **said})


def measurements_of_map(
    space: str, key: str, steps: Sequence[int], *, whole: bool
) -> list[dict[str, Any]]:
    """Parameters of every question about measurements of one projection.

    What is measured of the whole sequence is left out unless these are all of its steps.
    """
    of_map = {"space": space, "projection": key}
    kinds = ("errors", "noise", "stability")
    return [
        *([{"kind": "motion", **of_map}] if whole else []),
        *({"kind": kind, **of_map, "step": step} for kind in kinds for step in steps),
    ]


def _request(reading: Reading, question: Question, rows: Any) -> MeasureRequest:
    kind = question.choice("kind", KINDS)
    return MeasureRequest(
        kind=kind,  # type: ignore[arg-type]
        space=question.text("space"),
        projection=question.text("projection", "") or None,
        step=question.optional_integer("step", low=-(2**53)),
        ids=None if rows is None else _ids_of(reading, rows),
    )


def _ids_of(reading: Reading, rows: Any) -> tuple[Any, ...]:
    n = len(reading.rows)
    if not isinstance(rows, list) or not rows:
        raise InvalidInputError("rows must be a list of at least one row number.")
    if not all(type(row) is int and 0 <= row < n for row in rows):
        raise InvalidInputError(f"rows must be whole numbers from 0 to {n - 1}.")
    chosen = np.unique(np.array(rows, dtype=np.int64))
    if len(chosen) > MOST_ITEMS:
        # Rows stand in an order whose every part is a fair sample; take them evenly.
        chosen = chosen[np.linspace(0, len(chosen) - 1, MOST_ITEMS).astype(np.int64)]
    return tuple(reading.rows.ids[chosen].tolist())


def _plan(reading: Reading, request: MeasureRequest) -> MeasurePlan:
    try:
        return plan_measurement(reading.run, request)
    except DriftglassError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"A kept projection of run {reading.run.name!r} is not what it claims to be."
        ) from error


def _topic(reading: Reading, plan: MeasurePlan) -> tuple[str, ...]:
    return ("measurement", reading.run.name, plan.wanted)


def _described(library: Library, reading: Reading, request: MeasureRequest) -> dict[str, Any]:
    try:
        plan = _plan(reading, request)
    except InvalidInputError as error:  # nothing logged yet
        return _status("absent", None, None, None, str(error))
    job = library.jobs.find(_topic(reading, plan))
    seconds = round(library.estimate(plan.seconds), 2)
    failed = job is not None and job.state == "failed" and plan.status != "ready"
    if job is not None and not job.finished:
        return _status("running", plan.key, seconds, job, None)
    reason = job.message if failed and job is not None else None
    status = "failed" if failed and plan.status == "absent" else plan.status
    return _status(status, plan.key, seconds, None, reason)


def _status(
    status: str, key: str | None, seconds: float | None, job: Job | None, reason: str | None
) -> dict[str, Any]:
    return {
        "status": status,
        "key": key,
        "estimate_seconds": seconds,
        "job": job.id if job is not None else None,
        "progress": job.progress if job is not None else None,
        "message": job.message if job is not None else None,
        "reason": reason,
    }


def _series(kind: str, said: dict[str, Any], arrays: Any) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {
        name: np.asarray(arrays[name], dtype=np.float64) for name in SERIES[kind]
    }
    if kind == "tracks":
        total = sum(part["n_values"] for part in said["tracks"])
        _check(all(len(values) == total for values in found.values()))
        _check(all(part["n_values"] >= 0 for part in said["tracks"]))
    if kind in ("tracks", "similarity"):
        steps = np.asarray(arrays["cka_steps"], dtype=np.float64)
        cka = np.asarray(arrays["cka"], dtype=np.float32)
        _check(steps.ndim == 1 and cka.shape == (len(steps), len(steps)))
        found |= {"cka": cka, "cka_steps": steps}
    if kind == "motion":
        n = len(found["steps"])
        _check(all(len(found[name]) in (n, n - 1) for name in SERIES[kind]))
    return found


def _points(reading: Reading, kind: str, arrays: Any, step: int | None) -> dict[str, NDArray[Any]]:
    part = slice(None)
    if kind == "motion":
        steps = np.asarray(arrays["steps"]).tolist()
        if step not in steps:
            raise NotFoundError.for_name("step of this measurement", step, steps)
        number = steps.index(step)
        offsets = np.asarray(arrays["offsets"], dtype=np.int64)
        part = slice(int(offsets[number]), int(offsets[number + 1]))
    ids = np.asarray(arrays["ids"])[part]
    rows = _rows(reading, ids)
    known = rows >= 0
    found: dict[str, NDArray[Any]] = {"rows": rows[known].astype(np.uint32)}
    for name in POINTS[kind]:
        values = np.asarray(arrays[name])[part]
        _check(values.shape == ids.shape)
        found[name] = values[known].astype(np.float32)
    return found


def _rows(reading: Reading, ids: NDArray[Any]) -> NDArray[np.int64]:
    """Row of each id; -1 for one that the run does not have."""
    where = reading.rows.where(ids)
    found = np.full(len(ids), -1, dtype=np.int64)
    there = np.flatnonzero(where >= 0)
    found[where[there]] = there
    return found


def _check(holds: bool | Sequence[bool]) -> None:
    if not holds:
        raise ValueError("arrays of a measurement do not fit together")
