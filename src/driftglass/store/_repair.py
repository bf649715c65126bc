"""Make a run whole again from its journals, its old catalog and its files. Nothing is deleted."""

from __future__ import annotations

import os
import time
from pathlib import Path

from .._progress import silent
from ..errors import DriftglassError, StoreError
from ._blobs import Blobs
from ._catalog import Catalog
from ._committer import Committer, open_catalog
from ._infos import Report
from ._keys import CATALOG, JOURNAL, RUN_MARKER
from ._liveness import is_alive
from ._local import LocalBlobs
from ._markers import RunMarker, recorded_marker
from ._queries import Queries
from ._records import read_journal
from ._replay import Replay
from ._salvage import entries_from_catalog, entries_from_files
from ._verify import verify_run

__all__ = ["repair_run"]


def repair_run(blobs: Blobs, marker: RunMarker, place: str) -> Report:
    """Rebuild the catalog of a run and mark what cannot be read; see `Run.repair`."""
    begun = time.monotonic()
    recorded = Catalog()
    Replay(blobs, recorded).refresh()
    queries = Queries(recorded)
    queries.update()
    for writer in queries.writers():
        if writer.state is None and is_alive(blobs, writer.writer):
            raise StoreError(
                f"{place} is being written by process {writer.start.pid} on "
                f"{writer.start.host}. Close the run or end that process, then repair it."
            )
    done = _repaired_marker(blobs)
    try:
        done += _repaired_records(blobs, marker, recorded)
        if marker.catalog == "sqlite" and isinstance(blobs, LocalBlobs):
            done += _rebuilt_catalog(blobs, recorded)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{place} cannot be repaired: {error}.") from error
    report = verify_run(blobs, marker, place, full=True, progress=silent, mark=True)
    return Report(
        report.problems, tuple(done), report.n_files, report.n_bytes, time.monotonic() - begun
    )


def _repaired_marker(blobs: Blobs) -> list[str]:
    """Write run.json again if it is not what the journals say it was."""
    recorded = recorded_marker(blobs)
    if recorded is None:
        return []
    try:
        if blobs.read(RUN_MARKER) == recorded:
            return []
    except DriftglassError:
        pass
    blobs.write(RUN_MARKER, [recorded], durable=True)
    return [f"{RUN_MARKER} was written again from the journal"]


def _repaired_records(blobs: Blobs, marker: RunMarker, recorded: Catalog) -> list[str]:
    """Record again what only the old catalog or the files still know."""
    known, damaged = _readable(blobs)
    old: Catalog | None = None
    commits = []
    if marker.catalog == "sqlite" and isinstance(blobs, LocalBlobs):
        try:
            old = open_catalog(blobs, "sqlite", writable=False)
            commits = list(entries_from_catalog(old, known))
        except DriftglassError:
            pass  # missing or beyond reading: the journals have to do
    writers = {writer[:8] for writer, _ in known}
    for blob in blobs.list("vectors/"):
        owner = blob.key.rsplit("/", 1)[-1].split("-")[2:3]
        damaged |= set(owner) - writers
    scratch = Committer(blobs, recorded, role="maintenance")
    n_salvaged = 0
    if commits:
        scratch.start()
        for _, entries in commits:
            scratch.commit(lambda entries=entries: entries)  # type: ignore[misc]
            n_salvaged += len(entries)
    queries = Queries(recorded)
    queries.update()
    found = entries_from_files(blobs, queries, damaged) if damaged else []
    if found:
        if not commits:
            scratch.start()
        scratch.commit(lambda: found)
    if commits or found:
        scratch.finish()
    if old is not None:
        old.close()
    done = []
    if n_salvaged:
        done.append(f"{n_salvaged} entries that only catalog.db had were recorded again")
    if found:
        done.append(f"{len(found)} entries were recovered from files alone")
    return done


def _readable(blobs: Blobs) -> tuple[set[tuple[str, int]], set[str]]:
    """Records that can be read, and first letters of the writers that have damaged ones."""
    known: set[tuple[str, int]] = set()
    damaged: set[str] = set()
    for blob in blobs.list(JOURNAL):
        writer = blob.key[len(JOURNAL) :].removesuffix(".rec")
        for line in read_journal(blobs, blob.key):
            if line.commit is None:
                damaged.add(writer[:8])
            else:
                known.add((line.commit.writer, line.commit.seq))
    return known, damaged


def _rebuilt_catalog(blobs: LocalBlobs, recorded: Catalog) -> list[str]:
    """Make a new catalog beside the old one and put it in its place."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    new = Path(blobs.path(f"catalog-{os.getpid()}-{stamp}.db"))
    catalog = Catalog(new, writable=True, durable=True)
    Replay(blobs, catalog).refresh()
    n_commits = catalog.revision()
    catalog.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    catalog.close()
    path = Path(blobs.path(CATALOG))
    aside = []
    for ending in ("", "-wal", "-shm"):
        old = path.with_name(path.name + ending)
        if os.path.lexists(old):
            kept = path.with_name(f"{path.name}.old-{stamp}{ending}")
            os.replace(old, kept)
            aside.append(kept.name)
    os.replace(new, path)
    blobs.sync([CATALOG])
    done = [f"{CATALOG} was rebuilt from the journals: {n_commits} commits"]
    if aside:
        done.append(f"the old one was kept as {aside[0]}")
    return done
