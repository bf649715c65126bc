"""How a method learns a map from some snapshots, which it reads one at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..errors import InvalidInputError
from ._affine import AffineMap
from ._base import Projector, SupportsTransform
from ._listening import Listening
from ._moments import Moments, principal_axes
from ._snapshots import Snapshots

__all__ = [
    "FittedFromMoments",
    "FittedFromRows",
    "Fitting",
    "Place",
    "Targets",
    "needs_no_method",
    "targets_of",
]

Place = Callable[[NDArray[Any]], NDArray[Any]]
"""Vectors to coordinates."""

Targets = Callable[[NDArray[Any]], NDArray[Any]]
"""Ids to what supervises them, one entry per row."""

EXACT_ROWS = 3
"""Up to three points, two axes show every distance exactly; methods tend to fail on them."""
KEPT_BYTES = 1 << 29
"""What a moving window may keep of the snapshots it has read."""


class Fitting(Protocol):
    """Learns a map from the snapshots with the given numbers."""

    @property
    def name(self) -> str:
        """Name of the method."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Parameters of the method, as JSON can hold them."""
        ...

    @property
    def joint(self) -> bool:
        """Whether one map can hold several snapshots."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the last map should know."""
        ...

    def fit(self, numbers: Sequence[int]) -> Place | None:
        """Map learnt from these snapshots together; None if they have no rows."""
        ...


class FittedFromMoments:
    """Principal axes. Mean and covariance of each snapshot add up, so no rows are kept.

    Parameters
    ----------
    snapshots : Snapshots
        Where to read.
    n_components : int
        Coordinates of the map; those beyond the features stay zero.
    """

    name = "pca"
    joint = True
    notes = ()

    def __init__(self, snapshots: Snapshots, n_components: int) -> None:
        self._snapshots = snapshots
        self._n_components = n_components
        self._kept: dict[int, Moments] = {}

    @property
    def parameters(self) -> Mapping[str, Any]:
        """None beyond those of the sequence."""
        return {}

    def fit(self, numbers: Sequence[int]) -> AffineMap | None:
        """Principal axes of these snapshots pooled."""
        if len(numbers) == 1:
            vectors = self._snapshots.load(numbers[0]).vectors
            if len(vectors) == 0:
                return None
            return self._map(principal_axes(vectors, self._n_components))
        pooled: Moments | None = None
        for number in numbers:
            moments = self._moments(number, keep=len(numbers))
            if moments is None:
                continue
            if pooled is None:
                pooled = Moments.empty(len(moments.mean))
            pooled.merge(moments)
        # What lies before a moving window is not asked for again.
        self._kept = {n: kept for n, kept in self._kept.items() if n >= min(numbers)}
        if pooled is None:
            return None
        return self._map(principal_axes(pooled, self._n_components))

    def _map(self, axes: Any) -> AffineMap:
        return AffineMap.from_axes(axes, self._n_components)

    def _moments(self, number: int, keep: int) -> Moments | None:
        if number in self._kept:
            return self._kept[number]
        vectors = self._snapshots.load(number).vectors
        if len(vectors) == 0:
            return None
        moments = Moments.empty(vectors.shape[1])
        moments.add(vectors)
        if keep * moments.scatter.nbytes <= KEPT_BYTES:
            self._kept[number] = moments
        return moments


class FittedFromRows:
    """Any object with ``fit_transform``; its rows are pooled in memory.

    With ``transform`` as well it is fitted to the basis and places every snapshot. Without, it
    projects each snapshot on its own.

    Parameters
    ----------
    snapshots : Snapshots
        Where to read.
    method : Projector
        Never fitted itself: copies are.
    n_components : int
        Coordinates where the method cannot be asked, because there are too few rows.
    name : str, optional
        Name of the method; that of its class by default.
    report : Progress
        Hears how far a fit is, if the method has a ``callback`` that nobody uses.
    targets : callable, optional
        What ``fit`` gets as its ``y``, from the ids of the rows.
    """

    notes = ()

    def __init__(
        self,
        snapshots: Snapshots,
        method: Projector,
        n_components: int,
        *,
        name: str | None = None,
        report: Progress = silent,
        targets: Targets | None = None,
    ) -> None:
        self._snapshots = snapshots
        self._method = method
        self._report = report
        self._targets = targets
        self._n_components = int(getattr(method, "n_components", None) or n_components)
        self.name = type(method).__name__ if name is None else name
        self.joint = isinstance(method, SupportsTransform)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the object says of itself in ``get_params``."""
        if not hasattr(self._method, "get_params"):
            return {}
        plain = (bool, int, float, str, type(None))
        return {
            name: value if isinstance(value, plain) else repr(value)
            for name, value in self._method.get_params().items()
            if name not in ("callback", "progress")
        }

    def fit(self, numbers: Sequence[int]) -> Place | None:
        """Map learnt from the rows of these snapshots."""
        loaded = [
            (self._snapshots.steps[number], self._snapshots.load(number)) for number in numbers
        ]
        loaded = [(step, one) for step, one in loaded if len(one.vectors)]
        if not loaded:
            return None
        parts = [one.vectors for _, one in loaded]
        rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if needs_no_method(rows):
            return AffineMap.from_axes(principal_axes(rows, self._n_components), self._n_components)
        method: Any = copy.deepcopy(self._method)
        frames = [(step, one.ids) for step, one in loaded]
        Listening(self._report, self.name, frames).attach(method)
        y = (
            ()
            if self._targets is None
            else (self._targets(np.concatenate([i for _, i in frames])),)
        )
        if not isinstance(method, SupportsTransform):
            return lambda X: method.fit_transform(X, *y)
        method.fit(_at_least_float32(rows), *y)
        transform: Place = method.transform
        return transform


def targets_of(y: Any) -> Targets | None:
    """Function from ids to labels, of such a function or of a mapping."""
    if y is None or callable(y):
        given: Targets | None = y
        return given
    if not isinstance(y, Mapping):
        raise InvalidInputError(
            f"y is {type(y).__name__}; a mapping from id to label is needed, for example "
            f"dict(zip(ids, labels))."
        )
    labels: Mapping[Any, Any] = y
    return lambda ids: np.array([labels.get(one) for one in ids.tolist()], dtype=object)


def needs_no_method(X: NDArray[Any]) -> bool:
    """Whether principal axes show these rows exactly: very few, or all equal."""
    return len(X) <= EXACT_ROWS or bool((X[0] == X).all())


def _at_least_float32(X: NDArray[Any]) -> NDArray[Any]:
    return X if X.dtype in (np.float32, np.float64) else X.astype(np.float32)
