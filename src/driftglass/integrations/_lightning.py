"""Recording from Lightning."""

from __future__ import annotations

from typing import Any

from .._optional import require
from ._capture import gradient_scalars
from ._recorder import Recorder
from ._torch import TorchRecorder, learning_rate

__all__ = ["LightningRecorder"]


def _base() -> Any:
    """Lightning goes by two names, and a callback has to come from the one that trains."""
    try:
        return require("lightning.pytorch", extra="lightning").Callback
    except ImportError:
        return require("pytorch_lightning", extra="lightning").Callback


_Callback: Any = _base()


class LightningRecorder(_Callback):  # type: ignore[misc]  # known when it is imported
    """Calls a `Recorder` from Lightning's loop; made by `lightning_callback`.

    Parameters
    ----------
    recorder : Recorder
        What to record, and when.
    probe : tensor, tuple, mapping or iterable of batches
        What the module's ``forward`` takes.
    batch_size : int
        Items at a time.
    """

    def __init__(self, recorder: Recorder, probe: Any, *, batch_size: int) -> None:
        self.recorder = recorder
        self._probe = probe
        self._batch_size = batch_size
        self._step = -1

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Record the network before training, after the sanity check."""
        self.recorder.active = self.recorder.active and bool(trainer.is_global_zero)
        self._snapshot(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Record after a step of the optimizer, if it is time."""
        step = int(trainer.global_step)
        if not self.recorder.active or step == self._step:
            return  # gradients are being accumulated
        self._step = step
        if self.recorder.scalars_due(step):
            loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
            self.recorder.log_scalars(
                step,
                lambda: {
                    "loss": loss,
                    "learning_rate": learning_rate(next(iter(trainer.optimizers), None)),
                    **gradient_scalars(pl_module.parameters()),
                },
            )
        self._snapshot(trainer, pl_module)

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Log what the module logged of the epoch; nothing in the sanity check."""
        if trainer.sanity_checking:
            return
        self.recorder.log_scalars(int(trainer.global_step), lambda: dict(trainer.callback_metrics))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Record the last step."""
        if self.recorder.active and int(trainer.global_step) > 0:
            self._snapshot(trainer, pl_module, always=True)

    def _snapshot(self, trainer: Any, pl_module: Any, *, always: bool = False) -> None:
        taker = TorchRecorder(self.recorder, pl_module, self._probe, batch_size=self._batch_size)
        taker.snapshot(int(trainer.global_step), always=always)
