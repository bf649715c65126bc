"""Recording from Keras 3, on any of its back ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._optional import require
from ..errors import InvalidInputError, ShapeError
from ._capture import gradient_scalars
from ._pooling import pooled
from ._recorder import Captured, Recorder

__all__ = ["KerasRecorder"]

OUTPUT = "output"
DEFAULT = "penultimate"


_Callback: Any = require("keras", extra="keras").callbacks.Callback


class KerasRecorder(_Callback):  # type: ignore[misc]  # known when it is imported
    """Calls a `Recorder` from ``fit``; made by `keras_callback`.

    Parameters
    ----------
    recorder : Recorder
        What to record, and when.
    probe : array, or list or mapping of arrays
        What the model takes.
    batch_size : int
        Items at a time.
    """

    def __init__(self, recorder: Recorder, probe: Any, *, batch_size: int) -> None:
        super().__init__()
        self.recorder = recorder
        self._probe = probe
        self._batch_size = batch_size
        self._watching: tuple[Any, list[str]] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Record the network before training."""
        self._snapshot()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Record if it is time; losses are the running means that Keras shows."""
        step = self._step
        if not self.recorder.active:
            return
        if self.recorder.scalars_due(step):
            self.recorder.log_scalars(step, lambda: {**(logs or {}), **self._training()})
        self._snapshot()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Log what the epoch found, validation included."""
        self.recorder.log_scalars(self._step, lambda: {**(logs or {}), "epoch": epoch})

    def on_train_end(self, logs: Any = None) -> None:
        """Record the last step."""
        self._snapshot(always=True)

    @property
    def _step(self) -> int:
        optimizer = getattr(self.model, "optimizer", None)
        return 0 if optimizer is None else int(_plain(optimizer.iterations))

    def _snapshot(self, *, always: bool = False) -> None:
        step = self._step
        if self.recorder.active and (always or self.recorder.due(step)):
            self.recorder.record(step, self._captured)

    def _captured(self) -> Captured:
        if self._watching is None:
            self._watching = self._watched()
        watching, names = self._watching
        found: list[list[Any]] = [[] for _ in names]
        last: list[Any] = []
        n_items = len(_first(self._probe))
        with _without_gradients():
            for start in range(0, n_items, self._batch_size):
                here = slice(start, start + self._batch_size)
                outputs = watching(_taken(self._probe, here), training=False)
                for parts, output in zip(found, outputs[:-1], strict=True):
                    parts.append(self._vectors(_plain(output)))
                last.append(_plain(outputs[-1]))
        spaces = {name: np.concatenate(parts) for name, parts in zip(names, found, strict=True)}
        scores = np.concatenate(last)
        weights = None
        if self.recorder.weights is not None:
            weights = np.concatenate([_plain(w).ravel() for w in self.model.trainable_weights])
        return Captured(spaces, scores if scores.ndim == 2 else None, {}, weights)

    def _vectors(self, output: Any) -> Any:
        keras = require("keras", extra="keras")
        last = keras.config.image_data_format() == "channels_last"
        return pooled(output, self.recorder.pool, channels_last=last)

    def _watched(self) -> tuple[Any, list[str]]:
        """A model with the same layers that also puts out what is to be recorded."""
        keras = require("keras", extra="keras")
        try:
            inputs, final = self.model.inputs, self.model.outputs
        except (AttributeError, ValueError) as error:
            raise InvalidInputError(
                "The model has no fixed inputs and outputs, so its layers cannot be followed. "
                "Use a Sequential or functional model, or torch_recorder on the torch back end."
            ) from error
        if not inputs or not final:
            raise InvalidInputError("The model was not built; give its first layer an Input.")
        if len(final) != 1:
            raise ShapeError(f"The model has {len(final)} outputs; one is needed to record it.")
        layers = {layer.name: layer for layer in self.model.layers}
        if self.recorder.layers is None:
            dense = [each for each in layers.values() if isinstance(each, keras.layers.Dense)]
            wanted = [dense[-1].input if dense else final[0]]
            names = [DEFAULT if dense else OUTPUT]
        else:
            names = self.recorder.chosen([*layers, OUTPUT])
            wanted = [final[0] if name == OUTPUT else layers[name].output for name in names]
        return keras.Model(inputs, [*wanted, final[0]]), names

    def _training(self) -> dict[str, Any]:
        keras = require("keras", extra="keras")
        found = {"learning_rate": _plain(self.model.optimizer.learning_rate)}
        if keras.backend.backend() == "torch":
            parameters = [weight.value for weight in self.model.trainable_weights]
            found.update(gradient_scalars(parameters))
        return found


def _without_gradients() -> Any:
    from contextlib import nullcontext

    keras = require("keras", extra="keras")
    if keras.backend.backend() == "torch":
        return require("torch", extra="torch").no_grad()
    return nullcontext()


def _plain(value: Any) -> Any:
    keras = require("keras", extra="keras")
    return np.asarray(keras.ops.convert_to_numpy(value))


def _first(probe: Any) -> Any:
    if isinstance(probe, Mapping):
        return next(iter(probe.values()))
    return probe[0] if isinstance(probe, (list, tuple)) else probe


def _taken(probe: Any, here: slice) -> Any:
    if isinstance(probe, Mapping):
        return {name: values[here] for name, values in probe.items()}
    if isinstance(probe, (list, tuple)):
        return [values[here] for values in probe]
    return probe[here]
