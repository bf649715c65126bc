"""Fill a catalog from the journals."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import DriftglassError
from ._blobs import Blobs
from ._catalog import Catalog
from ._keys import JOURNAL
from ._records import TOO_LONG, Commit, read_journal

__all__ = ["Replay"]


class Replay:
    """Applies to a catalog what journals say and it does not know yet.

    Parameters
    ----------
    blobs : Blobs
        The run.
    catalog : Catalog
        In memory on network disks and for damaged catalogs; the file when a writer opens it,
        because the last record of a killed writer may have missed its transaction.
    """

    def __init__(self, blobs: Blobs, catalog: Catalog) -> None:
        self.blobs = blobs
        self.catalog = catalog
        self.problems: list[str] = []
        self._endless: set[str] = set()
        self._offsets = self._known_offsets()

    def _known_offsets(self) -> dict[str, int]:
        query = "SELECT writer || ' ' || max(end) FROM commits GROUP BY writer"
        pairs = (row.rsplit(" ", 1) for row in self.catalog.column(query))
        return {writer: int(end) for writer, end in pairs}

    def refresh(self) -> int:
        """Read what was added since the last time; returns how many commits were new."""
        news: list[tuple[Commit, int]] = []
        offsets: Mapping[str, int] = dict(self._offsets)
        for blob in self.blobs.list(JOURNAL):
            if not blob.key.endswith(".rec"):
                continue
            writer = blob.key[len(JOURNAL) : -len(".rec")]
            if blob.size <= offsets.get(writer, 0) or writer in self._endless:
                continue
            for line in read_journal(self.blobs, blob.key, offsets.get(writer, 0)):
                self._offsets[writer] = line.end
                if line.problem.startswith(TOO_LONG):
                    self._endless.add(writer)  # not a journal: it is not looked at again
                if line.commit is None:
                    self.problems.append(
                        f"{blob.key}: a record before byte {line.end}: {line.problem}"
                    )
                elif line.commit.writer != writer:
                    self.problems.append(f"{blob.key}: a record of writer {line.commit.writer!r}")
                else:
                    news.append((line.commit, line.end))
        news.sort(key=lambda pair: (pair[0].clock, pair[0].writer, pair[0].seq))
        return self._apply(news)

    def _apply(self, news: list[tuple[Commit, int]]) -> int:
        if not news:
            return 0
        applied = 0
        with self.catalog.transaction():
            for commit, end in news:
                try:
                    applied += self.catalog.apply(commit, end)
                except (DriftglassError, ValueError, OverflowError, TypeError) as error:
                    self.problems.append(
                        f"journal/{commit.writer}.rec: record {commit.seq} cannot be: {error}"
                    )
        return applied
