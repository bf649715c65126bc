"""What label records say, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import CategoricalColumn, RecordsColumn, SetColumn
from ..errors import InvalidInputError, NotFoundError

__all__ = [
    "SEPARATOR",
    "group_names",
    "in_group",
    "labels_in",
    "map_labels",
    "names_elsewhere",
    "records_from",
]

SEPARATOR = "/"
"""Between a group and the group inside it: "rhythm/supraventricular"."""
UNNAMED = "Unknown"


def records_from(
    rows: Sequence[Any] | RecordsColumn,
    *,
    name_key: str = "name",
    group_key: str = "group",
    unnamed: str | None = UNNAMED,
) -> RecordsColumn:
    """Label records as a typed column.

    Parameters
    ----------
    rows : sequence of (list of mappings, or None), or RecordsColumn
        The labels of each item, each a mapping such as ``{"group": "rhythm", "name": "AF"}``.
        None, nan or an item that is no list has no records, which is not the same as an empty
        list.
    name_key, group_key : str
        Keys of a label's name and group.
    unnamed : str or None
        Name of labels that lack one; None leaves such labels out.

    Returns
    -------
    records : RecordsColumn
        With one row per item.

    Raises
    ------
    InvalidInputError
        A label is no mapping.

    Examples
    --------
    >>> column = records_from([[{"group": "rhythm", "name": "AF"}], [], None])
    >>> column.categories, column.n_missing
    ((('rhythm', 'AF'),), 1)
    """
    if isinstance(rows, RecordsColumn):
        return rows
    codes_of: dict[tuple[Any, Any], int] = {}
    codes: list[int] = []
    ends = [0]
    present = []
    for position, row in enumerate(rows):
        known = row is not None and not isinstance(row, (float, str))
        present.append(known)
        if known:
            for label in (row,) if isinstance(row, Mapping) else row:
                if not isinstance(label, Mapping):
                    raise _no_label(label, position, group_key, name_key)
                key = (label.get(group_key), label.get(name_key))
                codes.append(codes_of.setdefault(key, len(codes_of)))
        ends.append(len(codes))
    pairs = [_pair(group, name, unnamed) for group, name in codes_of]
    return _column(np.array(codes, dtype=np.int64), np.array(ends), pairs, np.array(present, bool))


def _no_label(label: Any, position: int, group_key: str, name_key: str) -> InvalidInputError:
    return InvalidInputError(
        f"Label {label!r:.60} of row {position} is a {type(label).__name__}; a mapping with "
        f"{group_key!r} and {name_key!r} is needed, for example "
        f"{{{group_key!r}: 'rhythm', {name_key!r}: 'AF'}}."
    )


def _pair(group: Any, name: Any, unnamed: str | None) -> tuple[str, str] | None:
    if name is None or name != name:  # nan
        name = unnamed
    if name is None:
        return None
    return "" if group is None or group != group else str(group), str(name)


def _column(
    codes: NDArray[np.int64],
    ends: NDArray[np.int64],
    pairs: Sequence[tuple[str, str] | None],
    present: NDArray[np.bool_],
) -> RecordsColumn:
    """Rows of codes into `pairs` as a column, each label once per row, those of None left out."""
    categories = tuple(sorted({pair for pair in pairs if pair is not None}))
    place = {pair: code for code, pair in enumerate(categories)}
    table = np.array([-1 if pair is None else place[pair] for pair in pairs] or [-1])
    rows = np.repeat(np.arange(len(present)), np.diff(ends))
    final = table[codes] if len(codes) else codes
    named = final >= 0
    rows, final = rows[named], final[named]
    _, first = np.unique(rows * max(len(categories), 1) + final, return_index=True)
    first.sort()  # labels keep the order they came in
    counts = np.bincount(rows[first], minlength=len(present))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return RecordsColumn(offsets, final[first].astype(np.int32), categories, present)


def group_names(records: RecordsColumn) -> tuple[str, ...]:
    """Groups that occur, and those they are nested in, in order of their names.

    Examples
    --------
    >>> group_names(records_from([[{"group": "rhythm/fast", "name": "AF"}]]))
    ('rhythm', 'rhythm/fast')
    """
    found = set()
    for group, _ in records.categories:
        parts = group.split(SEPARATOR)
        found |= {SEPARATOR.join(parts[: i + 1]) for i in range(len(parts))}
    return tuple(sorted(found))


def in_group(records: RecordsColumn, group: str) -> NDArray[np.bool_]:
    """Which categories belong to a group or to one nested in it, shape (n_categories,)."""
    inside = group + SEPARATOR
    found = [name == group or name.startswith(inside) for name, _ in records.categories]
    if not any(found) and records.categories:
        raise NotFoundError.for_name("group", group, group_names(records))
    return np.array(found, dtype=bool)


def labels_in(records: RecordsColumn, group: str) -> CategoricalColumn:
    """The first label of each item in a group.

    Parameters
    ----------
    records : RecordsColumn
        Labels of n_rows items.
    group : str
        A group; "rhythm" holds "rhythm/fast" as well.

    Returns
    -------
    names : CategoricalColumn
        Missing where an item has no label in the group.

    Raises
    ------
    NotFoundError
        No item has a label in that group.
    """
    wanted = in_group(records, group)
    codes = _first(records, wanted)
    used = np.unique(codes[codes >= 0])
    place = np.full(len(records.categories) + 1, -1, dtype=np.int32)
    # One name may stand in two nested groups.
    names = tuple(sorted({records.categories[code][1] for code in used.tolist()}))
    for code in used.tolist():
        place[code] = names.index(records.categories[code][1])
    return CategoricalColumn(place[codes], names)


def names_elsewhere(records: RecordsColumn, group: str) -> SetColumn:
    """Names of each item's labels that are not in a group.

    Parameters
    ----------
    records : RecordsColumn
        Labels of n_rows items.
    group : str
        The group to leave out.

    Returns
    -------
    names : SetColumn
        Each name once per item, in the order of the names.
    """
    elsewhere = np.array([not inside for inside in in_group(records, group)], dtype=bool)
    names = tuple(
        sorted(
            {name for (_, name), kept in zip(records.categories, elsewhere, strict=True) if kept}
        )
    )
    place = np.array(
        [names.index(name) if name in names else -1 for _, name in records.categories],
        dtype=np.int64,
    )
    rows = np.repeat(np.arange(len(records)), np.diff(records.offsets))
    kept = elsewhere[records.codes] if len(records.codes) else np.zeros(0, dtype=bool)
    pairs = np.unique(rows[kept] * max(len(names), 1) + place[records.codes[kept]])
    counts = np.bincount(pairs // max(len(names), 1), minlength=len(records))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    codes = (pairs % max(len(names), 1)).astype(np.int32)
    return SetColumn(offsets, codes, names, records.present)


def map_labels(
    records: RecordsColumn,
    mapping: Mapping[str, str | tuple[str, str]],
    *,
    unmapped: str = "drop",
) -> RecordsColumn:
    """Labels of one data set in the words of another.

    Parameters
    ----------
    records : RecordsColumn
        Labels of n_rows items.
    mapping : mapping of str to str or (group, name)
        From a label's name to another name, in the same group, or to a group and a name.
    unmapped : {"drop", "keep", "raise"}
        What becomes of labels whose name is no key.

    Returns
    -------
    records : RecordsColumn
        A label that two old ones became is there once per item.

    Raises
    ------
    NotFoundError
        With ``unmapped="raise"``, for a label whose name is no key.
    """
    if unmapped not in ("drop", "keep", "raise"):
        raise InvalidInputError(f"unmapped is {unmapped!r}; 'drop', 'keep' or 'raise' is needed.")
    renamed: list[tuple[str, str] | None] = []
    for group, name in records.categories:
        if name in mapping:
            target = mapping[name]
            renamed.append((group, target) if isinstance(target, str) else (target[0], target[1]))
        elif unmapped == "raise":
            raise NotFoundError.for_name("label in the mapping", name, list(mapping))
        else:
            renamed.append((group, name) if unmapped == "keep" else None)
    return _column(records.codes.astype(np.int64), records.offsets, renamed, records.present)


def _first(records: RecordsColumn, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Code of each item's first label among the wanted ones; -1 where it has none."""
    first = np.full(len(records), -1, dtype=np.int64)
    if len(records.codes):
        at = np.flatnonzero(wanted[records.codes])
        rows = np.searchsorted(records.offsets, at, side="right") - 1
        found, where = np.unique(rows, return_index=True)
        first[found] = records.codes[at[where]]
    return first
