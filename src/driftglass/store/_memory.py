"""Blobs in a dict: what the tests believe."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from ..errors import NotFoundError
from ._blobs import Blob, Buffer
from ._keys import check_key

__all__ = ["MemoryBlobs"]


class MemoryBlobs:
    """Blobs in memory, gone with the process."""

    def __init__(self) -> None:
        self._blobs: dict[str, tuple[bytes, float]] = {}

    def __repr__(self) -> str:
        return f"MemoryBlobs({len(self._blobs)} blobs)"

    def write(self, key: str, pieces: Iterable[Buffer], *, durable: bool = False) -> None:
        """Store the joined pieces."""
        check_key(key)
        self._blobs[key] = (b"".join(bytes(piece) for piece in pieces), time.time())

    def append(self, key: str, data: bytes, *, durable: bool = False) -> int:
        """Add to the end of a blob; returns its new length."""
        before, _ = self._blobs.get(check_key(key), (b"", 0.0))
        self._blobs[key] = (before + data, time.time())
        return len(before) + len(data)

    def read(self, key: str, start: int = 0, stop: int | None = None) -> bytes:
        """Bytes from `start` up to `stop` or the end."""
        try:
            return self._blobs[check_key(key)][0][start:stop]
        except KeyError:
            raise NotFoundError(f"There is no file {key!r} in the store.") from None

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """Every blob whose key begins with `prefix`."""
        for key, (data, modified) in sorted(self._blobs.items()):
            if key.startswith(prefix):
                yield Blob(key, len(data), modified)

    def delete(self, key: str) -> None:
        """Remove a blob."""
        self._blobs.pop(check_key(key), None)
