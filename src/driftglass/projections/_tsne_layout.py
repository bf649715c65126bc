"""Gradient descent on the divergence between the affinities of vectors and of their map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ._affinities import Affinities
from ._repulsion import Kernels, own_field

__all__ = ["Callback", "Laid", "Phase", "divergence", "forces", "lay_out"]

Callback = Callable[[int, float, NDArray[np.float32]], object]
"""Called with iterations done, divergence and a copy of the map; a true answer stops the work."""

LONGEST_STEP = 5.0
"""No point moves further at a time: a few points pulled from afar would else overshoot."""


@dataclass(frozen=True)
class Phase:
    """A stretch of the descent.

    Parameters
    ----------
    n_iter : int
        Iterations.
    exaggeration : float
        What attraction is multiplied by.
    learning_rate : float
        Step per unit of force, before gains.
    momentum : float
        Share of the last step that is made again.
    """

    n_iter: int
    exaggeration: float
    learning_rate: float
    momentum: float


@dataclass(frozen=True, eq=False)
class Laid:
    """What a descent came to.

    Parameters
    ----------
    coordinates : ndarray of shape (n_samples, n_components)
        Map, centred.
    divergence : float
        Kullback-Leibler divergence, in nats, without exaggeration.
    n_iter : int
        Iterations made.
    stopped : bool
        Whether the callback stopped it before its end.
    """

    coordinates: NDArray[np.float32]
    divergence: float
    n_iter: int
    stopped: bool


class _Descent:
    """Map, velocities and gains on their way down."""

    def __init__(self, start: NDArray[np.float32], affinities: Affinities, n_threads: int) -> None:
        self.Y = np.array(start, dtype=np.float32, order="C")
        self._velocity = np.zeros_like(self.Y)
        self._gains = np.ones_like(self.Y)
        self._affinities = affinities
        self._n_threads = n_threads
        self._kernels = Kernels()
        self._bounds = _kernels.center(self.Y)

    def step(self, phase: Phase) -> None:
        attraction = _attraction(self.Y, self._affinities, self._n_threads)
        field = self._field()
        _kernels.tsne_step(
            self.Y,
            self._velocity,
            self._gains,
            attraction,
            field,
            exaggeration=phase.exaggeration,
            normalization=_normalization(field),
            learning_rate=phase.learning_rate,
            momentum=phase.momentum,
            longest=LONGEST_STEP,
            n_threads=self._n_threads,
        )
        self._bounds = _kernels.center(self.Y)

    def divergence(self) -> float:
        return divergence(self.Y, self._affinities, self._field(), self._n_threads)

    def _field(self) -> NDArray[np.float32]:
        return own_field(self.Y, self._bounds, self._kernels, self._n_threads)


def lay_out(
    start: NDArray[np.float32],
    affinities: Affinities,
    phases: Sequence[Phase],
    *,
    n_threads: int = 1,
    callback: Callback | None = None,
    callback_every: int = 50,
) -> Laid:
    """Move points from a start until the phases have passed or the callback says stop.

    Parameters
    ----------
    start : ndarray of shape (n_samples, n_components)
        Where to begin, of one to three components.
    affinities : Affinities
        Joint probabilities of the pairs.
    phases : sequence of Phase
        One after the other; velocities and gains live on.
    n_threads : int
        Changes the time and not the result.
    callback : callable, optional
        Called every `callback_every` iterations.
    callback_every : int
        Iterations between calls.

    Returns
    -------
    laid : Laid
        Map and what is known of it.
    """
    descent = _Descent(start, affinities, n_threads)
    done, stopped = 0, False
    for phase in phases:
        for _ in range(phase.n_iter):
            descent.step(phase)
            done += 1
            if callback is not None and done % callback_every == 0:
                stopped = bool(callback(done, descent.divergence(), descent.Y.copy()))
            if stopped:
                break
        if stopped:
            break
    return Laid(descent.Y, descent.divergence(), done, stopped)


def divergence(
    Y: NDArray[np.float32], affinities: Affinities, field: NDArray[np.float32], n_threads: int
) -> float:
    """Kullback-Leibler divergence of a map from the affinities, in nats."""
    part = _kernels.tsne_divergence(
        Y, affinities.starts, affinities.columns, affinities.values, n_threads=n_threads
    )
    total = float(affinities.values.sum(dtype=np.float64))
    return part + total * float(np.log(_normalization(field)))


def forces(
    Y: NDArray[np.float32], affinities: Affinities, field: NDArray[np.float32], n_threads: int = 1
) -> NDArray[np.float32]:
    """Force on each point: minus a quarter of the gradient of the divergence."""
    push = field[:, 1:] / np.float32(_normalization(field))
    return _attraction(Y, affinities, n_threads) + push


def _attraction(
    Y: NDArray[np.float32], affinities: Affinities, n_threads: int
) -> NDArray[np.float32]:
    return _kernels.tsne_attraction(
        Y, Y, affinities.starts, affinities.columns, affinities.values, n_threads=n_threads
    )


def _normalization(field: NDArray[np.float32]) -> float:
    """Sum of the kernel over ordered pairs; each point is one with itself."""
    return max(float(field[:, 0].sum(dtype=np.float64)) - len(field), 1e-12)
