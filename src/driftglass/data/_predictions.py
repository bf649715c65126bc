"""Scores or classes per id at a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids, as_vectors
from ..errors import InvalidInputError, ShapeError

__all__ = ["Predictions"]

SUM_TOLERANCE = 1e-2
"""float16 scores over 1,000 classes add up to 1 only within about one per cent."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the model predicted for some items at one step.

    Parameters
    ----------
    ids : ndarray of shape (n_samples,)
        Ids of the items.
    values : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Class numbers, or one score per class. Scores that are not probabilities are kept as
        they are and called logits.
    step : int
        Training step.
    class_names : tuple of str or None
        Names of the classes, by number.

    Attributes
    ----------
    kind : {"classes", "probabilities", "logits"}
        What `values` was recognised as.

    Raises
    ------
    ShapeError
        Rows and ids, or columns and class names, differ in number.
    InvalidInputError
        Class numbers that are not whole.

    Examples
    --------
    >>> Predictions(["a", "b"], [[0.9, 0.1], [0.2, 0.8]], class_names=("cat", "dog")).predicted
    array([0, 1])
    """

    ids: NDArray[Any]
    values: NDArray[Any]
    step: int = 0
    class_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", as_ids(self.ids))
        values = check_prediction_values(self.values, self.class_names)
        object.__setattr__(self, "values", values)
        if len(values) != len(self.ids):
            raise ShapeError(
                f"{len(self.ids)} ids for {len(values)} predictions at step {self.step}; "
                f"one prediction per id is needed."
            )

    @cached_property
    def kind(self) -> Literal["classes", "probabilities", "logits"]:
        """What the values were recognised as."""
        if self.values.ndim == 1:
            return "classes"
        values = self.values[np.isfinite(self.values).all(axis=1)].astype(np.float32)
        if len(values) == 0 and len(self.values):
            return "logits"
        inside = bool((values >= -SUM_TOLERANCE).all() and (values <= 1 + SUM_TOLERANCE).all())
        sums_to_one = bool(np.allclose(values.sum(axis=1), 1, atol=SUM_TOLERANCE))
        return "probabilities" if inside and sums_to_one else "logits"

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """Scores as probabilities, shape (n_samples, n_classes); softmax of logits.

        Rows with nan stay nan. Classes alone give a one for the predicted class.
        """
        if self.kind == "classes":
            width = max(int(self.values.max(initial=-1)) + 1, len(self.class_names or ()))
            result = np.zeros((len(self.values), width), dtype=np.float32)
            known = self.values >= 0
            result[np.flatnonzero(known), self.values[known]] = 1
            return result
        values = self.values.astype(np.float32)
        if self.kind == "probabilities":
            return values
        with np.errstate(invalid="ignore", over="ignore"):
            exponentials = np.exp(values - values.max(axis=1, keepdims=True))
            return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """Class number of each item, shape (n_samples,); -1 where the scores are nan."""
        if self.kind == "classes":
            return self.values.astype(np.int64)
        if self.values.shape[1] == 0:
            return np.full(len(self.values), -1, dtype=np.int64)
        known = ~np.isnan(self.values).any(axis=1)
        filled = np.where(known[:, None], self.values, 0)
        return np.where(known, filled.argmax(axis=1), -1)

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """Probability of the predicted class, shape (n_samples,); nan where unknown."""
        if self.kind == "classes":
            return np.full(len(self.values), np.nan, dtype=np.float32)
        if self.values.shape[1] == 0:
            return np.full(len(self.values), np.nan, dtype=np.float32)
        known = self.predicted >= 0
        best = self.probabilities[np.arange(len(self.values)), np.maximum(self.predicted, 0)]
        return np.where(known, best, np.nan).astype(np.float32)


def check_prediction_values(values: Any, class_names: Sequence[str] | None = None) -> NDArray[Any]:
    """Return class numbers (n_samples,) as int64, or scores (n_samples, n_classes) as floats."""
    array = np.asarray(values) if not hasattr(values, "detach") else values.detach().cpu().numpy()
    if array.ndim == 1 and array.dtype.kind in "USO" and array.size and class_names:
        array = _numbers_of(array, list(class_names))
    if array.ndim == 1:
        if array.size == 0:
            return np.empty(0, dtype=np.int64)
        if array.dtype.kind not in "iub" and not (
            array.dtype.kind == "f" and bool((array == np.round(array)).all())
        ):
            raise InvalidInputError(
                f"predictions has dtype {array.dtype} and values such as {array[0].item()!r}; "
                f"whole class numbers of shape (n_samples,), class names, or scores of shape "
                f"(n_samples, n_classes) are needed."
            )
        array = array.astype(np.int64)
        if class_names is not None and array.max(initial=0) >= len(class_names):
            raise InvalidInputError(
                f"predictions holds class {array.max()}, but there are {len(class_names)} class "
                f"names (0 to {len(class_names) - 1}). Pass classes= with every name."
            )
        return array
    array = as_vectors(array, name="predictions")
    if class_names is not None and array.shape[1] != len(class_names):
        raise ShapeError(
            f"predictions has {array.shape[1]} columns for {len(class_names)} class names; "
            f"one score per class is needed."
        )
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def _numbers_of(array: NDArray[Any], names: list[str]) -> NDArray[np.int64]:
    number = {name: position for position, name in enumerate(names)}
    unknown = sorted({str(item) for item in array} - set(number))
    if unknown:
        raise InvalidInputError(
            f"predictions holds {unknown[0]!r}, which is not one of the classes {names[:10]}. "
            f"Pass classes= with every name."
        )
    return np.array([number[str(item)] for item in array], dtype=np.int64)
