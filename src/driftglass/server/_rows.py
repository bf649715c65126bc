"""Which item stands in which row of the viewer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import BooleanColumn, CategoricalColumn, Metadata
from ..data._ids import positions
from ._kept import Kept
from ._order import canonical_order, order_hash

__all__ = ["Rows", "content_hash"]


@dataclass(frozen=True, eq=False)
class Rows:
    """The canonical rows of a run: every per-row array on the wire is in this order.

    Parameters
    ----------
    logged : ndarray of shape (n_items,)
        Ids in the order in which the run first saw them.
    order : ndarray of shape (n_items,), dtype int64
        ``logged[order[row]]`` is the id that stands in `row`.
    hash : str
        Changes whenever an id stands in another row.
    kept : Kept
        Where positions of other id lists are kept.
    """

    logged: NDArray[Any]
    order: NDArray[np.int64]
    hash: str
    kept: Kept = field(repr=False)
    as_logged: bool = False
    """Whether the items were logged in this order."""

    @classmethod
    def of(
        cls,
        ids: NDArray[Any],
        metadata: Metadata | None,
        kept: Kept,
        *,
        as_logged: bool = False,
    ) -> Rows:
        """Order the ids of a run, stratified by its first categorical or boolean column."""
        if as_logged:
            order = np.arange(len(ids), dtype=np.int64)
            return cls(ids, order, order_hash(ids, order), kept, True)
        order = canonical_order(len(ids), _strata(ids, metadata))
        return cls(ids, order, order_hash(ids, order), kept)

    def __len__(self) -> int:
        return len(self.logged)

    @property
    def ids(self) -> NDArray[Any]:
        """Ids by row."""
        if self.as_logged:
            return self.logged
        return np.asarray(self.kept.get((self.hash, "ids"), lambda: self.logged[self.order]))

    def where(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Position of each row's item in `ids`, -1 where it is not there; shape (n_items,)."""
        if ids is self.logged:
            return self.order
        if self.as_logged and len(ids) == len(self.logged) and np.array_equal(ids, self.logged):
            return self.order
        return self.kept.get(
            (self.hash, "where", content_hash(ids)),
            lambda: positions(self.logged, ids)[self.order],
        )


def content_hash(ids: NDArray[Any]) -> tuple[str, int, str]:
    """Key of an id list by its content."""
    import xxhash

    data = np.ascontiguousarray(ids)
    content = data.view(np.uint8).data if len(data) else b""
    return data.dtype.str, len(data), xxhash.xxh3_128_hexdigest(content)


def _strata(ids: NDArray[Any], metadata: Metadata | None) -> NDArray[Any] | None:
    if metadata is None:
        return None
    for column in metadata.columns.values():
        if isinstance(column, (CategoricalColumn, BooleanColumn)):
            where = positions(ids, metadata.ids)
            return np.where(where >= 0, column.codes[where], -1) if len(column) else None
    return None
