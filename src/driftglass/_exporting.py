"""A run as something to send: a page, a folder for a web server, or files of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._progress import Progress, silent
from .errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .formats import VectorFile
    from .server import PageReport
    from .store import Run

__all__ = ["export", "files_of"]

PAGES = ("html", "folder")
MOST_NEIGHBORS = 100


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
    neighbors: int | None = None,
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
    kind : str, optional
        "html" for one page that opens from the disk, the default for names that end in
        ``.html``; "folder" for a web server; or the name of a format of
        `driftglass.formats.FORMATS`, by default that of the ending, which gets the vectors.
    spaces, columns : iterable of str, optional
        What of the run goes along; all by default.
    steps : iterable of int, optional
        Snapshots that go along; all by default, or the last where a file holds one.
    images, predictions : bool
        Whether pictures and predictions go along.
    methods : sequence of str
        Maps of each space, in two and three dimensions; "auto" is what the viewer shows first:
        vectors of two or three features as they were logged, others by PCA.
    neighbors : int, optional
        How many nearest items of each item a page tells, 0 to 100; by default 10 where they are
        found within a minute and are not most of the page.
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
    if chosen not in PAGES:
        return _as_file(run, path, kind, spaces, steps, columns, images)
    if not run.path.is_dir():
        raise InvalidInputError(f"{run!r} is not on a disk, so it cannot be exported.")
    if not path.parent.is_dir():
        raise InvalidInputError(f"There is no folder {str(path.parent)!r} to write to. Make it.")
    if neighbors is not None and not 0 <= neighbors <= MOST_NEIGHBORS:
        raise InvalidInputError(
            f"neighbors is {neighbors}; 0 to {MOST_NEIGHBORS} of each item can go along."
        )
    wanted = Wanted(
        spaces=None if spaces is None else list(spaces),
        steps=None if steps is None else [int(step) for step in steps],
        columns=None if columns is None else list(columns),
        images=images,
        predictions=predictions,
        methods=tuple(methods),
        neighbors=neighbors,
    )
    store = open_store(run.path)
    write = export_html if chosen == "html" else export_folder
    return write(store, store.runs()[0].name, path, wanted, progress=progress)


def _as_file(
    run: Run,
    path: Path,
    kind: str | None,
    spaces: Iterable[str] | None,
    steps: Iterable[int] | None,
    columns: Iterable[str] | None,
    images: bool,
) -> PageReport:
    from .formats import format_of, write_file
    from .server import PageReport

    of = format_of("" if kind is not None else path.with_name(f"-{path.suffix}"), kind)
    files = files_of(run, spaces=spaces, steps=steps, columns=columns, images=images)
    if not of.several and len(files) > 1 and steps is None:
        files = [max(files, key=lambda file: file.step)]
    write_file(path, files, format=of.name)
    held = sorted({file.step for file in files})
    whole = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    left = ["maps and predictions"]
    n_steps = len(set(run.steps()) - set(held))
    if n_steps:
        left.append(f"{n_steps:,} of {len(run.steps()):,} steps")
    nbytes = sum(one.stat().st_size for one in whole)
    return PageReport(path, nbytes, len(files[0].ids), tuple(held), tuple(left))


def files_of(
    run: Run,
    *,
    spaces: Iterable[str] | None = None,
    steps: Iterable[int] | None = None,
    columns: Iterable[str] | None = None,
    images: bool = True,
) -> list[VectorFile]:
    """Snapshots of a run, each with what the run knows of its rows."""
    from .formats import VectorFile

    chosen = run.spaces if spaces is None else list(spaces)
    wanted = None if steps is None else {int(step) for step in steps}
    metadata, sheet = run.metadata, run.images if images else None
    names = list(metadata.columns) if metadata is not None else []
    kept = names if columns is None else list(columns)
    for name in kept:
        if name not in names:
            raise NotFoundError.for_name("metadata column", name, names)
    files = []
    for space in chosen:
        titles = run.titles(space)
        for step in run.steps(space):
            if wanted is not None and step not in wanted:
                continue
            snapshot = run.snapshot(space, step)
            rows = metadata.select(snapshot.ids) if metadata is not None else None
            values = {
                name: [rows[name].value(row) for row in range(len(rows))] if rows else []
                for name in kept
            }
            title = titles.get(step) or (f"{space} {step}" if len(run.steps(space)) > 1 else space)
            files.append(
                VectorFile(snapshot.vectors, snapshot.ids, values, (), sheet, space, step, title)
            )
    if not files:
        raise InvalidInputError(
            f"Nothing of run {run.name!r} is left to export. Its spaces are {run.spaces} with "
            f"steps {run.steps()[:20]}."
        )
    return files
