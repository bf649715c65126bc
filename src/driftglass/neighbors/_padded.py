"""Vectors as the kernels of approximate search read them: prepared for a metric, and padded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..parallel import Threads

__all__ = ["ANGULAR", "Measure", "PaddedVectors", "sketch_of"]

Measure = Literal["sqeuclidean", "inner_product", "manhattan"]

LANES = 16
ALIGNMENT = 64
BLOCK_VALUES = 1 << 20
ANGULAR = ("cosine", "correlation")
SKETCH_WIDTH = 32
"""Dimensions in which trees look at rows; more cost time and split hardly better."""
SKETCH_ROWS = 4096
"""Rows from which the axes of the sketch are learnt."""
WIDEST = 2048
"""Features up to which they are; beyond, directions are drawn by chance."""


@dataclass(frozen=True, eq=False)
class PaddedVectors:
    """Rows moved and scaled so that a product or a difference is all a kernel needs.

    Parameters
    ----------
    vectors : ndarray of shape (n_samples, width), dtype float32
        Width is a multiple of 16; the last columns may be zeros.
    norms : ndarray of shape (n_samples,), dtype float32
        Squared norms.
    measure : {"sqeuclidean", "inner_product", "manhattan"}
        What the kernel computes.
    mean : ndarray of shape (n_features,) or 0.0
        What was subtracted.
    """

    vectors: NDArray[np.float32]
    norms: NDArray[np.float32]
    measure: Measure
    mean: Any

    @classmethod
    def of(
        cls,
        base: NDArray[np.float32],
        metric: str,
        order: NDArray[np.int32],
        executor: Threads,
        *,
        mean: Any = None,
    ) -> PaddedVectors:
        """Prepare rows of shape (n_samples, n_features), in another order.

        Rows that are to be compared with others need the `mean` of those.
        """
        n_samples, n_features = base.shape
        width = -(-n_features // LANES) * LANES
        vectors = _aligned(n_samples, width)
        norms = np.empty(n_samples, dtype=np.float32)
        parts = _parts(n_samples, n_features)
        own_mean = mean is None and metric == "euclidean"
        mean = 0.0 if mean is None else mean
        if own_mean:  # products of rows far from zero would lose their digits
            sums = executor.map(lambda part: base[part].sum(axis=0, dtype=np.float64), parts)
            mean = (np.sum(sums, axis=0) / n_samples).astype(np.float32)

        def fill(part: slice) -> None:
            block = prepared(base[order[part]], metric) - mean
            vectors[part, :n_features] = block
            vectors[part, n_features:] = 0.0
            norms[part] = np.einsum("ij,ij->i", block, block)

        executor.map(fill, parts)
        measure: Measure = "sqeuclidean"
        if metric in ("manhattan", "inner_product"):
            measure = metric  # type: ignore[assignment]  # narrowed by the line above
        return cls(vectors, norms, measure, mean)


def prepared(block: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    """Rows of length one where direction counts; rows of zeros stay."""
    if metric not in ANGULAR:
        return block
    if metric == "correlation":
        block = block - block.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(block, axis=1, keepdims=True)
    return np.asarray(block / np.where(norms > 0, norms, 1), dtype=np.float32)


def sketch_of(
    base: NDArray[np.float32], metric: str, seed: int, executor: Threads
) -> NDArray[np.float32]:
    """Rows in a few dimensions: the leading axes of a sample, or directions drawn by chance."""
    n_samples, n_features = base.shape
    rng = np.random.default_rng(seed)
    if n_features > WIDEST:
        axes = rng.normal(size=(n_features, SKETCH_WIDTH)).astype(np.float32)
    else:
        chosen = rng.choice(n_samples, min(n_samples, SKETCH_ROWS), replace=False)
        sample = prepared(base[np.sort(chosen)], metric).astype(np.float64)
        sample -= sample.mean(axis=0)
        _, vectors = np.linalg.eigh(sample.T @ sample)
        axes = np.ascontiguousarray(vectors[:, ::-1][:, :SKETCH_WIDTH], dtype=np.float32)
    sketch = np.empty((n_samples, axes.shape[1]), dtype=np.float32)

    def fill(part: slice) -> None:
        sketch[part] = prepared(base[part], metric) @ axes

    executor.map(fill, _parts(n_samples, n_features))
    return sketch


def _parts(n_samples: int, n_features: int) -> list[slice]:
    size = max(1, BLOCK_VALUES // max(1, n_features))
    return [slice(first, min(first + size, n_samples)) for first in range(0, n_samples, size)]


def _aligned(n_rows: int, width: int) -> NDArray[np.float32]:
    """Rows that each begin a cache line."""
    memory = np.empty(n_rows * width + ALIGNMENT // 4, dtype=np.float32)
    start = (-memory.ctypes.data % ALIGNMENT) // 4
    return memory[start : start + n_rows * width].reshape(n_rows, width)
