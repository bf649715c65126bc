"""Candidates by looking at every pair in tiles, for metrics that are no matrix product away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._device import Device
from .._progress import Progress, silent
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
    device: Device | None = None,
    report: Progress = silent,
) -> Candidates:
    """Candidates of some rows for "manhattan" or "inner_product", and how near others can be.

    The row itself is the first candidate.
    """
    if device is not None:
        return _by_device(base, metric, rows, k, device, report)
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
    outside = np.full(len(rows), np.inf)
    if wanted < n - 1:
        outside = _outside(last, metric, d, rows, padded.norms)
    return Candidates(np.hstack([rows[:, None], columns]), outside)


def _by_device(
    base: NDArray[np.float32],
    metric: str,
    rows: NDArray[np.int32],
    k: int,
    device: Device,
    report: Progress,
) -> Candidates:
    from .._device import smallest_values

    n, d = base.shape
    wanted = min(k + 8, n)
    offsets = None if metric == "manhattan" else np.zeros(n, dtype=np.float32)
    values, columns = smallest_values(base, offsets, rows, wanted, device, progress=report)
    own = rows[:, None]
    # The row is a candidate of its own also where others have smaller products.
    columns = np.hstack([own, np.where(columns == own, np.int32(-1), columns)])
    if wanted == n:
        return Candidates(columns, np.full(len(rows), np.inf))
    last = values[:, -1].astype(np.float64) / (1.0 if metric == "manhattan" else 2.0)
    return Candidates(columns, _outside(last, metric, d, rows, np.einsum("ij,ij->i", base, base)))


def _outside(
    last: NDArray[np.float64],
    metric: str,
    n_features: int,
    rows: NDArray[np.int32],
    norms: NDArray[np.float32],
) -> NDArray[np.float64]:
    """What no other row is nearer than, by the last candidate's value and how it is rounded."""
    if metric == "manhattan":
        # Each difference and each of at most d additions rounds once.
        return last * (1.0 - 1.1 * SINGLE * (n_features + 2))
    lengths = np.sqrt(norms.astype(np.float64)) * (1.0 + 1e-3)
    return last - 1.1 * SINGLE * (n_features + 2) * lengths[rows] * float(lengths.max())
