"""Steps down the divergence between the affinities of vectors and of their map, by torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ._field import exact_field, grid_field
from ._grid import GridPlan
from ._place import Device

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="torch")

__all__ = ["DescentOnDevice"]

LEAST_GAIN = 0.01
BYTES_PER_EDGE = 48
"""With what is computed of it."""

Plan = Callable[[NDArray[np.float32]], GridPlan | None]
"""From lowest and highest coordinates to a grid; None where all pairs cost less."""


class DescentOnDevice:
    """A map, its velocities and gains on a device: what the kernels of t-SNE do, by torch.

    Parameters
    ----------
    start : ndarray of shape (n_samples, n_components), dtype float32
        Where to begin.
    starts, columns, values : ndarray
        Joint probabilities: those of point i from ``starts[i]`` to ``starts[i + 1]``.
    plan : callable
        From the map's bounds to the grid that its field is computed on, or None.
    device : Device
        Where to work.
    anchors : ndarray of shape (n_samples, n_components), optional
        Places that points are drawn to; the map then is not centred.
    stiffness : ndarray of shape (n_samples,), optional
        Force per unit of distance from them.
    """

    def __init__(
        self,
        start: NDArray[np.float32],
        starts: NDArray[np.int64],
        columns: NDArray[np.int32],
        values: NDArray[np.float32],
        plan: Plan,
        device: Device,
        *,
        anchors: NDArray[np.float32] | None = None,
        stiffness: NDArray[np.float32] | None = None,
    ) -> None:
        self._where, self._device = device, torch.device(device.name)
        self._batch_bytes = device.batch_bytes
        self._plan = plan
        self._starts = starts
        self._lengths = self._to(np.diff(starts))
        self._columns, self._values = self._to(columns), self._to(values)
        self._anchors = None if anchors is None else self._to(anchors)
        self._stiffness = None if stiffness is None else self._to(stiffness)[:, None]
        self._kernel: tuple[NDArray[np.complex64], torch.Tensor] | None = None
        self._total = float(values.sum(dtype=np.float64))
        self.move_to(start)
        self._velocity = torch.zeros_like(self._Y)
        self._gains = torch.ones_like(self._Y)

    @property
    def Y(self) -> NDArray[np.float32]:
        """The map as it is, copied from the device."""
        return np.asarray(self._Y.cpu().numpy().copy(), dtype=np.float32)

    def move_to(self, Y: NDArray[np.float32]) -> None:
        """Go on from other places, with the velocities there are."""
        self._Y = self._to(np.array(Y, dtype=np.float32, order="C"))
        self._center()

    def step(
        self, *, exaggeration: float, learning_rate: float, momentum: float, longest: float
    ) -> None:
        """Move every point once."""
        with self._where.working():
            field = self._field()
            force = exaggeration * self._attraction()[:, :-1] + field[:, 1:] / _sum_of(field)
            whole = force
            if self._anchors is not None and self._stiffness is not None:
                away = torch.where(self._stiffness > 0, self._anchors - self._Y, 0.0)
                whole = force + torch.nan_to_num(self._stiffness * away)
            onward = (whole > 0) == (self._velocity > 0)
            gains = torch.where(onward, self._gains + 0.2, self._gains * 0.8)
            self._gains = gains.clamp_min(LEAST_GAIN)
            velocity = momentum * self._velocity + learning_rate * self._gains * force
            if self._anchors is not None and self._stiffness is not None:
                # Springs take their step implicitly: the stiffest cannot overshoot.
                stiff = learning_rate * self._gains * self._stiffness
                share = torch.where(stiff < 1e30, stiff / (1.0 + stiff), 1.0)
                velocity = velocity + share * (away - velocity)
            lengths = velocity.norm(dim=1, keepdim=True)
            # No point moves further at a time.
            self._velocity = velocity * (longest / lengths.clamp_min(1e-30)).clamp_max(1.0)
            self._Y = self._Y + self._velocity
            self._center()

    def divergence(self) -> float:
        """Kullback-Leibler divergence of the map as it is, in nats."""
        with self._where.working():
            part = float(self._attraction()[:, -1].double().sum())
            return part + self._total * float(np.log(_sum_of(self._field())))

    def _to(self, array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _center(self) -> None:
        if self._anchors is None:
            self._Y = self._Y - self._Y.double().mean(0).float()

    def _attraction(self) -> torch.Tensor:
        """Sums of p q (y_j - y_i), and of p log(p / q), of each point."""
        n, n_components = self._Y.shape
        found = self._Y.new_empty((n, n_components + 1))
        most = max(1, self._batch_bytes // (BYTES_PER_EDGE * n_components))
        first = 0
        while first < n:
            begin = int(self._starts[first])
            fits = int(np.searchsorted(self._starts, begin + most, side="right")) - 1
            last = min(n, max(first + 1, fits))
            part = slice(begin, int(self._starts[last]))
            lengths = self._lengths[first:last]
            own = self._Y[first:last].repeat_interleave(lengths, dim=0)
            there = self._Y[self._columns[part].long()] - own
            rest = 1.0 + (there * there).sum(1, keepdim=True)
            p = self._values[part][:, None]
            both = torch.cat([p / rest * there, torch.xlogy(p, p * rest)], dim=1)
            found[first:last] = torch.segment_reduce(
                both, "sum", lengths=lengths, axis=0, initial=0.0
            )
            first = last
        return found

    def _field(self) -> torch.Tensor:
        bounds = torch.stack([self._Y.amin(0), self._Y.amax(0)]).cpu().numpy()
        plan = self._plan(bounds)
        if plan is None:
            return exact_field(self._Y, self._batch_bytes)
        if self._kernel is None or self._kernel[0] is not plan.kernel:
            self._kernel = (plan.kernel, self._to(plan.kernel))
        return grid_field(self._Y, plan, self._kernel[1])


def _sum_of(field: torch.Tensor) -> float:
    """Sum of the kernel over ordered pairs; each point is one with itself."""
    return max(float(field[:, 0].double().sum()) - len(field), 1e-12)
