"""Metadata columns as arrays with a value per row, and what the viewer must know of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import (
    BooleanColumn,
    CategoricalColumn,
    Column,
    DateColumn,
    NumberColumn,
    RecordsColumn,
    SetColumn,
)
from ..data._columns import MISSING_DATE
from ..errors import InvalidInputError
from ._wire import Frame

__all__ = ["column_frame", "describe_column"]


def column_frame(name: str, column: Column) -> Frame:
    """Arrays of one column, already in the order of the rows.

    Parameters
    ----------
    name : str
        Name of the column.
    column : Column
        Any kind but text, which has no array form.

    Raises
    ------
    InvalidInputError
        The column holds text.
    """
    meta: dict[str, Any] = {"name": name, "kind": column.kind}
    if isinstance(column, CategoricalColumn):
        return Frame({"codes": _narrow(column.codes, len(column.categories))}, meta)
    if isinstance(column, NumberColumn):
        with np.errstate(over="ignore"):  # beyond float32 is drawn as infinite
            values = column.values.astype(np.float32)
        return Frame({"values": values}, {**meta, "range": column.range})
    if isinstance(column, BooleanColumn):
        return Frame({"codes": column.codes.astype(np.uint8)}, meta)  # -1 wraps to 255, missing
    if isinstance(column, DateColumn):
        known = column.values != MISSING_DATE
        return Frame({"values": np.where(known, column.values, np.nan)}, meta)
    if isinstance(column, (SetColumn, RecordsColumn)):
        arrays = {
            "offsets": column.offsets.astype(np.uint32),
            "codes": _narrow(column.codes, len(column.categories)),
            "present": column.present.astype(np.uint8),
        }
        return Frame(arrays, meta)
    raise InvalidInputError(
        f"Column {name!r} holds text, which comes in windows: ask for text?name=… instead."
    )


def _narrow(codes: NDArray[np.int32], n_categories: int) -> NDArray[Any]:
    """Codes in the narrowest type whose largest value is free to mean missing."""
    dtype = np.uint16 if n_categories < np.iinfo(np.uint16).max else np.uint32
    return codes.astype(dtype)  # -1 wraps to the largest value


def describe_column(name: str, column: Column, clipped_at: int) -> dict[str, Any]:
    """Kind, range and categories with counts of one column."""
    description: dict[str, Any] = {
        "name": name,
        "kind": column.kind,
        "n_missing": column.n_missing,
        "categories": [],
        "range": None,
    }
    if isinstance(column, (NumberColumn, DateColumn)):
        description["range"] = column.range
    if isinstance(column, BooleanColumn):
        description["categories"] = [
            {"name": text, "count": int((column.codes == code).sum())}
            for code, text in ((0, "false"), (1, "true"))
        ]
    if isinstance(column, (CategoricalColumn, SetColumn)):
        description["categories"] = [
            {**_clipped(category, clipped_at), "count": count}
            for category, count in zip(column.categories, column.counts.tolist(), strict=True)
        ]
    if isinstance(column, RecordsColumn):
        description["categories"] = [
            {**_clipped(category, clipped_at), "group": group[:clipped_at], "count": count}
            for (group, category), count in zip(
                column.categories, column.counts.tolist(), strict=True
            )
        ]
    return description


def _clipped(name: str, clipped_at: int) -> dict[str, Any]:
    if len(name) <= clipped_at:
        return {"name": name}
    return {"name": name[:clipped_at] + "…", "clipped": True}
