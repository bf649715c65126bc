"""A fit from prepared vectors to a trained encoder."""

from __future__ import annotations

import copy
import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ...errors import DriftglassWarning, InvalidInputError
from ._derivatives import evaluated
from ._optimizer import Optimizer
from ._training import Copying, Descent, Loss, Schedule
from ._watching import Audience

__all__ = ["Neighbourhood", "Settings", "learn", "threads"]

COPY_ROWS = 1024
"""Rows per step of copying: enough to use the processor, few enough for many steps."""
COPY_STEPS_PER_EPOCH, ROWS_PER_STEP = 4, 400
"""Steps of an epoch of copying: at least so many, and one for so many rows."""
COPY_RATE, MOST_COPY_RATE = 10.0, 0.02
"""Copying has a plain loss and takes larger steps than descent."""
MOST_COPY_STEPS, MOST_DESCENT_STEPS = 4000, 800
"""Beyond these no map that was tried got better; for fits that may stop by themselves."""
DESCENT_ROWS = 20_000
"""Rows beyond which so few steps of descent see too little of the graph to improve on the copy."""
WINDOW = 50
"""Steps whose mean loss is compared with those before."""
FLAT = 0.002
"""Relative improvement from one window to the next that counts as none."""
PLATEAU = 0.6
AUTO_JITTER = 1.0
"""As far as the neighbours are away: rows that the network will see lie there."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """What the engine found out about the rows that differ.

    Parameters
    ----------
    layout : ndarray of shape (n_samples, n_components) or None
        Places to copy first.
    heads, tails, weights : ndarray of shape (n_edges,)
        The fuzzy graph; empty for very few rows.
    neighbors : ndarray of shape (n_samples, k)
        Nearest rows; k may be 0.
    curve : tuple of float
        a and b of the affinity of the map.
    """

    layout: NDArray[np.float32] | None
    heads: NDArray[np.int64]
    tails: NDArray[np.int64]
    weights: NDArray[np.float32]
    neighbors: NDArray[np.int64]
    curve: tuple[float, float]


@dataclass(frozen=True)
class Settings:
    """What the constructor's arguments say about training."""

    n_components: int
    lr: float
    epochs: int
    batch_size: int | str
    num_batches: int | None
    negative_sample_rate: int
    repulsion_strength: float
    jitter: float | str
    early_stopping: bool
    restore_best_weights: bool
    seed: int


@dataclass(eq=False)
class _Phase:
    """One loss, descended for some epochs."""

    loss: Loss
    name: str
    n_epochs: int
    steps_per_epoch: int
    schedule: Schedule
    stops: bool = False
    orthogonal: bool = False
    losses: list[float] = field(default_factory=list)


def learn(
    encoder: nn.Module,
    U: torch.Tensor,
    around: Neighbourhood,
    settings: Settings,
    audience: Audience,
    on_better: Callable[[nn.Module], Any],
) -> tuple[list[dict[str, Any]], bool]:
    """Train in place; returns what happened in each epoch, and whether it was interrupted.

    Ctrl-C ends the training and keeps the encoder as it is.
    """
    generator = torch.Generator(device=U.device).manual_seed(settings.seed)
    n_directions = int(getattr(encoder, "n_directions", math.prod(U.shape[1:])))
    jitter = _jitter(U, around.neighbors, settings.jitter, n_directions)
    history: list[dict[str, Any]] = []
    interrupted = False
    best: dict[str, torch.Tensor] | None = None
    encoder.train()
    audience.tell("setup", stage="fit")
    audience.tell("on_fit_start")
    audience.tell("on_train_start")
    try:
        for phase in _phases(U, around, settings, jitter, generator):
            best = _descend(encoder, phase, U, settings, audience, history, on_better)
            if audience.state.should_stop:
                break
    except KeyboardInterrupt:
        interrupted = True
        warnings.warn(
            f"Interrupted after {len(history)} epochs: the map is kept as it is.",
            DriftglassWarning,
            stacklevel=3,
        )
    finally:
        encoder.eval()
        audience.close()
    if settings.restore_best_weights and best is not None and not interrupted:
        encoder.load_state_dict(best)
    audience.tell("on_train_end")
    audience.tell("on_fit_end")
    audience.tell("teardown", stage="fit")
    return history, interrupted


def _phases(
    U: torch.Tensor,
    around: Neighbourhood,
    settings: Settings,
    jitter: torch.Tensor,
    generator: torch.Generator,
) -> Iterator[_Phase]:
    n, epochs = len(U), settings.epochs
    if around.layout is not None:
        per_epoch = max(COPY_STEPS_PER_EPOCH, math.ceil(n / ROWS_PER_STEP))
        if settings.num_batches is not None:
            per_epoch = min(per_epoch, settings.num_batches)
        most = MOST_COPY_STEPS if settings.early_stopping else epochs * per_epoch
        n_epochs = min(epochs, math.ceil(most / per_epoch))
        layout = torch.from_numpy(np.ascontiguousarray(around.layout)).to(U.device)
        copying = Copying(U, layout, jitter, COPY_ROWS, generator)
        rate = min(COPY_RATE * settings.lr, MOST_COPY_RATE)
        schedule = Schedule(rate, n_epochs * per_epoch)
        yield _Phase(copying, copying.name, n_epochs, per_epoch, schedule, orthogonal=True)
        if settings.early_stopping and n > DESCENT_ROWS:
            return
    if len(around.heads) == 0:
        return
    batch = _batch_edges(settings.batch_size, len(around.heads))
    per_epoch = max(1, math.ceil(len(around.heads) / batch))
    if settings.num_batches is not None:
        per_epoch = min(per_epoch, settings.num_batches)
    n_epochs = epochs
    if settings.early_stopping and around.layout is not None:
        n_epochs = min(epochs, math.ceil(MOST_DESCENT_STEPS / per_epoch))
    heads, tails, weights = (
        torch.from_numpy(np.ascontiguousarray(part)).to(U.device)
        for part in (around.heads, around.tails, around.weights)
    )
    descent = Descent(
        U,
        heads,
        tails,
        weights,
        jitter,
        curve=around.curve,
        repulsion=settings.repulsion_strength,
        n_negatives=settings.negative_sample_rate,
        batch_edges=batch,
        generator=generator,
    )
    schedule = Schedule(settings.lr, n_epochs * per_epoch, plateau=PLATEAU)
    yield _Phase(
        descent, descent.name, n_epochs, per_epoch, schedule, settings.early_stopping, False
    )


def _descend(
    encoder: nn.Module,
    phase: _Phase,
    U: torch.Tensor,
    settings: Settings,
    audience: Audience,
    history: list[dict[str, Any]],
    on_better: Callable[[nn.Module], Any],
) -> dict[str, torch.Tensor] | None:
    """Weights of the epoch with the lowest mean loss."""
    optimizer = Optimizer(encoder, settings.n_components, orthogonal=phase.orthogonal)
    state, step, lowest = audience.state, 0, math.inf
    best: dict[str, torch.Tensor] | None = None
    begun = time.perf_counter()
    for _ in range(phase.n_epochs):
        if state.should_stop or step >= phase.schedule.n_steps:
            break
        audience.tell("on_train_epoch_start")
        losses = []
        for number in range(phase.steps_per_epoch):
            if step >= phase.schedule.n_steps:
                break
            rate = phase.schedule.rate(step)
            audience.tell("on_train_batch_start", None, number)
            loss = phase.loss(encoder)
            optimizer.step(loss, rate)
            losses.append(loss.detach())
            audience.tell("on_train_batch_end", {"loss": losses[-1]}, None, number)
            step += 1
            state.global_step += 1
        values = torch.stack(losses).cpu().tolist()
        phase.losses += values
        mean = float(np.mean(values))
        _require_finite(mean, phase, rate)
        seconds = time.perf_counter() - begun
        history.append(
            {"phase": phase.name, "epoch": state.current_epoch, "loss": mean, "lr": rate,
             "seconds": seconds}
        )  # fmt: skip
        if mean < lowest:
            lowest = mean
            on_better(encoder)
            if settings.restore_best_weights:
                best = copy.deepcopy(encoder.state_dict())
        audience.epoch_done(
            phase.name, mean, rate, lambda: evaluated(encoder, U).float().cpu().numpy()
        )
        state.current_epoch += 1
        if phase.stops and _is_flat(phase.losses):
            phase.schedule.end_plateau(step)
    return best


def _is_flat(losses: list[float]) -> bool:
    if len(losses) < 2 * WINDOW:
        return False
    now, before = np.mean(losses[-WINDOW:]), np.mean(losses[-2 * WINDOW : -WINDOW])
    return bool(before - now < FLAT * abs(before))


def _require_finite(loss: float, phase: _Phase, rate: float) -> None:
    if not math.isfinite(loss):
        raise InvalidInputError(
            f"The loss became {loss} while {phase.name} at a learning rate of {rate:.3g}. Lower "
            f"lr, or check that the encoder's layers keep values finite."
        )


def _batch_edges(batch_size: int | str, n_edges: int) -> int:
    if batch_size == "auto":
        # Some twenty steps an epoch, each large enough to use the processor.
        return min(max(n_edges // 20, 1_000), 20_000)
    return int(batch_size)


def _jitter(
    U: torch.Tensor, neighbors: NDArray[np.int64], jitter: float | str, n_directions: int
) -> torch.Tensor:
    """Deviation of the noise on each value of each row.

    What the encoder sees of the noise is as long as the way to the neighbours.
    """
    n = len(U)
    share = AUTO_JITTER if jitter == "auto" else float(jitter)
    if neighbors.shape[1] == 0 or share == 0.0:
        return U.new_zeros(n)
    flat = U.flatten(1)
    total = U.new_zeros(n)
    for rows in torch.split(torch.arange(n, device=U.device), 8192):
        for column in neighbors.T:
            there = torch.from_numpy(np.ascontiguousarray(column)).to(U.device)[rows]
            total[rows] += (flat[rows] - flat[there]).norm(dim=1)
    deviation: torch.Tensor = total * (share / neighbors.shape[1] / math.sqrt(n_directions))
    return deviation


@contextmanager
def threads(n_threads: int | None) -> Iterator[None]:
    """Let torch use so many threads, for a while; one if nobody says.

    Products add up in another order with another number of threads. One is the number that every
    machine has, so by default a seed gives the same bytes everywhere.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1 if n_threads is None else n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
