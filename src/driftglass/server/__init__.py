"""The viewer's other half: requests about runs answered over HTTP on this machine.

`serve` blocks, `start` answers from a background thread. What a request may be is in ``_api``,
what it is answered in ``_read`` and ``_compute``, and who may ask in ``_security``; only ``_app``
and ``_http`` know HTTP. Nothing here does mathematics or opens files: that is `driftglass.store`
and `driftglass.projections`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._export import PageReport as PageReport
    from ._launch import DEFAULT_PORT as DEFAULT_PORT
    from ._launch import Serving as Serving
    from ._launch import serve as serve
    from ._launch import start as start

__all__ = ["DEFAULT_PORT", "PageReport", "Serving", "serve", "start"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import _export, _launch

    value = getattr(_export if name == "PageReport" else _launch, name)
    globals()[name] = value
    return value
