"""Figures for papers and reports, drawn with matplotlib.

Each function takes ``ax=None``, draws, and returns the axes (or the figure, where it draws several
panels); none shows or saves. Style sheets and ``rcParams`` are respected. What is drawn on the
page in the browser belongs to the viewer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._scatter import scatter as scatter

__all__ = ["scatter"]

_PLACES = {"scatter": "._scatter"}


def __getattr__(name: str) -> Any:
    # matplotlib is optional and slow to import.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
