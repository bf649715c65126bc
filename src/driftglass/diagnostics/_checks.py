"""What the diagnostics of snapshots accept, said once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors, finite_rows
from ..errors import InvalidInputError, ShapeError

__all__ = ["checked_labels", "checked_pair", "checked_sequence", "checked_vectors"]


def checked_vectors(X: Any, *, name: str = "X", at_least: int = 1, why: str = "") -> NDArray[Any]:
    """Finite vectors with enough rows and at least one feature."""
    vectors = as_vectors(X, name=name)
    bad = np.flatnonzero(~finite_rows(vectors))
    if len(bad):
        raise InvalidInputError(
            f"{len(bad)} rows of {name} are not finite, the first is row {bad[0]}. Leave them out."
        )
    if vectors.shape[1] == 0:
        raise ShapeError(
            f"{name} has shape {vectors.shape} and so no features; at least one is needed."
        )
    if len(vectors) < at_least:
        raise ShapeError(f"{name} has {len(vectors)} rows; at least {at_least} are needed{why}.")
    return vectors


def checked_pair(
    X: Any, Y: Any, *, at_least: int = 1, same_width: bool = False, why: str = ""
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two finite sets of vectors of the same rows."""
    X = checked_vectors(X, name="X", at_least=at_least, why=why)
    Y = checked_vectors(Y, name="Y")
    if len(X) != len(Y):
        raise ShapeError(
            f"X and Y have {len(X)} and {len(Y)} rows; the same samples in the same order are "
            f"needed. Use Snapshot.intersect to keep the ids that both have."
        )
    if same_width and X.shape[1] != Y.shape[1]:
        raise ShapeError(
            f"X has {X.shape[1]} features and Y {Y.shape[1]}; movement needs the same space. "
            f"Compare spaces of different widths with linear_cka or mutual_knn."
        )
    return X, Y


def checked_sequence(
    Xs: Any, *, name: str = "Xs", at_least: int = 1, why: str = ""
) -> list[NDArray[Any]]:
    """Finite vectors of the same rows at several steps."""
    if not isinstance(Xs, (list, tuple)) and np.ndim(Xs) != 3:
        raise InvalidInputError(
            f"{name} is {type(Xs).__name__}; a list of arrays of shape (n_samples, n_features) "
            f"is needed, one per snapshot."
        )
    frames: Sequence[Any] = Xs
    if len(frames) == 0:
        raise InvalidInputError(f"{name} holds no snapshots; at least one is needed.")
    checked = [
        checked_vectors(X, name=f"{name}[{t}]", at_least=at_least, why=why)
        for t, X in enumerate(frames)
    ]
    lengths = sorted({len(X) for X in checked})
    if len(lengths) > 1:
        raise ShapeError(
            f"{name} has snapshots of {lengths} rows; the same samples in the same order are "
            f"needed. Keep the ids that all have, or use tracks(..., ids=...), which joins them."
        )
    return checked


def checked_labels(labels: Any, n_samples: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Names of the classes, sorted, and the number of the class of each row.

    Raises
    ------
    ShapeError
        Not one label per row.
    InvalidInputError
        Labels of one class only.
    """
    values = np.asarray(labels)
    if values.ndim != 1 or len(values) != n_samples:
        raise ShapeError(
            f"labels has shape {values.shape} for {n_samples} rows; one label per row is needed."
        )
    if values.dtype.kind == "O":
        values = values.astype(str)
    classes, numbers = np.unique(values, return_inverse=True)
    if len(classes) < 2:
        raise InvalidInputError(
            f"labels holds {len(classes)} class; at least 2 are needed to tell them apart."
        )
    return classes, numbers.astype(np.int64)
