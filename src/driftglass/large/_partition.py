"""Rows of a space in partitions that are read one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._arrays import finite_rows
from ..errors import DriftglassError, FormatError, InvalidInputError

__all__ = ["Block", "Partition", "Partitions", "Source", "Trouble", "read_block"]


class Source(Protocol):
    """Where the rows of a partition lie: small, can be pickled, and read by any worker."""

    @property
    def fingerprint(self) -> str:
        """Changes when the rows may have changed."""
        ...

    def read(self) -> NDArray[Any]:
        """Rows of shape (n_samples, n_features), mapped into memory where that is possible."""
        ...

    def read_labels(self) -> NDArray[Any] | None:
        """A value per row, or None."""
        ...


@dataclass(frozen=True)
class Trouble:
    """A partition, or some of its rows, that could not be used.

    Parameters
    ----------
    name : str
        Of the partition.
    reason : str
        What is wrong, and what to do.
    n_rows : int
        Rows that are left out.
    step : int
        Which step it belongs to.
    """

    name: str
    reason: str
    n_rows: int
    step: int = 0


@dataclass(frozen=True)
class Partition:
    """Some rows of a space.

    Parameters
    ----------
    name : str
        Name that a person recognises, such as that of a file.
    n_samples : int
        Rows, as far as it is known without reading them.
    first : int
        Number of its first row among all rows.
    source : Source
        Where they lie.
    """

    name: str
    n_samples: int
    first: int
    source: Source


@dataclass(frozen=True)
class Partitions:
    """Rows of a space in partitions, never in memory all at once.

    Parameters
    ----------
    parts : tuple of Partition
        In the order of their rows.
    n_features : int
        Columns of every row.
    troubles : tuple of Trouble
        Partitions that could not be opened.
    """

    parts: tuple[Partition, ...]
    n_features: int
    troubles: tuple[Trouble, ...] = field(default=())

    def __len__(self) -> int:
        """Number of partitions."""
        return len(self.parts)

    def __iter__(self) -> Iterator[Partition]:
        return iter(self.parts)

    @property
    def n_samples(self) -> int:
        """Rows of all partitions."""
        return sum(part.n_samples for part in self.parts)

    @property
    def nbytes(self) -> int:
        """Bytes of all rows in single precision."""
        return 4 * self.n_samples * self.n_features

    @property
    def fingerprint(self) -> str:
        """Changes when a row may have changed: 32 hexadecimal digits."""
        import xxhash

        said = [f"{part.name} {part.n_samples} {part.source.fingerprint}" for part in self.parts]
        return xxhash.xxh3_128_hexdigest("\n".join([str(self.n_features), *said]).encode())


@dataclass(frozen=True, eq=False)
class Block:
    """The usable rows of a partition, in memory.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Finite rows; float32, or float64 where the source has it.
    rows : ndarray of shape (n_samples,), dtype int64
        Their numbers among all rows.
    labels : ndarray of shape (n_samples,) or None
        A value per row.
    n_left_out : int
        Rows that are not finite.
    """

    X: NDArray[Any]
    rows: NDArray[np.int64]
    labels: NDArray[Any] | None
    n_left_out: int


def read_block(part: Partition, n_features: int, *, labels: bool = False) -> Block:
    """Read a partition and leave out what is not finite.

    Raises
    ------
    DriftglassError
        It cannot be read, has another width, or no row of it is finite; says which.
    """
    try:
        X = part.source.read()
    except DriftglassError:
        raise
    except Exception as error:  # files, their codecs and Dask graphs raise whatever they like
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise FormatError(f"{part.name} cannot be read: {said}. Write it again.") from error
    if X.ndim != 2 or X.shape[1] != n_features:
        raise FormatError(
            f"{part.name} has shape {X.shape}; (n_samples, {n_features}) is needed, as the others "
            f"have. Leave it out, or write it again."
        )
    if X.dtype.kind not in "fiub":
        raise InvalidInputError(f"{part.name} holds {X.dtype}; real numbers are needed.")
    if len(X) != part.n_samples:
        raise FormatError(
            f"{part.name} has {len(X):,} rows and had {part.n_samples:,} when it was opened. Open "
            f"the partitions again."
        )
    X = np.ascontiguousarray(X, dtype=np.float64 if X.dtype == np.float64 else np.float32)
    finite = finite_rows(X)
    beside = part.source.read_labels() if labels else None
    if beside is not None and len(beside) != len(X):
        raise FormatError(
            f"{part.name} has {len(X):,} rows and {len(beside):,} labels; one per row is needed."
        )
    rows = part.first + np.arange(len(X), dtype=np.int64)
    if finite.all():
        return Block(X, rows, beside, 0)
    kept = beside[finite] if beside is not None else None
    return Block(X[finite], rows[finite], kept, int((~finite).sum()))
