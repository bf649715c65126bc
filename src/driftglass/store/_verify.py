"""Compare a run with its checksums, and its catalog with its journals."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .._progress import Progress
from ..errors import DamagedError, DriftglassError, FormatError, NotFoundError, StoreError
from ._blobs import Blobs
from ._cache import Cache
from ._catalog import Catalog
from ._codecs import FILE_DTYPES, damaged_chunk, npy_header
from ._committer import Committer, open_catalog
from ._infos import Problem, Report
from ._keys import CATALOG, CHUNK_BYTES, DERIVED, JOURNAL
from ._liveness import is_alive
from ._local import LocalBlobs
from ._markers import RunMarker
from ._queries import Queries
from ._records import Commit, Damage, File, Part, PredictionPart, read_journal
from ._replay import Replay
from ._schema import COLUMNS, row_checksum

__all__ = ["Place", "places_of", "verify_run"]


@dataclass(frozen=True)
class Place:
    """What a file holds."""

    space: str | None = None
    step: int | None = None
    rank: int | None = None
    header: bytes = b""


def verify_run(
    blobs: Blobs, marker: RunMarker, place: str, *, full: bool, progress: Progress, mark: bool
) -> Report:
    """Look for everything that differs from what was written; see `Run.verify`."""
    begun = time.monotonic()
    remedy = f"Run: driftglass repair {place}"
    problems: list[Problem] = []
    journals = _journals(blobs, problems, remedy)
    recorded = Catalog()
    replay = Replay(blobs, recorded)
    replay.refresh()
    queries = Queries(recorded)
    queries.update()
    if marker.catalog == "sqlite" and isinstance(blobs, LocalBlobs):
        problems += _catalog_problems(blobs, recorded, journals, remedy)
    files = {file.key: file for file in [*queries.files(), *_catalog_files(blobs, marker)]}
    places = places_of(queries.parts(), queries.predictions())
    optional = queries.given_up()
    total = sum(file.size for file in files.values()) if full else len(files)
    done = 0
    for file in files.values():
        progress(done, max(1, total), "comparing checksums" if full else "looking at files")
        problem = _file_problem(blobs, file, places.get(file.key, Place()), full)
        if problem is not None and not (problem.kind == "missing" and file.key in optional):
            problems.append(problem)
        done += file.size if full else 1
    problems += _derived_problems(blobs, full)
    progress(total, max(1, total), "comparing checksums" if full else "looking at files")
    if mark:
        _mark(blobs, marker, queries, problems, set(files), full)
    seconds = time.monotonic() - begun
    return Report(tuple(problems), (), len(files), total if full else 0, seconds)


def places_of(parts: list[Part], predictions: list[PredictionPart]) -> dict[str, Place]:
    """What each file of vectors or predictions holds, with the header it must begin with."""
    places = {}
    for part in parts:
        header = _header(part.dtype, (part.n_rows, part.n_features))
        places[part.file.key] = Place(part.space, part.step, part.rank, header)
    for one in predictions:
        shape = (one.n_rows, one.n_classes) if one.n_classes else (one.n_rows,)
        places[one.file.key] = Place(None, one.step, one.rank, _header(one.dtype, shape))
    return places


def _header(dtype: str, shape: tuple[int, ...]) -> bytes:
    return npy_header(FILE_DTYPES[dtype], shape) if dtype in FILE_DTYPES else b""


def _journals(
    blobs: Blobs, problems: list[Problem], remedy: str
) -> dict[str, list[tuple[int, Commit]]]:
    """Readable records of each journal with their ends; damaged ones become problems."""
    journals: dict[str, list[tuple[int, Commit]]] = {}
    for blob in blobs.list(JOURNAL):
        writer = blob.key[len(JOURNAL) :].removesuffix(".rec")
        records = journals.setdefault(writer, [])
        try:
            for line in read_journal(blobs, blob.key):
                if line.commit is not None and line.commit.writer == writer:
                    records.append((line.end, line.commit))
                else:
                    reason = line.problem or "it belongs to another writer"
                    problems.append(
                        Problem(
                            "journal",
                            blob.key,
                            f"the record that ends at byte {line.end} is damaged: {reason}. "
                            f"What it says is still in catalog.db. {remedy}",
                        )
                    )
        except DriftglassError as error:
            problems.append(Problem("journal", blob.key, str(error)))
    return journals


def _catalog_problems(
    blobs: LocalBlobs,
    recorded: Catalog,
    journals: dict[str, list[tuple[int, Commit]]],
    remedy: str,
) -> list[Problem]:
    try:
        catalog = open_catalog(blobs, "sqlite", writable=False)
    except (DamagedError, FormatError) as error:
        return [Problem("catalog", CATALOG, f"{error}")]
    except StoreError:
        if (blobs.root / CATALOG).exists():
            return []  # a read-only disk, where SQLite cannot look: the journals were read
        return [Problem("missing", CATALOG, f"the catalog is missing. {remedy}")]
    try:
        found = [
            *_integrity_problems(blobs, catalog, remedy),
            *_journal_gaps(blobs, catalog, journals, remedy),
            *_row_problems(catalog, recorded, journals, remedy),
        ]
        if not found:
            Queries(catalog).update()  # raises for rows that are lost without a trace
        return found
    except DriftglassError as error:
        return [Problem("catalog", CATALOG, str(error))]
    finally:
        catalog.close()


def _integrity_problems(blobs: LocalBlobs, catalog: Catalog, remedy: str) -> Iterator[Problem]:
    size, page = (blobs.root / CATALOG).stat().st_size, catalog.scalar("PRAGMA page_size")
    if size % page:
        yield Problem("catalog", CATALOG, f"it was cut to {size} bytes. {remedy}")
    for finding in catalog.column("PRAGMA integrity_check"):
        if finding != "ok":
            yield Problem("catalog", CATALOG, f"{finding}. {remedy}")


def _journal_gaps(
    blobs: Blobs, catalog: Catalog, journals: dict[str, list[tuple[int, Commit]]], remedy: str
) -> Iterator[Problem]:
    """Where a journal lacks records that the catalog has, or the other way round."""
    for row in catalog.column("SELECT writer || ' ' || max(end) FROM commits GROUP BY writer"):
        writer, end = row.rsplit(" ", 1)
        records = journals.get(writer)
        key = f"{JOURNAL}{writer}.rec"
        if records is None:
            yield Problem("missing", key, f"the journal is missing. {remedy}")
        elif max((stop for stop, _ in records), default=0) < int(end):
            message = f"it was cut: the catalog knows {end} bytes of it. {remedy}"
            yield Problem("journal", key, message)
    for writer, records in journals.items():
        query = "SELECT seq FROM commits WHERE writer = ?"
        known = set(catalog.column(query, (writer,)))
        unknown = [commit for _, commit in records if commit.seq not in known]
        # A kill between record and transaction leaves one, which the next writer takes up.
        if unknown and not _in_flight(blobs, writer, unknown, records):
            message = f"it lacks {len(unknown)} records of journal/{writer}.rec. {remedy}"
            yield Problem("catalog", CATALOG, message)


def _in_flight(
    blobs: Blobs, writer: str, unknown: list[Commit], records: list[tuple[int, Commit]]
) -> bool:
    last_only = len(unknown) == 1 and unknown[0].seq == records[-1][1].seq
    return last_only or is_alive(blobs, writer)


def _row_problems(
    catalog: Catalog,
    recorded: Catalog,
    journals: dict[str, list[tuple[int, Commit]]],
    remedy: str,
) -> Iterator[Problem]:
    """Rows that the journals do not bear out."""
    readable = {(w, commit.seq) for w, records in journals.items() for _, commit in records}
    for table in COLUMNS:
        known = Counter(row[1:-1] for _, row in _rows(recorded, table))
        for owner, row in _rows(catalog, table):
            sound = row_checksum(table, row[:-1]) == row[-1]
            # A row whose record cannot be read any more has only its own checksum.
            if sound and (row[1:-1] in known or owner not in readable):
                continue
            place = dict(zip(COLUMNS[table], row[1:-1], strict=True))
            yield Problem(
                "catalog",
                CATALOG,
                f"a row of table {table!r} is damaged. {remedy}",
                space=place.get("space"),
                step=place.get("step"),
                rank=place.get("rank"),
            )


def _rows(catalog: Catalog, table: str) -> Iterator[tuple[tuple[str, int] | None, tuple[Any, ...]]]:
    """Each row with the writer and number of the commit that brought it."""
    owners = {
        revision: (writer, seq)
        for revision, writer, seq in catalog.rows("SELECT revision, writer, seq FROM commits")
    }
    for row in catalog.rows(f"SELECT * FROM {table}"):
        yield owners.get(row[0]), row


def _catalog_files(blobs: Blobs, marker: RunMarker) -> list[File]:
    """Files that only the catalog names, because a journal was lost."""
    try:
        catalog = open_catalog(blobs, marker.catalog, writable=False)
    except DriftglassError:
        return []
    try:
        queries = Queries(catalog)
        queries.update()
        return queries.files()
    except DriftglassError:
        return []
    finally:
        catalog.close()


def _file_problem(blobs: Blobs, file: File, place: Place, full: bool) -> Problem | None:
    def problem(kind: str, message: str, chunk: int | None = None) -> Problem:
        return Problem(kind, file.key, message, chunk, place.space, place.step, place.rank)

    try:
        size = max((b.size for b in blobs.list(file.key) if b.key == file.key), default=None)
        if size is None:
            return problem("missing", "the file is missing. Restore it from a copy.")
        if size != file.size:
            return problem(
                "damaged", f"it has {size} bytes instead of {file.size}. Restore it from a copy."
            )
        if blobs.read(file.key, 0, len(place.header)) != place.header:
            return problem("damaged", "its header is not what was written.", 0)
        chunk = _first_damage(lambda a, b: blobs.read(file.key, a, b), file) if full else None
    except NotFoundError:
        return problem("missing", "the file is missing. Restore it from a copy.")
    except (FormatError, StoreError) as error:
        return problem("unreadable", str(error))
    except OSError as error:
        return problem("unreadable", f"the disk could not read it: {error}")
    if chunk is None:
        return None
    return problem(
        "damaged", "its bytes differ from their checksum. Restore it from a copy.", chunk
    )


def _first_damage(read: Callable[[int, int], bytes], file: File) -> int | None:
    """First damaged chunk, read piece by piece: a failing disk is an error here, not a signal."""
    for number, digest in enumerate(file.hashes):
        start = number * CHUNK_BYTES
        piece = read(start, min(start + CHUNK_BYTES, file.size))
        if damaged_chunk(piece, File(file.key, len(piece), [digest])) is not None:
            return number
    return None


def _derived_problems(blobs: Blobs, full: bool) -> Iterator[Problem]:
    cache = Cache(blobs, read_only=True)
    for key in cache.keys() if full else ():
        if cache.get(key) is None:
            yield Problem(
                "derived",
                f"{DERIVED}{key}/result.json",
                "this derived result is damaged and will be made again when it is needed.",
            )


def _mark(
    blobs: Blobs,
    marker: RunMarker,
    queries: Queries,
    problems: list[Problem],
    files: set[str],
    full: bool,
) -> None:
    """Record what was found, so that every reader shows it."""
    before = queries.damage()
    found = {p.file: p.message for p in problems if p.file in files and p.kind != "catalog"}
    news = [Damage(key, reason) for key, reason in found.items() if key not in before]
    if full:
        news += [Damage(key, "") for key in before if key not in found]
    if not news:
        return
    try:
        catalog = open_catalog(blobs, marker.catalog, writable=True)
        committer = Committer(blobs, catalog, role="maintenance")
        committer.start()
        committer.commit(lambda: news)
        committer.end("closed")
    except (DriftglassError, OSError):
        return  # a read-only disk or a broken catalog: the report says it all the same
