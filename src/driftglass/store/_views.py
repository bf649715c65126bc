"""Views of a run that somebody named: what the page showed, kept with the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from .._arrays import as_ids
from ..data._ids import positions
from ..errors import InvalidInputError, NotFoundError
from ._cache import Cache, CachedResult
from ._keys import check_name

__all__ = ["SavedView", "Views"]

KIND = "view"
LONGEST_ADDRESS = 16_384
LARGEST_PICTURE = 256 << 10
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class SavedView:
    """What the page showed when somebody kept it.

    Parameters
    ----------
    name : str
        Its name.
    address : str
        Camera, step, map, colours, filters, charts and lanes, as they stand behind ``#`` in the
        address of the page. Put it there to see the view.
    ids : ndarray of shape (n_selected,)
        Ids of the items that were selected.
    picture : bytes or None
        A small PNG picture of the map.
    made : float
        Seconds since 1970.
    """

    name: str
    address: str
    ids: NDArray[Any] = field(repr=False)
    picture: bytes | None = field(default=None, repr=False)
    made: float = 0.0


class Views(Mapping[str, SavedView]):
    """Named views of a run, oldest first; they are made on the page and opened there by a click.

    Parameters
    ----------
    files : Cache
        Where they are.
    ids : callable
        Gives every id of the run.

    Examples
    --------
    >>> run.views["the odd corner"].address  # doctest: +SKIP
    'run=first&space=hidden&dim=2&step=120&color=trust'
    """

    def __init__(self, files: Cache, ids: Callable[[], NDArray[Any]]) -> None:
        self._files = files
        self._ids = ids

    def __getitem__(self, name: str) -> SavedView:
        kept = self._files.get(_key(name)) if isinstance(name, str) and name else None
        view = None if kept is None else _view_of(kept)
        if view is None or view.name != name:
            raise NotFoundError.for_name("view", str(name)[:80], list(self))
        return view

    def __iter__(self) -> Iterator[str]:
        return iter([view.name for view in self.all()])

    def __len__(self) -> int:
        return len(self.all())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in list(self)

    def all(self) -> list[SavedView]:
        """Every view, oldest first."""
        found = []
        for key in self._files.keys():  # noqa: SIM118 - not a mapping
            kept = self._files.get(key)
            view = None if kept is None else _view_of(kept)
            # A store may come from a stranger, so what it says is looked at first.
            if view is not None and _key(view.name) == key:
                found.append(view)
        return sorted(found, key=lambda one: (one.made, one.name))

    def save(self, name: str, address: str, ids: Any = (), picture: bytes | None = None) -> None:
        """Keep a view, in the place of another of the same name.

        Parameters
        ----------
        name : str
            1 to 200 characters, in any script.
        address : str
            What stands behind ``#`` in the address of the page, at most 16,384 characters.
        ids : array-like of shape (n_selected,)
            Ids of the items that are selected.
        picture : bytes, optional
            A PNG picture of at most 256 KB.

        Raises
        ------
        InvalidInputError
            An id that the run does not have, or a name, an address or a picture that cannot be.
        StoreError
            The store was opened for reading, or the disk is full.
        """
        check_name(name, "view")
        if not isinstance(address, str) or not 0 < len(address) <= LONGEST_ADDRESS:
            said = f"{len(address):,} characters" if isinstance(address, str) else repr(address)
            raise InvalidInputError(
                f"The address of a view has {said:.60}; 1 to {LONGEST_ADDRESS:,} are possible. "
                f"Give what stands behind # in the address of the page."
            )
        if picture is not None and not (
            picture.startswith(PNG) and len(picture) <= LARGEST_PICTURE
        ):
            raise InvalidInputError(
                f"The picture of {len(picture):,} bytes is not a PNG file of at most "
                f"{LARGEST_PICTURE >> 10} KB. Give a smaller one, or none."
            )
        known = self._ids()
        given = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
        chosen = as_ids(np.unique(given)) if given.size else known[:0]
        where = positions(chosen, known) if len(chosen) else np.zeros(0, dtype=np.int64)
        if (where < 0).any():
            raise InvalidInputError(
                f"{int((where < 0).sum())} of {len(chosen)} ids are not in the run, first "
                f"{chosen[where < 0][0].item()!r}. Select items that were logged."
            )
        old = self._files.get(_key(name))
        kept = None if old is None else _view_of(old)
        made = time.time() if kept is None else kept.made
        arrays = {"ids": known[np.sort(where)]}
        if picture is not None:
            arrays["picture"] = np.frombuffer(picture, dtype=np.uint8)
        described = {"kind": KIND, "name": name, "made": made, "address": address}
        self._files.put(_key(name), described, arrays)

    def delete(self, name: str) -> None:
        """Forget a view.

        Raises
        ------
        NotFoundError
            There is none of that name.
        """
        if name not in self:
            raise NotFoundError.for_name("view", str(name)[:80], list(self))
        self._files.delete(_key(name))


def _view_of(kept: CachedResult) -> SavedView | None:
    """The view that a file says, or None if it says none."""
    said, ids = kept.description, kept.arrays.get("ids")
    name, address, made = said.get("name"), said.get("address"), said.get("made")
    whole = isinstance(name, str) and isinstance(address, str) and isinstance(made, (int, float))
    if said.get("kind") != KIND or not whole or ids is None or ids.ndim != 1:
        return None
    assert isinstance(name, str)
    assert isinstance(address, str)
    assert isinstance(made, (int, float))
    if len(address) > LONGEST_ADDRESS:
        return None
    drawn = kept.arrays.get("picture")
    fits = drawn is not None and drawn.dtype == np.uint8 and drawn.nbytes <= LARGEST_PICTURE
    picture = drawn.tobytes() if drawn is not None and fits else None
    if picture is not None and not picture.startswith(PNG):
        picture = None
    return SavedView(name, address, ids, picture, float(made))


def _key(name: str) -> str:
    return xxhash.xxh3_128_hexdigest(name.encode(errors="surrogatepass"))
