"""Labels as loggers take them: one value per row, one-hot rows, or a table with a header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InvalidInputError, ShapeError

__all__ = ["label_columns"]

LABEL = "label"


def label_columns(
    labels: Any, n_rows: int, *, header: bool = False
) -> tuple[dict[str, list[Any]], str | None]:
    """Columns of plain values, and what was read otherwise than written.

    Parameters
    ----------
    labels : sequence, table or None
        One value per row; rows of zeros with a single one, which become class numbers; a list
        of rows; or a table that `Metadata.from_table` takes.
    n_rows : int
        How many rows the vectors have.
    header : bool
        Whether the first of a list of rows names the columns. It is never guessed.

    Returns
    -------
    columns : dict of str to list
        One value per row each.
    note : str or None
        In words, where labels were converted.

    Raises
    ------
    ShapeError
        Not one label per row.
    InvalidInputError
        No labels, or names of columns that cannot be used.
    """
    if labels is None:
        return {}, None
    if hasattr(labels, "detach"):
        labels = labels.detach().cpu().numpy()
    if isinstance(labels, Mapping) or (hasattr(labels, "columns") and not _is_rows(labels)):
        return _of_table(labels, n_rows), None
    if isinstance(labels, np.ndarray) and labels.ndim == 2 and not header and _one_hot(labels):
        _check_length(len(labels), n_rows)
        note = (
            f"labels has shape {labels.shape} with a single 1 in each row; it is read as class "
            f"numbers. Pass labels.argmax(axis=1) to say so."
        )
        return {LABEL: labels.argmax(axis=1).tolist()}, note
    if isinstance(labels, (str, bytes)) or not hasattr(labels, "__len__"):
        raise InvalidInputError(
            f"labels is {labels!r:.60}; a list with one number or text per vector is needed."
        )
    values = labels.tolist() if hasattr(labels, "tolist") else list(labels)
    if _is_rows(values):
        return _of_rows(values, n_rows, header), None
    if header:
        raise InvalidInputError(
            "labels_header=True says that the first row of labels names its columns, but labels "
            "is no list of rows. Leave it out."
        )
    _check_length(len(values), n_rows)
    return {LABEL: [_plain(value) for value in values]}, None


def _is_rows(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) > 0
        and all(isinstance(row, (list, tuple, np.ndarray)) for row in values)
    )


def _one_hot(labels: np.ndarray[Any, Any]) -> bool:
    if labels.dtype.kind not in "fiub" or labels.shape[1] < 2 or len(labels) == 0:
        return False
    ones = labels == 1
    return bool((ones | (labels == 0)).all() and (ones.sum(axis=1) == 1).all())


def _of_table(table: Any, n_rows: int) -> dict[str, list[Any]]:
    from ._metadata import Metadata

    metadata = Metadata.from_table(table)
    _check_length(len(metadata), n_rows)
    return {
        name: [column.value(row) for row in range(n_rows)]
        for name, column in metadata.columns.items()
    }


def _of_rows(rows: list[Any], n_rows: int, header: bool) -> dict[str, list[Any]]:
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        bad = next(place for place, row in enumerate(rows) if len(row) != len(rows[0]))
        raise ShapeError(
            f"labels is ragged: row 0 has {len(rows[0])} values, row {bad} has {len(rows[bad])}. "
            f"Each row needs one value per column."
        )
    if not header and len(rows) == n_rows + 1:
        raise ShapeError(
            f"labels has {len(rows)} rows for {n_rows} vectors. If the first row names the "
            f"columns, say so with labels_header=True."
        )
    if header and len(rows) == n_rows:
        raise ShapeError(
            f"labels has {n_rows} rows, as many as there are vectors, so its first row cannot be "
            f"a header. Put a row with the names of the columns first."
        )
    _check_length(len(rows) - header, n_rows)
    if header:
        names = [str(name) for name in rows[0]]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise InvalidInputError(f"labels has several columns named {repeated[0]!r}.")
    else:
        width = len(rows[0])
        names = [LABEL] if width == 1 else [f"{LABEL} {number}" for number in range(1, width + 1)]
    columns = zip(*rows[int(header) :], strict=True)
    return {
        name: [_plain(value) for value in column]
        for name, column in zip(names, columns, strict=True)
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _check_length(n_labels: int, n_rows: int) -> None:
    if n_labels != n_rows:
        raise ShapeError(
            f"{n_labels} labels for {n_rows} vectors; one label per vector is needed. Use None "
            f"where a vector has no label."
        )
