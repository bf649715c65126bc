"""Arrays of many frames that are looked at in turn: in memory while they are few, else on disk."""

from __future__ import annotations

import mmap
import tempfile
import warnings
import weakref
from dataclasses import replace
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import DriftglassWarning
from ._surroundings import Surroundings

__all__ = ["IN_MEMORY", "Shelf", "let_go"]

Array = TypeVar("Array", bound=NDArray[Any])
IN_MEMORY = 1 << 30
"""Bytes that are kept in memory; what comes later goes to a temporary file."""
SMALLEST = 1 << 16
"""Smaller arrays are not worth a mapping of their own."""


class Shelf:
    """Keeps arrays, the first ones in memory and later ones in a file that vanishes with it.

    Parameters
    ----------
    in_memory : int
        Bytes to keep in memory.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._left = in_memory
        self._file: IO[bytes] | None = None
        self._full = False

    def kept(self, array: Array) -> Array:
        """Return the array, or the same values read from the file when they are asked for."""
        if array.nbytes < SMALLEST or self._full or array.nbytes <= self._left:
            self._left -= array.nbytes
            return array
        try:
            return self._written(array)
        except OSError as error:
            self._full = True
            warnings.warn(
                f"The neighbours of later snapshots stay in memory, because no temporary file can "
                f"hold them: {error}. Set TMPDIR to a folder with more space.",
                DriftglassWarning,
                stacklevel=2,
            )
            return array

    def frame(self, seen: Surroundings) -> Surroundings:
        """Surroundings of a frame whose large arrays are kept here."""
        affinities = seen.affinities
        if affinities is not None:
            affinities = replace(
                affinities,
                columns=self.kept(affinities.columns),
                values=self.kept(affinities.values),
            )
        return replace(seen, neighbors=self.kept(seen.neighbors), affinities=affinities)

    def _written(self, array: Array) -> Array:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="driftglass-")  # noqa: SIM115 - see below
            # Mappings outlive the descriptor, and the file lasts as long as one of them.
            weakref.finalize(self, self._file.close)
        # Mappings begin at whole pages.
        offset = -(-self._file.seek(0, 2) // mmap.ALLOCATIONGRANULARITY)
        offset *= mmap.ALLOCATIONGRANULARITY
        self._file.seek(offset)
        self._file.write(np.ascontiguousarray(array).data)
        self._file.flush()
        mapped: Any = np.memmap(
            self._file, dtype=array.dtype, mode="r+", offset=offset, shape=array.shape
        )
        let_go(mapped)
        result: Array = np.asarray(mapped)  # type: ignore[assignment]
        return result


def let_go(array: NDArray[Any]) -> None:
    """Say that an array is not needed for now; what is on disk leaves the memory."""
    owner: Any = array
    while owner is not None and not isinstance(owner, np.memmap):
        owner = getattr(owner, "base", None)
    mapping = getattr(owner, "_mmap", None)
    if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
        # The file has the values, so nothing is lost.
        mapping.madvise(mmap.MADV_DONTNEED)
