"""Open a folder as a store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from ..errors import FormatError, InvalidInputError
from ._local import LocalBlobs
from ._markers import read_run_marker, read_store_marker
from ._mounts import file_system, is_network
from ._places import check_place, existing
from ._store import Store

__all__ = ["open"]


def open(
    path: str | os.PathLike[str] = "runs",
    *,
    read_only: bool = False,
    check: Literal["on_read", "always", "never"] = "on_read",
) -> Store:
    """Open a folder of runs; it is made when something is first written.

    Parameters
    ----------
    path : path
        A store, a folder that is empty or missing, or the folder of one run.
    read_only : bool
        Write nothing into the store; derived results go to the user's cache.
    check : {"on_read", "always", "never"}
        When to compare data with its checksums. By default the first time a file is read, which
        costs 15 GB/s from memory or as much as reading the disk does.

    Returns
    -------
    store : Store
        The runs.

    Raises
    ------
    NotFoundError
        With `read_only`, when there is nothing.
    FormatError
        The folder holds other files, or a store of a newer version.
    """
    if check not in ("on_read", "always", "never"):
        raise InvalidInputError(f"check is {check!r}; 'on_read', 'always' or 'never' is needed.")
    root = Path(os.path.abspath(os.path.expanduser(path)))
    if root.exists() and not root.is_dir():
        raise FormatError(f"{root} is a file; a folder of runs is needed.")
    blobs = LocalBlobs(root, mapped=not is_network(file_system(existing(root))))
    marker = read_store_marker(blobs, str(root))
    if marker is None and (run := read_run_marker(blobs, str(root))) is not None:
        return Store(blobs, read_only=read_only, check=check, single=root.name or run.name)
    if marker is None:
        check_place(root, read_only)
    return Store(blobs, read_only=read_only, check=check)
