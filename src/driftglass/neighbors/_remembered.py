"""Neighbours found once for several methods that ask for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._graph import NeighborGraph

__all__ = ["RememberedGraphs", "remember_neighbors", "remembered"]

MAX_BYTES = 1 << 30


class RememberedGraphs:
    """Neighbour graphs by the content of the vectors they were found in.

    Parameters
    ----------
    max_bytes : int
        What the graphs may take; those not asked for the longest are dropped.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_found = 0
        """How often a graph was there already."""
        self._graphs: OrderedDict[tuple[Any, ...], tuple[NeighborGraph, int]] = OrderedDict()

    @property
    def nbytes(self) -> int:
        """Bytes of all graphs."""
        return sum(g.indices.nbytes + g.distances.nbytes for g, _ in self._graphs.values())

    def find(
        self,
        X: NDArray[Any],
        n_neighbors: int,
        settings: tuple[Any, ...],
        random_state: int,
        search: Callable[[], NeighborGraph],
    ) -> NeighborGraph:
        """Graph of these vectors, from an earlier search where there was one."""
        key = (_digest(X), *settings)
        kept, seed = self._graphs.get(key, (None, 0))
        if kept is not None and _answers(kept, seed, n_neighbors, random_state):
            self.n_found += 1
            self._graphs.move_to_end(key)
            return kept if kept.n_neighbors == n_neighbors else kept.restrict(n_neighbors)
        graph = search()
        self._graphs[key] = (graph, random_state)
        self._graphs.move_to_end(key)
        while self.nbytes > self.max_bytes and self._graphs:
            self._graphs.popitem(last=False)
        return graph


_CURRENT: ContextVar[RememberedGraphs | None] = ContextVar("remembered", default=None)


@contextmanager
def remember_neighbors(*, max_bytes: int = MAX_BYTES) -> Iterator[RememberedGraphs]:
    """Search the neighbours of the same vectors only once, whichever method asks for them.

    Within the block, every search of `nearest_neighbors`, and so every fit of UMAP, t-SNE, PaCMAP,
    LocalMAP and PHATE, first looks for a graph of equal vectors: by a hash of their content, the
    metric, the kind of search and, unless it was exact, the seed.

    Parameters
    ----------
    max_bytes : int
        What the graphs may take; those not asked for the longest are dropped.

    Yields
    ------
    graphs : RememberedGraphs
        With ``n_found``, how often a search was spared.

    Examples
    --------
    >>> from driftglass.neighbors import nearest_neighbors, remember_neighbors
    >>> X = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    >>> with remember_neighbors() as graphs:
    ...     first = nearest_neighbors(X, 15)
    ...     again = nearest_neighbors(X.copy(), 10)
    >>> graphs.n_found, bool((first.indices[:, :10] == again.indices).all())
    (1, True)
    """
    graphs = RememberedGraphs(max_bytes)
    token = _CURRENT.set(graphs)
    try:
        yield graphs
    finally:
        _CURRENT.reset(token)


def remembered() -> RememberedGraphs | None:
    """The graphs of the block that is running, if there is one."""
    return _CURRENT.get()


def _answers(kept: NeighborGraph, seed: int, n_neighbors: int, random_state: int) -> bool:
    """Whether a new search would find just what this graph holds.

    A part of an exact graph is what the shorter search would have found, to the last bit. An
    approximate one depends on the seed, and a part of it is as good but not the same.
    """
    if kept.method == "exact":
        return kept.n_neighbors >= n_neighbors
    return kept.n_neighbors == n_neighbors and seed == random_state


def _digest(X: NDArray[Any]) -> tuple[Any, ...]:
    import xxhash

    return X.shape, X.dtype.str, xxhash.xxh3_128_hexdigest(np.ascontiguousarray(X).data)
