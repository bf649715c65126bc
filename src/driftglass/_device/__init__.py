"""Inner loops by torch, on a graphics card or on the processor through the same code.

What belongs here is what a kernel of `driftglass._kernels` also does: arrays in, arrays out, and
memory that is bounded by batches. What an algorithm consists of belongs in the folders above.
Nothing here is loaded, and torch neither, until a device is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._grid import GridPlan
from ._place import Device, as_device

if TYPE_CHECKING:
    from ._descent import DescentOnDevice
    from ._edges import EdgesOnDevice
    from ._moments import eigen_moments, gram_blocks
    from ._near import smallest_values

__all__ = [
    "DescentOnDevice",
    "Device",
    "EdgesOnDevice",
    "GridPlan",
    "as_device",
    "eigen_moments",
    "gram_blocks",
    "smallest_values",
]

_WITH_TORCH = {
    "DescentOnDevice": "._descent",
    "EdgesOnDevice": "._edges",
    "eigen_moments": "._moments",
    "gram_blocks": "._moments",
    "smallest_values": "._near",
}


def __getattr__(name: str) -> Any:
    if name in _WITH_TORCH:
        return getattr(import_module(_WITH_TORCH[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
