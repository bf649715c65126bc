"""Typed columns of metadata, one class per kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MISSING_DATE",
    "BooleanColumn",
    "CategoricalColumn",
    "Column",
    "DateColumn",
    "NumberColumn",
    "RecordsColumn",
    "SetColumn",
    "TextColumn",
    "take_ragged",
]

MISSING_DATE = np.iinfo(np.int64).min
Category = TypeVar("Category")


class Column(Protocol):
    """One value per row; any of them may be missing."""

    kind: ClassVar[str]

    def __len__(self) -> int: ...

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        ...

    def take(self, where: NDArray[np.int64]) -> Column:
        """Rows at the given positions; -1 gives a missing value."""
        ...

    def value(self, row: int) -> Any:
        """Plain Python value of one row, None where it is missing."""
        ...


@dataclass(frozen=True, eq=False)
class CategoricalColumn:
    """One of a few named values per row.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,), dtype int32
        Position in `categories`; -1 where missing.
    categories : tuple of str
        Names; a name stands for the value, its position means nothing.
    """

    kind: ClassVar[str] = "categorical"
    codes: NDArray[np.int32]
    categories: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        return int((self.codes < 0).sum())

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each category, shape (n_categories,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.categories))

    def take(self, where: NDArray[np.int64]) -> CategoricalColumn:
        """Rows at the given positions; -1 gives a missing value."""
        return CategoricalColumn(_take(self.codes, where, -1), self.categories)

    def value(self, row: int) -> str | None:
        """Name of one row's category."""
        code = int(self.codes[row])
        return self.categories[code] if code >= 0 else None


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """One number per row; float64 `values` of shape (n_rows,), nan where missing."""

    kind: ClassVar[str] = "number"
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        return int(np.isnan(self.values).sum())

    @property
    def range(self) -> tuple[float, float] | None:
        """Smallest and largest finite value."""
        finite = self.values[np.isfinite(self.values)]
        return (float(finite.min()), float(finite.max())) if len(finite) else None

    def take(self, where: NDArray[np.int64]) -> NumberColumn:
        """Rows at the given positions; -1 gives a missing value."""
        return NumberColumn(_take(self.values, where, np.nan))

    def value(self, row: int) -> float | int | None:
        """Number of one row; whole numbers come back as int."""
        number = float(self.values[row])
        if np.isnan(number):
            return None
        return int(number) if number.is_integer() and abs(number) < 2**53 else number


@dataclass(frozen=True, eq=False)
class TextColumn:
    """Free text per row: `values`, a tuple of str or None."""

    kind: ClassVar[str] = "text"
    values: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        return sum(value is None for value in self.values)

    def take(self, where: NDArray[np.int64]) -> TextColumn:
        """Rows at the given positions; -1 gives a missing value."""
        return TextColumn(tuple(self.values[i] if i >= 0 else None for i in where.tolist()))

    def value(self, row: int) -> str | None:
        """Text of one row."""
        return self.values[row]


@dataclass(frozen=True, eq=False)
class BooleanColumn:
    """Yes or no per row; int8 `codes` of shape (n_rows,): 1, 0, or -1 where missing."""

    kind: ClassVar[str] = "boolean"
    codes: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        return int((self.codes < 0).sum())

    def take(self, where: NDArray[np.int64]) -> BooleanColumn:
        """Rows at the given positions; -1 gives a missing value."""
        return BooleanColumn(_take(self.codes, where, -1))

    def value(self, row: int) -> bool | None:
        """Truth of one row."""
        code = int(self.codes[row])
        return None if code < 0 else bool(code)


@dataclass(frozen=True, eq=False)
class DateColumn:
    """One moment per row; int64 `values` of shape (n_rows,) in milliseconds since 1970 UTC.

    A missing moment is the smallest int64. Naive dates are taken as UTC.
    """

    kind: ClassVar[str] = "date"
    values: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        return int((self.values == MISSING_DATE).sum())

    @property
    def range(self) -> tuple[float, float] | None:
        """Earliest and latest moment, in milliseconds since 1970 UTC."""
        known = self.values[self.values != MISSING_DATE]
        return (float(known.min()), float(known.max())) if len(known) else None

    def take(self, where: NDArray[np.int64]) -> DateColumn:
        """Rows at the given positions; -1 gives a missing value."""
        return DateColumn(_take(self.values, where, MISSING_DATE))

    def value(self, row: int) -> str | None:
        """Moment of one row in ISO 8601; a date alone where the time is midnight."""
        moment = int(self.values[row])
        if moment == MISSING_DATE:
            return None
        try:
            stamp = datetime.fromtimestamp(moment / 1000, tz=UTC)
        except (OverflowError, OSError, ValueError):  # beyond the years 1 to 9999
            return str(np.datetime64(moment, "ms"))
        return stamp.date().isoformat() if moment % 86_400_000 == 0 else stamp.isoformat()


@dataclass(frozen=True, eq=False)
class _RaggedColumn(Generic[Category]):
    """Any number of named things per row.

    Parameters
    ----------
    offsets : ndarray of shape (n_rows + 1,), dtype int64
        Row i holds ``codes[offsets[i]:offsets[i + 1]]``.
    codes : ndarray of shape (n_members,), dtype int32
        Positions in `categories`, each at most once in a row.
    categories : tuple
        What a code stands for.
    present : ndarray of shape (n_rows,), dtype bool
        False where the row has no value, which is not the same as an empty one.
    """

    offsets: NDArray[np.int64]
    codes: NDArray[np.int32]
    categories: tuple[Category, ...]
    present: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.present)

    @property
    def n_missing(self) -> int:
        """Number of rows without a value."""
        return int((~self.present).sum())

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows that hold each category, (n_categories,); they may add up to more than n_rows."""
        return np.bincount(self.codes, minlength=len(self.categories))

    def take(self, where: NDArray[np.int64]) -> Self:
        """Rows at the given positions; -1 gives a missing value."""
        offsets, codes = take_ragged(self.offsets, self.codes, where)
        return type(self)(offsets, codes, self.categories, _take(self.present, where, False))

    def _held(self, row: int) -> list[Category] | None:
        if not self.present[row]:
            return None
        codes = self.codes[self.offsets[row] : self.offsets[row + 1]]
        return [self.categories[code] for code in codes.tolist()]


class SetColumn(_RaggedColumn[str]):
    """A set of labels per row.

    Parameters
    ----------
    offsets : ndarray of shape (n_rows + 1,), dtype int64
        Row i holds ``codes[offsets[i]:offsets[i + 1]]``.
    codes : ndarray of shape (n_members,), dtype int32
        Positions in `categories`, each at most once in a row.
    categories : tuple of str
        Names of the labels.
    present : ndarray of shape (n_rows,), dtype bool
        False where the set is missing, which is not the same as empty.
    """

    kind: ClassVar[str] = "set"

    def value(self, row: int) -> list[str] | None:
        """Labels of one row."""
        return self._held(row)


class RecordsColumn(_RaggedColumn[tuple[str, str]]):
    """Any number of {group, name} label records per row.

    As `SetColumn`, with ``categories`` a tuple of (group, name) pairs.
    """

    kind: ClassVar[str] = "records"

    def value(self, row: int) -> list[dict[str, str]] | None:
        """Records of one row."""
        held = self._held(row)
        return None if held is None else [{"group": group, "name": name} for group, name in held]


def _take(values: NDArray[Any], where: NDArray[np.int64], missing: Any) -> NDArray[Any]:
    if len(values) == 0:
        return np.full(len(where), missing, dtype=values.dtype)
    return np.where(where >= 0, values[where], np.asarray(missing, dtype=values.dtype))


def take_ragged(
    offsets: NDArray[np.int64], codes: NDArray[np.int32], where: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Rows of a ragged array at the given positions; -1 gives an empty row."""
    lengths = np.zeros(len(where), dtype=np.int64)
    known = where >= 0
    lengths[known] = np.diff(offsets)[where[known]]
    taken = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    starts = np.zeros(len(where), dtype=np.int64)
    starts[known] = offsets[:-1][where[known]]
    index = np.arange(taken[-1]) - np.repeat(taken[:-1], lengths) + np.repeat(starts, lengths)
    return taken, codes[index]
