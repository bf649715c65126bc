"""Contributions of features to coordinates at each sample, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ._derivatives import jacobian
from ._preparation import Preparation

__all__ = ["block_rows", "local_contributions"]

BLOCK_BYTES = 1 << 26
"""Of the contributions that are made together."""


def block_rows(n_components: int, n_features: int, itemsize: int, most: int = 1 << 30) -> int:
    """Rows whose contributions take some 64 MiB."""
    return int(np.clip(BLOCK_BYTES // max(1, n_components * n_features * itemsize), 1, most))


def local_contributions(
    encoder: torch.nn.Module,
    preparation: Preparation,
    X: NDArray[Any],
    baseline: NDArray[np.float64],
    dtype: torch.dtype,
    rows: int,
) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Slices of rows and the contributions J(x) (x - baseline) of their features.

    Parameters
    ----------
    encoder : torch.nn.Module
        Of the given dtype.
    preparation : Preparation
        Of the rows.
    X : ndarray of shape (n_samples, n_features)
        Flattened rows.
    baseline : ndarray of shape (n_features,) or (n_samples, n_features)
        Where contributions are zero.
    dtype : torch.dtype
        In which derivatives are taken.
    rows : int
        Rows of a block.

    Yields
    ------
    part, contributions : slice, ndarray of shape (n_rows, n_components, n_features)
        In the precision of `dtype`.
    """
    device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
    width = np.float64 if dtype == torch.float64 else np.float32
    for start in range(0, len(X), rows):
        part = slice(start, min(start + rows, len(X)))
        U = torch.from_numpy(preparation(X[part])).to(device, dtype)
        J = preparation.back(jacobian(encoder, U).cpu().numpy())
        origin = baseline if baseline.ndim == 1 else baseline[part]
        # The difference of two numbers that are alike keeps its digits in double precision only.
        J *= (X[part].astype(np.float64) - origin).astype(width)[:, None, :]
        yield part, J
