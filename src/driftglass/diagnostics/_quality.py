"""Whether neighbours in a map are neighbours in the vectors, and the other way round."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids, as_vectors, finite_rows
from ..data import Quality
from ..errors import InvalidInputError, ShapeError
from ..parallel import Threads
from ._neighborhoods import (
    Neighborhoods,
    drawn_anchors,
    from_ranks,
    nearest,
    neighborhoods,
    neighbors_that_fit,
)
from ._ranks import neighbor_ranks

__all__ = ["continuity", "quality", "trustworthiness"]


def trustworthiness(
    X: Any,
    Y: Any,
    *,
    n_neighbors: int = 15,
    n_anchors: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> float:
    """Whether points that are near in the map are near in the vectors.

    1 means that all neighbours in the map are neighbours in the vectors. A map drawn at random
    gives about 0.5, not 0, so compare with the `null` of `quality`. In formula, with r(i, j) the
    rank of j among the distances from i in the vectors,
    ``1 - 2 / (n k (2n - 3k - 1)) * sum_i sum_{j in map's kNN(i)} max(0, r(i, j) - k)``.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    n_neighbors : int
        Size k of a neighbourhood; lowered to less than half of the rows.
    n_anchors : int, optional
        Rows whose neighbourhoods are looked at, drawn without repetition and each ranked against
        all rows; all by default. (A subset scored by itself would flatter the map.)
    random_state : int
        Seed of the draw.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    trustworthiness : float
        In [0, 1]; nan for fewer than three rows.

    See Also
    --------
    continuity : the same with the two exchanged.
    quality : both, with what chance gives and with the trust of single points.

    References
    ----------
    .. [1] Venna and Kaski (2001). Neighborhood preservation in nonlinear projection methods.
       ICANN.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> trustworthiness(X, X)
    1.0
    """
    X, Y = _checked(X, Y)
    k = neighbors_that_fit(n_neighbors, len(X))
    if k == 0:
        return float("nan")
    anchors = drawn_anchors(len(X), n_anchors, random_state)
    with Threads(n_jobs) as executor:
        ranks = neighbor_ranks(X, anchors, nearest(Y, anchors, k, executor), executor)
    return float(from_ranks(ranks, k, len(X)).mean())


def continuity(
    X: Any,
    Y: Any,
    *,
    n_neighbors: int = 15,
    n_anchors: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> float:
    """Whether neighbours in the vectors stay together: `trustworthiness` with X and Y exchanged.

    Parameters
    ----------
    X, Y, n_neighbors, n_anchors, random_state, n_jobs
        As in `trustworthiness`.

    Returns
    -------
    continuity : float
        In [0, 1]; 1 means that no neighbourhood was torn apart. nan for fewer than three rows.
    """
    return trustworthiness(
        Y,
        X,
        n_neighbors=n_neighbors,
        n_anchors=n_anchors,
        random_state=random_state,
        n_jobs=n_jobs,
    )


def quality(
    X: Any,
    Y: Any,
    *,
    ids: Any = None,
    n_neighbors: int = 15,
    n_anchors: int = 1000,
    random_state: int = 0,
    n_jobs: int | None = None,
) -> Quality | None:
    """How far a map can be trusted: as a whole, by chance, and point by point.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    ids : sequence, optional
        Ids of the rows; row numbers by default.
    n_neighbors : int
        As in `trustworthiness`.
    n_anchors : int
        Rows that are ranked against all others; beyond it the numbers are estimates.
        With n_samples or more, all rows are and the numbers are exact.
    random_state : int
        Seed of the draw of anchors and of the shuffled map.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    quality : Quality or None
        None where there is nothing to judge: fewer than three rows, or vectors all equal.

    See Also
    --------
    trustworthiness : definition and reference.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(200, 5))
    >>> measured = quality(X, X[:, :2])
    >>> measured.null < measured.trustworthiness < 1
    True
    """
    X, Y = _checked(X, Y)
    names = np.arange(len(X)) if ids is None else as_ids(ids)
    if len(names) != len(X):
        raise ShapeError(f"{len(names)} ids for {len(X)} rows; one id per row is needed.")
    if bool((X[:1] == X).all()):
        return None
    drawn = {"n_neighbors": n_neighbors, "n_anchors": n_anchors, "random_state": random_state}
    around = neighborhoods(X, Y, **drawn, n_jobs=n_jobs)
    return None if around is None else quality_of(around, names)


def quality_of(around: Neighborhoods, names: NDArray[Any]) -> Quality:
    """Quality of a map from the ranks of neighbours."""
    point_trust = around.trust
    return Quality(
        trustworthiness=float(point_trust.mean()),
        continuity=float(around.continuity.mean()),
        null=float(around.null.mean()),
        n_neighbors=around.n_neighbors,
        n_anchors=len(around.anchors),
        ids=names[around.anchors],
        point_trust=point_trust.astype(np.float32),
    )


def _checked(X: Any, Y: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    X, Y = as_vectors(X, name="X"), as_vectors(Y, name="Y")
    if len(X) != len(Y):
        raise ShapeError(
            f"X has {len(X)} rows and Y has {len(Y)}; coordinates of the same rows in the same "
            f"order are needed. Select the ids that have a place in the map first."
        )
    for name, values in (("X", X), ("Y", Y)):
        bad = np.flatnonzero(~finite_rows(values))
        if len(bad):
            raise InvalidInputError(
                f"{len(bad)} rows of {name} are not finite, the first is row {bad[0]}. "
                f"Leave them out of both X and Y."
            )
    return X, Y
