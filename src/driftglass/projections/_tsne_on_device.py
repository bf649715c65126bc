"""The descent of t-SNE on a device of torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._device import DescentOnDevice, Device, GridPlan
from ._affinities import Affinities
from ._repulsion import EXACT_UP_TO, grid_under
from ._tsne_layout import LONGEST_STEP, Descent, Phase, Pull

__all__ = ["DeviceDescent"]


class DeviceDescent(Descent):
    """Map, velocities and gains on a device, on their way down.

    Steps as `Descent`, with single precision summed in another order, so that maps differ as those
    of two orders of rows do. Maps of three components look at all pairs.

    Parameters
    ----------
    start : ndarray of shape (n_samples, n_components)
        Where to begin, of one to three components.
    affinities : Affinities
        Joint probabilities of the pairs.
    device : Device
        Where to work.
    pull : Pull, optional
        As in `Descent`.
    """

    def __init__(
        self,
        start: NDArray[np.float32],
        affinities: Affinities,
        device: Device,
        *,
        pull: Pull | None = None,
    ) -> None:
        super().__init__(start, affinities, pull=pull)
        self._there = DescentOnDevice(
            self.Y,
            affinities.starts,
            affinities.columns,
            affinities.values,
            self._grid,
            device,
            anchors=self._anchors,
            stiffness=self._stiffness,
        )

    def move_to(self, Y: NDArray[Any]) -> None:
        """Go on from other places, with the velocities there are."""
        self._there.move_to(Y)

    def step(self, phase: Phase) -> None:
        """Move every point once."""
        self._there.step(
            exaggeration=phase.exaggeration,
            learning_rate=phase.learning_rate,
            momentum=phase.momentum,
            longest=LONGEST_STEP,
        )
        self._done += 1

    def divergence(self) -> float:
        """Kullback-Leibler divergence of the map as it is, in nats."""
        return self._there.divergence()

    def read(self) -> NDArray[np.float32]:
        """The map as it is, copied from the device."""
        self.Y = self._there.Y
        return self.Y

    def _grid(self, bounds: NDArray[np.float32]) -> GridPlan | None:
        n_samples, n_components = self.Y.shape
        if n_components == 3 or n_samples <= EXACT_UP_TO[n_components]:
            return None
        return grid_under(bounds, n_samples, self._kernels)
