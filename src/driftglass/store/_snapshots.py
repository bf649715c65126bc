"""The background half of `Run.log`: convert, write files, commit."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._row_blocks import RowBlocks
from ..data import Predictions
from ..errors import InvalidInputError, StoreError
from ._assemble import check_class_numbers
from ._budget import Retention, default_min_free, estimate_text, human_bytes
from ._codecs import FILE_DTYPES, encode_array, write_file
from ._committer import Committer
from ._converted import ConvertedRows
from ._intake import LogJob
from ._keys import PART_BYTES, predictions_key, vectors_key
from ._local import LocalBlobs
from ._markers import Options
from ._records import Entry, Event, Ids, Part, PredictionPart, Retired, ScalarValues, float_to
from ._rows import Rows, RowsFinder

__all__ = ["SnapshotWriter"]

RETIRED_SECONDS = 600.0
"""How long the files of a snapshot that retention gave up stay for those who read it now."""

_log = logging.getLogger("driftglass")


class SnapshotWriter:
    """Writes logged steps; used on one thread only.

    Parameters
    ----------
    committer : Committer
        Where to.
    options : Options
        How.
    ids : ndarray or None
        Ids of rows that are logged without any.
    refuse : callable
        Told about a part of a job that cannot be stored; the rest of the job is.
    part_bytes : int
        Longer arrays are split.
    """

    def __init__(
        self,
        committer: Committer,
        options: Options,
        ids: NDArray[Any] | None,
        refuse: Callable[[Exception, int | None], None],
        *,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self.committer = committer
        self.options = options
        self.rows = RowsFinder(ids, committer.world_size)
        self.refuse = refuse
        self.part_bytes = part_bytes
        self.n_snapshots = 0
        self.n_bytes = 0
        self._events: list[Event] = []
        self._n_sent = 0
        self._given_up: deque[tuple[float, str]] = deque()
        self.estimate = ""
        self._noted: set[str] = set()
        self._widths: dict[str, int] = {}
        self._retention: dict[str, Retention] = {}
        self._stored_bytes: int | None = None

    def write(self, job: LogJob) -> None:
        """Store one job; OSError if that is not possible now."""
        if job.recorded:
            self.committer.index()
            return
        before = self.committer.seq
        try:
            self._write(job)
        finally:
            # Once its record is in the journal a job must not be written again.
            job.recorded = self.committer.seq > before
            if job.recorded:
                del self._events[: self._n_sent]

    def _write(self, job: LogJob) -> None:
        entries: list[Entry] = []
        events = self._events
        parts: list[list[Part]] = []
        nbytes = 0
        allowed = (not job.spaces and job.predictions is None) or self._within_budget(job)
        if allowed:
            for space, (array, dtype) in job.spaces.items():
                made = self._guarded(job, self._parts, space, array, dtype, entries)
                if made:
                    parts.append(made)
                    nbytes += sum(part.file.size for part in made)
        predictions = None
        if job.predictions is not None and allowed:
            predictions = self._guarded(job, self._predictions, entries)
        if job.scalars:
            values = {name: float_to(value) for name, value in job.scalars.items()}
            entries.append(ScalarValues(job.step, values))

        def build() -> list[Entry]:
            result = [*entries, *events]
            self._n_sent = len(events)
            for made in parts:
                space = made[0].space
                attempt = self.committer.next_attempt("parts", job.step, space)
                result += [_with_attempt(part, attempt) for part in made]
                result += self._retired(space, job.step)
            if predictions is not None:
                attempt = self.committer.next_attempt("predictions", job.step)
                result.append(_with_attempt(predictions, attempt))
            return result

        self.committer.commit(build)
        self.n_snapshots += len(parts)
        self.n_bytes += nbytes
        if self._stored_bytes is not None:
            self._stored_bytes += nbytes
        if parts and not self.estimate:
            self._estimate(nbytes)
        self.committer.sync_if_due()

    def _guarded(self, job: LogJob, make: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return make(job, *arguments)
        except OSError:
            raise
        except Exception as error:  # the rest of the job is still good
            self.refuse(error, job.step)
            return None

    def _parts(
        self,
        job: LogJob,
        space: str,
        array: NDArray[Any] | RowBlocks,
        dtype: str,
        entries: list[Entry],
    ) -> list[Part]:
        found = self.rows.find(job.ids, len(array), f"space {space!r}", job.step)
        if found.kept is not None:
            array = np.asarray(array)[found.kept]
        stored = ConvertedRows(array, dtype, self.options.dtype, space)
        n_features = int(array.shape[1])
        item = np.dtype(FILE_DTYPES[stored.dtype]).itemsize
        rows = max(1, self.part_bytes // max(1, n_features * item))
        starts = range(0, max(1, len(array)), rows)
        token = f"{self.committer.writer[:8]}-{self.committer.seq:06x}"
        files = []
        for split, start in enumerate(starts):
            key = vectors_key(space, job.step, self.committer.rank, token, split)
            pieces = stored.file(min(rows, len(array) - start))
            file = write_file(self.committer.blobs, key, pieces, durable=self.committer.durable)
            self.committer.wrote(file)
            files.append(file)
        self._note_conversion(space, job.step, stored.note, stored.n_overflow, stored.dtype)
        self._note_width(space, job.step, n_features)
        digest = self._ids_entry(found, entries)
        bad = stored.not_finite
        return [
            Part(
                space=space,
                step=job.step,
                rank=self.committer.rank,
                world_size=self.committer.world_size,
                attempt=0,
                split=split,
                n_splits=len(starts),
                start=start,
                n_rows=min(rows, len(array) - start),
                n_features=n_features,
                dtype=stored.dtype,
                ids=digest,
                file=file,
                n_not_finite=len(bad) if split == 0 else 0,
                first_not_finite=found.ids[bad[0]].item() if bad and split == 0 else None,
                n_duplicates=found.n_duplicates if split == 0 else 0,
                n_overflow=stored.n_overflow if split == 0 else 0,
            )
            for split, (start, file) in enumerate(zip(starts, files, strict=True))
        ]

    def _predictions(self, job: LogJob, entries: list[Entry]) -> PredictionPart:
        values = job.predictions
        assert values is not None
        given = job.ids if job.prediction_ids is None else job.prediction_ids
        found = self.rows.find(given, len(values), "predictions", job.step)
        values = values if found.kept is None else values[found.kept]
        values = Predictions(found.ids, values, job.step).values
        if values.dtype == np.float64:
            values = values.astype(np.float32)
        if values.ndim == 1:
            check_class_numbers(values, "predictions")
        digest = self._ids_entry(found, entries)
        token = f"{self.committer.writer[:8]}-{self.committer.seq:06x}"
        file = write_file(
            self.committer.blobs,
            predictions_key(job.step, self.committer.rank, token),
            encode_array(values),
            durable=self.committer.durable,
        )
        self.committer.wrote(file)
        return PredictionPart(
            step=job.step,
            rank=self.committer.rank,
            world_size=self.committer.world_size,
            attempt=0,
            n_rows=len(values),
            n_classes=values.shape[1] if values.ndim == 2 else 0,
            dtype=values.dtype.name,
            ids=digest,
            file=file,
            n_duplicates=found.n_duplicates,
        )

    def _ids_entry(self, rows: Rows, entries: list[Entry]) -> str:
        entry = self.committer.ids_entry(rows.ids, rows.hash)
        if entry is not None and not any(
            isinstance(other, Ids) and other.hash == rows.hash for other in entries
        ):
            entries.append(entry)
        return rows.hash

    def commit_events(self) -> None:
        """Record what happened since the last commit."""
        if not self._events:
            return
        before = self.committer.seq
        try:
            self.committer.commit(lambda: list(self._events))
        finally:
            if self.committer.seq > before:
                self._events.clear()

    def tick(self) -> None:
        """Do what is due now and then."""
        self.commit_events()
        self.committer.sync_if_due()
        while self._given_up and self._given_up[0][0] < time.monotonic() - RETIRED_SECONDS:
            self.committer.blobs.delete(self._given_up.popleft()[1])

    # Notes and budgets

    def note(self, kind: str, message: str, step: int | None = None, count: int = 1) -> None:
        """Add an event to the next commit."""
        self._events.append(Event(kind, message, step, count))

    def _note_once(self, key: str, kind: str, message: str, step: int, count: int = 1) -> None:
        if key not in self._noted:
            self._noted.add(key)
            self.note(kind, message, step, count)

    def _note_conversion(
        self, space: str, step: int, note: str, n_overflow: int, dtype: str
    ) -> None:
        if note:
            self._note_once(f"dtype {space}", "note", note, step)
        if n_overflow:
            message = (
                f"space {space!r} has {n_overflow} values at step {step} too large for {dtype}; "
                f'they were stored as infinite. Create the run with dtype="float32"'
            )
            self._note_once(f"overflow {space}", "overflow", message, step, n_overflow)

    def _note_width(self, space: str, step: int, width: int) -> None:
        if space not in self._widths:
            query = "SELECT n_features FROM parts WHERE space = ? ORDER BY rowid DESC LIMIT 1"
            known = self.committer.catalog.scalar(query, (space,))
            self._widths[space] = width if known is None else int(known)
        if self._widths[space] != width:
            message = (
                f"space {space!r} has {width} features from step {step} on, {self._widths[space]} "
                f"before; steps of different width cannot share a projection, compare them by "
                f"neighbours or CKA"
            )
            self.note("width", message, step)
            self._widths[space] = width

    def _retired(self, space: str, step: int) -> list[Retired]:
        if self.options.retention is None:
            return []
        if space not in self._retention:
            query = "SELECT step FROM parts WHERE space = ? AND rank = ? GROUP BY step "
            steps = self.committer.catalog.column(
                query + "ORDER BY min(rowid)", (space, self.committer.rank)
            )
            self._retention[space] = Retention(self.options.retention, steps)
        result = []
        for old in self._retention[space].add(step):
            query = "SELECT max(attempt) FROM parts WHERE space = ? AND step = ? AND rank = ?"
            rank = self.committer.rank
            attempts = self.committer.catalog.scalar(query, (space, old, rank))
            result += [Retired(space, old, rank, n + 1) for n in range(int(attempts or 0))]
            query = "SELECT key FROM parts WHERE space = ? AND step = ? AND rank = ?"
            keys = self.committer.catalog.column(query, (space, old, rank))
            self._given_up.extend((time.monotonic(), key) for key in keys)
        return result

    def _within_budget(self, job: LogJob) -> bool:
        nbytes = job.nbytes_logged
        limit = self.options.max_bytes
        if limit is not None:
            if self._stored_bytes is None or self.options.retention is not None:
                self.committer.queries.update()
                self._stored_bytes = self.committer.queries.stored_bytes()
            if self._stored_bytes + nbytes > limit:
                self._note_once(
                    "limit",
                    "limit",
                    f"from step {job.step} on, vectors and predictions are not stored: the run "
                    f"has reached its limit of {human_bytes(limit)}; scalars still are. Use "
                    f'dtype="float16", retention="log" or a larger max_bytes',
                    job.step,
                )
                self.refuse(
                    InvalidInputError(
                        f"The run reached max_bytes={limit} at step {job.step}; from now on only "
                        f'scalars are stored. Use dtype="float16", retention="log" or a larger '
                        f"max_bytes with store.resume."
                    ),
                    job.step,
                )
                return False
        blobs = self.committer.blobs
        if isinstance(blobs, LocalBlobs):
            free, total = blobs.system.free_bytes(str(blobs.root))
            least = self.options.min_free_bytes
            least = default_min_free(total) if least is None else least
            if free - nbytes < least:
                raise StoreError(
                    f"{blobs.root} has {human_bytes(free)} free, {human_bytes(nbytes)} are needed "
                    f"and min_free_bytes={least} are to be left. Free some space, or run: "
                    f"driftglass gc {blobs.root.parent}"
                )
        return True

    def _estimate(self, step_bytes: int) -> None:
        blobs = self.committer.blobs
        free = None
        if isinstance(blobs, LocalBlobs):
            free = blobs.system.free_bytes(str(blobs.root))[0]
        options = self.options
        self.estimate = estimate_text(
            step_bytes, options.expected_steps, options.retention, free, options.max_bytes
        )
        if options.expected_steps is not None:
            _log.info("%s", self.estimate)
            if "does not fit" in self.estimate:
                self.note("estimate", self.estimate.rstrip("."))


def _with_attempt(part: Any, attempt: int) -> Any:
    import msgspec

    return msgspec.structs.replace(part, attempt=attempt)
