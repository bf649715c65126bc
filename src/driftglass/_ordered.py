"""Runs whose items were logged in the order in which the viewer shows them.

Ordering ten million rows takes longer than anybody waits for a page. Whoever wrote the items so
that every prefix is a fair sample says so once, and the server believes it as long as the items
are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .store import Run

__all__ = ["is_ordered", "keep_order"]

KEY = "order"


def keep_order(run: Run) -> None:
    """Say that the items of a run are in prefix order."""
    run.cache.put(KEY, {"kind": "order", "ids": _hash(run.ids)}, {})


def is_ordered(run: Run, ids: NDArray[Any]) -> bool:
    """Whether these items of a run are in prefix order."""
    kept = run.cache.get(KEY)
    return kept is not None and kept.description.get("ids") == _hash(ids)


def _hash(ids: NDArray[Any]) -> str:
    import xxhash

    data = np.ascontiguousarray(ids)
    content = data.view(np.uint8).data if len(data) else b""
    return f"{data.dtype.str} {len(data)} {xxhash.xxh3_128_hexdigest(content)}"
