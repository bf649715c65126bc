"""Vectors that are read block by block, because nobody needs all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import FormatError

__all__ = ["BLOCK_BYTES", "RowBlocks", "filled", "in_blocks", "rows_per_block"]

BLOCK_BYTES = 8 << 20
"""As large as a chunk of the store has a checksum for; larger blocks are not faster."""


@dataclass(frozen=True, eq=False)
class RowBlocks:
    """Rows whose number, width and type are known, and that are read when they are needed.

    Parameters
    ----------
    name : str
        Where they come from, for messages.
    shape : (int, int)
        Rows and features.
    dtype : numpy.dtype
        Type of every block.
    read : callable
        Begins anew and gives blocks in order. A block is good until the next one is asked for,
        because its memory may be used again.
    """

    name: str
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    read: Callable[[], Iterator[NDArray[Any]]]

    @property
    def ndim(self) -> int:
        """Two, as for an array of vectors."""
        return 2

    @property
    def size(self) -> int:
        """Values of all rows."""
        return self.shape[0] * self.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Every block, of shape (n_rows, n_features).

        Raises
        ------
        FormatError
            There is less or more than was announced.
        """
        done = 0
        for block in self.read():
            done += len(block)
            if block.shape[1:] != self.shape[1:] or block.dtype != self.dtype:
                raise FormatError(
                    f"{self.name} has rows of {block.shape[1:]} {block.dtype} where "
                    f"{self.shape[1]} {self.dtype} were announced."
                )
            if done > self.shape[0]:
                break
            yield block
        if done != self.shape[0]:
            raise FormatError(
                f"{self.name} announces {self.shape[0]:,} rows and has {done:,}. It is cut short, "
                f"or was changed while it was read."
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole = np.empty(self.shape, self.dtype)
        done = 0
        for block in self.blocks():
            whole[done : done + len(block)] = block
            done += len(block)
        return whole if dtype is None else whole.astype(dtype, copy=False)


def rows_per_block(n_features: int, itemsize: int) -> int:
    """How many rows make a block of about `BLOCK_BYTES`."""
    return max(1, BLOCK_BYTES // max(1, n_features * itemsize))


def in_blocks(X: Any) -> Any:
    """Rows of a mapped file as blocks of it; anything else as it is.

    Pages of a mapped file count as memory of the process until somebody else needs them; blocks
    that are read one after the other into one buffer do not.
    """
    if not isinstance(X, np.memmap) or X.ndim != 2 or not X.flags.c_contiguous or X.size == 0:
        return X
    if X.filename is None or X.nbytes <= 2 * BLOCK_BYTES:
        return X
    path, start = Path(X.filename), X.offset
    (n_rows, width), dtype = X.shape, X.dtype
    per_block = rows_per_block(width, dtype.itemsize)

    def read() -> Iterator[NDArray[Any]]:
        buffer = np.empty((min(per_block, n_rows), width), dtype)
        with path.open("rb", buffering=0) as stream:
            stream.seek(start)
            for begin in range(0, n_rows, per_block):
                block = buffer[: min(per_block, n_rows - begin)]
                if not filled(stream, block):
                    return
                yield block

    return RowBlocks(path.name, (n_rows, width), dtype, read)


def filled(stream: Any, block: NDArray[Any]) -> bool:
    """Fill a block from a file; False where the file ends before."""
    view = memoryview(block.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
    while len(view):
        n_read = stream.readinto(view)
        if not n_read:
            return False
        view = view[n_read:]
    return True
