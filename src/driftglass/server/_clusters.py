"""Crowds of a map by name, with the words that named them, and names that readers give them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._label import ClusterLabels, keep_names, kept_names, labels_of_frame
from .._sequence_cache import read_frame
from ..data import Projection, Provenance
from ..errors import InvalidInputError, NotFoundError
from ._errors import ReadOnlyError
from ._library import Library, Reading
from ._projected import kept_sequence
from ._question import Answer, Json, Question
from ._wire import Frame

__all__ = ["answer_clusters", "answer_name_clusters"]

NO_CROWD = np.uint16(2**16 - 1)


def answer_clusters(library: Library, question: Question) -> Answer:
    """Number of each row's crowd, and what the crowds are called and why."""
    reading = library.reading(question.names["run"])
    labels = _labels(reading, question)
    where = reading.rows.where(labels.ids)
    codes = np.full(len(where), NO_CROWD, dtype=np.uint16)
    known = where >= 0
    found = labels.codes[where[known]]
    codes[known] = np.where(found >= 0, found, NO_CROWD).astype(np.uint16)
    return Frame({"codes": codes}, _described(reading, labels))


def answer_name_clusters(library: Library, question: Question) -> Answer:
    """Keep names that a reader gives to crowds; an empty one gives the automatic name back."""
    if library.read_only:
        raise ReadOnlyError("This server is read-only, so it keeps no names.")
    reading = library.reading(question.names["run"])
    labels = _labels(reading, question)
    given = question.parameters.get("names")
    if not isinstance(given, dict) or not all(
        number.isascii() and number.isdigit() and isinstance(name, str)
        for number, name in given.items()
    ):
        raise InvalidInputError(
            f"The parameter 'names' is {given!r:.60}; an object of names by number is expected."
        )
    names = {int(number): name for number, name in given.items()}
    labels.rename(names)  # refuses numbers that are not there
    keep_names(reading.run, _frame(reading, question), names)
    return Json(_described(reading, _labels(reading, question)))


def _labels(reading: Reading, question: Question) -> ClusterLabels:
    key, step = question.text("projection"), question.integer("step", low=-(2**53))
    frame = _frame(reading, question)
    found = reading.keep(("clusters", key, step), lambda: labels_of_frame(reading.run, frame))
    return found.rename(kept_names(reading.run, frame))


def _frame(reading: Reading, question: Question) -> Projection:
    sequence = kept_sequence(reading, question.text("projection"))
    step = question.integer("step", low=-(2**53))
    frames = {frame.step: frame for frame in sequence.frames}
    if step not in frames:
        raise NotFoundError.for_name("step", step, list(frames))
    frame = read_frame(reading.run, frames[step].key, Provenance(sequence.provenance.method))
    if frame is None:
        raise NotFoundError(f"The map of step {step} is not kept any more. Project again.")
    return frame


def _described(reading: Reading, labels: ClusterLabels) -> dict[str, Any]:
    return {
        "step": labels.step,
        "order": reading.rows.hash,
        "clusters": [
            {
                "name": group.name,
                "automatic": group.automatic,
                "count": group.count,
                "center": labels.centers[number].tolist(),
                "words": [
                    {
                        "text": word.text,
                        "source": word.source,
                        "share": word.share,
                        "elsewhere": word.elsewhere,
                    }
                    for word in group.words
                ],
            }
            for number, group in enumerate(labels.groups)
        ],
    }
