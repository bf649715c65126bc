"""Runs whose items were logged in the order in which the viewer shows them.

Ordering ten million rows, and reading a label for each, takes longer than anybody waits for a page.
Whoever wrote the items so that every prefix is a fair sample keeps them beside the run once more,
as plain arrays, and the server takes them as long as nothing was logged since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .data import CategoricalColumn, Metadata

if TYPE_CHECKING:
    from .store import Run

__all__ = ["Ordered", "keep_order", "read_order"]

KEY = "order"


@dataclass(frozen=True, eq=False)
class Ordered:
    """Items of a run in prefix order.

    Parameters
    ----------
    ids : ndarray of shape (n_items,)
        Their ids.
    metadata : Metadata or None
        Their labels.
    """

    ids: NDArray[Any]
    metadata: Metadata | None


def keep_order(run: Run, ids: NDArray[Any], labels: CategoricalColumn | None) -> None:
    """Say that the items of a run are in prefix order, and keep them as arrays."""
    arrays = {"ids": ids}
    if labels is not None:
        arrays["codes"] = labels.codes
    categories = None if labels is None else list(labels.categories)
    description = {"kind": "order", "revision": run.revision, "categories": categories}
    run.cache.put(KEY, description, arrays)


def read_order(run: Run, revision: int) -> Ordered | None:
    """The items in prefix order; None where nobody said so of this revision of the run."""
    kept = run.cache.get(KEY)
    if kept is None or kept.description.get("revision") != revision:
        return None
    ids, codes = kept.arrays.get("ids"), kept.arrays.get("codes")
    names = kept.description.get("categories")
    if ids is None or ids.ndim != 1 or ids.dtype != np.int64:
        return None
    if codes is None:
        return Ordered(ids, None)
    whole = codes.shape == ids.shape and codes.dtype == np.int32
    if not isinstance(names, list) or not whole or not len(codes):
        return None
    if not -1 <= codes.min() <= codes.max() < len(names):
        return None
    column = CategoricalColumn(np.asarray(codes), tuple(str(name) for name in names))
    return Ordered(ids, Metadata(ids, {"label": column}))
