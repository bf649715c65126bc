"""What two or three snapshots say about the change between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._device import Device
from ..data import Predictions
from ..data._ids import positions
from ..neighbors import exact_neighbors
from ..parallel import Threads
from ._drift import mean_angle, measured_drift, turning_angles
from ._estimates import Estimate, of_mean
from ._frames import Frame, Material, common_ids
from ._grams import MIN_ROWS, GramProducts, gram_products
from ._predictions import prediction_agreement
from ._similarity import overlap_of_tables, procrustes_distance
from ._single_tracks import N_NEIGHBORS, Findings, drawn_rows
from ._track_table import TrackBuilder

__all__ = ["SKIPS", "Comparison", "add_changes", "add_cka", "add_turns", "comparisons"]

SKIPS = (1, 2, 4, 8, 16)
MAX_PAIRWISE = 40
"""Snapshots up to which a map is computed pair by pair, where no rows are shared by all."""


class Comparison:
    """Two snapshots that are compared: positions, and what the later is compared with."""

    def __init__(self, before: int, after: int, against: tuple[str, ...]) -> None:
        self.before = before
        self.after = after
        self.against = against

    @property
    def pair(self) -> tuple[int, int]:
        """Positions of both."""
        return self.before, self.after

    @property
    def skips(self) -> tuple[str, ...]:
        """Names of the skips among what it is compared with."""
        return tuple(name for name in self.against if name.startswith("skip"))


def comparisons(n_frames: int) -> list[Comparison]:
    """Every pair that tracks look at, once each, by the later snapshot."""
    found: dict[tuple[int, int], list[str]] = {}
    for after in range(n_frames):
        for skip in SKIPS:
            if after >= skip:
                found.setdefault((after - skip, after), []).append(f"skip {skip}")
        if after > 0:
            found.setdefault((0, after), []).append("first")
        if after < n_frames - 1:
            found.setdefault((after, n_frames - 1), []).append("last")
    return [Comparison(before, after, tuple(names)) for (before, after), names in found.items()]


def add_changes(
    builder: TrackBuilder,
    material: Material,
    findings: list[Findings],
    wanted: list[Comparison],
    seed: int,
    map_: Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]],
) -> None:
    """Drift, neighbourhoods, Procrustes distances and predictions of every pair."""
    frames = material.frames

    def measure(compared: Comparison) -> dict[str, tuple[tuple[str, ...], Estimate]]:
        before, after = frames[compared.before], frames[compared.after]
        shared = common_ids([before, after])
        if len(shared) < 2:
            return {}
        X, Y = before.rows_of(shared), after.rows_of(shared)
        found: dict[str, tuple[tuple[str, ...], Estimate]] = {}
        if compared.skips:
            moved = measured_drift(X, Y)
            for name, lengths in (
                ("drift_l2", moved.raw),
                ("drift_l1", moved.raw_l1),
                ("drift_relational_l2", moved.relational),
                ("drift_relational_l1", moved.relational_l1),
            ):
                found[name] = compared.skips, of_mean(lengths)
            found["rigid_share"] = compared.skips, moved.rigid_estimate
        close = tuple(name for name in compared.against if name in ("skip 1", "first", "last"))
        if close:
            measured = procrustes_distance(X, Y, random_state=seed)
            if np.isfinite(measured.similarity):
                error = measured.standard_error / max(measured.distance, 1e-6)
                null = float(np.sqrt(max(0.0, 2 - 2 * measured.null_similarity)))
                distance = Estimate(measured.distance, error, measured.n)
                found["procrustes_distance"] = close, distance
                found["procrustes_null"] = close, Estimate(null, 0.0, measured.n)
        overlap = _overlap(before, after, X, Y, findings, compared, material.device)
        if overlap is not None:
            turnover = of_mean(1 - overlap)
            chance = N_NEIGHBORS / (len(overlap) - 1)
            agreed = of_mean((overlap - chance) / (1 - chance))
            found["mutual_knn"] = compared.against, agreed
            found["turnover"] = compared.against, turnover
        return found

    for compared, found in zip(wanted, map_(measure, wanted), strict=True):
        _add(builder, material, compared, found)
        step = int(material.steps[compared.after])
        if not found:
            for name in ("drift_l2", "procrustes_distance", "mutual_knn"):
                builder.lack(name, step, "fewer than 2 rows are shared")
        elif "mutual_knn" not in found:
            builder.lack("mutual_knn", step, f"fewer than {N_NEIGHBORS + 2} rows are shared")
    _add_predictions(builder, material)


def _add(
    builder: TrackBuilder,
    material: Material,
    compared: Comparison,
    found: dict[str, tuple[tuple[str, ...], Estimate]],
) -> None:
    """Enter each estimate under every name that its pair goes by."""
    steps = material.steps
    for name, (names, estimate) in found.items():
        for against in names:
            # A comparison with the last snapshot belongs to the earlier of the two.
            turned = against == "last"
            at, other = (compared.before, compared.after)[:: 1 if turned else -1]
            builder.add(
                name, int(steps[at]), estimate, against=against, reference=int(steps[other])
            )


def _overlap(
    before: Frame,
    after: Frame,
    X: NDArray[Any],
    Y: NDArray[Any],
    findings: list[Findings],
    compared: Comparison,
    device: Device | None,
) -> NDArray[np.float64] | None:
    if len(X) < N_NEIGHBORS + 2:
        return None
    if np.array_equal(before.ids, after.ids):
        tables = [findings[t].table for t in compared.pair]
    else:  # neighbours that one of the two lacks would count as lost
        tables = [exact_neighbors(Z, N_NEIGHBORS, n_jobs=1, device=device).indices for Z in (X, Y)]
    first, second = tables
    assert first is not None
    assert second is not None
    return overlap_of_tables(first[:, :N_NEIGHBORS], second[:, :N_NEIGHBORS])


def _add_predictions(builder: TrackBuilder, material: Material) -> None:
    steps = sorted(material.predictions)
    for earlier, step in pairwise(steps):
        P, Q = material.predictions[earlier], material.predictions[step]
        where = positions(Q.ids, P.ids)
        both = where >= 0
        if not both.any():
            builder.lack("prediction_agreement", step, "no row has predictions at both steps")
            continue
        same = prediction_agreement(
            Predictions(P.ids[where[both]], P.predicted[where[both]]),
            Predictions(Q.ids[both], Q.predicted[both]),
            "agreement",
        )
        if same is not None:
            builder.add("prediction_agreement", step, same, against="skip 1", reference=earlier)
    if len(steps) < 2:
        why = material.why_no_predictions or "predictions were logged at one step only"
        builder.lack("prediction_agreement", int(material.steps[0]), why)


def add_turns(
    builder: TrackBuilder,
    material: Material,
    map_: Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]],
) -> None:
    """How sharply trajectories turn at each step."""
    frames, steps = material.frames, material.steps
    if len(frames) < 3:
        builder.lack("curvature", int(steps[0]), "a turn needs three snapshots")
        return

    def measure(middle: int) -> Estimate | None:
        three = frames[middle - 1 : middle + 2]
        shared = common_ids(three)
        if len(shared) == 0:
            return None
        return mean_angle(turning_angles(*(frame.rows_of(shared) for frame in three)))

    middles = range(1, len(frames) - 1)
    for middle, estimate in zip(middles, map_(measure, middles), strict=True):
        if estimate is None:
            builder.lack("curvature", int(steps[middle]), "no shared row moved twice")
        else:
            builder.add("curvature", int(steps[middle]), estimate)


def add_cka(
    builder: TrackBuilder,
    material: Material,
    wanted: list[Comparison],
    n_probe: int,
    seed: int,
    executor: Threads,
) -> tuple[NDArray[np.float64], int, list[str]]:
    """CKA of pairs, participation ratios, the map of all pairs, its rows, and notes."""
    frames = material.frames
    everyone = common_ids(frames)
    fewest = min(len(frame.ids) for frame in frames)
    if len(everyone) >= MIN_ROWS and 2 * len(everyone) >= fewest:
        probe = everyone[drawn_rows(len(everyone), n_probe, seed)]
        Xs = executor.map(lambda frame: np.ascontiguousarray(frame.rows_of(probe)), frames)
        products = gram_products(
            Xs, executor, pairs=[item.pair for item in wanted], device=material.device
        )
        for compared in wanted:
            found = _cka_found(products, *compared.pair, compared.against)
            _enter(builder, material, compared, found)
        for t, step in enumerate(material.steps):
            _add_ratio(builder, int(step), products, t)
        return products.cka, len(probe), []
    return _pairwise(builder, material, wanted, n_probe, seed, executor)


def _pairwise(
    builder: TrackBuilder,
    material: Material,
    wanted: list[Comparison],
    n_probe: int,
    seed: int,
    executor: Threads,
) -> tuple[NDArray[np.float64], int, list[str]]:
    """The same where rows come and go, each pair from the rows that it shares."""
    frames = material.frames
    n_frames = len(frames)
    names = {item.pair: item for item in wanted}
    whole = n_frames <= MAX_PAIRWISE
    everyone = [(s, t) for t in range(n_frames) for s in range(t)]
    pairs = everyone if whole else sorted(names)
    result = np.full((n_frames, n_frames), np.nan)
    fewest = n_probe
    for pair in pairs:
        shared = common_ids([frames[t] for t in pair])
        if len(shared) < MIN_ROWS:
            if pair in names:
                builder.lack("cka", int(material.steps[pair[1]]), "fewer than 4 rows are shared")
            continue
        probe = shared[drawn_rows(len(shared), n_probe, seed)]
        fewest = min(fewest, len(probe))
        Xs = [frames[t].rows_of(probe) for t in pair]
        products = gram_products(Xs, executor, pairs=[(0, 1)], device=material.device)
        result[pair] = result[pair[::-1]] = products.cka[0, 1]
        if pair in names:
            found = _cka_found(products, 0, 1, names[pair].against)
            _enter(builder, material, names[pair], found)
    for t, frame in enumerate(frames):
        step = int(frame.step)
        if len(frame.ids) < MIN_ROWS:
            builder.lack("participation_ratio", step, "fewer than 4 finite rows")
            continue
        probe = drawn_rows(len(frame.ids), n_probe, seed)
        products = gram_products([frame.read()[probe]], executor, device=material.device)
        result[t, t] = products.cka[0, 0]
        _add_ratio(builder, step, products, 0)
    note = f"No rows are shared by all steps: each CKA is of the rows its pair shares (≥ {fewest})."
    more = [] if whole else [f"The map of CKA has only the pairs of tracks: {n_frames} snapshots."]
    return result, fewest, [note, *more]


def _cka_found(
    products: GramProducts, s: int, t: int, against: tuple[str, ...]
) -> dict[str, tuple[tuple[str, ...], Estimate]]:
    if not np.isfinite(products.cka[s, t]):
        return {}
    estimate = products.cka_estimate(s, t)
    biased = Estimate(float(products.biased_cka[s, t]), estimate.standard_error, estimate.n)
    return {"cka": (against, estimate), "cka_biased": (against, biased)}


def _enter(
    builder: TrackBuilder,
    material: Material,
    compared: Comparison,
    found: dict[str, tuple[tuple[str, ...], Estimate]],
) -> None:
    if found:
        _add(builder, material, compared, found)
    else:
        builder.lack("cka", int(material.steps[compared.after]), "a snapshot is constant")


def _add_ratio(builder: TrackBuilder, step: int, products: GramProducts, t: int) -> None:
    if products.constant[t]:
        builder.lack("participation_ratio", step, "all rows are equal")
    elif products.unbiased[t, t] <= 0:
        builder.lack("participation_ratio", step, "too few rows to tell")
    else:
        builder.add("participation_ratio", step, products.participation_ratio(t))
