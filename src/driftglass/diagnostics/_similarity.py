"""How alike two embedding spaces of the same items are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ..neighbors import exact_neighbors
from ..parallel import Threads
from ._checks import checked_pair, checked_sequence
from ._estimates import of_influence
from ._grams import MIN_ROWS, gram_products

__all__ = [
    "ProcrustesDistance",
    "cka_map",
    "linear_cka",
    "mutual_knn",
    "neighbor_overlap",
    "overlap_of_tables",
    "procrustes_distance",
]

WHY = " for an estimate without bias"


def linear_cka(X: Any, Y: Any, *, unbiased: bool = True, n_jobs: int | None = None) -> float:
    """Linear centered kernel alignment between two sets of vectors.

    1 means equal up to rotation, reflection and one scale; 0 means unrelated. With
    ``HSIC(K, L)`` the unbiased estimate of Song et al., the result is
    ``HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L))`` for the Gram matrices K and L.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features_x)
        Vectors of the samples in one space.
    Y : array-like of shape (n_samples, n_features_y)
        Vectors of the same samples, in the same order, in another space.
    unbiased : bool
        The published form without this correction grows with the number of features: about
        0.95 for unrelated spaces of 2,048 features and 100 rows. Pass False to compare with it.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    cka : float
        At most 1; unbiased values of unrelated spaces lie on both sides of 0. nan if either set
        is constant.

    Raises
    ------
    ShapeError
        Fewer than four rows, or other rows in X than in Y.
    InvalidInputError
        A value is not finite.

    See Also
    --------
    cka_map : all pairs of several snapshots at once.
    mutual_knn : whether neighbourhoods agree, which CKA does not look at.

    References
    ----------
    .. [1] Kornblith et al. (2019). Similarity of neural network representations revisited. ICML.
    .. [2] Song et al. (2012). Feature selection via dependence maximization. JMLR.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(linear_cka(X, 10 * X[:, ::-1]), 6)
    1.0
    """
    X, Y = checked_pair(X, Y, at_least=MIN_ROWS, why=WHY)
    with Threads(n_jobs) as executor:
        products = gram_products([X, Y], executor)
    return float((products.cka if unbiased else products.biased_cka)[0, 1])


def cka_map(
    Xs: Any, Ys: Any = None, *, unbiased: bool = True, n_jobs: int | None = None
) -> NDArray[np.float64]:
    """Linear CKA of every snapshot with every other: steps, layers or runs.

    Parameters
    ----------
    Xs : sequence of array-like of shape (n_samples, n_features)
        Vectors of the same samples in the same order; widths may differ.
    Ys : sequence of array-like of shape (n_samples, n_features), optional
        Compare with these instead, for example with the layers of another run.
    unbiased : bool
        As in `linear_cka`.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    cka : ndarray of shape (n_snapshots, n_snapshots) or (len(Xs), len(Ys))
        Symmetric with ones on its diagonal when `Ys` is None. nan where a snapshot is constant.

    Raises
    ------
    ShapeError
        Fewer than four rows, or snapshots of different rows.
    InvalidInputError
        A value is not finite, or there are no snapshots.

    See Also
    --------
    linear_cka : definition and references.

    Examples
    --------
    >>> Xs = [np.random.default_rng(0).normal(size=(60, 4)) * [1, 1, 1, t] for t in (1, 2, 4)]
    >>> cka_map(Xs).shape
    (3, 3)
    """
    first = checked_sequence(Xs, at_least=MIN_ROWS, why=WHY)
    second = [] if Ys is None else checked_sequence(Ys, name="Ys", at_least=MIN_ROWS, why=WHY)
    if second and len(first[0]) != len(second[0]):
        raise ShapeError(
            f"Xs and Ys have {len(first[0])} and {len(second[0])} rows; the same samples in the "
            f"same order are needed. Use Snapshot.intersect to keep the ids that both have."
        )
    with Threads(n_jobs) as executor:
        products = gram_products([*first, *second], executor)
    everything = products.cka if unbiased else products.biased_cka
    if Ys is None:
        return everything
    return np.ascontiguousarray(everything[: len(first), len(first) :])


def mutual_knn(
    X: Any,
    Y: Any,
    *,
    n_neighbors: int = 10,
    metric: str = "euclidean",
    corrected: bool = True,
    n_jobs: int | None = None,
) -> float:
    """Share of nearest neighbours that two sets of vectors have in common, beyond chance.

    With m the mean share and ``c = k / (n - 1)`` what chance gives, the result is
    ``(m - c) / (1 - c)``.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features_x)
        Vectors in one space.
    Y : array-like of shape (n_samples, n_features_y)
        Vectors of the same samples, in the same order, in another.
    n_neighbors : int
        Size k of a neighbourhood; fewer than n_samples - 1.
    metric : {"euclidean", "cosine"}
        Distance in both spaces.
    corrected : bool
        Subtract chance. Both forms depend on k and on the number of rows.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    share : float
        1 when all neighbours agree, about 0 for unrelated spaces (or k / (n - 1), uncorrected).

    Raises
    ------
    ShapeError
        Other rows in X than in Y.
    InvalidInputError
        Not fewer neighbours than other rows, or a value is not finite.

    See Also
    --------
    neighbor_overlap : the share of each row.

    References
    ----------
    .. [1] Huh et al. (2024). The Platonic representation hypothesis. ICML.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> mutual_knn(X, 2 * X)
    1.0
    """
    shares = neighbor_overlap(X, Y, n_neighbors=n_neighbors, metric=metric, n_jobs=n_jobs)
    mean = float(shares.mean())
    chance = n_neighbors / (len(shares) - 1) if corrected else 0.0
    return (mean - chance) / (1 - chance)


def neighbor_overlap(
    X: Any,
    Y: Any,
    *,
    n_neighbors: int = 10,
    metric: str = "euclidean",
    n_jobs: int | None = None,
) -> NDArray[np.float64]:
    """Share of each row's nearest neighbours that are the same in two sets of vectors.

    Parameters
    ----------
    X, Y, n_neighbors, metric, n_jobs
        As in `mutual_knn`.

    Returns
    -------
    shares : ndarray of shape (n_samples,)
        In [0, 1]; chance gives k / (n_samples - 1), which is not subtracted.
    """
    X, Y = checked_pair(X, Y)
    if not 1 <= n_neighbors < len(X) - 1:
        raise InvalidInputError(
            f"n_neighbors is {n_neighbors} for {len(X)} rows; a number from 1 to {len(X) - 2} is "
            f"needed, or every row is everybody's neighbour."
        )
    tables = [exact_neighbors(Z, n_neighbors, metric=metric, n_jobs=n_jobs).indices for Z in (X, Y)]
    return overlap_of_tables(*tables)


def overlap_of_tables(
    first: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Share of equal entries of each row of two tables of neighbours, in any order."""
    k = first.shape[1]
    together = np.sort(np.hstack([first, second]), axis=1)
    # An index occurs once in each table, so what both have stands twice in a row.
    return np.asarray((together[:, 1:] == together[:, :-1]).sum(axis=1) / k)


@dataclass(frozen=True)
class ProcrustesDistance:
    """What the best rotation and scale leave between two sets of vectors.

    Parameters
    ----------
    distance : float
        ``sqrt(2 - 2 * similarity)``, in [0, sqrt(2)].
    similarity : float
        Sum of singular values of ``X'Y``, with X and Y centred and of length 1; in [0, 1].
    null_similarity : float
        The same after the rows of Y were shuffled: what unrelated spaces of these sizes give.
        0.99 for 100 rows of 2,048 features, so that only the difference says anything.
    standard_error : float
        Standard error of the similarity.
    n : int
        Rows.
    """

    distance: float
    similarity: float
    null_similarity: float
    standard_error: float
    n: int


def procrustes_distance(X: Any, Y: Any, *, random_state: int = 0) -> ProcrustesDistance:
    """What the best rotation, reflection and scale leave between two sets of vectors.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features_x)
        Vectors in one space.
    Y : array-like of shape (n_samples, n_features_y)
        Vectors of the same samples, in the same order, in another.
    random_state : int
        Seed of the shuffle.

    Returns
    -------
    measured : ProcrustesDistance
        With the value that shuffled rows give beside it. All nan if either set is constant.

    Raises
    ------
    ShapeError
        Fewer than two rows, or other rows in X than in Y.
    InvalidInputError
        A value is not finite.

    See Also
    --------
    driftglass.projections.procrustes : the transform itself.

    References
    ----------
    .. [1] Williams et al. (2021). Generalized shape metrics on neural representations. NeurIPS.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(procrustes_distance(X, 5 * X[:, ::-1] + 1).similarity, 6)
    1.0
    """
    X, Y = checked_pair(X, Y, at_least=2)
    x, y = unit_configuration(X), unit_configuration(Y)
    if x is None or y is None:
        nan = float("nan")
        return ProcrustesDistance(nan, nan, nan, nan, len(X))
    left, values, right = np.linalg.svd(x.T @ y, full_matrices=False)
    similarity = min(1.0, float(values.sum()))
    matched = np.einsum("ij,ij->i", x @ (left @ right), y) * len(x)
    lengths = [np.einsum("ij,ij->i", z, z) * len(z) for z in (x, y)]
    # The rotation is at its best, so moving it with a row's weight changes nothing at first order.
    influence = matched - similarity * (lengths[0] + lengths[1]) / 2
    return ProcrustesDistance(
        distance=float(np.sqrt(max(0.0, 2 - 2 * similarity))),
        similarity=similarity,
        null_similarity=shuffled_similarity(x, y, random_state),
        standard_error=of_influence(similarity, influence).standard_error,
        n=len(X),
    )


def shuffled_similarity(x: NDArray[np.float64], y: NDArray[np.float64], random_state: int) -> float:
    """Procrustes similarity of two unit configurations after the rows of one were shuffled."""
    shuffled = y[np.random.default_rng(random_state).permutation(len(y))]
    return min(1.0, float(np.linalg.svd(x.T @ shuffled, compute_uv=False).sum()))


def unit_configuration(X: NDArray[Any]) -> NDArray[np.float64] | None:
    """X centred, of length 1 and no wider than it is high; None if all its rows are equal."""
    x = X.astype(np.float64)
    reach = float(np.abs(x).max(initial=0.0))
    x /= reach or 1.0
    x -= x.mean(axis=0)
    length = float(np.sqrt(np.einsum("ij,ij->", x, x)))
    if length <= 64 * float(np.finfo(np.float64).eps) * np.sqrt(x.size):
        return None
    x /= length
    if x.shape[0] < x.shape[1]:
        # Distances and angles between n points fit into n dimensions.
        left, values, _ = np.linalg.svd(x, full_matrices=False)
        x = left * values
    return x
