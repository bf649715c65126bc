"""The field of all points of a map under Student's t kernel, by torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._optional import require
from ._grid import GridPlan

if TYPE_CHECKING:
    import torch
else:
    torch = require("torch", extra="torch")

__all__ = ["exact_field", "grid_field"]

POINTS = 1 << 17
"""Points that are spread or read at a time: sixteen nodes each."""
FIXED = float(1 << 32)
"""Charges are added up in whole numbers of this unit, which gives the same sum in any order."""


def exact_field(Y: torch.Tensor, batch_bytes: int) -> torch.Tensor:
    """Sums of q and of q² (point - source) over all sources, of shape (n, 1 + n_components).

    Each point is a source to itself, with q = 1.
    """
    n, n_components = Y.shape
    field = Y.new_empty((n, 1 + n_components))
    size = max(1, batch_bytes // (4 * n * (n_components + 3)))
    for first in range(0, n, size):
        part = slice(first, first + size)
        away = [Y[part, None, d] - Y[None, :, d] for d in range(n_components)]
        rest = 1.0 + away[0] * away[0]
        for step in away[1:]:
            rest.addcmul_(step, step)
        q = rest.reciprocal_()
        field[part, 0] = q.sum(1)
        squared = q.mul_(q)
        for d, step in enumerate(away):
            field[part, 1 + d] = (squared * step).sum(1)
    return field


def grid_field(Y: torch.Tensor, plan: GridPlan, kernel: torch.Tensor) -> torch.Tensor:
    """The same by a convolution on a grid, for maps of one or two components.

    Points are spread by cubic splines over four nodes of each axis; the potential is read off
    with its slopes, since ``q² d`` is minus half of the slope of q.
    """
    n, n_components = Y.shape
    charges = torch.zeros(int(np.prod(plan.nodes)), dtype=torch.int64, device=Y.device)
    for first in range(0, n, POINTS):
        at, weights, _ = _stencil(Y[first : first + POINTS], plan)
        share = _products(weights)
        charges.index_add_(0, at.ravel(), (share * FIXED).round().long().ravel())
    grid = (charges.double() / FIXED).float().reshape(plan.nodes)
    axes = tuple(range(n_components))
    spectrum = torch.fft.rfftn(grid, s=plan.lengths, dim=axes) * kernel
    potential = torch.fft.irfftn(spectrum, s=plan.lengths, dim=axes)
    potential = potential[tuple(slice(size) for size in plan.nodes)].reshape(-1)
    field = Y.new_empty((n, 1 + n_components))
    for first in range(0, n, POINTS):
        part = slice(first, first + POINTS)
        at, weights, slopes = _stencil(Y[part], plan)
        here = potential[at]
        field[part, 0] = (here * _products(weights)).sum(1) + plan.missing
        for axis in range(n_components):
            sloped = [slopes[d] if d == axis else weights[d] for d in range(n_components)]
            field[part, 1 + axis] = (here * _products(sloped)).sum(1) * (-0.5 / plan.spacing)
    return field


def _stencil(
    Y: torch.Tensor, plan: GridPlan
) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
    """Nodes of each point, and by axis their weights and how fast those grow along it."""
    weights, slopes = [], []
    at: torch.Tensor | None = None
    four = torch.arange(4, device=Y.device)
    for axis, size in enumerate(plan.nodes):
        place = (Y[:, axis] - plan.low[axis]) / plan.spacing
        # A point outside is taken for the nearest point inside.
        place = place.clamp(1.0, size - 2.001)
        cell = place.floor()
        t = place - cell
        u = 1.0 - t
        weights.append(
            torch.stack(
                [u**3, 4.0 + t * t * (3.0 * t - 6.0), 4.0 + u * u * (3.0 * u - 6.0), t**3], dim=1
            )
            / 6.0
        )
        slopes.append(
            torch.stack([-u * u, t * (3.0 * t - 4.0), -u * (3.0 * u - 4.0), t * t], dim=1) / 2.0
        )
        nodes = cell.long()[:, None] - 1 + four
        at = nodes if at is None else (at[:, :, None] * size + nodes[:, None, :]).flatten(1)
    assert at is not None
    return at, weights, slopes


def _products(by_axis: list[torch.Tensor]) -> torch.Tensor:
    """What the axes give to each node of a point."""
    if len(by_axis) == 1:
        return by_axis[0]
    return (by_axis[0][:, :, None] * by_axis[1][:, None, :]).flatten(1)
