"""What projections leave: frames of coordinates, and pictures of them."""

from __future__ import annotations

import numpy as np

from ._library import Library
from ._picture import LARGEST_SIDE, coloring_of, draw_map
from ._previews import is_preview, preview_of
from ._projected import coordinates_of, kept_sequence
from ._question import Answer, Content, Question
from ._wire import Frame

__all__ = ["answer_frames", "answer_picture"]

FRAME_ROWS = 4_000_000


def answer_frames(library: Library, question: Question) -> Answer:
    """Coordinates of one step, a row per item; nan where the step lacks it."""
    reading = library.reading(question.names["run"])
    step = question.integer("step", low=-(2**53))
    key = question.text("projection")
    if is_preview(key):
        coordinates, trust = preview_of(library.jobs, reading, key, step)
    else:
        coordinates, trust = coordinates_of(reading, key, step)
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
