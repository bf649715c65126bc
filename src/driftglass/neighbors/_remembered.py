"""Stages made once for several maps: neighbours, and what methods make of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._graph import NeighborGraph

__all__ = ["RememberedGraphs", "remember_neighbors", "remembered", "remembered_stage"]

Made = TypeVar("Made")

MAX_BYTES = 1 << 30


class RememberedGraphs:
    """Neighbour graphs, and what was made of them, by the content of what they were made of.

    Parameters
    ----------
    max_bytes : int
        What all may take; what was not asked for the longest is dropped, later stages first.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_found = 0
        """How often a graph was there already."""
        self.n_stages_found = 0
        """How often a later stage was there already."""
        self._graphs: OrderedDict[tuple[Any, ...], tuple[NeighborGraph, int]] = OrderedDict()
        self._stages: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    @property
    def nbytes(self) -> int:
        """Bytes of all graphs and later stages."""
        graphs = (graph for graph, _ in self._graphs.values())
        return sum(map(_nbytes, graphs)) + sum(map(_nbytes, self._stages.values()))

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
        self._make_room()
        return graph

    def stage(
        self,
        what: str,
        of: Sequence[NDArray[Any]],
        settings: tuple[Any, ...],
        make: Callable[[], Made],
    ) -> Made:
        """What a method makes of these arrays, from an earlier fit where there was one.

        Nobody may change the arrays in what is returned.
        """
        key = (what, *map(_digest, of), *settings)
        if key in self._stages:
            self.n_stages_found += 1
        else:
            self._stages[key] = make()
        self._stages.move_to_end(key)
        made: Made = self._stages[key]
        self._make_room()
        return made

    def _make_room(self) -> None:
        while self.nbytes > self.max_bytes and (self._stages or self._graphs):
            (self._stages or self._graphs).popitem(last=False)


_CURRENT: ContextVar[RememberedGraphs | None] = ContextVar("remembered", default=None)


@contextmanager
def remember_neighbors(*, max_bytes: int = MAX_BYTES) -> Iterator[RememberedGraphs]:
    """Search the neighbours of the same vectors only once, whichever method asks for them.

    Within the block, every search of `nearest_neighbors`, and so every fit of UMAP, t-SNE, PaCMAP,
    LocalMAP and PHATE, first looks for a graph of equal vectors: by a hash of their content, the
    metric, the kind of search and, unless it was exact, the seed. The affinities that UMAP and
    t-SNE make of equal graphs, and their spectral starts, are made once as well, so that a fit with
    another `min_dist` or learning rate goes straight to the layout. Maps are the same to the bit.

    Parameters
    ----------
    max_bytes : int
        What all may take; what was not asked for the longest is dropped, later stages first.

    Yields
    ------
    graphs : RememberedGraphs
        With ``n_found``, how often a search was spared, and ``n_stages_found``.

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


def remembered_stage(
    what: str, of: Sequence[Any], settings: tuple[Any, ...], make: Callable[[], Made]
) -> Made:
    """`make`, or what it made before of equal arrays in the block that is running.

    Anything in `of` that is no array, such as sparse rows, is not compared: then it is made anew.
    """
    graphs = remembered()
    if graphs is None or not all(isinstance(array, np.ndarray) for array in of):
        return make()
    return graphs.stage(what, of, settings, make)


def _nbytes(made: Any) -> int:
    if isinstance(made, np.ndarray):
        return made.nbytes
    if isinstance(made, tuple):
        return sum(map(_nbytes, made))
    if is_dataclass(made):
        return sum(_nbytes(getattr(made, field.name)) for field in fields(made))
    return 0


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
