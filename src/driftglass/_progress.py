"""How long work tells its caller how far it is, and what the map looks like so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

__all__ = ["Cancelled", "MapSoFar", "Progress", "Watcher", "silent"]


class Cancelled(Exception):
    """Raised by a progress callback to stop the work that called it."""


class Progress(Protocol):
    """Called now and then by long work."""

    def __call__(self, done: float, total: float, what: str) -> None:
        """Say that `done` of `total` units of `what` are finished."""
        ...


@dataclass(frozen=True, eq=False)
class MapSoFar:
    """A map that is still being made.

    Parameters
    ----------
    frames : sequence of (int, ndarray)
        Step and ids of each snapshot in it, in the order of the rows.
    positions : ndarray of shape (n_rows, n_components)
        The rows of all these snapshots; copy it to keep it.
    """

    frames: Sequence[tuple[int, NDArray[Any]]]
    positions: NDArray[Any]


@runtime_checkable
class Watcher(Progress, Protocol):
    """A progress callback that also looks at the map, and may have seen enough."""

    def see(self, so_far: MapSoFar) -> bool:
        """Look; true ends the layout here, and what there is is the result."""
        ...


def silent(done: float, total: float, what: str) -> None:
    """Report progress to nobody."""
