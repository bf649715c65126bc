"""A table with one row per id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ._columns import Column
from ._ids import positions
from ._infer import column_from

__all__ = ["Metadata"]


@dataclass(frozen=True, eq=False)
class Metadata:
    """A table of typed columns with one row per id.

    Parameters
    ----------
    ids : ndarray of shape (n_rows,)
        Unique integers or text.
    columns : mapping of str to column
        Typed columns of n_rows values each; see `from_table` for the usual way to make them.

    Raises
    ------
    ShapeError
        A column has another number of rows than there are ids.

    Examples
    --------
    >>> metadata = Metadata.from_table({"label": ["cat", "dog", None]}, ids=["a", "b", "c"])
    >>> metadata["label"].categories, metadata["label"].n_missing
    (('cat', 'dog'), 1)
    """

    ids: NDArray[Any]
    columns: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", as_ids(self.ids))
        for name, column in self.columns.items():
            if len(column) != len(self.ids):
                raise ShapeError(
                    f"Metadata column {name!r} has {len(column)} values for {len(self.ids)} ids; "
                    f"one value per id is needed. Use None where a value is missing."
                )

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, condition: str) -> NDArray[Any]:
        """Ids of the rows that a condition holds for.

        Parameters
        ----------
        condition : str
            Columns compared with values, as the page's filter takes it: ``label = "cat" and
            (loss > 0.5 or not seen)``, ``tags all ("wild", "small")``, ``story contains "wolf"``,
            ``owner is missing``. Names with other characters stand between backquotes. It is
            read, never run as code.

        Returns
        -------
        ids : ndarray of shape (n_matching,)
            In the order of the table.

        Raises
        ------
        InvalidInputError
            It cannot be read; the message says at which character.
        NotFoundError
            No such column.

        Examples
        --------
        >>> metadata = Metadata.from_table({"label": ["cat", "dog", None]}, ids=["a", "b", "c"])
        >>> metadata.where('label != "dog" or label is missing').tolist()
        ['a', 'c']
        """
        from ._matching import matching_rows

        return self.ids[matching_rows(condition, self.columns, len(self))]

    def __getitem__(self, name: str) -> Column:
        try:
            return self.columns[name]
        except KeyError:
            raise NotFoundError.for_name("metadata column", name, list(self.columns)) from None

    @classmethod
    def from_table(
        cls, table: Any, *, ids: Any = None, kinds: Mapping[str, str] | None = None
    ) -> Metadata:
        """Make metadata from any table.

        Parameters
        ----------
        table : mapping, list of mappings, or data frame
            A dict of columns, a list of one dict per row, or a pandas, polars or pyarrow
            table (anything narwhals takes).
        ids : sequence or str, optional
            One id per row, or the name of the column that holds them; 0, 1, 2, … by default.
        kinds : mapping of str to str, optional
            Kind per column where the one found from its values is not wanted: "categorical",
            "number", "text", "boolean", "date", "set" or "records".

        Returns
        -------
        metadata : Metadata
            Columns in the table's order.

        Raises
        ------
        ShapeError
            Columns and ids differ in length.
        InvalidInputError
            Not a table, or values that do not fit the kind asked for.
        """
        raw = _raw_columns(table)
        unknown = set(kinds or {}) - set(raw)
        if unknown:
            raise NotFoundError.for_name("metadata column", sorted(unknown)[0], list(raw))
        if isinstance(ids, str):
            if ids not in raw:
                raise NotFoundError.for_name("metadata column", ids, list(raw))
            ids = raw.pop(ids)
        n_rows = len(next(iter(raw.values()))) if raw else 0
        row_ids = as_ids(np.arange(n_rows) if ids is None else ids)
        for name, values in raw.items():
            if len(values) != len(row_ids):
                raise ShapeError(
                    f"Metadata column {name!r} has {len(values)} values for {len(row_ids)} ids; "
                    f"one value per id is needed. Use None where a value is missing."
                )
        columns = {
            name: column_from(values, name=name, kind=(kinds or {}).get(name))
            for name, values in raw.items()
        }
        return cls(row_ids, columns)

    def select(self, ids: Any) -> Metadata:
        """Rows of the given ids, in that order; an id without a row gives missing values."""
        wanted = as_ids(ids)
        where = positions(wanted, self.ids)
        return Metadata(wanted, {name: column.take(where) for name, column in self.columns.items()})

    def row(self, item: int | str) -> dict[str, Any]:
        """Plain values of one id."""
        where = positions(as_ids([item]), self.ids)[0]
        if where < 0:
            raise NotFoundError.for_name("id", item, self.ids[:50].tolist())
        return {name: column.value(int(where)) for name, column in self.columns.items()}


def _raw_columns(table: Any) -> dict[str, Any]:
    if isinstance(table, Mapping):
        return {str(name): _listed(values, name) for name, values in table.items()}
    if isinstance(table, Sequence) and not isinstance(table, (str, bytes)):
        if not all(isinstance(row, Mapping) for row in table):
            raise InvalidInputError(
                f"metadata is a {type(table).__name__} whose elements are not all mappings. "
                f"Pass a data frame, a dict of columns, or a list of one dict per row."
            )
        names = dict.fromkeys(str(name) for row in table for name in row)
        return {name: [row.get(name) for row in table] for name in names}
    import narwhals as nw

    try:
        frame = nw.from_native(table, eager_only=True)
    except TypeError as error:
        raise InvalidInputError(
            f"metadata is a {type(table).__name__}, which is not a table. Pass a pandas, polars "
            f"or pyarrow table, a dict of columns, or a list of one dict per row."
        ) from error
    return {str(name): frame[name].to_list() for name in frame.columns}


def _listed(values: Any, name: object) -> Any:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        raise InvalidInputError(
            f"Metadata column {name!r} is {values!r:.60}; a sequence with one value per row "
            f"is needed."
        )
    if hasattr(values, "detach"):
        return values.detach().cpu().numpy()
    return values
