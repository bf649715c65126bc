"""Who hears of a fit: a bar with the time left, callbacks in Lightning's form, a run to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ...errors import InvalidInputError

__all__ = ["Audience", "FitState", "Module", "SupportsLog", "check_callbacks"]

HOOKS = (
    "setup",
    "on_fit_start",
    "on_train_start",
    "on_train_epoch_start",
    "on_train_batch_start",
    "on_train_batch_end",
    "on_train_epoch_end",
    "on_train_end",
    "on_fit_end",
    "teardown",
)


MOST_MAPS = 50
"""Maps that a fit logs to the run that watches it; the loss is logged every epoch."""


class SupportsLog(Protocol):
    """A run, as far as a fit needs it."""

    def log(self, step: int, **what: Any) -> Any:
        """Take the map of one epoch and its loss."""
        ...


class Module(nn.Module):
    """The encoder as callbacks get it: in Lightning's place of the module.

    Parameters
    ----------
    encoder : torch.nn.Module
        Being trained.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Any) -> Any:
        """Coordinates of what the encoder gets."""
        return self.encoder(x)


class _OneProcess:
    """In Lightning's place of the strategy: nobody else has to agree."""

    def reduce_boolean_decision(self, decision: bool, all: bool = True) -> bool:
        """What everybody decides."""
        return decision


class FitState:
    """How far a fit is: in Lightning's place of the trainer.

    Setting `should_stop` ends the fit after the epoch. It has what callbacks that watch or stop a
    training ask a trainer for; there is no strategy, data loader or logger behind it.

    Attributes
    ----------
    current_epoch, global_step, max_epochs : int
        Counted over the whole fit.
    callback_metrics, logged_metrics : dict
        Newest loss, learning rate and phase.
    should_stop : bool
        Set by a callback.
    """

    def __init__(self, max_epochs: int) -> None:
        self.max_epochs = max_epochs
        self.current_epoch = 0
        self.global_step = 0
        self.should_stop = False
        self.callback_metrics: dict[str, Any] = {}
        self.logged_metrics = self.callback_metrics
        self.is_global_zero = True
        self.sanity_checking = self.fast_dev_run = False
        self.val_check_interval, self.check_val_every_n_epoch = 1.0, 1
        self.state = SimpleNamespace(fn="fit", stage="train", status="running")
        self.strategy = _OneProcess()
        self.world_size = 1


class Audience:
    """Tells callbacks, a run and a bar what happens.

    Parameters
    ----------
    state : FitState
        How far the fit is.
    module : Module
        The encoder.
    callbacks : sequence
        Objects with any of Lightning's training hooks.
    quiet : bool
        No bar. There is none either where the output is not a terminal.
    monitor : SupportsLog or None
        Takes the map now and then.
    """

    def __init__(
        self,
        state: FitState,
        module: Module,
        callbacks: Sequence[Any],
        *,
        quiet: bool,
        monitor: SupportsLog | None = None,
    ) -> None:
        from tqdm import tqdm

        self.state, self.module = state, module
        self._callbacks, self._monitor = callbacks, monitor
        self._stride = max(1, math.ceil(state.max_epochs / MOST_MAPS))
        self._bar = tqdm(
            total=state.max_epochs, unit="epoch", disable=True if quiet else None, leave=False
        )

    def tell(self, hook: str, *more: Any, **named: Any) -> None:
        """Call a hook of every callback that has it."""
        for callback in self._callbacks:
            function = getattr(callback, hook, None)
            if function is None:
                continue
            try:
                function(self.state, self.module, *more, **named)
            except AttributeError as error:
                if error.obj not in (self.state, self.module, self.state.strategy):
                    raise
                raise InvalidInputError(
                    f"The callback {type(callback).__name__} asks for {error.name!r} of Lightning, "
                    f"which fits here without it. Callbacks that watch the loss or end the fit "
                    f"work; others need a hook of their own, on_train_epoch_end(trainer, module)."
                ) from error

    def epoch_done(self, phase: str, loss: float, rate: float, place: Any) -> None:
        """After an epoch; `place()` gives the map as it is."""
        import torch

        metrics = {"loss": torch.tensor(loss), "train_loss": torch.tensor(loss), "lr": rate}
        self.state.callback_metrics.update(metrics)
        self.tell("on_train_epoch_end")
        if self._monitor is not None:
            scalars = {"loss": loss, "learning_rate": rate}
            if self.state.current_epoch % self._stride == 0:
                self.show(place(), scalars)
            else:
                self._monitor.log(self.state.current_epoch, scalars=scalars)
        self._bar.set_description(phase, refresh=False)
        self._bar.set_postfix({"loss": f"{loss:.3f}"}, refresh=False)
        self._bar.update(1)

    def show(self, Y: NDArray[Any], scalars: dict[str, float] | None = None) -> None:
        """Log a map to the run that watches, if there is one."""
        if self._monitor is not None:
            spaces = {"map": np.asarray(Y, dtype=np.float32)}
            self._monitor.log(self.state.current_epoch, spaces=spaces, scalars=scalars or {})

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


def check_callbacks(callbacks: Any) -> list[Any]:
    """Refuse what has none of the hooks: it would never be called."""
    checked = list(callbacks or ())
    for callback in checked:
        if not any(hasattr(callback, hook) for hook in HOOKS) or isinstance(callback, type):
            raise InvalidInputError(
                f"extra_callbacks holds {callback!r:.80}, which has none of the hooks of a "
                f"Lightning callback. Give it a method such as on_train_epoch_end(trainer, module)."
            )
    return checked
