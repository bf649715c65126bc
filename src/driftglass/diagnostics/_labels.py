"""Classes of items, and which of them each column of a model's predictions is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from ..data import CategoricalColumn, NumberColumn, Predictions
from ..data._ids import positions
from ..errors import InvalidInputError, NotFoundError, ShapeError

if TYPE_CHECKING:
    from ..store import Run

__all__ = ["Labels", "labels_of_arrays", "labels_of_run", "one_order"]

LABEL_NAMES = ("label", "labels", "class", "target", "y")


@dataclass(frozen=True, eq=False)
class Labels:
    """The class of some items.

    Parameters
    ----------
    ids : ndarray of shape (n_items,)
        Items with a label.
    numbers : ndarray of shape (n_items,)
        Position in `classes`; -1 where there is none.
    classes : tuple of str
        Names.
    why_unmatched : str
        Why predictions, whose columns have numbers only, cannot be compared with these labels;
        empty where `numbers` are the columns.
    """

    ids: NDArray[Any]
    numbers: NDArray[np.int64]
    classes: tuple[str, ...]
    why_unmatched: str = ""

    def of(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Class number of each id, -1 where it has none."""
        where = positions(ids, self.ids)
        if len(self.numbers) == 0:
            return np.full(len(ids), -1, dtype=np.int64)
        return np.where(where >= 0, self.numbers[where], -1)


def one_order(said: Iterable[Predictions]) -> tuple[str, ...] | None:
    """Names of the classes in the order of the columns, if any of the predictions says them."""
    orders = {each.class_names for each in said if each.class_names is not None}
    if len(orders) > 1:
        raise InvalidInputError(
            f"The predictions name their classes in {len(orders)} orders, such as "
            f"{min(orders)[:5]} and {max(orders)[:5]}; one order for all is needed."
        )
    return orders.pop() if orders else None


def labels_of_arrays(labels: Any, ids: NDArray[Any], classes: tuple[str, ...] | None) -> Labels:
    """Labels given as a sequence, for these ids, or as a mapping from id."""
    if isinstance(labels, Mapping):
        ids, values = as_ids(list(labels)), list(labels.values())
    else:
        values = list(labels.tolist() if hasattr(labels, "tolist") else labels)
    if len(values) != len(ids):
        raise ShapeError(
            f"{len(values)} labels for {len(ids)} rows; one per row of the first snapshot is "
            f"needed, or a mapping from id to label where rows come and go."
        )
    missing = np.array([value is None or value != value for value in values])
    known = [value for value, gone in zip(values, missing, strict=True) if not gone]
    numbers = np.full(len(values), -1, dtype=np.int64)
    if known and all(isinstance(value, int) and value >= 0 for value in known):
        numbers[~missing] = known  # class numbers stay what they are
        order = classes or ()
        return Labels(ids, numbers, (*order, *map(str, range(len(order), max(known) + 1))))
    names, places = np.unique(np.array(list(map(str, known))), return_inverse=True)
    order, why = _columns_of(names.tolist(), classes, "pass classes= to tracks")
    numbers[~missing] = np.array([order.index(name) for name in names] or [0])[places]
    return Labels(ids, numbers, order, why)


def _columns_of(
    names: Sequence[str], classes: tuple[str, ...] | None, remedy: str
) -> tuple[tuple[str, ...], str]:
    """Names of the classes by number, and why these are not the columns of the predictions."""
    if classes and set(names) <= set(classes):
        return classes, ""
    if classes is None and names and all(name == str(_number(name)) for name in names):
        return tuple(map(str, range(max(map(int, names)) + 1))), ""
    if classes:
        strange = next(name for name in names if name not in classes)
        why = f"the label {strange!r} is none of the classes {list(classes[:5])}"
    else:
        why = "the labels are names, and nothing says which column of the predictions is which"
    return tuple(names), f"{why}; {remedy}, the names in the order of the columns."


def _number(name: str) -> int | None:
    return int(name) if name.isdecimal() and name.isascii() else None


def labels_of_run(
    run: Run, name: str | None, classes: tuple[str, ...] | None
) -> tuple[Labels | None, str]:
    """Labels from a metadata column, or why there are none."""
    metadata = run.metadata
    if metadata is None:
        return None, "The run has no metadata; make it with store.create(..., labels=...)."
    columns = dict(metadata.columns)
    if name is not None and name not in columns:
        raise NotFoundError.for_name("column", name, list(columns))
    chosen = name if name is not None else _label_column(columns, classes)
    if chosen is None:
        return None, f"It is unclear which column of {list(columns)} is the label; pass labels=."
    column = columns[chosen]
    if isinstance(column, CategoricalColumn):
        remedy = "make the run with classes=, or pass classes= to tracks"
        order, why = _columns_of(column.categories, classes, remedy)
        at = np.array([order.index(text) for text in column.categories] or [0], dtype=np.int64)
        numbers = np.where(column.codes >= 0, at[np.maximum(column.codes, 0)], -1)
        return Labels(metadata.ids, numbers.astype(np.int64), tuple(order), why), ""
    if isinstance(column, NumberColumn):
        values = column.values
        known = np.isfinite(values)
        if known.any() and (values[known] >= 0).all() and (values[known] % 1 == 0).all():
            numbers = np.where(known, values, -1).astype(np.int64)
            named = tuple(map(str, range(int(numbers.max()) + 1)))
            return Labels(metadata.ids, numbers, classes or named), ""
    raise InvalidInputError(
        f"The column {chosen!r} is of kind {column.kind!r}; a categorical column or one of class "
        f"numbers is needed as labels."
    )


def _label_column(columns: Mapping[str, Any], classes: Sequence[str] | None) -> str | None:
    categorical = [
        name for name, column in columns.items() if isinstance(column, CategoricalColumn)
    ]
    for name in categorical:
        if classes and set(columns[name].categories) <= set(classes):
            return name
    for name in LABEL_NAMES:
        if name in categorical or (name in columns and isinstance(columns[name], NumberColumn)):
            return name
    return categorical[0] if len(categorical) == 1 else None
