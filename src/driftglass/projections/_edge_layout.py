"""Points pulled along the edges of a graph and pushed away from points drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ._density import DensityForce
from ._fuzzy import FuzzyGraph

__all__ = ["Callback", "Forces", "lay_out", "place"]

Callback = Callable[[int, NDArray[np.float32]], Any]
"""Called with (epochs done, map); a true answer stops."""

UPDATES_PER_CALL = 20_000_000
"""Gradients between two looks at whether to stop: well under a second."""


@dataclass(frozen=True)
class Forces:
    """How points attract and repel.

    Parameters
    ----------
    a, b : float
        Of the affinity ``1 / (1 + a d**(2 b))``.
    repulsion : float
        Strength of repulsion.
    negatives : int
        Random points per active edge.
    rate : float
        Step at the first epoch; it falls to zero in a straight line.
    seed : int
        Of all draws, from 0 to 2**64 - 1.
    """

    a: float
    b: float
    repulsion: float
    negatives: int
    rate: float
    seed: int

    def keywords(self) -> dict[str, Any]:
        """As the kernel takes them."""
        return {
            "a": self.a,
            "b": self.b,
            "repulsion": self.repulsion,
            "negatives": self.negatives,
            "rate": self.rate,
            "seed": self.seed,
        }


def lay_out(
    start: NDArray[np.float32],
    graph: FuzzyGraph,
    forces: Forces,
    n_epochs: int,
    *,
    density: DensityForce | None = None,
    n_threads: int = 1,
    callback: Callback | None = None,
) -> tuple[NDArray[np.float32], int]:
    """Move all points of a graph.

    Parameters
    ----------
    start : ndarray of shape (n_samples, n_components), dtype float32
        Where they begin; not changed.
    graph : FuzzyGraph
        Its edges pull in proportion to their weights.
    forces : Forces
        How much.
    n_epochs : int
        How often the heaviest edge pulls.
    density : DensityForce, optional
        Local radii that the map shall have, as in densMAP.
    n_threads : int
        Changes the time and not the result.
    callback : callable, optional
        May stop; the map is then kept as it is.

    Returns
    -------
    positions : ndarray of shape (n_samples, n_components), dtype float32
        Where they end.
    n_done : int
        Epochs made.
    """
    positions = np.array(start, dtype=np.float32, order="C")
    if n_epochs == 0:
        return positions, 0
    active, shares = graph.shares(n_epochs)
    per_epoch = float(shares.sum()) * (1 + forces.negatives) + len(positions)
    # Whoever watches wants to see it move; who does not loses nothing by fewer calls.
    most = max(1, n_epochs // 40) if callback is not None else n_epochs
    stride = int(min(max(1.0, UPDATES_PER_CALL / per_epoch), most))
    done = 0
    dense_from = n_epochs if density is None else density.term.first_epoch(n_epochs)
    while done < n_epochs:
        last = min(done + stride, n_epochs)
        if density is not None:  # from then on, the two kinds of steps take turns
            last = min(last, dense_from) if done < dense_from else done + 1
        _kernels.optimize_layout(
            positions,
            positions,
            active.starts,
            active.columns,
            shares,
            **forces.keywords(),
            first_epoch=done,
            last_epoch=last,
            n_epochs=n_epochs,
            n_threads=n_threads,
        )
        if density is not None and done >= dense_from:
            rate = forces.rate * (1.0 - done / n_epochs)
            density.step(positions, forces.a, forces.b, rate, n_threads)
        done = last
        if callback is not None and callback(done, positions):
            break
    return positions, done


def place(
    start: NDArray[np.float32],
    targets: NDArray[np.float32],
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    keys: NDArray[np.uint64],
    forces: Forces,
    n_epochs: int,
    *,
    n_threads: int = 1,
) -> NDArray[np.float32]:
    """Move new points among fixed ones; each on its own, and the same whatever comes with it.

    Parameters
    ----------
    start : ndarray of shape (n_new, n_components), dtype float32
        Where the new points begin; not changed.
    targets : ndarray of shape (n_samples, n_components), dtype float32
        The map, which does not move.
    columns, weights : ndarray of shape (n_new, n_neighbors)
        Neighbours of each new point in the map, and their memberships in (0, 1].
    keys : ndarray of shape (n_new,), dtype uint64
        What each new point draws by, in place of its number in the batch.
    forces : Forces
        How much.
    n_epochs : int
        How often a full neighbour pulls.
    n_threads : int
        Changes the time and not the result.

    Returns
    -------
    positions : ndarray of shape (n_new, n_components), dtype float32
        Where they end.
    """
    positions = np.array(start, dtype=np.float32, order="C")
    n_new, k = columns.shape
    shares = np.where(weights * n_epochs >= 1.0, weights, 0.0).astype(np.float32)
    _kernels.optimize_layout(
        positions,
        targets,
        np.arange(n_new + 1, dtype=np.int64) * k,
        np.ascontiguousarray(columns).ravel(),
        shares.ravel(),
        **forces.keywords(),
        first_epoch=0,
        last_epoch=n_epochs,
        n_epochs=n_epochs,
        keys=keys,
        n_blocks=1,
        n_threads=n_threads,
    )
    return positions
