"""Each kind of measurement: what is read, which diagnostics see it, and what is kept of them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._preparation import ingredients, prepared
from .._progress import Progress, silent
from .._projection_plan import ProjectionRequest, infos_for, n_anchors_for
from .._sequence_cache import read_frame, read_sequence
from ..data import CategoricalColumn, Provenance
from ..data._ids import positions
from ..errors import DriftglassWarning, InvalidInputError, NotFoundError
from ._others import other_maps
from ._request import MeasureRequest, plan_measurement, projection_of
from ._smoothed import parameters_in_force, smoothing_caution

if TYPE_CHECKING:
    from ..diagnostics import Caution
    from ..store import Run

__all__ = ["measure"]

PROBE = 1_000
STILL_SNAPSHOTS = 3
MIN_SHARED = 4

Found = tuple[dict[str, Any], dict[str, NDArray[Any]]]


def measure(run: Run, request: MeasureRequest, *, progress: Progress = silent) -> str:
    """Make a measurement unless it is kept; returns its key in the run's cache.

    Parameters
    ----------
    run : Run
        What to measure; the result is kept with it.
    request : MeasureRequest
        What is wanted.
    progress : callable
        Called with (done, total, what); may raise to stop.

    Raises
    ------
    InvalidInputError
        Too few items, or nothing to measure.
    NotFoundError
        No such space, projection or step.
    """
    plan = plan_measurement(run, request)
    if plan.status == "ready":
        return plan.wanted
    with warnings.catch_warnings():
        # What a method warns of was said when the map was made.
        warnings.simplefilter("ignore", DriftglassWarning)
        description, arrays = _KINDS[request.kind](run, request, progress)
    shared = {"kind": "measurement", "of": request.kind, "made": time.time()}
    run.cache.put(plan.wanted, {**shared, "step": request.step, **description}, arrays)
    return plan.wanted


def _tracks(run: Run, request: MeasureRequest, progress: Progress) -> Found:
    from ..diagnostics import tracks

    found = tracks(run, space=request.space, progress=progress)
    parts = []
    start = 0
    for track in found.all:
        parts.append({"name": track.name, "against": track.against, "n_values": len(track)})
        start += len(track)

    def joined(name: str, dtype: Any) -> NDArray[Any]:
        values = [getattr(track, name) for track in found.all]
        return np.concatenate(values).astype(dtype) if values else np.empty(0, dtype=dtype)

    description = {
        "tracks": parts,
        "n_probe": int(found.n_probe),
        "classes": list(found.classes),
        "absent": dict(found.absent),
        "notes": list(found.notes),
    }
    arrays = {
        "steps": joined("steps", np.int64),
        "values": joined("values", np.float64),
        "standard_errors": joined("standard_errors", np.float64),
        "n": joined("n", np.int64),
        "cka": found.cka,
        "cka_steps": np.asarray(found.steps, dtype=np.int64),
    }
    return description, arrays


def _motion(run: Run, request: MeasureRequest, progress: Progress) -> Found:
    from ..diagnostics import sequence_scores, still_test

    key = str(request.projection)
    _, made_with = projection_of(run, key)
    sequence = read_sequence(run, key)
    if sequence is None:
        raise NotFoundError("The maps are not kept any more. Project again to get them back.")
    filled = [number for number, frame in enumerate(sequence) if len(frame.ids)]
    if len(filled) < 2:
        raise InvalidInputError("One map does not move; at least two steps are needed.")
    snapshots = [run.snapshot(request.space, sequence[number].step) for number in filled]
    progress(0, 2, "ranking neighbours")
    # One after the other, so that a single snapshot is in memory at a time.
    scores = sequence_scores(
        [(lambda one=one: one.vectors) for one in snapshots],
        type(sequence)(tuple(sequence[n] for n in filled), sequence.provenance, sequence.model),
        [one.ids for one in snapshots],
        n_anchors=n_anchors_for(max(len(one.ids) for one in snapshots)),
        random_state=made_with.random_state,
    )
    progress(1, 2, "showing the same snapshot again")
    last = snapshots[-1]
    X = np.asarray(last.vectors[last.finite])[:PROBE]
    again = _Alone(run, made_with, last.ids[last.finite][:PROBE])
    still = float("nan")
    if len(X) > 2:
        still = still_test(again.sequence, X, n_snapshots=STILL_SNAPSHOTS)
    progress(2, 2, "showing the same snapshot again")
    numbers = ("F", "C", "J", "who", "when", "missed", "rigid_share", "pooled", "C_relational")
    description = {
        **{name: _number(getattr(scores, name)) for name in numbers},
        "undefined": scores.undefined,
        "still": _number(still),
        "still_snapshots": STILL_SNAPSHOTS,
        "n_anchors": max(len(ids) for ids in scores.anchors),
        "cautions": _said(
            [
                *_motion_cautions(scores.J, scores.rigid_share),
                *smoothing_caution(snapshots, [sequence[n] for n in filled], made_with, scores.F),
            ]
        ),
    }
    lengths = [len(ids) for ids in scores.anchors]
    arrays = {
        "steps": np.array(scores.steps, dtype=np.int64),
        "faithfulness": scores.faithfulness,
        "who": scores.who_of_steps,
        "false_motion": scores.false_motion,
        "missed_motion": scores.missed_motion,
        "rigid_share": scores.rigid_shares,
        "speed_data": scores.speed_data,
        "speed_relational": scores.speed_relational,
        "speed_map": scores.speed_map,
        "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "ids": np.concatenate(scores.anchors),
        "point_faithfulness": np.concatenate(scores.point_faithfulness),
        "point_false_motion": np.concatenate(scores.point_false_motion),
        "point_missed_motion": np.concatenate(scores.point_missed_motion),
    }
    return description, arrays


def _similarity(run: Run, request: MeasureRequest, progress: Progress) -> Found:
    from ..diagnostics import cka_map

    infos = infos_for(run, ProjectionRequest(request.space))
    snapshots = [run.snapshot(request.space, info.step) for info in infos]
    shared = snapshots[0].ids if request.ids is None else np.array(request.ids)
    for number, snapshot in enumerate(snapshots):
        progress(number, len(snapshots) + 1, "reading snapshots")
        where = positions(shared, snapshot.ids)
        there = where >= 0
        there[there] = snapshot.finite[where[there]]
        shared = shared[there]
    if len(shared) < MIN_SHARED:
        raise InvalidInputError(
            f"{len(shared)} of these items are in every snapshot; CKA needs at least {MIN_SHARED}. "
            f"Select more."
        )
    n_shared = len(shared)
    if n_shared > PROBE:
        shared = np.sort(np.random.default_rng(0).choice(shared, PROBE, replace=False))
    progress(len(snapshots), len(snapshots) + 1, "comparing snapshots")
    cka = cka_map([_rows_of(snapshot, shared) for snapshot in snapshots])
    description = {"n": len(shared), "n_shared": n_shared}
    return description, {"cka": cka, "cka_steps": np.array([i.step for i in infos], np.int64)}


def _errors(run: Run, request: MeasureRequest, progress: Progress) -> Found:
    from ..diagnostics import trust_report

    X, Y, ids, made_with = _map_of(run, request)
    report = trust_report(
        X,
        Y,
        labels=_labels(run, ids),
        method=made_with.method,
        parameters=parameters_in_force(made_with),
        n_anchors=n_anchors_for(len(X)),
        random_state=made_with.random_state,
        progress=progress,
    )
    dimension, share = _dimension(X), None
    if made_with.method == "pca":
        whole = float(np.var(X.astype(np.float64), axis=0).sum())
        share = float(np.var(Y.astype(np.float64), axis=0).sum()) / whole if whole > 0 else None
    errors = report.errors
    description = {
        "trustworthiness": _number(report.quality.trustworthiness),
        "continuity": _number(report.quality.continuity),
        "shuffled": _number(report.quality.null),
        "n_neighbors": int(report.quality.n_neighbors),
        "n_anchors": len(errors.rows),
        "n_samples": len(X),
        "n_features": int(X.shape[1]),
        "F": _number(report.faithfulness.value),
        "F_error": _number(report.faithfulness.standard_error),
        "kept": _number(float(errors.kept.mean())),
        "distances": _number(report.distances.spearman),
        "density": _number(report.density),
        "dimension": dimension,
        "variance_share": share,
        "cautions": _said(
            [
                *report.cautions,
                *_map_cautions(dimension, report.faithfulness.value, share, Y.shape[1]),
            ]
        ),
    }
    arrays = {
        "ids": ids[errors.rows],
        "false": errors.false,
        "missing": errors.missing,
        "kept": errors.kept,
        "faithfulness": report.faithfulness.points,
    }
    return description, arrays


def _noise(run: Run, request: MeasureRequest, progress: Progress) -> Found:
    from ..diagnostics import null_test
    from ..diagnostics._cautions import caution_of_noise

    X, Y, ids, made_with = _map_of(run, request)
    progress(0, 1, "mapping permuted columns")
    test = null_test(
        X,
        Y,
        _Alone(run, made_with, ids),
        n_anchors=n_anchors_for(len(X)),
        random_state=made_with.random_state,
    )
    description = {
        "like_noise": _number(test.like_noise()),
        "n_maps": test.n_maps,
        "cautions": _said(caution_of_noise(test)),
    }
    return description, {"ids": ids[test.rows], "p_values": test.adjusted, "noisy": test.noisy()}


def _stability(run: Run, request: MeasureRequest, progress: Progress) -> Found:
    from ..diagnostics import Multiverse, stability
    from ..diagnostics._cautions import cautions_of_stability

    X, Y, ids, made_with = _map_of(run, request)
    rows, maps, said = other_maps(X, made_with, _Alone(run, made_with, ids), progress)
    labels = _labels(run, ids[rows])
    found = stability(
        Multiverse(({"shown": True}, *maps.settings), (Y[rows], *maps.maps)), labels=labels
    )
    description = {
        "settings": said,
        "n_maps": len(maps.maps),
        "n_samples": len(rows),
        "seed_spread": _number(found.seed_spread),
        "setting_spread": _number(found.setting_spread),
        "groups": [
            {"name": str(name), "overlap": float(overlap), "together": list(found.together[name])}
            for name, overlap in found.groups.items()
        ],
        "cautions": _said(cautions_of_stability(found)),
    }
    return description, {"ids": ids[rows], "stability": found.points}


_KINDS: Mapping[str, Callable[[Any, MeasureRequest, Progress], Found]] = {
    "tracks": _tracks,
    "motion": _motion,
    "similarity": _similarity,
    "errors": _errors,
    "noise": _noise,
    "stability": _stability,
}


def _map_of(
    run: Run, request: MeasureRequest
) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[Any], ProjectionRequest]:
    """Vectors, map and ids of the frame that is asked for."""
    kept, made_with = projection_of(run, str(request.projection))
    entry = next(one for one in kept.description["frames"] if one["step"] == request.step)
    frame = read_frame(run, entry["key"], Provenance.from_dict(kept.description["provenance"]))
    if frame is None:
        raise NotFoundError("The map is not kept any more. Project again to get it back.")
    snapshot = run.snapshot(request.space, frame.step)
    return _rows_of(snapshot, frame.ids), frame.coordinates, frame.ids, made_with


def _rows_of(snapshot: Any, ids: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(snapshot.vectors)[positions(ids, snapshot.ids)]


class _Alone:
    """The method of a projection, for one snapshot by itself."""

    def __init__(self, run: Run, made_with: ProjectionRequest, ids: NDArray[Any]) -> None:
        self._made_with, self._ids = made_with, ids
        self._made_of = ingredients(run, made_with, made_with.method)

    def __call__(
        self, X: NDArray[Any], *, rows: NDArray[Any] | None = None, **changed: Any
    ) -> NDArray[np.float32]:
        """Map of the snapshot, or of some of its rows, with some parameters changed."""
        coordinates: NDArray[np.float32] = self.sequence([X], rows=rows, **changed)[0].coordinates
        return coordinates

    def sequence(
        self, Xs: list[NDArray[Any]], *, rows: NDArray[Any] | None = None, **changed: Any
    ) -> Any:
        """Maps of several versions of the snapshot."""
        from ..projections import project_sequence

        ids = self._ids if rows is None else self._ids[rows]
        settings = {
            "n_components": self._made_with.n_components,
            "random_state": self._made_with.random_state,
            **self._made_of.parameters,
            **changed,
        }
        return project_sequence(
            [prepared(self._made_with, X) for X in Xs],
            ids=[ids for _ in Xs],
            method=self._made_of.method,
            y=self._made_of.targets,
            **settings,
        )


def _labels(run: Run, ids: NDArray[Any]) -> NDArray[Any] | None:
    """Classes of the items, by the column that usually has them; None without one."""
    table = run.metadata
    for name in ("label", "labels", "class", "target", "y"):
        column = None if table is None else table.columns.get(name)
        if table is not None and isinstance(column, CategoricalColumn):
            where = positions(ids, table.ids)
            codes = np.where(where >= 0, column.codes[where], -1)
            return np.array([*column.categories, "missing"])[codes]  # -1 is the last
    return None


def _dimension(X: NDArray[Any]) -> float | None:
    from ..diagnostics import two_nn

    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(X), min(len(X), 2 * PROBE), replace=False))
    try:
        return float(two_nn(X[rows]))
    except InvalidInputError:  # too few rows that differ
        return None


def _map_cautions(
    dimension: float | None, faithful: float, share: float | None, n_components: int
) -> list[Caution]:
    from ..diagnostics._cautions import caution_of_dimension, caution_of_variance

    return [
        *caution_of_dimension(dimension, faithful, n_components),
        *caution_of_variance(share, n_components),
    ]


def _motion_cautions(false_motion: float, rigid_share: float) -> list[Caution]:
    from ..diagnostics._cautions import cautions_of_motion

    return cautions_of_motion(false_motion, rigid_share)


def _said(cautions: Sequence[Caution]) -> list[dict[str, Any]]:
    return [asdict(caution) for caution in cautions]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
