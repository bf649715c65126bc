"""Distances of neighbours to the affinities that t-SNE draws: symmetric, sparse, reusable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    "by_labels",
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

    @classmethod
    def of(
        cls,
        X: Any,
        perplexity: float | Sequence[float] = 30.0,
        *,
        metric: Any = "euclidean",
        y: Any = None,
        target_weight: float = 0.5,
        n_jobs: int | None = None,
    ) -> Affinities:
        """Affinities of the rows of X, to be used for more than one map.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or NeighborGraph
            Finite vectors, a sparse matrix, distances if `metric` is "precomputed", or
            neighbours that have been found.
        perplexity : float or sequence of float
            As in `TSNE`, but not lowered.
        metric : str or callable
            As in `TSNE`. A graph has its own.
        y : array-like of shape (n_samples,), optional
            Labels; -1, None and NaN are unknown.
        target_weight : float
            Of labels, from 0 to 1, as in `TSNE`.
        n_jobs : int or None
            Threads; None uses every core.

        Returns
        -------
        affinities : Affinities
            To be given as ``TSNE(precomputed_affinities=...)``.

        Raises
        ------
        InvalidInputError
            There are not as many rows as the perplexity needs.

        Examples
        --------
        >>> from driftglass.projections import Affinities
        >>> X = np.random.default_rng(0).normal(size=(100, 5))
        >>> Affinities.of(X, 10).perplexities
        (10.0,)
        """
        from .._arrays import as_vectors
        from ._tsne_rows import check_distances, is_sparse, neighbors_among
        from ._umap_checks import as_labels

        perplexities = as_perplexities(perplexity)
        most = max(perplexities)
        if isinstance(X, NeighborGraph):
            graph = X
        else:
            rows = X if is_sparse(X) else as_vectors(X, name="X")
            if isinstance(metric, str) and metric == "precomputed":
                check_distances(rows)
            n_samples = rows.shape[0]
            _require(most, n_samples - 1)
            k = neighbors_for(perplexities, n_samples)
            graph = neighbors_among(rows, k, metric, n_jobs=n_jobs)
        _require(most, graph.n_neighbors)
        labels = None if y is None else as_labels(y, graph.n_samples)
        return joint_affinities(
            graph, perplexities, n_jobs, labels=labels, target_weight=target_weight
        )

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


def by_labels(
    weights: NDArray[np.float32],
    indices: NDArray[np.int32],
    labels: NDArray[np.int64],
    target_weight: float,
) -> NDArray[np.float32]:
    """Weights of neighbours, with less for those known to be of another kind.

    A weight between rows of different known labels is multiplied by ``1 - target_weight``;
    then each row adds up to one again. A row that loses all its neighbours keeps them.

    Parameters
    ----------
    weights, indices : ndarray of shape (n_samples, n_neighbors)
        Conditional probabilities and the rows they belong to.
    labels : ndarray of shape (n_samples,)
        Numbers of kinds; -1 is unknown.
    target_weight : float
        From 0, which ignores labels, to 1, which cuts neighbours of other kinds off.

    Returns
    -------
    weights : ndarray of shape (n_samples, n_neighbors)
        Rows that add up to one.
    """
    own, other = labels[:, None], labels[indices]
    differ = (own != other) & (own >= 0) & (other >= 0)
    less = np.where(differ, weights * np.float32(1.0 - target_weight), weights)
    totals = less.sum(axis=1, keepdims=True)
    # Rows of which nothing is taken keep every bit.
    changed = (totals > 1e-6) & (differ.any(axis=1, keepdims=True) & (target_weight > 0))
    return np.where(changed, less / np.maximum(totals, np.float32(1e-6)), weights)


def joint_affinities(
    graph: NeighborGraph,
    perplexities: tuple[float, ...],
    n_jobs: int | None = None,
    *,
    labels: NDArray[np.int64] | None = None,
    target_weight: float = 0.5,
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
    labels : ndarray of shape (n_samples,), optional
        Kinds of rows, as in `by_labels`.
    target_weight : float
        Of labels, from 0 to 1.

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
    if labels is not None:
        weights = by_labels(weights, graph.indices, labels, target_weight)
    starts, columns, values = _kernels.joint_affinities(
        np.ascontiguousarray(graph.indices), weights, n_threads=effective_n_jobs(n_jobs)
    )
    return Affinities(starts, columns, values, perplexities)


def _require(perplexity: float, most: float) -> None:
    if perplexity > most:
        raise InvalidInputError(
            f"perplexity is {perplexity:g}; each row has {most:g} neighbours. At most a third "
            f"of that is sensible."
        )
