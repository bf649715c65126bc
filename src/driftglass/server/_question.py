"""What a viewer may ask and be told, whoever carries it: HTTP, a notebook, a file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidInputError
from ._wire import Frame

__all__ = ["Answer", "Content", "Events", "Json", "Question"]

LONGEST_TEXT = 1_024
LARGEST_INTEGER = 2**53 - 1


@dataclass(frozen=True)
class Json:
    """A description."""

    value: Any


@dataclass(frozen=True)
class Content:
    """Bytes of a known kind, such as a picture."""

    data: bytes
    media_type: str


@dataclass(frozen=True)
class Events:
    """News without an end: (kind, value) pairs, or None when there is nothing to say."""

    subscribe: Callable[[], AsyncIterator[tuple[str, Any] | None]]


Answer = Json | Frame | Content | Events


@dataclass(frozen=True)
class Question:
    """One question: the names in its path, its parameters and its body, all unchecked.

    Parameters
    ----------
    names : mapping of str to str
        Parts of the path, for example the name of a run. They are looked up, never opened.
    parameters : mapping of str to JSON value
        Query parameters (always text), or the members of a JSON body.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str, default: str | None = None, *, limit: int = LONGEST_TEXT) -> str:
        """Text parameter of at most `limit` characters."""
        value = self.parameters.get(name, default)
        if value is None:
            raise InvalidInputError(f"The parameter {name!r} is missing.")
        if not isinstance(value, str):
            raise InvalidInputError(f"The parameter {name!r} is {value!r:.60}; text is expected.")
        if len(value) > limit:
            raise InvalidInputError(
                f"The parameter {name!r} has {len(value)} characters; at most {limit} are allowed."
            )
        return value

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """Text parameter that is one of a few."""
        value = self.text(name, default)
        if value not in allowed:
            raise InvalidInputError(
                f"The parameter {name!r} is {value!r:.60}; it must be one of {sorted(allowed)}."
            )
        return value

    def flag(self, name: str) -> bool:
        """Whether a parameter is true; "1" and "true" in a query are."""
        return self.parameters.get(name) in (True, "1", "true")

    def mapping(self, name: str, *, limit: int) -> dict[str, Any]:
        """Object of at most `limit` characters: text in a query, JSON in a body; {} if absent."""
        value = self.parameters.get(name)
        if value is None or value == "":
            return {}
        if isinstance(value, str):
            if len(value) > limit:
                raise InvalidInputError(
                    f"The parameter {name!r} has {len(value)} characters; at most {limit} are "
                    f"allowed."
                )
            try:
                value = json.loads(value)
            except (ValueError, RecursionError) as error:
                raise InvalidInputError(f"The parameter {name!r} is not JSON.") from error
        if not isinstance(value, dict):
            raise InvalidInputError(
                f"The parameter {name!r} is {value!r:.60}; an object is needed."
            )
        return value

    def integer(
        self,
        name: str,
        *,
        low: int = 0,
        high: int = LARGEST_INTEGER,
        default: int | None = None,
    ) -> int:
        """Whole number between `low` and `high`, both allowed."""
        value = self.parameters.get(name, default)
        if value is None:
            raise InvalidInputError(f"The parameter {name!r} is missing.")
        number = _whole(value)
        if number is None or not low <= number <= high:
            raise InvalidInputError(
                f"The parameter {name!r} is {value!r:.60}; a whole number from {low} to {high} "
                f"is expected."
            )
        return number

    def optional_integer(self, name: str, *, low: int = 0) -> int | None:
        """Whole number, or None where the parameter is absent."""
        return self.integer(name, low=low) if self.parameters.get(name) is not None else None

    def window(self, n_rows: int, *, limit: int) -> tuple[int, int]:
        """Rows asked for by `start` and `stop`, cut to those there are and to `limit` of them."""
        start = min(self.integer("start", default=0), n_rows)
        stop = min(self.integer("stop", default=n_rows), n_rows, start + limit)
        return start, max(start, stop)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    # int() alone would take "1_000", " 7 " and digits of every script.
    if isinstance(value, str) and len(value) <= 20:
        digits = value.removeprefix("-")
        return int(value) if digits.isascii() and digits.isdigit() else None
    return None
