"""Recording from a plain PyTorch loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._capture import capture, gradient_scalars, is_first_process, unwrapped
from ._recorder import Captured, Recorder, RecorderReport

__all__ = ["TorchRecorder", "taken"]


class TorchRecorder:
    """Records a PyTorch model while it trains; made by `torch_recorder`.

    Parameters
    ----------
    recorder : Recorder
        What to record, and when.
    model : torch.nn.Module
        The model.
    probe : tensor, tuple, mapping or iterable of batches
        What it is shown.
    batch_size : int
        Items at a time.
    """

    def __init__(self, recorder: Recorder, model: Any, probe: Any, *, batch_size: int) -> None:
        self.recorder = recorder
        self._model = model
        self._probe = probe
        self._batch_size = batch_size
        self._step = 0

    def step(
        self, step: int | None = None, *, loss: Any = None, optimizer: Any = None, **scalars: Any
    ) -> None:
        """Record if it is time; call it after every ``optimizer.step()``.

        Parameters
        ----------
        step : int, optional
            Number of steps taken; counted here by default.
        loss : float or tensor, optional
            Logged as "loss".
        optimizer : torch.optim.Optimizer, optional
            Its learning rate is logged as "learning_rate".
        **scalars : float or tensor
            Logged by their names.
        """
        self._step = self._step + 1 if step is None else step
        if not self.recorder.active:
            return
        now = self._step
        if self.recorder.scalars_due(now):
            self.recorder.log_scalars(
                now,
                lambda: {
                    "loss": loss,
                    "learning_rate": learning_rate(optimizer),
                    **gradient_scalars(unwrapped(self._model).parameters()),
                    **scalars,
                },
            )
        self.snapshot(now)

    def snapshot(self, step: int, *, always: bool = False) -> bool:
        """Take a snapshot at this step if it is due, or always."""
        if not self.recorder.active or not (always or self.recorder.due(step)):
            return False
        return self.recorder.record(
            step, lambda: taken(self.recorder, self._model, self._probe, self._batch_size)
        )

    def report(self) -> RecorderReport:
        """Count what was recorded, what failed, and how long it took."""
        return self.recorder.report()


def taken(recorder: Recorder, model: Any, probe: Any, batch_size: int) -> Captured:
    """What the model makes of the probe now."""
    return capture(model, probe, recorder, batch_size=batch_size)


def torch_recorder(
    run: Any, model: Any, probe: Any, *, batch_size: int = 256, **options: Any
) -> TorchRecorder:
    """Recorder for a plain loop; see `driftglass.integrations.torch_recorder`."""
    active = options.pop("active", None)
    recorder = Recorder(run, active=is_first_process() if active is None else active, **options)
    made = TorchRecorder(recorder, model, probe, batch_size=batch_size)
    made.snapshot(0)  # the network before training
    return made


def learning_rate(optimizer: Any) -> float | None:
    """Learning rate of the first group of parameters."""
    groups = getattr(optimizer, "param_groups", None)
    if not groups:
        return None
    rate = groups[0].get("lr") if isinstance(groups[0], Mapping) else None
    return None if rate is None else float(rate)
