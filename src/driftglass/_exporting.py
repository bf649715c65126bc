"""A run as something to send: a page, a folder for a web server, or files of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._progress import Progress, silent
from .errors import InvalidInputError

if TYPE_CHECKING:
    from .server import PageReport
    from .store import Run

__all__ = ["export"]

KINDS = ("html", "folder")


def export(
    run: Run,
    path: Any,
    *,
    kind: str | None = None,
    spaces: Iterable[str] | None = None,
    steps: Iterable[int] | None = None,
    columns: Iterable[str] | None = None,
    images: bool = True,
    predictions: bool = True,
    methods: Sequence[str] = ("auto",),
    progress: Progress = silent,
) -> PageReport:
    """Write a run as a page that opens anywhere, without a server and without a network.

    The page is the viewer itself with maps, metadata, pictures and predictions; the vectors stay
    behind. Maps that the run does not keep are made first.

    Parameters
    ----------
    run : Run
        A run on disk.
    path : path-like
        Where to write.
    kind : {"html", "folder"}, optional
        One page that opens from the disk, the default for names that end in ``.html``; or a
        folder of files for a web server.
    spaces, columns : iterable of str, optional
        What of the run goes along; all by default.
    steps : iterable of int, optional
        Snapshots that go along; all by default.
    images, predictions : bool
        Whether pictures and predictions go along.
    methods : sequence of str
        Maps of each space, in two and three dimensions; "auto" is what the viewer shows first:
        vectors of two or three features as they were logged, others by PCA.
    progress : callable
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    report : PageReport
        Its size, and what was left out.

    Raises
    ------
    NotFoundError
        No such space, step or column.
    InvalidInputError
        Nothing to export, an unknown kind, or a page that no browser would open.
    StoreError
        The file cannot be written.

    Examples
    --------
    >>> dg.export(run, "map.html", steps=[0, 100])  # doctest: +SKIP
    """
    from .server._carried import Wanted
    from .server._export import export_folder, export_html
    from .store import open as open_store

    path = Path(path).expanduser()
    chosen = kind or ("html" if path.suffix.lower() in (".html", ".htm") else None)
    if chosen not in KINDS:
        raise InvalidInputError(
            f"kind is {kind!r} for {path.name!r}; one of {', '.join(KINDS)} is needed, or a name "
            f"that ends in .html."
        )
    if not run.path.is_dir():
        raise InvalidInputError(f"{run!r} is not on a disk, so it cannot be exported.")
    if not path.parent.is_dir():
        raise InvalidInputError(f"There is no folder {str(path.parent)!r} to write to. Make it.")
    wanted = Wanted(
        spaces=None if spaces is None else list(spaces),
        steps=None if steps is None else [int(step) for step in steps],
        columns=None if columns is None else list(columns),
        images=images,
        predictions=predictions,
        methods=tuple(methods),
    )
    store = open_store(run.path)
    write = export_html if chosen == "html" else export_folder
    return write(store, store.runs()[0].name, path, wanted, progress=progress)
