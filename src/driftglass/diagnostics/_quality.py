"""Whether neighbours in a map are neighbours in the vectors, and the other way round."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids, as_vectors, finite_rows
from ..data import Quality
from ..errors import InvalidInputError, ShapeError
from ..neighbors import exact_neighbors
from ..parallel import Threads
from ._ranks import neighbor_ranks

__all__ = ["continuity", "quality", "trustworthiness"]

MIN_SAMPLES = 3
"""With fewer rows every one is everybody's neighbour, in any map."""


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
    k = _neighbors_that_fit(n_neighbors, len(X))
    if k == 0:
        return float("nan")
    anchors = _drawn(len(X), n_anchors, random_state)
    with Threads(n_jobs) as executor:
        ranks = neighbor_ranks(X, anchors, _nearest(Y, anchors, k, executor), executor)
    return float(_from_ranks(ranks, k, len(X)).mean())


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
    k = _neighbors_that_fit(n_neighbors, len(X))
    if k == 0 or bool((X[0] == X).all()):
        return None
    anchors = _drawn(len(X), n_anchors, random_state)
    shuffled = Y[np.random.default_rng([random_state, 1]).permutation(len(Y))]
    with Threads(n_jobs) as executor:
        near_in_maps = [_nearest(map_, anchors, k, executor) for map_ in (Y, shuffled)]
        # Ranked together, because the distances cost more than the counting.
        ranks = neighbor_ranks(X, anchors, np.hstack(near_in_maps), executor)
        near_in_vectors = _nearest(X, anchors, k, executor)
        missed = neighbor_ranks(Y, anchors, near_in_vectors, executor)
    point_trust = _from_ranks(ranks[:, :k], k, len(X))
    null = _from_ranks(ranks[:, k:], k, len(X))
    return Quality(
        trustworthiness=float(point_trust.mean()),
        continuity=float(_from_ranks(missed, k, len(X)).mean()),
        null=float(null.mean()),
        n_neighbors=k,
        n_anchors=len(anchors),
        ids=names[anchors],
        point_trust=point_trust.astype(np.float32),
    )


def _from_ranks(ranks: NDArray[np.int32], k: int, n_samples: int) -> NDArray[np.float64]:
    """Trustworthiness of each anchor row alone."""
    penalty = np.maximum(ranks - k, 0).sum(axis=1, dtype=np.float64)
    trust: NDArray[np.float64] = 1.0 - penalty * (2.0 / (k * (2.0 * n_samples - 3.0 * k - 1.0)))
    return trust


def _nearest(
    X: NDArray[Any], anchors: NDArray[np.int32], k: int, executor: Threads
) -> NDArray[np.int32]:
    return exact_neighbors(X, k, queries=anchors, n_jobs=executor.n_workers).indices


def _neighbors_that_fit(n_neighbors: int, n_samples: int) -> int:
    if n_neighbors < 1:
        raise InvalidInputError(f"n_neighbors is {n_neighbors}; at least 1 is needed.")
    # The scale of the penalties holds for neighbourhoods of less than half of the rows.
    return min(n_neighbors, (n_samples - 1) // 2) if n_samples >= MIN_SAMPLES else 0


def _drawn(n_samples: int, n_anchors: int | None, random_state: int) -> NDArray[np.int32]:
    if n_anchors is None or n_anchors >= n_samples:
        return np.arange(n_samples, dtype=np.int32)
    if n_anchors < 1:
        raise InvalidInputError(f"n_anchors is {n_anchors}; at least 1 is needed.")
    rng = np.random.default_rng([random_state, 0])
    chosen = rng.choice(n_samples, size=n_anchors, replace=False, shuffle=False)
    return np.sort(chosen).astype(np.int32)


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
