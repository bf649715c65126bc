"""Why items are where the map has them, and what moved them there."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._explained import (
    Way,
    explained,
    explanation_seconds,
    kind_of_map,
    names_of_features,
)
from .._explained_answers import (
    describe_rows,
    feature_contributions,
    feature_shares,
    winning_features,
)
from .._explained_rows import Explained
from ..errors import InvalidInputError, MissingDependencyError, NotFoundError
from ._chosen import chosen_rows
from ._errors import ReadOnlyError
from ._library import Library, Reading
from ._projected import kept_sequence
from ._question import Answer, Json, Question
from ._wire import Frame

__all__ = ["answer_contributions", "answer_explain", "answer_explanation", "answer_features"]

MOST_ROWS = 2_000
"""Rows whose mean is taken; of more, the first so many, which are a fair sample."""
MOST_FEATURES = 20
MATCHES = 50
NO_FEATURE = np.uint32(2**32 - 1)


def answer_explanation(library: Library, question: Question) -> Answer:
    """Contributions of the features to where some rows are; or what has to be done first."""
    reading = library.reading(question.names["run"])
    way = _way(question)
    found = _explained(reading, way)
    if found is None:
        return Json(_offer(library, reading, way))
    rows = chosen_rows(question, len(reading.rows))
    there = _rows(reading, found)[rows]
    there = there[there >= 0][:MOST_ROWS]
    if len(there) == 0:
        raise NotFoundError(_absent(way))
    top = question.integer("top", low=1, high=200, default=12)
    described = describe_rows(
        found, there, _names(reading, found), top=top, features=_features(question, found)
    )
    return Json(
        described | {"status": "ready", "step": way.step, "since": way.since, "n_asked": len(rows)}
    )


def answer_explain(library: Library, question: Question) -> Answer:
    """Start explaining every item of a step; the job that does it, or null when it is ready."""
    if library.read_only:
        raise ReadOnlyError("This server is read-only, so it computes nothing.")
    reading = library.reading(question.names["run"])
    way = _way(question)
    kind = kind_of_map(reading.run, way.projection)
    if kind == "linear" or explained(reading.run, way) is not None:
        return Json({"job": None})
    _require_torch()
    task = {
        "kind": "explanation",
        "store": str(library.store.path),
        "run": reading.run.name,
        "way": {
            "projection": way.projection,
            "step": way.step,
            "since": way.since,
            "attribution": way.attribution,
        },
        "estimate_seconds": _seconds(reading, way, kind),
    }
    return Json({"job": library.jobs.submit(_topic(reading, way), task).id})


def answer_contributions(library: Library, question: Question) -> Answer:
    """One feature's contribution for every row, or the feature that contributes most."""
    reading = library.reading(question.names["run"])
    way = _way(question)
    found = _explained(reading, way)
    if found is None:
        raise NotFoundError("This map is not explained yet. Ask for its explanation first.")
    names = _names(reading, found)
    where = _rows(reading, found)
    known = where >= 0
    meta = {"step": way.step, "since": way.since, "order": reading.rows.hash}
    if question.text("feature") == "winning":
        won = reading.keep(("winning", way), lambda: winning_features(found))
        codes = np.full(len(where), NO_FEATURE, dtype=np.uint32)
        codes[known] = np.where(won[where[known]] >= 0, won[where[known]], NO_FEATURE)
        there, counts = np.unique(codes[codes != NO_FEATURE], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        listed = [{"index": int(there[i]), "name": names[int(there[i])]} for i in order]
        return Frame({"codes": codes}, {**meta, "features": listed})
    feature = question.integer("feature", high=found.n_features - 1)
    axis = question.optional_integer("axis")
    if axis is not None and axis > 2:
        raise InvalidInputError(f"The parameter 'axis' is {axis}; 0, 1 or 2 is expected.")
    values = np.full(len(where), np.nan, dtype=np.float32)
    values[known] = feature_contributions(found, feature, axis)[where[known]]
    return Frame({"values": values}, {**meta, "name": names[feature], "axis": axis})


def answer_features(library: Library, question: Question) -> Answer:
    """Features whose name holds a text, those that contribute most first."""
    reading = library.reading(question.names["run"])
    way = _way(question)
    found = _explained(reading, way)
    if found is None:
        raise NotFoundError("This map is not explained yet. Ask for its explanation first.")
    names = _names(reading, found)
    shares = reading.keep(("shares", way), lambda: feature_shares(found))
    wanted = question.text("query", "").casefold()
    order = np.argsort(-shares, kind="stable").tolist()
    matching = [j for j in order if wanted in names[j].casefold()]
    return Json(
        {
            "n_features": found.n_features,
            "n_matching": len(matching),
            "matches": [
                {"index": j, "name": names[j], "share": float(shares[j])}
                for j in matching[:MATCHES]
            ],
        }
    )


def _way(question: Question) -> Way:
    step = question.integer("step", low=-(2**53))
    since = question.optional_integer("since", low=-(2**53))
    if since is not None and since >= step:
        raise InvalidInputError(
            f"The parameter 'since' is {since}; a step before {step} is expected."
        )
    attribution = question.choice("attribution", ("path", "local"), "path")
    return Way(
        question.text("projection"), step, since, "local" if attribution == "local" else "path"
    )


def _explained(reading: Reading, way: Way) -> Explained | None:
    kept_sequence(reading, way.projection)  # says what is wrong with the key, if anything is
    found = reading.keep(("explained", way), lambda: explained(reading.run, way))
    # What is absent may be here by now: a job keeps it without a new revision.
    return explained(reading.run, way) if found is None else found


def _offer(library: Library, reading: Reading, way: Way) -> dict[str, Any]:
    kind = kind_of_map(reading.run, way.projection)
    job = library.jobs.find(_topic(reading, way))
    running = job is not None and not job.finished
    failed = job is not None and job.state == "failed"
    status, reason = ("running", None) if running else ("failed" if failed else "absent", None)
    if failed and job is not None:
        reason = job.message
    if not running and not _has_torch():
        status, reason = "missing", str(_missing())
    return {
        "status": status,
        "kind": kind,
        "job": job.id if job is not None and running else None,
        "reason": reason,
        "estimate_seconds": round(library.estimate(_seconds(reading, way, kind)), 1),
    }


def _seconds(reading: Reading, way: Way, kind: str) -> float:
    sequence = kept_sequence(reading, way.projection)
    n = max((frame.n_samples for frame in sequence.frames if frame.step == way.step), default=0)
    widths = [info.n_features for s in reading.run.spaces for info in reading.run.describe(s)]
    return explanation_seconds(n, sequence.n_components, max(widths, default=1), kind)


def _features(question: Question, found: Explained) -> list[int]:
    listed = question.parameters.get("features", [])
    whole = isinstance(listed, list) and all(type(one) is int for one in listed)
    if not whole or len(listed) > MOST_FEATURES:
        raise InvalidInputError(
            f"The parameter 'features' is {listed!r:.60}; a list of at most {MOST_FEATURES} whole "
            f"numbers is expected."
        )
    if not all(0 <= one < found.n_features for one in listed):
        raise InvalidInputError(f"Features are numbered 0 to {found.n_features - 1}.")
    return list(listed)


def _names(reading: Reading, found: Explained) -> tuple[str, ...]:
    return names_of_features(reading.run, found.n_features)


def _rows(reading: Reading, found: Explained) -> NDArray[np.int64]:
    return reading.rows.where(found.ids)


def _absent(way: Way) -> str:
    if way.since is None:
        return f"None of these rows has a place in the map of step {way.step}."
    return f"None of these rows has a place both at step {way.since} and at step {way.step}."


def _has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def _missing() -> MissingDependencyError:
    return MissingDependencyError(
        "Only PCA says by itself why a point is where it is. For other maps a network has to be "
        "asked, which needs the package 'torch': pip install 'driftglass[torch]'"
    )


def _require_torch() -> None:
    if not _has_torch():
        raise _missing()


def _topic(reading: Reading, way: Way) -> tuple[str, ...]:
    return (
        "explanation",
        reading.run.name,
        way.projection,
        f"{way.since} {way.step}",
        way.attribution,
    )
