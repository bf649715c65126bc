"""One call from arrays or a run to the viewer."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import FormatError, InvalidInputError, ShapeError

if TYPE_CHECKING:
    from .server import Serving

__all__ = ["show"]


def show(
    source: Any,
    *,
    labels: Any = None,
    images: Any = None,
    ids: Any = None,
    metadata: Any = None,
    predictions: Any = None,
    space: str = "vectors",
    browser: bool | None = None,
    block: bool | None = None,
    port: int | None = None,
    search: Callable[[str], Any] | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Serving:
    """Show a run, a store or plain vectors in the viewer.

    Parameters
    ----------
    source : Run, Store, path, array of shape (n_samples, n_features), or list of such arrays
        What to show. Arrays, and files of other tools, go into a store in the system's temporary
        folder that is removed when the viewer closes; a list of arrays becomes steps 0, 1, 2, ….
    labels : sequence of length n_samples, optional
        One label per row; shown as the column "label".
    images : sequence of length n_samples, optional
        One image per row; see `driftglass.SpriteSheet.pack`.
    ids : sequence of length n_samples, optional
        Names of the rows; 0, 1, 2, … by default.
    metadata : table, optional
        One row per id; see `driftglass.Metadata.from_table`.
    predictions : array of shape (n_samples,) or (n_samples, n_classes), optional
        Predictions for the last step.
    space : str
        What to call the space the arrays come from.
    browser : bool, optional
        Open a browser; by default where there is one.
    block : bool, optional
        Wait until interrupted. By default scripts wait, notebooks and prompts do not.
    port : int, optional
        Port on the loopback address; a free one by default.
    search : callable, optional
        From what somebody types on the page to a vector of the space on screen, to ids with the
        best first, to (ids, scores), or to a mapping from id to score.
    reading : mapping, optional
        How to read a file: arguments of `driftglass.formats.read_file`.

    Returns
    -------
    serving : Serving
        Has the `url`; `selection` and `select` share what is selected; `close()` ends it.

    Raises
    ------
    InvalidInputError
        Nothing that can be shown.
    ShapeError
        Rows, labels and images differ in number.

    Examples
    --------
    >>> import driftglass as dg
    >>> serving = dg.show(X, labels=y, images=images, block=False)  # doctest: +SKIP
    """
    from .server import start

    extras = {
        "labels": labels,
        "images": images,
        "ids": ids,
        "metadata": metadata,
        "predictions": predictions,
    }
    shown, scratch = prepared(source, space=space, extras=extras, reading=reading)
    on_close = _cleanup(scratch)
    serving = start(shown, port=port, open_browser=browser, search=search, on_close=on_close)
    print(serving.message, file=sys.stderr)
    wait = not _interactive() if block is None else block
    if wait:
        serving.wait()
    return serving


def prepared(
    source: Any,
    *,
    space: str,
    extras: Mapping[str, Any],
    reading: Mapping[str, Any] | None = None,
) -> tuple[Any, tempfile.TemporaryDirectory[str] | None]:
    """A store or its folder with what is to be shown, and the folder to remove afterwards."""
    from .store import Run, Store

    if isinstance(source, (str, os.PathLike, Run, Store)):
        given = [name for name, value in extras.items() if value is not None]
        if given:
            raise InvalidInputError(
                f"{given[0]} was given together with a {type(source).__name__}; it belongs to "
                f"the run. Pass it to store.create(...), or show arrays."
            )
        if not isinstance(source, (str, os.PathLike)) or not _is_file_of_others(Path(source)):
            return (source.path if isinstance(source, Run) else source), None
    scratch = tempfile.TemporaryDirectory(prefix="driftglass-")
    folder = Path(scratch.name) / "runs"
    try:
        if isinstance(source, (str, os.PathLike)):
            return _imported(folder, source, reading or {}), scratch
        return _stored(folder, source, space, extras), scratch
    except BaseException:
        scratch.cleanup()
        raise


def _is_file_of_others(path: Path) -> bool:
    """Whether a path is a file, or a folder of a known format that is no store and no run."""
    from .formats import format_of

    path = path.expanduser()
    if not path.exists() or any((path / name).exists() for name in ("run.json", "driftglass.json")):
        return False
    if path.is_file():
        return True
    if any(path.glob("*/run.json")):
        return False
    try:
        format_of(path)
    except FormatError:
        return False
    return True


def _imported(folder: Path, source: Any, reading: Mapping[str, Any]) -> Path:
    from . import open as open_store
    from ._importing import import_file

    import_file(open_store(folder), source, **reading)
    return folder


def _stored(folder: Path, source: Any, space: str, extras: Mapping[str, Any]) -> Path:
    from . import open as open_store
    from ._containers import is_loader, loaded_labels

    if is_loader(source) and extras["labels"] is None:
        extras = {**extras, "labels": loaded_labels(source)}
    snapshots = _snapshots(source)
    n_samples = len(snapshots[0])
    columns = {} if extras["labels"] is None else {"label": _flat(extras["labels"], n_samples)}
    ids = np.arange(n_samples) if extras["ids"] is None else extras["ids"]
    store = open_store(folder)
    run = store.create(
        "shown",
        ids=ids,
        metadata=extras["metadata"],
        labels=columns.get("label"),
        images=extras["images"],
        when_full="block",
        strict=True,
    )
    with run:
        for step, vectors in enumerate(snapshots):
            last = step == len(snapshots) - 1
            run.log(
                step,
                spaces={space: vectors},
                predictions=extras["predictions"] if last else None,
            )
    return folder


def _snapshots(source: Any) -> list[Any]:
    from ._arrays import as_vectors

    if isinstance(source, (list, tuple)) and source and np.ndim(source[0]) == 2:
        snapshots = [as_vectors(item, name=f"source[{step}]") for step, item in enumerate(source)]
    else:
        snapshots = [as_vectors(source, name="source")]
    lengths = [len(item) for item in snapshots]
    if len(set(lengths)) > 1:
        raise ShapeError(
            f"The arrays have {lengths} rows. dg.show pairs rows by position, so each needs the "
            f"same; log them with run.log(step, ..., ids=ids) to join them by id."
        )
    return snapshots


def _flat(labels: Any, n_samples: int) -> Any:
    values = labels.detach().cpu().numpy() if hasattr(labels, "detach") else labels
    if len(values) != n_samples:
        raise ShapeError(
            f"{len(values)} labels for {n_samples} rows; one label per row is needed. "
            f"Use None where a row has no label."
        )
    return values


def _cleanup(scratch: tempfile.TemporaryDirectory[str] | None) -> Any:
    return scratch.cleanup if scratch is not None else None


def _interactive() -> bool:
    return hasattr(sys, "ps1") or "ipykernel" in sys.modules or bool(sys.flags.interactive)
