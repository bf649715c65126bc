"""Selections of items that somebody named, kept with the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from .._arrays import as_ids
from ..data._ids import positions
from ..errors import InvalidInputError, NotFoundError
from ._cache import Cache
from ._keys import check_name

__all__ = ["Selections"]

KIND = "selection"


class Selections(Mapping[str, NDArray[Any]]):
    """Named selections of a run: ids by name, oldest first.

    They are files of their own beside what was logged, so that they can be made while a run is
    written or long after, here or on the page, and are seen in both.

    Parameters
    ----------
    files : Cache
        Where they are.
    ids : callable
        Gives every id of the run.

    Examples
    --------
    >>> run.selections.save("hard cases", [3, 17])  # doctest: +SKIP
    >>> run.selections["hard cases"]  # doctest: +SKIP
    array([ 3, 17])
    """

    kind = KIND
    """What one of these is called in files and messages."""

    def __init__(self, files: Cache, ids: Callable[[], NDArray[Any]]) -> None:
        self._files = files
        self._ids = ids

    def __getitem__(self, name: str) -> NDArray[Any]:
        kept = self._files.get(_key(name)) if isinstance(name, str) and name else None
        if kept is None or kept.description.get("name") != name:
            raise NotFoundError.for_name(self.kind, str(name)[:80], list(self))
        return kept.arrays["ids"]

    def __iter__(self) -> Iterator[str]:
        return iter([described["name"] for described in self.describe()])

    def __len__(self) -> int:
        return len(self.describe())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in [one["name"] for one in self.describe()]

    def describe(self) -> list[dict[str, Any]]:
        """Name, count and time of each selection, oldest first."""
        found = []
        for key in self._files.keys():  # noqa: SIM118 - not a mapping
            kept = self._files.get(key)
            said = kept.description if kept is not None else {}
            name, made = said.get("name"), said.get("made")
            # A store may come from a stranger, so what it says is looked at first.
            if kept is None or not isinstance(name, str) or not isinstance(made, (int, float)):
                continue
            if said.get("kind") == self.kind and _key(name) == key and "ids" in kept.arrays:
                found.append({"name": name, "count": len(kept.arrays["ids"]), "made": float(made)})
        return sorted(found, key=lambda one: (one["made"], one["name"]))

    def save(self, name: str, ids: Any) -> None:
        """Keep a selection, in the place of another of the same name.

        Parameters
        ----------
        name : str
            1 to 200 characters, in any script.
        ids : array-like of shape (n_selected,)
            Ids of the run, each once; repeated ones count once.

        Raises
        ------
        InvalidInputError
            An id that the run does not have, or a name that cannot be.
        StoreError
            The store was opened for reading, or the disk is full.
        """
        check_name(name, self.kind)
        known = self._ids()
        given = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
        chosen = as_ids(np.unique(given)) if given.size else known[:0]
        where = positions(chosen, known) if len(chosen) else np.zeros(0, dtype=np.int64)
        if (where < 0).any():
            strange = chosen[where < 0]
            raise InvalidInputError(
                f"{len(strange)} of {len(chosen)} ids are not in the run, first "
                f"{strange[0].item()!r}. Select items that were logged."
            )
        made = time.time()
        old = self._files.get(_key(name))
        if old is not None and isinstance(old.description.get("made"), (int, float)):
            made = old.description["made"]  # a selection that is saved again keeps its place
        description = {"kind": self.kind, "name": name, "made": made}
        self._files.put(_key(name), description, {"ids": known[np.sort(where)]})

    def delete(self, name: str) -> None:
        """Forget a selection.

        Raises
        ------
        NotFoundError
            There is none of that name.
        """
        if name not in self:
            raise NotFoundError.for_name(self.kind, str(name)[:80], list(self))
        self._files.delete(_key(name))


def _key(name: str) -> str:
    return xxhash.xxh3_128_hexdigest(name.encode(errors="surrogatepass"))
