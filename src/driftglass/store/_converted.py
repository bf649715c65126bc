"""Rows in the type that a run keeps, converted block by block while they are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._row_blocks import RowBlocks, rows_per_block
from ._blobs import Buffer
from ._codecs import FILE_DTYPES, byte_view, npy_header
from ._convert import convert, target_of

__all__ = ["ConvertedRows"]


class ConvertedRows:
    """What becomes of vectors on their way to the disk; to be gone through once.

    Parameters
    ----------
    X : ndarray or RowBlocks of shape (n_samples, n_features)
        What was logged.
    dtype : str
        Its true type.
    wanted : {"float16", "float32", "keep"} or None
        The run's choice.
    space : str
        For the note.

    Attributes
    ----------
    dtype : str
        Type they are stored in.
    not_finite : list of int
        Positions of the rows in which a value is nan or infinite, among those gone through.
    n_overflow : int
        Finite values that became infinite.
    note : str
        What a reader should know of the conversion.
    """

    def __init__(
        self, X: NDArray[Any] | RowBlocks, dtype: str, wanted: str | None, space: str
    ) -> None:
        self.dtype = target_of(dtype, wanted)
        self.not_finite: list[int] = []
        self.n_overflow = 0
        self.note = ""
        self._n_features = int(X.shape[1])
        self._logged = (dtype, wanted, space)
        self._blocks = X.blocks() if isinstance(X, RowBlocks) else _slices(X)
        self._rest: NDArray[Any] | None = None
        self._n_done = 0

    def file(self, n_rows: int) -> Iterator[Buffer]:
        """The next rows as the bytes of a ``.npy`` file."""
        yield npy_header(FILE_DTYPES[self.dtype], (n_rows, self._n_features))
        while n_rows:
            block = next(self._blocks) if self._rest is None else self._rest
            part, rest = block[:n_rows], block[n_rows:]
            self._rest = rest if len(rest) else None
            n_rows -= len(part)
            yield byte_view(np.asarray(self._converted(part), order="C"))

    def _converted(self, block: NDArray[Any]) -> NDArray[Any]:
        dtype, wanted, space = self._logged
        stored = convert(block, dtype, wanted, space)
        self.not_finite += (stored.not_finite + self._n_done).tolist()
        self.n_overflow += stored.n_overflow
        self.note = stored.note
        self._n_done += len(block)
        return stored.array


def _slices(X: NDArray[Any]) -> Iterator[NDArray[Any]]:
    step = rows_per_block(int(X.shape[1]), X.dtype.itemsize)
    for start in range(0, len(X), step):
        yield X[start : start + step]
