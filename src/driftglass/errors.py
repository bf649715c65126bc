"""Every exception this library raises.

DriftglassError
├── InvalidInputError (ValueError)        an argument cannot be used
│   └── ShapeError                        ... because of its shape
├── NotFoundError (LookupError)           a run, space, step or column is not there
├── FormatError (ValueError)              a file or store is not what it claims to be
│   └── DamagedError                      ... because its bytes changed or are missing
├── StoreError (OSError)                  the store cannot be written or read here and now
├── WorkerError (RuntimeError)            the processes or machines that work for us are gone
└── MissingDependencyError (ImportError)  an optional package is not installed

``DriftglassWarning`` is the one warning class: the result is right but may mislead.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

__all__ = [
    "DamagedError",
    "DriftglassError",
    "DriftglassWarning",
    "FormatError",
    "InvalidInputError",
    "MissingDependencyError",
    "NotFoundError",
    "ShapeError",
    "StoreError",
    "WorkerError",
]

SHOWN_NAMES = 20


class DriftglassError(Exception):
    """Base of every error that driftglass raises on purpose."""

    kind = "error"


class InvalidInputError(DriftglassError, ValueError):
    """An argument cannot be used as it is."""

    kind = "invalid"


class ShapeError(InvalidInputError):
    """An argument has the wrong number of dimensions, rows or columns."""

    kind = "shape"


class NotFoundError(DriftglassError, LookupError):
    """Something asked for by name is not in the store."""

    kind = "not_found"

    @classmethod
    def for_name(cls, what: str, name: object, available: Collection[object]) -> NotFoundError:
        """Build the message that names what is there and guesses what was meant."""
        names = [str(item) for item in available]
        close = get_close_matches(str(name), names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        shown = list(available)[:SHOWN_NAMES]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        listed = f"Available: {shown}{more}." if names else f"There is no {what} yet."
        return cls(f"No {what} named {name!r}.{hint} {listed}")


class FormatError(DriftglassError, ValueError):
    """A file or folder is not what it claims to be, or is of a newer version."""

    kind = "format"


class DamagedError(FormatError):
    """Stored bytes are missing or differ from the checksum written with them."""

    kind = "damaged"


class StoreError(DriftglassError, OSError):
    """The store cannot be written or read here and now: full, read-only, closed."""

    kind = "store"


class WorkerError(DriftglassError, RuntimeError):
    """The processes or machines that work for us died too often, or cannot be reached."""

    kind = "worker"


class MissingDependencyError(DriftglassError, ImportError):
    """An optional package is not installed."""

    kind = "missing_dependency"


class DriftglassWarning(UserWarning):
    """A result is right but may mislead; the message says how."""
