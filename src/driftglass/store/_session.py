"""What one process needs to write a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from numpy.typing import NDArray

from ..errors import InvalidInputError, StoreError
from ._blobs import Blobs
from ._committer import Committer, open_catalog
from ._markers import Options, RunMarker
from ._snapshots import SnapshotWriter

__all__ = ["WritingSession", "changed_options", "check_rank", "start_committer"]


class WritingSession:
    """Makes the writer of this process, and one for each forked child that logs too.

    Parameters
    ----------
    blobs : Blobs
        The run.
    marker : RunMarker
        Its run.json.
    committer : Committer
        The writer of this process, already started.
    ids : ndarray or None
        Ids of rows that are logged without any.
    """

    def __init__(
        self, blobs: Blobs, marker: RunMarker, committer: Committer, ids: NDArray[Any] | None
    ) -> None:
        self.blobs = blobs
        self.marker = marker
        self._first = committer
        self._ids = ids

    def open_writer(
        self, role: str, refuse: Callable[[Exception, int | None], None]
    ) -> SnapshotWriter:
        """Writer of this process; `refuse` is told about what cannot be stored."""
        committer = self._first
        if role != "training":
            first = self._first
            committer = start_committer(
                self.blobs, self.marker, rank=first.rank, world_size=first.world_size, role=role
            )
        return SnapshotWriter(committer, self.marker.options, self._ids, refuse)


def start_committer(
    blobs: Blobs, marker: RunMarker, *, rank: int, world_size: int, role: str = "training"
) -> Committer:
    """Begin a journal of this process's own."""
    durable = marker.options.durability == "full"
    catalog = open_catalog(blobs, marker.catalog, writable=True, durable=durable)
    committer = Committer(
        blobs, catalog, rank=rank, world_size=world_size, role=role, durable=durable
    )
    try:
        committer.start()
    except BaseException as error:
        committer.let_go()
        if isinstance(error, OSError) and not isinstance(error, StoreError):
            raise StoreError(
                f"The run {marker.name!r} cannot be written: {error.strerror or error}. Check the "
                f"permissions and the free space of the store, or open it for reading."
            ) from error
        raise
    return committer


def check_rank(rank: Any, world_size: Any) -> None:
    """Raise InvalidInputError unless this is one of the ranks."""
    whole = all(isinstance(n, int) and not isinstance(n, bool) for n in (rank, world_size))
    if not whole or world_size < 1 or not 0 <= rank < world_size:
        raise InvalidInputError(
            f"rank is {rank!r} and world_size {world_size!r}; ranks count from 0 to world_size - 1."
        )


def changed_options(options: Options, changes: Mapping[str, Any]) -> Options:
    """Options of a run with some of them replaced."""
    unknown = set(changes) - set(Options.__struct_fields__)
    if unknown:
        raise InvalidInputError(
            f"resume takes no option {sorted(unknown)[0]!r}; it takes "
            f"{sorted(Options.__struct_fields__)}."
        )
    return msgspec.structs.replace(options, **changes)
