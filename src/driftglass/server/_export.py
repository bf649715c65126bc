"""The viewer and the answers it needs as one page, or as a folder of files for a web server."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import __version__
from .._progress import Progress, silent
from ..errors import FormatError, InvalidInputError, StoreError
from ..store import Store
from ._carried import Carried, Wanted, carry
from ._library import Library

__all__ = ["PageReport", "export_folder", "export_html"]

STATIC = Path(__file__).parent / "static" / "export"
PAGE_VERSION = 1
MOST_BYTES = 512 << 20
"""Browsers hold a page's text in memory; beyond this it is a folder that is wanted."""
DATA_FOLDER = "data"

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="driftglass {version}">
<title>{title}</title>
<link rel="icon" href="data:,">
{style}
</head>
<body>
<div id="app"></div>
<noscript>This driftglass viewer needs JavaScript. It loads nothing from outside.</noscript>
<script type="application/json" id="driftglass-answers">{answers}</script>
{data}{script}
</body>
</html>
"""


@dataclass(frozen=True)
class PageReport:
    """What was exported.

    Parameters
    ----------
    path : Path
        The page, or the folder.
    nbytes : int
        Bytes written.
    n_items : int
        Items of the run.
    steps : tuple of int
        Steps it holds.
    left_out : tuple of str
        What it does not hold, in words.
    """

    path: Path
    nbytes: int
    n_items: int
    steps: tuple[int, ...]
    left_out: tuple[str, ...]


def export_html(
    store: Store,
    run: str,
    path: Any,
    wanted: Wanted,
    *,
    progress: Progress = silent,
    view: Mapping[str, Any] | None = None,
) -> PageReport:
    """Write a run as one page that opens from the disk, with the network off.

    Parameters
    ----------
    store : Store
        Where the run is.
    run : str
        Its name.
    path : path-like
        The page to write.
    wanted : Wanted
        What of the run.
    progress : callable
        Called with (done, total, what); may raise to stop.
    view : mapping, optional
        How the page opens: ``address``, the part behind ``#``, and ``links`` to other pages.

    Raises
    ------
    StoreError
        The page cannot be written.
    InvalidInputError
        It would be larger than browsers can open.
    """
    path = Path(path)
    script, style = _built()
    carried = _carried(store, run, wanted, progress)
    texts = [base64.b64encode(answer.data).decode() for answer in carried.answers]
    places, start = [], 0
    for text in texts:
        places.append((start, len(text)))
        start += len(text)
    if start > MOST_BYTES:
        raise InvalidInputError(
            f"The page would have {start >> 20:,} MiB, and browsers open at most "
            f"{MOST_BYTES >> 20}. Choose fewer steps or spaces, or export a folder."
        )
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(script)} blob:",
            f"style-src {_hash(style)}",
            "img-src data: blob:",
            "worker-src blob: data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    page = PAGE.format(
        policy=policy,
        version=__version__,
        title=html.escape(f"{run} · driftglass"),
        style=f"<style>{style}</style>",
        answers=_index(carried, places, view=view),
        data=f'<script type="text/plain" id="driftglass-data">{"".join(texts)}</script>\n',
        script=f'<script type="module">{script}</script>',
    ).encode()
    _write(path, page)
    return _report(path, len(page), carried)


def export_folder(
    store: Store, run: str, path: Any, wanted: Wanted, *, progress: Progress = silent
) -> PageReport:
    """Write a run as a folder that any web server can show; see `export_html`."""
    path = Path(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InvalidInputError(f"{path} exists and is not an empty folder. Name another.")
    script, style = _built()
    carried = _carried(store, run, wanted, progress)
    policy = (
        "default-src 'none'; script-src 'self' blob:; style-src 'self'; connect-src 'self'; "
        "img-src data: blob:; worker-src blob: data:; base-uri 'none'; form-action 'none'"
    )
    places = [(number, len(answer.data)) for number, answer in enumerate(carried.answers)]
    page = PAGE.format(
        policy=policy,
        version=__version__,
        title=html.escape(f"{run} · driftglass"),
        style='<link rel="stylesheet" href="./page.css">',
        answers=_index(carried, places, files=f"./{DATA_FOLDER}"),
        data="",
        script='<script type="module" src="./page.js"></script>',
    ).encode()
    try:
        made = Path(tempfile.mkdtemp(dir=path.parent, prefix=".export-"))
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        (made / DATA_FOLDER).mkdir()
        (made / "index.html").write_bytes(page)
        (made / "page.js").write_text(script, encoding="utf-8")
        (made / "page.css").write_text(style, encoding="utf-8")
        for number, answer in enumerate(carried.answers):
            (made / DATA_FOLDER / f"{number}.bin").write_bytes(answer.data)
        if path.exists():
            path.rmdir()
        made.chmod(0o777 & ~_mask())
        os.replace(made, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    nbytes = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return _report(path, nbytes, carried)


def _carried(store: Store, run: str, wanted: Wanted, progress: Progress) -> Carried:
    library = Library(store)
    try:
        made = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        return carry(library, run, wanted, made=made, progress=progress)
    finally:
        library.close()


def _built() -> tuple[str, str]:
    """Script and style sheet, safe to stand inside a page."""
    try:
        script = (STATIC / "page.js").read_text(encoding="utf-8")
        style = (STATIC / "page.css").read_text(encoding="utf-8")
    except OSError as error:
        raise FormatError(
            "The viewer has not been built, so no page can be made of it. This driftglass runs "
            "from its sources: run `make viewer` there."
        ) from error
    # Inside strings, where alone it can stand, the escaped form means the same.
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    if "</style" in style.lower():
        raise FormatError("The style sheet of the viewer ends itself. Build it again.")
    return script, style


def _index(
    carried: Carried,
    places: list[tuple[int, int]],
    *,
    files: str | None = None,
    view: Mapping[str, Any] | None = None,
) -> str:
    answers = {
        answer.path: [answer.kind, int(answer.packed), *place]
        for answer, place in zip(carried.answers, places, strict=True)
    }
    index: dict[str, Any] = {"version": PAGE_VERSION, "answers": answers}
    if files is not None:
        index["files"] = files
    if view is not None:
        index["view"] = dict(view)
    return _safe_json(index)


def _safe_json(value: Mapping[str, Any]) -> str:
    # Names of columns are part of questions: none of them may end the element it stands in.
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _write(path: Path, data: bytes) -> None:
    unfinished = None
    try:
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".page-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(unfinished, 0o666 & ~_mask())
        os.replace(unfinished, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        if unfinished is not None and os.path.exists(unfinished):
            os.unlink(unfinished)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} cannot be written: {error.strerror or error}")


def _report(path: Path, nbytes: int, carried: Carried) -> PageReport:
    return PageReport(path, nbytes, carried.n_items, tuple(carried.steps), tuple(carried.left_out))
