"""The linear pieces of an encoder: the one at a sample, and those along a straight line.

Along a segment from u to v a piecewise linear map has finitely many kinks, and between two of them
one derivative. Their average, weighted by length, times v - u is f(v) - f(u) exactly: this is the
path integral that explains a difference of coordinates by differences of features (Sundararajan,
Taly and Yan 2017, Axiomatic attribution for deep networks, there approximated by a sum).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ._derivatives import evaluating, jacobian
from ._encoders import ScaleNorm

__all__ = ["SegmentAverage", "average_jacobian", "piece_at"]

SEGMENT_BYTES = 1 << 27
"""Of the hidden values that are looked at together."""
N_NODES = 64
"""Points of the sum that stands in where kinks cannot be found."""
HINGES = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.Hardtanh)
"""Activations that are straight but for one or two bends; ReLU6 is a Hardtanh."""
STRAIGHT = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.Flatten,
    nn.Identity,
    nn.Dropout,
    nn.Dropout2d,
    nn.AvgPool2d,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
)
"""Layers without bends, once training is over."""


@dataclass(frozen=True, eq=False)
class SegmentAverage:
    """Average derivative along each segment.

    Parameters
    ----------
    jacobian : Tensor of shape (n_segments, n_components, *input_dims)
        In double precision.
    n_pieces : Tensor of shape (n_segments,)
        Linear pieces of each segment, or points of the sum.
    exact : bool
        Whether every kink was found.
    """

    jacobian: torch.Tensor
    n_pieces: torch.Tensor
    exact: bool


def average_jacobian(
    encoder: nn.Module, start: torch.Tensor, end: torch.Tensor, *, piecewise_linear: bool
) -> SegmentAverage:
    """Average derivative from `start` to `end`, both (n_segments, *input_dims) in float64."""
    hinges = _hinges(encoder) if piecewise_linear else None
    parts, counts = [], []
    rows = 0
    size = 1
    while rows < len(start):
        chunk = slice(rows, rows + size)
        if hinges is None:
            J, n_pieces, width = _summed(encoder, start[chunk], end[chunk])
        else:
            J, n_pieces, width = _pieced(encoder, hinges, start[chunk], end[chunk])
        parts.append(J)
        counts.append(n_pieces)
        rows += len(J)
        # The first segment shows how many pieces to expect.
        size = max(1, min(4096, SEGMENT_BYTES // max(1, int(n_pieces.max()) * width * 8)))
    if not parts:
        k = int(encoder(start[:1].new_zeros((1, *start.shape[1:]))).shape[1])
        empty = start.new_zeros((0, k, *start.shape[1:]))
        return SegmentAverage(empty, torch.zeros(0, dtype=torch.int64), hinges is not None)
    return SegmentAverage(torch.cat(parts), torch.cat(counts), hinges is not None)


def piece_at(encoder: nn.Module, U: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """What the affine map that holds at each sample of U gives at other points.

    Parameters
    ----------
    encoder : torch.nn.Module
        Its activations are looked at where they are modules; what is bent elsewhere is not seen,
        and the answer then does not agree with the derivative.
    U, points : Tensor of shape (n_samples, *input_dims)
        Samples, and the point at which the map of each is evaluated.

    Returns
    -------
    Y : Tensor of shape (n_samples, n_components)
        Coordinates; those of the encoder itself where a point lies in the piece of its sample.
    """
    maps: list[tuple[torch.Tensor, torch.Tensor]] = []
    used: Iterator[tuple[torch.Tensor, torch.Tensor]] = iter(())

    def learn(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        z = inputs[0].detach()
        if isinstance(module, ScaleNorm):
            spread = torch.sqrt(z.var(dim=1, keepdim=True, unbiased=False) + 1e-5)
            maps.append((module.weight / spread, torch.zeros_like(z)))
            return
        # The same in value, but for derivatives of its own.
        with torch.enable_grad():
            z = z.clone().requires_grad_(True)
            handled = type(module).forward(module, z)
            (slope,) = torch.autograd.grad(handled.sum(), z)
        maps.append((slope, (handled - slope * z).detach()))

    def apply(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> Any:
        slope, constant = next(used)
        return slope * inputs[0] + constant

    bent = [m for m in encoder.modules() if isinstance(m, (*HINGES, ScaleNorm))]
    with evaluating(encoder), torch.no_grad():
        handles = [module.register_forward_hook(learn) for module in bent]
        try:
            encoder(U)
        finally:
            for handle in handles:
                handle.remove()
        used = iter(maps)
        handles = [module.register_forward_hook(apply) for module in bent]
        try:
            Y: torch.Tensor = encoder(points)
        finally:
            for handle in handles:
                handle.remove()
    return Y


def _hinges(encoder: nn.Module) -> dict[nn.Module, tuple[float, ...]] | None:
    """Where each activation bends; None if the encoder holds something else."""
    hinges: dict[nn.Module, tuple[float, ...]] = {}
    for module in encoder.modules():
        if isinstance(module, nn.Hardtanh):
            hinges[module] = (float(module.min_val), float(module.max_val))
        elif isinstance(module, HINGES):
            hinges[module] = (0.0,)
        elif next(module.children(), None) is None and not isinstance(module, STRAIGHT):
            return None
    return hinges


@contextmanager
def _recorded(
    hinges: dict[nn.Module, tuple[float, ...]],
) -> Iterator[list[tuple[torch.Tensor, tuple[float, ...]]]]:
    """What goes into each activation, in the order of the calls."""
    calls: list[tuple[torch.Tensor, tuple[float, ...]]] = []

    def record(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        calls.append((inputs[0].detach().flatten(1), hinges[module]))

    handles = [module.register_forward_pre_hook(record) for module in hinges]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _pieced(
    encoder: nn.Module,
    hinges: dict[nn.Module, tuple[float, ...]],
    start: torch.Tensor,
    end: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Average over linear pieces: layer after layer, each layer's kinks split the segments."""
    T = start.new_tensor([0.0, 1.0]).repeat(len(start), 1)
    number, width = 0, start[0].numel()
    while True:
        with _recorded(hinges) as calls, evaluating(encoder), torch.no_grad():
            encoder(_at(start, end, T))
        if number >= len(calls):
            break
        values, bends = calls[number]
        width = max(width, values.shape[1])
        values = values.reshape(*T.shape, -1)
        # Earlier layers bend at T already, so between its places these values are straight lines.
        T = torch.cat([T, *(_roots(T, values - bend) for bend in bends)], dim=1).sort(dim=1).values
        number += 1
    J, n_pieces = _averaged(encoder, start, end, T)
    return J, n_pieces, width


def _at(start: torch.Tensor, end: torch.Tensor, T: torch.Tensor) -> torch.Tensor:
    """Points (n_segments * n_places, *input_dims) at shares T of each segment."""
    shares = T.reshape(*T.shape, *(1 for _ in start.shape[1:]))
    points = start[:, None] + shares * (end - start)[:, None]
    return points.reshape(-1, *start.shape[1:])


def _roots(T: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Shares at which a value changes sign; each row filled up with 1."""
    low, high = values[:, :-1], values[:, 1:]
    crossing = ((low < 0) & (high > 0)) | ((low > 0) & (high < 0))
    row, place, unit = crossing.nonzero(as_tuple=True)
    before, after = low[row, place, unit].abs(), high[row, place, unit].abs()
    share = T[row, place] + (T[row, place + 1] - T[row, place]) * (before / (before + after))
    counts = torch.bincount(row, minlength=len(T))
    most = int(counts.max()) if len(counts) else 0
    rank = torch.arange(len(row), device=T.device) - (counts.cumsum(0) - counts)[row]
    roots = T.new_ones((len(T), most))
    roots[row, rank] = share
    return roots


def _averaged(
    encoder: nn.Module, start: torch.Tensor, end: torch.Tensor, T: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = T[:, 1:] - T[:, :-1]
    middles = (T[:, 1:] + T[:, :-1]) / 2
    row, piece = (lengths > 0).nonzero(as_tuple=True)
    total: torch.Tensor | None = None
    for part in torch.split(torch.arange(len(row), device=T.device), 8192):
        rows, pieces = row[part], piece[part]
        shares = middles[rows, pieces].reshape(-1, *(1 for _ in start.shape[1:]))
        J = jacobian(encoder, start[rows] + shares * (end[rows] - start[rows]))
        weights = lengths[rows, pieces].reshape(-1, *(1 for _ in J.shape[1:]))
        if total is None:
            total = J.new_zeros((len(start), *J.shape[1:]))
        total.index_add_(0, rows, weights * J)
    assert total is not None
    return total, torch.bincount(row, minlength=len(start))


def _summed(
    encoder: nn.Module, start: torch.Tensor, end: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Average over equally spaced points, for encoders whose kinks cannot be found."""
    T = torch.linspace(0.0, 1.0, N_NODES + 1, dtype=start.dtype, device=start.device)
    J, n_pieces = _averaged(encoder, start, end, T.repeat(len(start), 1))
    return J, n_pieces, start[0].numel()
