"""Where the vectors of a run's tracks come from: arrays, snapshots or a run; joined by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids, as_vectors, finite_rows
from .._device import Device
from ..data import Predictions, Snapshot
from ..data._ids import positions
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ._labels import Labels, labels_of_arrays, labels_of_run, one_order

if TYPE_CHECKING:
    from ..store import Run

__all__ = ["Frame", "Material", "common_ids", "material_of_arrays", "material_of_run"]


@dataclass(frozen=True, eq=False)
class Frame:
    """One snapshot, read when it is needed.

    Parameters
    ----------
    step : int
        Training step.
    ids : ndarray of shape (n_samples,)
        Ids of the rows that are finite.
    read : callable
        Returns the finite rows, shape (n_samples, n_features).
    n_not_finite : int
        Rows that were left out.
    """

    step: int
    ids: NDArray[Any]
    read: Callable[[], NDArray[Any]]
    n_not_finite: int = 0

    def rows_of(self, ids: NDArray[Any]) -> NDArray[Any]:
        """Rows of ids that are all there, in their order."""
        vectors = self.read()
        if ids is self.ids or np.array_equal(ids, self.ids):
            return vectors
        return vectors[positions(ids, self.ids)]


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that tracks are computed from.

    Parameters
    ----------
    space : str
        Name of the space.
    frames : tuple of Frame
        Ascending by step.
    labels : Labels or None
        None where there are none.
    why_no_labels : str
        What to tell a reader then.
    predictions : mapping of int to Predictions
        By step. Class numbers are those of `labels`.
    why_no_predictions : str
        What to tell a reader where there are none.
    weights : mapping of int to ndarray of shape (n_classes, n_features)
        Weights of the last layer by step, if given.
    notes : tuple of str
        What was left out.
    device : Device or None
        Where torch measures; None where NumPy does.
    """

    space: str
    frames: tuple[Frame, ...]
    labels: Labels | None = None
    why_no_labels: str = "There are no labels; pass labels=."
    predictions: Mapping[int, Predictions] = field(default_factory=dict)
    why_no_predictions: str = "There are no predictions; pass predictions=."
    weights: Mapping[int, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    device: Device | None = None

    @property
    def steps(self) -> NDArray[np.int64]:
        """Steps of the frames."""
        return np.array([frame.step for frame in self.frames], dtype=np.int64)


def common_ids(frames: Sequence[Frame]) -> NDArray[Any]:
    """Ids that every frame has, in the order of the first."""
    shared = frames[0].ids
    for frame in frames[1:]:
        if len(shared) == 0 or np.array_equal(shared, frame.ids):
            continue
        shared = shared[positions(shared, frame.ids) >= 0] if len(frame.ids) else shared[:0]
    return shared


def material_of_arrays(
    Xs: Any,
    *,
    ids: Any = None,
    steps: Any = None,
    labels: Any = None,
    classes: Sequence[str] | None = None,
    predictions: Any = None,
    weights: Any = None,
    space: str = "vectors",
) -> Material:
    """Material from a list of arrays or snapshots; see `tracks`."""
    if not isinstance(Xs, (list, tuple)) and np.ndim(Xs) != 3:
        raise InvalidInputError(
            f"source is {type(Xs).__name__}; a run, a list of arrays of shape (n_samples, "
            f"n_features) or a list of Snapshot is needed."
        )
    if len(Xs) == 0:
        raise InvalidInputError("source holds no snapshots; at least one is needed.")
    snapshots = _as_snapshots(list(Xs), ids, steps, space)
    frames = tuple(_frame_of(snapshot) for snapshot in snapshots)
    said: dict[int, Predictions] = {}
    if predictions is not None:
        _require_one_each("predictions", predictions, snapshots)
        for snapshot, values in zip(snapshots, predictions, strict=True):
            if values is not None:
                said[snapshot.step] = (
                    values
                    if isinstance(values, Predictions)
                    else Predictions(snapshot.ids, values, snapshot.step)
                )
    order = one_order(said.values()) if classes is None else tuple(classes)
    found = None if labels is None else labels_of_arrays(labels, snapshots[0].ids, order)
    heads: dict[int, NDArray[Any]] = {}
    if weights is not None:
        _require_one_each("weights", weights, snapshots)
        heads = {
            snapshot.step: as_vectors(head, name="weights")
            for snapshot, head in zip(snapshots, weights, strict=True)
            if head is not None
        }
    return Material(
        space=snapshots[0].space,
        frames=frames,
        labels=found,
        predictions=said,
        weights=heads,
        notes=_notes_of(frames),
    )


def material_of_run(
    run: Run,
    space: str,
    *,
    labels: str | None = None,
    classes: Sequence[str] | None = None,
    steps: Sequence[int] | None = None,
) -> Material:
    """Material from one space of a run; damaged snapshots and other widths are left out."""
    infos = run.describe(space)
    if steps is not None:
        there = {info.step: info for info in infos}
        for step in steps:
            if step not in there:
                raise NotFoundError.for_name("step", step, list(there))
        infos = [there[step] for step in sorted(set(steps))]
    whole = [info for info in infos if not info.damaged]
    notes = [f"Step {info.step} is damaged and left out." for info in infos if info.damaged]
    if not whole:
        raise InvalidInputError(f"The space {space!r} of {run.name!r} has no readable snapshot.")
    width = whole[-1].n_features
    notes += [
        f"Step {info.step} has {info.n_features} features instead of {width} and is left out."
        for info in whole
        if info.n_features != width
    ]
    kept = [info.step for info in whole if info.n_features == width]
    frames = tuple(_frame_of_run(run, space, step) for step in kept)
    declared = classes if classes is not None else run.classes
    found, why = labels_of_run(run, labels, tuple(declared) if declared else None)
    said, why_not = _predictions_of_run(run, found, kept)
    return Material(
        space=space,
        frames=frames,
        labels=found,
        why_no_labels=why,
        predictions=said,
        why_no_predictions=why_not,
        notes=(*notes, *_notes_of(frames)),
    )


def _as_snapshots(Xs: list[Any], ids: Any, steps: Any, space: str) -> list[Snapshot]:
    if all(isinstance(X, Snapshot) for X in Xs):
        snapshots: list[Snapshot] = sorted(Xs, key=lambda snapshot: snapshot.step)
    else:
        numbers = range(len(Xs)) if steps is None else [int(step) for step in steps]
        if len(numbers) != len(Xs):
            raise ShapeError(f"{len(numbers)} steps for {len(Xs)} snapshots; one each is needed.")
        vectors = [as_vectors(X, name=f"source[{t}]") for t, X in enumerate(Xs)]
        names = _ids_of_each(vectors, ids)
        snapshots = [
            Snapshot(name, X, space, step)
            for name, X, step in zip(names, vectors, numbers, strict=True)
        ]
    taken = [snapshot.step for snapshot in snapshots]
    if taken != sorted(set(taken)):
        raise InvalidInputError(f"steps is {taken[:20]}; different steps in ascending order.")
    widths = sorted({snapshot.n_features for snapshot in snapshots})
    if len(widths) > 1:
        raise ShapeError(
            f"The snapshots have {widths} features; tracks follow one space. Compare spaces of "
            f"different widths with cka_map."
        )
    return snapshots


def _ids_of_each(vectors: list[NDArray[Any]], ids: Any) -> list[Any]:
    if ids is not None and len(ids) == len(vectors) and np.ndim(ids[0]) == 1:
        return list(ids)
    lengths = sorted({len(X) for X in vectors})
    if len(lengths) > 1:
        raise ShapeError(
            f"The snapshots have {lengths} rows; pass ids=, one list per snapshot, so that they "
            f"can be joined."
        )
    shared = np.arange(lengths[0]) if ids is None else as_ids(ids)
    return [shared] * len(vectors)


def _frame_of(snapshot: Snapshot) -> Frame:
    finite = snapshot.finite
    if finite.all():
        return Frame(snapshot.step, snapshot.ids, lambda: snapshot.vectors)
    bad = int((~finite).sum())
    return Frame(snapshot.step, snapshot.ids[finite], lambda: snapshot.vectors[finite], bad)


def _frame_of_run(run: Run, space: str, step: int) -> Frame:
    snapshot = run.snapshot(space, step)
    finite = finite_rows(snapshot.vectors)
    whole = bool(finite.all())

    def read() -> NDArray[Any]:
        vectors = run.snapshot(space, step).vectors
        return vectors if whole else vectors[finite]

    ids = snapshot.ids if whole else snapshot.ids[finite]
    return Frame(step, ids, read, int((~finite).sum()))


def _notes_of(frames: Sequence[Frame]) -> tuple[str, ...]:
    return tuple(
        f"Step {frame.step}: {frame.n_not_finite} rows are not finite and left out."
        for frame in frames
        if frame.n_not_finite
    )


def _require_one_each(name: str, values: Any, snapshots: Sequence[Snapshot]) -> None:
    if len(values) != len(snapshots):
        raise ShapeError(
            f"{name} has {len(values)} entries for {len(snapshots)} snapshots; one each is "
            f"needed, None where there is nothing."
        )


def _predictions_of_run(
    run: Run, labels: Labels | None, steps: Sequence[int]
) -> tuple[dict[int, Predictions], str]:
    logged = [step for step in run.prediction_steps if step in set(steps)]
    if not logged:
        return {}, "No predictions were logged; pass predictions= to run.log."
    return {step: run.predictions(step) for step in logged}, ""
