"""The catalog: which commits happened and what they made visible.

On local disks it is an SQLite file whose transaction is the commit. On network disks the same
tables live in memory and are filled from the journals, so that every question is asked once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
import weakref
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import DamagedError, FormatError, StoreError
from ._catalog_rows import rows_of
from ._forks import apart_from_forks
from ._records import Commit
from ._schema import APPLICATION_ID, check_schema, create_tables, row_checksum

__all__ = ["Catalog"]

MAX_READING = 64
"""Catalogs that are open for reading at once; each takes up to three descriptors of about 1,000."""
BUSY_SECONDS = 30.0
"""How long to wait for another writer; a commit takes well under a millisecond."""


PAGE_BYTES = 1024
"""A commit changes a few bytes in each of several tables, and the log repeats whole pages."""


class Catalog:
    """Tables of one run, in a file or in memory.

    Parameters
    ----------
    path : Path or None
        File of the catalog; None keeps it in memory.
    writable : bool
        Make the file if missing, and allow commits.
    durable : bool
        Each commit also survives a loss of power.

    Raises
    ------
    FormatError
        The file is no catalog of this format.
    StoreError
        It cannot be opened here.
    """

    def __init__(
        self, path: Path | None = None, *, writable: bool = False, durable: bool = False
    ) -> None:
        self.path = path
        self.writable = writable or path is None
        self.durable = durable
        self.immutable = False
        self._lock = threading.RLock()
        self._pid = os.getpid()
        with apart_from_forks():
            self._connection: sqlite3.Connection | None = self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self.path is None:
            connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            create_tables(connection)
            return connection
        _refuse_odd_files(self.path)
        try:
            return self._opened("mode=rwc" if self.writable else "mode=ro")
        except StoreError:
            # SQLite makes files beside a log it only reads; where it cannot, a catalog without
            # log is whole as it is. With a log, the caller reads the journals.
            log = self.path.with_name(f"{self.path.name}-wal")
            unread = log.exists() and log.stat().st_size > 0
            if self.writable or not self.path.exists() or unread:
                raise
            self.immutable = True
            return self._opened("mode=ro&immutable=1")

    def _opened(self, mode: str) -> sqlite3.Connection:
        assert self.path is not None
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(self.path))}?{mode}",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,  # transactions are begun by hand
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} cannot be opened ({error}).") from error
        try:
            self._prepare(connection)
        except _ERRORS as error:
            connection.close()
            raise _translated(error, self.path) from error
        except FormatError as error:
            connection.close()
            raise FormatError(
                f"{self.path} is not a catalog of this format: {error}. If you trust the store, "
                f"run: driftglass repair {self.path.parent}"
            ) from error
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64 << 20)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        if self.writable:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'NORMAL'}")
            if connection.execute("PRAGMA application_id").fetchone()[0] == 0:
                connection.execute("BEGIN IMMEDIATE")
                create_tables(connection)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute("COMMIT")
        check_schema(connection)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of this process: SQLite must not be carried over a fork."""
        if self._pid != os.getpid():
            # The parent's connection is abandoned, not closed: closing would drop its locks.
            _abandoned.append(self._connection)
            self._lock = threading.RLock()
            self._pid = os.getpid()
            self._connection = None
        if self._connection is None:
            self._connection = self._connect()
        if not self.writable:
            _note_use(self)
        return self._connection

    def close(self) -> None:
        """Let go of the file; asking again opens it again."""
        if self._pid == os.getpid() and self._connection is not None:
            with apart_from_forks(), self._lock, suppress(sqlite3.Error):
                self._connection.close()
                self._connection = None if self.path else self._connection

    def suspend(self) -> None:
        """`close`, unless another thread is asking just now."""
        with apart_from_forks():
            if self._lock.acquire(blocking=False):
                try:
                    self.close()
                finally:
                    self._lock.release()

    @contextmanager
    def _held(self) -> Iterator[sqlite3.Connection]:
        """The connection, which no other thread uses meanwhile and no fork divides."""
        with apart_from_forks():
            connection = self.connection  # first, because a forked child gets a new lock
            with self._lock:
                try:
                    yield connection
                except _ERRORS as error:
                    raise _translated(error, self.path) from error

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside becomes visible together, or not at all."""
        with self._held() as connection:
            connection.execute("BEGIN IMMEDIATE" if self.path else "BEGIN")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise

    def apply(self, commit: Commit, end: int) -> bool:
        """Add a commit inside a transaction; False if it was there already.

        `end` is the offset in its journal behind its line.
        """
        known = self.connection.execute(
            "SELECT 1 FROM commits WHERE writer = ? AND seq = ?", (commit.writer, commit.seq)
        ).fetchone()
        if known:
            return False
        rows = rows_of(commit)
        counts = json.dumps(Counter(table for table, _ in rows), sort_keys=True)
        revision = self.revision() + 1
        connection = self.connection
        connection.execute("SAVEPOINT one_commit")
        try:
            row = (commit.writer, commit.seq, commit.clock, commit.time, end, counts)
            self._insert("commits", revision, *row)
            for table, values in rows:
                self._insert(table, revision, *values)
            connection.execute(f"PRAGMA user_version = {revision}")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK TO one_commit")
            raise
        finally:
            if connection.in_transaction:
                connection.execute("RELEASE one_commit")
        return True

    def _insert(self, table: str, revision: int, *values: Any) -> None:
        row = (revision, *values)
        marks = ", ".join("?" * (len(row) + 1))
        self.connection.execute(
            f"INSERT INTO {table} VALUES ({marks})", (*row, row_checksum(table, row))
        )

    # Reading

    def revision(self) -> int:
        """Number of the newest commit; 0 if there is none."""
        return int(self.scalar("PRAGMA user_version"))

    def scalar(self, query: str, values: Sequence[Any] = ()) -> Any:
        """First column of the first row of a query, None if there is none."""
        rows = self.rows(query, values)
        return rows[0][0] if rows else None

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query as they are, unchecked."""
        with self._held() as connection:
            return connection.execute(query, values).fetchall()

    def column(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """First column of a query."""
        return [row[0] for row in self.rows(query, values)]


_abandoned: list[sqlite3.Connection | None] = []
"""Connections of a parent process: kept, because closing them here would disturb it."""


_reading: OrderedDict[int, weakref.ref[Catalog]] = OrderedDict()
"""Catalogs open for reading, the least recently used first: descriptors belong to the process."""
_reading_lock = threading.Lock()


def _note_use(catalog: Catalog) -> None:
    """Move a catalog to the end, and let those at the beginning go when there are too many."""
    old = []
    with _reading_lock:
        _reading[id(catalog)] = weakref.ref(catalog)
        _reading.move_to_end(id(catalog))
        while len(_reading) > MAX_READING:
            old.append(_reading.popitem(last=False)[1]())
    for other in old:
        if other is not None and other is not catalog:
            other.suspend()


def _refuse_odd_files(path: Path) -> None:
    # SQLite follows links and would wait on a pipe; a stranger's store may hold either.
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        try:
            mode = os.lstat(name).st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISREG(mode):
            raise FormatError(f"{name} is not a plain file. Do not trust this store.")


_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What the sqlite3 module raises; the second for text that was damaged."""

_NOT_NOW = (
    "SQLITE_AUTH",
    "SQLITE_CANTOPEN",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_NOMEM",
    "SQLITE_PERM",
    "SQLITE_PROTOCOL",
    "SQLITE_READONLY",
)
"""Errors of the disk or the machine. Any other, for statements that never change, means damage."""


def _translated(error: Exception, path: Path | None) -> Exception:
    name = getattr(error, "sqlite_errorname", "")
    folder = path.parent if path else "the run"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(f"{path} stayed locked for {BUSY_SECONDS:.0f} s by another process.")
    if name.startswith(_NOT_NOW):
        return StoreError(f"{path} cannot be used ({name}: {error}).")
    return DamagedError(f"{path} is damaged ({error}). Run: driftglass repair {folder}")
