"""How long work tells its caller how far it is."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Cancelled", "Progress", "silent"]


class Cancelled(Exception):
    """Raised by a progress callback to stop the work that called it."""


class Progress(Protocol):
    """Called now and then by long work."""

    def __call__(self, done: float, total: float, what: str) -> None:
        """Say that `done` of `total` units of `what` are finished."""
        ...


def silent(done: float, total: float, what: str) -> None:
    """Report progress to nobody."""
