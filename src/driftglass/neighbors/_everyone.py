"""Candidates by looking at every pair in tiles, for metrics that are no matrix product away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..parallel import Threads
from ._candidates import SINGLE, Candidates
from ._padded import PaddedVectors

__all__ = ["candidates_by_tiles"]


def candidates_by_tiles(
    base: NDArray[np.float32],
    metric: str,
    rows: NDArray[np.int32],
    k: int,
    executor: Threads,
) -> Candidates:
    """Candidates of some rows for "manhattan" or "inner_product", and how near others can be.

    The row itself is the first candidate.
    """
    n, d = base.shape
    order = np.arange(n, dtype=np.int32)
    wanted = min(k + 8, n - 1)
    if wanted == 0:
        return Candidates(rows[:, None].copy(), np.full(len(rows), np.inf))
    padded = PaddedVectors.of(base, metric, order, executor)
    # Rows are numbered once: asked for twice, a row has one list.
    unique, group = np.unique(rows, return_inverse=True)
    values, columns = _kernels.meet_everyone(
        padded.vectors,
        padded.norms,
        unique.astype(np.int32),
        wanted,
        padded.measure,
        n_threads=executor.n_workers,
    )
    values, columns = values[group], columns[group]
    last = values[:, -1].astype(np.float64)
    if wanted == n - 1:
        outside = np.full(len(rows), np.inf)
    elif metric == "manhattan":
        # Each difference and each of at most d additions rounds once.
        outside = last * (1.0 - 1.1 * SINGLE * (d + 2))
    else:
        lengths = np.sqrt(padded.norms.astype(np.float64)) * (1.0 + 1e-3)
        outside = last - 1.1 * SINGLE * (d + 2) * lengths[rows] * float(lengths.max())
    return Candidates(np.hstack([rows[:, None], columns]), outside)
