"""Recording from the Trainer of Hugging Face transformers."""

from __future__ import annotations

from typing import Any

from .._optional import require
from ._capture import gradient_scalars, unwrapped
from ._recorder import Recorder
from ._torch import TorchRecorder

__all__ = ["TransformersRecorder"]


_Callback: Any = require("transformers", extra="transformers").TrainerCallback


class TransformersRecorder(_Callback):  # type: ignore[misc]  # known when it is imported
    """Calls a `Recorder` from the Trainer; made by `transformers_callback`.

    Parameters
    ----------
    recorder : Recorder
        What to record, and when.
    probe : mapping of str to tensor, or iterable of such batches
        What the model takes: "input_ids", "attention_mask" and so on.
    batch_size : int
        Items at a time.
    """

    def __init__(self, recorder: Recorder, probe: Any, *, batch_size: int) -> None:
        self.recorder = recorder
        self._probe = probe
        self._batch_size = batch_size

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record the network before training."""
        self.recorder.active = self.recorder.active and bool(state.is_world_process_zero)
        self._snapshot(state, kwargs.get("model"))

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Log the gradients, which the Trainer clears before it counts the step."""
        model, step = kwargs.get("model"), int(state.global_step) + 1
        if model is not None and self.recorder.scalars_due(step):
            self.recorder.log_scalars(step, lambda: gradient_scalars(unwrapped(model).parameters()))

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record if it is time."""
        self._snapshot(state, kwargs.get("model"))

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Log the loss, the learning rate and what evaluations found."""
        self.recorder.log_scalars(int(state.global_step), lambda: dict(logs or {}))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Record the last step."""
        self._snapshot(state, kwargs.get("model"), always=True)

    def _snapshot(self, state: Any, model: Any, *, always: bool = False) -> None:
        if model is None:
            return
        taker = TorchRecorder(self.recorder, model, self._probe, batch_size=self._batch_size)
        taker.snapshot(int(state.global_step), always=always)
