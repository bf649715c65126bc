"""Whether a parameter of a method for sequences can be used."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InvalidInputError

__all__ = ["checked"]


def checked(
    name: str,
    value: Any,
    *,
    least: float | None = None,
    most: float | None = None,
    whole: bool = False,
    among: tuple[Any, ...] | None = None,
) -> None:
    """Refuse a value that is not a number in a range, or not one of some words."""
    if among is not None:
        if not any(value is word or value == word for word in among):
            words = ", ".join(map(repr, among))
            raise InvalidInputError(f"{name} is {value!r}; one of {words} is needed.")
        return
    kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
    fits = isinstance(value, kinds) and not isinstance(value, bool) and np.isfinite(value)
    if fits and least is not None:
        fits = value >= least
    if fits and most is not None:
        fits = value <= most
    if not fits:
        kind = "an integer" if whole else "a number"
        limits = [f"at least {least:g}"] if least is not None else []
        limits += [f"at most {most:g}"] if most is not None else []
        raise InvalidInputError(f"{name} is {value!r}; {kind} of {' and '.join(limits)} is needed.")
