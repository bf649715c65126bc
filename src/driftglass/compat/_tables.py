"""Records of one table found in another, by id and never by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from .._optional import require
from ..data._ids import positions
from ..errors import InvalidInputError, NotFoundError

__all__ = [
    "LABELS",
    "NAME",
    "RECORD",
    "column_of",
    "is_missing",
    "joined_to",
    "labels_of",
    "rows_of",
]

LABELS = "labels_meta"
NAME = "integration_name"
RECORD = "record_id"
"""Column that names a record, so that it keeps its name when a table is re-indexed."""


def rows_of(df: Any, part: Any) -> NDArray[np.int64]:
    """Position in `df` of each record of `part`."""
    by_record = RECORD in part.columns
    wanted = part[RECORD] if by_record else part.index
    pandas = require("pandas", extra="all")
    known = pandas.Index(df[RECORD]) if by_record and RECORD in df.columns else df.index
    what = f"{RECORD} values" if by_record and RECORD in df.columns else "index labels"
    if not known.is_unique:
        raise InvalidInputError(
            f"The {what} of the table of all records repeat, for example "
            f"{known[known.duplicated()][0]!r}; unique ones are needed to find a record. Give it "
            f"a column {RECORD!r}, or call reset_index() before preparing the group."
        )
    rows = np.asarray(known.get_indexer(pandas.Index(wanted)), dtype=np.int64)
    if (rows < 0).any():
        absent = np.asarray(wanted)[rows < 0]
        raise NotFoundError(
            f"{len(absent):,} of {len(rows):,} highlighted records are not in the table of all "
            f"records, for example {absent[0]!r}. Pass the table that the group was prepared from."
        )
    _same_records(df, part, rows)
    return rows


def _same_records(df: Any, part: Any, rows: NDArray[np.int64]) -> None:
    """Refuse labels that lead to another record: the sign of a table that was re-indexed."""
    if LABELS not in df.columns or LABELS not in part.columns:
        return
    there = df[LABELS].to_numpy()
    for position, (row, labels) in enumerate(zip(rows.tolist(), part[LABELS], strict=True)):
        found = there[row]
        if found is not labels and found != labels:
            raise InvalidInputError(
                f"Row {position} of the highlighted records leads to row {row} of the table of "
                f"all records, which has other labels. One of the tables was re-indexed since: "
                f"give both a column {RECORD!r}."
            )


def joined_to(
    df: Any, part: Any, rows: NDArray[np.int64], ids: NDArray[Any]
) -> tuple[NDArray[np.int64], Any]:
    """Rows of a projection that records are in; those it lacks are left out."""
    at = positions(as_ids(np.asarray(df.index)[rows]), ids)
    return at[at >= 0], part[at >= 0]


def column_of(df: Any, name: str) -> Any:
    """A column, or what the columns are called."""
    try:
        return df[name]
    except KeyError:
        raise NotFoundError.for_name("column", name, list(df.columns)) from None


def labels_of(labels_meta: Any) -> Sequence[Mapping[str, Any]]:
    """Labels of a record; none where they are missing."""
    return list(labels_meta) if isinstance(labels_meta, (list, tuple, np.ndarray)) else []


def is_missing(name: Any) -> bool:
    """Whether a name is None or nan."""
    return name is None or bool(name != name)
