"""Who is near an item in the vectors themselves, at one step or at two, in one space or in two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._nearby import Nearby, graph_seconds, nearby, search_seconds
from ..errors import DriftglassError, NotFoundError
from ..neighbors._graph import METRICS
from ._comparing import NO_PARTNER, rows_in
from ._errors import ReadOnlyError
from ._jobs import Job
from ._library import Library, Reading
from ._question import Answer, Json, Question

__all__ = ["answer_find_neighbors", "answer_neighbors", "offer", "shape_of", "topic_of"]

MOST = 100
KINDS = ("auto", "exact")


def answer_neighbors(library: Library, question: Question) -> Answer:
    """Neighbours of one row, nearest first, beside those it has at another step or space."""
    reading = library.reading(question.names["run"])
    space, step = question.text("space"), question.integer("step", low=-(2**53))
    metric = question.choice("metric", METRICS, "euclidean")
    described = _described(library, reading, question, space, step, metric)
    other_space = question.text("other_space", space)
    other_step = question.integer("other_step", low=-(2**53), default=step)
    other_run = question.text("other_run", reading.run.name)
    if (other_run, other_space, other_step) != (reading.run.name, space, step):
        try:
            if other_run == reading.run.name:
                other = _described(library, reading, question, other_space, other_step, metric)
            else:
                elsewhere = library.reading(other_run)
                other = _elsewhere(
                    library, reading, elsewhere, question, other_space, other_step, metric
                )
        except DriftglassError as error:  # the item may be missing there, which is an answer
            other = {"space": other_space, "step": other_step, "reason": str(error)}
        described["other"] = other
        if "neighbors" in other and "neighbors" in described:
            mine = {one["row"] for one in described["neighbors"]}
            theirs = {one["row"] for one in other["neighbors"]}
            described["shared"] = sorted(mine & theirs)
    return Json(described)


def answer_find_neighbors(library: Library, question: Question) -> Answer:
    """Start finding the neighbours of every item of a snapshot; the job that does it."""
    if library.read_only:
        raise ReadOnlyError("This server is read-only, so it computes nothing.")
    reading = library.reading(question.names["run"])
    space, step = question.text("space"), question.integer("step", low=-(2**53))
    metric = question.choice("metric", METRICS, "euclidean")
    n, d = shape_of(reading, space, step)
    task = {
        "kind": "neighbors",
        "store": str(library.store.path),
        "run": reading.run.name,
        "space": space,
        "step": step,
        "metric": metric,
        "estimate_seconds": graph_seconds(n, d),
    }
    return Json({"job": library.jobs.submit(topic_of(reading, space, step, metric), task).id})


def _described(
    library: Library, reading: Reading, question: Question, space: str, step: int, metric: str
) -> dict[str, Any]:
    n, d = shape_of(reading, space, step)
    row = question.integer("row", high=max(0, len(reading.rows) - 1))
    wanted = question.integer("n", low=1, high=MOST, default=15)
    exact = question.choice("search", KINDS, "auto") == "exact"
    item = reading.rows.ids[row].item()

    def find() -> Nearby | None:
        return nearby(reading.run, space, step, item, wanted, metric=metric, exact=exact)

    job = library.jobs.find(topic_of(reading, space, step, metric))
    done = job is not None and job.state == "done"
    found = reading.keep(("neighbors", space, step, row, wanted, metric, exact, done), find)
    described = {"row": row, "space": space, "step": step, "metric": metric, "n_samples": n}
    if found is None:
        return described | offer(library, job, n, d)
    rows = _rows_of(reading, found)
    return described | {
        "method": found.method,
        "recall": found.recall,
        "n_checked": found.n_checked,
        "n_samples": found.n_samples,
        "neighbors": [
            {"row": int(row), "id": item, "distance": distance}
            for row, item, distance in zip(
                rows, found.ids.tolist(), found.distances.tolist(), strict=True
            )
        ],
    }


def _elsewhere(
    library: Library,
    reading: Reading,
    other: Reading,
    question: Question,
    space: str,
    step: int,
    metric: str,
) -> dict[str, Any]:
    """Neighbours that the same item has in another run, by the rows of this one."""
    there = rows_in(reading, other)
    row = question.integer("row", high=max(0, len(reading.rows) - 1))
    if there[row] == NO_PARTNER:
        item = reading.rows.ids[row].item()
        raise NotFoundError(f"The run {other.run.name!r} has no item {item!r}.")
    moved = Question(question.names, {**question.parameters, "row": str(int(there[row]))})
    described = _described(library, other, moved, space, step, metric)
    described |= {"run": other.run.name, "row": row}
    if "neighbors" in described:
        here = rows_in(other, reading)
        listed = [one | {"row": int(here[one["row"]])} for one in described["neighbors"]]
        # What only the other run has cannot be shown on this map.
        described["neighbors"] = [one for one in listed if one["row"] != NO_PARTNER]
        described["n_elsewhere"] = len(listed) - len(described["neighbors"])
    return described


def offer(library: Library, job: Job | None, n: int, d: int) -> dict[str, Any]:
    """What a search would cost that is not made unasked."""
    return {
        "exact_seconds": round(search_seconds(n, d), 1),
        "graph_seconds": round(library.estimate(graph_seconds(n, d)), 1),
        "job": job.id if job is not None and not job.finished else None,
        "reason": job.message if job is not None and job.state == "failed" else None,
    }


def shape_of(reading: Reading, space: str, step: int) -> tuple[int, int]:
    """Items and features of a snapshot."""
    if space not in reading.run.spaces:
        raise NotFoundError.for_name("space", space, list(reading.run.spaces))
    infos = {info.step: info for info in reading.run.describe(space)}
    if step not in infos:
        raise NotFoundError.for_name("step", step, list(infos))
    return infos[step].n_samples, infos[step].n_features


def _rows_of(reading: Reading, found: Nearby) -> NDArray[np.int64]:
    """Rows of the viewer in which these items stand."""
    ids = reading.rows.ids
    order = reading.kept.get((reading.rows.hash, "sorted"), lambda: np.argsort(ids, kind="stable"))
    return np.asarray(order[np.searchsorted(ids, found.ids, sorter=order)], dtype=np.int64)


def topic_of(reading: Reading, space: str, step: int, metric: str) -> tuple[str, ...]:
    """What a job that finds these neighbours is about."""
    return ("neighbors", reading.run.name, space, str(step), metric)
