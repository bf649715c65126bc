"""What map of a run is wanted, what is kept of it, and what bringing it up to date would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ._sequence_cache import kept_sequences
from .data import Provenance
from .errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .store import Run, SnapshotInfo

__all__ = ["Plan", "ProjectionRequest", "infos_for", "n_anchors_for", "plan", "space_of"]

VERSION = "1"
"""Changes when the numbers of a kept result would."""
FLOPS_PER_SECOND = 2e10
"""A slow laptop's single-precision matrix product; estimates err on the long side."""
BYTES_PER_SECOND = 5e8
ROW_SECONDS: Mapping[str, float] = {
    "axes": 1e-5,
    "random": 1e-5,
    "linear": 1e-5,
    "umap": 1.2e-4,
    "pacmap": 1.2e-4,
    "localmap": 1.2e-4,
    "mds": 5e-4,
    "phate": 1.5e-3,
    "glassbox": 2e-3,
}
"""For each row of all snapshots, twice what two cores took for digits and MNIST, neighbours
included; `benchmarks/results/engine.json` has the figures. A server corrects it by what its own
jobs take."""
OTHER_ROW_SECONDS = 3e-4
MANY = 1_000_000
"""Rows at which memory, not arithmetic, doubles the time of each."""
N_ANCHORS = 1000
N_ANCHORS_LARGE = 300
LARGE = 20_000
"""Rows beyond which fewer anchors are ranked: each costs a pass over all rows."""

DEFAULTS: Mapping[str, Any] = {"basis": "all"}
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
        filled = {**DEFAULTS, **self.parameters}
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


def plan(run: Run, request: ProjectionRequest) -> Plan:
    """What is kept for a request, and what an update would cost."""
    infos = infos_for(run, request)
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


def space_of(run: Run, space: str | None) -> str:
    """Space of that name, or the only one; an error that says which there are."""
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


def infos_for(run: Run, request: ProjectionRequest) -> list[SnapshotInfo]:
    """Snapshots that a request is about: readable, of the newest width."""
    everything = run.describe(space_of(run, request.space))
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
        anchors = min(n, n_anchors_for(n))
        flops = 2.0 * n * d * n_components + 2.0 * anchors * n * (d + n_components + 40)
        if fit:
            flops += 2.0 * n * d * d
        total += flops / FLOPS_PER_SECOND + info.nbytes * (2 if fit else 1) / BYTES_PER_SECOND
        total += 0.003
    if fit and request.method != "pca":
        rows = float(sum(info.n_samples for info in infos))
        each = ROW_SECONDS.get(request.method, OTHER_ROW_SECONDS)
        total += rows * each * (1.0 + rows / MANY) * _rounds(request.parameters)
    return total


def _rounds(parameters: Mapping[str, Any]) -> float:
    """How much more rounds were asked for than a method takes by itself; at least one."""
    usual = {"n_iter": 500.0, "max_iter": 300.0, "epochs": 200.0}
    asked = [
        parameters[name] / most for name, most in usual.items() if _is_number(parameters, name)
    ]
    return float(max([1.0, *asked]))


def _is_number(parameters: Mapping[str, Any], name: str) -> bool:
    return isinstance(parameters.get(name), (int, float))


def n_anchors_for(n_samples: int) -> int:
    """Rows of a map to measure trust at."""
    return N_ANCHORS if n_samples <= LARGE else N_ANCHORS_LARGE
