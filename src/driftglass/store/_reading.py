"""What was logged in one training run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..data import Metadata, Predictions, Scalars, Snapshot, SpriteSheet
from ..data._ids import union_ids
from ..errors import FormatError, NotFoundError
from ._assemble import Assembler, describe, newest_attempt
from ._blobs import Blobs
from ._cache import Cache, spare_cache
from ._codecs import read_any_array, read_bytes
from ._infos import SnapshotInfo, StoredEvent
from ._keys import LABELS, SELECTIONS, vectors_folder
from ._labels import Labels
from ._liveness import run_state
from ._local import LocalBlobs
from ._markers import RunMarker
from ._queries import Queries
from ._records import Part
from ._selections import Selections
from ._source import Source
from ._tables import decode_metadata

__all__ = ["RunReader"]


class RunReader:
    """The reading half of `Run`: never locks, works beside any number of writers.

    Parameters
    ----------
    blobs : Blobs
        The run's files.
    marker : RunMarker
        Its run.json.
    place : str
        Where it is, for messages.
    read_only : bool
        Write nothing into the store; derived results go to the user's cache.
    check : {"on_read", "always", "never"}
        When to compare data with its checksums. "on_read" does so the first time this object
        reads a file, at 15 GB/s from memory or as fast as the disk.
    """

    def __init__(
        self,
        blobs: Blobs,
        marker: RunMarker,
        place: str,
        *,
        read_only: bool = False,
        check: str = "on_read",
    ) -> None:
        self._blobs = blobs
        self._marker = marker
        self._place = place
        self._read_only = read_only
        self._source = Source(blobs, marker.catalog, place)
        self._assembler = Assembler(blobs, check)
        self._kept: dict[str, tuple[object, Any]] = {}
        on_disk = isinstance(blobs, LocalBlobs)
        spare = spare_cache(place) if read_only and on_disk else None
        self._cache = Cache(blobs, read_only=read_only, spare=spare)
        files = Cache(blobs, read_only=read_only, root=SELECTIONS)
        self._selections = Selections(files, lambda: self.ids)
        files = Cache(blobs, read_only=read_only, root=LABELS)
        self._labels = Labels(files, lambda: self.ids)

    @property
    def name(self) -> str:
        """Name of the run."""
        return self._marker.name

    @property
    def path(self) -> Path:
        """Folder of the run; an odd name where it is not on a disk."""
        return Path(self._place)

    @property
    def created(self) -> datetime:
        """When the run was made, with time zone."""
        moment = datetime.fromisoformat(self._marker.created)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def revision(self) -> int:
        """A number that grows with every commit; cheap enough to ask several times a second."""
        return self._source.revision

    @property
    def state(self) -> Literal["writing", "closed", "interrupted"]:
        """Whether a process still writes the run, and if not, whether it ended by `close`."""
        state = run_state(self._blobs, self._source.queries.writers())
        return "interrupted" if state not in ("writing", "closed") else state  # type: ignore[return-value]

    @property
    def nbytes(self) -> int:
        """Bytes of everything logged; derived results are not counted."""
        return self._queries().stored_bytes()

    @property
    def cache(self) -> Cache:
        """Derived results, kept beside the run."""
        return self._cache

    @property
    def selections(self) -> Selections:
        """Selections of items by name, made here or on the page."""
        return self._selections

    @property
    def labels(self) -> Labels:
        """Words on the map, and the items that each belongs to."""
        return self._labels

    @property
    def spaces(self) -> list[str]:
        """Names of spaces, in the order they were first logged."""
        return self._queries().spaces()

    def steps(self, space: str | None = None) -> list[int]:
        """Steps with a snapshot of one space, or of any, ascending."""
        queries = self._queries()
        if space is not None and space not in queries.spaces():
            raise NotFoundError.for_name("space", space, queries.spaces())
        return queries.steps(space)

    @property
    def ids(self) -> NDArray[Any]:
        """Every id of the run once: those it was made with, then new ones as they appeared."""
        queries = self._queries()
        lists = queries.ids_lists()
        digests = tuple(entry.hash for entry in lists)
        return self._keep(  # type: ignore[no-any-return]
            "ids",
            digests,
            lambda: union_ids([self._assembler.ids(queries, digest) for digest in digests]),
        )

    @property
    def declared_ids(self) -> NDArray[Any] | None:
        """Ids that rows have when `log` is given none; None if the run was made without."""
        queries = self._queries()
        digest = queries.declared_ids()
        return None if digest is None else self._assembler.ids(queries, digest)

    @property
    def classes(self) -> list[str] | None:
        """Names of the classes by number, if they were given."""
        return self._queries().classes()

    @property
    def metadata(self) -> Metadata | None:
        """The table the run was made with."""
        entry = self._queries().metadata()
        if entry is None:
            return None

        def read() -> Metadata:
            data = read_bytes(self._blobs, entry.file, check=True, what="metadata")
            return decode_metadata(data, key=entry.file.key)

        return self._keep("metadata", entry.file.key, read)  # type: ignore[no-any-return]

    @property
    def images(self) -> SpriteSheet | None:
        """The thumbnails the run was made with."""
        queries = self._queries()
        entry = queries.images()
        if entry is None:
            return None

        def read() -> SpriteSheet:
            pages = [read_bytes(self._blobs, f, check=True, what="images") for f in entry.pages]
            tiles = read_any_array(self._blobs, entry.tiles, check=True, what="images")
            sizes = (entry.tile_width, entry.tile_height, entry.columns, entry.rows)
            if tiles.ndim != 1 or tiles.dtype != np.int32 or min(sizes) < 1:
                raise FormatError(f"{entry.tiles.key} holds no numbers of tiles.")
            limit = len(pages) * entry.columns * entry.rows
            if len(tiles) and not -1 <= tiles.min() <= tiles.max() < limit:
                raise FormatError(f"{entry.tiles.key} names tiles beyond the {limit} there are.")
            return SpriteSheet(
                self._assembler.ids(queries, entry.ids),
                np.array(tiles, dtype=np.int32),
                tuple(pages),
                entry.tile_width,
                entry.tile_height,
                entry.columns,
                entry.rows,
                tuple((item, reason) for item, reason in entry.failed),
                tuple(entry.notes),
            )

        return self._keep("images", entry.tiles.key, read)  # type: ignore[no-any-return]

    def snapshot(self, space: str, step: int, *, attempt: int | None = None) -> Snapshot:
        """Vectors of one space at one step.

        Parameters
        ----------
        space : str
            Name of the space.
        step : int
            A step that was logged.
        attempt : int, optional
            The newest by default.

        Returns
        -------
        snapshot : Snapshot
            Memory-mapped and read-only when it is one file on a local disk; rows of several
            ranks or of files beyond 2 GiB are copied together (see `parts`). While ranks are
            still missing it has the rows that are there.

        Raises
        ------
        NotFoundError
            No such space, step or attempt.
        DamagedError
            The bytes differ from those logged; names the file and the chunk.
        """
        queries = self._queries()
        return self._assembler.snapshot(queries, self._parts(queries, space, step, attempt))

    def parts(self, space: str, step: int) -> Iterator[Snapshot]:
        """A snapshot in pieces of at most 2 GiB and one rank, each mapped, for larger ones."""
        queries = self._queries()
        for part in self._parts(queries, space, step, None):
            yield self._assembler.snapshot(queries, [part])

    def _parts(self, queries: Queries, space: str, step: int, attempt: int | None) -> list[Part]:
        found = queries.parts(space, step)
        parts = newest_attempt(found, attempt)
        if parts:
            return parts
        if space not in queries.spaces():
            raise NotFoundError.for_name("space", space, queries.spaces())
        if attempt is not None and found:
            attempts = sorted({part.attempt for part in found})
            raise NotFoundError.for_name("attempt", attempt, attempts)
        raise NotFoundError.for_name(f"step of space {space!r}", step, queries.steps(space))

    def describe(self, space: str) -> list[SnapshotInfo]:
        """What is known of each step of a space without reading it, ascending by step."""
        queries = self._queries()
        if space not in queries.spaces():
            raise NotFoundError.for_name("space", space, queries.spaces())
        by_step: dict[int, list[Part]] = defaultdict(list)
        for part in queries.parts(space):
            by_step[part.step].append(part)
        sizes = {blob.key: blob.size for blob in self._blobs.list(vectors_folder(space))}
        damage = queries.damage()
        result = []
        for step in sorted(by_step):
            parts = newest_attempt(by_step[step])
            damaged = any(
                part.file.key in damage or sizes.get(part.file.key) != part.file.size
                for part in parts
            )
            result.append(describe(parts, damaged))
        return result

    def scalars(self) -> Scalars:
        """Training records by name."""
        newest = self._queries().scalars()
        return Scalars(
            {
                name: (
                    np.array(sorted(values), dtype=np.int64),
                    np.array([values[step] for step in sorted(values)], dtype=np.float64),
                )
                for name, values in newest.items()
            }
        )

    @property
    def prediction_steps(self) -> list[int]:
        """Steps with predictions, ascending."""
        return self._queries().prediction_steps()

    def predictions(self, step: int) -> Predictions:
        """Predictions at one step."""
        queries = self._queries()
        parts = newest_attempt(queries.predictions(step))
        if not parts:
            raise NotFoundError.for_name("step of predictions", step, queries.prediction_steps())
        return self._assembler.predictions(queries, parts, queries.classes())

    def events(self) -> list[StoredEvent]:
        """What happened while the run was written, in order."""
        return [
            StoredEvent(e.event, e.message, e.step, e.count, datetime.fromtimestamp(moment, UTC))
            for e, moment in self._queries().events()
        ]

    def titles(self, space: str) -> dict[int, str]:
        """Titles that steps of a space were logged with, by step."""
        from ._embeddings import TITLE, title_of

        found: dict[int, str] = {}
        for event, _ in self._queries().events():
            told = title_of(event.message) if event.event == TITLE else None
            if told is not None and told[0] == space and event.step is not None:
                found[event.step] = told[1]
        return dict(sorted(found.items()))

    def notes(self) -> list[str]:
        """What a reader should know: drops, failures, rows that are not finite, damage."""
        from ._notes import notes_of

        queries = self._queries()
        return [*self._source.notes, *notes_of(queries)]

    def _queries(self) -> Queries:
        """Answers about the run as it is now."""
        return self._source.queries

    def _keep(self, name: str, version: object, read: Any) -> Any:
        """What `read` returns, read again only when the version changed."""
        kept = self._kept.get(name)
        if kept is None or kept[0] != version:
            kept = self._kept[name] = (version, read())
        return kept[1]
