"""From a run's snapshots to a sequence of maps, kept with the run.

This is where the parts meet: the store reads and keeps, the projections place, the diagnostics
measure. A *request* says what is wanted; a *plan* says what that costs now, given what is kept.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ._preparation import ingredients, prepared
from ._progress import Progress, silent
from ._projection_plan import Plan, ProjectionRequest, infos_for, n_anchors_for, plan, space_of
from ._sequence_cache import keep_sequence, read_sequence, sequence_key
from .data import Projection, ProjectionSequence
from .errors import DriftglassWarning, StoreError
from .projections._registry import going_on

if TYPE_CHECKING:
    from .store import Run, SnapshotInfo

__all__ = ["Plan", "ProjectionRequest", "plan", "project", "update"]


def project(
    run: Run,
    space: str | None = None,
    *,
    method: Any = None,
    n_components: int = 2,
    steps: Iterable[int] | None = None,
    random_state: int = 0,
    refresh: bool = False,
    progress: Progress = silent,
    **parameters: Any,
) -> ProjectionSequence:
    """Project the snapshots of one space into one frame, and measure each map.

    The result is kept with the run and found again as long as neither the snapshots nor the
    parameters change.

    Parameters
    ----------
    run : Run
        Run to read; results are kept in its cache.
    space : str, optional
        Space to project; may be left out when the run has only one.
    method : str or estimator, optional
        One of `driftglass.projections.methods`, by default "refine", or "pca" if a basis is given;
        or an object with ``fit_transform`` (and ``transform``, if it can place new rows). Results
        of objects are not kept.
    n_components : int
        Coordinates per row, 2 or 3 for the viewer.
    steps : iterable of int, optional
        Steps to project; all by default.
    random_state : int
        Seed.
    refresh : bool
        Project again even if a result is kept.
    progress : callable
        Called with (done, total, what); may raise to stop.
    **parameters
        Further parameters; see `driftglass.projections.project_sequence` and the method. Three
        belong to no method: ``prepare="sphereize"`` moves each snapshot by its mean and scales
        its rows to unit length; ``supervised_by="label"`` names a column whose labels supervise
        "umap" or "tsne"; and with method "axes" an axis may be two groups in words, as
        ``{"from": {"column": "label", "value": "cat"}, "to": {"ids": [3, 5]}}``.

    Returns
    -------
    sequence : ProjectionSequence
        One frame per snapshot; each carries its measured `quality`. Rows that are not finite
        have no place in a frame and are listed in its `excluded`.

    Raises
    ------
    NotFoundError
        No such space or step.
    InvalidInputError
        Nothing to project, or parameters the method does not take.

    Warns
    -----
    DriftglassWarning
        The result cannot be kept, because the store is read-only or the disk is full.

    Examples
    --------
    >>> sequence = dg.project(run, space="hidden")  # doctest: +SKIP
    >>> sequence[-1].quality.trustworthiness  # doctest: +SKIP
    0.93
    """
    chosen = space_of(run, space)
    if method is None:
        method = "pca" if "basis" in parameters else "refine"
    wanted = None if steps is None else tuple(sorted({int(step) for step in steps}))
    name = method if isinstance(method, str) else type(method).__name__
    request = ProjectionRequest(chosen, name, n_components, random_state, parameters, wanted)
    infos = infos_for(run, request)
    if not isinstance(method, str):
        return _fitted(run, request, infos, method, progress)
    if not refresh:
        kept = read_sequence(run, _exact_key(request, infos))
        if kept is not None:
            return kept
    sequence = _fitted(run, request, infos, method, progress)
    try:
        _keep(run, request, sequence, infos, [info.step for info in infos])
    except StoreError as error:  # what was computed is not thrown away over a full disk
        message = f"The maps were made but cannot be kept with the run: {error}"
        warnings.warn(message, DriftglassWarning, stacklevel=2)
    return sequence


def update(
    run: Run,
    request: ProjectionRequest,
    *,
    refresh: bool = False,
    progress: Progress = silent,
) -> str:
    """Bring the kept result of a request up to date; returns its key in the run's cache.

    While a run grows, new snapshots are placed with the basis there is, which moves no point
    of the frames already drawn. The basis is fitted again once the number of snapshots has
    doubled since the last fit, and when the run is over. With `refresh` it is fitted in any case.

    A `Watcher` among the `progress` sees the map while it is made, and may end the layout early;
    the result says so.
    """
    current = plan(run, request)
    if current.status == "ready" and current.key is not None and not refresh:
        return current.key
    infos = infos_for(run, request)
    kept = run.cache.get(current.key) if current.key else None
    base = read_sequence(run, current.key) if current.key else None
    if refresh or current.refit or kept is None or base is None:
        sequence = _fitted(run, request, infos, request.method, progress)
        return _keep(run, request, sequence, infos, [info.step for info in infos])
    fitted_steps = kept.description["fitted_steps"]
    if base.model:
        sequence = _extended(run, request, infos, base, fitted_steps, progress)
    else:
        if going_on(request.method, request.parameters)[1]:
            # Of the past alone, so that no later fit would change it.
            fitted_steps = [info.step for info in infos]
        sequence = _gone_on(run, request, infos, base, fitted_steps, progress)
    return _keep(run, request, sequence, infos, fitted_steps)


def _extended(
    run: Run,
    request: ProjectionRequest,
    infos: Sequence[SnapshotInfo],
    base: ProjectionSequence,
    fitted_steps: Sequence[int],
    progress: Progress,
) -> ProjectionSequence:
    from .projections import extend_sequence

    frames = {frame.step: frame for frame in base}
    missing = [info for info in infos if info.step not in frames]
    for number, info in enumerate(missing):
        progress(number, len(missing), "placing snapshots")
        snapshot = run.snapshot(request.space, info.step)
        vectors = prepared(request, snapshot.vectors)
        placed = extend_sequence(base, vectors, ids=snapshot.ids, step=info.step)
        frames[info.step] = _measured(run, request, placed)
    progress(len(missing), len(missing), "placing snapshots")
    provenance = request.provenance(
        [info.content for info in infos], fitted_steps=list(fitted_steps)
    )
    ordered = tuple(frames[info.step] for info in infos)
    return ProjectionSequence(ordered, provenance, base.model)


def _gone_on(
    run: Run,
    request: ProjectionRequest,
    infos: Sequence[SnapshotInfo],
    base: ProjectionSequence,
    fitted_steps: Sequence[int],
    progress: Progress,
) -> ProjectionSequence:
    """Frames that are there as they are, and later ones from the last of them on."""
    steps = [info.step for info in infos]
    n = 0
    while n < len(base) and base[n].step == steps[n]:
        n += 1
    begun = ProjectionSequence(base.frames[:n], base.provenance) if n else None
    more = {} if list(fitted_steps) == steps else {"fitted_steps": list(fitted_steps)}
    return _fitted(run, request, infos, request.method, progress, begun, **more)


def _keep(
    run: Run,
    request: ProjectionRequest,
    sequence: ProjectionSequence,
    infos: Sequence[SnapshotInfo],
    fitted_steps: Sequence[int],
) -> str:
    return keep_sequence(
        run,
        request.key,
        sequence,
        contents=[info.content for info in infos],
        fitted_steps=fitted_steps,
        extendable=bool(sequence.model) or going_on(request.method, request.parameters)[0],
    )


def _exact_key(request: ProjectionRequest, infos: Sequence[SnapshotInfo]) -> str:
    return sequence_key(request.key, request.provenance([info.content for info in infos]))


def _fitted(
    run: Run,
    request: ProjectionRequest,
    infos: Sequence[SnapshotInfo],
    method: Any,
    progress: Progress,
    begun: ProjectionSequence | None = None,
    **more: Any,
) -> ProjectionSequence:
    from .projections import project_sequence

    made_of = ingredients(run, request, method)
    sequence = project_sequence(
        [_reader(run, request, info.step) for info in infos],
        ids=[run.snapshot(request.space, info.step).ids for info in infos],
        steps=[info.step for info in infos],
        method=made_of.method,
        n_components=request.n_components,
        random_state=request.random_state,
        y=made_of.targets,
        progress=progress,
        begun=begun,
        **made_of.parameters,
    )
    frames = list(begun or ())
    for number in range(len(frames), len(sequence)):
        frame = sequence[number]
        progress(number, len(sequence), "measuring trust")
        frames.append(_measured(run, request, replace(frame, space=request.space)))
    progress(len(sequence), len(sequence), "measuring trust")
    stopped = getattr(progress, "stopped", None)
    more |= {"stopped": stopped} if stopped else {}
    provenance = request.provenance([info.content for info in infos], **more)
    return ProjectionSequence(tuple(frames), provenance, sequence.model)


def _reader(run: Run, request: ProjectionRequest, step: int) -> Callable[[], NDArray[Any]]:
    """Read late, so that only one snapshot is in memory at a time."""
    return lambda: prepared(request, run.snapshot(request.space, step).vectors)


def _measured(run: Run, request: ProjectionRequest, frame: Projection) -> Projection:
    if len(frame.ids) == 0:
        return frame
    from .diagnostics import quality

    snapshot = run.snapshot(request.space, frame.step).select(frame.ids)
    measured = quality(
        snapshot.vectors,
        frame.coordinates,
        ids=frame.ids,
        n_anchors=n_anchors_for(len(frame.ids)),
        random_state=request.random_state,
    )
    return replace(frame, space=request.space, quality=measured)
