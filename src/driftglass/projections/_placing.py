"""Fitted rows nearest to new ones, by looking at all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ._thin import directions

__all__ = ["nearest_fitted"]

BLOCK_VALUES = 1 << 24
SAME_DIRECTION = 1e-12
"""Cosine distance that rounding leaves between multiples of one vector."""


def nearest_fitted(
    X: NDArray[Any], fitted: NDArray[Any], k: int, metric: str, n_threads: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Rows of `fitted` nearest to each row of X, and their distances, both (n, k).

    A row's answer does not depend on the other rows of X.
    """
    if metric == "correlation":
        X, fitted, metric = directions(X, metric), directions(fitted, metric), "cosine"
    origin = fitted.mean(axis=0, dtype=np.float64) if metric == "euclidean" else 0.0
    # Single precision stays single, so that a large map is copied once and at no more width.
    base = np.concatenate([fitted, X]).astype(np.result_type(fitted, X, np.float32), copy=False)
    base -= np.asarray(origin, dtype=base.dtype)
    scale = max(float(base.max(initial=0.0)), -float(base.min(initial=0.0)), 1e-37)
    base /= base.dtype.type(scale)
    vectors = np.ascontiguousarray(base, dtype=np.float32)
    n = len(fitted)
    rows: NDArray[np.float32] = vectors
    if metric == "cosine":
        norms: NDArray[Any] = np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
    squares = np.einsum("ij,ij->i", rows[:n], rows[:n])
    # Products in single precision only narrow down; distances are computed from differences.
    wider = min(2 * k + 8, n)
    candidates = np.empty((len(X), wider), dtype=np.int32)
    size = max(1, BLOCK_VALUES // n)
    for first in range(0, len(X), size):
        block = rows[n + first : n + first + size]
        values = squares - 2.0 * (block @ rows[:n].T)
        chosen = np.argpartition(values, wider - 1, axis=1)[:, :wider]
        candidates[first : first + size] = chosen
    distances, indices = _kernels.nearest_candidates(
        vectors,
        np.arange(n, n + len(X), dtype=np.int32),
        candidates,
        k,
        metric="cosine" if metric == "cosine" else "sqeuclidean",
        n_threads=n_threads,
    )
    return indices, np.sqrt(distances) * scale if metric == "euclidean" else distances
