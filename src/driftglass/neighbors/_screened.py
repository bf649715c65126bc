"""Candidates that rounded rows name, and what is known of all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Screened"]


@dataclass(frozen=True, eq=False)
class Screened:
    """Candidates of some rows, nearest first by rounded distance.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_candidates), dtype int32
        Rows of the data; -1 where there are fewer.
    bounds : ndarray of shape (n_rows, n_candidates), dtype float32
        Ascending. No candidate from here on, and no row outside, is nearer than this: squared
        distance, cosine distance or negative product.
    outside : ndarray of shape (n_rows,), dtype float64
        No row that is not a candidate is nearer than this.
    """

    columns: NDArray[np.int32]
    bounds: NDArray[np.float32]
    outside: NDArray[np.float64]
