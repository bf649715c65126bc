"""A map on axes that a person chooses: features, directions, or from one group to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, NotFoundError, ShapeError
from ._affine import AffineMap
from ._estimator import Transformer

__all__ = ["Between", "CustomAxes"]

PARALLEL = 1e-6
"""Share of a direction left beside those before it, below which it adds no axis."""


@dataclass(frozen=True, eq=False)
class Between:
    """The axis from the mean of one group of rows to the mean of another.

    Parameters
    ----------
    start : label, or array-like of int or bool
        Where the axis is 0: a label among the `y` given to ``fit``, row numbers, or a mask.
    end : label, or array-like of int or bool
        Where it is 1.
    name : str, optional
        Of the axis; "start → end" for labels by default.

    Examples
    --------
    >>> Between("cat", "dog").name
    'cat → dog'
    """

    start: Any
    end: Any
    name: str = ""

    def __post_init__(self) -> None:
        if not self.name and np.ndim(self.start) == 0 and np.ndim(self.end) == 0:
            object.__setattr__(self, "name", f"{self.start} → {self.end}")


@dataclass(frozen=True, eq=False)
class Axis:
    """A coordinate: ``(x - origin) · direction``, and what it counts."""

    direction: NDArray[np.float64]
    origin: NDArray[np.float64]
    name: str
    unit: str


class CustomAxes(Transformer):
    """Map whose coordinates are chosen, so that places can be read as numbers.

    Parameters
    ----------
    axes : sequence, or None
        One entry per coordinate: the name or number of a feature (its value, in its unit); a
        mapping of features to weights (their weighted sum); a vector of shape (n_features,) (how
        far a row lies from the mean along it, in the unit of the rows); or `Between` two groups
        (0 at the mean of one, 1 at the mean of the other). None takes the first two features.
    feature_names : sequence of str, optional
        Names of the features, where X is not a data frame that has them.
    orthogonal : bool
        Let each axis count only what those before it do not: directions are made orthogonal in
        turn (Gram and Schmidt). Groups still lie at 0 and 1.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, n_features)
        Directions, at the length that gives the unit.
    origins_ : ndarray of shape (n_components, n_features)
        Where each coordinate is 0.
    axis_names_ : tuple of str
        Names of the coordinates.
    units_ : tuple of str
        What one of each coordinate is.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.PCA : axes that the rows themselves choose.

    Examples
    --------
    >>> X = np.array([[0.0, 0.0, 1.0], [0.0, 2.0, 1.0], [4.0, 2.0, 1.0]])
    >>> axes = CustomAxes([Between([0], [2]), "height"], feature_names=["width", "height", "depth"])
    >>> axes.fit_transform(X)
    array([[0. , 0. ],
           [0.2, 2. ],
           [1. , 2. ]])
    """

    def __init__(
        self,
        axes: Sequence[Any] | None = None,
        *,
        feature_names: Sequence[str] | None = None,
        orthogonal: bool = False,
    ) -> None:
        self.axes = axes
        self.feature_names = feature_names
        self.orthogonal = orthogonal

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the directions, and the means of groups, from X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype.
        y : array-like of shape (n_samples,), optional
            Labels, for groups that are given by them.

        Returns
        -------
        self : CustomAxes
            Fitted.

        Raises
        ------
        InvalidInputError
            An axis has no direction, or a group no rows.
        NotFoundError
            No feature or label of that name.
        ShapeError
            A direction or the names of features have another number of them than X.
        """
        X = self._checked(X, reset=True)
        names = self._names(X.shape[1])
        wanted = self._wanted(X.shape[1])
        mean = X.mean(axis=0, dtype=np.float64)
        axes = [_axis(entry, number, X, y, mean, names) for number, entry in enumerate(wanted)]
        if self.orthogonal:
            axes = _orthogonal(axes)
        self.components_ = np.stack([axis.direction for axis in axes])
        self.origins_ = np.stack([axis.origin for axis in axes])
        self.axis_names_ = tuple(axis.name for axis in axes)
        self.units_ = tuple(axis.unit for axis in axes)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[Any]:
        """Find the directions from X, and read the coordinates of its rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors.
        y : array-like of shape (n_samples,), optional
            Labels, for groups that are given by them.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            float64 for float64, else float32.
        """
        return self.fit(X, y).transform(X)

    def transform(self, X: Any) -> NDArray[Any]:
        """Read the coordinates of rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            float64 for float64, else float32.
        """
        self._require_fitted()
        X = self._checked(X, reset=False)
        ratio = np.zeros(len(self.components_))
        Y = np.empty((len(X), len(self.components_)))
        for number, (direction, origin) in enumerate(
            zip(self.components_, self.origins_, strict=True)
        ):
            zero = np.zeros(1)
            Y[:, number] = AffineMap(origin, direction[None], zero, ratio[:1])(X)[:, 0]
        return Y if X.dtype == np.float64 else Y.astype(np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the coordinates.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (n_components,), dtype object
            As `axis_names_`.
        """
        self._require_fitted()
        return np.array(self.axis_names_, dtype=object)

    def _wanted(self, n_features: int) -> list[Any]:
        if self.axes is None:
            return list(range(min(2, n_features)))
        several = isinstance(self.axes, (Sequence, np.ndarray)) and not isinstance(self.axes, str)
        wanted = list(self.axes) if several else []
        if not wanted:
            raise InvalidInputError(
                f"axes is {self.axes!r:.80}; a list with an entry per coordinate is needed, for "
                f"example ['width', Between('cat', 'dog')]."
            )
        return wanted

    def _names(self, n_features: int) -> list[str]:
        given = self.feature_names
        if given is None:
            given = getattr(self, "feature_names_in_", None)
        if given is None:
            return []
        names = [str(name) for name in given]
        if len(names) != n_features:
            raise ShapeError(
                f"feature_names has {len(names)} names and X {n_features} features; as many are "
                f"needed."
            )
        return names

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _axis(
    entry: Any,
    number: int,
    X: NDArray[Any],
    y: Any,
    mean: NDArray[np.float64],
    names: list[str],
) -> Axis:
    d = X.shape[1]
    nowhere = np.zeros(d)
    if isinstance(entry, Between):
        return _between(entry, number, X, y)
    if isinstance(entry, str) or (np.ndim(entry) == 0 and not isinstance(entry, Mapping)):
        column = _column(entry, d, names)
        name = names[column] if names else f"x{column}"
        return Axis(np.eye(1, d, column)[0], nowhere, name, name)
    if isinstance(entry, Mapping):
        direction = np.zeros(d)
        for feature, weight in entry.items():
            direction[_column(feature, d, names)] += float(weight)
        _require_direction(direction, number)
        name = " + ".join(f"{weight:g} {feature}" for feature, weight in entry.items())
        return Axis(direction, nowhere, name, name)
    vector = np.asarray(entry, dtype=np.float64)
    if vector.shape != (d,):
        raise ShapeError(f"Axis {number} has shape {vector.shape}; ({d},) is needed, as X has.")
    _require_direction(vector, number)
    # Divided by the largest first, so that squares neither overflow nor vanish.
    vector = vector / np.abs(vector).max()
    return Axis(vector / np.linalg.norm(vector), mean, f"customaxes{number}", "length")


def _column(feature: Any, n_features: int, names: list[str]) -> int:
    if isinstance(feature, (int, np.integer)) and not isinstance(feature, bool):
        if 0 <= feature < n_features:
            return int(feature)
        raise NotFoundError(f"No feature {feature}: X has features 0 to {n_features - 1}.")
    if feature not in names:
        raise NotFoundError.for_name("feature", feature, names)
    return names.index(feature)


def _between(entry: Between, number: int, X: NDArray[Any], y: Any) -> Axis:
    start, end = (
        X[_rows(group, len(X), y)].mean(axis=0, dtype=np.float64)
        for group in (entry.start, entry.end)
    )
    along = end - start
    _require_direction(along, number)
    size = np.abs(along).max()
    direction = along / size / float((along / size) @ along)
    name = entry.name or f"customaxes{number}"
    return Axis(direction, start, name, f"distance between the means of {name}")


def _rows(group: Any, n_samples: int, y: Any) -> NDArray[np.intp]:
    if np.ndim(group) == 0:
        if y is None:
            raise InvalidInputError(
                f"Group {group!r} is a label, and there are none. Pass them as y: fit(X, y)."
            )
        labels = np.asarray(y)
        if labels.shape != (n_samples,):
            raise ShapeError(f"y has shape {labels.shape}; ({n_samples},) is needed.")
        rows = np.flatnonzero(labels == group)
        if len(rows) == 0:
            raise NotFoundError.for_name("label", group, np.unique(labels).tolist())
        return rows
    members = np.asarray(group)
    if members.dtype == bool:
        if members.shape != (n_samples,):
            raise ShapeError(f"A mask has shape {members.shape}; ({n_samples},) is needed.")
        members = np.flatnonzero(members)
    if len(members) == 0 or members.ndim != 1 or members.dtype.kind not in "iu":
        raise InvalidInputError(
            f"Group {group!r:.60} has no rows; a label, row numbers or a mask that marks some is "
            f"needed."
        )
    if members.min() < 0 or members.max() >= n_samples:
        raise InvalidInputError(f"Group {group!r:.60} names a row that is not in 0 to {n_samples}.")
    return members.astype(np.intp)


def _require_direction(vector: NDArray[np.float64], number: int) -> None:
    if not np.isfinite(vector).all() or not vector.any():
        raise InvalidInputError(
            f"Axis {number} has no direction: it is zero or not finite. Two groups need different "
            f"means, and a vector a value that is not zero."
        )


def _orthogonal(axes: list[Axis]) -> list[Axis]:
    """Directions without what those before them count, at the scale that keeps the unit."""
    basis: list[NDArray[np.float64]] = []
    found = []
    for number, axis in enumerate(axes):
        length = float(np.linalg.norm(axis.direction))
        unit = axis.direction / length
        left = unit - sum((known * (known @ unit) for known in basis), np.zeros_like(unit))
        share = float(np.linalg.norm(left))
        if share < PARALLEL:
            raise InvalidInputError(
                f"Axis {number} ({axis.name}) lies in the span of those before it. Leave it out, "
                f"or set orthogonal=False."
            )
        basis.append(left / share)
        # Along its own direction an axis still counts as much: groups stay at 0 and 1.
        found.append(Axis(left / share**2 * length, axis.origin, axis.name, axis.unit))
    return found
