"""How faithful a map is, from fixed anchor rows ranked against all points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftglass.diagnostics import quality

N_NEIGHBORS, N_LABEL_NEIGHBORS = 15, 10
N_ANCHORS, N_TRIPLETS = 2000, 5


def map_quality(
    X: NDArray[np.float32], Y: NDArray[np.float32], labels: NDArray[Any] | None
) -> dict[str, float]:
    """Six figures; a higher one is better in each."""
    Y = np.ascontiguousarray(Y, dtype=np.float32)
    rng = np.random.default_rng(0)
    anchors = np.sort(rng.choice(len(X), min(N_ANCHORS, len(X)), replace=False))
    measured = quality(X, Y, n_neighbors=N_NEIGHBORS, n_anchors=len(anchors), random_state=0)
    kept, right, spearman, triplets = [], [], [], []
    for anchor in anchors:
        there = _distances(X, anchor)
        here = _distances(Y, anchor)
        near = np.argpartition(there, N_NEIGHBORS)[:N_NEIGHBORS]
        close = np.argpartition(here, N_NEIGHBORS)[:N_NEIGHBORS]
        kept.append(len(np.intersect1d(near, close)) / N_NEIGHBORS)
        if labels is not None:
            closest = np.argpartition(here, N_LABEL_NEIGHBORS)[:N_LABEL_NEIGHBORS]
            right.append(np.bincount(labels[closest]).argmax() == labels[anchor])
        others = rng.integers(0, len(X), size=(2, N_TRIPLETS))
        others = np.where(others == anchor, (others + 1) % len(X), others)
        triplets.append(
            ((there[others[0]] < there[others[1]]) == (here[others[0]] < here[others[1]])).mean()
        )
        sample = rng.choice(len(X), min(500, len(X)), replace=False)
        spearman.append(np.corrcoef(_ranks(there[sample]), _ranks(here[sample]))[0, 1])
    figures = {
        "trustworthiness": float(measured.trustworthiness),
        "continuity": float(measured.continuity),
        "neighbours_kept": float(np.mean(kept)),
        "spearman": float(np.mean(spearman)),
        "triplets": float(np.mean(triplets)),
    }
    if labels is not None:
        figures["label_accuracy"] = float(np.mean(right))
    return {name: round(value, 4) for name, value in figures.items()}


def _distances(X: NDArray[np.float32], row: int) -> NDArray[np.float32]:
    squared: NDArray[np.float32] = ((X - X[row]) ** 2).sum(axis=1)
    squared[row] = np.inf
    return squared


def _ranks(values: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.argsort(np.argsort(values))
