"""The built viewer, read into memory once: a request can only name what is already there."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path

__all__ = ["StaticFile", "load_static"]

FOLDER = Path(__file__).parent / "static"
COMPRESSED = (".css", ".html", ".js", ".json", ".svg", ".txt")

MISSING_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>driftglass</title></head>
<body><h1>The viewer has not been built</h1>
<p>This driftglass runs from its sources. Run <code>make viewer</code> there, then start the
server again.</p>
<p>The data is being served all the same: <a href="./api/runs">runs</a>.</p></body></html>
"""


@dataclass(frozen=True)
class StaticFile:
    """One file of the viewer.

    Parameters
    ----------
    body : bytes
        The file.
    compressed : bytes or None
        The file under gzip, where that makes it smaller.
    media_type : str
        Content type.
    immutable : bool
        True for names that hold a hash of the content, which browsers may keep for ever.
    """

    body: bytes
    compressed: bytes | None
    media_type: str
    immutable: bool


def load_static(folder: Path = FOLDER) -> dict[str, StaticFile]:
    """Files of the viewer by URL path; a page that says how to build it if it is missing.

    Links are left out, so nothing outside `folder` can be served.
    """
    files: dict[str, StaticFile] = {}
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                name = path.relative_to(folder).as_posix()
                files[f"/{name}"] = _read(path, immutable=name.startswith("assets/"))
    page = files.get("/index.html")
    files["/"] = page or StaticFile(MISSING_PAGE.encode(), None, "text/html; charset=utf-8", False)
    return files


def _read(path: Path, *, immutable: bool) -> StaticFile:
    body = path.read_bytes()
    # Windows keeps types in its registry, where any program may have changed the one of .js.
    media_type = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}.get(
        path.suffix, mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    )
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    small = gzip.compress(body, 6, mtime=0) if path.suffix in COMPRESSED else None
    if small is not None and len(small) >= len(body):
        small = None
    return StaticFile(body, small, media_type, immutable)
