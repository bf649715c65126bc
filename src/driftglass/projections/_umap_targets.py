"""Targets that sharpen a fuzzy graph: labels, or numbers that have neighbours of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ..neighbors import nearest_neighbors
from ._duplicates import Groups
from ._fuzzy import (
    UNKNOWN_PENALTY,
    FuzzyGraph,
    at_edges,
    edges_of_both,
    fuzzy_graph,
    sharpened,
    stand_in,
)
from ._umap_checks import as_labels

__all__ = ["CATEGORICAL", "Labels", "Numbers", "as_target"]

CATEGORICAL = "categorical"


@dataclass(frozen=True, eq=False)
class Labels:
    """A kind for each row.

    Parameters
    ----------
    numbers : ndarray of shape (n_samples,)
        Of the kinds; -1 where unknown.
    """

    numbers: NDArray[np.int64]

    def of_groups(self, groups: Groups) -> Labels:
        """Label of each group of equal rows; unknown where they disagree."""
        chosen = self.numbers[groups.first]
        disagree = groups.group[self.numbers != chosen[groups.group]]
        chosen[disagree] = -1
        return Labels(chosen)

    def sharpen(self, graph: FuzzyGraph, weight: float, _k: int, _n_threads: int) -> FuzzyGraph:
        """Weaken edges between unlike labels."""
        return sharpened(graph, self.numbers, weight)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Values for each row, near or far from each other.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_targets), dtype float32
        Not a number where unknown.
    metric : str or callable
        Their distance.
    """

    values: NDArray[np.float32]
    metric: str | Callable[..., float]

    def of_groups(self, groups: Groups) -> Numbers:
        """Mean of what is known of each group of equal rows."""
        known = ~np.isnan(self.values)
        n_groups = len(groups.first)
        sums = np.zeros((n_groups, self.values.shape[1]))
        counts = np.zeros_like(sums)
        np.add.at(sums, groups.group, np.where(known, self.values, 0.0))
        np.add.at(counts, groups.group, known)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        return Numbers(means.astype(np.float32), self.metric)

    def sharpen(self, graph: FuzzyGraph, weight: float, k: int, n_threads: int) -> FuzzyGraph:
        """Mix the graph with the fuzzy graph of the values, `k` neighbours with the row itself."""
        known = np.flatnonzero(~np.isnan(self.values).any(axis=1)).astype(np.int32)
        k = min(k, len(known))
        if k < 2:
            return graph
        metric: Any = self.metric
        found = nearest_neighbors(self.values[known], k - 1, metric=metric, n_jobs=n_threads)
        own = fuzzy_graph(found, n_threads=n_threads)
        starts = np.zeros(graph.n_samples + 1, dtype=np.int64)
        starts[known + 1] = np.diff(own.starts)
        theirs = FuzzyGraph(np.cumsum(starts), known[own.columns], own.weights)
        return _mixed(graph, theirs, np.isin(np.arange(graph.n_samples), known), weight)


def as_target(y: Any, n_samples: int, metric: Any, keywords: Any = None) -> Labels | Numbers:
    """Check targets y of shape (n_samples,) or, with a distance, (n_samples, n_targets)."""
    if isinstance(metric, str) and metric == CATEGORICAL:
        return Labels(as_labels(y, n_samples))
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"y can't be read as numbers, which target_metric={metric!r} needs: {error}. "
            f"Use target_metric='categorical' for labels."
        ) from error
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or len(values) != n_samples or values.shape[1] == 0:
        raise ShapeError(
            f"y has shape {np.shape(y)} for {n_samples} rows of X; one target per row is needed."
        )
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values).any(axis=1))[0])
        raise InvalidInputError(f"y is infinite in row {row}; use NaN for what is not known.")
    largest = np.nanmax(np.abs(values), initial=0.0)
    # Only ratios of distances count, and large values would not fit into single precision.
    scaled = values / largest if largest > 1e15 else values
    named = {"l2": "euclidean", "l1": "manhattan"}
    if keywords:
        metric = partial(metric, **keywords)
    return Numbers(scaled.astype(np.float32), named.get(metric, metric))


def _mixed(
    left: FuzzyGraph, right: FuzzyGraph, known: NDArray[np.bool_], weight: float
) -> FuzzyGraph:
    """Product of the weights of two graphs, each raised to its share, renormalized per point.

    An edge that one of them lacks counts there as half its weakest. Where an end has no target,
    the left edge alone says something, and less.
    """
    both = edges_of_both(left, right)
    told = known[both.rows] & known[both.columns]
    first, second = at_edges(left, both), at_edges(right, both)
    if weight < 0.5:
        joint = first * second ** (weight / (1.0 - weight))
    else:
        joint = first ** ((1.0 - weight) / weight) * second
    alone = np.where(first > stand_in(left), first * UNKNOWN_PENALTY, 0.0)
    weights = np.where(told, joint, alone)
    return both.weighted(weights).reconnected()
