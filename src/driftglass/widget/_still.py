"""What stays of a widget in the file of a notebook: a picture, and on demand the page itself."""

from __future__ import annotations

import base64
import html
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .._project import update
from ..errors import DriftglassError
from ..server._asking import ask
from ..server._carried import Wanted
from ..server._export import export_html
from ..server._library import Library
from ..server._maps import answer_projections
from ..server._projected import plan_of
from ..server._question import Json, Question
from ..server._recipes import requested

__all__ = ["page_of", "picture_of", "still_html"]

UNASKED_SECONDS = 2.0
"""A first map that takes longer is not made for a picture."""
PICTURE = (960, 540)


def picture_of(
    library: Library,
    run: str,
    *,
    space: str | None = None,
    step: int | None = None,
    color: str = "",
    theme: str = "light",
) -> bytes | None:
    """The map as a PNG picture, or None where there is none and to make one takes long."""
    try:
        found = _map_of(library, run, space)
        if found is None:
            return None
        key, steps = found
        at = steps[-1] if step is None else min(steps, key=lambda one: abs(one - step))
        columns = library.reading(run).columns
        width, height = PICTURE
        name = quote(color if color in columns else _usual(columns), safe="")
        address = (
            f"/api/runs/{quote(run, safe='')}/picture?projection={key}&step={at}&theme={theme}"
            f"&width={width}&height={height}&color={name}"
        )
        reply = ask(library, "GET", address)
        return bytes(reply.data) if reply.status == 200 else None
    except DriftglassError:
        return None


def _usual(columns: Mapping[str, Any]) -> str:
    """The column that a page would colour by first."""
    named = {name.lower(): name for name in columns}
    usual = (named[name] for name in ("label", "labels", "class", "target", "y") if name in named)
    of_kind = (name for name, column in columns.items() if column.kind == "categorical")
    return next(usual, next(of_kind, ""))


def _map_of(library: Library, run: str, space: str | None) -> tuple[str, list[int]] | None:
    reading = library.reading(run)
    name = space if space is not None else next(iter(reading.run.spaces), None)
    if name is None:
        return None
    listed = answer_projections(library, Question({"run": run}, {"space": name}))
    assert isinstance(listed, Json)
    for entry in listed.value:
        if entry["n_components"] == 2:
            return entry["key"], entry["steps"]
    request = requested(reading, Question({"run": run}, {"space": name}))
    plan = plan_of(reading, request)
    if plan.status != "ready":
        if library.read_only or library.estimate(plan.seconds) > UNASKED_SECONDS:
            return None
        update(reading.run, request)
        plan = plan_of(library.reading(run), request)
    steps = reading.run.steps(name)
    return (plan.key, list(steps)) if plan.key is not None and steps else None


def page_of(library: Library, run: str, view: Mapping[str, Any]) -> str:
    """The viewer with one run in it as the text of a page, opened at `view`."""
    with tempfile.TemporaryDirectory(prefix="driftglass-") as scratch:
        path = Path(scratch) / "page.html"
        export_html(library.store, run, path, Wanted(), view=view)
        return path.read_text(encoding="utf-8")


def still_html(picture: bytes | None, page: str | None, *, title: str, height: int) -> str:
    """HTML that needs no script: the page in a frame of its own, or the picture.

    Parameters
    ----------
    picture : bytes or None
        PNG.
    page : str or None
        A whole page, which takes the place of the picture.
    title : str
        Name of the run; any text.
    height : int
        Height of the frame in CSS pixels.
    """
    name = html.escape(title, quote=True)
    if page is not None:
        # The frame may run the page's own script and nothing else: it has no origin, so it can
        # reach neither the notebook around it nor its server.
        return (
            f'<iframe title="{name} · driftglass" sandbox="allow-scripts" loading="lazy" '
            f'style="width:100%;height:{height}px;border:0;border-radius:8px" '
            f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
        )
    if picture is None:
        return f"<p>driftglass · {name}: run this cell to see the map.</p>"
    data = base64.b64encode(picture).decode()
    width, tall = PICTURE
    return (
        f'<figure style="margin:0;max-width:{width}px">'
        f'<img alt="Map of {name}" src="data:image/png;base64,{data}" '
        f'style="width:100%;height:auto;aspect-ratio:{width}/{tall};border-radius:8px">'
        f"<figcaption><small>{name}. A picture; run this cell for the viewer itself.</small>"
        f"</figcaption></figure>"
    )
