"""How an encoder learns a map: first it copies a layout, then it descends the loss of UMAP.

Copying (distillation) takes one step through the encoder per batch of rows, with no graph; it
brings the encoder near the layout that `UMAP` finds in seconds. Descent then moves the map to what
the encoder itself can show best. Inputs are jittered by a share of the distance to their
neighbours, so that new rows come to lie where their neighbours are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

__all__ = ["Copying", "Descent", "Schedule"]

CLOSE = 0.1
"""Squared distance from its place at which a row begins to count as astray."""
NEAR = 1e-6
FLOOR = 1e-4
"""Least distance squared, and least probability, whose logarithm is taken."""


@dataclass(eq=False)
class Schedule:
    """Learning rate by step: a short rise, a plateau, and a fall to zero.

    Parameters
    ----------
    peak : float
        Rate of the plateau.
    n_steps : int
        Steps if nothing ends the plateau early.
    plateau : float
        Share of the steps after which the rate falls.
    rise : int
        Steps of the rise.
    """

    peak: float
    n_steps: int
    plateau: float = 0.0
    rise: int = 20

    def __post_init__(self) -> None:
        self._turn = int(self.plateau * self.n_steps)

    def rate(self, step: int) -> float:
        """Rate of a step."""
        up = min(1.0, (step + 1) / self.rise)
        if step < self._turn:
            return self.peak * up
        share = (step - self._turn) / max(1, self.n_steps - self._turn)
        return self.peak * up * 0.5 * (1.0 + math.cos(math.pi * share))

    def end_plateau(self, step: int) -> None:
        """Let the rate fall from here, over as many steps as is due to those made so far."""
        if step < self._turn:
            fall = int(step * (1.0 - self.plateau) / max(self.plateau, 0.1))
            self._turn = step
            self.n_steps = min(self.n_steps, step + max(fall, 20))


class Copying:
    """Distance of the encoder's coordinates from a layout, over random batches.

    Parameters
    ----------
    U : Tensor of shape (n_samples, *input_dims)
        What the encoder gets.
    layout : Tensor of shape (n_samples, n_components)
        Where each row shall lie.
    jitter : Tensor of shape (n_samples,)
        Deviation of the noise on each value of a row.
    batch_rows : int
        Rows per step.
    generator : torch.Generator
        On the device of U.
    """

    name = "copying the layout"

    def __init__(
        self,
        U: torch.Tensor,
        layout: torch.Tensor,
        jitter: torch.Tensor,
        batch_rows: int,
        generator: torch.Generator,
    ) -> None:
        self._U, self._layout, self._jitter = U, layout, jitter
        self._batch, self._generator = min(batch_rows, len(U)), generator

    def __call__(self, encoder: nn.Module) -> torch.Tensor:
        """Mean of one batch."""
        n = len(self._U)
        rows = torch.randint(n, (self._batch,), generator=self._generator, device=self._U.device)
        Y = encoder(_jittered(self._U, self._jitter, rows, self._generator))
        squares = (Y - self._layout[rows]).square().sum(dim=1)
        # A logarithm and not a square: a row between two groups goes to one of them, and not into
        # the void between, and what is near its place still draws nearer.
        return torch.log1p(squares / CLOSE).mean()


class Descent:
    """Cross entropy of the neighbour graph and the map, over edges drawn by weight.

    Parameters
    ----------
    U : Tensor of shape (n_samples, *input_dims)
        What the encoder gets.
    heads, tails : Tensor of shape (n_edges,), int64
        Ends of the edges.
    weights : Tensor of shape (n_edges,)
        Memberships in (0, 1].
    jitter : Tensor of shape (n_samples,)
        Deviation of the noise on each value of a row.
    curve : tuple of float
        a and b of the affinity ``1 / (1 + a d**(2 b))``.
    repulsion : float
        Weight of repulsion.
    n_negatives : int
        Random rows that repel each head.
    batch_edges : int
        Edges per step.
    generator : torch.Generator
        On the device of U.
    """

    name = "descending the loss"

    def __init__(
        self,
        U: torch.Tensor,
        heads: torch.Tensor,
        tails: torch.Tensor,
        weights: torch.Tensor,
        jitter: torch.Tensor,
        *,
        curve: tuple[float, float],
        repulsion: float,
        n_negatives: int,
        batch_edges: int,
        generator: torch.Generator,
    ) -> None:
        self._U, self._heads, self._tails, self._jitter = U, heads, tails, jitter
        self._a, self._b = curve
        self._repulsion, self._n_negatives = repulsion, n_negatives
        self._batch, self._generator = batch_edges, generator
        shares = torch.cumsum(weights.double().cpu(), dim=0)
        self._shares = (shares / shares[-1]).to(U.device)

    def __call__(self, encoder: nn.Module) -> torch.Tensor:
        """Mean loss per edge of one batch."""
        device, m = self._U.device, self._batch
        drawn = torch.rand(m, generator=self._generator, device=device, dtype=torch.float64)
        edges = torch.searchsorted(self._shares, drawn).clamp_(max=len(self._shares) - 1)
        # Each row of the batch goes through the encoder once, however many edges it has.
        rows, place = torch.unique(
            torch.cat([self._heads[edges], self._tails[edges]]), return_inverse=True
        )
        Y = encoder(_jittered(self._U, self._jitter, rows, self._generator))
        head, tail = place[:m], place[m:]
        pull = torch.log1p(self._a * self._powered(Y[head] - Y[tail])).mean()
        if self._n_negatives == 0 or len(rows) < 2:
            return pull
        others = torch.randint(
            len(rows), (m, self._n_negatives), generator=self._generator, device=device
        )
        distance = self._a * self._powered(Y[head][:, None] - Y[others])
        push = -torch.log((distance / (1.0 + distance)).clamp_min(FLOOR))
        push = torch.where(others == head[:, None], torch.zeros_like(push), push)
        return pull + self._repulsion * push.sum(dim=1).mean()

    def _powered(self, difference: torch.Tensor) -> torch.Tensor:
        powered: torch.Tensor = (difference.square().sum(dim=-1) + NEAR).pow(self._b)
        return powered


def _jittered(
    U: torch.Tensor, jitter: torch.Tensor, rows: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    batch = U[rows]
    noise = torch.randn(batch.shape, generator=generator, device=U.device, dtype=U.dtype)
    deviations = jitter[rows].reshape(-1, *(1 for _ in U.shape[1:]))
    return batch + deviations * noise


Loss = Callable[[nn.Module], torch.Tensor]
