"""From values to colours, sizes and markers, with what a legend needs to explain them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._palette import Theme, category_slots
from ..data import (
    BooleanColumn,
    CategoricalColumn,
    Column,
    DateColumn,
    NumberColumn,
    RecordsColumn,
    SetColumn,
    TextColumn,
)
from ..errors import InvalidInputError

__all__ = ["MARKERS", "Categories", "Numbers", "encoded"]

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
COLORS_PER_MARKER = 10
"""The first ten colours were chosen to be told apart by everyone; after them the marker helps."""
FEW_TEXTS = 64
"""Free text with no more values than there are colours can be told apart after all."""


@dataclass(frozen=True, eq=False)
class Categories:
    """Rows by named value.

    Parameters
    ----------
    name : str
        Title of the legend.
    codes : ndarray of shape (n_rows,)
        Position in `names`; -1 where missing.
    names : tuple of str
        The values.
    """

    name: str
    codes: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))

    def colors(self, theme: Theme) -> list[str]:
        """Colour of each value; those beyond the colours there are share one grey."""
        slots = category_slots(self.names, self.counts.tolist(), len(theme.categories))
        return [f"#{theme.categories[slot] if slot >= 0 else theme.other}" for slot in slots]

    def markers(self) -> list[str]:
        """Marker of each value: another one for every ten colours."""
        slots = category_slots(self.names, self.counts.tolist(), COLORS_PER_MARKER * len(MARKERS))
        return [MARKERS[max(0, slot) // COLORS_PER_MARKER % len(MARKERS)] for slot in slots]


@dataclass(frozen=True, eq=False)
class Numbers:
    """Rows by a number; nan where missing."""

    name: str
    values: NDArray[np.float64]

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest finite value; (0, 1) if there is none."""
        finite = self.values[np.isfinite(self.values)]
        return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)


def encoded(name: str, values: Sequence[Any] | NDArray[Any] | Column) -> Categories | Numbers:
    """Values of a column, typed or plain, as something that can be drawn.

    A set of labels is drawn by its first; `driftglass.groups` picks another one.
    """
    from ..data._infer import column_from

    known = (BooleanColumn, CategoricalColumn, DateColumn, NumberColumn, RecordsColumn, SetColumn)
    column: Any = (
        values if isinstance(values, (*known, TextColumn)) else column_from(values, name=name)
    )
    if isinstance(column, NumberColumn):
        return Numbers(name, column.values)
    if isinstance(column, DateColumn):
        days = column.values / 86_400_000.0
        days[[column.value(row) is None for row in range(len(column))]] = np.nan
        return Numbers(f"{name} (days since 1970)", days)
    if isinstance(column, BooleanColumn):
        return Categories(name, column.codes.astype(np.int64), ("false", "true"))
    if isinstance(column, CategoricalColumn):
        return Categories(name, column.codes.astype(np.int64), column.categories)
    if isinstance(column, (SetColumn, RecordsColumn)):
        return _first(name, column)
    names = sorted({value for value in column.values if value is not None})
    if len(names) <= FEW_TEXTS:
        codes = {value: code for code, value in enumerate(names)}
        found = [-1 if value is None else codes[value] for value in column.values]
        return Categories(name, np.array(found, dtype=np.int64), tuple(names))
    raise InvalidInputError(
        f"Column {name!r} is free text, nearly every value another; a map cannot be coloured by "
        f"it. Choose a column of numbers or of a few values."
    )


def _first(name: str, column: SetColumn | RecordsColumn) -> Categories:
    codes = np.full(len(column), -1, dtype=np.int64)
    filled = np.diff(column.offsets) > 0
    codes[filled] = column.codes[column.offsets[:-1][filled]]
    names = tuple(item if isinstance(item, str) else item[1] for item in column.categories)
    return Categories(f"{name} (first)", codes, names)
