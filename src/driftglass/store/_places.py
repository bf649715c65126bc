"""Folders of a disk that may be stores or runs, and their removal."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

from ..errors import FormatError, NotFoundError, StoreError
from ._blobs import Blobs, within
from ._keys import JOURNAL, RUN_MARKER, STORE_MARKER
from ._local import LocalBlobs

__all__ = [
    "check_link",
    "check_place",
    "existing",
    "folder_identity",
    "looks_like_run",
    "remove_run",
    "run_names",
]


def run_names(blobs: Blobs) -> list[str]:
    """Names of the runs in a store, also of those that lost their marker."""
    if not isinstance(blobs, LocalBlobs):
        ending = f"/{RUN_MARKER}"
        keys = [blob.key for blob in blobs.list() if blob.key.endswith(ending)]
        return sorted(key[: -len(ending)] for key in keys if key.count("/") == 1)
    try:
        with os.scandir(blobs.root) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
            return sorted(entry.name for entry in visible if looks_like_run(entry.path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{blobs.root} cannot be listed: {error.strerror}.") from error


def looks_like_run(path: str) -> bool:
    """Whether a folder has the marker of a run, or has lost it but not its journals."""
    marker = os.path.join(path, RUN_MARKER)
    return os.path.lexists(marker) or os.path.isdir(os.path.join(path, JOURNAL))


def existing(path: Path) -> Path:
    """Nearest folder above that exists."""
    return path if path.exists() or path == path.parent else existing(path.parent)


def check_place(root: Path, read_only: bool) -> None:
    """Refuse a folder without marker that is neither new nor a store that lost its marker."""
    try:
        names = sorted(entry for entry in os.listdir(root)) if root.exists() else []
    except OSError as error:
        raise StoreError(f"{root} cannot be listed: {error.strerror}.") from error
    if any(looks_like_run(str(root / name)) for name in names):
        return  # half copied: its runs say for themselves what they are
    # Another process may be making the store right now: its marker counts, finished or not.
    visible = [name for name in names if not name.startswith((".", STORE_MARKER))]
    if visible:
        raise FormatError(
            f"{root} holds files such as {visible[0]!r} but no {STORE_MARKER}, so it is not a "
            f"store. Open an empty or new folder, for example "
            f"driftglass.open({str(root / 'driftglass')!r})."
        )
    if read_only:
        raise NotFoundError(
            f"There is no store in {root}. Check the path, or log a run first: "
            f"driftglass demo --dir {root}"
        )


def folder_identity(blobs: Blobs) -> object:
    """Something that changes when the folder of a run is another; None where that is unknown."""
    if not isinstance(blobs, LocalBlobs):
        return None
    try:
        status = os.stat(blobs.root / RUN_MARKER, follow_symlinks=False)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def check_link(blobs: Blobs, name: str) -> None:
    """Refuse a run that is a symbolic link to outside the store."""
    if not isinstance(blobs, LocalBlobs) or not os.path.islink(blobs.root / name):
        return
    root = os.path.realpath(blobs.root)
    if os.path.commonpath([root, os.path.realpath(blobs.root / name)]) != root:
        raise FormatError(
            f"{blobs.root / name} is a symbolic link that leaves the store, so it is not "
            f"followed. Open its target itself if you trust it: "
            f"driftglass.open({os.path.realpath(blobs.root / name)!r})."
        )


def remove_run(blobs: Blobs, name: str) -> None:
    """Remove the folder of a run and all it holds."""
    if not isinstance(blobs, LocalBlobs):
        folder = within(blobs, name)
        folder.delete(RUN_MARKER)
        for blob in list(folder.list()):
            folder.delete(blob.key)
        return
    # Renamed first: nobody sees half of a run, and a second attempt can finish.
    aside = blobs.root / f".deleted-{name}-{uuid.uuid4().hex[:8]}"
    try:
        os.rename(blobs.root / name, aside)
        shutil.rmtree(aside)
    except OSError as error:
        raise StoreError(f"The run {name!r} cannot be removed: {error}.") from error
