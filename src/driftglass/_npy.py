"""NumPy's files, read from several threads at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_npy", "load_npz", "undisturbed"]

Found = TypeVar("Found")
TRIES = 20


def undisturbed(read: Callable[[], Found]) -> Found:
    """Read again where another thread's parser came between.

    A header is a Python literal. CPython 3.11 counts the depth of the tree it builds of one in the
    interpreter, not in the thread, and raises `SystemError` when two threads count at once
    (python/cpython#106905); nothing is wrong with the file.
    """
    for _ in range(TRIES - 1):
        try:
            return read()
        except SystemError:
            continue
    return read()


def load_npy(path: str | os.PathLike[str], *, mapped: bool = True) -> NDArray[Any]:
    """Array of an .npy file, mapped into memory unless told; never one that holds objects."""
    mode: Any = "r" if mapped else None
    found: NDArray[Any] = undisturbed(lambda: np.load(path, mmap_mode=mode, allow_pickle=False))
    return found


def load_npz(
    path: str | os.PathLike[str],
    names: Collection[str] | None = None,
    *,
    without: Collection[str] = (),
) -> dict[str, NDArray[Any]]:
    """Arrays of an .npz file by name: those of `names` that are there, or all but `without`."""

    def read() -> dict[str, NDArray[Any]]:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as kept:
            wanted = kept.files if names is None else [name for name in kept.files if name in names]
            return {name: kept[name] for name in wanted if name not in without}

    return undisturbed(read)
