"""What is in the store, as the viewer wants it: one function per request, no HTTP."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, NotFoundError
from ._columns import column_frame, describe_column
from ._library import Library, Reading
from ._question import Answer, Content, Events, Json, Question
from ._wire import Frame

__all__ = [
    "answer_column",
    "answer_events",
    "answer_health",
    "answer_ids",
    "answer_info",
    "answer_item",
    "answer_predictions",
    "answer_run",
    "answer_runs",
    "answer_scalars",
    "answer_sprite_index",
    "answer_sprites",
    "answer_text",
    "predictions_of",
]

CLIPPED_AT = 300
"""Characters of one value in a list; a single item is sent in full."""
WINDOW = 20_000
NOTES = 200
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
NO_TILE = np.uint32(2**32 - 1)
NO_CLASS = np.uint16(2**16 - 1)


def answer_health(library: Library, question: Question) -> Answer:
    """That the server lives; nothing about what it serves."""
    return Json({"ok": True})


def answer_info(library: Library, question: Question) -> Answer:
    """Version, and what this server allows."""
    from .. import __version__

    return Json(
        {
            "name": "driftglass",
            "version": __version__,
            "wire_version": 1,
            "read_only": library.read_only,
            "similar": library.search is not None,
            "store": library.title,
            "unreadable": library.store.unreadable(),
        }
    )


def answer_events(library: Library, question: Question) -> Answer:
    """News of runs and jobs, until somebody leaves."""
    library.news.check_room()
    return Events(library.news.subscribe)


def answer_runs(library: Library, question: Question) -> Answer:
    """Names and states of all runs, newest first."""
    runs = sorted(library.runs(), key=lambda run: run.created, reverse=True)
    return Json(
        [
            {
                "name": run.name,
                "state": run.state,
                "revision": run.revision,
                "created": run.created.isoformat(),
            }
            for run in runs
        ]
    )


def answer_run(library: Library, question: Question) -> Answer:
    """Everything about a run but its arrays."""
    reading = library.reading(question.names["run"])
    run = reading.run
    images = reading.images
    return Json(
        {
            "name": run.name,
            "state": run.state,
            "revision": reading.revision,
            "created": run.created.isoformat(),
            "n_items": len(reading.rows),
            "order": reading.rows.hash,
            "nbytes": run.nbytes,
            "classes": list(run.classes) if run.classes is not None else None,
            "spaces": [_describe_space(reading, space) for space in run.spaces],
            "columns": _describe_columns(reading),
            "images": None
            if images is None
            else {
                "tile_width": images.tile_width,
                "tile_height": images.tile_height,
                "columns": images.columns,
                "rows": images.rows,
                "n_pages": len(images.pages),
                "n_failed": len(images.failed),
            },
            "predictions": {"steps": run.prediction_steps},
            "scalars": list(run.scalars()),
            "notes": [clip(note)[0] for note in run.notes()[-NOTES:]],
        }
    )


def _describe_space(reading: Reading, space: str) -> dict[str, Any]:
    snapshots = reading.run.describe(space)
    newest = snapshots[-1] if snapshots else None
    return {
        "name": space,
        "n_features": newest.n_features if newest else 0,
        "dtype": str(newest.dtype) if newest else "",
        "snapshots": [
            {
                "step": snapshot.step,
                "n_samples": snapshot.n_samples,
                "n_not_finite": snapshot.n_not_finite,
                "attempt": snapshot.attempt,
                "complete": snapshot.ranks_present >= snapshot.ranks_expected,
                "ranks": [snapshot.ranks_present, snapshot.ranks_expected],
                "damaged": snapshot.damaged,
            }
            for snapshot in snapshots
        ],
    }


def _describe_columns(reading: Reading) -> list[dict[str, Any]]:
    def describe() -> list[dict[str, Any]]:
        return [describe_column(name, reading.column(name), CLIPPED_AT) for name in reading.columns]

    return reading.keep("descriptions", describe)


def answer_column(library: Library, question: Question) -> Answer:
    """One metadata column, a value per row."""
    reading = library.reading(question.names["run"])
    name = question.text("name")
    column = reading.column(name)
    return reading.keep(("column", name), lambda: column_frame(name, column))


def answer_text(library: Library, question: Question) -> Answer:
    """A window of a text column; long values are clipped and their places listed."""
    reading = library.reading(question.names["run"])
    start, stop = question.window(len(reading.rows), limit=WINDOW)
    values = reading.values(question.text("name"), start, stop)
    clipped_values = [_shown(value) for value in values]
    return Json(
        {
            "start": start,
            "stop": stop,
            "values": [value for value, _ in clipped_values],
            "clipped": [start + i for i, (_, clipped) in enumerate(clipped_values) if clipped],
        }
    )


def answer_ids(library: Library, question: Question) -> Answer:
    """A window of ids."""
    reading = library.reading(question.names["run"])
    start, stop = question.window(len(reading.rows), limit=WINDOW)
    ids = reading.rows.ids[start:stop].tolist()
    return Json({"start": start, "stop": stop, "ids": ids})


def answer_item(library: Library, question: Question) -> Answer:
    """All that is known of one item, in full."""
    reading = library.reading(question.names["run"])
    if len(reading.rows) == 0:
        raise NotFoundError(f"Run {reading.run.name!r} has no items yet.")
    row = question.integer("row", high=len(reading.rows) - 1)
    step = question.optional_integer("step", low=-(2**53))
    item = reading.rows.ids[row].item()
    notes = []
    if reading.images is not None:
        notes = [
            f"Its image could not be read: {reason}"
            for failed, reason in reading.images.failed
            if failed == item
        ]
    return Json(
        {
            "id": item,
            "row": row,
            "metadata": {name: reading.values(name, row, row + 1)[0] for name in reading.columns},
            "prediction": _prediction_of(reading, row, step),
            "notes": notes,
        }
    )


def _prediction_of(reading: Reading, row: int, step: int | None) -> dict[str, Any] | None:
    if step is None or step not in reading.run.prediction_steps:
        return None
    frame = predictions_of(reading, step)
    code = int(frame.arrays["predicted"][row])
    known = code != np.iinfo(frame.arrays["predicted"].dtype).max
    names = reading.run.classes
    return {
        "predicted": None if not known else names[code] if names else str(code),
        "confidence": float(frame.arrays["confidence"][row]),
    }


def answer_predictions(library: Library, question: Question) -> Answer:
    """Predicted class and its probability per row, at one step."""
    reading = library.reading(question.names["run"])
    step = question.integer("step", low=-(2**53))
    if step not in reading.run.prediction_steps:
        raise NotFoundError.for_name("step with predictions", step, reading.run.prediction_steps)
    return predictions_of(reading, step)


def predictions_of(reading: Reading, step: int) -> Frame:
    """Predicted class and its probability per row, at a step that has them."""

    def make() -> Frame:
        predictions = reading.run.predictions(step)
        where = reading.rows.where(predictions.ids)
        known = (where >= 0) & (
            predictions.predicted[where] >= 0 if len(predictions.ids) else False
        )
        wide = len(predictions.ids) > 0 and int(predictions.predicted.max()) >= NO_CLASS
        missing = NO_TILE if wide else NO_CLASS
        predicted = np.full(len(where), missing, dtype=missing.dtype)
        confidence = np.full(len(where), np.nan, dtype=np.float32)
        predicted[known] = predictions.predicted[where[known]]
        confidence[known] = predictions.confidence[where[known]]
        meta = {"step": step, "order": reading.rows.hash, "kind": predictions.kind}
        return Frame({"predicted": predicted, "confidence": confidence}, meta)

    return reading.keep(("predictions", step), make)


def answer_scalars(library: Library, question: Question) -> Answer:
    """Training records by name; values that are not finite come as null."""
    scalars = library.reading(question.names["run"]).run.scalars()
    return Json(
        {
            name: {"steps": steps.tolist(), "values": values.tolist()}
            for name, (steps, values) in scalars.items()
        }
    )


def answer_sprite_index(library: Library, question: Question) -> Answer:
    """Tile number of each row's thumbnail; 4294967295 where there is none."""
    reading = library.reading(question.names["run"])
    images = reading.images
    if images is None:
        raise NotFoundError(f"Run {reading.run.name!r} has no images.")
    where = reading.rows.where(images.ids)
    tiles = np.full(len(where), NO_TILE, dtype=np.uint32)
    known = where >= 0
    known[known] = images.tiles[where[known]] >= 0
    tiles[known] = images.tiles[where[known]]
    arrays: dict[str, NDArray[Any]] = {"tiles": tiles}
    sizes = images.sizes()
    if sizes is not None:
        arrays["sizes"] = np.zeros((len(where), 2), dtype=np.uint16)
        arrays["sizes"][known] = sizes[where[known]]
    return Frame(arrays, {"order": reading.rows.hash})


def answer_sprites(library: Library, question: Question) -> Answer:
    """One page of thumbnails, by its number."""
    images = library.reading(question.names["run"]).images
    if images is None or len(images.pages) == 0:
        raise NotFoundError(f"Run {question.names['run']!r} has no images.")
    page = question.integer("page", high=len(images.pages) - 1)
    data = bytes(images.pages[page])
    if not data.startswith(PNG_SIGNATURE):  # a browser must not get to guess what it is
        raise FormatError(f"Page {page} of the thumbnails is not a PNG picture.")
    return Content(data, "image/png")


def _shown(value: Any) -> tuple[Any, bool]:
    return clip(value) if isinstance(value, str) else (value, False)


def clip(text: str) -> tuple[str, bool]:
    """Text as a list shows it, and whether something was left out."""
    return (text, False) if len(text) <= CLIPPED_AT else (text[:CLIPPED_AT] + "…", True)
