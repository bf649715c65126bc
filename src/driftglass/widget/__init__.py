"""The viewer inside a notebook: fed through the kernel, shared with Python by id.

`Widget` is what a cell shows. Beneath it, `_bridge` answers the page's questions by the very
functions that answer over HTTP, `_packets` cuts what travels into pieces that no notebook server
refuses, and `_still` draws the picture that stays in the file. Nothing else here: what is asked and
answered is `driftglass.server`, what is drawn is the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._links import link as link
    from ._widget import Widget as Widget

__all__ = ["Widget", "link"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .._optional import require

    require("anywidget", extra="notebook")
    from . import _links, _widget

    value = _widget.Widget if name == "Widget" else _links.link
    globals()[name] = value
    return value
