"""Widgets that show the same items, step or place together."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import InvalidInputError

if TYPE_CHECKING:
    from ._widget import Widget

__all__ = ["LINKABLE", "link"]

LINKABLE = ("selection", "step", "camera")


def link(*widgets: Widget, on: Iterable[str] = ("selection", "step")) -> None:
    """Have widgets follow each other.

    The pages tell each other directly, so links go on where no kernel runs: in a notebook that was
    exported to HTML, between widgets made with ``embed=True``. Items are joined by id, whatever
    the runs.

    Parameters
    ----------
    *widgets : Widget
        Two or more.
    on : iterable of {"selection", "step", "camera"}
        What they share; "camera" suits maps of the same shape.

    Raises
    ------
    InvalidInputError
        Fewer than two widgets, or nothing that can be shared.

    Examples
    --------
    >>> from driftglass.widget import link
    >>> link(before, after, on=["selection", "camera"])  # doctest: +SKIP
    """
    shared = list(on) if not isinstance(on, str) else [on]
    unknown = [name for name in shared if name not in LINKABLE]
    if unknown or not shared:
        raise InvalidInputError(f"on is {shared}; choose from {list(LINKABLE)}.")
    if len(set(map(id, widgets))) < 2:
        raise InvalidInputError(f"{len(widgets)} widget to link; two or more are needed.")
    group = secrets.token_hex(8)
    for widget in widgets:
        widget._links = [*widget._links, {"group": group, "on": shared}]
