"""All distances between two sets of rows, for methods that need every one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ._thin import DIRECTIONAL, directions

__all__ = ["METRICS", "dissimilarities", "symmetric_dissimilarities"]

METRICS = ("euclidean", "cosine", "correlation", "manhattan", "precomputed")
ASYMMETRY = 1e-6
"""Share of the largest value by which two halves may differ before they contradict each other."""


def dissimilarities(X: NDArray[Any], base: NDArray[Any], metric: str) -> NDArray[np.float64]:
    """Distances from rows of X to rows of `base`, of shape (n, n_base), in double precision.

    "cosine" and "correlation" are in [0, 2], and 1 from or to a row without direction.
    """
    if metric == "manhattan":
        from scipy.spatial.distance import cdist

        return np.asarray(cdist(X.astype(np.float64), base.astype(np.float64), "cityblock"))
    if metric in DIRECTIONAL:
        rows, others = (directions(part, metric).astype(np.float64) for part in (X, base))
        found = np.clip(1.0 - rows @ others.T, 0.0, 2.0)
        if X is base:
            np.fill_diagonal(found, 0.0)
        return np.asarray(found)
    origin = base.mean(axis=0, dtype=np.float64)
    there = base.astype(np.float64) - origin
    # Divided by the largest, so that squares neither overflow nor vanish.
    size = float(np.abs(there).max(initial=0.0)) or 1.0
    there /= size
    here = there if X is base else (X.astype(np.float64) - origin) / size
    found = here @ there.T
    found *= -2.0
    found += np.einsum("ij,ij->i", there, there)
    found += np.einsum("ij,ij->i", here, here)[:, None]
    np.sqrt(np.maximum(found, 0.0, out=found), out=found)
    _settle(found, here, there)
    found *= size
    return np.asarray(found)


def _settle(found: NDArray[Any], here: NDArray[Any], there: NDArray[Any]) -> None:
    """Compute small distances again from differences: a product leaves them no digits."""
    scale = float(found.max(initial=0.0))
    rows, columns = np.nonzero(found <= 1e-5 * scale)
    for first in range(0, len(rows), 1 << 16):
        part = slice(first, first + (1 << 16))
        steps = here[rows[part]] - there[columns[part]]
        found[rows[part], columns[part]] = np.linalg.norm(steps, axis=1)


def symmetric_dissimilarities(X: NDArray[Any]) -> NDArray[np.float64]:
    """X itself in double precision, if it holds dissimilarities of rows among themselves."""
    if X.shape[0] != X.shape[1]:
        raise ShapeError(
            f"X has shape {X.shape}; with metric='precomputed' a square matrix of dissimilarities "
            f"is needed, one row and one column per sample."
        )
    D = X.astype(np.float64)
    largest = float(D.max(initial=0.0))
    if D.min(initial=0.0) < 0:
        row, column = np.unravel_index(int(D.argmin()), D.shape)
        raise InvalidInputError(
            f"X holds {D.min():g} at row {row}, column {column}; dissimilarities are not negative. "
            f"Turn similarities round first, for example X.max() - X."
        )
    off = np.abs(D.diagonal())
    if off.max(initial=0.0) > ASYMMETRY * largest:
        at = int(off.argmax())
        raise InvalidInputError(
            f"X holds {D[at, at]:g} on the diagonal at row {at}; a row is at no distance from "
            f"itself. Turn similarities round first, for example X.max() - X."
        )
    apart = np.abs(D - D.T)
    if apart.max(initial=0.0) > ASYMMETRY * largest:
        row, column = np.unravel_index(int(apart.argmax()), D.shape)
        raise InvalidInputError(
            f"X is not symmetric: {D[row, column]:g} from row {row} to {column}, and "
            f"{D[column, row]:g} back. Use (X + X.T) / 2 if either direction counts the same."
        )
    D = (D + D.T) / 2
    np.fill_diagonal(D, 0.0)
    return D
