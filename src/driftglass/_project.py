"""From a run's snapshots to a sequence of maps, kept with the run.

This is where the parts meet: the store reads and keeps, the projections place, the diagnostics
measure. A *request* says what is wanted; a *plan* says what that costs now, given what is kept.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from ._progress import Progress, silent
from ._sequence_cache import keep_sequence, kept_sequences, read_sequence, sequence_key
from .data import Projection, ProjectionSequence, Provenance
from .errors import DriftglassWarning, InvalidInputError, NotFoundError, StoreError

if TYPE_CHECKING:
    from .store import Run, SnapshotInfo

__all__ = ["Plan", "ProjectionRequest", "plan", "project", "update"]

VERSION = "1"
"""Changes when the numbers of a kept result would."""
FLOPS_PER_SECOND = 2e10
"""A slow laptop's single-precision matrix product; estimates err on the long side."""
BYTES_PER_SECOND = 5e8
LAYOUT_SECONDS = 2e-4
"""Per row of a map made by attraction and repulsion; digits take half of that."""
N_ANCHORS = 1000
N_ANCHORS_LARGE = 300
LARGE = 20_000
"""Rows beyond which fewer anchors are ranked: each costs a pass over all rows."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {"pca": {"basis": "all"}}
"""Filled in, so that what is left out and what is spelt out find the same kept result."""

Status = Literal["ready", "stale", "absent"]


@dataclass(frozen=True)
class ProjectionRequest:
    """What map is wanted.

    Parameters
    ----------
    space : str
        Space to project.
    method : str
        Name of the method.
    n_components : int
        2 or 3 for the viewer.
    random_state : int
        Seed.
    parameters : mapping of str to JSON value
        Further parameters of the method, for example ``{"basis": "all"}``.
    steps : tuple of int or None
        Steps to project; all by default.
    """

    space: str
    method: str = "pca"
    n_components: int = 2
    random_state: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        filled = {**DEFAULTS.get(self.method, {}), **self.parameters}
        object.__setattr__(self, "parameters", filled)

    @property
    def key(self) -> str:
        """Hash of the request, whatever the data are."""
        return self.provenance(()).key

    def provenance(self, inputs: Sequence[str], **more: Any) -> Provenance:
        """What would make a result from snapshots with these content hashes."""
        parameters = {
            **self.parameters,
            **more,
            "space": self.space,
            "n_components": self.n_components,
            "steps": None if self.steps is None else list(self.steps),
        }
        return Provenance(self.method, parameters, tuple(inputs), self.random_state, VERSION)


@dataclass(frozen=True)
class Plan:
    """What a request would cost now.

    Parameters
    ----------
    status : {"ready", "stale", "absent"}
        Kept and up to date, kept for fewer snapshots than there are, or not kept.
    key : str or None
        Key of the newest kept result, in the run's cache.
    pending : tuple of int
        Steps that the kept result lacks.
    refit : bool
        Whether the next update fits again, or only places the pending steps.
    seconds : float
        Estimated time of the next update; 0 when ready.
    """

    status: Status
    key: str | None
    pending: tuple[int, ...]
    refit: bool
    seconds: float


def project(
    run: Run,
    space: str | None = None,
    *,
    method: Any = "pca",
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
    method : str or estimator
        "pca", "umap", "tsne", or an object with ``fit_transform`` (and ``transform``, if it can
        place new rows); results of objects are not kept.
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
        Further parameters; see `driftglass.projections.project_sequence` and the method.

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
    chosen = _space_of(run, space)
    wanted = None if steps is None else tuple(sorted({int(step) for step in steps}))
    name = method if isinstance(method, str) else type(method).__name__
    request = ProjectionRequest(chosen, name, n_components, random_state, parameters, wanted)
    infos = _infos(run, request)
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


def plan(run: Run, request: ProjectionRequest) -> Plan:
    """What is kept for a request, and what an update would cost."""
    infos = _infos(run, request)
    # Steps count too: a frozen layer has the same content at every step.
    wanted = {(info.step, info.content) for info in infos}
    # A kept result that shows a snapshot which is no longer the newest attempt is of no use.
    kept = [
        (key, description)
        for key, description in kept_sequences(run, request.key)
        if _placed(description) <= wanted
    ]
    if not kept:
        steps = tuple(info.step for info in infos)
        return Plan("absent", None, steps, True, _seconds(infos, request, fit=True))
    key, description = max(kept, key=lambda item: len(item[1]["frames"]))
    placed = _placed(description)
    pending = [info for info in infos if (info.step, info.content) not in placed]
    # A basis that saw only half of what there is now is due for another fit; so is one that
    # missed anything once the run is over, so that the last picture is the one `project` gives.
    n_fitted = len(description["fitted_steps"])
    over = run.state != "writing" and n_fitted < len(infos)
    outgrown = over or 2 * n_fitted <= len(infos)
    if not pending and not outgrown:
        return Plan("ready", key, (), False, 0.0)
    refit = outgrown or not description["extendable"]
    seconds = _seconds(infos if refit else pending, request, fit=refit)
    return Plan("stale", key, tuple(info.step for info in pending), refit, seconds)


def _placed(description: Mapping[str, Any]) -> set[tuple[int, str]]:
    return {(frame["step"], frame["content"]) for frame in description["frames"]}


def update(run: Run, request: ProjectionRequest, *, progress: Progress = silent) -> str:
    """Bring the kept result of a request up to date; returns its key in the run's cache.

    While a run grows, new snapshots are placed with the basis there is, which moves no point
    of the frames already drawn. The basis is fitted again once the number of snapshots has
    doubled since the last fit, and when the run is over.
    """
    current = plan(run, request)
    if current.status == "ready" and current.key is not None:
        return current.key
    infos = _infos(run, request)
    kept = run.cache.get(current.key) if current.key else None
    base = read_sequence(run, current.key) if current.key else None
    if current.refit or kept is None or base is None:
        sequence = _fitted(run, request, infos, request.method, progress)
        return _keep(run, request, sequence, infos, [info.step for info in infos])
    fitted_steps = kept.description["fitted_steps"]
    sequence = _extended(run, request, infos, base, fitted_steps, progress)
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
        placed = extend_sequence(base, snapshot.vectors, ids=snapshot.ids, step=info.step)
        frames[info.step] = _measured(run, request, placed)
    progress(len(missing), len(missing), "placing snapshots")
    provenance = request.provenance(
        [info.content for info in infos], fitted_steps=list(fitted_steps)
    )
    ordered = tuple(frames[info.step] for info in infos)
    return ProjectionSequence(ordered, provenance, base.model)


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
        extendable=bool(sequence.model),
    )


def _exact_key(request: ProjectionRequest, infos: Sequence[SnapshotInfo]) -> str:
    return sequence_key(request.key, request.provenance([info.content for info in infos]))


def _fitted(
    run: Run,
    request: ProjectionRequest,
    infos: Sequence[SnapshotInfo],
    method: Any,
    progress: Progress,
) -> ProjectionSequence:
    from .projections import project_sequence

    sequence = project_sequence(
        [_reader(run, request.space, info.step) for info in infos],
        ids=[run.snapshot(request.space, info.step).ids for info in infos],
        steps=[info.step for info in infos],
        method=method,
        n_components=request.n_components,
        random_state=request.random_state,
        progress=progress,
        **request.parameters,
    )
    frames = []
    for number, frame in enumerate(sequence):
        progress(number, len(sequence), "measuring trust")
        frames.append(_measured(run, request, replace(frame, space=request.space)))
    progress(len(sequence), len(sequence), "measuring trust")
    provenance = request.provenance([info.content for info in infos])
    return ProjectionSequence(tuple(frames), provenance, sequence.model)


def _reader(run: Run, space: str, step: int) -> Callable[[], NDArray[Any]]:
    """Read late, so that only one snapshot is in memory at a time."""
    return lambda: run.snapshot(space, step).vectors


def _measured(run: Run, request: ProjectionRequest, frame: Projection) -> Projection:
    if len(frame.ids) == 0:
        return frame
    from .diagnostics import quality

    snapshot = run.snapshot(request.space, frame.step).select(frame.ids)
    n_anchors = N_ANCHORS if len(frame.ids) <= LARGE else N_ANCHORS_LARGE
    measured = quality(
        snapshot.vectors,
        frame.coordinates,
        ids=frame.ids,
        n_anchors=n_anchors,
        random_state=request.random_state,
    )
    return replace(frame, space=request.space, quality=measured)


def _space_of(run: Run, space: str | None) -> str:
    spaces = list(run.spaces)
    if not spaces:
        raise NotFoundError(
            f"The run {run.name!r} has no snapshots yet. Log one with "
            f"run.log(step, spaces={{'hidden': vectors}})."
        )
    if space is None:
        if len(spaces) == 1:
            return spaces[0]
        raise InvalidInputError(
            f"The run {run.name!r} has {len(spaces)} spaces: {spaces}. Say which one with space=."
        )
    if space not in spaces:
        raise NotFoundError.for_name("space", space, spaces)
    return space


def _infos(run: Run, request: ProjectionRequest) -> list[SnapshotInfo]:
    everything = run.describe(_space_of(run, request.space))
    infos = [info for info in everything if not info.damaged]
    if request.steps is not None:
        there = {info.step: info for info in infos}
        for step in request.steps:
            if step not in there:
                raise NotFoundError.for_name("step", step, list(there))
        infos = [there[step] for step in request.steps]
    if not infos:
        raise InvalidInputError(
            f"The space {request.space!r} of run {run.name!r} has no readable snapshot to "
            f"project. Log one with run.log(step, spaces={{{request.space!r}: vectors}})."
        )
    # Only the newest width can share a frame with what is logged next.
    width = infos[-1].n_features
    return [info for info in infos if info.n_features == width]


def _seconds(infos: Sequence[SnapshotInfo], request: ProjectionRequest, *, fit: bool) -> float:
    n_components, total = request.n_components, 0.0
    for info in infos:
        n, d = info.n_samples, info.n_features
        anchors = min(n, N_ANCHORS if n <= LARGE else N_ANCHORS_LARGE)
        flops = 2.0 * n * d * n_components + 2.0 * anchors * n * (d + n_components + 40)
        if fit:
            flops += 2.0 * n * d * d
        total += flops / FLOPS_PER_SECOND + info.nbytes * (2 if fit else 1) / BYTES_PER_SECOND
        total += 0.003
    if fit and request.method != "pca":
        rows = float(sum(info.n_samples for info in infos))
        width = max(info.n_features for info in infos)
        total += 2.0 * rows * rows * width / FLOPS_PER_SECOND + rows * LAYOUT_SECONDS
    return total
