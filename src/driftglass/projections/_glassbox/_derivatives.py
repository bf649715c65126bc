"""How coordinates change with what an encoder gets, at samples and along segments."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ._encoders import ScaleNorm

__all__ = [
    "as_double",
    "evaluated",
    "evaluating",
    "frozen_norms",
    "has_norms",
    "is_piecewise_linear",
    "jacobian",
]

PROBE = 1e-6
"""Relative step of the probe for curvature."""
SAME = 1e-10
"""Relative change of a derivative that rounding explains in double precision."""
N_PROBES = 64


@contextmanager
def evaluating(encoder: nn.Module) -> Iterator[None]:
    """Without dropout, whatever mode the encoder was in."""
    before = {module: module.training for module in encoder.modules()}
    encoder.eval()
    try:
        yield
    finally:
        for module, training in before.items():
            module.training = training


@contextmanager
def frozen_norms(encoder: nn.Module) -> Iterator[None]:
    """Normalisers count as constants when derivatives are taken."""
    norms = [module for module in encoder.modules() if isinstance(module, ScaleNorm)]
    for norm in norms:
        norm.frozen = True
    try:
        yield
    finally:
        for norm in norms:
            norm.frozen = False


def has_norms(encoder: nn.Module) -> bool:
    """Whether `frozen_norms` makes a difference."""
    return any(isinstance(module, ScaleNorm) for module in encoder.modules())


def as_double(encoder: nn.Module) -> nn.Module:
    """Copy of the encoder in double precision, for evaluation."""
    return copy.deepcopy(encoder).double().eval()


def evaluated(encoder: nn.Module, U: torch.Tensor) -> torch.Tensor:
    """Coordinates (n_samples, n_components) of what the encoder gets, without derivatives."""
    with evaluating(encoder), torch.no_grad():
        Y: torch.Tensor = encoder(U)
    return Y


def jacobian(encoder: nn.Module, U: torch.Tensor) -> torch.Tensor:
    """Derivatives (n_samples, n_components, *input_dims) at each sample.

    Samples don't act on each other, so one backward pass per coordinate gives it for all.
    """
    with evaluating(encoder), torch.enable_grad():
        U = U.detach().requires_grad_(True)
        Y = encoder(U)
        planes = []
        for k in range(Y.shape[1]):
            (plane,) = torch.autograd.grad(
                Y[:, k].sum(), U, retain_graph=k < Y.shape[1] - 1, allow_unused=True
            )
            planes.append(torch.zeros_like(U) if plane is None else plane)
    return torch.stack(planes, dim=1).detach()


def is_piecewise_linear(encoder: nn.Module, U: torch.Tensor) -> bool:
    """Whether the derivative is the same a tiny step aside, at most samples.

    Between its kinks a piecewise linear map has one derivative; a smooth map's changes with every
    step. The encoder and U are in double precision.
    """
    U = U[:: max(1, len(U) // N_PROBES)][:N_PROBES]
    generator = torch.Generator().manual_seed(0)
    step = torch.randn(U.shape, generator=generator, dtype=torch.float64).to(U.device)
    reach = PROBE * (1.0 + U.abs().max())
    here, aside = jacobian(encoder, U), jacobian(encoder, U + reach * step)
    change = (here - aside).flatten(1).abs().amax(dim=1)
    size = here.flatten(1).abs().amax(dim=1)
    return bool((change <= SAME * size + 1e-300).double().mean() >= 0.5)
