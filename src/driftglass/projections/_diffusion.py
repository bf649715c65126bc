"""A walk by chance over neighbours: its kernel, its landmarks, and how far it goes.

The steps of PHATE, each of use by itself: `alpha_decay_kernel` says how near rows are, `diffusion`
makes the walk of it, `_diffusion_time` chooses how many steps it takes, and `potential` turns where
it arrives into vectors whose distances a map can show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..neighbors import nearest_neighbors, query_neighbors

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "Diffusion",
    "alpha_decay_kernel",
    "decayed",
    "diffusion",
    "potential",
    "potential_distances",
]

THRESHOLD = 1e-4
"""Affinities below it are zero, so that the kernel stays sparse."""
FLOOR = 1e-7
"""Added before the logarithm: where the walk does not arrive at all is not infinitely far."""
KMEANS_ITER = 8
BLOCK_VALUES = 1 << 22


def decayed(
    distances: NDArray[Any], bandwidths: NDArray[np.float64], decay: float | None
) -> NDArray[np.float64]:
    """``exp(-(distance / bandwidth) ** decay)`` by rows; 1 up to the bandwidth if decay is None."""
    if decay is None:
        return (distances <= bandwidths[:, None]).astype(np.float64)
    with np.errstate(over="ignore"):
        weights: NDArray[np.float64] = np.exp(
            -((distances.astype(np.float64) / bandwidths[:, None]) ** decay)
        )
    weights[weights < THRESHOLD] = 0.0
    return weights


def bandwidths_of(distances: NDArray[Any], knn: int) -> NDArray[np.float64]:
    """Distance of each row to its `knn`-th neighbour, of ascending distances; never zero."""
    widths = distances[:, min(knn, distances.shape[1]) - 1].astype(np.float64)
    positive = distances[distances > 0]
    # Rows with as many duplicates reach those alone.
    least = float(positive.min()) * 1e-3 if positive.size else 1.0
    return np.maximum(widths, least)


def alpha_decay_kernel(
    X: NDArray[Any],
    knn: int,
    decay: float | None,
    *,
    metric: str = "euclidean",
    knn_max: int | None = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> csr_array[Any]:
    """Affinities that fall with distance in units of each row's own surroundings.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Finite vectors.
    knn : int
        The bandwidth of a row is the distance to its `knn`-th neighbour.
    decay : float or None
        How sharply affinities fall about the bandwidth; None makes them 1 up to there and then 0.
    metric : str
        As in `nearest_neighbors`.
    knn_max : int, optional
        Neighbours per row at most.
    n_jobs : int or None
        Threads.
    progress : callable, optional
        Called with (done, total, what) while neighbours are looked for; may raise to stop.

    Returns
    -------
    kernel : csr_array of shape (n_samples, n_samples)
        Symmetric, the mean of both rows' views, with ones on the diagonal.
    """
    from scipy.sparse import coo_array, eye_array

    n = len(X)
    most = n - 1 if knn_max is None else min(knn_max, n - 1)
    k = min(max(2 * knn + 8, 20), most)
    graph = nearest_neighbors(X, k, metric=metric, n_jobs=n_jobs, progress=progress)
    widths = bandwidths_of(graph.distances, knn)
    reach = widths * (1.0 if decay is None else (-np.log(THRESHOLD)) ** (1.0 / decay))
    everyone = np.arange(n)
    parts = [_weights(everyone, graph.indices, graph.distances, widths, decay)]
    open_rows = everyone[graph.distances[:, -1] <= reach]
    while len(open_rows) and k < most:
        # Rows whose affinities go on beyond the neighbours looked at.
        k = min(4 * k, most)
        near, distances = query_neighbors(X[open_rows], X, k + 1, metric=metric, n_jobs=n_jobs)
        kept = np.isin(parts[0][0], open_rows, invert=True)
        parts[0] = tuple(part[kept] for part in parts[0])
        closed = (distances[:, -1] > reach[open_rows]) | (k == most)
        done = open_rows[closed]
        parts.append(_weights(done, near[closed], distances[closed], widths[done], decay))
        open_rows = open_rows[~closed]
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    own = coo_array((values, (rows, columns)), shape=(n, n)).tocsr()
    kernel = ((own + own.T) * 0.5 + eye_array(n)).tocsr()
    kernel.sort_indices()
    return kernel


def _weights(
    rows: NDArray[np.intp],
    near: NDArray[np.int32],
    distances: NDArray[np.float32],
    widths: NDArray[np.float64],
    decay: float | None,
) -> tuple[NDArray[Any], ...]:
    """Row, column and value of every positive affinity to another row."""
    values = decayed(distances, widths, decay)
    there = (values > 0) & (near != rows[:, None])
    return np.broadcast_to(rows[:, None], near.shape)[there], near[there], values[there]


@dataclass(frozen=True, eq=False)
class Diffusion:
    """One step of a walk by chance, among all rows or among landmarks that stand for them.

    Parameters
    ----------
    operator : ndarray of shape (n_landmarks, n_landmarks), dtype float64
        Chance to step from one to another; rows add up to one.
    factor : csr_array of shape (n_rows, n_landmarks)
        With landmarks, its cross product is a symmetric matrix with the operator's eigenvalues;
        without, the factor itself is that matrix.
    to_landmarks : csr_array of shape (n_samples, n_landmarks) or None
        Chance to step from each row to each landmark; None if every row is one.
    groups : ndarray of shape (n_samples,) or None
        Landmark that stands for each row.
    """

    operator: NDArray[np.float64]
    factor: csr_array[Any]
    to_landmarks: csr_array[Any] | None
    groups: NDArray[np.intp] | None

    def interpolated(self, Y: NDArray[Any]) -> NDArray[np.float64]:
        """Coordinates of all rows, of shape (n_samples, d), from those of the landmarks."""
        if self.to_landmarks is None:
            return np.asarray(Y, dtype=np.float64)
        return np.asarray(self.to_landmarks @ np.asarray(Y, dtype=np.float64))


def diffusion(
    kernel: csr_array[Any],
    *,
    n_landmarks: int | None = 2000,
    n_svd: int = 100,
    rng: np.random.Generator,
) -> Diffusion:
    """The walk over a symmetric kernel.

    More rows than `n_landmarks` are grouped by where the walk takes them (k-means on leading
    eigenvectors), and a step leads from a group through all rows to a group.

    Parameters
    ----------
    kernel : csr_array of shape (n_samples, n_samples)
        Symmetric affinities, not negative, each row with a positive one.
    n_landmarks : int or None
        Groups at most; None keeps every row.
    n_svd : int
        Eigenvectors by which rows are grouped.
    rng : Generator
        Where groups start.
    """
    from scipy.sparse import csr_array

    n = kernel.shape[0]
    degrees = np.asarray(kernel.sum(axis=1)).ravel()
    if n_landmarks is None or n <= n_landmarks:
        factor = _scaled(kernel, degrees**-0.5, degrees**-0.5)
        operator = np.asarray(_scaled(kernel, 1 / degrees).toarray())
        return Diffusion(operator, factor, None, None)
    groups = _grouped(kernel, degrees, n_landmarks, n_svd, rng)
    m = int(groups.max()) + 1
    members = csr_array((np.ones(n), groups, np.arange(n + 1)), shape=(n, m))
    across = (kernel @ members).tocsr()
    across.sort_indices()
    sizes = np.asarray(across.sum(axis=0)).ravel()
    to_landmarks = _scaled(across, 1 / degrees)
    operator = np.asarray((_scaled(across.T.tocsr(), 1 / sizes) @ to_landmarks).toarray())
    factor = _scaled(across, degrees**-0.5, sizes**-0.5)
    return Diffusion(operator, factor, to_landmarks, groups)


def _scaled(
    matrix: csr_array[Any],
    by_row: NDArray[np.float64],
    by_column: NDArray[np.float64] | None = None,
) -> csr_array[Any]:
    from scipy.sparse import csr_array

    values = matrix.data * np.repeat(by_row, np.diff(matrix.indptr))
    if by_column is not None:
        values *= by_column[matrix.indices]
    return csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _grouped(
    kernel: csr_array[Any],
    degrees: NDArray[np.float64],
    n_groups: int,
    n_svd: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Group of each row, by k-means on where one step leads among leading eigenvectors."""
    n = kernel.shape[0]
    root = degrees**-0.5
    symmetric = _scaled(kernel, root, root).astype(np.float32)
    # A subspace iteration: a few steps of the walk blur a random basis towards what is slow.
    basis = rng.normal(size=(n, min(n_svd + 10, n))).astype(np.float32)
    for _ in range(4):
        basis = _orthonormal(symmetric @ (symmetric @ basis))
    inner = basis.T @ (symmetric @ basis)
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    leading = np.argsort(-np.abs(values), kind="stable")[:n_svd]
    coordinates = root[:, None] * (basis @ (vectors[:, leading] * values[leading]))
    return nearest_centres(np.ascontiguousarray(coordinates, dtype=np.float32), n_groups, rng)


def _orthonormal(basis: NDArray[np.float32]) -> NDArray[np.float32]:
    """Orthonormal columns that span what these do, from their inner products.

    Less exact than a QR decomposition of the whole, and many times faster; it only has to keep an
    iteration from running into its first vector.
    """
    inner = (basis.T @ basis).astype(np.float64)
    values, vectors = np.linalg.eigh(inner)
    scales = np.maximum(values, 1e-10 * values[-1]) ** -0.5
    return np.asarray(basis @ (vectors * scales), dtype=np.float32)


def nearest_centres(
    X: NDArray[np.float32], n_groups: int, rng: np.random.Generator, n_iter: int = KMEANS_ITER
) -> NDArray[np.intp]:
    """Groups of a few rounds of k-means, numbered from 0 without gaps."""
    from scipy.sparse import csr_array

    n = len(X)
    centres = X[np.sort(rng.choice(n, n_groups, replace=False))].astype(np.float32)
    groups = np.empty(n, dtype=np.intp)
    size = max(1, BLOCK_VALUES // n_groups)
    for number in range(n_iter):
        half_squares = 0.5 * np.einsum("ij,ij->i", centres, centres)
        for first in range(0, n, size):
            nearness = X[first : first + size] @ centres.T
            nearness -= half_squares
            groups[first : first + size] = nearness.argmax(axis=1)
        if number + 1 == n_iter:
            break
        members = csr_array((np.ones(n, np.float32), groups, np.arange(n + 1)), (n, n_groups))
        counts = np.bincount(groups, minlength=n_groups)
        sums = np.asarray(members.T @ X)
        centres[counts > 0] = (sums[counts > 0] / counts[counts > 0, None]).astype(np.float32)
    _, groups = np.unique(groups, return_inverse=True)
    return np.asarray(groups.ravel(), dtype=np.intp)


def potential(operator: NDArray[np.float64], t: int, gamma: float = 1.0) -> NDArray[np.float64]:
    """Where `t` steps lead, on a scale on which small chances count.

    ``2 / (1 - gamma) * P**t ** ((1 - gamma) / 2)``; its limit at gamma 1 is ``-log P**t``.
    """
    # Chances only add up, so that single precision loses nothing by cancellation.
    arrived = np.linalg.matrix_power(operator.astype(np.float32), t)
    arrived = np.maximum(arrived, 0.0).astype(np.float64)
    if gamma == 1.0:
        return np.asarray(-np.log(arrived + FLOOR))
    c = (1.0 - gamma) / 2.0
    return np.asarray(arrived**c / c)


def potential_distances(U: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances between the rows of a potential, symmetric with a zero diagonal."""
    U = U - U.mean(axis=0)
    squares = np.einsum("ij,ij->i", U, U)
    found = U @ U.T
    found *= -2.0
    found += squares
    found += squares[:, None]
    np.sqrt(np.maximum(found, 0.0, out=found), out=found)
    np.fill_diagonal(found, 0.0)
    return np.asarray((found + found.T) / 2)
