"""From plain values to a typed column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
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

__all__ = ["KINDS", "column_from"]

MAX_INTEGER_CATEGORIES = 30
"""Integers with at most this many distinct values are read as categories."""
MAX_TEXT_CATEGORIES = 1000
"""Text with more distinct values than this, or hardly any repeats, is free text."""
MAX_SAFE_INTEGER = 2**53
"""Beyond it, float64 and JavaScript lose digits; such numbers are kept as names."""

_COLLECTIONS = (list, tuple, set, frozenset, np.ndarray)


def column_from(values: Any, *, name: str, kind: str | None = None) -> Column:
    """Make a typed column of one value per row.

    Parameters
    ----------
    values : sequence of length n_rows
        None, nan, NaT and pandas' NA are missing.
    name : str
        Column name, for messages.
    kind : str, optional
        One of `KINDS`; found from the values by default. Integers with at most 30 distinct
        values become categories, text becomes categories when it repeats.

    Raises
    ------
    InvalidInputError
        The values do not fit the kind.
    """
    if kind is not None and kind not in KINDS:
        raise InvalidInputError(
            f"Column {name!r} was given kind {kind!r}; known kinds are {sorted(KINDS)}."
        )
    plain = _plain_values(values)
    chosen = kind or _kind_of(plain)
    try:
        return KINDS[chosen](plain)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, InvalidInputError):
            raise
        known = [value for value in plain if value is not None]
        raise InvalidInputError(
            f"Column {name!r} cannot be read as {chosen}: it holds values such as "
            f"{known[0]!r:.60}. Pass kinds={{{name!r}: ...}} with one of {sorted(KINDS)}."
        ) from error


def _plain_values(values: Any) -> list[Any]:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        milliseconds = values.astype("datetime64[ms]").astype(np.int64)
        missing = np.isnat(values)
        return [
            None if absent else _Moment(moment)
            for moment, absent in zip(milliseconds.tolist(), missing.tolist(), strict=True)
        ]
    # numpy's tolist also turns the rows of a two-dimensional array into lists
    sequence = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return [_plain(value) for value in sequence]


class _Moment(int):
    """Milliseconds since 1970 UTC."""


def _plain(value: Any) -> Any:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else _Moment(value.astype("datetime64[ms]").astype(int))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return _Moment(round(aware.timestamp() * 1000))
    if isinstance(value, date):
        return _Moment((value - date(1970, 1, 1)).days * 86_400_000)
    return value


def _kind_of(values: Sequence[Any]) -> str:
    known = [value for value in values if value is not None]
    types = {type(value) for value in known}
    if not types:
        return "categorical"
    if types == {bool}:
        return "boolean"
    if types == {_Moment}:
        return "date"
    if types <= {int, float, bool}:
        return _kind_of_numbers(known, types)
    if all(isinstance(value, (*_COLLECTIONS, Mapping)) for value in known):
        return _kind_of_collections(known)
    if all(isinstance(value, str) for value in known):
        distinct = len(set(known))
        repeats = distinct <= MAX_TEXT_CATEGORIES and (distinct <= 20 or distinct * 2 <= len(known))
        return "categorical" if repeats else "text"
    return "categorical"


def _kind_of_numbers(known: Sequence[Any], types: set[type]) -> str:
    if float in types:
        return "number"
    distinct = set(known)
    if len(distinct) <= MAX_INTEGER_CATEGORIES:
        return "categorical"
    return "categorical" if max(map(abs, distinct)) > MAX_SAFE_INTEGER else "number"


def _kind_of_collections(known: Sequence[Any]) -> str:
    for value in known:
        for item in [value] if isinstance(value, Mapping) else value:
            return "records" if isinstance(item, Mapping) else "set"
    return "set"


def _categorical(values: Sequence[Any]) -> CategoricalColumn:
    names = [None if value is None else _name(value) for value in values]
    codes, categories = _encode(names)
    return CategoricalColumn(codes, categories)


def _name(value: Any) -> str:
    if isinstance(value, _Moment):
        return str(DateColumn(np.array([value], dtype=np.int64)).value(0))
    return value if isinstance(value, str) else str(value)


def _encode(names: Sequence[Any]) -> tuple[NDArray[np.int32], tuple[Any, ...]]:
    categories = tuple(sorted({name for name in names if name is not None}, key=_natural_key))
    code = {name: position for position, name in enumerate(categories)}
    codes = np.array([-1 if name is None else code[name] for name in names], dtype=np.int32)
    return codes, categories


def _natural_key(name: Any) -> tuple[Any, ...]:
    """Sort "2" before "10", and pairs by their parts."""
    if isinstance(name, tuple):
        return tuple(_natural_key(part) for part in name)
    try:
        return (0, float(name), name)
    except ValueError:
        return (1, 0.0, name)


def _number(values: Sequence[Any]) -> NumberColumn:
    return NumberColumn(
        np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
    )


def _text(values: Sequence[Any]) -> TextColumn:
    return TextColumn(tuple(None if value is None else _name(value) for value in values))


def _boolean(values: Sequence[Any]) -> BooleanColumn:
    if any(value is not None and value not in (0, 1) for value in values):
        raise ValueError("not boolean")
    return BooleanColumn(
        np.array([-1 if value is None else int(value) for value in values], dtype=np.int8)
    )


def _date(values: Sequence[Any]) -> DateColumn:
    def moment(value: Any) -> int:
        if value is None:
            return MISSING_DATE
        if isinstance(value, str):
            return int(_plain(datetime.fromisoformat(value)))
        return int(value)

    return DateColumn(np.array([moment(value) for value in values], dtype=np.int64))


def _set(values: Sequence[Any]) -> SetColumn:
    rows = [
        None if row is None else [_name(_plain(item)) for item in _items(row)] for row in values
    ]
    return SetColumn(*_ragged(rows))


def _names(row: Any) -> list[str]:
    return [_name(_plain(item)) for item in _items(row)]


def _records(values: Sequence[Any]) -> RecordsColumn:
    rows = [None if row is None else [_pair(item) for item in _items(row)] for row in values]
    return RecordsColumn(*_ragged(rows))


def _items(row: Any) -> list[Any]:
    if isinstance(row, (str, Mapping)):
        return [row]
    items = list(row)
    return sorted(items, key=str) if isinstance(row, (set, frozenset)) else items


def _pair(item: Any) -> tuple[str, str]:
    if not isinstance(item, Mapping) or "name" not in item:
        raise InvalidInputError(
            f"A label record is {item!r:.60}; a mapping with 'name' and, if there are groups, "
            f"'group' is needed, for example {{'group': 'animal', 'name': 'dog'}}."
        )
    return str(item.get("group") or ""), str(item["name"])


def _ragged(
    rows: Sequence[list[Any] | None],
) -> tuple[NDArray[np.int64], NDArray[np.int32], tuple[Any, ...], NDArray[np.bool_]]:
    members = [list(dict.fromkeys(row or [])) for row in rows]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in members])]).astype(np.int64)
    codes, categories = _encode([item for row in members for item in row])
    present = np.array([row is not None for row in rows], dtype=bool)
    return offsets, codes, categories, present


KINDS: dict[str, Callable[[Sequence[Any]], Column]] = {
    "boolean": _boolean,
    "categorical": _categorical,
    "date": _date,
    "number": _number,
    "records": _records,
    "set": _set,
    "text": _text,
}
