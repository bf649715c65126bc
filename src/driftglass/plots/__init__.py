"""Figures for papers and reports, drawn with matplotlib.

Each function takes ``ax=None``, draws, and returns the axes (or the figure, where it draws several
panels); none shows or saves. Style sheets and ``rcParams`` are respected. What is drawn on the
page in the browser belongs to the viewer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._groups import counts_of_names as counts_of_names
    from ._groups import group_overlay as group_overlay
    from ._groups import map_grid as map_grid
    from ._paths import image_strip as image_strip
    from ._paths import path_over_map as path_over_map
    from ._scatter import scatter as scatter

__all__ = [
    "counts_of_names",
    "group_overlay",
    "image_strip",
    "map_grid",
    "path_over_map",
    "scatter",
]

_PLACES = {
    "counts_of_names": "._groups",
    "group_overlay": "._groups",
    "image_strip": "._paths",
    "map_grid": "._groups",
    "path_over_map": "._paths",
    "scatter": "._scatter",
}


def __getattr__(name: str) -> Any:
    # matplotlib is optional and slow to import.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
