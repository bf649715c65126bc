"""Sequences whose method looks at many snapshots at a time, and how some of them go on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..data import Projection, ProjectionSequence, Provenance
from ..errors import InvalidInputError
from ._placed import coordinates_by, framed
from ._registry import WholeSequence
from ._snapshots import NanPolicy, Snapshots

__all__ = ["whole_sequence"]

FOLLOWED = "placed from the frame before, and refined with all others at the next fit."


def whole_sequence(
    snapshots: Snapshots,
    whole: WholeSequence,
    n_components: int,
    nan: NanPolicy,
    random_state: int,
    report: Progress,
    begun: ProjectionSequence | None = None,
) -> ProjectionSequence:
    """Frames of all snapshots, those that were begun as they are."""
    recorded = {**whole.parameters, "n_components": n_components, "nan": nan}
    provenance = Provenance(whole.name, recorded, random_state=random_state)
    frames: list[Projection] = []
    if begun is not None and len(begun):
        _check_begun(begun, snapshots, whole, n_components)
        frames = [replace(frame, provenance=provenance) for frame in begun]
        places = [_in_order(frame) for frame in begun]
        going_on: Any = whole
        coordinates = going_on.lay_out(snapshots, n_components, random_state, report, begun=places)
    else:
        coordinates = whole.lay_out(snapshots, n_components, random_state, report)
    followed = () if getattr(whole, "causal", False) or not frames else (FOLLOWED,)
    for number in range(len(frames), len(snapshots)):
        loaded = snapshots.load(number)
        step = snapshots.steps[number]
        Y = np.empty_like(coordinates[number])
        Y[np.argsort(loaded.ids, kind="stable")] = coordinates[number]
        Y = coordinates_by(_given(Y), loaded.vectors, n_components, step)
        notes = () if number else tuple(getattr(whole, "notes", ()))
        frames.append(framed(loaded, Y, step, provenance, *notes, *followed))
    return ProjectionSequence(tuple(frames), provenance)


def _check_begun(
    begun: ProjectionSequence, snapshots: Snapshots, whole: WholeSequence, n_components: int
) -> None:
    if not getattr(whole, "extendable", False):
        raise InvalidInputError(
            f"begun was given, but {whole.name!r} lays out all snapshots at once. Leave it out."
        )
    if begun.steps != snapshots.steps[: len(begun)]:
        raise InvalidInputError(
            f"begun has steps {begun.steps[:5]}, the snapshots {snapshots.steps[:5]}; it must hold "
            f"the first of them. Pass the frames before the first new step."
        )
    if begun.n_components != n_components:
        raise InvalidInputError(
            f"begun has {begun.n_components} components and {n_components} are wanted."
        )
    last = snapshots.load(len(begun) - 1)
    if not np.array_equal(np.sort(last.ids), np.sort(begun[-1].ids)):
        raise InvalidInputError(
            f"The frame of step {begun.steps[-1]} in begun has other ids than its snapshot; it was "
            f"made of another one. Project all snapshots again."
        )


def _in_order(frame: Projection) -> NDArray[np.float64]:
    """Places by ascending id, which is how methods hold them."""
    order = np.argsort(frame.ids, kind="stable")
    return frame.coordinates[order].astype(np.float64)


def _given(Y: NDArray[np.float64]) -> Any:
    return lambda X: Y
