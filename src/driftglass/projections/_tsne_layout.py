"""Gradient descent on the divergence between the affinities of vectors and of their map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..errors import InvalidInputError, ShapeError
from ._affinities import Affinities
from ._repulsion import Kernels, own_field

__all__ = ["Callback", "Descent", "Laid", "Phase", "Pull", "divergence", "forces", "lay_out"]

Callback = Callable[[int, float, NDArray[np.float32]], object]
"""Called with iterations done, divergence and a copy of the map; a true answer stops the work."""

Watched = Callable[[int, int, NDArray[np.float32]], object]
"""Called with iterations done, all of them and the map itself; a true answer stops the work."""

REPORT_EVERY = 10
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

    @classmethod
    def continued(cls, n_iter: int, n_samples: int) -> Phase:
        """Phase that goes on with a map whose early exaggeration is over."""
        return cls(n_iter, exaggeration=1.0, learning_rate=float(n_samples), momentum=0.8)


@dataclass(frozen=True, eq=False)
class Pull:
    """Places that points are drawn to, each with its own strength.

    The force on point i gains ``strength[i] / n_samples * (anchors[i] - y[i])``. Affinities of a
    point add up to about 1 / n_samples, so a strength of 1 draws as hard as all its neighbours
    would together, and strengths mean the same for any number of rows.

    Parameters
    ----------
    anchors : ndarray of shape (n_samples, n_components)
        Where each point is drawn to, in the frame of the start. Rows of strength 0 are not read.
    strength : float or ndarray of shape (n_samples,)
        Not negative; 0 leaves a point free, infinity holds it at its anchor.

    Raises
    ------
    ShapeError
        One strength per anchor is needed.
    InvalidInputError
        A strength is negative or not a number, or the anchor of a point that is drawn is not
        finite.
    """

    anchors: NDArray[Any]
    strength: float | NDArray[Any]

    def __post_init__(self) -> None:
        strength = np.asarray(self.strength, dtype=np.float32)
        anchors = np.array(self.anchors, dtype=np.float32, order="C")
        if anchors.ndim != 2 or strength.shape not in ((), (len(anchors),)):
            raise ShapeError(
                f"anchors {anchors.shape} and strength {strength.shape} do not belong together; "
                f"(n_samples, n_components) and (n_samples,) or one number are needed."
            )
        strength = np.array(np.broadcast_to(strength, len(anchors)))
        if not (strength >= 0).all():
            row = int(np.flatnonzero(~(strength >= 0))[0])
            raise InvalidInputError(
                f"strength is {strength[row]} in row {row}; a number of at least 0 is needed."
            )
        anchors[strength == 0] = 0
        bad = ~np.isfinite(anchors).all(axis=1)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise InvalidInputError(
                f"The anchor of row {row} is {anchors[row]}; finite coordinates are needed. "
                f"Give rows without one a strength of 0."
            )
        object.__setattr__(self, "anchors", anchors)
        object.__setattr__(self, "strength", strength)

    @property
    def stiffness(self) -> NDArray[np.float32]:
        """Force per unit of distance of each point."""
        strength: NDArray[np.float32] = np.asarray(self.strength, dtype=np.float32)
        return strength / np.float32(max(len(strength), 1))


@dataclass(frozen=True, eq=False)
class Laid:
    """What a descent came to.

    Parameters
    ----------
    coordinates : ndarray of shape (n_samples, n_components)
        Map, centred unless points were drawn to places.
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


class Descent:
    """Map, velocities and gains on their way down.

    Parameters
    ----------
    start : ndarray of shape (n_samples, n_components)
        Where to begin, of one to three components.
    affinities : Affinities
        Joint probabilities of the pairs.
    pull : Pull, optional
        Places that points are drawn to. The map then stays in the frame of the start; without,
        its mean is kept at the origin.
    n_threads : int
        Changes the time and not the result.

    Raises
    ------
    ShapeError
        `pull` has another shape than `start`.
    """

    def __init__(
        self,
        start: NDArray[np.float32],
        affinities: Affinities,
        *,
        pull: Pull | None = None,
        n_threads: int = 1,
    ) -> None:
        if pull is not None and pull.anchors.shape != start.shape:
            raise ShapeError(
                f"The anchors have shape {pull.anchors.shape} and the start {start.shape}; "
                f"one anchor per point is needed."
            )
        self.Y = np.array(start, dtype=np.float32, order="C")
        self._done = 0
        self._stopped = False
        self._velocity = np.zeros_like(self.Y)
        self._gains = np.ones_like(self.Y)
        self._affinities = affinities
        self._n_threads = n_threads
        self._kernels = Kernels()
        self._anchors = None if pull is None else pull.anchors
        self._stiffness = None if pull is None else pull.stiffness
        self._bounds = self._centered()

    @property
    def affinities(self) -> Affinities:
        """Joint probabilities of the pairs."""
        return self._affinities

    def run(
        self,
        phases: Sequence[Phase],
        *,
        callback: Callback | None = None,
        callback_every: int = 50,
        watch: Watched | None = None,
    ) -> None:
        """Go on until the phases have passed, callback or watch say stop, or one of both raises.

        The map is whole at any time: what has been reached can be read off with `laid`.
        """
        self._stopped = True
        total = self._done + sum(phase.n_iter for phase in phases)
        for phase in phases:
            for _ in range(phase.n_iter):
                due = watch is not None and self._done % REPORT_EVERY == 0
                if due and watch is not None and watch(self._done, total, self.read()):
                    return
                self.step(phase)
                if callback is None or self._done % callback_every:
                    continue
                if callback(self._done, self.divergence(), self.read().copy()):
                    return
        self._stopped = False
        if watch is not None:
            watch(self._done, total, self.read())

    def read(self) -> NDArray[np.float32]:
        """The map as it is; not a copy."""
        return self.Y

    def move_to(self, Y: NDArray[Any]) -> None:
        """Go on from other places, with the velocities there are."""
        self.Y[:] = Y
        self._bounds = self._centered()

    def step(self, phase: Phase) -> None:
        """Move every point once."""
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
            anchors=self._anchors,
            stiffness=self._stiffness,
            n_threads=self._n_threads,
        )
        self._bounds = self._centered()
        self._done += 1

    def divergence(self) -> float:
        """Kullback-Leibler divergence of the map as it is, in nats."""
        return divergence(self.Y, self._affinities, self._field(), self._n_threads)

    def laid(self) -> Laid:
        """What it has come to."""
        return Laid(self.read(), self.divergence(), self._done, self._stopped)

    def _centered(self) -> NDArray[np.float32]:
        # Anchors are in the frame of the start, which must then not move.
        return _kernels.center(self.Y, shift=self._anchors is None)

    def _field(self) -> NDArray[np.float32]:
        return own_field(self.Y, self._bounds, self._kernels, self._n_threads)


def lay_out(
    start: NDArray[np.float32],
    affinities: Affinities,
    phases: Sequence[Phase],
    *,
    pull: Pull | None = None,
    n_threads: int = 1,
    callback: Callback | None = None,
    callback_every: int = 50,
    watch: Watched | None = None,
) -> Laid:
    """Move points from a start until the phases have passed or the callback says stop.

    To continue a map, start from its coordinates with one phase without exaggeration::

        lay_out(Y, affinities, [Phase.continued(150, len(Y))], pull=Pull(anchors, strength))

    Parameters
    ----------
    start : ndarray of shape (n_samples, n_components)
        Where to begin, of one to three components.
    affinities : Affinities
        Joint probabilities of the pairs.
    phases : sequence of Phase
        One after the other; velocities and gains live on.
    pull : Pull, optional
        Places that points are drawn to. The map then stays in the frame of the start; without,
        its mean is kept at the origin.
    n_threads : int
        Changes the time and not the result.
    callback : callable, optional
        Called every `callback_every` iterations.
    callback_every : int
        Iterations between calls.
    watch : callable, optional
        Called more often with (iterations done, all iterations, map); a true answer stops.

    Returns
    -------
    laid : Laid
        Map and what is known of it.

    Raises
    ------
    ShapeError
        `pull` has another shape than `start`.
    """
    descent = Descent(start, affinities, pull=pull, n_threads=n_threads)
    descent.run(phases, callback=callback, callback_every=callback_every, watch=watch)
    return descent.laid()


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
