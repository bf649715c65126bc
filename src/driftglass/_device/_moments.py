"""Products and eigenvalues that tracks are made of, in double precision on a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ._place import Device

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="torch")

__all__ = ["eigen_moments", "gram_blocks"]


def eigen_moments(
    X: NDArray[np.float64], device: Device
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues of ``X'X``, descending, and the squared coordinates of rows along its axes.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), dtype float64
        Rows.
    device : Device
        Where to work. Rows come a batch at a time.

    Returns
    -------
    values : ndarray of shape (min(n_samples, n_features),)
        May be slightly negative by rounding.
    squares : ndarray of shape (n_samples, min(n_samples, n_features))
        Their sums over the rows are the values.
    """
    with device.working():
        return _eigen_moments(X, device)


def _eigen_moments(
    X: NDArray[np.float64], device: Device
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n, d = X.shape
    place = torch.device(device.name)
    if n < d:
        rows = torch.from_numpy(X).to(place)
        values, vectors = torch.linalg.eigh(rows @ rows.T)
        squares = vectors.flip(1) ** 2 * values.flip(0).clamp_min(0.0)
        return values.flip(0).cpu().numpy(), squares.cpu().numpy()
    size = max(1, device.batch_bytes // (16 * d))
    scatter = torch.zeros((d, d), dtype=torch.float64, device=place)
    for first in range(0, n, size):
        block = torch.from_numpy(X[first : first + size]).to(place)
        scatter += block.T @ block
    values, vectors = torch.linalg.eigh(scatter)
    axes = vectors.flip(1)
    found = np.empty((n, d))
    for first in range(0, n, size):
        block = torch.from_numpy(X[first : first + size]).to(place)
        found[first : first + size] = ((block @ axes) ** 2).cpu().numpy()
    return values.flip(0).cpu().numpy(), found


def gram_blocks(
    frames: Sequence[NDArray[np.float64]],
    lengths: NDArray[np.float64],
    pairs: Sequence[tuple[int, int]],
    device: Device,
) -> tuple[NDArray[np.float64], dict[tuple[int, int], NDArray[np.float64]]]:
    """Inner products of U-centred Gram matrices, a few rows of each at a time.

    Parameters
    ----------
    frames : sequence of ndarray of shape (n_samples, n_features), dtype float64
        Centred rows of each snapshot; widths may differ.
    lengths : ndarray of shape (n_snapshots, n_samples)
        Their squared lengths.
    pairs : sequence of (int, int)
        Snapshots whose products are wanted row by row too.
    device : Device
        Where to work.

    Returns
    -------
    products : ndarray of shape (n_snapshots, n_snapshots)
        Sums over all entries.
    rows : dict of (int, int) to ndarray of shape (n_samples,)
        Sums over each row.
    """
    with device.working():
        return _gram_blocks(frames, lengths, pairs, device)


def _gram_blocks(
    frames: Sequence[NDArray[np.float64]],
    lengths: NDArray[np.float64],
    pairs: Sequence[tuple[int, int]],
    device: Device,
) -> tuple[NDArray[np.float64], dict[tuple[int, int], NDArray[np.float64]]]:
    place = torch.device(device.name)
    held = [torch.from_numpy(frame).to(place) for frame in frames]
    diagonals = torch.from_numpy(lengths).to(place)
    n_snapshots, n = diagonals.shape
    products = torch.zeros((n_snapshots, n_snapshots), dtype=torch.float64, device=place)
    rows = {pair: np.empty(n) for pair in pairs}
    size = max(1, device.batch_bytes // (8 * n * n_snapshots))
    for first in range(0, n, size):
        last = min(first + size, n)
        stack = torch.empty((n_snapshots, last - first, n), dtype=torch.float64, device=place)
        for t, X in enumerate(held):
            own = diagonals[t]
            # Rows of a centred Gram matrix add up to zero: what is off the diagonal to minus it.
            stack[t] = X[first:last] @ X.T + own[first:last, None] / (n - 2)
            stack[t] += own / (n - 2) - own.sum() / ((n - 1.0) * (n - 2.0))
            stack[t].diagonal(first).zero_()
        for s, t in pairs:
            rows[s, t][first:last] = (stack[s] * stack[t]).sum(1).cpu().numpy()
        flat = stack.reshape(n_snapshots, -1)
        products += flat @ flat.T
    return products.cpu().numpy(), rows
