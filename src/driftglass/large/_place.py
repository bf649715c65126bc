"""A map made from a sample, and every row placed in it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DriftglassWarning, InvalidInputError
from ..projections._make import make_projector
from ._partition import Partition, read_block
from ._work import Arrays

__all__ = ["Fitted", "checked_method", "fitted_on", "place"]

AT_ONCE = 1 << 15
"""Rows that are placed together, so that what a method needs per row stays small."""
SILENT = {"progress": None, "callback": None, "verbose": False}


@dataclass(frozen=True, eq=False)
class Fitted:
    """A map that can place rows.

    Parameters
    ----------
    estimator : object
        With ``transform``; uses one thread, because partitions are worked on side by side.
    n_features, n_components : int
        Columns of a row, and coordinates of a place.
    """

    estimator: Any
    n_features: int
    n_components: int


def checked_method(
    method: str, n_components: int, random_state: int, parameters: Mapping[str, Any]
) -> Any:
    """Estimator that is ready to be fitted, and will be able to place other rows."""
    defaults = {"n_components": n_components, "random_state": random_state}
    estimator = make_projector(method, parameters, defaults)
    if not hasattr(estimator, "transform"):
        raise InvalidInputError(
            f"{method} cannot place rows that it was not fitted to, so it makes no map of rows "
            f"larger than memory. Use 'umap', 'tsne', 'glassbox' or 'pca'."
        )
    return estimator


def fitted_on(estimator: Any, X: NDArray[Any], n_components: int) -> tuple[Fitted, list[str]]:
    """Fit to a sample; returns the map and what was said meanwhile."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DriftglassWarning)
        estimator.fit(X)
    said = [str(item.message) for item in caught if issubclass(item.category, DriftglassWarning)]
    known = estimator.get_params()
    quiet = {name: value for name, value in SILENT.items() if name in known}
    estimator.set_params(**quiet, **({"n_jobs": 1} if "n_jobs" in known else {}))
    return Fitted(estimator, X.shape[1], n_components), said


def place(part: Partition, fitted: Fitted) -> Arrays:
    """Places of the rows of one partition."""
    block = read_block(part, fitted.n_features)
    Y = np.zeros((len(block.X), fitted.n_components), dtype=np.float32)
    for start in range(0, len(Y), AT_ONCE):
        made = fitted.estimator.transform(block.X[start : start + AT_ONCE])
        Y[start : start + AT_ONCE, : made.shape[1]] = made
    if not np.isfinite(Y).all():
        bad = int(block.rows[np.argmin(np.isfinite(Y).all(axis=1))])
        raise InvalidInputError(
            f"{part.name}: row {bad} has no finite place in this map. Scale the vectors as those "
            f"of the other partitions."
        )
    return {"rows": block.rows, "Y": Y}
