"""Whether the process behind a journal still lives."""

from __future__ import annotations

import time

from ._blobs import Blobs, SupportsLock
from ._keys import journal_key
from ._queries import StoredWriter

__all__ = ["HEARTBEAT_SECONDS", "is_alive", "run_state"]

HEARTBEAT_SECONDS = 20.0
SILENCE_SECONDS = 90.0
"""A writer on another machine that was silent for so long is taken for dead."""


def is_alive(blobs: Blobs, writer: str) -> bool:
    """Whether the writer's journal is held, or was touched lately where locks do not tell."""
    key = journal_key(writer)
    held = blobs.is_held(key) if isinstance(blobs, SupportsLock) else None
    if held is not None:
        return held
    modified = max((blob.modified for blob in blobs.list(key)), default=0.0)
    return time.time() - modified < SILENCE_SECONDS


def run_state(blobs: Blobs, writers: list[StoredWriter]) -> str:
    """Return "writing" while a writer lives, else how the last writer of each rank ended.

    A forked child that is killed at the end of an epoch is no interruption of the run.
    """
    training = [writer for writer in writers if writer.start.role == "training"]
    unfinished = [
        writer
        for writer in writers
        if writer.state is None and writer.start.role in ("training", "child")
    ]
    if any(is_alive(blobs, writer.writer) for writer in unfinished):
        return "writing"
    last = {writer.start.rank: writer.state for writer in training}
    return "closed" if all(state == "closed" for state in last.values()) else "interrupted"
