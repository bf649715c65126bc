"""From partitions to a run that the viewer opens: the stages, one after the other."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..data import Quality
from ..errors import InvalidInputError, StoreError
from ..parallel import opened
from ._moments import Totals, pca_of, totals_of
from ._open import ROWS, open_partitions
from ._partition import Partition, Partitions, Trouble
from ._place import Fitted, checked_method, fitted_on, place
from ._sampling import Drawing, draw, drawing_of
from ._sorted import Placed, write_map_files
from ._tracks import LargeTracks, tracks_of
from ._trust import trust_of
from ._work import Arrays, Late, Work
from ._written import Written, write_run

if TYPE_CHECKING:
    from ..store import Run

__all__ = ["LargeMap", "project_large"]

N_FITTED = 200_000
N_ANCHORS = 300
VERSION = "1"
"""Changes when the numbers of a stage would, so that what is kept of an older one is not used."""
WORK = ".driftglass-work"


@dataclass(frozen=True, eq=False)
class LargeMap:
    """A map of rows that are larger than memory.

    Parameters
    ----------
    run : Run
        What the viewer opens: ids, labels, the vectors of the sample, and the map of all rows.
    n_samples : int
        Rows that have a place at one step or more.
    n_fitted : int
        Rows that the map was fitted to.
    quality : mapping of int to Quality
        Trust of each step; None where there is nothing to judge.
    tracks : LargeTracks
        Numbers about the spaces, from every row.
    labels : mapping of str to int
        Rows of each label.
    troubles : tuple of Trouble
        Partitions and rows that were left out, by name.
    seconds : mapping of str to float
        Time of each stage; those that were kept take none.
    """

    run: Run
    n_samples: int
    n_fitted: int
    quality: Mapping[int, Quality | None]
    tracks: LargeTracks
    labels: Mapping[str, int]
    troubles: tuple[Trouble, ...]
    seconds: Mapping[str, float]


def project_large(
    source: Any,
    store: Any,
    *,
    name: str = "large",
    space: str = "vectors",
    method: str = "umap",
    n_components: int = 2,
    n_fitted: int = N_FITTED,
    n_anchors: int = N_ANCHORS,
    random_state: int = 0,
    executor: Any = None,
    n_jobs: int | None = None,
    strict: bool = False,
    resume: bool = True,
    progress: Progress = silent,
    label: str | None = None,
    array: str | None = None,
    rows: int = ROWS,
    source_space: str | None = None,
    **parameters: Any,
) -> LargeMap:
    """Map rows that are larger than memory, and measure the map.

    A map is fitted to a sample, every partition is placed in it, and the result becomes a run
    whose rows are in prefix order: the viewer shows the first of them at once and they are a fair
    sample of all. Workers read partitions and write nothing; what they return is kept beside the
    store, so that a job that was killed goes on when the call is repeated.

    The same call gives the same bits with every executor and number of workers.

    Parameters
    ----------
    source : Partitions, mapping of int to Partitions, or what `open_partitions` takes
        Rows, or rows by training step: the same items in the same order, cut at the same places.
    store : path or Store
        Where the run is made.
    name, space : str
        Of the run and of its space.
    method : str
        One of `driftglass.projections.methods` that can place other rows. "pca" is not fitted to
        a sample but to all rows.
    n_components : int
        Coordinates per row, 2 or 3 for the viewer.
    n_fitted : int
        Rows of the sample, about; of all steps together.
    n_anchors : int
        Rows that trust is measured at, about; each is ranked against all rows.
    random_state : int
        Seed.
    executor, n_jobs
        Where to work, as in `driftglass.parallel.opened`: threads, processes, "dask", or the
        address of a Dask scheduler.
    strict : bool
        Raise when a partition or a row cannot be used, instead of leaving it out and listing it.
    resume : bool
        Use what an earlier call with the same arguments has kept.
    progress : callable
        Called with (done, total, what); may raise to stop.
    label, array, rows, source_space
        As `label`, `array`, `rows` and `space` of `open_partitions`.
    **parameters
        Of the method, for example ``n_neighbors=30`` or ``device="cpu"``.

    Returns
    -------
    map : LargeMap
        The run, what was measured, and what was left out.

    Raises
    ------
    InvalidInputError
        No partition can be used; the run is there already; or the method cannot place rows.
    NotFoundError
        No such method or parameter.
    WorkerError
        Workers died over and over, or the scheduler is gone. Nothing that was kept is lost.

    Examples
    --------
    >>> import tempfile, driftglass as dg
    >>> X = np.random.default_rng(0).normal(size=(500, 8)).astype("float32")
    >>> made = dg.project_large(X, tempfile.mkdtemp(), method="pca", rows=200)
    >>> made.n_samples, made.run.name
    (500, 'large')
    """
    given = source if isinstance(source, Mapping) else {0: source}
    opening: dict[str, Any] = {"label": label, "array": array, "rows": rows, "space": source_space}
    steps = {int(step): open_partitions(given[step], **opening) for step in sorted(given)}
    widths = {parts.n_features for parts in steps.values()}
    if len(widths) > 1:
        raise InvalidInputError(
            f"The steps have {sorted(widths)} features; one map needs rows of one width."
        )
    for what, value in (("n_fitted", n_fitted), ("n_anchors", n_anchors)):
        if value < 1:
            raise InvalidInputError(f"{what} is {value}; at least 1 row is needed.")
    estimator = checked_method(method, n_components, random_state, parameters)
    written = Written.at(store, name, space, method, n_components, random_state, parameters)
    key = _key(steps, written, n_fitted, n_anchors, strict)
    folder = written.folder / WORK / key
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}.") from error
    with opened(executor, n_jobs=n_jobs) as running, Work(
        running, folder, progress, strict
    ) as work:  # fmt: skip
        job = _Job(steps, work, random_state, n_fitted, n_anchors, n_components)
        found = job.made(estimator, method, written)
    shutil.rmtree(folder, ignore_errors=True)
    if not any((written.folder / WORK).iterdir()):
        (written.folder / WORK).rmdir()
    return found


def _key(
    steps: Mapping[int, Partitions], written: Written, n_fitted: int, n_anchors: int, strict: bool
) -> str:
    import xxhash

    said = [f"{step}:{parts.fingerprint}" for step, parts in steps.items()]
    said += [VERSION, written.request.key, written.name, str(n_fitted), str(n_anchors), str(strict)]
    return xxhash.xxh3_128_hexdigest("\n".join(said).encode())


@dataclass(eq=False)
class _Job:
    """One job, from partitions to a run."""

    steps: Mapping[int, Partitions]
    work: Work
    seed: int
    n_fitted: int
    n_anchors: int
    n_components: int
    seconds: dict[str, float] = field(default_factory=dict)

    def made(self, estimator: Any, method: str, written: Written) -> LargeMap:
        totals = {
            step: self._timed("moments", totals_of, parts, self.work, stage=f"moments-{step}",
                              step=step)
            for step, parts in self.steps.items()
        }  # fmt: skip
        measured = self._timed("tracks", tracks_of, self.steps, totals, self.work)
        used = {
            step: [parts.parts[number] for number in sorted(totals[step].used)]
            for step, parts in self.steps.items()
        }
        by = self._drawing(totals)
        for step, parts in used.items():
            what = "drawing the sample"
            self._timed(
                "sample", self.work.run, f"draw-{step}", draw, parts, shared=by[step], what=what
            )
        fitted, n_fitted, notes = self._timed("fit", self._fit, estimator, method, totals, used)
        for step, parts in used.items():
            self._timed(
                "place", self.work.run, f"place-{step}", place, parts, shared=fitted,
                what="placing partitions",
            )  # fmt: skip
        del fitted
        quality = {
            step: self._timed("trust", self._trust, step, parts, totals[step])
            for step, parts in used.items()
        }
        run, n = self._timed("viewer files", self._written, written, by, used, quality, notes)
        order = list(self.steps)
        return LargeMap(
            run=run,
            n_samples=n,
            n_fitted=n_fitted,
            quality=quality,
            tracks=measured,
            labels=dict(sorted(totals[order[0]].labels.items())),
            troubles=tuple(self.work.troubles),
            seconds=self.seconds,
        )

    def _timed(self, what_: str, function: Any, /, *arguments: Any, **named: Any) -> Any:
        begin = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            took = time.perf_counter() - begin
            self.seconds[what_] = self.seconds.get(what_, 0.0) + took

    def _drawing(self, totals: Mapping[int, Totals]) -> dict[int, Drawing]:
        """What to draw at each step: the same rows, for they depend on the first step's labels."""
        order = list(self.steps)
        wanted = max(1, self.n_fitted // len(order))
        return {
            step: drawing_of(
                self.steps[step], totals[order[0]], wanted, self.n_anchors, self.seed, "stratified"
            )
            for step in order
        }

    def drawn(self, step: int, n: int) -> Iterator[tuple[int, Arrays]]:
        """What was drawn at a step, by partition."""
        return self.work.results(f"draw-{step}", n)

    def sample(self, step: int, n: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Rows of a step's sample and their vectors, in prefix order."""
        found = [
            (arrays["sample_rows"], arrays["sample_keys"], arrays["sample"])
            for _, arrays in self.drawn(step, n)
        ]
        rows, keys, X = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.lexsort((rows, keys))
        return rows[order], X[order]

    def _fit(
        self,
        estimator: Any,
        method: str,
        totals: Mapping[int, Totals],
        used: Mapping[int, list[Partition]],
    ) -> tuple[Fitted, int, list[str]]:
        order = list(self.steps)
        n_features = self.steps[order[0]].n_features
        if method.lower() == "pca":
            first = totals[order[0]].moments
            whole = type(first).empty(n_features)
            for step in order:
                whole.merge(totals[step].moments)
            joint = Totals(whole, np.zeros(2), np.zeros(n_features), 0, {}, {}, {}, 0)
            fitted = pca_of(joint, min(self.n_components, n_features))
            return Fitted(fitted, n_features, self.n_components), whole.n_samples, []
        X = np.concatenate([self.sample(step, len(used[step]))[1] for step in order])
        self.work.progress(0, 1, "fitting the sample")
        result, said = fitted_on(estimator, X, self.n_components)
        self.work.progress(1, 1, "fitting the sample")
        return result, len(X), said

    def _trust(self, step: int, parts: list[Partition], totals: Totals) -> Quality | None:
        found = [arrays for _, arrays in self.drawn(step, len(parts))]
        rows = np.concatenate([arrays["anchor_rows"] for arrays in found])
        Q = np.concatenate([arrays["anchors"] for arrays in found])
        numbers = range(len(parts))
        bad = self.work.troubles_of(f"place-{step}", len(parts))
        for number, why in bad.items():
            part = parts[number]
            self.work.troubles.append(Trouble(part.name, why, part.n_samples, step))
        there = [number for number in numbers if number not in bad]
        late = [Late(self.work.path(f"place-{step}", number), ("rows", "Y")) for number in there]
        if bad:
            kept = np.zeros(len(rows), dtype=bool)
            for number in there:
                part = parts[number]
                kept |= (rows >= part.first) & (rows < part.first + part.n_samples)
            rows, Q = rows[kept], Q[kept]
        return trust_of(
            [parts[number] for number in there],
            late,
            totals,
            (rows, Q),
            self.work,
            stage=f"trust-{step}",
            seed=self.seed,
        )

    def _placed(
        self, by: Mapping[int, Drawing], used: Mapping[int, list[Partition]]
    ) -> Iterator[Placed]:
        """Every partition's rows with their keys and places; those of a first step lead."""
        order = list(self.steps)
        firsts = sorted({part.first for parts in used.values() for part in parts})
        where = {
            step: {part.first: number for number, part in enumerate(used[step])} for step in order
        }
        for first in firsts:
            held: dict[int, tuple[Arrays, Arrays]] = {}
            for step in order:
                number = where[step].get(first)
                if number is None or self.work.trouble_of(f"place-{step}", number) is not None:
                    continue
                held[step] = (
                    Late(self.work.path(f"draw-{step}", number), ("rows", "keys", "codes")).load(),
                    Late(self.work.path(f"place-{step}", number), ("rows", "Y")).load(),
                )
            if not held:
                continue
            rows = np.unique(np.concatenate([drawn["rows"] for drawn, _ in held.values()]))
            key = np.full(len(rows), np.nan)
            code = np.full(len(rows), -1, dtype=np.int32)
            Ys = np.full((len(rows), len(order), self.n_components), np.nan, dtype=np.float32)
            for s, step in reversed(list(enumerate(order))):
                if step not in held:
                    continue
                drawn, placed = held[step]
                at = np.searchsorted(rows, drawn["rows"])
                key[at] = drawn["keys"]
                if "codes" in drawn:
                    code[at] = drawn["codes"]
                Ys[np.searchsorted(rows, placed["rows"]), s] = placed["Y"]
            yield Placed(rows, key, code, Ys)

    def _written(
        self,
        written: Written,
        by: Mapping[int, Drawing],
        used: Mapping[int, list[Partition]],
        quality: Mapping[int, Quality | None],
        notes: list[str],
    ) -> tuple[Run, int]:
        order = list(self.steps)
        self.work.progress(0, 1, "writing the map")
        n = sum(len(placed.rows) for placed in self._placed(by, used))
        assert self.work.folder is not None
        files = write_map_files(
            self._placed(by, used), n, len(order), self.n_components, self.work.folder / "map"
        )
        samples = {step: self.sample(step, len(used[step])) for step in order}
        categories = by[order[0]].categories
        run = write_run(written, files, samples, categories, quality, notes, self.work.folder)
        self.work.progress(1, 1, "writing the map")
        return run, n
