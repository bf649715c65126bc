"""From what a method returns to a frame: checked, in single precision, with its notes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Projection, Provenance
from ..errors import InvalidInputError, ShapeError
from ._fitting import Place
from ._snapshots import Loaded

__all__ = ["coordinates_by", "framed"]


def coordinates_by(
    place: Place | None, X: NDArray[Any], n_components: int, step: int
) -> NDArray[np.float64]:
    if len(X) == 0 or place is None:
        return np.empty((0, n_components))
    Y = np.asarray(place(X), dtype=np.float64)
    if Y.ndim != 2 or len(Y) != len(X):
        raise ShapeError(
            f"The method placed {len(X)} rows of step {step} as an array of shape {Y.shape}; "
            f"(n_samples, n_components) is needed. Check its transform."
        )
    if not np.isfinite(Y).all():
        bad = np.flatnonzero(~np.isfinite(Y).all(axis=1))
        raise InvalidInputError(
            f"The method placed {len(bad)} of {len(X)} rows of step {step} at values that are not "
            f"finite, first row {bad[0]}: {Y[bad[0]].tolist()}. Scale the vectors (for example to "
            f"unit variance) or drop equal rows, and project again."
        )
    return Y


def framed(
    loaded: Loaded,
    Y: NDArray[np.float64],
    step: int,
    provenance: Provenance,
    *notes: str,
    space: str = "vectors",
) -> Projection:
    # Beyond float32 becomes infinite, which Projection refuses with the row and the remedy.
    with np.errstate(over="ignore"):
        coordinates = Y.astype(np.float32)
    return Projection(
        ids=loaded.ids,
        coordinates=coordinates,
        space=space,
        step=step,
        excluded=loaded.excluded,
        provenance=provenance,
        notes=loaded.notes + _notes_on(loaded.vectors, Y.shape[1]) + notes,
    )


def _notes_on(X: NDArray[Any], n_components: int) -> tuple[str, ...]:
    """What a reader of this frame should know about its vectors."""
    if len(X) == 0:
        return ("no rows to place.",)
    notes = []
    if len(X) == 1:
        notes.append("one row: there is no distance to show.")
    elif bool((X[0] == X).all()):
        notes.append(f"all {len(X)} rows are equal: one stacked point.")
    if X.shape[1] < n_components:
        notes.append(f"{X.shape[1]} features for {n_components} coordinates: the others are zero.")
    return tuple(notes)
