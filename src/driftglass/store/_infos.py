"""What the store says about snapshots, events and its own work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Problem", "Report", "SnapshotInfo", "StoredEvent", "WriteReport"]


@dataclass(frozen=True)
class SnapshotInfo:
    """What is known of a stored snapshot without reading it.

    Parameters
    ----------
    space, step, attempt
        Which snapshot; a step that was logged again has the next attempt.
    n_samples : int
        Rows of all ranks; an id that two ranks logged is counted by both.
    n_features : int
        Columns.
    dtype : str
        Type of the vectors, for example "float16".
    n_not_finite : int
        Rows with a value that is nan or infinite.
    first_not_finite : int, str or None
        Id of the first of them.
    n_duplicates : int
        Padding rows of a distributed sampler that were left out.
    ranks_present, ranks_expected : int
        The snapshot is complete when they are equal.
    damaged : bool
        A file is missing, has the wrong length or was found to differ from its checksum.
    nbytes : int
        Bytes on disk.
    content : str
        Hash of the rows and their ids; equal content has equal hashes.
    """

    space: str
    step: int
    attempt: int
    n_samples: int
    n_features: int
    dtype: str
    n_not_finite: int
    first_not_finite: int | str | None
    n_duplicates: int
    ranks_present: int
    ranks_expected: int
    damaged: bool
    nbytes: int
    content: str

    @property
    def complete(self) -> bool:
        """Whether every rank's rows are there."""
        return self.ranks_present >= self.ranks_expected


@dataclass(frozen=True)
class StoredEvent:
    """Something that happened while a run was written.

    Parameters
    ----------
    kind : str
        "note", "dropped", "refused", "failed", "overflow", "width", "limit" or "interrupted".
    message : str
        What happened and what can be done.
    step : int or None
        The step it is about.
    count : int
        How many times, or of how many things.
    time : datetime
        When it was recorded.
    """

    kind: str
    message: str
    step: int | None
    count: int
    time: datetime


@dataclass(frozen=True)
class WriteReport:
    """What became of everything this process logged.

    Parameters
    ----------
    n_logged : int
        Snapshots accepted by `log`.
    n_written : int
        Snapshots that are in the store.
    n_pending : int
        Calls of `log` that wait for the background thread.
    n_dropped : int
        Snapshots given up because the queue was full or the disk failed until the end.
    n_refused : int
        Arguments that could not be stored, such as vectors of a wrong shape.
    n_retries : int
        Times that writing failed and was tried again.
    bytes_written : int
        Bytes of vectors.
    seconds_in_log : float
        Time spent on the caller's thread.
    messages : tuple of str
        What was warned about.
    """

    n_logged: int
    n_written: int
    n_pending: int
    n_dropped: int
    n_refused: int
    n_retries: int
    bytes_written: int
    seconds_in_log: float
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a run.

    Parameters
    ----------
    kind : str
        "damaged", "missing", "journal", "catalog", "format", "link" or "unreadable".
    file : str
        File inside the run.
    message : str
        What is wrong, and what to do.
    chunk : int or None
        Number of the first damaged chunk of 8 MiB.
    space : str or None
        Space that the file belongs to.
    step : int or None
        Step that the file belongs to.
    rank : int or None
        Rank that wrote it.
    """

    kind: str
    file: str
    message: str
    chunk: int | None = None
    space: str | None = None
    step: int | None = None
    rank: int | None = None

    def __str__(self) -> str:
        where = [
            f"{name} {value!r}"
            for name, value in (("space", self.space), ("step", self.step), ("chunk", self.chunk))
            if value is not None
        ]
        return f"{self.file}{' (' + ', '.join(where) + ')' if where else ''}: {self.message}"


@dataclass(frozen=True)
class Report:
    """What `verify`, `repair` or `gc` found and did.

    Parameters
    ----------
    problems : tuple of Problem
        What is wrong now.
    done : tuple of str
        What was changed, or would be with `dry_run`.
    n_files : int
        Files looked at.
    n_bytes : int
        Bytes read, or removed by `gc`.
    seconds : float
        How long it took.
    """

    problems: tuple[Problem, ...] = ()
    done: tuple[str, ...] = ()
    n_files: int = 0
    n_bytes: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        size = f"{self.n_files} files, {self.n_bytes:,} bytes"
        verdict = "nothing is wrong" if self.ok else f"{len(lines)} problems"
        return "\n".join([*lines, *self.done, f"{size}: {verdict}"])
