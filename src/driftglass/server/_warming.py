"""What a page will ask for first, read before it asks.

Until a browser is there, a second passes in which a server has nothing to do. In a run of ten
million rows as much is needed to map its files and to check them once.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from ._library import Library
from ._maps import KEPT
from ._projected import coordinates_of, kept_sequence
from ._question import Question
from ._read import answer_column, answer_run

__all__ = ["read_ahead"]

MOST_FRAMES = 4
"""Projections of which a frame is read; others are read when they are asked for."""


def read_ahead(library: Library) -> threading.Thread:
    """Read the newest run in a thread of its own: description, colours, the last frame of maps.

    Nothing is computed, and what is read is what the same questions would read; they wait for it.

    Parameters
    ----------
    library : Library
        Whose memory is filled, within its limit.

    Returns
    -------
    thread : Thread
        Running; a daemon.
    """
    thread = threading.Thread(
        target=_read, args=(library,), name="driftglass-read-ahead", daemon=True
    )
    thread.start()
    return thread


def _read(library: Library) -> None:
    # Whatever is wrong with a run is said to whoever asks for it.
    with suppress(Exception):
        runs = library.runs()
        if not runs:
            return
        name = max(runs, key=lambda run: run.created).name
        reading = library.reading(name)
        answer_run(library, Question({"run": name}))
        groups = (n for n, column in reading.columns.items() if column.kind == "categorical")
        colored_by = next(groups, None)
        if colored_by is not None:
            answer_column(library, Question({"run": name}, {"name": colored_by}))
        keys = [key for key in reading.run.cache.keys() if key.startswith(KEPT)]  # noqa: SIM118
        for key in keys[-MOST_FRAMES:]:
            frames = kept_sequence(reading, key).frames
            if frames:
                coordinates_of(reading, key, frames[-1].step)
