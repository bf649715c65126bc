"""Errors that only a server makes, and which HTTP status each error of driftglass becomes."""

from __future__ import annotations

from ..errors import (
    DriftglassError,
    InvalidInputError,
    MissingDependencyError,
    NotFoundError,
    StoreError,
)

__all__ = ["ReadOnlyError", "TooBusyError", "status_of"]


class TooBusyError(DriftglassError):
    """More is asked for than the server does at a time."""

    kind = "busy"


class ReadOnlyError(DriftglassError):
    """The request would write, and this server does not."""

    kind = "read_only"


def status_of(error: DriftglassError) -> int:
    """HTTP status of an error; the message is meant to be shown as it is."""
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, InvalidInputError):
        return 400
    if isinstance(error, ReadOnlyError):
        return 403
    if isinstance(error, TooBusyError):
        return 429
    if isinstance(error, MissingDependencyError):
        return 501
    if isinstance(error, StoreError):
        return 503
    return 500
