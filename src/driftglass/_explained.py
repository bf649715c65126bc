"""Why every item of a map is where it is, ready to be asked about any of them.

Loadings answer at once. A network's contributions, or those of a network that stands in for a map
that has none, are computed once for all items of a step and kept with the run; whoever reads them
then needs no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._explain import explained_map
from ._explained_rows import Explained, Kept, Linear
from ._progress import Progress, silent
from ._sequence_cache import read_frame
from .data import Projection, ProjectionSequence, Provenance
from .data._ids import positions
from .errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .store import Run

__all__ = [
    "Way",
    "explained",
    "explanation_seconds",
    "keep_explanation",
    "kind_of_map",
    "names_of_features",
]

KEPT_BYTES = 256 << 20
"""Contributions of all items, coordinates and features are kept up to here; beyond, the largest."""
KEPT_FEATURES = 32
PATH_PER_SECOND = 2e7
FIT_SECONDS = 12.0
START_SECONDS = 4.0

Attribution = Literal["path", "local"]


@dataclass(frozen=True)
class Way:
    """What is explained: a place, or the way to it from an earlier step.

    Parameters
    ----------
    projection : str
        Key of a kept sequence.
    step : int
        Of the map.
    since : int or None
        Where the way begins; None for the place itself.
    attribution : {"path", "local"}
        As in `driftglass.explanations.explain`.
    """

    projection: str
    step: int
    since: int | None = None
    attribution: Attribution = "path"


def kind_of_map(run: Run, projection: str) -> Literal["linear", "network", "surrogate"]:
    """How the map of a kept sequence can be explained."""
    kept = run.cache.get(projection)
    if kept is None:
        raise NotFoundError(f"There is no projection {projection[:80]!r}. Ask for it again.")
    if not kept.arrays or not _applies(kept.description["provenance"]):
        return "surrogate"
    return "network" if "network" in kept.arrays else "linear"


def explained(run: Run, way: Way) -> Explained | None:
    """Contributions of every item of a map; None where they have to be computed first."""
    kind = kind_of_map(run, way.projection)
    if kind != "linear":
        kept = run.cache.get(_key(run, way))
        if kept is None:
            return None
        return Kept(kept.description, kept.arrays, kept.arrays["ids"])
    sequence = _part(run, way)
    from .projections._registry import kept_place

    place: Any = kept_place(sequence.model)
    frame = sequence.at(way.step)
    snapshot = run.snapshot(frame.space, frame.step)
    if way.since is None:
        where = positions(frame.ids, snapshot.ids)
        return Linear(
            frame.ids, _taken(snapshot.vectors, where), place.mean, place, frame.coordinates
        )
    ids, here, there, placed = _both(run, sequence, way)
    return Linear(ids, here, there, place, placed)


def keep_explanation(run: Run, way: Way, *, progress: Progress = silent) -> str:
    """Explain every item of a map by its network, and keep the contributions with the run.

    Returns
    -------
    key : str
        In the run's cache.
    """
    from .explanations import explain

    key = _key(run, way)
    if run.cache.get(key) is not None:
        return key
    sequence = _part(run, way)
    frame = sequence.at(way.step)
    steps = [way.step] if way.since is None else [way.since, way.step]
    progress(0, 1, "fitting a network that stands in for the map")
    model, fidelity = explained_map(run, sequence, steps)
    if way.since is None:
        ids, placed, start = frame.ids, frame.coordinates, None
        X = run.snapshot(frame.space, frame.step).select(frame.ids).vectors
    else:
        ids, X, start, placed = _both(run, sequence, way)
    k, (n, d) = frame.n_components, X.shape
    whole = 4 * n * k * d <= KEPT_BYTES
    width = d if whole else min(KEPT_FEATURES, d)
    arrays: dict[str, NDArray[Any]] = {
        "ids": ids,
        "contributions": np.empty((n, k, width), dtype=np.float32),
        "offset": np.empty((n, k), dtype=np.float64),
        "coordinates": placed.astype(np.float64),
        "residual": np.empty(n),
    }
    if not whole:
        arrays["features"] = np.empty((n, width), dtype=np.int32)
        arrays["rest"] = np.empty((n, k))
    scale = max(float(np.abs(placed).max(initial=0.0)), np.finfo(np.float32).tiny)
    size = int(np.clip((64 << 20) // (8 * k * d), 16, 4096))
    exact, note, method = True, "", str(way.attribution)
    for first in range(0, n, size):
        part = slice(first, min(first + size, n))
        progress(first, n, "explaining")
        found = explain(
            model,
            X[part],
            attribution=way.attribution if way.since is None else "path",
            baseline="mean" if start is None else start[part],
            coordinates=None if fidelity is None else placed[part],
        )
        exact, note, method = exact and found.derived_exactly, found.note or note, found.method
        C = found.contributions
        if not whole:
            chosen = _largest(C, width)
            arrays["features"][part] = chosen
            C = np.take_along_axis(C, chosen[:, None, :], axis=2)
            arrays["rest"][part] = found.contributions.sum(axis=2) - C.sum(axis=2)
        arrays["contributions"][part] = C
        arrays["offset"][part] = found.offset
        # Of what the network says in double precision, against the place that is drawn.
        sums = found.contributions.sum(axis=2) + found.offset
        arrays["residual"][part] = np.abs(sums - placed[part]).max(axis=1, initial=0.0) / scale
    progress(n, n, "explaining")
    worst = float(arrays["residual"].max(initial=0.0))
    run.cache.put(key, _about(fidelity, method, note, exact, worst, d), arrays)
    return key


def explanation_seconds(n_samples: int, n_components: int, n_features: int, kind: str) -> float:
    """About how long `keep_explanation` takes."""
    if kind == "linear":
        return 0.0
    work = n_samples * n_components * n_features / PATH_PER_SECOND
    fit = FIT_SECONDS * min(n_samples, 20_000) / 2_000 if kind == "surrogate" else 0.0
    return START_SECONDS + fit + work + n_samples / 2_000


def names_of_features(run: Run, n_features: int) -> tuple[str, ...]:
    """Class names where the features are scores of the classes, else numbers."""
    classes = run.classes
    if classes is not None and len(classes) == n_features:
        return tuple(str(name) for name in classes)
    return tuple(str(number) for number in range(n_features))


def _about(
    fidelity: Any, method: str, note: str, exact: bool, worst: float, n_features: int
) -> dict[str, Any]:
    # What is drawn is in single precision, so that is what a sum can agree with.
    exact = exact and fidelity is None and worst <= 1e-5
    knows = fidelity is None or bool(fidelity.knows)
    reason = note or f"the sums miss the places by up to {worst:.1e} of the map"
    return {
        "kind": "explanation",
        "method": method,
        "label": f"exact ({method})" if exact else f"approximate ({method}): {reason}",
        "exact": exact,
        "knows": knows,
        "note": note,
        "n_features": n_features,
        "fidelity": None
        if fidelity is None
        else {
            "r2": float(fidelity.r2),
            "neighbors": float(fidelity.neighbors),
            "n_held_out": int(fidelity.n_held_out),
            "least_r2": float(fidelity.least_r2),
            "least_neighbors": float(fidelity.least_neighbors),
            "text": str(fidelity),
        },
    }


def _largest(C: NDArray[Any], width: int) -> NDArray[np.intp]:
    lengths = np.einsum("nkd,nkd->nd", C, C)
    return np.asarray(np.argpartition(-lengths, width - 1, axis=1)[:, :width], dtype=np.intp)


def _part(run: Run, way: Way) -> ProjectionSequence:
    """The sequence with only the frames that are asked about."""
    kept = run.cache.get(way.projection)
    if kept is None or kept.description.get("kind") != "projection":
        raise NotFoundError(f"There is no projection {way.projection[:80]!r}. Ask for it again.")
    provenance = Provenance.from_dict(kept.description["provenance"])
    keys = {entry["step"]: entry["key"] for entry in kept.description["frames"]}
    frames = []
    for step in sorted({way.step} | ({way.since} if way.since is not None else set())):
        if step not in keys:
            raise NotFoundError.for_name("step", step, list(keys))
        frame = read_frame(run, keys[step], provenance)
        if frame is None:
            raise NotFoundError(f"The map of step {step} is not kept any more. Project again.")
        frames.append(frame)
    model = dict(kept.arrays) if _applies(kept.description["provenance"]) else {}
    return ProjectionSequence(tuple(frames), provenance, model)


def _applies(provenance: Mapping[str, Any]) -> bool:
    """Whether the model that is kept maps the vectors as they were logged, at every step."""
    parameters = provenance["parameters"]
    # With a moving window every frame has a map of its own, and only the last is kept; and a
    # model of prepared vectors does not take others.
    prepared = parameters.get("prepare") not in (None, "none", "")
    return not prepared and parameters.get("basis") != "window"


def _both(
    run: Run, sequence: ProjectionSequence, way: Way
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.float32]]:
    """Items of both steps: ids, vectors now and then, coordinates now."""
    frame, earlier = sequence.at(way.step), sequence.at(_begun(way))
    shared = positions(frame.ids, earlier.ids) >= 0
    ids = frame.ids[shared]
    if len(ids) == 0:
        raise NotFoundError(
            f"No item is at step {way.step} and at step {way.since}, so nothing moved from one to "
            f"the other."
        )
    vectors = []
    for step in (way.step, _begun(way)):
        snapshot = run.snapshot(frame.space, step)
        vectors.append(_taken(snapshot.vectors, positions(ids, snapshot.ids)))
    return ids, vectors[0], vectors[1], frame.coordinates[shared]


def _begun(way: Way) -> int:
    if way.since is None:
        raise InvalidInputError("A way needs the step where it begins.")
    return way.since


def _taken(vectors: NDArray[Any], where: NDArray[np.int64]) -> NDArray[Any]:
    """Rows in another order; the mapped array itself where they stand so already."""
    if len(where) == len(vectors) and np.array_equal(where, np.arange(len(vectors))):
        return vectors
    return vectors[where]


def _key(run: Run, way: Way) -> str:
    sequence = _part(run, way)
    frames: Sequence[Projection] = sequence.frames
    contents = {info.step: info.content for info in run.describe(frames[0].space)}
    made = {"map": way.projection, "steps": sequence.steps, "since": way.since}
    inputs = tuple(contents[frame.step] for frame in frames)
    parameters = {**made, "attribution": "path" if way.since is not None else way.attribution}
    return f"explanation-{Provenance('explanation', parameters, inputs).key}"
