"""Points pulled along the edges of a graph and pushed away from points drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._device import Device
from ._density import DensityForce
from ._fuzzy import FuzzyGraph

__all__ = ["Callback", "Forces", "lay_out", "place"]

Callback = Callable[[int, NDArray[np.float32]], Any]
"""Called with (epochs done, map); a true answer stops."""

UPDATES_PER_CALL = 100_000_000
"""Gradients between two looks at whether to stop: well under a second."""
N_BLOCKS = 8
"""Parts of the points that move at once, seeing where the others are."""
CELLS = 1 << 15
"""Along each side of the start, for an order of its points."""


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
    device: Device | None = None,
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
    device : Device, optional
        Where torch moves the points, in place of the compiled loop: the same steps with other
        draws. The density term is still computed on the processor.

    Returns
    -------
    positions : ndarray of shape (n_samples, n_components), dtype float32
        Where they end.
    n_done : int
        Epochs made.
    """
    positions = np.array(start, dtype=np.float32, order="C")
    if n_epochs == 0 or len(positions) == 0:
        return positions, n_epochs
    move, pulls = _mover(positions, graph, forces, n_epochs, n_threads, device)
    per_epoch = pulls * (1 + forces.negatives) + len(positions)
    # Whoever watches wants to see it move; who does not loses nothing by fewer calls.
    most = max(1, n_epochs // 40) if callback is not None else n_epochs
    stride = int(min(max(1.0, UPDATES_PER_CALL / per_epoch), most))
    done = 0
    dense_from = n_epochs if density is None else density.term.first_epoch(n_epochs)
    while done < n_epochs:
        last = min(done + stride, n_epochs)
        if density is not None:  # from then on, the two kinds of steps take turns
            last = min(last, dense_from) if done < dense_from else done + 1
        move(positions, done, last, **forces.keywords())
        if density is not None and done >= dense_from:
            rate = forces.rate * (1.0 - done / n_epochs)
            density.step(positions, forces.a, forces.b, rate, n_threads)
        done = last
        if callback is not None and callback(done, positions):
            break
    return positions, done


def _mover(
    positions: NDArray[np.float32],
    graph: FuzzyGraph,
    forces: Forces,
    n_epochs: int,
    n_threads: int,
    device: Device | None,
) -> tuple[Callable[..., None], float]:
    """What moves the points, a compiled loop or torch, and how many edges pull in an epoch."""
    edges = (graph.starts, graph.columns, graph.weights, positions.shape[1], n_epochs)
    order = in_turns(order_through(positions))
    if device is None:
        compiled = _kernels.EdgeLayout(
            *edges, seed=forces.seed, order=order, n_blocks=N_BLOCKS, n_threads=n_threads
        )
        return partial(compiled.run, n_threads=n_threads), compiled.pulls_per_epoch
    from .._device import EdgesOnDevice

    layout = EdgesOnDevice(
        *edges,
        seed=forces.seed,
        order=order,
        n_blocks=N_BLOCKS,
        device=device,
        negatives=forces.negatives,
    )
    return layout.run, layout.pulls_per_epoch


def order_through(positions: NDArray[np.float32]) -> NDArray[np.int32]:
    """Order of points along a Z-shaped curve through their first two coordinates (Morton 1966).

    Points that follow each other mostly lie near each other.

    Parameters
    ----------
    positions : ndarray of shape (n_samples, n_components)
        Finite.

    Returns
    -------
    order : ndarray of shape (n_samples,), dtype int32
        Row numbers.
    """
    places = positions[:, :2]
    low = places.min(axis=0)
    reach = np.maximum(places.max(axis=0) - low, np.float32(1e-30))
    cells = ((places - low) / reach * np.float32(CELLS - 1)).astype(np.uint32)
    codes = np.zeros(len(places), dtype=np.uint32)
    for column in range(cells.shape[1]):
        spread = cells[:, column]
        for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
            spread = (spread | (spread << np.uint32(shift))) & np.uint32(mask)
        codes |= spread << np.uint32(column)
    return np.argsort(codes, kind="stable").astype(np.int32)


def in_turns(order: NDArray[np.int32], n_blocks: int = N_BLOCKS) -> NDArray[np.int32]:
    """Every `n_blocks`-th of an order, then those after them: one block after the other."""
    return np.concatenate([order[block::n_blocks] for block in range(n_blocks)])


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
    _kernels.place_points(
        positions,
        targets,
        np.arange(n_new + 1, dtype=np.int64) * k,
        np.ascontiguousarray(columns).ravel(),
        shares.ravel(),
        keys,
        **forces.keywords(),
        first_epoch=0,
        last_epoch=n_epochs,
        n_epochs=n_epochs,
        seed=forces.seed,
        n_threads=n_threads,
    )
    return positions
