"""Snapshots of one space read one at a time: checked, with rows that cannot be placed set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids, as_vectors, finite_rows
from ..errors import InvalidInputError, ShapeError

__all__ = ["Loaded", "NanPolicy", "Snapshots", "load"]

NanPolicy = Literal["drop", "raise", "impute"]


@dataclass(frozen=True, eq=False)
class Loaded:
    """Rows of one snapshot that can be placed.

    Parameters
    ----------
    ids : ndarray of shape (n_samples,)
        Ids of the rows.
    vectors : ndarray of shape (n_samples, n_features)
        Finite, dtype as given.
    excluded : ndarray of shape (n_excluded,)
        Ids of the rows set aside.
    notes : tuple of str
        What was set aside or filled in.
    """

    ids: NDArray[Any]
    vectors: NDArray[Any]
    excluded: NDArray[Any]
    notes: tuple[str, ...]


def load(X: Any, ids: Any, step: int, nan: NanPolicy = "drop") -> Loaded:
    """Check one snapshot and set rows aside that are not finite."""
    X = as_vectors(X, name=f"The snapshot of step {step}")
    names = np.arange(len(X), dtype=np.int64) if ids is None else as_ids(ids)
    if len(names) != len(X):
        raise ShapeError(
            f"{len(names)} ids for {len(X)} rows at step {step}; one id per row is needed."
        )
    finite = finite_rows(X)
    if finite.all():
        return Loaded(names, X, names[:0], ())
    bad = np.flatnonzero(~finite)
    first = f"{len(bad)} of {len(X)} rows are not finite, first: id {names[bad[0]].item()!r}"
    if nan == "raise":
        raise InvalidInputError(
            f"Step {step}: {first}. Pass nan='drop' to leave them out, or nan='impute'."
        )
    if nan == "impute" and finite.any():
        return Loaded(names, _imputed(X, bad), names[:0], (f"{first}; column means stand in.",))
    return Loaded(names[finite], X[finite], names[bad], (f"{first}; they have no place.",))


def _imputed(X: NDArray[Any], bad: NDArray[np.intp]) -> NDArray[Any]:
    """Mean of the finite values of its column in place of each value that is not finite."""
    filled = X.copy()
    there = np.isfinite(X)
    sums = np.where(there, X, 0).sum(axis=0, dtype=np.float64)
    means = sums / np.maximum(there.sum(axis=0), 1)
    filled[bad] = np.where(there[bad], X[bad], means)
    return filled


class Snapshots:
    """Snapshots by number, each read when it is asked for.

    Parameters
    ----------
    Xs : iterable of arrays, or of functions without arguments that return one
        Vectors of each snapshot, of shape (n_t, n_features).
    ids : sequence, optional
        Ids of all snapshots, or one sequence of ids per snapshot.
    steps : sequence of int, optional
        0, 1, … by default.
    nan : {"drop", "raise", "impute"}
        What becomes of rows that are not finite.
    """

    def __init__(
        self, Xs: Iterable[Any], ids: Any = None, steps: Any = None, nan: NanPolicy = "drop"
    ) -> None:
        if isinstance(Xs, np.ndarray) and Xs.ndim == 2:
            raise ShapeError(
                f"Xs is one array of shape {Xs.shape}; a list of snapshots is needed. "
                f"Pass [X] to project a single one."
            )
        if nan not in ("drop", "raise", "impute"):
            raise InvalidInputError(f"nan is {nan!r}; 'drop', 'raise' or 'impute' is needed.")
        self._sources: list[Any] = list(Xs)
        self._nan = nan
        self.steps = _as_steps(steps, len(self._sources))
        self._ids = _ids_of_each(ids, len(self._sources))
        self._width: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self._sources)

    def load(self, number: int) -> Loaded:
        """Read one snapshot, by number from 0."""
        source: Any = self._sources[number]
        X = _call(source) if callable(source) else source
        loaded = load(X, self._ids[number], self.steps[number], self._nan)
        self._check_width(loaded.vectors, self.steps[number])
        return loaded

    def _check_width(self, X: NDArray[Any], step: int) -> None:
        if len(X) == 0:
            return
        if self._width is None:
            self._width = (X.shape[1], step)
        width, earlier = self._width
        if X.shape[1] != width:
            raise ShapeError(
                f"Step {step} has {X.shape[1]} features, step {earlier} has {width}: these are two "
                f"versions of the space, and no map holds both. Project the steps of each apart."
            )


def _call(source: Callable[[], Any]) -> Any:
    return source()


def _as_steps(steps: Any, n: int) -> list[int]:
    numbers = list(range(n)) if steps is None else [int(step) for step in steps]
    if len(numbers) != n:
        raise ShapeError(f"{len(numbers)} steps for {n} snapshots; one step each is needed.")
    for before, after in pairwise(numbers):
        if after <= before:
            raise InvalidInputError(
                f"Step {after} follows step {before}; steps must ascend. Sort the snapshots."
            )
    return numbers


def _ids_of_each(ids: Any, n: int) -> Sequence[Any]:
    if ids is None:
        return [None] * n
    items = list(ids)
    nested = bool(items) and not isinstance(items[0], (str, bytes)) and np.ndim(items[0]) > 0
    if not nested and any(np.ndim(item) > 0 for item in items):
        nested = True
    if not nested and items:
        return [ids] * n
    if len(items) != n:
        raise ShapeError(
            f"ids has {len(items)} lists for {n} snapshots; pass one list per snapshot, or one "
            f"flat list if all have the same rows."
        )
    return items
