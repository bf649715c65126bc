"""Which rows of a logged array are stored, and under which ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from ..errors import InvalidInputError
from ._codecs import identified
from ._intake import check_rows

__all__ = ["Rows", "RowsFinder"]


@dataclass(frozen=True)
class Rows:
    """Ids of the rows to store.

    Parameters
    ----------
    ids : ndarray of shape (n_rows,)
        Unique ids.
    hash : str
        Hash of their stored form.
    kept : ndarray or None
        Positions of these rows in what was logged; None for all of them.
    n_duplicates : int
        Rows that are not kept.
    """

    ids: NDArray[Any]
    hash: str
    kept: NDArray[np.int64] | None = None
    n_duplicates: int = 0


class RowsFinder:
    """Checks ids and remembers what it checked, because most steps have the same ones.

    Parameters
    ----------
    default : ndarray or None
        Ids of rows that are logged without any.
    world_size : int
        With more than one rank, repeated ids are padding and are dropped.
    """

    def __init__(self, default: NDArray[Any] | None, world_size: int) -> None:
        self.default = default
        self.world_size = world_size
        self._checked: dict[str, Rows] = {}
        self._last: tuple[Any, Rows] | None = None
        self._numbered: NDArray[np.int64] | None = None

    def find(self, given: Any, n_rows: int, what: str, step: int) -> Rows:
        """Ids of `n_rows` logged rows; None for those the run was made with.

        Raises
        ------
        ShapeError
            Not one id per row.
        InvalidInputError
            An id is repeated, or ids are needed and missing.
        """
        if given is None:
            given = self._default(n_rows, what, step)
        check_rows(len(given), n_rows, what, step)
        if self._last is not None and self._last[0] is given:  # another space of the same call
            return self._last[1]
        rows = self._found(given)
        self._last = (given, rows)
        return rows

    def _found(self, given: Any) -> Rows:
        if isinstance(given, np.ndarray) and given.dtype.kind in "iU":
            ids, digest = identified(given)
            if digest in self._checked:
                return self._checked[digest]
        if self.world_size > 1:
            # A distributed sampler fills the last batch by repeating rows it already gave out.
            raw = np.asarray(given)
            _, first = np.unique(raw, return_index=True)
            if len(first) < len(raw):
                kept = np.sort(first)
                ids, digest = identified(as_ids(raw[kept]))
                return Rows(ids, digest, kept, len(raw) - len(kept))
        ids, digest = identified(as_ids(given))
        self._checked = {digest: Rows(ids, digest)} | dict(list(self._checked.items())[-8:])
        return self._checked[digest]

    def _default(self, n_rows: int, what: str, step: int) -> NDArray[Any]:
        if self.default is not None:
            return self.default
        if self.world_size > 1:
            raise InvalidInputError(
                f"{what} was logged at step {step} without ids from one of {self.world_size} "
                f"ranks, so its rows cannot be told from theirs. Pass ids= with the ids of this "
                f"rank's rows."
            )
        if self._numbered is None or len(self._numbered) != n_rows:
            self._numbered = np.arange(n_rows, dtype=np.int64)
        return self._numbered
