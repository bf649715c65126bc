"""The runs that one server shows, and what it keeps in memory about them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._ordered import read_order
from ..data import Column, Metadata, SpriteSheet
from ..errors import NotFoundError
from ..store import Run, Store
from ._events import News
from ._finder import Finder
from ._jobs import Job, Jobs
from ._kept import Kept
from ._rows import Rows, content_hash
from ._selected import Selected

__all__ = ["Library", "Reading"]

Value = TypeVar("Value")

START_SECONDS = 0.5
TELLING_SECONDS = 2.0
PACE_LIMITS = (0.05, 20.0)
LISTING_SECONDS = 0.25
"""The folder is listed at most this often; a burst of requests shares one listing."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A run as it was at one revision.

    Parameters
    ----------
    run : Run
        The open run.
    revision : int
        What the run said when this was made.
    rows : Rows
        Its canonical rows.
    metadata : Metadata or None
        Columns by id, in whatever order they were logged.
    images : SpriteSheet or None
        Thumbnails by id.
    kept : Kept
        Where results are kept.
    """

    run: Run
    revision: int
    rows: Rows
    metadata: Metadata | None
    images: SpriteSheet | None
    kept: Kept = field(repr=False)

    def keep(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Value of `key` at this revision, made when it is not kept."""
        return self.kept.get((self.run.name, self.revision, self.rows.hash, key), make)

    @property
    def columns(self) -> Mapping[str, Column]:
        """Metadata columns in the order in which they were logged, by their own ids."""
        return self.metadata.columns if self.metadata is not None else {}

    @property
    def metadata_rows(self) -> NDArray[np.int64]:
        """Position of each row's item in the metadata, -1 where it has none."""
        if self.metadata is None:
            return np.full(len(self.rows), -1, dtype=np.int64)
        return self.rows.where(self.metadata.ids)

    def column(self, name: str) -> Column:
        """Metadata column with a value per row."""
        column = self._logged(name)
        return self.keep(("taken", name), lambda: column.take(self.metadata_rows))

    def values(self, name: str, start: int, stop: int) -> list[Any]:
        """Plain values of some rows of a column, None where missing."""
        column = self._logged(name)
        where = self.metadata_rows[start:stop].tolist()
        return [column.value(place) if place >= 0 else None for place in where]

    def _logged(self, name: str) -> Column:
        if self.metadata is None:
            raise NotFoundError.for_name("metadata column", name, [])
        return self.metadata[name]


class Library:
    """The runs of one store, looked up by name and never by path.

    Parameters
    ----------
    store : Store
        Where the runs are.
    read_only : bool
        Refuse whatever would write: no projections are computed.
    max_bytes : int
        Memory for what is kept: row positions, columns, coordinates, pictures.
    search : callable, optional
        The user's own function from text to a vector or a ranking.

    Attributes
    ----------
    news : News
        What open viewers are told.
    jobs : Jobs
        Background work.
    chosen : Selected
        What is selected on the page.
    finder : Finder
        Searches by regular expression.
    pace : float
        How much longer than estimated work has taken here.
    """

    def __init__(
        self,
        store: Store,
        *,
        read_only: bool = False,
        max_bytes: int = 1 << 29,
        search: Callable[[str], Any] | None = None,
    ) -> None:
        self.store = store
        self.read_only = read_only
        self.kept = Kept(max_bytes)
        self.news = News(self.revisions)
        self.jobs = Jobs(self._job_moved)
        self.search = search
        self.chosen = Selected()
        self.finder = Finder()
        self.pace = 1.0
        self._lock = threading.RLock()
        self._runs: dict[str, Run] = {}
        self._listed_at = -np.inf
        self._readings: dict[str, Reading] = {}

    def close(self) -> None:
        """End the streams and the background work; nothing is asked afterwards."""
        self.news.close()
        self.jobs.close()
        self.finder.close()

    def _job_moved(self, job: Job) -> None:
        estimate = job.task.get("estimate_seconds")
        if job.state == "done" and estimate and job.seconds and job.seconds > TELLING_SECONDS:
            # This machine's speed, learnt from what its jobs took. Short ones tell only how long
            # a process takes to start.
            measured = (job.seconds - START_SECONDS) / estimate
            self.pace = float(np.clip(0.5 * self.pace + 0.5 * measured, *PACE_LIMITS))
        self.news.tell("job", job.to_dict())

    @property
    def title(self) -> str:
        """Name of the store's folder, without where it lies."""
        return self.store.path.name

    def runs(self) -> list[Run]:
        """Every run in the store."""
        with self._lock:
            now = time.monotonic()
            if now - self._listed_at >= LISTING_SECONDS:
                self._runs = {run.name: run for run in self.store.runs()}
                self._readings = {
                    name: reading for name, reading in self._readings.items() if name in self._runs
                }
                self._listed_at = now
            return list(self._runs.values())

    def estimate(self, seconds: float) -> float:
        """How long work will take here that was planned to take `seconds`."""
        return START_SECONDS + self.pace * seconds if seconds else 0.0

    def revisions(self) -> dict[str, int]:
        """Present revision of every run; cheap enough to ask four times a second."""
        return {run.name: run.revision for run in self.runs()}

    def run(self, name: str) -> Run:
        """Run of exactly this name, out of the store's own listing."""
        found = next((run for run in self.runs() if run.name == name), None)
        if found is None:  # it may have been made since the folder was listed
            self._listed_at = -np.inf
            found = next((run for run in self.runs() if run.name == name), None)
        if found is not None:
            return found
        raise NotFoundError.for_name("run", name[:100], sorted(self._runs))

    def reading(self, name: str) -> Reading:
        """Run of this name at its present revision."""
        run = self.run(name)
        revision = run.revision
        with self._lock:
            known = self._readings.get(name)
        if known is None or known.run is not run or known.revision != revision:
            # Outside the lock: ordering ten million rows must not hold up the other runs.
            known = self._read(run, revision)
            with self._lock:
                self._readings[name] = known
        return known

    def _read(self, run: Run, revision: int) -> Reading:
        ordered = read_order(run, revision)
        metadata = run.metadata if ordered is None else ordered.metadata
        ids = run.ids if ordered is None else ordered.ids
        rows = self.kept.get(
            (run.name, "rows", content_hash(ids), metadata and content_hash(metadata.ids)),
            lambda: Rows.of(ids, metadata, self.kept, as_logged=ordered is not None),
        )
        return Reading(run, revision, rows, metadata, run.images, self.kept)
