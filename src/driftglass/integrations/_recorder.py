"""Decides what to record from inside training, and sees to it that nothing stops the training."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DriftglassWarning, InvalidInputError, NotFoundError
from ._pooling import POOLS, Pool
from ._schedule import Schedule

if TYPE_CHECKING:
    from ..store import Run

__all__ = ["Captured", "Recorder", "RecorderReport"]

MAX_MESSAGES = 20


@dataclass
class Captured:
    """What a framework took from the model at one step.

    Parameters
    ----------
    spaces : mapping of str to array of shape (n_items, n_features)
        Vectors of the probe by layer.
    predictions : array of shape (n_items, n_classes), optional
        What the model says of the probe.
    scalars : mapping of str to float
        Gradient norms and the like.
    weights : array of shape (n_parameters,), optional
        All parameters in a row.
    """

    spaces: Mapping[str, Any] = field(default_factory=dict)
    predictions: Any = None
    scalars: Mapping[str, float] = field(default_factory=dict)
    weights: Any = None


@dataclass(frozen=True)
class RecorderReport:
    """What became of a recorder's work.

    Parameters
    ----------
    n_recorded : int
        Snapshots taken.
    n_failed : int
        Times that something went wrong and training went on.
    seconds : float
        Time spent on the training loop's thread.
    messages : tuple of str
        What went wrong, each once.
    """

    n_recorded: int
    n_failed: int
    seconds: float
    messages: tuple[str, ...]


class Recorder:
    """Decides which layers to record, and when; knows no framework.

    `driftglass.integrations` has a function for each framework that makes one and calls it.
    Whatever fails inside is counted and warned about once; training goes on.

    Parameters
    ----------
    run : Run
        Run open for writing, with one id per item of the probe.
    layers : str or sequence of str, optional
        Names of layers, with ``*`` and ``?`` as in file names: ``"encoder.layer.?"``; ``*`` goes
        across dots. "output" is what the model itself puts out. By default
        what goes into the last linear layer.
    pool : {"mean", "cls", "last", "flatten"}
        How tokens or places of an image become one vector; see `pooled`.
    schedule : Schedule
        Steps to record.
    scalars_every : int
        Steps between loss, learning rate and gradient norms.
    labels : sequence of int of shape (n_items,), optional
        Classes of the probe, for the scalar "probe_accuracy".
    ids : sequence of shape (n_items,), optional
        Ids of the probe; by default those the run was made with.
    weights : Run, optional
        A run of its own for all parameters as one vector per step, made with one id.
    active : bool
        False on all but the first of several training processes: nothing is done.

    Raises
    ------
    InvalidInputError
        An unknown rule, or a number of steps below 1.
    """

    def __init__(
        self,
        run: Run,
        *,
        layers: str | Sequence[str] | None = None,
        pool: Pool = "mean",
        schedule: Schedule | None = None,
        scalars_every: int = 100,
        labels: Any = None,
        ids: Any = None,
        weights: Run | None = None,
        active: bool = True,
    ) -> None:
        if pool not in POOLS:
            raise InvalidInputError(f"pool is {pool!r}; one of {POOLS} is needed.")
        if scalars_every < 1:
            raise InvalidInputError(f"scalars_every is {scalars_every}; at least 1 is needed.")
        self.run = run
        self.layers = (layers,) if isinstance(layers, str) else layers and tuple(layers)
        self.pool = pool
        self.schedule = Schedule() if schedule is None else schedule
        self.scalars_every = scalars_every
        self.labels = None if labels is None else np.asarray(labels)
        self.ids = ids
        self.weights = weights
        self.active = active
        self._newest = -1
        self._n_recorded = 0
        self._n_failed = 0
        self._seconds = 0.0
        self._messages: list[str] = []

    def due(self, step: int) -> bool:
        """Whether a snapshot is to be taken at this step, and was not yet."""
        return self.active and step > self._newest and self.schedule.due(step)

    def scalars_due(self, step: int) -> bool:
        """Whether scalars are to be logged at this step."""
        return self.active and (step % self.scalars_every == 0 or self.schedule.due(step))

    def chosen(self, names: Iterable[str]) -> list[str]:
        """Those of the names that `layers` asks for, in their order; all must match something.

        Raises
        ------
        NotFoundError
            A pattern matches no layer.
        """
        there = list(names)
        patterns = self.layers or ()
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in there):
                raise NotFoundError.for_name("layer", pattern, [name for name in there if name])
        return [name for name in there if any(fnmatchcase(name, each) for each in patterns)]

    def record(self, step: int, capture: Callable[[], Captured]) -> bool:
        """Take a snapshot and log it; False if that failed, which is counted and warned about."""
        if not self.active:
            return False
        self._newest = max(self._newest, step)
        begun = time.perf_counter()
        try:
            captured = capture()
            scalars = dict(captured.scalars)
            scalars.update(self._accuracy(captured.predictions))
            self.run.log(
                step,
                spaces=captured.spaces,
                predictions=captured.predictions,
                scalars=scalars,
                ids=self.ids,
            )
            if self.weights is not None and captured.weights is not None:
                self.weights.log(step, {"weights": np.asarray(captured.weights)[None, :]})
        except Exception as error:  # whatever a model or a framework may raise
            self.failed(step, error)
            return False
        else:
            self._n_recorded += 1
            return True
        finally:
            self._seconds += time.perf_counter() - begun

    def log_scalars(self, step: int, make: Callable[[], Mapping[str, Any]]) -> None:
        """Log training records; values that are no numbers are left out."""
        if not self.active:
            return
        begun = time.perf_counter()
        try:
            scalars = {name: _number(value) for name, value in make().items()}
            known = {name: value for name, value in scalars.items() if value is not None}
            if known:
                self.run.log(step, scalars=known)
        except Exception as error:  # as above
            self.failed(step, error)
        finally:
            self._seconds += time.perf_counter() - begun

    def failed(self, step: int, error: Exception) -> None:
        """Count a failure; say each kind once, without stopping anybody."""
        self._n_failed += 1
        message = f"{type(error).__name__}: {error}"
        if message in self._messages or len(self._messages) >= MAX_MESSAGES:
            return
        self._messages.append(message)
        text = (
            f"Recording into run {self.run.name!r} failed at step {step}: {message} "
            f"Training goes on without this snapshot."
        )
        try:
            warnings.warn(text, DriftglassWarning, stacklevel=3)
        except DriftglassWarning:  # warnings are errors here, but not in the training loop
            print(text, file=sys.stderr)

    def report(self) -> RecorderReport:
        """Count what was recorded, what failed, and how long it took."""
        return RecorderReport(
            self._n_recorded, self._n_failed, self._seconds, tuple(self._messages)
        )

    def _accuracy(self, predictions: Any) -> dict[str, float]:
        if predictions is None or self.labels is None or np.ndim(predictions) != 2:
            return {}
        right = np.asarray(predictions).argmax(axis=1) == self.labels
        return {"probe_accuracy": float(right.mean())}


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, str):
        return None
    try:
        return float(value.detach() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError):
        return None
