"""Distances of neighbours to the affinities that t-SNE draws: symmetric, sparse, reusable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..errors import InvalidInputError
from ..neighbors import NeighborGraph
from ..parallel import effective_n_jobs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = [
    "Affinities",
    "affinity_rows",
    "as_perplexities",
    "effective_perplexities",
    "joint_affinities",
    "neighbors_for",
]

NEIGHBORS_PER_PERPLEXITY = 3
"""Beyond three perplexities the Gaussian holds under two per cent of its weight."""


@dataclass(frozen=True, eq=False)
class Affinities:
    """Joint probabilities of pairs, symmetric and adding up to one.

    Parameters
    ----------
    starts : ndarray of shape (n_samples + 1,), dtype int64
        Where each row begins in `columns` and `values`.
    columns : ndarray of shape (n_pairs,), dtype int32
        Other row of each pair, ascending within a row.
    values : ndarray of shape (n_pairs,), dtype float32
        Probability of each pair.
    perplexities : tuple of float
        Effective perplexities that were mixed.
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    perplexities: tuple[float, ...]

    @property
    def n_samples(self) -> int:
        """Rows of the data."""
        return len(self.starts) - 1

    def to_sparse(self) -> csr_array[Any]:
        """Return them as a SciPy sparse array of shape (n_samples, n_samples)."""
        from scipy.sparse import csr_array

        shape = (self.n_samples, self.n_samples)
        return csr_array((self.values, self.columns, self.starts), shape=shape)


def as_perplexities(perplexity: Any) -> tuple[float, ...]:
    """One or several perplexities as a tuple."""
    several = isinstance(perplexity, Iterable) and not isinstance(perplexity, str)
    wanted = list(perplexity) if several else [perplexity]
    for value in wanted:
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not number or not 0 < value < np.inf:
            raise InvalidInputError(
                f"perplexity is {perplexity!r}; a positive number, or several, is needed."
            )
    if not wanted:
        raise InvalidInputError("perplexity is empty; at least one number is needed.")
    return tuple(float(value) for value in wanted)


def effective_perplexities(wanted: tuple[float, ...], n_samples: int) -> tuple[float, ...]:
    """Lower what so few rows cannot give, three times as many others; raise what is below 1."""
    most = max((n_samples - 1) / NEIGHBORS_PER_PERPLEXITY, 1.0)
    return tuple(dict.fromkeys(max(min(value, most), 1.0) for value in wanted))


def neighbors_for(perplexities: tuple[float, ...], n_samples: int) -> int:
    """How many neighbours the largest perplexity needs."""
    wanted = int(np.ceil(NEIGHBORS_PER_PERPLEXITY * max(perplexities)))
    return max(min(n_samples - 1, wanted), 1)


def affinity_rows(
    distances: NDArray[np.float32], perplexities: tuple[float, ...], n_jobs: int | None = None
) -> NDArray[np.float32]:
    """Weights of neighbours, each row adding up to one, with the entropy asked for.

    A weight is ``exp(-beta d²)``, scaled; beta is such that the entropy of the row is the
    logarithm of the perplexity. Several perplexities give the mean of their rows.

    Parameters
    ----------
    distances : ndarray of shape (n_samples, n_neighbors)
        Not negative. A row of equal distances gives equal weights.
    perplexities : tuple of float
        Between 1 and the number of neighbours.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    weights : ndarray of shape (n_samples, n_neighbors)
        Conditional probabilities.
    """
    return _kernels.affinity_rows(
        np.ascontiguousarray(distances, dtype=np.float32),
        np.asarray(perplexities, dtype=np.float64),
        n_threads=effective_n_jobs(n_jobs),
    )


def joint_affinities(
    graph: NeighborGraph, perplexities: tuple[float, ...], n_jobs: int | None = None
) -> Affinities:
    """Joint probabilities of a graph that has a row for each sample, in order.

    Parameters
    ----------
    graph : NeighborGraph
        Neighbours of every row.
    perplexities : tuple of float
        As in `affinity_rows`.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    affinities : Affinities
        ``(P + P.T) / (2 n)`` of the conditional probabilities P.
    """
    if len(graph.queries) != graph.n_samples:
        raise InvalidInputError(
            f"The graph has {len(graph.queries)} of {graph.n_samples} rows; all are needed. "
            f"Search neighbours without queries."
        )
    weights = affinity_rows(graph.distances, perplexities, n_jobs)
    starts, columns, values = _kernels.joint_affinities(
        np.ascontiguousarray(graph.indices), weights, n_threads=effective_n_jobs(n_jobs)
    )
    return Affinities(starts, columns, values, perplexities)
