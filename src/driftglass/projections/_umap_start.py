"""Where UMAP's points start: an arrangement, ten units wide, with a little noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._fuzzy import FuzzyGraph
from ._initialization import array_start, pca_start, random_start
from ._notes import Notes
from ._spectral import spectral_coordinates

__all__ = ["STARTS", "initial_positions"]

STARTS = ("spectral", "pca", "random")
REACH = 10.0
"""Largest coordinate at the start, as in umap-learn."""
NOISE = 1e-4
"""Keeps points of one place from moving as one for ever."""
MOST_PARTS = 100
"""Parts of a graph that get an arrangement each; with more, most hold hardly anything."""


def initial_positions(
    init: Any,
    X: Any,
    graph: FuzzyGraph,
    n_components: int,
    *,
    random_state: int = 0,
    n_threads: int = 1,
    notes: list[str] | None = None,
) -> NDArray[np.float32]:
    """Coordinates from which a layout can begin.

    Parameters
    ----------
    init : {"spectral", "pca", "random"} or array of shape (n_samples, n_components)
        An array is taken as it is. With "spectral", parts of the graph that no edge joins are
        arranged each on its own, around the principal axes of their means.
    X : array or sparse array of shape (n_samples, n_features), or None
        The vectors, if there are any.
    graph : FuzzyGraph
        Of the same rows.
    n_components : int
        Coordinates per row.
    random_state : int
        Seed of the noise.
    n_threads : int
        Changes the time and not the result.
    notes : list of str, optional
        Takes in what a reader should know.

    Returns
    -------
    start : ndarray of shape (n_samples, n_components), dtype float32
        Finite.
    """
    n_samples = graph.n_samples
    notes = Notes() if notes is None else notes
    if not isinstance(init, str):
        return array_start(init, n_samples, n_components).astype(np.float32)
    rng = np.random.default_rng(random_state)
    n_parts, parts = graph.parts() if init == "spectral" else (1, np.zeros(0, np.int32))
    if n_parts > MOST_PARTS:
        init = "pca" if X is not None else "random"
        notes.append(f"the neighbour graph falls into {n_parts} parts: starting from {init!r}.")
    if init == "pca" and X is None:
        init = "random"
        notes.append("distances have no principal axes: starting from 'random'.")
    if init == "random":
        return rng.uniform(-REACH, REACH, size=(n_samples, n_components)).astype(np.float32)
    if init == "pca":
        start = pca_start(X, n_components)
    elif n_parts == 1:
        start = _spectral(X, graph, n_components, n_threads)
    else:
        # Clear groups do that, so a map of them is as it should be.
        (notes.remark if isinstance(notes, Notes) else notes.append)(
            f"the neighbour graph falls into {n_parts} parts: each is arranged on its own, and how "
            f"they lie to each other is left to their means."
        )
        start = _of_parts(X, graph, parts, n_parts, n_components, rng, n_threads)
    start = _reaching(start, REACH)
    return (start + NOISE * random_start(n_samples, n_components, rng)).astype(np.float32)


def _spectral(X: Any, graph: FuzzyGraph, n_components: int, n_threads: int) -> NDArray[np.float64]:
    guess = None if X is None else pca_start(X, n_components)
    return spectral_coordinates(
        graph.starts, graph.columns, graph.weights, n_components, guess=guess, n_threads=n_threads
    )


def _of_parts(
    X: Any,
    graph: FuzzyGraph,
    parts: NDArray[np.int32],
    n_parts: int,
    n_components: int,
    rng: np.random.Generator,
    n_threads: int,
) -> NDArray[np.float64]:
    """Each part by its own eigenvectors, small enough to keep clear of the others' centres."""
    members = [np.flatnonzero(parts == part) for part in range(n_parts)]
    if X is None:
        centres = random_start(n_parts, n_components, rng)
    else:
        means = np.stack(
            [np.asarray(X[rows].mean(axis=0, dtype=np.float64)).ravel() for rows in members]
        )
        centres = pca_start(means, n_components)
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    start = np.empty((len(parts), n_components))
    for rows, centre, gap in zip(members, centres, gaps.min(axis=1), strict=True):
        among = None if X is None else X[rows]
        own = _spectral(among, graph.among(rows), n_components, n_threads)
        start[rows] = centre + _reaching(own, float(gap) / 2.0)
    return start


def _reaching(Y: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    largest = float(np.abs(Y).max(initial=0.0))
    return Y * (reach / largest) if largest > 0 else Y
