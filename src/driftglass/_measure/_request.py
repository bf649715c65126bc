"""What measurement of a run is wanted, what is kept of it, and what it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .._projection_plan import ProjectionRequest, infos_for, n_anchors_for
from ..data import Provenance
from ..errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from ..store import CachedResult, Run, SnapshotInfo

__all__ = ["KINDS", "MeasurePlan", "MeasureRequest", "plan_measurement", "projection_of"]

VERSION = "1"
"""Changes when the numbers of a kept measurement would."""
PREFIX = "measured"
PROBE = 1_000
FLOPS_PER_SECOND = 1e10
"""Of a slow laptop, on matrices in double precision; estimates err on the long side."""
LAYOUT_SECONDS = 2e-4
"""Per row of a map made by attraction and repulsion."""
N_MAPS = 9
OVERHEAD = {"tracks": 0.2, "similarity": 0.02, "errors": 0.5, "stability": 0.6}
"""Seconds, however small the data are."""

Kind = Literal["tracks", "motion", "similarity", "errors", "noise", "stability"]
KINDS: tuple[Kind, ...] = ("tracks", "motion", "similarity", "errors", "noise", "stability")
OF_A_MAP = ("motion", "errors", "noise", "stability")
OF_A_STEP = ("errors", "noise", "stability")
Status = Literal["ready", "stale", "absent"]


@dataclass(frozen=True)
class MeasureRequest:
    """What is to be measured.

    Parameters
    ----------
    kind : {"tracks", "motion", "similarity", "errors", "noise", "stability"}
        Numbers of a space over training; agreement of a sequence of maps with the motion of its
        vectors; CKA between the snapshots of some items; what one map gets wrong; its points
        against points of noise; whether other settings draw the same.
    space : str
        Space of the run.
    projection : str or None
        Key of a kept projection, for what is measured of a map.
    step : int or None
        Step of the map, for the last three kinds.
    ids : tuple or None
        Items that "similarity" is about; all by default.
    """

    kind: Kind
    space: str
    projection: str | None = None
    step: int | None = None
    ids: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InvalidInputError(f"kind is {self.kind!r}; it must be one of {list(KINDS)}.")
        if self.kind in OF_A_MAP and self.projection is None:
            raise InvalidInputError(f"{self.kind!r} is measured of a map; say which projection.")
        if self.kind in OF_A_STEP and self.step is None:
            raise InvalidInputError(f"{self.kind!r} is measured of one map; say at which step.")
        if self.ids is not None:
            object.__setattr__(self, "ids", tuple(self.ids))

    @property
    def key(self) -> str:
        """Hash of the request, whatever the data are."""
        parameters = {
            "space": self.space,
            # Without the part that changes whenever the run grows.
            "projection": self.projection and self.projection.rsplit("-", 1)[0],
            "step": self.step,
            "ids": None if self.ids is None else [str(name) for name in self.ids],
        }
        return (
            f"{PREFIX}-{self.kind}-{Provenance(self.kind, parameters, (), None, VERSION).key[:12]}"
        )

    def key_for(self, inputs: Sequence[str]) -> str:
        """Key of the result made from these inputs."""
        return f"{self.key}-{Provenance(self.kind, {}, tuple(inputs), None, VERSION).key[:20]}"


@dataclass(frozen=True)
class MeasurePlan:
    """What is kept of a measurement, and what it would cost to make it now.

    Parameters
    ----------
    status : {"ready", "stale", "absent"}
        Kept, kept for fewer snapshots than there are, or not kept.
    key : str or None
        Key of what is kept.
    wanted : str
        Key that the measurement has once it is made.
    seconds : float
        Estimated time; 0 when ready.
    """

    status: Status
    key: str | None
    wanted: str
    seconds: float


def plan_measurement(run: Run, request: MeasureRequest) -> MeasurePlan:
    """What is kept of a measurement, and what it would cost.

    Raises
    ------
    NotFoundError
        No such space, projection or step.
    InvalidInputError
        There is nothing to measure yet.
    """
    infos = infos_for(run, ProjectionRequest(request.space))
    made_with: ProjectionRequest | None = None
    if request.projection is not None:
        kept, made_with = projection_of(run, request.projection)
        steps = [int(frame["step"]) for frame in kept.description["frames"]]
        if request.step is not None and request.step not in steps:
            raise NotFoundError.for_name("step of this projection", request.step, steps)
        infos = [info for info in infos if info.step in set(steps)]
    wanted = request.key_for(_inputs(run, request, infos))
    keys = [key for key in run.cache.keys() if key.startswith(f"{request.key}-")]  # noqa: SIM118
    if wanted in keys and run.cache.get(wanted) is not None:
        return MeasurePlan("ready", wanted, wanted, 0.0)
    seconds = _seconds(request, infos, made_with)
    older = [(kept.description.get("made", 0.0), key) for key, kept in _kept(run, keys)]
    if older:
        return MeasurePlan("stale", max(older)[1], wanted, seconds)
    return MeasurePlan("absent", None, wanted, seconds)


def _kept(run: Run, keys: Sequence[str]) -> list[tuple[str, CachedResult]]:
    found = [(key, run.cache.get(key)) for key in keys]
    return [(key, kept) for key, kept in found if kept is not None]


def projection_of(run: Run, key: str) -> tuple[CachedResult, ProjectionRequest]:
    """Kept projection of that key, and the request that it answers."""
    kept = run.cache.get(key) if key in run.cache.keys() else None  # noqa: SIM118
    if kept is None or kept.description.get("kind") != "projection":
        raise NotFoundError(f"There is no projection {key[:80]!r} in run {run.name!r}.")
    made = Provenance.from_dict(kept.description["provenance"])
    own = {"space", "n_components", "steps", "fitted_steps"}
    return kept, ProjectionRequest(
        space=made.parameters["space"],
        method=made.method,
        n_components=made.parameters["n_components"],
        random_state=made.random_state or 0,
        parameters={name: value for name, value in made.parameters.items() if name not in own},
    )


def _inputs(run: Run, request: MeasureRequest, infos: Sequence[SnapshotInfo]) -> list[str]:
    if request.kind in OF_A_STEP:
        content = next(info.content for info in infos if info.step == request.step)
        return [str(request.projection), str(request.step), content]
    # Steps count too: a frozen layer has the same content at every step.
    contents = [f"{info.step}:{info.content}" for info in infos]
    if request.kind == "tracks":
        return [*contents, "predictions", *map(str, run.prediction_steps)]
    return [str(request.projection), *contents]


def _seconds(
    request: MeasureRequest, infos: Sequence[SnapshotInfo], made_with: ProjectionRequest | None
) -> float:
    sizes = [(float(info.n_samples), float(info.n_features)) for info in infos]
    if request.kind in OF_A_STEP:
        sizes = [
            (float(info.n_samples), float(info.n_features))
            for info in infos
            if info.step == request.step
        ]
    flops = sum(_flops(request, n, d, len(infos)) for n, d in sizes)
    layout = 0.0
    if made_with is not None and request.kind in ("noise", "stability", "motion"):
        maps = {"noise": 1, "stability": N_MAPS, "motion": 3}[request.kind]
        n = min(sizes[0][0], PROBE if request.kind == "motion" else 1e9)
        slow = made_with.method not in ("pca", "linear", "random")
        layout = maps * n * (LAYOUT_SECONDS if slow else 1e-6)
    return flops / FLOPS_PER_SECOND + layout + 0.004 * len(sizes) + OVERHEAD.get(request.kind, 0.1)


def _flops(request: MeasureRequest, n: float, d: float, n_snapshots: int) -> float:
    probe = min(n, PROBE if request.ids is None else float(len(request.ids)))
    ranked = 2.0 * min(n, n_anchors_for(int(n))) * n * (d + 60)
    if request.kind == "tracks":
        width = min(n, d)
        pairs = probe * probe * n_snapshots
        return (
            2 * n * n * d
            + 2 * n * d * d
            + 12 * width**3
            + 2 * probe * probe * d
            + pairs
            + 60 * n * d
        )
    if request.kind == "similarity":
        return 2 * probe * probe * d + probe * probe * n_snapshots
    if request.kind == "stability":
        return N_MAPS * 2.0 * min(n, 5e3) ** 2 * 40
    return ranked * (2 if request.kind in ("errors", "noise") else 1)
