"""The affinities that a t-SNE goes by: given, of given neighbours, or of neighbours it finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from ..neighbors import NeighborGraph
from ..neighbors._remembered import remembered_stage
from ._affinities import (
    Affinities,
    as_perplexities,
    effective_perplexities,
    joint_affinities,
    neighbors_for,
)
from ._tsne_rows import neighbors_among
from ._umap_checks import as_graph
from ._watch import Watch

__all__ = ["affinities_for", "costs"]


def costs(estimator: Any, n_samples: int) -> dict[str, float]:
    """What each stage of a fit is expected to cost, in iterations of its layout."""
    searched = estimator.precomputed_affinities is None and estimator.precomputed_knn is None
    return {
        # A search looks at more pairs for each row there is; an iteration does not.
        "neighbors": 50.0 + n_samples / 100.0 if searched else 0.0,
        "affinities": 30.0 if estimator.precomputed_affinities is None else 0.0,
        "initialization": 20.0,
        "layout": max(float(estimator.early_exaggeration_iter + estimator.n_iter), 1.0),
    }


def affinities_for(
    estimator: Any,
    X: Any,
    labels: NDArray[np.int64] | None,
    notes: list[str],
    watch: Watch,
) -> tuple[Affinities, NeighborGraph | None]:
    """Affinities of the rows of X as an estimator's parameters say, and their neighbours.

    What had to be changed to make them is added to `notes`.
    """
    n_samples = X.shape[0]
    given = estimator.precomputed_affinities
    if given is not None:
        if given.n_samples != n_samples:
            raise ShapeError(
                f"precomputed_affinities are of {given.n_samples} rows and X has {n_samples}; "
                f"the same rows are needed."
            )
        return given, None
    wanted = as_perplexities(estimator.perplexity)
    perplexities = effective_perplexities(wanted, n_samples)
    if max(perplexities) < max(wanted):
        notes.append(
            f"perplexity {max(wanted):g} lowered to {max(perplexities):g}: "
            f"only {n_samples} samples."
        )
    if min(wanted) < 1:
        notes.append(f"perplexity {min(wanted):g} raised to 1: one neighbour is the least.")
    k = neighbors_for(perplexities, n_samples)
    graph = _neighbors(estimator, X, k, watch)
    if graph.n_neighbors < k:
        perplexities = effective_perplexities(perplexities, graph.n_neighbors + 1)
        notes.append(
            f"perplexity lowered to {max(perplexities):g}: precomputed_knn has only "
            f"{graph.n_neighbors} neighbours."
        )
        graph = graph.restrict(neighbors_for(perplexities, graph.n_neighbors + 1))
    watch.before_the_map("affinities", 0, 1)
    weight, n_jobs = float(estimator.target_weight), estimator.n_jobs

    def joined() -> Affinities:
        return joint_affinities(graph, perplexities, n_jobs, labels=labels, target_weight=weight)

    of = [graph.indices, graph.distances, *([] if labels is None else [labels])]
    return remembered_stage("joint affinities", of, (tuple(perplexities), weight), joined), graph


def _neighbors(estimator: Any, X: Any, k: int, watch: Watch) -> NeighborGraph:
    if estimator.precomputed_knn is not None:
        return as_graph(estimator.precomputed_knn, X.shape[0], k + 1)

    def progress(done: float, total: float, what: str) -> None:
        watch.before_the_map("neighbors", done, total)

    progress(0, 1, "")
    return neighbors_among(
        X,
        k,
        estimator.metric,
        n_jobs=estimator.n_jobs,
        progress=progress,
        device=estimator.device,
    )
