"""What a method draws when nothing has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import as_vectors
from ..data import ProjectionSequence
from ..errors import InvalidInputError

__all__ = ["mean_step", "still_test"]


def mean_step(Ys: Any) -> float:
    """Mean step of a point from frame to frame, in radii of the first frame that has any.

    Parameters
    ----------
    Ys : ProjectionSequence or iterable of array-like of shape (n_samples, n_components)
        Maps with the same rows in the same order; a sequence is joined by id.

    Returns
    -------
    step : float
        0 for a picture that does not move. The radius is the root of the mean squared distance
        from the middle.
    """
    if isinstance(Ys, ProjectionSequence):
        planes = Ys.aligned().astype(np.float64)
    else:
        planes = np.stack([np.asarray(Y, dtype=np.float64) for Y in Ys])
    steps = np.linalg.norm(np.diff(planes, axis=0), axis=2)
    radii = [
        float(np.sqrt(np.nansum(np.square(plane - np.nanmean(plane, axis=0))) / max(len(plane), 1)))
        for plane in planes
    ]
    radius = next((value for value in radii if value > 0), 1.0)
    return float(np.nanmean(steps) / radius) if np.isfinite(steps).any() else 0.0


def still_test(
    project: Callable[[list[Any]], Any],
    X: Any,
    *,
    n_snapshots: int = 10,
    noise: float = 0.0,
    random_state: int = 0,
) -> float:
    """Show a method the same snapshot several times, and measure how far it moves the points.

    Any motion in it is made by the method, and the same method makes it in every sequence.

    Parameters
    ----------
    project : callable
        From a list of snapshots to a ProjectionSequence or to a list of maps, for example
        `driftglass.projections.project_sequence`.
    X : array-like of shape (n_samples, n_features)
        The snapshot.
    n_snapshots : int
        How often it is shown, at least twice.
    noise : float
        Standard deviation of what is added to each value of each snapshot anew. With some, points
        that are drawn moving further than the noise are the method's doing.
    random_state : int
        Seed of the noise.

    Returns
    -------
    step : float
        Mean step from frame to frame, in radii of the map: 0 for a method that stands still.

    Examples
    --------
    >>> from driftglass.projections import project_sequence
    >>> X = np.random.default_rng(0).normal(size=(40, 5))
    >>> still_test(project_sequence, X, n_snapshots=3)
    0.0
    """
    X = as_vectors(X, name="X")
    if n_snapshots < 2:
        raise InvalidInputError(f"n_snapshots is {n_snapshots}; at least 2 are needed.")
    if not noise >= 0:
        raise InvalidInputError(f"noise is {noise!r}; a number of at least 0 is needed.")
    rng = np.random.default_rng(random_state)
    shown = [X + noise * rng.normal(size=X.shape) if noise else X for _ in range(n_snapshots)]
    return mean_step(project(shown))
