"""Steps down a gradient: orthogonal ones for weight matrices, Adam's for everything else."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["Optimizer"]

MOMENTUM = 0.95
DECAY = 0.01
"""Share of the weights that goes with each step of size one."""
ADAM_SIZE = 0.2
"""Root mean square of a step of Adam, so that one learning rate serves both."""
QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients of the polynomial that draws singular values towards one, as published."""
N_ROUNDS = 5


class Optimizer:
    """Muon for the weight matrices of an encoder, and AdamW for the rest.

    A matrix moves in all directions of its gradient equally far, which reaches a given loss in a
    third of the steps that Adam takes (Jordan et al. 2024, Muon: an optimizer for hidden layers in
    neural networks).

    Parameters
    ----------
    encoder : torch.nn.Module
        Whose parameters are changed.
    n_components : int
        Coordinates; the layer that makes them is left to Adam.
    orthogonal : bool
        False leaves everything to AdamW.
    """

    def __init__(self, encoder: nn.Module, n_components: int, *, orthogonal: bool) -> None:
        learnt = [p for p in encoder.parameters() if p.requires_grad]
        self._matrices = [p for p in learnt if orthogonal and p.ndim >= 2 and len(p) > n_components]
        chosen = {id(p) for p in self._matrices}
        others = [p for p in learnt if id(p) not in chosen]
        self._momenta = [torch.zeros_like(p) for p in self._matrices]
        self._adam = torch.optim.AdamW(others, weight_decay=DECAY) if others else None
        self._learnt = learnt

    def step(self, loss: torch.Tensor, rate: float) -> None:
        """One step of the given size down the gradient of the loss."""
        for parameter in self._learnt:
            parameter.grad = None
        loss.backward()  # type: ignore[no-untyped-call]
        if self._adam is not None:
            for group in self._adam.param_groups:
                group["lr"] = rate
            self._adam.step()
        with torch.no_grad():
            for parameter, momentum in zip(self._matrices, self._momenta, strict=True):
                if parameter.grad is None:
                    continue
                momentum.lerp_(parameter.grad, 1.0 - MOMENTUM)
                ahead = parameter.grad.lerp(momentum, MOMENTUM).flatten(1)
                size = ADAM_SIZE * max(ahead.shape) ** 0.5
                parameter.mul_(1.0 - rate * DECAY)
                parameter.add_(_orthogonal(ahead).view_as(parameter), alpha=-rate * size)


def _orthogonal(G: torch.Tensor) -> torch.Tensor:
    """About the nearest matrix whose rows, or columns, are orthonormal."""
    a, b, c = QUINTIC
    wide = len(G) <= G.shape[1]
    X: torch.Tensor = G if wide else G.T
    X = X / (X.norm() + 1e-30)
    for _ in range(N_ROUNDS):
        S = X @ X.T
        X = a * X + torch.addmm(S, S, S, beta=b, alpha=c) @ X
    return X if wide else X.T
