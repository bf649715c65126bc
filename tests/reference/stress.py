"""Scaling by majorization, written to be read: the definition of `stress_pull`."""

from __future__ import annotations

import numpy as np


def pull_and_stress(own, Y, wanted):
    """For each row of `own`: the sum of wanted / distance * (own - Y), and of squared misses."""
    steps = own[:, None, :] - Y[None, :, :]
    distances = np.sqrt((steps**2).sum(axis=2))
    ratios = np.divide(wanted, distances, out=np.zeros_like(distances), where=distances > 0)
    return (ratios[:, :, None] * steps).sum(axis=1), ((wanted - distances) ** 2).sum(axis=1)


def stress(Y, wanted):
    """Sum over pairs of squared differences between distances in the map and wanted ones."""
    _, squares = pull_and_stress(Y, Y, wanted)
    return squares.sum() / 2
