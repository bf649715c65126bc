"""Maps of the same rows joined by their fuzzy graphs: what both see, either, or one alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInputError, ShapeError
from ..parallel import effective_n_jobs
from ._edge_layout import lay_out
from ._fuzzy import FuzzyGraph, at_edges, edges_of_both
from ._notes import Notes
from ._umap_start import initial_positions

if TYPE_CHECKING:
    from ._umap import UMAP

__all__ = ["Join", "combined", "difference", "intersection", "union"]

Join = Callable[[FuzzyGraph, FuzzyGraph], FuzzyGraph]


def union(left: FuzzyGraph, right: FuzzyGraph) -> FuzzyGraph:
    """Edges that either graph has: the chance that one of two independent ones is there."""
    edges = edges_of_both(left, right)
    p, q = at_edges(left, edges, missing=0.0), at_edges(right, edges, missing=0.0)
    return edges.weighted(p + q - p * q).reconnected()


def intersection(left: FuzzyGraph, right: FuzzyGraph) -> FuzzyGraph:
    """Edges that both graphs have; one that a graph lacks counts there as half its weakest."""
    edges = edges_of_both(left, right)
    return edges.weighted(at_edges(left, edges) * at_edges(right, edges)).reconnected()


def difference(left: FuzzyGraph, right: FuzzyGraph) -> FuzzyGraph:
    """Edges of the left graph, as far as the right one lacks them."""
    edges = edges_of_both(left, right)
    p, q = at_edges(left, edges, missing=0.0), at_edges(right, edges, missing=0.0)
    # Points all of whose edges both have keep a trace of them, and so a place.
    trace = 1e-3 * float(left.weights.min(initial=1.0))
    return edges.weighted(p * np.maximum(1.0 - q, trace)).reconnected()


def combined(left: UMAP, right: Any, join: Join, sign: str) -> UMAP:
    """A map, with the parameters of the left one, of the joined graph of two.

    Parameters
    ----------
    left, right : UMAP
        Fitted on the same rows, in the same order.
    join : callable
        Makes one graph of two.
    sign : str
        What stands between them, for messages.

    Returns
    -------
    result : UMAP
        Fitted, without vectors: it has a graph and a map, and can't place other rows.
    """
    graphs = []
    for model in (left, right):
        if not hasattr(model, "affinities_"):
            model._require_fitted()
        if model.affinities_ is None:
            raise InvalidInputError(
                f"One side of {sign!r} is a map of three rows or fewer, which needs no graph; "
                f"fit both on more."
            )
        graphs.append(model._groups.spread(model.affinities_))
    if graphs[0].n_samples != graphs[1].n_samples:
        raise ShapeError(
            f"The sides of {sign!r} are maps of {graphs[0].n_samples} and {graphs[1].n_samples} "
            f"rows; both are of the same rows, in the same order."
        )
    graph, notes = join(*graphs), Notes()
    result = type(left)(**left.get_params(deep=False))
    result.a_, result.b_, result.forces_ = left.a_, left.b_, left.forces_
    n_threads = effective_n_jobs(left.n_jobs)
    result.initial_ = initial_positions(
        left.init,
        None,
        graph,
        int(left.n_components),
        random_state=left.forces_.seed,
        n_threads=n_threads,
        notes=notes,
    )
    n_epochs = left.n_epochs_of(graph.n_samples)
    result.embedding_, result.n_iter_ = lay_out(
        result.initial_, graph, left.forces_, n_epochs, n_threads=n_threads
    )
    result.affinities_, result.neighbors_ = graph, None
    result._groups = type(left._groups).all_different(graph.n_samples)
    result._known = None
    result.n_neighbors_ = max(left.n_neighbors_, right.n_neighbors_)
    result.n_features_in_ = left.n_features_in_
    result.notes_ = notes.published(stacklevel=4)
    return result
