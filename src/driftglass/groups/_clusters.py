"""Crowds of a map: where points lie dense, with emptier ground between."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors, finite_rows
from ..errors import InvalidInputError, ShapeError

__all__ = ["map_clusters"]

CELLS = {1: 512, 2: 112, 3: 44}
"""Cells along each axis."""
OUTSIDE = 0.002
"""Share of the points, at each end of an axis, that may lie outside the grid."""
NARROWER = 0.4
"""Width of the blur beside that which would suit a single Gaussian."""
LEAST_DEPTH = 0.35
"""How far the ground between two crowds falls below the lower peak, at least."""
NOISE = 4.0
"""The same in standard errors of the peak."""


def map_clusters(Y: Any, *, least: int | None = None) -> NDArray[np.int64]:
    """Number of the crowd that each point of a map belongs to.

    The density of the map is blurred on a grid; every point climbs to a peak, and peaks with no
    real valley between them are one.

    Parameters
    ----------
    Y : array-like of shape (n_samples, n_components)
        Coordinates, 1 to 3 of them. Rows that are not finite belong to no crowd.
    least : int, optional
        Points that make a crowd; 1 % of them, and at least 5, by default.

    Returns
    -------
    codes : ndarray of shape (n_samples,), dtype int64
        0 is the largest crowd; -1 for points of none.

    Raises
    ------
    ShapeError
        More than three coordinates.
    InvalidInputError
        `least` is below 1.

    Notes
    -----
    Crowds of a map are not classes, and a map can make or part them: see the trust report.

    References
    ----------
    .. [1] Chazal, Guibas, Oudot and Skraba (2013). Persistence-based clustering in Riemannian
       manifolds. Journal of the ACM.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> Y = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], [80, 60, 40], axis=0)
    >>> np.bincount(map_clusters(Y + rng.normal(size=Y.shape))).tolist()
    [80, 60, 40]
    """
    places = as_vectors(Y, name="Y").astype(np.float64)
    n, k = places.shape
    if k not in CELLS:
        raise ShapeError(f"Y has {k} coordinates; 1 to 3 can be looked at as a map.")
    if least is not None and least < 1:
        raise InvalidInputError(f"least is {least}; at least 1 point makes a crowd.")
    codes = np.full(n, -1, dtype=np.int64)
    there = np.flatnonzero(finite_rows(places))
    if len(there) == 0:
        return codes
    least = max(5, round(0.01 * len(there))) if least is None else least
    cells, density, scale = _density(places[there])
    peaks = _climbed(density, scale)
    found = peaks[tuple(cells.T)]
    names, inverse, counts = np.unique(found, return_inverse=True, return_counts=True)
    order = np.argsort(-np.where(names >= 0, counts, 0), kind="stable")
    new = np.full(len(names), -1, dtype=np.int64)
    kept = [i for i in order if names[i] >= 0 and counts[i] >= least]
    new[kept] = np.arange(len(kept))
    codes[there] = new[inverse]
    return codes


def _density(
    places: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64], float]:
    """Cell of each point, blurred counts, and how many points one unit of them stands for."""
    from scipy.ndimage import gaussian_filter

    n, k = places.shape
    low, high = np.quantile(places, [OUTSIDE, 1 - OUTSIDE], axis=0)
    margin = 0.08 * (high - low)
    margin[high == low] = 0.5
    low, high = low - margin, high + margin
    size = CELLS[k]
    cells = np.clip(((places - low) / (high - low) * size).astype(np.intp), 0, size - 1)
    counts = np.bincount(np.ravel_multi_index(tuple(cells.T), (size,) * k), minlength=size**k)
    spread = np.minimum(places.std(axis=0), (high - low) / 3) / ((high - low) / size)
    width = np.maximum(NARROWER * spread * n ** (-1 / (k + 4)), 1.0)
    density = gaussian_filter(
        counts.reshape((size,) * k).astype(np.float64), width, mode="constant", truncate=3.0
    )
    return cells, density, float(np.prod(2 * np.sqrt(np.pi) * width))


def _climbed(density: NDArray[np.float64], scale: float) -> NDArray[np.int64]:
    """Peak that every cell leads to, by its number among the cells; -1 where nothing is."""
    shape = density.shape
    padded = np.zeros(tuple(s + 2 for s in shape))
    padded[(slice(1, -1),) * len(shape)] = density
    flat = padded.ravel()
    strides = [int(np.prod(padded.shape[axis + 1 :])) for axis in range(len(shape))]
    steps = [
        sum(a * b for a, b in zip(move, strides, strict=True))
        for move in itertools.product((-1, 0, 1), repeat=len(shape))
        if any(move)
    ]
    occupied = np.flatnonzero(flat > 1e-6 * flat.max())
    order = occupied[np.argsort(-flat[occupied], kind="stable")].tolist()
    values = flat.tolist()
    root = np.full(len(flat), -1, dtype=np.int64).tolist()

    def top(cell: int) -> int:
        while root[cell] != cell:
            root[cell] = root[root[cell]]
            cell = root[cell]
        return cell

    for cell in order:
        around = {top(cell + step) for step in steps if root[cell + step] >= 0}
        if not around:
            root[cell] = cell
            continue
        best = max(around, key=lambda peak: (values[peak], -peak))
        root[cell] = best
        for peak in around - {best}:
            depth = (values[peak] - values[cell]) / values[peak]
            if depth < max(LEAST_DEPTH, NOISE / np.sqrt(max(values[peak] * scale, 1e-12))):
                root[peak] = best
    tops = np.array([top(cell) if root[cell] >= 0 else -1 for cell in range(len(flat))])
    return tops.reshape(padded.shape)[(slice(1, -1),) * len(shape)]
