"""Where a reader gets its answers: the catalog file, or the journals where it cannot be used."""

from __future__ import annotations

import os
import threading

from ..errors import DamagedError, DriftglassError, FormatError, StoreError
from ._blobs import Blobs
from ._catalog import Catalog
from ._committer import open_catalog
from ._keys import CATALOG
from ._local import LocalBlobs
from ._mounts import file_system, is_network
from ._queries import Queries
from ._replay import Replay

__all__ = ["Source"]


class Source:
    """Answers about one run that never lock, repair or write.

    Parameters
    ----------
    blobs : Blobs
        The run.
    kind : {"sqlite", "journal"}
        What its marker says its catalog is.
    place : str
        Where the run is, for messages.
    """

    def __init__(self, blobs: Blobs, kind: str, place: str) -> None:
        self.blobs = blobs
        self.place = place
        self.notes: list[str] = []
        on_network = isinstance(blobs, LocalBlobs) and is_network(file_system(blobs.root))
        # Journals hold all that the catalog does; SQLite's log is not for network disks.
        self.kind = "journal" if on_network else kind
        self._lock = threading.RLock()
        self._queries: Queries | None = None
        self._replay: Replay | None = None
        self._identity: tuple[int, ...] | None = None

    @property
    def queries(self) -> Queries:
        """Questions about the run as it is now."""
        with self._lock:
            if self.kind == "sqlite":
                identity = self._file_identity()
                if self._queries is None or identity != self._identity:
                    self._open(identity)
            elif self._queries is None:
                self._read_journals()
            queries = self._updated()
            if self._replay is not None:
                self._note_problems()
            return queries

    def _updated(self) -> Queries:
        assert self._queries is not None
        if self._replay is None:
            try:
                self._queries.update()
                return self._queries
            except (DamagedError, FormatError) as error:
                self._fall_back(error)
        assert self._replay is not None
        self._replay.refresh()
        self._queries.update()
        return self._queries

    @property
    def revision(self) -> int:
        """Number of the newest commit, without reading more than that."""
        with self._lock:
            reads_file = self.kind == "sqlite" and self._replay is None
            if reads_file and self._queries and self._file_identity() == self._identity:
                return self._queries.catalog.revision()
            return self.queries.catalog.revision()

    def _file_identity(self) -> tuple[int, ...] | None:
        # `repair` puts a new catalog in the place of the old one.
        assert isinstance(self.blobs, LocalBlobs)
        path = self.blobs.root / CATALOG
        try:
            status = os.stat(path, follow_symlinks=False)
            if self._queries is None or not self._queries.catalog.immutable:
                return status.st_dev, status.st_ino
            # SQLite was told that the file does not change; somebody else may change it after all.
            log = path.with_name(f"{CATALOG}-wal")
            size = log.stat().st_size if log.exists() else 0
            return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size, size
        except OSError:
            return None

    def _open(self, identity: tuple[int, ...] | None) -> None:
        self.close()
        self.notes.clear()
        self._identity = identity
        try:
            catalog = open_catalog(self.blobs, "sqlite", writable=False)
            self._queries, self._replay = Queries(catalog), None
            self._identity = self._file_identity()
        except (StoreError, DamagedError, FormatError) as error:
            self._fall_back(error, missing=identity is None)

    def _fall_back(self, error: DriftglassError, *, missing: bool = False) -> None:
        """Read the journals, which hold all that the catalog does."""
        if self._queries is not None:
            self._queries.catalog.close()
        self._read_journals()
        remedy = f" Run: driftglass repair {self.place}"
        if missing:
            reason = "catalog.db is missing"
        else:
            reason = f"catalog.db cannot be used ({_first_sentence(error)})"
            remedy = "" if isinstance(error, StoreError) else remedy
        self._note(f"{reason}; the journals are read instead.{remedy}")

    def _read_journals(self) -> None:
        catalog = Catalog()
        self._queries, self._replay = Queries(catalog), Replay(self.blobs, catalog)

    def _note_problems(self) -> None:
        assert self._replay is not None
        for problem in self._replay.problems:
            self._note(f"{problem}. Run: driftglass verify {self.place}")

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def close(self) -> None:
        """Let go of the catalog file."""
        if self._queries is not None:
            self._queries.catalog.close()
        self._queries = self._replay = None


def _first_sentence(error: DriftglassError) -> str:
    return str(error).split(". ")[0].rstrip(".")
