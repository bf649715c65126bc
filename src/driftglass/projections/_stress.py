"""Points whose distances come near to wanted ones: eigenvectors, then majorization."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels

__all__ = [
    "Callback",
    "ClassicalScaling",
    "Scaled",
    "classical_scaling",
    "disparities",
    "least_stress",
    "least_stress_places",
    "pair_order",
]

Callback = Callable[[int, float, NDArray[np.float32]], Any]
"""Called with (iterations done, stress, map); a true answer stops."""

DENSE_UP_TO = 400
"""Rows up to which all eigenvectors are computed."""
PLACING_ITER = 100


@dataclass(frozen=True, eq=False)
class ClassicalScaling:
    """Coordinates on the leading eigenvectors of centred squared distances (Torgerson 1952).

    Parameters
    ----------
    coordinates : ndarray of shape (n_samples, n_components)
        Centred, on axes of falling extent; those without a positive eigenvalue are zero.
    eigenvalues : ndarray of shape (n_components,)
        Sum of squares of each axis; not positive where there is nothing to show.
    mean_squares : ndarray of shape (n_samples,)
        Mean squared distance of each row to all.
    """

    coordinates: NDArray[np.float64]
    eigenvalues: NDArray[np.float64]
    mean_squares: NDArray[np.float64]

    def place(self, distances: NDArray[Any]) -> NDArray[np.float64]:
        """Where rows at these distances (n_new, n_samples) from the others lie (Gower 1968)."""
        positive = np.maximum(self.eigenvalues, np.finfo(float).tiny)
        axes = np.where(self.eigenvalues > 0, self.coordinates / positive, 0.0)
        nearer: NDArray[np.float64] = self.mean_squares - np.square(distances, dtype=np.float64)
        return 0.5 * nearer @ axes


def classical_scaling(distances: NDArray[Any], n_components: int) -> ClassicalScaling:
    """Classical multidimensional scaling of distances of shape (n_samples, n_samples)."""
    squares = np.square(distances, dtype=np.float64)
    means = squares.mean(axis=1)
    squares -= means
    squares -= means[:, None]
    squares += means.mean()
    squares *= -0.5
    values, vectors = leading_eigenvectors(squares, n_components)
    coordinates = np.zeros((len(squares), n_components))
    coordinates[:, : len(values)] = vectors * np.sqrt(np.maximum(values, 0.0))
    values = np.pad(values, (0, n_components - len(values)))
    # What rounding leaves of an axis is not an axis.
    values[values <= 1e-12 * max(float(values.max(initial=0.0)), 0.0)] = 0.0
    coordinates[:, values == 0] = 0.0
    return ClassicalScaling(coordinates, values, means)


def leading_eigenvectors(
    matrix: NDArray[np.float64], n_components: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest eigenvalues of a symmetric matrix, falling, and vectors with fixed signs."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import ArpackError, eigsh

    n = len(matrix)
    k = min(n_components, n)
    values = None
    if n > max(DENSE_UP_TO, 8 * k) and matrix.any():
        # A fixed start, because ARPACK's own is drawn anew in every call.
        start = np.random.default_rng(0).normal(size=n)
        try:
            values, vectors = eigsh(matrix, k=k, which="LA", v0=start)
        except ArpackError:
            values = None
    if values is None:
        values, vectors = eigh(matrix, driver="evd")
        values, vectors = values[n - k :], vectors[:, n - k :]
    order = np.argsort(-values, kind="stable")
    values, vectors = values[order], vectors[:, order]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(k)])
    return values, vectors * np.where(signs == 0, 1.0, signs)


@dataclass(frozen=True, eq=False)
class Scaled:
    """A map of least stress.

    Parameters
    ----------
    coordinates : ndarray of shape (n_samples, n_components), dtype float32
        Centred.
    stress : float
        Sum over pairs of the squared difference between distance and what was wanted.
    relative : float
        Root of the stress over the sum of squares wanted (Kruskal's stress): 0 is perfect.
    n_iter : int
        Iterations made.
    converged : bool
        Whether the stress had stopped falling.
    stopped : bool
        Whether the callback stopped it.
    """

    coordinates: NDArray[np.float32]
    stress: float
    relative: float
    n_iter: int
    converged: bool
    stopped: bool


def least_stress(
    wanted: NDArray[np.float32],
    start: NDArray[Any],
    *,
    max_iter: int = 300,
    eps: float = 1e-5,
    order: NDArray[np.intp] | None = None,
    n_threads: int = 1,
    callback: Callback | None = None,
    callback_every: int = 50,
) -> Scaled:
    """Metric or ordinal scaling by majorization, in steps of double length.

    Each step takes the place where the majorizing function is least, and goes as far again beyond
    it (de Leeuw and Heiser 1980), from the map at the scale that fits best. The stress never
    rises by more than rounding.

    Parameters
    ----------
    wanted : ndarray of shape (n_samples, n_samples), dtype float32
        Symmetric distances.
    start : ndarray of shape (n_samples, n_components)
        Where points start.
    max_iter : int
        Iterations at most.
    eps : float
        Ends when an iteration lowers the stress by less than this share of it.
    order : ndarray of shape (n_samples * (n_samples - 1) / 2,), optional
        Order of the pairs above the diagonal by dissimilarity. With it only the order counts, and
        distances are wanted to be any monotone function of it.
    n_threads : int
        Changes the time and not the result.
    callback, callback_every
        Who sees the map, and how often.

    Returns
    -------
    scaled : Scaled
        The map, and how it was reached.
    """
    n = len(wanted)
    wanted = np.ascontiguousarray(wanted, dtype=np.float32)
    centred = np.asarray(start, dtype=np.float64)
    Y: NDArray[np.float32] = np.ascontiguousarray(centred - centred.mean(axis=0), np.float32)
    stress, n_iter, converged, stopped = np.inf, 0, False, False
    # Differences of very small stresses are rounding.
    rounding = 1e-12 * float(np.einsum("ij,ij->", wanted, wanted, dtype=np.float64))
    while not (converged or stopped):
        if order is not None:
            wanted = disparities(Y, order)
        pull, stresses = _kernels.stress_pull(Y, Y, wanted, n_threads=n_threads)
        before, stress = stress, float(stresses.sum()) / 2
        converged = n_iter > 1 and before - stress <= eps * stress + rounding
        if n_iter == max_iter:
            break
        nearest = pull.astype(np.float64) / n
        # Sums of products with the pull are sums over pairs of wanted times actual distances.
        extent = n * float(np.einsum("ij,ij->", Y, Y, dtype=np.float64))
        fitting = float(np.einsum("ij,ij->", Y, pull, dtype=np.float64))
        scale = fitting / extent if extent > 0 else 1.0
        # The last step has single length: a longer one oscillates about the best scale.
        last = converged or n_iter + 1 == max_iter
        Y = np.ascontiguousarray(nearest if last else 2 * nearest - scale * Y, dtype=np.float32)
        Y -= Y.mean(axis=0)
        n_iter += 1
        if callback is not None and n_iter % callback_every == 0:
            stopped = bool(callback(n_iter, stress, Y.copy()))
    if converged or stopped:
        _, stresses = _kernels.stress_pull(Y, Y, wanted, n_threads=n_threads)
        stress = float(stresses.sum()) / 2
    squares = float(np.einsum("ij,ij->", wanted, wanted, dtype=np.float64)) / 2
    relative = float(np.sqrt(stress / squares)) if squares > 0 else 0.0
    return Scaled(Y, stress, relative, n_iter, converged, stopped)


def pair_order(dissimilarities: NDArray[Any]) -> NDArray[np.intp]:
    """Order of the pairs above the diagonal of a symmetric matrix; equal ones as they come."""
    above = dissimilarities[np.triu_indices(len(dissimilarities), 1)]
    return np.argsort(above, kind="stable")


def disparities(Y: NDArray[np.float32], order: NDArray[np.intp]) -> NDArray[np.float32]:
    """Distances in a map, made monotone in the order of the pairs (Kruskal 1964).

    Scaled so that their mean square is one: a map could otherwise shrink to a point.
    """
    from scipy.optimize import isotonic_regression
    from scipy.spatial.distance import pdist, squareform

    distances = pdist(np.asarray(Y, dtype=np.float64))
    fitted = np.empty_like(distances)
    fitted[order] = isotonic_regression(distances[order]).x
    size = float(np.sqrt(np.mean(fitted**2)))
    fitted = fitted / size if size > 0 else np.ones_like(fitted)
    return np.ascontiguousarray(squareform(fitted), dtype=np.float32)


def least_stress_places(
    wanted: NDArray[np.float32],
    Y: NDArray[np.float32],
    start: NDArray[Any],
    *,
    n_iter: int = PLACING_ITER,
    n_threads: int = 1,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Places of least stress towards fixed points, each row on its own, and their stresses.

    Parameters
    ----------
    wanted : ndarray of shape (n_new, n_samples), dtype float32
        Distances to the fixed points.
    Y : ndarray of shape (n_samples, n_components), dtype float32
        Fixed points.
    start : ndarray of shape (n_new, n_components)
        Where rows start.
    n_iter : int
        Steps; each lowers a row's stress.
    n_threads : int
        Changes the time and not the result.
    """
    mean = Y.mean(axis=0, dtype=np.float64)
    places = np.ascontiguousarray(start, dtype=np.float32)
    n = len(Y)
    for _ in range(n_iter):
        pull, _ = _kernels.stress_pull(places, Y, wanted, n_threads=n_threads)
        places = np.ascontiguousarray(mean + pull / n, dtype=np.float32)
    _, stresses = _kernels.stress_pull(places, Y, wanted, n_threads=n_threads)
    return places, stresses
