"""Which rows are nearest, by products of blocks on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from .._progress import Progress, silent
from ._place import Device

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="torch")

__all__ = ["smallest_values"]

COLUMNS = 1 << 16
"""Rows that others are compared with at a time."""
MOST_QUERIES = 1 << 14


def smallest_values(
    vectors: NDArray[np.float32],
    offsets: NDArray[np.float32] | None,
    rows: NDArray[np.int32],
    k: int,
    device: Device,
    *,
    progress: Progress = silent,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The k smallest values of each row against all rows, the row itself among them.

    Parameters
    ----------
    vectors : ndarray of shape (n_samples, n_features), dtype float32
        Rows. They stay on the device if a quarter of what is free holds them, and are copied
        there block by block else.
    offsets : ndarray of shape (n_samples,), dtype float32, or None
        A value is ``offsets[j] - 2 x_i · x_j``; without offsets it is the sum of the absolute
        differences of the two rows.
    rows : ndarray of shape (n_rows,), dtype int32
        Rows that are asked for.
    k : int
        From 1 to n_samples.
    device : Device
        Where to work.
    progress : callable
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    values : ndarray of shape (n_rows, k), dtype float32
        Ascending.
    columns : ndarray of shape (n_rows, k), dtype int32
        The rows they belong to; of equal values any may be there.
    """
    n = len(vectors)
    place = torch.device(device.name)
    width = min(n, COLUMNS)
    # Values of a block, what is selected of them, and their numbers in 64 bits.
    at_once = int(np.clip(device.batch_bytes // (16 * width), 64, MOST_QUERIES))
    stay = 4 * vectors.nbytes <= device.free_bytes
    held = torch.from_numpy(vectors).to(place) if stay else None
    less = None if offsets is None else torch.from_numpy(offsets).to(place)

    def block(first: int) -> torch.Tensor:
        if held is not None:
            return held[first : first + width]
        return torch.from_numpy(vectors[first : first + width]).to(place)

    values = np.empty((len(rows), k), dtype=np.float32)
    columns = np.empty((len(rows), k), dtype=np.int32)
    with device.working():
        for first in range(0, len(rows), at_once):
            progress(first, len(rows), "comparing all pairs")
            asked = rows[first : first + at_once]
            Q = torch.from_numpy(vectors[asked]).to(place)
            best: torch.Tensor | None = None
            which: torch.Tensor | None = None
            for start in range(0, n, width):
                X = block(start)
                found = _values(Q, X, None if less is None else less[start : start + width])
                near, at = torch.topk(found, min(k, len(X)), dim=1, largest=False)
                at += start
                if best is not None and which is not None:
                    near, at = torch.cat([best, near], dim=1), torch.cat([which, at], dim=1)
                    near, order = torch.topk(near, min(k, near.shape[1]), dim=1, largest=False)
                    at = at.gather(1, order)
                best, which = near, at
            assert best is not None
            assert which is not None
            values[first : first + at_once] = best.cpu().numpy()
            columns[first : first + at_once] = which.to(torch.int32).cpu().numpy()
    return values, columns


def _values(Q: torch.Tensor, X: torch.Tensor, offsets: torch.Tensor | None) -> torch.Tensor:
    if offsets is None:
        return torch.cdist(Q, X, p=1.0)
    return torch.addmm(offsets[None, :], Q, X.T, beta=1.0, alpha=-2.0)
