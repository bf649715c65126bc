"""Blobs in a folder of a disk."""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import stat
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ..errors import FormatError, NotFoundError, StoreError
from ._blobs import Blob, Buffer
from ._keys import TEMPORARY, check_key
from ._system import System

try:
    import fcntl
except ImportError:  # Windows: whether a writer lives is then told by its heartbeat alone
    fcntl = None  # type: ignore[assignment]

__all__ = ["LocalBlobs", "open_regular"]

WRITE_BYTES = 8 << 20
"""One system call writes no more, so that a full disk is noticed early."""

# A stranger's store may hold a pipe where a file is expected: opening it must not wait.
_READ_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
    _READ_FLAGS |= getattr(os, _name, 0)


def open_regular(path: str) -> int:
    """Open a file for reading that must be a plain file, not a link, pipe or device."""
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {path}.") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link_error(path) from error
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FormatError(f"{path} is not a plain file. Do not trust this store.")
    return descriptor


def _link_error(path: str) -> FormatError:
    return FormatError(
        f"{path} is a symbolic link; a store holds plain files only, so it is not followed. "
        f"Replace it by a copy of what it points to if you trust it."
    )


class LocalBlobs:
    """Files under a folder, written to a temporary name and then renamed.

    Parameters
    ----------
    root : str or Path
        The folder; made by the first write.
    owner : str, optional
        Put into the names of unfinished files, so that garbage can be told from work.
    mapped : bool
        False reads files instead of mapping them: a mapped file on a network disk ends the
        process with SIGBUS when the server goes away.
    system : System
        Calls to the operating system.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        owner: str | None = None,
        mapped: bool = True,
        system: System | None = None,
    ) -> None:
        self.root = Path(os.path.abspath(root))
        self.owner = owner or uuid.uuid4().hex[:8]
        self._numbers = itertools.count()
        self.mapped = mapped
        self.system = system or System()
        self._plain_folders: set[str] = set()
        self._unsynced_folders: set[str] = set()
        self._durable_folders: set[str] = set()

    def __repr__(self) -> str:
        return f"LocalBlobs({str(self.root)!r})"

    def within(self, name: str) -> LocalBlobs:
        """Blobs of one folder of this one, on the same terms."""
        return LocalBlobs(
            self.root / name, owner=self.owner, mapped=self.mapped, system=self.system
        )

    def owned_by(self, owner: str) -> LocalBlobs:
        """The same folder for another owner."""
        return LocalBlobs(self.root, owner=owner, mapped=self.mapped, system=self.system)

    def path(self, key: str) -> str:
        """Path of a key, whose folders are known to be no links."""
        folder, _, name = check_key(key).rpartition("/")
        if folder not in self._plain_folders:
            self._refuse_links(folder)
        return os.path.join(self.root, folder, name) if folder else os.path.join(self.root, name)

    def _refuse_links(self, folder: str) -> None:
        path = str(self.root)
        for part in folder.split("/") if folder else ():
            path = os.path.join(path, part)
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                return  # not there yet: looked at again the next time
            if stat.S_ISLNK(mode):
                raise _link_error(path)
        self._plain_folders.add(folder)

    def write(self, key: str, pieces: Iterable[Buffer], *, durable: bool = False) -> None:
        """Store the joined pieces: readers see all of them or none."""
        path = self.path(key)
        temporary = f"{path}.{self.owner}-{next(self._numbers)}{TEMPORARY}"
        folder = os.path.dirname(path)
        self.system.makedirs(folder)
        descriptor = self.system.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            try:
                for piece in pieces:
                    self._write_all(descriptor, piece)
                if durable:
                    self.system.fsync(descriptor)
            finally:
                self.system.close(descriptor)
            self.system.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                self.system.unlink(temporary)
            raise
        if durable:
            self._sync_folder(folder)
        else:
            self._unsynced_folders.add(folder)

    def _write_all(self, descriptor: int, piece: Buffer) -> None:
        view = memoryview(piece).cast("B")
        while len(view):
            written = self.system.write(descriptor, view[:WRITE_BYTES])
            view = view[written:]

    def append(self, key: str, data: bytes, *, durable: bool = False) -> int:
        """Add to the end of a file; returns its new length."""
        path = self.path(key)
        folder = os.path.dirname(path)
        self.system.makedirs(folder)
        descriptor = self.system.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            size = os.fstat(descriptor).st_size
            try:
                self._write_all(descriptor, data)
                if durable:
                    self.system.fsync(descriptor)
            except BaseException:
                with suppress(OSError):
                    self.system.truncate(descriptor, size)
                raise
        finally:
            self.system.close(descriptor)
        if size == 0:
            if durable:
                self._sync_folder(folder)
            else:
                self._unsynced_folders.add(folder)
        return size + len(data)

    def read(self, key: str, start: int = 0, stop: int | None = None) -> bytes:
        """Bytes from `start` up to `stop` or the end."""
        descriptor = open_regular(self.path(key))
        try:
            size = os.fstat(descriptor).st_size
            stop = size if stop is None else min(stop, size)
            os.lseek(descriptor, start, os.SEEK_SET)
            pieces = []
            while start < stop and (piece := os.read(descriptor, stop - start)):
                pieces.append(piece)
                start += len(piece)
        finally:
            os.close(descriptor)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def map(self, key: str) -> Buffer:
        """The bytes of a file, mapped on local disks, read on network disks."""
        if not self.mapped:
            return self.read(key)
        descriptor = open_regular(self.path(key))
        try:
            if os.fstat(descriptor).st_size == 0:
                return b""
            return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """Every file whose key begins with `prefix`; folders below are walked."""
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
            self._refuse_links(folder)
        for blob in self._walk(os.path.join(self.root, folder), f"{folder}/" if folder else ""):
            if blob.key.startswith(prefix):
                yield blob

    def _walk(self, folder: str, prefix: str) -> Iterator[Blob]:
        try:
            entries = os.scandir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise StoreError(f"{folder} cannot be listed: {error.strerror}.") from error
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(entry.path, f"{prefix}{entry.name}/")
                    continue
                with suppress(FileNotFoundError):  # gone since the folder was read
                    status = entry.stat(follow_symlinks=False)
                    yield Blob(prefix + entry.name, status.st_size, status.st_mtime)

    def delete(self, key: str) -> None:
        """Remove a file; whoever has mapped it keeps its bytes."""
        with suppress(FileNotFoundError):
            self.system.unlink(self.path(key))

    def sync(self, keys: Iterable[str]) -> None:
        """Bring files and the folders that name them to the disk itself."""
        flags = os.O_RDWR if os.name == "nt" else os.O_RDONLY
        for key in keys:
            try:
                descriptor = self.system.open(self.path(key), flags)
            except FileNotFoundError:
                continue
            try:
                self.system.fsync(descriptor)
            finally:
                self.system.close(descriptor)
        for folder in sorted(self._unsynced_folders):
            self._sync_folder(folder)
            self._unsynced_folders.discard(folder)

    def _sync_folder(self, folder: str) -> None:
        if os.name == "nt":  # folders cannot be opened there; the rename itself is journalled
            return
        # A folder made just now is itself a name in the folder above, once and for all.
        known = folder in self._durable_folders
        self._durable_folders.add(folder)
        while True:
            descriptor = self.system.open(folder, os.O_RDONLY)
            try:
                self.system.fsync(descriptor)
            finally:
                self.system.close(descriptor)
            if known or len(folder) <= len(str(self.root)):
                return
            folder = os.path.dirname(folder)

    def hold(self, key: str) -> int:
        """Hold a file with an advisory lock; the system lets go when this process ends."""
        path = self.path(key)
        self.system.makedirs(os.path.dirname(path))
        descriptor = self.system.open(path, os.O_RDWR | os.O_CREAT)
        if fcntl is not None:
            with suppress(OSError):  # some network disks have no locks: the heartbeat remains
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return descriptor

    def release(self, handle: int) -> None:
        """Stop holding; in a forked child this leaves the parent's hold alone."""
        with suppress(OSError):
            os.close(handle)

    def is_held(self, key: str) -> bool | None:
        """Whether some process holds the file; None where locks do not exist or do not tell."""
        if fcntl is None or not self.mapped:
            return None
        try:
            descriptor = open_regular(self.path(key))
        except (NotFoundError, StoreError):
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return False
