"""Remove what no reader needs."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DriftglassError
from ._blobs import Blob, Blobs
from ._cache import RESULT, Cache
from ._catalog import Catalog
from ._committer import open_catalog
from ._create import STAGING
from ._infos import Problem, Report
from ._keys import CATALOG, DERIVED, JOURNAL, RUN_MARKER, file_owner, temporary_owner
from ._liveness import is_alive
from ._local import LocalBlobs
from ._markers import RunMarker
from ._queries import Queries
from ._replay import Replay

if TYPE_CHECKING:
    from ._store import Store

__all__ = ["GRACE_SECONDS", "collect_run", "collect_store"]

GRACE_SECONDS = 3600.0
DERIVED_BYTES = 2 << 30
_OWNED = ("vectors/", "predictions/")
_SHARED = ("ids/", "columns/", "images/")


def collect_store(store: Store, blobs: Blobs, *, grace: float | None, dry_run: bool) -> Report:
    """`collect_run` for every run, and what killed processes left beside them."""
    begun = time.monotonic()
    reports = [run.gc(grace=grace, dry_run=dry_run) for run in store.runs()]
    done = [line for report in reports for line in report.done]
    limit = time.time() - (GRACE_SECONDS if grace is None else grace)
    if isinstance(blobs, LocalBlobs) and blobs.root.is_dir():
        for folder in sorted(blobs.root.iterdir()):
            unfinished = folder.name.startswith((STAGING, ".deleted-")) and folder.is_dir()
            if not unfinished or folder.is_symlink() or folder.stat().st_mtime > limit:
                continue
            done.append(_line(dry_run, folder.name, "a run that was never finished or is deleted"))
            if not dry_run:
                shutil.rmtree(folder, ignore_errors=True)
    return Report(
        tuple(problem for report in reports for problem in report.problems),
        tuple(done),
        sum(report.n_files for report in reports),
        sum(report.n_bytes for report in reports),
        time.monotonic() - begun,
    )


def collect_run(blobs: Blobs, marker: RunMarker, *, grace: float | None, dry_run: bool) -> Report:
    """Remove unneeded files of one run; see `Store.gc`."""
    begun = time.monotonic()
    grace = GRACE_SECONDS if grace is None else grace
    try:
        known = _references(blobs, marker)
    except DriftglassError as error:
        # What the records say is not known for certain, so nothing is unneeded for certain.
        problem = Problem("catalog", CATALOG, f"nothing was removed: {error}")
        return Report((problem,), (), 0, 0, time.monotonic() - begun)
    limit = time.time() - grace
    done, n_bytes = [], 0
    for blob in list(blobs.list()):
        reason = _reason(blob, known, limit)
        if reason is None:
            continue
        done.append(_line(dry_run, f"{marker.name}/{blob.key}", reason))
        n_bytes += blob.size
        if not dry_run:
            blobs.delete(blob.key)
    for key, size in _old_results(blobs, limit):
        done.append(_line(dry_run, f"{marker.name}/{DERIVED}{key}", "a result unused for longest"))
        n_bytes += size
        if not dry_run:
            Cache(blobs).delete(key)
    return Report((), tuple(done), len(done), n_bytes, time.monotonic() - begun)


def _line(dry_run: bool, name: str, reason: str) -> str:
    return f"{'would remove' if dry_run else 'removed'} {name}: {reason}"


@dataclass(frozen=True)
class _References:
    """What the records of a run say of its files.

    Parameters
    ----------
    needed : set of str
        Files that readers may ask for.
    given_up : dict
        Files that retention gave up, and since when.
    living : set of str
        First letters of the writers that still write.
    trusted : set of str
        First letters of the writers all of whose records can be read.
    complete : bool
        Whether every file of vectors and predictions is by such a writer.
    """

    needed: set[str]
    given_up: dict[str, float]
    living: set[str]
    trusted: set[str]
    complete: bool


def _references(blobs: Blobs, marker: RunMarker) -> _References:
    recorded = Catalog()
    replay = Replay(blobs, recorded)
    replay.refresh()
    sources = [Queries(recorded)]
    try:
        # A journal may have been lost or damaged; then only a sound catalog knows its files.
        sources.append(Queries(open_catalog(blobs, marker.catalog, writable=False)))
    except DriftglassError:
        if replay.problems:
            raise
    needed: set[str] = set()
    given_up: dict[str, float] = {}
    living: set[str] = set()
    try:
        for queries in sources:
            queries.update()
            needed |= {file.key for file in queries.files()}
            given_up |= queries.given_up()
            unfinished = (w.writer for w in queries.writers() if w.state is None)
            living |= {writer[:8] for writer in unfinished if is_alive(blobs, writer)}
    finally:
        for queries in sources[1:]:
            queries.catalog.close()
    damaged = {line.split(".rec")[0].removeprefix(JOURNAL)[:8] for line in replay.problems}
    trusted = {w.writer[:8] for w in sources[0].writers()} - damaged
    owners = {file_owner(blob.key) for folder in _OWNED for blob in blobs.list(folder)}
    complete = bool(trusted) and not damaged and owners <= {*trusted, None}
    return _References(needed - set(given_up), given_up, living, trusted, complete)


def _reason(blob: Blob, known: _References, limit: float) -> str | None:
    """Why a file can go; None if it has to stay."""
    if blob.key in known.needed or blob.key == RUN_MARKER or blob.key.startswith(JOURNAL):
        return None
    if (since := known.given_up.get(blob.key)) is not None:
        return "a snapshot that the retention rule gave up" if since < limit else None
    if blob.modified >= limit:
        return None
    owner = temporary_owner(blob.key)
    if owner is not None:
        return None if owner in known.living else "an unfinished file of a writer that ended"
    # Where records were lost, a file that none names may be the last copy of a snapshot:
    # `repair` can still read it.
    if blob.key.startswith(_OWNED):
        owner = file_owner(blob.key)
        orphan = owner in known.trusted and owner not in known.living
    else:
        orphan = blob.key.startswith(_SHARED) and known.complete
    return "a file that no record names" if orphan else None


def _old_results(blobs: Blobs, limit: float) -> Iterator[tuple[str, int]]:
    """Derived results to forget: the unfinished, and the oldest beyond the budget."""
    sizes: dict[str, int] = defaultdict(int)
    newest: dict[str, float] = defaultdict(float)
    finished: dict[str, float] = {}
    for blob in blobs.list(DERIVED):
        key, _, name = blob.key[len(DERIVED) :].partition("/")
        sizes[key] += blob.size
        newest[key] = max(newest[key], blob.modified)
        if name == RESULT:
            finished[key] = blob.modified
    total = sum(sizes.values())
    for key in sizes:
        if key not in finished and newest[key] < limit:
            total -= sizes[key]
            yield key, sizes[key]
    for key in sorted(finished, key=lambda key: finished[key]):
        if total <= DERIVED_BYTES:
            return
        total -= sizes[key]
        yield key, sizes[key]
