"""Maps that are still being made, by row."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from .._npy import load_npy
from ..errors import NotFoundError
from ._jobs import Jobs
from ._library import Reading
from ._projected import NO_TRUST
from ._reporter import ids_file, map_file

__all__ = ["is_preview", "preview_of"]

KEY = re.compile(r"job-([0-9a-f]{16})-([0-9]{1,9})")


def is_preview(key: str) -> bool:
    """Whether a key names a map that is still being made."""
    return KEY.fullmatch(key) is not None


def preview_of(
    jobs: Jobs, reading: Reading, key: str, step: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Coordinates and trust of one step as `coordinates_of` gives them, as far as they are.

    The newest map of the job is given, whatever version was asked for. Nothing is measured yet.

    Raises
    ------
    NotFoundError
        The job is over, is about another run, or has no map of this step.
    """
    match = KEY.fullmatch(key)
    job = jobs.get(match[1]) if match else None
    gone = NotFoundError(f"There is no unfinished map {key[:80]!r}. Ask for the projection again.")
    if job is None or job.preview is None or job.scratch is None:
        raise gone
    if job.task.get("run") != reading.run.name:
        raise gone
    said = job.preview
    if step not in said["steps"]:
        raise NotFoundError.for_name("step", step, list(said["steps"]))
    number = said["steps"].index(step)
    first = sum(said["counts"][:number])
    try:
        ids = load_npy(job.scratch / ids_file(said["generation"], number), mapped=False)
        places = load_npy(job.scratch / map_file(said["generation"]), mapped=False)
    except (OSError, ValueError) as error:
        raise gone from error
    n_components = int(job.task["request"]["n_components"])
    where = reading.rows.where(ids)
    coordinates = np.zeros((len(where), n_components), dtype=np.float32)
    width = min(n_components, places.shape[1])
    coordinates[:, :width] = places[first : first + len(ids)][where, :width]
    coordinates[where < 0] = np.nan
    return coordinates, np.full(len(where), NO_TRUST, dtype=np.uint8)
