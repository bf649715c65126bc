"""Fuzzy neighbourhoods: distances as degrees of membership, and labels that sharpen them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..neighbors import NeighborGraph

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["FuzzyGraph", "at_edges", "edges_of_both", "fuzzy_graph", "sharpened", "stand_in"]

UNKNOWN = -1
LEAST = 1e-8
"""Stands for an edge that one of two graphs lacks, if its weakest edge is no stronger."""
UNKNOWN_PENALTY = float(np.exp(-1.0))
"""What becomes of an edge that has an end without a label."""


@dataclass(frozen=True, eq=False)
class FuzzyGraph:
    """Degrees to which points are neighbours: a symmetric sparse matrix.

    Parameters
    ----------
    starts : ndarray of shape (n_samples + 1,), dtype int64
        Where the edges of each point begin.
    columns : ndarray of shape (n_edges,), dtype int32
        Their other ends, ascending for each point.
    weights : ndarray of shape (n_edges,), dtype float32
        In (0, 1].
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float32]

    @property
    def n_samples(self) -> int:
        """Number of points."""
        return len(self.starts) - 1

    @property
    def rows(self) -> NDArray[np.int64]:
        """The point that each edge belongs to."""
        return np.repeat(np.arange(self.n_samples), np.diff(self.starts))

    def to_sparse(self) -> csr_array[Any]:
        """As a SciPy sparse array of shape (n_samples, n_samples)."""
        from scipy.sparse import csr_array

        shape = (self.n_samples, self.n_samples)
        return csr_array((self.weights, self.columns, self.starts), shape=shape)

    @classmethod
    def from_sparse(cls, graph: Any) -> FuzzyGraph:
        """Read what `to_sparse` gives."""
        graph = graph.tocsr()
        graph.sort_indices()
        return cls(
            graph.indptr.astype(np.int64),
            graph.indices.astype(np.int32),
            graph.data.astype(np.float32),
        )

    def weighted(self, weights: NDArray[np.floating]) -> FuzzyGraph:
        """The same edges with other weights."""
        return FuzzyGraph(self.starts, self.columns, weights.astype(np.float32))

    def reconnected(self) -> FuzzyGraph:
        """Give every point that has an edge a full neighbour again; edges of weight 0 go."""
        weights = self.weights.astype(np.float64)
        largest = np.zeros(self.n_samples)
        np.maximum.at(largest, self.rows, weights)
        weights = weights / np.where(largest > 0, largest, 1.0)[self.rows]
        scaled = FuzzyGraph(self.starts, self.columns, weights.astype(np.float32)).to_sparse()
        back = scaled.T.tocsr()
        joined = scaled + back - scaled * back
        joined.eliminate_zeros()
        return FuzzyGraph.from_sparse(joined)

    def among(self, members: NDArray[np.intp]) -> FuzzyGraph:
        """Edges between some of the points, ascending, which are numbered anew."""
        number = np.full(self.n_samples, -1, dtype=np.int32)
        number[members] = np.arange(len(members), dtype=np.int32)
        # Only the edges of these points are looked at: there may be many parts of a large graph.
        firsts = self.starts[members]
        counts = self.starts[members + 1] - firsts
        edges = np.repeat(firsts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        rows = np.repeat(np.arange(len(members)), counts)
        columns = number[self.columns[edges]]
        kept = columns >= 0
        counts = np.bincount(rows[kept], minlength=len(members))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return FuzzyGraph(starts, columns[kept], self.weights[edges[kept]])

    def parts(self) -> tuple[int, NDArray[np.int32]]:
        """How many parts no edge joins, and the part of each point, by their first points."""
        return _kernels.graph_parts(self.starts, self.columns)


def fuzzy_graph(
    neighbors: NeighborGraph,
    *,
    set_op_mix_ratio: float = 1.0,
    local_connectivity: float = 1.0,
    longest: float | None = None,
    n_threads: int = 1,
) -> FuzzyGraph:
    """Join the fuzzy neighbourhoods of all points.

    Parameters
    ----------
    neighbors : NeighborGraph
        Neighbours of every row, without the row itself.
    set_op_mix_ratio : float
        1 keeps an edge that either end sees, 0 only what both see.
    local_connectivity : float
        Neighbours of each point that are connected fully.
    longest : float, optional
        Neighbours at this distance or beyond are left out.
    n_threads : int
        Changes the time and not the result.

    Returns
    -------
    graph : FuzzyGraph
        Symmetric.
    """
    memberships, _, _ = _kernels.fuzzy_memberships(
        neighbors.distances, local_connectivity, n_threads=n_threads
    )
    indices = neighbors.indices
    if longest is not None:
        indices = np.where(neighbors.distances < longest, indices, np.int32(-1))
    return FuzzyGraph(
        *_kernels.fuzzy_union(indices, memberships, set_op_mix_ratio, n_threads=n_threads)
    )


def sharpened(graph: FuzzyGraph, labels: NDArray[np.int64], weight: float) -> FuzzyGraph:
    """Weaken edges between unlike labels, and let every point have a full neighbour again.

    Parameters
    ----------
    graph : FuzzyGraph
        Symmetric.
    labels : ndarray of int, shape (n_samples,)
        -1 where the label is not known.
    weight : float
        0 leaves the graph as it is, 1 cuts every edge between unlike labels.

    Returns
    -------
    graph : FuzzyGraph
        Symmetric.
    """
    distance = 2.5 / (1.0 - weight) if weight < 1.0 else 1e12
    mine, other = labels[graph.rows], labels[graph.columns]
    unknown = (mine == UNKNOWN) | (other == UNKNOWN)
    factor = np.where(unknown, UNKNOWN_PENALTY, np.where(mine == other, 1.0, np.exp(-distance)))
    weights = (graph.weights * factor).astype(np.float32)
    return FuzzyGraph(graph.starts, graph.columns, weights).reconnected()


def edges_of_both(left: FuzzyGraph, right: FuzzyGraph) -> FuzzyGraph:
    """Edges that either of two graphs of the same points has; weights say nothing."""
    both = (left.to_sparse() != 0) + (right.to_sparse() != 0)
    return FuzzyGraph.from_sparse(both.astype(np.float32))


def at_edges(
    graph: FuzzyGraph, edges: FuzzyGraph, *, missing: float | None = None
) -> NDArray[np.float64]:
    """Weights of a graph at the edges of a larger one; half its weakest where it has none."""
    n = edges.n_samples
    there = np.searchsorted(edges.rows * n + edges.columns, graph.rows * n + graph.columns)
    weights = np.full(len(edges.columns), stand_in(graph) if missing is None else missing)
    weights[there] = graph.weights
    return weights


def stand_in(graph: FuzzyGraph) -> float:
    """What an edge counts that a graph lacks."""
    return max(float(graph.weights.min(initial=1.0)) / 2.0, LEAST)
