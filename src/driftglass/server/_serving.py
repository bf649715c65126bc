"""A server that answers in the background, and the page as Python sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StoreError
from ._choosing import select_in
from ._library import Library

__all__ = ["Serving"]


@dataclass(eq=False)
class Serving:
    """A server that answers in the background.

    Attributes
    ----------
    url : str
        Address to open, with the token. Whoever has it can read the store.
    port : int
        Port it listens on.
    message : str
        What to tell the user: the address, and how to reach it over SSH.
    """

    url: str
    port: int
    message: str
    _stop: Callable[[], None] = field(repr=False)
    _library: Library | None = field(default=None, repr=False)
    _closed: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def selection(self) -> NDArray[Any]:
        """Ids that are selected on the page, in the run that was last looked at there."""
        return self.selected()

    def selected(self, run: str | None = None) -> NDArray[Any]:
        """Ids that are selected on the page.

        Parameters
        ----------
        run : str, optional
            Name of a run; by default the one in which something was selected last.

        Returns
        -------
        ids : ndarray of shape (n_selected,)
            Empty before anything was selected.

        Raises
        ------
        StoreError
            Another process serves this store. ``run.selections`` is shared between processes.
        """
        ids = self._own_library().chosen.seen(run)
        return np.zeros(0, dtype=np.int64) if ids is None else ids

    def select(self, ids: Any, run: str | None = None) -> None:
        """Select items on every page that shows the run.

        Parameters
        ----------
        ids : array-like of shape (n_selected,)
            Ids of the run; none to clear.
        run : str, optional
            Name of the run; may be left out when the store has only one.

        Raises
        ------
        InvalidInputError
            An id that the run does not have, or several runs and no name.
        StoreError
            Another process serves this store.
        """
        library = self._own_library()
        select_in(library, ids, run)

    def _own_library(self) -> Library:
        if self._library is None:
            raise StoreError(
                "Another process serves this store, so its page cannot be reached from here. Save "
                "the selection on the page under a name and read it with run.selections[name]."
            )
        return self._library

    def close(self) -> None:
        """Stop answering, end background work, and wait until the port is free."""
        if not self._closed.is_set():
            self._closed.set()
            self._stop()

    def wait(self) -> None:
        """Wait until it is closed or Ctrl-C is pressed, then close it."""
        try:
            # In slices: on Windows an endless wait does not notice Ctrl-C.
            while not self._closed.wait(0.5):
                pass
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
