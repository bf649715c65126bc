"""Points pulled along the edges of a graph and pushed away from points drawn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ._place import Device

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="torch")

__all__ = ["EdgesOnDevice"]

WHOLE = 1 << 31
"""Shares of epochs are fractions of this, so that the turns of an edge are exact at any epoch."""
GOLDEN = 0x9E3779B9
CLIP = 4.0
TINY = 1e-30
BYTES_PER_DRAW = 64
"""Of one random point, with what is computed of it."""


class EdgesOnDevice:
    """The layout of a fuzzy graph: what `driftglass._kernels.EdgeLayout` does, by torch.

    Points move in blocks: those of a block at once, seeing where everybody was before. Sums go in
    the order of the edges, so that a seed gives the same map again on the same kind of device.

    Parameters
    ----------
    starts, columns, weights : ndarray
        Edges of each point, from ``starts[i]`` to ``starts[i + 1]``, their other ends and weights.
    n_components : int
        Coordinates per point.
    n_epochs : int
        How often the heaviest edge pulls; lighter ones take their turns in proportion.
    seed : int
        Of all draws.
    order : ndarray of shape (n_samples,)
        Points, one block after the other.
    n_blocks : int
        At least; more where edges of a block would take too much memory.
    device : Device
        Where to work.
    negatives : int
        Random points per pull, for the size of blocks.
    """

    def __init__(
        self,
        starts: NDArray[np.int64],
        columns: NDArray[np.int32],
        weights: NDArray[np.float32],
        n_components: int,
        n_epochs: int,
        *,
        seed: int,
        order: NDArray[np.int32],
        n_blocks: int,
        device: Device,
        negatives: int = 5,
    ) -> None:
        self._where, self._device = device, torch.device(device.name)
        self._n, self._n_epochs = len(order), n_epochs
        self._order = torch.from_numpy(order.astype(np.int64)).to(self._device)
        shares = weights / np.float32(max(float(weights.max(initial=0.0)), TINY))
        kept = shares * np.float32(n_epochs) >= 1.0
        lengths = np.diff(starts)
        rows = np.repeat(np.arange(self._n), lengths)[kept]
        number = np.empty(self._n, dtype=np.int64)
        number[order] = np.arange(self._n)
        by_turn = np.argsort(number[rows], kind="stable")
        heads = number[rows][by_turn]
        tails = number[columns[kept][by_turn]]
        counts = np.bincount(heads, minlength=self._n)
        ends = np.concatenate([[0], np.cumsum(counts)])
        rng = np.random.default_rng(seed)
        # Phases of a point's edges lie evenly on a circle, and so do their turns in time.
        nth = np.arange(len(heads)) - ends[heads]
        phases = (nth * GOLDEN + rng.integers(WHOLE, size=self._n)[heads]) % WHOLE
        fixed = np.rint(shares[kept][by_turn].astype(np.float64) * WHOLE).astype(np.int64)
        self.pulls_per_epoch = float(fixed.sum()) / WHOLE
        self._first_edges = ends
        self._ends = torch.from_numpy(ends).to(self._device)
        self._heads = torch.from_numpy(heads.astype(np.int32)).to(self._device)
        self._tails = torch.from_numpy(tails.astype(np.int32)).to(self._device)
        self._phases = torch.from_numpy(phases.astype(np.int32)).to(self._device)
        # The heaviest edges have a share of one, which 32 bits do not hold: one less is as much.
        self._shares = torch.from_numpy(np.minimum(fixed, WHOLE - 1).astype(np.int32)).to(
            self._device
        )
        self._blocks = _blocks_of(
            ends, n_blocks, device.batch_bytes // (BYTES_PER_DRAW * n_components * (negatives + 1))
        )
        self._generator = torch.Generator(self._device).manual_seed(seed % (1 << 63))

    def run(
        self,
        positions: NDArray[np.float32],
        first_epoch: int,
        last_epoch: int,
        *,
        a: float,
        b: float,
        repulsion: float,
        negatives: int,
        rate: float,
    ) -> None:
        """Make epochs first_epoch to last_epoch - 1, in place."""
        with self._where.working():
            P = torch.from_numpy(positions).to(self._device)[self._order]
            for epoch in range(first_epoch, last_epoch):
                step = rate * (1.0 - epoch / self._n_epochs)
                for first, last in self._blocks:
                    self._move(P, first, last, epoch, (a, b, repulsion, negatives), step)
            positions[self._order.cpu().numpy()] = P.cpu().numpy()

    def _move(
        self,
        P: torch.Tensor,
        first: int,
        last: int,
        epoch: int,
        forces: tuple[float, float, float, int],
        rate: float,
    ) -> None:
        """Move the points of a block."""
        a, b, repulsion, negatives = forces
        edges = slice(int(self._first_edges[first]), int(self._first_edges[last]))
        shares = self._shares[edges].long()
        gone = (self._phases[edges].long() + shares * epoch) & (WHOLE - 1)
        due = gone + shares >= WHOLE - 1
        reached = torch.nn.functional.pad(due.long().cumsum(0), (1, 0))
        ends = reached[self._ends[first : last + 1] - edges.start]
        active = due.nonzero()[:, 0]
        heads = self._heads[edges][active].long()
        own = P[heads]
        away = own - P[self._tails[edges][active].long()]
        squared = (away * away).sum(1)
        power = squared.clamp_min(TINY) ** b
        pulled = -2.0 * a * b * power / (squared.clamp_min(TINY) * (1.0 + a * power))
        pulled = torch.where(squared > TINY, pulled, 0.0)
        # Every edge is stored at both ends. Had the other end moved too, the pull would be twice.
        force = 2.0 * (pulled[:, None] * away).clamp(-CLIP, CLIP)
        if negatives > 0 and len(active) > 0:
            others = torch.randint(
                self._n, (len(active), negatives), generator=self._generator, device=self._device
            )
            away = own[:, None] - P[others]
            squared = (away * away).sum(2)
            pushed = 2.0 * repulsion * b / ((0.001 + squared) * (1.0 + a * squared**b))
            # A point drawn itself, or lying in the same place, pushes nowhere.
            pushed = torch.where(squared > TINY, pushed, 0.0)
            force += (pushed[:, :, None] * away).clamp(-CLIP, CLIP).sum(1)
        both = torch.cat([force, -pulled[:, None]], dim=1)
        sums = torch.segment_reduce(both, "sum", lengths=ends.diff(), axis=0, initial=0.0)
        # As short a step as if half of the pull were taken at its end (the trapezoidal rule).
        P[first:last] += rate / (1.0 + rate * sums[:, -1:]) * sums[:, :-1]


def _blocks_of(ends: NDArray[np.int64], n_blocks: int, most: int) -> list[tuple[int, int]]:
    """Ranges of points: so many at least, and of no more edges than that unless of one point."""
    n = len(ends) - 1
    found: list[tuple[int, int]] = []
    first = 0
    for block in range(n_blocks):
        last = first + (n + n_blocks - 1 - block) // n_blocks
        while first < last:
            fits = int(np.searchsorted(ends, ends[first] + max(most, 1), side="right")) - 1
            stop = min(last, max(first + 1, fits))
            found.append((first, stop))
            first = stop
    return found
