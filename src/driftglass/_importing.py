"""Files of other tools as runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._row_blocks import RowBlocks
from .errors import DriftglassError, InvalidInputError

if TYPE_CHECKING:
    from .formats import VectorFile
    from .store import Run, Store

__all__ = ["import_file", "run_of_files", "usable_name"]


def import_file(
    store: Store,
    path: Any,
    *,
    name: str | None = None,
    format: str | None = None,
    array: str | None = None,
    ids: str | None = None,
    keep: Collection[str] = (),
    drop: Collection[str] = (),
    flatten: bool = False,
    trust: bool = False,
) -> Run:
    """Make a run of a file or folder of another tool.

    Parameters
    ----------
    store : Store
        Where the run goes.
    path : path-like
        Any format of `driftglass.formats.FORMATS`.
    name : str, optional
        Name of the run; made from the file's by default.
    format, array, ids, keep, drop, flatten, trust
        As in `driftglass.formats.read_file`.

    Returns
    -------
    run : Run
        Closed, with one space per embedding and one step per snapshot.

    Raises
    ------
    FormatError
        The file is not what it claims to be. Nothing was made.
    InvalidInputError
        The name is taken.

    Examples
    --------
    >>> import tempfile, numpy as np, driftglass as dg
    >>> folder = tempfile.mkdtemp()
    >>> np.save(f"{folder}/words.npy", np.eye(3))
    >>> dg.import_file(dg.open(f"{folder}/runs"), f"{folder}/words.npy").spaces
    ['vectors']
    """
    from .formats import read_file

    path = Path(path).expanduser()
    files = read_file(
        path,
        format=format,
        array=array,
        ids=ids,
        keep=keep,
        drop=drop,
        flatten=flatten,
        trust=trust,
        streamed=True,
    )
    return run_of_files(store, files, name or usable_name(path.stem))


def usable_name(text: str) -> str:
    """A name that a run may have, as near to the text as possible."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:100]
    return plain or "imported"


def run_of_files(store: Store, files: Sequence[VectorFile], name: str) -> Run:
    """Make a run of embeddings that were read from files."""
    if not files:
        raise InvalidInputError("There are no embeddings to make a run of.")
    first = files[0]
    together = all(np.array_equal(file.ids, first.ids) for file in files) and not any(
        _differs(first, file) for file in files
    )
    if together:
        columns = next((file.columns for file in files if file.columns), None)
        images = next((file.images for file in files if file.images is not None), None)
        run = store.create(
            name,
            ids=first.ids,
            metadata=dict(columns) if columns else None,
            images=images,
            when_full="block",
            strict=True,
            dtype="keep" if _all_storable(files) else None,
        )
    else:
        run = store.create(name, when_full="block", strict=True)
    try:
        with run:
            for file in files:
                _log(run, file, together)
    except DriftglassError:
        store.delete(name)  # a file that turned out to be cut short makes no half of a run
        raise
    return store.run(name)


def _log(run: Run, file: VectorFile, together: bool) -> None:
    if together:
        # What is read while it is written is waited for, however long that takes.
        wait = isinstance(file.X, RowBlocks)
        run.log(file.step, {file.space: file.X}, scalars=dict(file.scalars), wait=wait)
        return
    numbered = np.array_equal(file.ids, np.arange(len(file.ids)))
    run.log_embedding(
        file.X,
        dict(file.columns) or None,
        file.images,
        group=file.space,
        title=file.title or file.space,
        ids=None if numbered else file.ids,
        step=file.step,
    )


def _differs(first: VectorFile, other: VectorFile) -> bool:
    """Whether two embeddings of equally named rows say different things of them."""
    shared = set(first.columns) & set(other.columns)
    return other is not first and any(
        list(first.columns[name]) != list(other.columns[name]) for name in shared
    )


def _all_storable(files: Sequence[VectorFile]) -> bool:
    return all(file.X.dtype in (np.float16, np.float32, np.int8, np.uint8) for file in files)
