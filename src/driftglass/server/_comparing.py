"""Two runs at once: which rows are the same item, what both share, and one run that holds both."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._compare import MIN_SHARED, RunComparison
from .._compared import (
    RunPair,
    combined_name,
    combining_seconds,
    comparison_seconds,
    kept_comparison,
)
from ..data._ids import positions
from ..errors import InvalidInputError
from ._errors import ReadOnlyError
from ._jobs import Job
from ._library import Library, Reading
from ._question import Answer, Json, Question
from ._wire import Frame

__all__ = ["answer_compare", "answer_comparison", "answer_pairing", "rows_in"]

NO_PARTNER = np.uint32(2**32 - 1)


def answer_pairing(library: Library, question: Question) -> Answer:
    """For each row of a run the row of another run that is the same item."""
    reading = library.reading(question.names["run"])
    other = library.reading(question.text("other"))
    rows = rows_in(reading, other)
    meta = {
        "order": reading.rows.hash,
        "other_order": other.rows.hash,
        "n_other": len(other.rows),
        "n_shared": int((rows != NO_PARTNER).sum()),
    }
    return Frame({"rows": rows}, meta)


def rows_in(reading: Reading, other: Reading) -> Any:
    """Row of `other` for each row of `reading`, uint32; 4294967295 where it lacks the item."""

    def find() -> Any:
        found = positions(reading.rows.ids, other.rows.ids)
        return np.where(found >= 0, found, NO_PARTNER).astype(np.uint32)

    return reading.keep(("pairing", other.run.name, other.rows.hash), find)


def answer_comparison(library: Library, question: Question) -> Answer:
    """What two runs share, if it is kept; else what finding out would cost."""
    pair = _pair(library, question)
    found = kept_comparison(pair)
    job = library.jobs.find(_topic(pair))
    writing = library.jobs.find(_topic(pair, "combine"))
    running = next((one for one in (writing, job) if one is not None and not one.finished), None)
    names = {run.name for run in library.runs()}
    combined = combined_name(pair)
    return Json(
        {
            "status": _status(found, running, job),
            "estimate_seconds": _seconds(library, pair, found),
            "job": running.id if running else None,
            "progress": running.progress if running else None,
            "message": running.message if running else None,
            "reason": _reason(pair, [writing, job]),
            "combined": combined if combined in names and running is None else None,
            "numbers": _numbers(found) if found is not None else None,
        }
    )


def answer_compare(library: Library, question: Question) -> Answer:
    """Start comparing two runs, or writing one run that holds both; the job that does it."""
    if library.read_only:
        raise ReadOnlyError("This server is read-only, so it computes nothing.")
    pair = _pair(library, question)
    combines = question.parameters.get("combine", False)
    if not isinstance(combines, bool):
        raise InvalidInputError(f"The parameter 'combine' is {combines!r}; true or false is meant.")
    found = kept_comparison(pair)
    if found is not None and not combines:
        return Json({"job": None})
    if not pair.shared_steps:
        raise InvalidInputError(_no_steps(pair))
    task = {
        "kind": "combine" if combines else "comparison",
        "store": str(library.store.path),
        "run": pair.run_a.name,
        "other": pair.run_b.name,
        "spaces": [pair.space_a, pair.space_b],
        "estimate_seconds": combining_seconds(pair) if combines else comparison_seconds(pair),
    }
    topic = _topic(pair, "combine" if combines else "comparison")
    return Json({"job": library.jobs.submit(topic, task).id})


def _pair(library: Library, question: Question) -> RunPair:
    run = library.run(question.names["run"])
    other = library.run(question.text("other"))
    space = question.text("space")
    return RunPair(run, other, space, question.text("other_space", space))


def _topic(pair: RunPair, kind: str = "comparison") -> tuple[str, ...]:
    return (kind, pair.run_a.name, pair.run_b.name, pair.space_a, pair.space_b)


def _status(found: RunComparison | None, running: Job | None, job: Job | None) -> str:
    if running is not None:
        return "running"
    if found is not None:
        return "ready"
    return "failed" if job is not None and job.state == "failed" else "absent"


def _seconds(library: Library, pair: RunPair, found: RunComparison | None) -> float:
    seconds = comparison_seconds(pair) if found is None else combining_seconds(pair)
    return round(library.estimate(seconds), 1)


def _reason(pair: RunPair, jobs: list[Job | None]) -> str | None:
    failed = next((one for one in jobs if one is not None and one.state == "failed"), None)
    if failed is not None:
        return failed.message
    return None if pair.shared_steps else _no_steps(pair)


def _no_steps(pair: RunPair) -> str:
    return (
        f"The runs {pair.run_a.name!r} and {pair.run_b.name!r} have no step in common, so there "
        f"is nothing to compare; {MIN_SHARED} items at one step would do."
    )


def _numbers(found: RunComparison) -> dict[str, Any]:
    table = found.table()
    columns = {name: _finite(values) for name, values in table.items() if name != "step"}
    return {
        "steps": found.steps.tolist(),
        **columns,
        "unrelated": found.unrelated.tolist(),
        "n_items": len(found.ids),
        "n_neighbors": found.n_neighbors,
        "n_probe": found.n_probe,
        "cka_map": {
            "steps": [steps.tolist() for steps in found.map_steps],
            "values": [_finite(line) for line in found.cka_map],
        },
    }


def _finite(values: Any) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in np.asarray(values)]
