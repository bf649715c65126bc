"""What a map of a run is made from, beside the vectors: their scaling, labels and groups.

Some parameters of a `ProjectionRequest` are not the method's own. ``prepare`` says what is done to
the vectors before, ``supervised_by`` names a column whose labels pull rows of one kind together,
and ``axes`` may name groups of items in words, which are looked up when the map is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import finite_rows
from ._projection_plan import ProjectionRequest
from .data import BooleanColumn, CategoricalColumn, Column, SetColumn
from .data._ids import positions
from .errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .projections import CustomAxes
    from .store import Run

__all__ = [
    "PREPARATIONS",
    "GroupAxes",
    "Ingredients",
    "ingredients",
    "prepared",
    "sphereized",
]

PREPARATIONS = ("none", "sphereize")
MOST_NAMED = 40


def sphereized(X: NDArray[Any]) -> NDArray[Any]:
    """Rows moved by the mean of all and scaled to unit length.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Vectors. Rows that are not finite stay as they are and do not count in the mean; a row
        that equals the mean has no direction and stays at the origin.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
        float64 for float64, else float32.
    """
    dtype = np.float64 if X.dtype == np.float64 else np.float32
    finite = finite_rows(X)
    moved = X.astype(np.float64)
    if not finite.any():
        return moved.astype(dtype)
    rows = moved[finite] - moved[finite].mean(axis=0)
    # Divided by the largest first, so that squares neither overflow nor vanish.
    largest = np.abs(rows).max(axis=1, initial=0.0)[:, None]
    rows = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    length = np.linalg.norm(rows, axis=1)[:, None]
    moved[finite] = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return moved.astype(dtype)


def prepared(request: ProjectionRequest, X: NDArray[Any]) -> NDArray[Any]:
    """Vectors as the method of a request gets them."""
    wanted = request.parameters.get("prepare", "none")
    if wanted not in PREPARATIONS:
        raise InvalidInputError(
            f"prepare is {wanted!r}; one of {', '.join(PREPARATIONS)} is needed."
        )
    return sphereized(X) if wanted == "sphereize" else X


class Ingredients:
    """What `project_sequence` is given for a request.

    Parameters
    ----------
    method : str or Projector
        Name of the method, or an object made for this request.
    parameters : mapping
        Parameters of the method.
    targets : callable or None
        Labels, or the ids themselves, by id.
    """

    def __init__(
        self,
        method: Any,
        parameters: Mapping[str, Any],
        targets: Callable[[NDArray[Any]], NDArray[Any]] | None = None,
    ) -> None:
        self.method = method
        self.parameters = parameters
        self.targets = targets


def ingredients(run: Run, request: ProjectionRequest, method: Any) -> Ingredients:
    """Look up what a request names: the labels of a column, the members of groups."""
    parameters = dict(request.parameters)
    parameters.pop("prepare", None)
    column = parameters.pop("supervised_by", None)
    axes = parameters.get("axes")
    if method == "axes" and _names_groups(axes):
        if column is not None:
            raise InvalidInputError("Axes between groups need no labels; leave supervised_by out.")
        del parameters["axes"]
        parameters.pop("orthogonal", None)
        groups = [_Group.of(run, axis) for axis in axes or ()]
        return Ingredients(GroupAxes(groups), parameters, lambda ids: ids)
    if column is None:
        return Ingredients(method, parameters)
    return Ingredients(method, parameters, _labels_of(run, column))


def _labels_of(run: Run, name: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
    known, column = _column(run, name)
    if not isinstance(column, (CategoricalColumn, BooleanColumn)):
        raise InvalidInputError(
            f"The column {name!r} holds {column.kind} values; a column of categories or of yes and "
            f"no is needed to supervise a map."
        )
    codes = column.codes.astype(np.int64)

    def labels(ids: NDArray[Any]) -> NDArray[Any]:
        where = positions(ids, known)
        return np.where(where >= 0, codes[where], -1) if len(codes) else np.full(len(ids), -1)

    return labels


def _column(run: Run, name: Any) -> tuple[NDArray[Any], Column]:
    metadata = run.metadata
    names = list(metadata.columns) if metadata is not None else []
    if metadata is None or name not in names:
        raise NotFoundError.for_name("metadata column", str(name)[:80], names)
    return metadata.ids, metadata[name]


def _names_groups(axes: Any) -> bool:
    return (
        isinstance(axes, Sequence)
        and len(axes) > 0
        and all(
            isinstance(axis, Mapping)
            and isinstance(axis.get("from"), Mapping)
            and isinstance(axis.get("to"), Mapping)
            for axis in axes
        )
    )


class _Group:
    """Ids at both ends of one axis, and its name."""

    def __init__(self, start: NDArray[Any], end: NDArray[Any], name: str) -> None:
        self.start, self.end, self.name = start, end, name

    @classmethod
    def of(cls, run: Run, axis: Mapping[str, Any]) -> _Group:
        start, first = _members(run, axis["from"])
        end, last = _members(run, axis["to"])
        return cls(start, end, str(axis.get("name") or f"{first} → {last}"))


def _members(run: Run, group: Mapping[str, Any]) -> tuple[NDArray[Any], str]:
    """Ids of a group that is named by a value of a column, by a text in it, or one by one."""
    if "ids" in group:
        given = np.asarray(list(group["ids"]))
        known = positions(given, run.ids) >= 0 if len(given) else np.zeros(0, dtype=bool)
        found, name = given[known], str(group.get("name", f"{len(given)} chosen"))
    elif "column" in group and "value" in group:
        ids, column = _column(run, group["column"])
        value = group["value"]
        found, name = ids[_has_value(column, value)], str(value)
    elif "column" in group and "text" in group:
        ids, column = _column(run, group["column"])
        text = str(group["text"]).casefold()
        hits = [text in str(column.value(row)).casefold() for row in range(len(ids))]
        found, name = ids[np.asarray(hits, dtype=bool)], f"“{group['text']}”"
    else:
        raise InvalidInputError(
            f"A group is {dict(group)!r:.80}; it is named by a column and a value of it, a column "
            f"and a text, or ids."
        )
    if len(found) == 0:
        raise InvalidInputError(f"No item is in the group {name[:60]}; an axis needs both ends.")
    return found, name


def _has_value(column: Column, value: Any) -> NDArray[np.bool_]:
    if isinstance(column, BooleanColumn):
        wanted = {"true": 1, "false": 0}.get(str(value).casefold(), -2)
        return np.asarray(column.codes == wanted)
    if isinstance(column, CategoricalColumn):
        names = list(column.categories)
        if str(value) not in names:
            raise NotFoundError.for_name("value", str(value)[:80], names[:MOST_NAMED])
        return np.asarray(column.codes == names.index(str(value)))
    if isinstance(column, SetColumn):
        return np.asarray([value in (column.value(row) or ()) for row in range(len(column))])
    raise InvalidInputError(
        f"A column of {column.kind} values has no groups; use categories, labels or yes and no."
    )


class GroupAxes:
    """Coordinates along the lines between the means of two groups each; see `CustomAxes`.

    Parameters
    ----------
    groups : sequence
        Ids at both ends of each axis.
    """

    def __init__(self, groups: Sequence[_Group]) -> None:
        self._groups = groups
        self._axes: CustomAxes | None = None

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> GroupAxes:
        """Take the means from X; `y` has the ids of its rows."""
        from .projections import Between, CustomAxes

        axes = []
        for group in self._groups:
            start, end = (positions(y, ids) >= 0 for ids in (group.start, group.end))
            if not start.any() or not end.any():
                raise InvalidInputError(
                    f"The axis {group.name!r} has an end without rows in these snapshots."
                )
            axes.append(Between(start, end, name=group.name))
        self._axes = CustomAxes(axes).fit(X)
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Place X."""
        assert self._axes is not None
        return self._axes.transform(X)

    def fit_transform(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> NDArray[Any]:
        """Fit and place X."""
        return self.fit(X, np.arange(len(X)) if y is None else y).transform(X)
