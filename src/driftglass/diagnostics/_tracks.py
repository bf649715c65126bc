"""Every default track of a space, from three objects per snapshot that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._device import as_device
from .._progress import Progress, silent
from ..errors import InvalidInputError, NotFoundError
from ..parallel import Threads
from ._frames import Material, material_of_arrays, material_of_run
from ._pair_tracks import add_changes, add_cka, add_turns, comparisons
from ._single_tracks import Findings, single_findings
from ._track_table import TrackBuilder, Tracks

__all__ = ["tracks"]

MIN_PROBE = 4


def tracks(
    source: Any,
    *,
    space: str | None = None,
    ids: Any = None,
    steps: Any = None,
    labels: Any = None,
    classes: Sequence[str] | None = None,
    predictions: Any = None,
    weights: Any = None,
    n_probe: int = 1000,
    random_state: int = 0,
    n_jobs: int | None = None,
    device: Any = None,
    progress: Progress = silent,
) -> Tracks:
    """Numbers about one space over training: drift, similarity, dimension, classes.

    Each comes with a standard error and with the number of rows behind it. Items are joined by
    id, so they may come and go. What cannot be computed is listed in `absent` with the reason.

    Parameters
    ----------
    source : Run, list of array-like of shape (n_samples, n_features), or list of Snapshot
        Vectors of one space at several steps. Rows that are not finite are left out.
    space : str, optional
        Space of a run, which may be left out when it has only one; a name for arrays.
    ids : sequence of shape (n_samples,), or one per snapshot, optional
        For arrays: names of the rows; row numbers by default.
    steps : sequence of int, optional
        For arrays: 0, 1, 2, … by default. For a run: steps to look at, all by default.
    labels : sequence of shape (n_samples,), mapping from id to label, or str, optional
        Class of each row, None where there is none. For a run: name of a metadata column; by
        default the one that holds the run's classes, or is called "label".
    classes : sequence of str, optional
        Names of the classes in the order of the columns of predictions and weights. Needed where
        labels are names, unless the run was made with it or the predictions have class names:
        without it nothing is compared, because no order can be assumed.
    predictions : sequence of arrays of shape (n_samples,) or (n_samples, n_classes), optional
        For arrays: one per snapshot or None.
    weights : sequence of array-like of shape (n_classes, n_features), optional
        For arrays: weights of the last layer, one per snapshot or None; for "nc3".
    n_probe : int
        Rows for CKA, uniformity, silhouette and participation ratio; at least four. All others
        use every row.
    random_state : int
        Seed of the rows drawn and of the shuffle behind "procrustes_null".
    n_jobs : int or None
        Threads; None uses every core. Changes no number.
    device : None, str or torch.device
        "cuda", or "cpu" through the same code: torch finds neighbours, eigenvalues and products
        of Gram matrices there; numbers are equal to about 1e-9. None uses no torch.
    progress : callable
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    tracks : Tracks
        By name, with the map of CKA between all steps and confusion matrices.

    Raises
    ------
    NotFoundError
        No such space, step or column in the run.
    InvalidInputError
        Nothing to look at, arguments that do not fit, or no such device.
    MissingDependencyError
        A device is asked for and torch is not installed.

    See Also
    --------
    linear_cka, drift, effective_rank, two_nn, neural_collapse : single numbers and references.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> Xs = [rng.normal(size=(100, 8)) for _ in range(3)]
    >>> measured = tracks(Xs)
    >>> measured["drift_l2"].steps, measured.track("cka", "first").references
    (array([1, 2]), array([0, 0]))
    >>> measured.absent["knn_accuracy"]
    'There are no labels; pass labels=.'
    """
    if n_probe < MIN_PROBE:
        raise InvalidInputError(f"n_probe is {n_probe}; at least {MIN_PROBE} rows are needed.")
    place = as_device(device)
    if hasattr(source, "snapshot") and hasattr(source, "describe"):
        given = {"ids": ids, "predictions": predictions, "weights": weights}
        for name, value in given.items():
            if value is not None:
                raise InvalidInputError(f"{name} was given together with a run, which has its own.")
        material = material_of_run(
            source, _space_of(source, space), labels=labels, classes=classes, steps=steps
        )
    else:
        material = material_of_arrays(
            source,
            ids=ids,
            steps=steps,
            labels=labels,
            classes=classes,
            predictions=predictions,
            weights=weights,
            space=space or "vectors",
        )
    return _measured(replace(material, device=place), n_probe, random_state, n_jobs, progress)


def _space_of(run: Any, space: str | None) -> str:
    spaces = list(run.spaces)
    if space is None and len(spaces) == 1:
        return str(spaces[0])
    if space is None:
        raise InvalidInputError(
            f"The run {run.name!r} has {len(spaces)} spaces: {spaces}. Say which with space=, or "
            f"use run.report() for all."
        )
    if space not in spaces:
        raise NotFoundError.for_name("space", space, spaces)
    return space


def _measured(
    material: Material, n_probe: int, seed: int, n_jobs: int | None, progress: Progress
) -> Tracks:
    frames = material.frames
    wanted = comparisons(len(frames))
    builder = TrackBuilder()
    total = 2 * len(frames) + len(wanted)
    with Threads(n_jobs) as executor:
        done = 0

        def in_turn(function: Callable[[Any], Any], items: Iterable[Any], what: str) -> list[Any]:
            nonlocal done
            results: list[Any] = []
            todo = list(items)
            for start in range(0, len(todo), executor.n_workers):
                progress(min(done, total), total, what)
                part = todo[start : start + executor.n_workers]
                results += executor.map(function, part)
                done += len(part)
            return results

        findings: list[Findings] = in_turn(
            lambda frame: single_findings(frame, material, n_probe, seed),
            frames,
            "measuring snapshots",
        )
        for found in findings:
            for name, estimate in found.estimates.items():
                builder.add(name, found.step, estimate)
            for name, why in found.lacking.items():
                builder.lack(name, found.step, why)
        add_changes(
            builder,
            material,
            findings,
            wanted,
            seed,
            lambda function, items: in_turn(function, items, "comparing snapshots"),
        )
        add_turns(
            builder,
            material,
            lambda function, items: in_turn(function, items, "following items"),
        )
        cka, n_rows, notes = add_cka(builder, material, wanted, n_probe, seed, executor)
    progress(total, total, "comparing snapshots")
    confusion = [(found.step, found.confusion) for found in findings if found.confusion is not None]
    return Tracks(
        space=material.space,
        steps=material.steps,
        all=builder.tracks(),
        cka=cka,
        n_probe=n_rows,
        confusion=_stacked([counts for _, counts in confusion]),
        confusion_steps=np.array([step for step, _ in confusion], dtype=np.int64),
        classes=material.labels.classes if material.labels is not None else (),
        absent=builder.absent(),
        notes=(*material.notes, *builder.notes(), *notes),
    )


def _stacked(matrices: list[Any]) -> Any:
    size = max((len(counts) for counts in matrices), default=0)
    result = np.zeros((len(matrices), size, size), dtype=np.int64)
    for target, counts in zip(result, matrices, strict=True):
        target[: len(counts), : len(counts)] = counts
    return result
