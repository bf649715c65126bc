"""Calls to the operating system that writing makes, in one replaceable place."""

from __future__ import annotations

import os
import shutil

__all__ = ["System"]


class System:
    """What writing asks of the operating system.

    Tests pass one whose k-th call fails, for every k, to walk each error path.
    """

    def open(self, path: str, flags: int) -> int:
        """Open or create a file; returns its descriptor."""
        return os.open(
            path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o666
        )

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of `data`; returns how many bytes."""
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        """Bring what was written to the disk itself."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Give a descriptor back."""
        os.close(descriptor)

    def replace(self, source: str, target: str) -> None:
        """Give a file its final name in one step."""
        os.replace(source, target)

    def unlink(self, path: str) -> None:
        """Remove a file."""
        os.unlink(path)

    def makedirs(self, path: str) -> None:
        """Make a folder and the ones above it."""
        os.makedirs(path, exist_ok=True)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file to `size` bytes."""
        os.ftruncate(descriptor, size)

    def free_bytes(self, path: str) -> tuple[int, int]:
        """Bytes free and bytes in all on the disk that holds `path`."""
        usage = shutil.disk_usage(path)
        return usage.free, usage.total
