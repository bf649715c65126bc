"""PaCMAP's three phases of descent on the losses of its three kinds of pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ._pairs import Pairs, symmetric
from ._tsne_layout import Callback

__all__ = [
    "LocalGraph",
    "PairLosses",
    "Weights",
    "descend_pairs",
    "gradient",
    "loss",
    "weights_at",
]

OFFSETS = (11.0, 10001.0, 2.0)
"""Of the squared distance in the losses of near, mid-near and further pairs."""
PULLS = (20.0, 20000.0, -2.0)
"""Their slopes: near pairs lose d/(10 + d), mid-near d/(10000 + d), further 1/(1 + d)."""
REDRAWN_EVERY = 10
"""Iterations of the last phase between new further pairs, if they are local."""
LEARNING_RATE, DECAY_MEAN, DECAY_SQUARE, TINY = 1.0, 0.9, 0.999, 1e-7


@dataclass(frozen=True)
class Weights:
    """What the loss of each kind of pair is multiplied by."""

    near: float
    midnear: float
    further: float


@dataclass(frozen=True, eq=False)
class PairLosses:
    """Pairs of the three kinds."""

    near: Pairs
    midnear: Pairs
    further: Pairs


@dataclass(frozen=True, eq=False)
class LocalGraph:
    """How LocalMAP adjusts the pairs to the map in the last phase (Wang et al. 2025).

    Parameters
    ----------
    longest : float
        Distance in the map within which further pairs are drawn. Near pairs pull by a factor of
        half of it over ``sqrt(1 + distance²)``: those that the map draws far apart, less.
    near : ndarray of shape (n_samples, n_neighbors), dtype int32
        Neighbours, which are never further pairs.
    further : ndarray of shape (n_samples, n_further), dtype int32
        Further pairs of the first phases.
    seed : int
        Of the draws.
    """

    longest: float
    near: NDArray[np.int32]
    further: NDArray[np.int32]
    seed: int

    def redrawn(self, Y: NDArray[np.float32], n_iter: int, n_threads: int) -> Pairs:
        """Further pairs that lie near each other in the map; where there are none, as before."""
        _kernels.draw_nearby(
            self.further,
            Y,
            self.near,
            longest=self.longest,
            seed=(self.seed + 0x9E3779B9 * n_iter) % 2**32,
            n_threads=n_threads,
        )
        return symmetric(self.further, n_threads)


def weights_at(n_iter: int, phases: tuple[int, int, int]) -> Weights:
    """Weights of an iteration: first the whole, then neighbours and whole, then neighbours."""
    first, second, _ = phases
    if n_iter < first:
        share = n_iter / first
        return Weights(2.0, 1000.0 * (1 - share) + 3.0 * share, 1.0)
    if n_iter < first + second:
        return Weights(3.0, 3.0, 1.0)
    return Weights(1.0, 0.0, 1.0)


def gradient(
    Y: NDArray[np.float32],
    losses: PairLosses,
    weights: Weights,
    n_threads: int,
    nearby: float | None = None,
) -> NDArray[np.float32]:
    """Gradient of the weighted losses, of the shape of Y.

    With `nearby`, near pairs pull by that factor over ``sqrt(1 + distance²)``.
    """
    kinds = (losses.near, losses.midnear, losses.further)
    total = np.zeros_like(Y)
    for pairs, weight, offset, pull in zip(
        kinds, (weights.near, weights.midnear, weights.further), OFFSETS, PULLS, strict=True
    ):
        if weight:
            if nearby is not None and pairs is losses.near:
                weight *= nearby
                forces = _kernels.nearby_forces(
                    Y, pairs.starts, pairs.columns, pairs.values, offset, n_threads=n_threads
                )
            else:
                forces = _kernels.pair_forces(
                    Y, Y, pairs.starts, pairs.columns, pairs.values, offset, n_threads=n_threads
                )
            total -= np.float32(weight * pull) * forces
    return total


def loss(
    Y: NDArray[np.float32], losses: PairLosses, weights: Weights, nearby: float | None = None
) -> float:
    """Weighted loss, whose slope `gradient` is."""
    total = 0.0
    kinds = (losses.near, losses.midnear, losses.further)
    for pairs, weight, offset, pull in zip(
        kinds, (weights.near, weights.midnear, weights.further), OFFSETS, PULLS, strict=True
    ):
        rows = np.repeat(np.arange(len(Y)), np.diff(pairs.starts))
        squared = ((Y[rows] - Y[pairs.columns]).astype(np.float64) ** 2).sum(axis=1)
        if nearby is not None and pairs is losses.near:
            # The integral of the weaker pull, by substituting the root.
            root = np.sqrt(1.0 + squared)
            wide = np.sqrt(offset - 1.0)
            own = root / (offset + squared) + np.arctan(root / wide) / wide
            total += 0.5 * weight * nearby * float(pairs.values @ own)
            continue
        # All losses are 1 / (offset + squared) but for their scale and a constant. Each pair is
        # listed twice.
        falls = pairs.values / (offset + squared)
        own = -0.25 * pull * float(falls.sum())
        constant = 0.5 * float(pairs.values.sum()) if pull > 0 else 0.0
        total += weight * (own + constant)
    return total


def descend_pairs(
    start: NDArray[np.float32],
    losses: PairLosses,
    phases: tuple[int, int, int],
    *,
    n_threads: int,
    callback: Callback | None = None,
    callback_every: int = 50,
    local: LocalGraph | None = None,
) -> tuple[NDArray[np.float32], int, bool]:
    """Map after all phases or a stop, iterations made, and whether it was stopped.

    Steps are those of Adam (Kingma and Ba 2015). With `local`, the last phase adjusts the pairs.
    """
    Y = np.array(start, dtype=np.float32, order="C")
    mean, square = np.zeros_like(Y), np.zeros_like(Y)
    for n_iter in range(sum(phases)):
        nearby, in_last_phase = None, n_iter - phases[0] - phases[1]
        if local is not None and in_last_phase >= 0:
            nearby = local.longest / 2
            if in_last_phase and in_last_phase % REDRAWN_EVERY == 0:
                losses = replace(losses, further=local.redrawn(Y, n_iter, n_threads))
        slope = gradient(Y, losses, weights_at(n_iter, phases), n_threads, nearby)
        mean += np.float32(1 - DECAY_MEAN) * (slope - mean)
        square += np.float32(1 - DECAY_SQUARE) * (slope * slope - square)
        t = n_iter + 1
        rate = LEARNING_RATE * np.sqrt(1 - DECAY_SQUARE**t) / (1 - DECAY_MEAN**t)
        Y -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(TINY))
        if (
            callback is not None
            and t % callback_every == 0
            and callback(t, loss(Y, losses, weights_at(n_iter, phases), nearby), Y.copy())
        ):
            return Y, t, True
    return Y, sum(phases), False
