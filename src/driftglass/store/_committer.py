"""The one place that changes a run: files first, then the record, then the catalog row."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .. import __version__
from ._blobs import Blobs, SupportsLock, SupportsSync
from ._catalog import Catalog
from ._codecs import write_ids
from ._keys import CATALOG, journal_key
from ._liveness import is_alive
from ._local import LocalBlobs
from ._queries import Queries
from ._records import Commit, Entry, File, Ids, State, WriterStart, encode_line
from ._replay import Replay

__all__ = ["Committer", "open_catalog"]

SYNC_SECONDS = 5.0
SYNC_BYTES = 64 << 20
"""More than this is not left to the system, which would write it all at once and much later."""


def open_catalog(blobs: Blobs, kind: str, *, writable: bool, durable: bool = False) -> Catalog:
    """The catalog file of a local run, or an empty catalog in memory."""
    if kind == "sqlite" and isinstance(blobs, LocalBlobs):
        path = Path(blobs.path(CATALOG))
        return Catalog(path, writable=writable, durable=durable)
    return Catalog()


class Committer:
    """One writer of a run: its own identity, journal and files.

    Parameters
    ----------
    blobs : Blobs
        The run.
    catalog : Catalog
        Writable catalog.
    rank, world_size : int
        Which of how many training processes this is.
    role : {"training", "child", "maintenance"}
        Why it writes.
    durable : bool
        Every commit survives a loss of power, not only the end of the process.
    """

    def __init__(
        self,
        blobs: Blobs,
        catalog: Catalog,
        *,
        rank: int = 0,
        world_size: int = 1,
        role: str = "training",
        durable: bool = False,
    ) -> None:
        self.writer = uuid.uuid4().hex
        self.blobs = self._own(blobs)
        self.catalog = catalog
        self.queries = Queries(catalog)
        self.rank = rank
        self.world_size = world_size
        self.role = role
        self.durable = durable
        self.journal = journal_key(self.writer)
        self._replay = Replay(self.blobs, catalog)
        self._seq = 0
        self._clock = 0
        self._clock_revision = 0
        self._torn = False
        self._unindexed: list[tuple[Commit, int]] = []
        self._unsynced: set[str] = set()
        self._unsynced_bytes = 0
        self._last_sync = time.monotonic()
        self._peers: set[str] = set()
        self._hold: int | None = None

    def __repr__(self) -> str:
        return f"Committer({self.writer[:8]}, rank {self.rank} of {self.world_size})"

    def start(self) -> None:
        """Take up what killed writers left unrecorded, and say who writes from now on."""
        self._replay.refresh()
        if isinstance(self.blobs, SupportsLock):
            self._hold = self.blobs.hold(self.journal)
        start = WriterStart(
            socket.gethostname(), os.getpid(), self.rank, self.world_size, self.role, __version__
        )

        def look_around() -> list[Entry]:
            # Inside the transaction: a rank that starts at the same time is either seen here, or
            # is recorded later, and counts as one of this session either way.
            self.queries.update()
            living = (w.writer for w in self.queries.writers() if w.state is None)
            self._peers = {writer for writer in living if is_alive(self.blobs, writer)}
            return [start]

        self.commit(look_around)

    def _own(self, blobs: Blobs) -> Blobs:
        return blobs.owned_by(self.writer[:8]) if isinstance(blobs, LocalBlobs) else blobs

    def use(self, blobs: Blobs, catalog: Catalog) -> None:
        """Go on at another place: a run is made aside and then renamed."""
        self.blobs, self.catalog, self.queries = self._own(blobs), catalog, Queries(catalog)
        self._replay = Replay(self.blobs, catalog)
        self._replay.refresh()

    def commit(self, entries: Callable[[], Sequence[Entry]]) -> None:
        """Make entries visible together.

        `entries` is called inside the transaction, so it may look at the catalog first. When
        this raises before the record was written, nothing happened; when it raises after, the
        record is kept and `index` brings it into the catalog later.
        """
        if self.catalog.path is None:
            self._replay.refresh()
        with self.catalog.transaction():
            self._index_pending()
            made = list(entries())
            if not made:
                return
            self._advance_clock()
            commit = Commit(self.writer, self._seq, self._clock, time.time(), made)
            end = self._append(encode_line(commit))
            self._seq += 1
            self._unindexed.append((commit, end))
            self.catalog.apply(commit, end)
        self._unindexed.clear()
        self._unsynced.add(self.journal)

    def index(self) -> None:
        """Bring records into the catalog that missed it, for example because the disk was full."""
        if self._unindexed:
            with self.catalog.transaction():
                self._index_pending()
            self._unindexed.clear()

    @property
    def seq(self) -> int:
        """Number of the next record; grows when a record was written, whatever came after."""
        return self._seq

    def _index_pending(self) -> None:
        for commit, end in self._unindexed:
            self.catalog.apply(commit, end)

    def _advance_clock(self) -> None:
        newest = self.catalog.scalar(
            "SELECT max(clock) FROM commits WHERE revision > ?", (self._clock_revision,)
        )
        self._clock_revision = self.catalog.revision()
        self._clock = max(self._clock, int(newest or 0)) + 1

    def _append(self, line: bytes) -> int:
        # After a failure that could not be undone, a line break keeps the torn record apart.
        prefix = b"\n" if self._torn else b""
        self._torn = True
        # Where the catalog is a file, its own transaction is what survives a loss of power.
        durable = self.durable and self.catalog.path is None
        end = self.blobs.append(self.journal, prefix + line, durable=durable)
        self._torn = False
        return end

    def wrote(self, file: File) -> File:
        """Take note of a file that a coming commit will name."""
        if not self.durable:
            self._unsynced.add(file.key)
            self._unsynced_bytes += file.size
        return file

    def ids_entry(self, ids: NDArray[Any], digest: str) -> Ids | None:
        """Entry to commit for a list of ids; None if the run has it already."""
        if self.catalog.column("SELECT 1 FROM ids WHERE hash = ? LIMIT 1", (digest,)):
            return None
        entry = write_ids(self.blobs, ids, digest, durable=self.durable)
        self.wrote(entry.file)
        return entry

    def next_attempt(self, table: str, step: int, space: str | None = None) -> int:
        """Attempt that this rank's rows of a step belong to.

        A step that is logged again, after a resume or by mistake, is another attempt. Ranks of
        one session meet in one attempt: those that were alive when this writer started, those
        that started later, and those that ended well.
        """
        where, values = ("space = ? AND step = ?", [space, step]) if space else ("step = ?", [step])
        last = self.catalog.scalar(f"SELECT max(attempt) FROM {table} WHERE {where}", values)
        if last is None:
            return 1
        query = (
            f"SELECT rank || ' ' || commits.writer FROM {table} JOIN commits USING (revision) "
            f"WHERE {where} AND attempt = ?"
        )
        rows = [row.split(" ") for row in self.catalog.column(query, [*values, last])]
        if any(int(rank) == self.rank for rank, _ in rows):
            return int(last) + 1
        session = any(self._in_session(writer) for _, writer in rows)
        return int(last) if session else int(last) + 1

    def _in_session(self, writer: str) -> bool:
        if writer == self.writer or writer in self._peers:
            return True
        state = self.catalog.column("SELECT state FROM states WHERE writer = ?", (writer,))
        if state == ["closed"]:  # a peer that was quicker; a session that broke did not close
            return True
        query = "SELECT min(revision) FROM writers WHERE writer = ?"
        theirs = self.catalog.scalar(query, (writer,)) or 0
        own = self.catalog.scalar(query, (self.writer,)) or 0
        return bool(theirs > own)

    def sync(self) -> None:
        """Bring everything committed so far to the disk itself."""
        self.index()
        if self._unsynced and isinstance(self.blobs, SupportsSync):
            # A copy: the set grows only on this thread, but shrinks only when all went well.
            keys = sorted(self._unsynced, key=lambda key: key == self.journal)
            self.blobs.sync(keys)
        self._unsynced.clear()
        self._unsynced_bytes = 0
        self._last_sync = time.monotonic()

    def sync_if_due(self) -> None:
        """`sync`, every few seconds or 64 MiB."""
        late = time.monotonic() - self._last_sync > SYNC_SECONDS
        due = late or self._unsynced_bytes > SYNC_BYTES
        if (self._unsynced and due) or self._unindexed:
            self.sync()

    def heartbeat(self) -> None:
        """Touch the journal, by which machines without common locks see that this one lives."""
        if isinstance(self.blobs, LocalBlobs):
            os.utime(self.blobs.path(self.journal))

    def end(self, state: str, message: str = "") -> None:
        """Record how this writer ended, and let go of everything."""
        try:
            self.finish(state, message)
        finally:
            self.let_go()

    def finish(self, state: str = "closed", message: str = "") -> None:
        """Record how this writer ended; its catalog stays open."""
        self.commit(lambda: [State(state, message)])
        self.sync()
        self.release_hold()

    def let_go(self) -> None:
        """Release the journal and the catalog; in a forked child, only this process's hold."""
        self.release_hold()
        self.catalog.close()

    def release_hold(self) -> None:
        """Release the journal; a forked child gives back its copy, the parent's hold remains."""
        if self._hold is not None and isinstance(self.blobs, SupportsLock):
            self.blobs.release(self._hold)
            self._hold = None
