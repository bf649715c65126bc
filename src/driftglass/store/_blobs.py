"""Bytes by key: the seam between the store and whatever holds its files."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

__all__ = [
    "Blob",
    "Blobs",
    "Buffer",
    "SupportsLock",
    "SupportsMap",
    "SupportsSync",
    "SupportsWithin",
    "Under",
    "within",
]

Buffer = bytes | memoryview | mmap.mmap


@dataclass(frozen=True)
class Blob:
    """What a listing says of one blob.

    Parameters
    ----------
    key : str
        Its name, parts separated by "/".
    size : int
        Length in bytes.
    modified : float
        Seconds since 1970, by the clock of whatever holds it.
    """

    key: str
    size: int
    modified: float


@runtime_checkable
class Blobs(Protocol):
    """Named byte strings. Five methods; a subclass of `BlobsChecks` tests an implementation.

    Keys are parts of ASCII letters, digits and ``._=+-`` joined by "/"; other keys raise
    FormatError. A missing key raises NotFoundError.
    """

    def write(self, key: str, pieces: Iterable[Buffer], *, durable: bool = False) -> None:
        """Store the joined pieces: readers see all of them or none, even after a crash.

        With `durable` they also survive a loss of power. An exception, also one raised by
        `pieces`, leaves what was there before.
        """
        ...

    def append(self, key: str, data: bytes, *, durable: bool = False) -> int:
        """Add to the end of a blob, made if missing; returns its new length.

        One writer per key. A failure leaves the blob as it was; after a crash it may end in
        a part of `data`.
        """
        ...

    def read(self, key: str, start: int = 0, stop: int | None = None) -> bytes:
        """Bytes from `start` up to `stop` or the end; fewer if the blob is shorter."""
        ...

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """Every blob whose key begins with `prefix`, in any order, unfinished ones included."""
        ...

    def delete(self, key: str) -> None:
        """Remove a blob; nothing happens if it is not there."""
        ...


@runtime_checkable
class SupportsMap(Blobs, Protocol):
    """Blobs that can be read without copying."""

    def map(self, key: str) -> Buffer:
        """The bytes of a blob, mapped where that is safe; stay valid after `delete`."""
        ...


@runtime_checkable
class SupportsSync(Blobs, Protocol):
    """Blobs whose durability can be asked for later."""

    def sync(self, keys: Iterable[str]) -> None:
        """Make these blobs survive a loss of power; keys that are gone are skipped."""
        ...


@runtime_checkable
class SupportsLock(Blobs, Protocol):
    """Blobs that the operating system can hold for a living process."""

    def hold(self, key: str) -> int:
        """Hold a blob until `release` or the death of this process; returns a handle."""
        ...

    def release(self, handle: int) -> None:
        """Stop holding."""
        ...

    def is_held(self, key: str) -> bool | None:
        """Whether some process holds the blob; None where that cannot be known."""
        ...


@runtime_checkable
class SupportsWithin(Blobs, Protocol):
    """Blobs whose folders are blobs with the same abilities."""

    def within(self, name: str) -> Blobs:
        """Blobs of one folder."""
        ...


class Under:
    """Blobs below a common beginning of their keys, over any other blobs."""

    def __init__(self, blobs: Blobs, prefix: str) -> None:
        self._blobs = blobs
        self._prefix = prefix

    def __repr__(self) -> str:
        return f"Under({self._blobs!r}, {self._prefix!r})"

    def write(self, key: str, pieces: Iterable[Buffer], *, durable: bool = False) -> None:
        """Store the joined pieces."""
        self._blobs.write(self._prefix + key, pieces, durable=durable)

    def append(self, key: str, data: bytes, *, durable: bool = False) -> int:
        """Add to the end of a blob; returns its new length."""
        return self._blobs.append(self._prefix + key, data, durable=durable)

    def read(self, key: str, start: int = 0, stop: int | None = None) -> bytes:
        """Bytes from `start` up to `stop` or the end."""
        return self._blobs.read(self._prefix + key, start, stop)

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """Every blob whose key begins with `prefix`."""
        for blob in self._blobs.list(self._prefix + prefix):
            yield Blob(blob.key[len(self._prefix) :], blob.size, blob.modified)

    def delete(self, key: str) -> None:
        """Remove a blob."""
        self._blobs.delete(self._prefix + key)


def within(blobs: Blobs, name: str) -> Blobs:
    """Blobs of one folder."""
    if isinstance(blobs, SupportsWithin):
        return blobs.within(name)
    return Under(blobs, f"{name}/")
