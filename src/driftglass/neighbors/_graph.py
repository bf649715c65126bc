"""k nearest neighbours as two arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["METRICS", "NeighborGraph"]

METRICS = ("euclidean", "cosine", "correlation", "manhattan", "inner_product")


@dataclass(frozen=True, eq=False)
class NeighborGraph:
    """The k nearest neighbours of each query row, nearest first.

    Parameters
    ----------
    indices : ndarray of shape (n_queries, n_neighbors), dtype int32
        Rows of the data; equal distances are ordered by lower row.
    distances : ndarray of shape (n_queries, n_neighbors), dtype float32
        In the unit of the vectors for "euclidean"; in [0, 2] for "cosine".
    metric : str
        Name of the distance.
    queries : ndarray of shape (n_queries,), dtype int32
        Row of the data that each row of the graph belongs to.
    n_samples : int
        Rows of the data.
    notes : tuple of str
        What a reader should know, for example that `n_neighbors` was lowered.
    method : {"exact", "approximate", "given"}
        How they were found.
    recall : float
        Share of the true neighbours that are there, measured on a sample; 1 if exact.

    Raises
    ------
    ShapeError
        The arrays do not belong together.

    Examples
    --------
    >>> from driftglass.neighbors import exact_neighbors
    >>> graph = exact_neighbors([[0.0], [1.0], [3.0]], 1)
    >>> graph.indices.ravel(), graph.distances.ravel()
    (array([1, 0, 1], dtype=int32), array([1., 1., 2.], dtype=float32))
    """

    indices: NDArray[np.int32]
    distances: NDArray[np.float32]
    metric: str
    queries: NDArray[np.int32]
    n_samples: int
    notes: tuple[str, ...] = ()
    method: str = "exact"
    recall: float = 1.0

    def __post_init__(self) -> None:
        if self.indices.shape != self.distances.shape or len(self.queries) != len(self.indices):
            raise ShapeError(
                f"indices {self.indices.shape}, distances {self.distances.shape} and "
                f"{len(self.queries)} queries do not belong together; (n_queries, n_neighbors) "
                f"twice and (n_queries,) are needed."
            )

    @property
    def n_neighbors(self) -> int:
        """Neighbours per row: as many as were asked for, unless there were fewer rows."""
        return int(self.indices.shape[1])

    def restrict(self, n_neighbors: int) -> NeighborGraph:
        """Keep only the nearest `n_neighbors` of each row."""
        if not 0 <= n_neighbors <= self.n_neighbors:
            raise InvalidInputError(
                f"n_neighbors is {n_neighbors}; this graph has 0 to {self.n_neighbors}. "
                f"Compute it again with more."
            )
        return replace(
            self,
            indices=np.ascontiguousarray(self.indices[:, :n_neighbors]),
            distances=np.ascontiguousarray(self.distances[:, :n_neighbors]),
        )

    def to_sparse(self) -> csr_array[Any]:
        """Distances as a SciPy sparse array of shape (n_samples, n_samples).

        Zero distances are stored, so that duplicates stay neighbours.
        """
        from scipy.sparse import csr_array

        counts = np.zeros(self.n_samples, dtype=np.int64)
        counts[self.queries] = self.n_neighbors
        starts = np.concatenate([[0], np.cumsum(counts)])
        order = np.argsort(self.queries, kind="stable")
        data = (self.distances[order].ravel(), self.indices[order].ravel(), starts)
        return csr_array(data, shape=(self.n_samples, self.n_samples))
