"""How faithful a map is, from fixed anchor rows ranked against all points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_NEIGHBORS, N_LABEL_NEIGHBORS = 15, 10
N_ANCHORS, N_SAMPLED, N_TRIPLETS = 2000, 500, 50
BLOCK_BYTES = 1 << 26


def map_quality(
    X: NDArray[np.float32],
    Y: NDArray[np.float32],
    labels: NDArray[Any] | None,
    *,
    metric: str = "euclidean",
    n_anchors: int = N_ANCHORS,
) -> dict[str, float]:
    """Six figures; a higher one is better in each.

    Trustworthiness and continuity count all rows as in Venna and Kaski (2001), for the anchors
    alone; the others are means over anchors.
    """
    if metric == "cosine":
        X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-30)
    n, k = len(X), N_NEIGHBORS
    rng = np.random.default_rng(0)
    anchors = np.sort(rng.choice(n, min(n_anchors, n), replace=False))
    totals: dict[str, list[float]] = {}
    blocks = zip(squared_distances(X, anchors), squared_distances(Y, anchors), strict=True)
    for (rows, there), (_, here) in blocks:
        for anchor, far, close in zip(rows, there, here, strict=True):
            near, shown = nearest(far, k), nearest(close, k)
            sample = rng.integers(0, n, (2, N_SAMPLED))
            sample = np.where(sample == anchor, (sample + 1) % n, sample)
            first, second = sample[:, :N_TRIPLETS]
            agrees = (far[first] < far[second]) == (close[first] < close[second])
            figures = {
                "intruders": beyond(far, shown, k),
                "lost": beyond(close, near, k),
                "neighbours_kept": len(np.intersect1d(near, shown)) / k,
                "spearman": rank_correlation(far[sample[0]], close[sample[0]]),
                "triplets": agrees[first != second].mean(),
            }
            if labels is not None:
                votes = np.bincount(labels[nearest(close, N_LABEL_NEIGHBORS)])
                figures["label_accuracy"] = votes.argmax() == labels[anchor]
            for name, value in figures.items():
                totals.setdefault(name, []).append(float(value))
    means = {name: float(np.mean(values)) for name, values in totals.items()}
    scale = 2 / (k * (2 * n - 3 * k - 1))
    means = {
        "trustworthiness": 1 - scale * means.pop("intruders"),
        "continuity": 1 - scale * means.pop("lost"),
        **means,
    }
    return {name: round(value, 4) for name, value in means.items()}


def recall_of(
    X: NDArray[np.float32], indices: NDArray[Any], *, metric: str, n_checked: int
) -> float:
    """Share of the true nearest neighbours among those found, at rows drawn at random."""
    if metric == "cosine":
        X = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1e-30)
    rng = np.random.default_rng(1)
    rows = np.sort(rng.choice(len(X), min(n_checked, len(X)), replace=False))
    k = indices.shape[1]
    right = []
    for block, distances in squared_distances(X, rows):
        for row, squared in zip(block, distances, strict=True):
            # By distance, so that rows at the same distance count alike; the slack is rounding.
            limit = np.partition(squared, k - 1)[k - 1]
            found = np.setdiff1d(indices[row], [-1, row])
            squared_found = ((X[found].astype(np.float64) - X[row]) ** 2).sum(axis=1)
            right.append((squared_found <= limit * (1 + 1e-4) + 1e-12).sum() / k)
    return round(float(np.mean(right)), 4)


def squared_distances(
    X: NDArray[np.float32], rows: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
    """Blocks of rows with their squared distances to all; infinite to themselves."""
    X = X - X.mean(axis=0, dtype=np.float64).astype(np.float32)
    norms = np.einsum("ij,ij->i", X, X, dtype=np.float64).astype(np.float32)
    step = max(1, BLOCK_BYTES // (4 * len(X)))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        squared = X[block] @ X.T
        squared *= -2
        squared += norms
        squared += norms[block, None]
        np.maximum(squared, 0, out=squared)
        squared[np.arange(len(block)), block] = np.inf
        yield block, squared


def nearest(squared: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    return np.argpartition(squared, k)[:k]


def beyond(squared: NDArray[np.float32], chosen: NDArray[np.intp], k: int) -> float:
    """By how many ranks the chosen lie beyond the k nearest, summed."""
    ranks = 1 + (squared < squared[chosen, None]).sum(axis=1)
    return float(np.maximum(ranks - k, 0).sum())


def rank_correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (first, second)]
    return float(np.corrcoef(*ranks)[0, 1])
