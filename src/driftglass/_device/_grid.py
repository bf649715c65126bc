"""A regular grid under a map: what a field is computed on, by kernels or by torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GridPlan"]


@dataclass(frozen=True, eq=False)
class GridPlan:
    """A regular grid under a map, and the kernel on it.

    Parameters
    ----------
    low : list of float
        Place of the first node, by axis.
    spacing : float
        Between nodes.
    nodes : list of int
        How many, by axis.
    lengths : tuple of int
        Nodes of the periodic grid, so many that the far side does not wrap round.
    kernel : ndarray of complex64
        Transform of the kernel on that grid, for real input.
    missing : float
        What the kernel was lowered by everywhere, times the number of sources.
    """

    low: list[float]
    spacing: float
    nodes: list[int]
    lengths: tuple[int, ...]
    kernel: NDArray[np.complex64]
    missing: float
