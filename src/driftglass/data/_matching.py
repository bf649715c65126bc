"""Which rows a condition holds for."""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, NotFoundError
from ._columns import (
    MISSING_DATE,
    BooleanColumn,
    CategoricalColumn,
    Column,
    DateColumn,
    NumberColumn,
    RecordsColumn,
    SetColumn,
    TextColumn,
)
from ._conditions import And, Compare, Condition, IsMissing, Members, Not, Or, Value, parse

__all__ = ["folded", "matching_rows"]

Rows = NDArray[np.bool_]


def matching_rows(
    condition: str | Condition,
    columns: Mapping[str, Column],
    n_rows: int,
) -> Rows:
    """Rows that a condition holds for.

    A comparison with a missing value does not hold, whichever way round; ``not`` holds for the
    rows that its condition does not hold for.

    Parameters
    ----------
    condition : str or Condition
        See `parse`.
    columns : mapping of str to Column
        Columns of `n_rows` rows.
    n_rows : int
        Number of rows.

    Returns
    -------
    rows : ndarray of shape (n_rows,), dtype bool

    Raises
    ------
    InvalidInputError
        The condition cannot be read, or compares what cannot be compared.
    NotFoundError
        No such column.
    """
    tree = parse(condition) if isinstance(condition, str) else condition
    return _rows(tree, columns, n_rows)


def _rows(tree: Condition, columns: Mapping[str, Column], n_rows: int) -> Rows:
    if isinstance(tree, Not):
        return ~_rows(tree.condition, columns, n_rows)
    if isinstance(tree, And):
        return _rows(tree.left, columns, n_rows) & _rows(tree.right, columns, n_rows)
    if isinstance(tree, Or):
        return _rows(tree.left, columns, n_rows) | _rows(tree.right, columns, n_rows)
    if tree.column not in columns:
        raise NotFoundError.for_name("column", tree.column[:80], list(columns))
    column = columns[tree.column]
    if isinstance(tree, IsMissing):
        return _missing(column)
    if isinstance(tree, Members):
        return _members(tree, column)
    return _compared(tree, column)


def _missing(column: Column) -> Rows:
    if isinstance(column, (CategoricalColumn, BooleanColumn)):
        return np.asarray(column.codes < 0)
    if isinstance(column, NumberColumn):
        return np.asarray(np.isnan(column.values))
    if isinstance(column, DateColumn):
        return np.asarray(column.values == MISSING_DATE)
    if isinstance(column, (SetColumn, RecordsColumn)):
        return np.asarray(~column.present)
    return np.array([column.value(row) is None for row in range(len(column))], dtype=bool)


def _compared(tree: Compare, column: Column) -> Rows:
    if tree.operator == "contains":
        return _containing(tree, column)
    if isinstance(column, NumberColumn):
        return _ordered(column.values, tree.operator, _number(tree))
    if isinstance(column, DateColumn):
        known = column.values != MISSING_DATE
        return np.asarray(known) & _ordered(column.values, tree.operator, _moment(tree))
    if isinstance(column, BooleanColumn):
        return _boolean(tree, column)
    if isinstance(column, CategoricalColumn):
        wanted = _text(tree)
        return _by_category(column, lambda name: _in_order(name, tree.operator, wanted))
    if isinstance(column, TextColumn):
        wanted = _text(tree)
        return np.array(
            [value is not None and _in_order(value, tree.operator, wanted)
             for value in column.values],
            dtype=bool,
        )  # fmt: skip
    if tree.operator not in ("=", "!="):
        raise _cannot(tree.column, column, f"'{tree.operator}'")
    # A set that has the label, said in the shortest way.
    return _members(Members(tree.column, "any" if tree.operator == "=" else "none", (tree.value,)),
                    column)  # fmt: skip


def _containing(tree: Compare, column: Column) -> Rows:
    wanted = folded(_text(tree))
    if isinstance(column, CategoricalColumn):
        return _by_category(column, lambda name: wanted in folded(name))
    if isinstance(column, TextColumn):
        return np.array(
            [value is not None and wanted in folded(value) for value in column.values], dtype=bool
        )
    if isinstance(column, SetColumn):
        hits = np.array([wanted in folded(name) for name in column.categories], dtype=bool)
        return _any_of(column.offsets, column.codes, hits)
    raise _cannot(tree.column, column, "'contains'")


def _members(tree: Members, column: Column) -> Rows:
    if isinstance(column, (SetColumn, RecordsColumn)):
        return _sets(tree, column)
    if tree.operator not in ("in", "any", "none"):
        raise _cannot(tree.column, column, f"'{tree.operator}'")
    found = np.zeros(len(column), dtype=bool)
    for value in tree.values:
        found |= _compared(Compare(tree.column, "=", value), column)
    return ~found & ~_missing(column) if tree.operator == "none" else found


def _sets(tree: Members, column: SetColumn | RecordsColumn) -> Rows:
    names = _names_of(column)
    wanted = {str(value) if not isinstance(value, str) else value for value in tree.values}
    known = wanted & set(names)
    codes = np.array([name in wanted for name in names], dtype=bool)
    # The same name may stand in several groups of records; each counts as that name.
    position = {name: number for number, name in enumerate(sorted(known))}
    which = np.array([position.get(name, -1) for name in names], dtype=np.int64)
    if tree.operator in ("in", "any"):
        return _any_of(column.offsets, column.codes, codes)
    if tree.operator == "none":
        return np.asarray(column.present & ~_any_of(column.offsets, column.codes, codes))
    held = _count_distinct(column.offsets, column.codes, which, len(known))
    every: Rows = np.asarray(column.present & (held == len(wanted)))
    if tree.operator == "all":
        return every
    others = _any_of(column.offsets, column.codes, ~codes)
    return every & ~others


def _names_of(column: SetColumn | RecordsColumn) -> list[str]:
    if isinstance(column, SetColumn):
        return list(column.categories)
    return [name for _, name in column.categories]


def _any_of(offsets: NDArray[np.int64], codes: NDArray[np.int32], hits: Rows) -> Rows:
    """Rows that hold a code which `hits` marks."""
    total = np.concatenate([[0], np.cumsum(hits[codes] if len(codes) else [], dtype=np.int64)])
    return np.asarray(total[offsets[1:]] > total[offsets[:-1]])


def _count_distinct(
    offsets: NDArray[np.int64], codes: NDArray[np.int32], which: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    """How many of n wanted labels each row holds; a label counts once."""
    counts = np.zeros(len(offsets) - 1, dtype=np.int64)
    for number in range(n):
        counts += _any_of(offsets, codes, which == number)
    return counts


def _by_category(column: CategoricalColumn, holds: Callable[[str], bool]) -> Rows:
    hits = np.array([holds(name) for name in column.categories] + [False], dtype=bool)
    return np.asarray(hits[column.codes])  # a missing row has code -1, which is the last: False


def _boolean(tree: Compare, column: BooleanColumn) -> Rows:
    value = tree.value
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        value = value.casefold() == "true"
    if not isinstance(value, bool) or tree.operator not in ("=", "!="):
        raise _cannot(tree.column, column, f"'{tree.operator} {tree.value!r}'")
    wanted = value if tree.operator == "=" else not value
    return np.asarray(column.codes == int(wanted))


def _ordered(values: NDArray[Any], operator: str, wanted: float) -> Rows:
    with np.errstate(invalid="ignore"):
        known = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)
        answers: dict[str, Callable[[], Any]] = {
            "=": lambda: values == wanted,
            "!=": lambda: known & (values != wanted),
            "<": lambda: values < wanted,
            "<=": lambda: values <= wanted,
            ">": lambda: values > wanted,
            ">=": lambda: values >= wanted,
        }
        return np.asarray(answers[operator]())


def _in_order(value: str, operator: str, wanted: str) -> bool:
    if operator in ("=", "!="):
        equal = unicodedata.normalize("NFC", value) == unicodedata.normalize("NFC", wanted)
        return equal == (operator == "=")
    first, second = folded(value), folded(wanted)
    return {
        "<": first < second,
        "<=": first <= second,
        ">": first > second,
        ">=": first >= second,
    }[operator]


def folded(text: str) -> str:
    """Text as it is compared whatever its case: one form for one character, in every script."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _number(tree: Compare) -> float:
    if isinstance(tree.value, bool) or not isinstance(tree.value, float):
        raise InvalidInputError(
            f"The column {tree.column!r} holds numbers; {tree.value!r:.60} is none."
        )
    if not math.isfinite(tree.value):
        raise InvalidInputError(f"{tree.column} is compared with {tree.value}, which is no number.")
    return tree.value


def _moment(tree: Compare) -> float:
    try:
        moment = dt.datetime.fromisoformat(tree.value if isinstance(tree.value, str) else "")
    except ValueError as error:
        raise InvalidInputError(
            f"The column {tree.column!r} holds dates; {tree.value!r:.60} is none. Write "
            f'"2026-11-21" or "2026-11-21T09:30".'
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return moment.timestamp() * 1000.0


def _text(tree: Compare) -> str:
    value: Value = tree.value
    if isinstance(value, bool):
        return "true" if value else "false"
    # Classes are often numbers that were logged as names.
    return value if isinstance(value, str) else f"{value:g}"


def _cannot(name: str, column: Column, what: str) -> InvalidInputError:
    able: Sequence[str] = {
        "number": ("=", "!=", "<", "<=", ">", ">=", "in"),
        "date": ("=", "!=", "<", "<=", ">", ">=", "in"),
        "boolean": ("=", "!="),
        "set": ("any", "all", "none", "exactly", "contains"),
        "records": ("any", "all", "none", "exactly"),
    }.get(column.kind, ("=", "!=", "<", ">", "in", "contains"))
    return InvalidInputError(
        f"The column {name!r} holds {column.kind} values, so {what} cannot be asked of it; "
        f"{', '.join(able)} can."
    )
