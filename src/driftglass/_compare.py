"""Two runs side by side: numbers about what they share, step by step and item by item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._progress import Progress, silent
from .data._ids import shared_ids
from .errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .store import Run

__all__ = ["RunComparison", "compare", "shared_items", "shared_steps", "space_of"]

MIN_SHARED = 12
ONE_SIDED_95 = 1.645
"""Standard errors that a value at 0 exceeds once in twenty times."""
MAX_MAP_STEPS = 64
"""Steps of each run in the map of CKA; more are thinned out evenly."""


@dataclass(frozen=True, eq=False)
class RunComparison:
    """What two runs share, step by step.

    Parameters
    ----------
    runs : tuple of (str, str)
        Names of both.
    spaces : tuple of (str, str)
        Space of each.
    steps : ndarray of shape (n_steps,)
        Steps that both have.
    ids : ndarray of shape (n_items,)
        Items that both have at every one of these steps.
    cka : ndarray of shape (n_steps,)
        Unbiased CKA of the two spaces, at most 1; about 0 for unrelated ones.
    cka_errors : ndarray of shape (n_steps,)
        Its standard errors.
    mutual_knn : ndarray of shape (n_steps,)
        Share of nearest neighbours in common, beyond chance.
    mutual_knn_errors : ndarray of shape (n_steps,)
        Its standard errors.
    procrustes : ndarray of shape (n_steps,)
        Procrustes distance.
    procrustes_null : ndarray of shape (n_steps,)
        The same with shuffled rows: what unrelated spaces give.
    agreement : mapping of int to float
        Share of equal predictions, by step, where both runs logged predictions.
    shared_neighbors : ndarray of shape (n_steps, n_items)
        Share of each item's nearest neighbours that both runs have, in [0, 1]; chance is not
        subtracted.
    n_neighbors : int
        Size of the neighbourhoods.
    cka_map : ndarray of shape (n_map_steps_a, n_map_steps_b)
        Unbiased CKA of every step of one with every step of the other; nan where one of the two
        is constant.
    map_steps : tuple of ndarray
        Steps of its rows and of its columns.
    n_probe : int
        Items that CKA was computed from.
    """

    runs: tuple[str, str]
    spaces: tuple[str, str]
    steps: NDArray[np.int64]
    ids: NDArray[Any]
    cka: NDArray[np.float64]
    cka_errors: NDArray[np.float64]
    mutual_knn: NDArray[np.float64]
    mutual_knn_errors: NDArray[np.float64]
    procrustes: NDArray[np.float64]
    procrustes_null: NDArray[np.float64]
    shared_neighbors: NDArray[np.float64]
    n_neighbors: int
    cka_map: NDArray[np.float64]
    map_steps: tuple[NDArray[np.int64], NDArray[np.int64]]
    n_probe: int
    agreement: Mapping[int, float] = field(default_factory=dict)

    @property
    def unrelated(self) -> NDArray[np.bool_]:
        """Steps at which the runs cannot be told from unrelated ones, shape (n_steps,).

        CKA is within the 95 % that unrelated vectors, whose unbiased CKA is 0, stay below, or
        the rows match no better than shuffled ones do.
        """
        similar = self.cka > ONE_SIDED_95 * self.cka_errors
        matched = self.procrustes < self.procrustes_null
        known = np.isfinite(self.cka)
        return np.asarray(known & ~(similar & matched))

    def table(self) -> dict[str, NDArray[Any]]:
        """One row per shared step, as columns that every data frame library reads."""
        agreement = [self.agreement.get(int(step), np.nan) for step in self.steps]
        return {
            "step": self.steps,
            "cka": self.cka,
            "cka_error": self.cka_errors,
            "mutual_knn": self.mutual_knn,
            "mutual_knn_error": self.mutual_knn_errors,
            "procrustes": self.procrustes,
            "procrustes_null": self.procrustes_null,
            **({"agreement": np.array(agreement)} if self.agreement else {}),
        }


def compare(
    run_a: Run,
    run_b: Run,
    *,
    space: str | None = None,
    space_b: str | None = None,
    n_neighbors: int = 10,
    n_probe: int = 1000,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress = silent,
) -> RunComparison:
    """Compare the same items in two runs, step by step and item by item.

    Parameters
    ----------
    run_a, run_b : Run
        Runs that logged the same items, known by their ids.
    space : str, optional
        Space to compare; may be left out when `run_a` has only one.
    space_b : str, optional
        Its name in `run_b`, where it is another.
    n_neighbors : int
        Size of the neighbourhoods.
    n_probe : int
        Items for CKA; all other numbers use every item.
    random_state : int
        Seed of the items drawn and of the shuffle behind `procrustes_null`.
    n_jobs : int or None
        Threads; None uses every core.
    progress : callable
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    comparison : RunComparison
        Numbers per shared step, per item, and CKA between all steps.

    Raises
    ------
    NotFoundError
        No such space, or no step that both runs have.
    InvalidInputError
        Fewer than twelve items that both runs have.

    See Also
    --------
    combine : one run that shows both.
    driftglass.diagnostics.linear_cka, driftglass.diagnostics.mutual_knn : the numbers.
    """
    from .diagnostics import cka_map, neighbor_overlap, procrustes_distance

    names = space_of(run_a, space), space_of(run_b, space_b or space)
    steps = shared_steps(run_a, run_b, names)
    ids = shared_items(run_a, run_b, names, steps)
    if len(ids) <= n_neighbors + 1 or n_neighbors < 1:
        raise InvalidInputError(
            f"n_neighbors is {n_neighbors} for {len(ids)} shared items; a number from 1 to "
            f"{len(ids) - 2} is needed."
        )
    probe = _probe(ids, n_probe, random_state)
    rows: list[tuple[float, ...]] = []
    overlaps = []
    for done, step in enumerate(steps):
        progress(done, len(steps) + 1, "comparing steps")
        X, Y = (
            run.snapshot(name, step).select(ids).vectors
            for run, name in zip((run_a, run_b), names, strict=True)
        )
        overlap = neighbor_overlap(X, Y, n_neighbors=n_neighbors, n_jobs=n_jobs)
        chance = n_neighbors / (len(ids) - 1)
        beyond = (overlap - chance) / (1 - chance)
        turned = procrustes_distance(X, Y, random_state=random_state)
        cka, error = _cka(X[probe], Y[probe], n_jobs)
        null = float(np.sqrt(max(0.0, 2 - 2 * turned.null_similarity)))
        spread = float(beyond.std(ddof=1) / np.sqrt(len(beyond)))
        rows.append((cka, error, float(beyond.mean()), spread, turned.distance, null))
        overlaps.append(overlap)
    progress(len(steps), len(steps) + 1, "comparing all steps with all")
    map_steps = tuple(
        _thinned(run, name, ids) for run, name in zip((run_a, run_b), names, strict=True)
    )
    chosen = [
        [run.snapshot(name, int(step)).select(ids[probe]).vectors for step in there]
        for run, name, there in zip((run_a, run_b), names, map_steps, strict=True)
    ]
    columns = np.array(rows).T
    return RunComparison(
        runs=(run_a.name, run_b.name),
        spaces=names,
        steps=np.array(steps, dtype=np.int64),
        ids=ids,
        cka=columns[0],
        cka_errors=columns[1],
        mutual_knn=columns[2],
        mutual_knn_errors=columns[3],
        procrustes=columns[4],
        procrustes_null=columns[5],
        shared_neighbors=np.stack(overlaps),
        n_neighbors=n_neighbors,
        cka_map=cka_map(*chosen, n_jobs=n_jobs),
        map_steps=(map_steps[0], map_steps[1]),
        n_probe=len(probe),
        agreement=_agreement(run_a, run_b, ids),
    )


def _cka(X: NDArray[Any], Y: NDArray[Any], n_jobs: int | None) -> tuple[float, float]:
    from .diagnostics._grams import gram_products
    from .parallel import Threads

    with Threads(n_jobs) as executor:
        products = gram_products([X, Y], executor, pairs=[(0, 1)])
    if products.constant.any() or not np.isfinite(products.cka[0, 1]):
        return float("nan"), float("nan")
    estimate = products.cka_estimate(0, 1)
    return estimate.value, estimate.standard_error


def space_of(run: Run, space: str | None) -> str:
    """Space of a run by name, or its only one."""
    spaces = list(run.spaces)
    if not spaces:
        raise NotFoundError(f"The run {run.name!r} has no snapshots yet.")
    if space is None and len(spaces) == 1:
        return spaces[0]
    if space is None:
        raise InvalidInputError(
            f"The run {run.name!r} has {len(spaces)} spaces: {spaces}. Say which one with space=."
        )
    if space not in spaces:
        raise NotFoundError.for_name("space", space, spaces)
    return space


def shared_steps(run_a: Run, run_b: Run, names: tuple[str, str]) -> list[int]:
    """Steps that both runs have, undamaged."""
    there = [
        {info.step for info in run.describe(name) if not info.damaged}
        for run, name in zip((run_a, run_b), names, strict=True)
    ]
    steps = sorted(there[0] & there[1])
    if not steps:
        raise NotFoundError(
            f"The runs {run_a.name!r} and {run_b.name!r} have no step in common "
            f"({sorted(there[0])[:8]} and {sorted(there[1])[:8]}). Record both with the same "
            f"Schedule."
        )
    return steps


def shared_items(
    run_a: Run, run_b: Run, names: tuple[str, str], steps: Sequence[int]
) -> NDArray[Any]:
    """Items that are there and finite in both runs at all of the steps."""
    ids: NDArray[Any] | None = None
    for step in steps:
        for run, name in zip((run_a, run_b), names, strict=True):
            snapshot = run.snapshot(name, step)
            finite = snapshot.ids[snapshot.finite]
            ids = finite if ids is None else shared_ids(ids, finite)
    assert ids is not None
    if len(ids) < MIN_SHARED:
        raise InvalidInputError(
            f"The runs {run_a.name!r} and {run_b.name!r} share {len(ids)} finite items at all "
            f"of their common steps; at least {MIN_SHARED} are needed. Log both with the same ids."
        )
    return ids


def _thinned(run: Run, name: str, ids: NDArray[Any]) -> NDArray[np.int64]:
    """Steps at which every shared item is there and finite, no more than a map can show."""
    steps = []
    for info in run.describe(name):
        if info.damaged:
            continue
        snapshot = run.snapshot(name, info.step)
        if len(shared_ids(ids, snapshot.ids[snapshot.finite])) == len(ids):
            steps.append(info.step)
    kept = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MAX_MAP_STEPS)).round())
    return np.array(steps, dtype=np.int64)[kept.astype(np.int64)]


def _probe(ids: NDArray[Any], n_probe: int, seed: int) -> NDArray[np.int64]:
    from .diagnostics._single_tracks import drawn_rows

    if n_probe < MIN_SHARED:
        raise InvalidInputError(f"n_probe is {n_probe}; at least {MIN_SHARED} items are needed.")
    return drawn_rows(len(ids), n_probe, seed)


def _agreement(run_a: Run, run_b: Run, ids: NDArray[Any]) -> dict[int, float]:
    from .data import Predictions
    from .data._ids import positions
    from .diagnostics import prediction_similarity

    found = {}
    for step in sorted(set(run_a.prediction_steps) & set(run_b.prediction_steps)):
        said = [run.predictions(step) for run in (run_a, run_b)]
        both = shared_ids(shared_ids(ids, said[0].ids), said[1].ids)
        if len(both) == 0:
            continue
        chosen = [
            Predictions(both, each.predicted[positions(both, each.ids)], step) for each in said
        ]
        share = prediction_similarity(*chosen)
        if np.isfinite(share):
            found[step] = share
    return found
