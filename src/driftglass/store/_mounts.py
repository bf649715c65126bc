"""Which disks are network disks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

from ..errors import InvalidInputError

__all__ = ["catalog_kind", "file_system", "is_network"]

ENVIRONMENT = "DRIFTGLASS_CATALOG"
CatalogKind = Literal["sqlite", "journal"]

_NETWORK = {
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre",
    "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb2", "smb3", "smbfs",
    "vboxsf", "wekafs",
}  # fmt: skip


def file_system(path: str | Path, mounts: str | None = None) -> str:
    """Type of the file system that holds `path`, as the kernel names it; "" where unknown."""
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(errors="replace")
        except OSError:
            return ""
    wanted = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # The kernel writes blanks and backslashes in mount points as octal escapes.
        point = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        inside = wanted == point or wanted.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def is_network(kind: str) -> bool:
    """Whether a file system of this type has no memory shared by all who use it."""
    return kind in _NETWORK or kind.startswith("fuse")


def catalog_kind(path: str | Path, asked: str | None = None) -> CatalogKind:
    """Return "sqlite", or "journal" on network disks, where SQLite's log cannot be shared.

    `asked` and the environment variable DRIFTGLASS_CATALOG go before what is found.
    """
    chosen = asked or os.environ.get(ENVIRONMENT)
    for kind in get_args(CatalogKind):
        if chosen == kind:
            return kind  # type: ignore[no-any-return]
    if chosen:
        raise InvalidInputError(
            f"The catalog is to be {chosen!r} (catalog= or {ENVIRONMENT}); 'sqlite' and 'journal' "
            f"exist."
        )
    return "journal" if is_network(file_system(path)) else "sqlite"
