"""What an animation shows when: recorded steps, and moments between them that nobody recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import ProjectionSequence
from ..errors import InvalidInputError

__all__ = ["Moment", "Paths", "moments_of", "nearest_steps"]


@dataclass(frozen=True)
class Moment:
    """A point in time of an animation.

    Parameters
    ----------
    frame : int
        Position of the recorded frame at or before it.
    share : float
        In [0, 1), how much of the way to the next frame has passed; 0 on a recorded frame.
    caption : str
        What to write above it.
    """

    frame: int
    share: float
    caption: str

    @property
    def interpolated(self) -> bool:
        """Whether it lies between recorded frames, so that its places are drawn, not measured."""
        return self.share > 0


def moments_of(steps: Sequence[int], per_transition: int = 1) -> list[Moment]:
    """Every moment of an animation in order: ``(n_frames - 1) * per_transition + 1`` of them."""
    if not isinstance(per_transition, (int, np.integer)) or per_transition < 1:
        raise InvalidInputError(
            f"steps_per_transition is {per_transition!r}; a whole number from 1 on is needed."
        )
    found = []
    for frame, step in enumerate(steps):
        found.append(Moment(frame, 0.0, f"step {step:,}"))
        if frame + 1 < len(steps):
            between = f"step {step:,} → {steps[frame + 1]:,}, interpolated"
            found += [
                Moment(frame, part / per_transition, between) for part in range(1, per_transition)
            ]
    return found


class Paths:
    """Places of all points of a sequence at any moment.

    Parameters
    ----------
    maps : ProjectionSequence
        Joined by id.
    ids : ndarray of shape (n_ids,)
        Points, in the order of the rows of what `at` returns.
    """

    def __init__(self, maps: ProjectionSequence, ids: NDArray[Any]) -> None:
        self.places = maps.aligned(ids)
        self._there = np.isfinite(self.places[..., 0])

    def at(self, moment: Moment) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Places of shape (n_ids, n_components), and opacities in [0, 1] of shape (n_ids,).

        Points that come or go between two frames appear and vanish where they are recorded.
        """
        here, known = self.places[moment.frame], self._there[moment.frame]
        if not moment.interpolated:
            return np.where(known[:, None], here, np.float32(0)), known.astype(np.float32)
        later, still = self.places[moment.frame + 1], self._there[moment.frame + 1]
        share = np.float32(moment.share)
        both = (known & still)[:, None]
        with np.errstate(invalid="ignore"):
            moved = np.where(both, here + share * (later - here), np.where(known[:, None], here,
                                                                           later))  # fmt: skip
        opacity = known * (1 - share) + still * share
        return np.where((known | still)[:, None], moved, np.float32(0)), opacity.astype(np.float32)


def nearest_steps(steps: Any, known: Any) -> NDArray[np.int64]:
    """For each step, the position of the nearest known one; the earlier of two as near."""
    at, there = np.asarray(steps, dtype=np.int64), np.asarray(known, dtype=np.int64)
    nearest: NDArray[np.int64] = np.abs(at[:, None] - there[None, :]).argmin(axis=1)
    return nearest
