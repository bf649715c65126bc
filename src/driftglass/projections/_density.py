"""The density term of densMAP: where the data are dense, the map shall be dense too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..neighbors import NeighborGraph
from ._fuzzy import FuzzyGraph

__all__ = ["DensityForce", "DensityTerm", "edge_distances", "log_radii"]

LEAST_RADIUS = 1e-8


@dataclass(frozen=True)
class DensityTerm:
    """How much the local radii of a map shall follow those of the data.

    Parameters
    ----------
    weight : float
        Of the term, beside attraction and repulsion.
    last_share : float
        Share of the epochs, at the end, in which it counts.
    shift : float
        Added to the variance of the logarithms of the map's radii.

    References
    ----------
    .. [1] Narayan, Berger and Cho (2021). Assessing single-cell transcriptomic variability
       through density-preserving data visualization. Nature Biotechnology 39.
    """

    weight: float
    last_share: float
    shift: float

    def first_epoch(self, n_epochs: int) -> int:
        """Epoch in which it begins to count."""
        return n_epochs - int(np.ceil(self.last_share * n_epochs))


@dataclass(frozen=True, eq=False)
class DensityForce:
    """A density term and the radii it wants.

    Parameters
    ----------
    term : DensityTerm
        How much.
    graph : FuzzyGraph
        Whose edges measure radii.
    wanted : ndarray of shape (n_samples,), dtype float32
        Logarithms of the radii wanted, with mean 0 and variance 1, or all 0.
    """

    term: DensityTerm
    graph: FuzzyGraph
    wanted: NDArray[np.float32]

    @classmethod
    def towards(
        cls, radii: NDArray[np.float64], graph: FuzzyGraph, term: DensityTerm
    ) -> DensityForce:
        """Towards given logarithms of radii, whatever their mean and scale."""
        spread = float(radii.std())
        centred = radii - radii.mean()
        wanted = centred / spread if spread > 1e-9 else np.zeros_like(radii)
        return cls(term, graph, wanted.astype(np.float32))

    def size(self, rate: float) -> float:
        """How far along the gradient a step of an epoch goes: weighed against all edges."""
        total = float(self.graph.weights.sum(dtype=np.float64)) / 2.0
        return rate * self.term.weight * total / float(self.graph.weights.max(initial=1e-30))

    def step(
        self, positions: NDArray[np.float32], a: float, b: float, rate: float, n_threads: int
    ) -> float:
        """Move the points once, in place; the correlation of radii before it."""
        return _kernels.density_step(
            positions,
            self.graph.starts,
            self.graph.columns,
            self.wanted,
            a=a,
            b=b,
            shift=self.term.shift,
            step=self.size(rate),
            n_threads=n_threads,
        )


def edge_distances(graph: FuzzyGraph, neighbors: NeighborGraph) -> NDArray[np.float32]:
    """Distance along each edge, found at whichever end has the other as a neighbour."""
    n = np.int64(graph.n_samples)
    k = neighbors.n_neighbors
    near = np.repeat(np.arange(n), k)
    far = neighbors.indices.ravel().astype(np.int64)
    keys = np.concatenate([near * n + far, far * n + near])
    distances = np.tile(neighbors.distances.ravel(), 2)
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[order], graph.rows * n + graph.columns)
    return np.ascontiguousarray(distances[order[at]])


def log_radii(graph: FuzzyGraph, distances: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithm of the mean squared distance of each point's edges, by their weights.

    Parameters
    ----------
    graph : FuzzyGraph
        Symmetric.
    distances : ndarray of shape (n_edges,)
        Along its edges.

    Returns
    -------
    radii : ndarray of shape (n_samples,)
        ``log(1e-8 + r)``; rows without an edge take the mean of the others.
    """
    n = graph.n_samples
    weights = graph.weights.astype(np.float64)
    squares = distances.astype(np.float64) ** 2
    total = np.bincount(graph.rows, weights, minlength=n)
    sums = np.bincount(graph.rows, weights * squares, minlength=n)
    joined = total > 0
    radii = np.zeros(n)
    radii[joined] = np.log(LEAST_RADIUS + sums[joined] / total[joined])
    radii[~joined] = radii[joined].mean() if joined.any() else 0.0
    return radii
