"""What a map gets wrong around single points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._neighborhoods import Neighborhoods, neighborhoods
from ._quality import _checked

__all__ = ["PointErrors", "point_errors"]

NEAR = 2
"""A neighbour of k is forgiven if it is among the NEAR * k nearest in the other space."""


@dataclass(frozen=True, eq=False)
class PointErrors:
    """False and missing neighbours of single points.

    Parameters
    ----------
    rows : ndarray of shape (n_anchors,), dtype int32
        Rows that were looked at.
    false : ndarray of shape (n_anchors,), dtype float64
        Share of each point's neighbours in the map that are far in the vectors, 0 to 1.
    missing : ndarray of shape (n_anchors,), dtype float64
        Share of each point's neighbours in the vectors that are far in the map, 0 to 1.
    kept : ndarray of shape (n_anchors,), dtype float64
        Share of each point's neighbours in the vectors that are its neighbours in the map.
    score : ndarray of shape (n_anchors,), dtype float64
        Mean of the point's own trustworthiness and continuity.
    n_neighbors : int
        Size k of a neighbourhood.
    n_samples : int
        Rows in all.
    """

    rows: NDArray[np.int32]
    false: NDArray[np.float64]
    missing: NDArray[np.float64]
    kept: NDArray[np.float64]
    score: NDArray[np.float64]
    n_neighbors: int
    n_samples: int


def point_errors(
    X: Any,
    Y: Any,
    *,
    n_neighbors: int = 15,
    n_anchors: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> PointErrors:
    """Which neighbours of each point are false in a map, and which are missing.

    A neighbour in the map is false if it is not even among the 2k nearest rows in the vectors; one
    in the vectors is missing if it is not among the 2k nearest in the map.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    n_neighbors : int
        Size k of a neighbourhood; lowered to less than half of the rows.
    n_anchors : int, optional
        Rows to look at, drawn without repetition, each against all rows; all by default.
    random_state : int
        Seed of the draw.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    errors : PointErrors
        One entry per anchor.

    Raises
    ------
    InvalidInputError
        Fewer than three rows, or rows that are not finite.

    References
    ----------
    .. [1] Lespinats and Aupetit (2011). CheckViz: sanity check and topological clues for linear
       and non-linear mappings. Computer Graphics Forum 30.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> errors = point_errors(X, X)
    >>> float(errors.false.max()), float(errors.kept.min())
    (0.0, 1.0)
    """
    X, Y = _checked(X, Y)
    drawn = {"n_neighbors": n_neighbors, "n_anchors": n_anchors, "random_state": random_state}
    around = neighborhoods(X, Y, **drawn, n_jobs=n_jobs)  # type: ignore[arg-type]
    if around is None:
        raise InvalidInputError(
            f"X has {len(X)} rows; with fewer than 3 every row is everybody's neighbour."
        )
    return errors_of(around)


def errors_of(around: Neighborhoods) -> PointErrors:
    """False and missing neighbours from the ranks of neighbours."""
    k = around.n_neighbors
    return PointErrors(
        rows=around.anchors,
        false=(around.in_data > NEAR * k).mean(axis=1),
        missing=(around.in_map > NEAR * k).mean(axis=1),
        kept=(around.in_map <= k).mean(axis=1),
        score=(around.trust + around.continuity) / 2,
        n_neighbors=k,
        n_samples=around.n_samples,
    )
