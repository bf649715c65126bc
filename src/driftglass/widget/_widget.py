"""The viewer as a widget of a notebook."""

from __future__ import annotations

import base64
import json
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anywidget
import numpy as np
import traitlets
from numpy.typing import NDArray

from .. import store as stores
from .._show import prepared
from ..errors import FormatError, InvalidInputError, NotFoundError
from ..server._choosing import select_in
from ..server._library import Library
from ..server._question import Question
from ..server._recipes import requested
from ..store import Store
from ._bridge import Bridge
from ._ids import Ids
from ._still import page_of, picture_of, still_html

__all__ = ["Widget"]

SCRIPT = Path(__file__).parent.parent / "server" / "static" / "widget" / "widget.js"
HEIGHTS = (240, 4_000)
COLORINGS = (
    "prediction", "confidence", "correctness", "trust", "clusters", "winning", "nothing",
)  # fmt: skip
MAX_BYTES = 1 << 28
EMBED_BYTES = 32 << 20


class Widget(anywidget.AnyWidget):
    """The viewer in a notebook cell, shared with Python while it is open.

    Everything travels through the kernel, so it works where the kernel is on another machine.
    Every trait can be read, set and observed: a change here moves the page, and a change on the
    page is told here.

    Parameters
    ----------
    source : Run, Store, path, array of shape (n_samples, n_features), or list of such arrays
        What to show, as in `driftglass.show`.
    labels, images, ids, metadata, predictions : optional
        What belongs to the rows of an array, as in `driftglass.show`.
    run : str, optional
        Name of the run to show first; the newest by default.
    space : str, optional
        Space to show first; for arrays, what to call theirs.
    step : int, optional
        Step to show first; the last by default.
    map : str or tuple of (str, dict), optional
        Method of the map, with its parameters: ``"umap"`` or ``("umap", {"n_neighbors": 30})``.
    color : str, optional
        Column to colour by, or one of "prediction", "confidence", "correctness", "trust",
        "clusters", "winning" and "nothing".
    dimensions : {2, 3}
        Of the map.
    trails : bool
        Draw where points come from.
    theme : {"dark", "light"}, optional
        The notebook's own by default.
    height : int
        Height of the cell in CSS pixels, 240 to 4000.
    embed : bool
        Keep the page itself in the notebook's file, so that it can be used where no kernel runs: in
        HTML made by nbconvert. A picture is always kept.
    search : callable, optional
        As in `driftglass.show`.

    Attributes
    ----------
    selection : ndarray of shape (n_selected,)
        Ids that are selected on the page. Set it to select others.

    Raises
    ------
    InvalidInputError
        A run, space, step, map or colouring that the source does not have.
    MissingDependencyError
        anywidget is not installed.

    Examples
    --------
    >>> widget = dg.Widget(run, color="label")  # doctest: +SKIP
    >>> widget.selection  # doctest: +SKIP
    >>> widget.step = 40  # doctest: +SKIP
    """

    run = traitlets.Unicode(allow_none=True, default_value=None).tag(sync=True)
    space = traitlets.Unicode(allow_none=True, default_value=None).tag(sync=True)
    step = traitlets.Int(allow_none=True, default_value=None).tag(sync=True)
    color = traitlets.Unicode(allow_none=True, default_value=None).tag(sync=True)
    dimensions = traitlets.Int(2).tag(sync=True)
    trails = traitlets.Bool(False).tag(sync=True)
    theme = traitlets.Unicode(allow_none=True, default_value=None).tag(sync=True)
    height = traitlets.Int(480).tag(sync=True)
    selection = Ids()
    _map = traitlets.Unicode("").tag(sync=True)
    _links: Any = traitlets.List(default_value=[]).tag(sync=True)
    _page = traitlets.Unicode("").tag(sync=True)
    _picture = traitlets.Bytes(b"").tag(sync=True)

    def __init__(
        self,
        source: Any,
        *,
        labels: Any = None,
        images: Any = None,
        ids: Any = None,
        metadata: Any = None,
        predictions: Any = None,
        run: str | None = None,
        space: str | None = None,
        step: int | None = None,
        map: str | tuple[str, Mapping[str, Any]] | None = None,
        color: str | None = None,
        dimensions: int = 2,
        trails: bool = False,
        theme: str | None = None,
        height: int = 480,
        embed: bool = False,
        search: Callable[[str], Any] | None = None,
    ) -> None:
        extras = {
            "labels": labels,
            "images": images,
            "ids": ids,
            "metadata": metadata,
            "predictions": predictions,
        }
        script = _script()
        shown, scratch = prepared(source, space=space or "vectors", extras=extras)
        store = shown if isinstance(shown, Store) else stores.open(Path(shown))
        self._library = Library(store, max_bytes=MAX_BYTES, search=search)
        self._embed = embed
        self._telling = False
        runs = [one.name for one in self._library.runs()]
        if not runs:
            raise InvalidInputError(f"{source!r:.80} holds no run yet; log one first.")
        self._esm = script
        super().__init__(
            run=run if run is not None else _newest(self._library),
            selection=np.zeros(0, dtype=np.int64),
        )
        given = {
            "space": space, "step": step, "color": color, "dimensions": dimensions,
            "trails": trails, "theme": theme, "height": height,
        }  # fmt: skip
        for name, value in given.items():
            setattr(self, name, value)
        if map is not None:
            self.map = map
        # What outlives the widget must not hold on to it, or it would never be collected.
        send, chosen = weakref.WeakMethod(self._send_packet), weakref.WeakMethod(self._chosen)
        self._bridge = Bridge(
            self._library,
            lambda message, buffers: _call(send, message, buffers),
            in_threads=not _in_marimo(),
            make_thread=_thread(),
        )
        self.on_msg(self._received)
        self._library.chosen.listen(lambda name, ids: _call(chosen, name, ids))
        self._finish = weakref.finalize(self, _finish, self._bridge, self._library, scratch)

    # What is shared

    @property
    def map(self) -> str | tuple[str, dict[str, Any]] | None:
        """Method of the map on the page, with the parameters that differ from its own.

        None as long as nobody has chosen one.
        """
        if not self._map:
            return None
        value = json.loads(self._map)
        if isinstance(value, dict):
            return str(value["key"])
        method, parameters = value[0], dict(value[1]) if len(value) > 1 else {}
        if len(value) > 2:
            parameters["random_state"] = value[2]
        return (method, parameters) if parameters else method

    @map.setter
    def map(self, value: str | tuple[str, Mapping[str, Any]]) -> None:
        method, parameters = (value, {}) if isinstance(value, str) else value
        given = dict(parameters)
        seed = given.pop("random_state", 0)
        asked = {
            "space": self.space or self._spaces()[0],
            "n_components": self.dimensions,
            "method": method,
            "parameters": given,
            "random_state": seed,
        }
        requested(self._library.reading(self._run_name()), Question({}, asked))
        recipe: list[Any] = [method] if not given and not seed else [method, given]
        self._map = json.dumps([*recipe, seed] if seed else recipe, sort_keys=True)

    @traitlets.validate("run")
    def _check_run(self, proposal: Any) -> str:
        names = [one.name for one in self._library.runs()]
        if proposal["value"] not in names:
            raise NotFoundError.for_name("run", str(proposal["value"]), names)
        return str(proposal["value"])

    @traitlets.validate("space")
    def _check_space(self, proposal: Any) -> str | None:
        value = proposal["value"]
        if value is not None and value not in self._spaces():
            raise NotFoundError.for_name("space", value, self._spaces())
        return value  # type: ignore[no-any-return]

    @traitlets.validate("step")
    def _check_step(self, proposal: Any) -> int | None:
        value = proposal["value"]
        run = self._library.run(self._run_name())
        steps = run.steps(self.space) if self.space is not None else run.steps()
        if value is not None and value not in steps:
            some = ", ".join(map(str, steps[:10])) + (", …" if len(steps) > 10 else "")
            raise InvalidInputError(f"There is no step {value}. The steps are {some}.")
        return value  # type: ignore[no-any-return]

    @traitlets.validate("color")
    def _check_color(self, proposal: Any) -> str | None:
        value = proposal["value"]
        columns = list(self._library.reading(self._run_name()).columns)
        # The page may be coloured in ways that are only written down: "feature:[3, …]".
        known = value is None or value in columns or value in COLORINGS or ":" in value
        if not known:
            raise NotFoundError.for_name("column or colouring", value, [*columns, *COLORINGS])
        return value  # type: ignore[no-any-return]

    @traitlets.validate("dimensions")
    def _check_dimensions(self, proposal: Any) -> int:
        if proposal["value"] not in (2, 3):
            raise InvalidInputError(f"dimensions is {proposal['value']}; 2 or 3 is needed.")
        return int(proposal["value"])

    @traitlets.validate("theme")
    def _check_theme(self, proposal: Any) -> str | None:
        if proposal["value"] not in (None, "dark", "light"):
            raise InvalidInputError(f"theme is {proposal['value']!r}; 'dark' or 'light' is needed.")
        return proposal["value"]  # type: ignore[no-any-return]

    @traitlets.validate("height")
    def _check_height(self, proposal: Any) -> int:
        low, high = HEIGHTS
        if not low <= proposal["value"] <= high:
            raise InvalidInputError(f"height is {proposal['value']}; {low} to {high} is possible.")
        return int(proposal["value"])

    @traitlets.validate("selection")
    def _check_selection(self, proposal: Any) -> NDArray[Any]:
        if self._telling or not hasattr(self, "_bridge"):
            return np.asarray(proposal["value"])
        return select_in(self._library, proposal["value"], self._run_name())

    # What is kept in the notebook

    def _repr_html_(self) -> str:
        """The picture, or with ``embed`` the page; neither needs a script of the notebook."""
        self._keep()
        return still_html(
            self._picture or None, self._page or None, title=str(self.run), height=self.height
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget for notebooks that run, HTML and a picture for those that do not."""
        told: Any = super()._repr_mimebundle_(**kwargs) or {}
        data, metadata = told if isinstance(told, tuple) else (told, {})
        still = {"text/html": self._repr_html_()}
        if self._picture:
            still["image/png"] = base64.b64encode(self._picture).decode()
        return {**data, **still}, metadata

    def _keep(self) -> None:
        name = self._run_name()
        picture = picture_of(
            self._library,
            name,
            space=self.space,
            step=self.step,
            color=self.color or "",
            theme=self.theme or "light",
        )
        self._picture = picture or b""
        if not self._embed:
            return
        page = page_of(self._library, name, {"address": self._address(), "links": self._links})
        if len(page) > EMBED_BYTES:
            raise InvalidInputError(
                f"The page has {len(page) >> 20} MB, which is more than a notebook should hold. "
                f"Write it with dg.export(run, 'map.html') and leave out embed=True."
            )
        self._page = page

    def _address(self) -> str:
        parts = {
            "space": self.space,
            "dim": self.dimensions,
            "map": self._map or None,
            "step": self.step,
            "color": self.color,
            "trails": 1 if self.trails else None,
            "theme": self.theme,
        }
        return urlencode({name: value for name, value in parts.items() if value is not None})

    # Messages

    def _send_packet(self, message: dict[str, Any], buffers: list[Any]) -> None:
        self.send(message, buffers)

    def _received(self, _: Any, content: Any, buffers: list[Any]) -> None:
        if isinstance(content, dict) and content.get("type") == "hello" and len(self.selection):
            # A page that opens shows what is selected; it asks as soon as it is ready.
            self._library.chosen.ask(self._run_name(), self.selection)
        self._bridge.receive(content, buffers)

    def _chosen(self, run: str, ids: NDArray[Any]) -> None:
        """Take note of what the page has selected."""
        if run != self.run:
            return
        self._telling = True
        try:
            self.selection = ids
        finally:
            self._telling = False

    def close(self) -> None:
        """End the view, and forget what was only made for it."""
        # It is called for a widget that was never finished, too.
        if hasattr(self, "_finish"):
            super().close()
            self._finish()

    def _run_name(self) -> str:
        return str(self.run)

    def _spaces(self) -> list[str]:
        return list(self._library.run(self._run_name()).spaces)


def _newest(library: Library) -> str:
    runs = library.runs()
    return max(runs, key=lambda run: run.created).name


def _call(method: weakref.WeakMethod[Callable[..., None]], *arguments: Any) -> None:
    found = method()
    if found is not None:
        found(*arguments)


def _finish(bridge: Bridge, library: Library, scratch: Any) -> None:
    bridge.close()
    library.close()
    if scratch is not None:
        scratch.cleanup()


def _script() -> str:
    try:
        return SCRIPT.read_text(encoding="utf-8")
    except OSError as error:
        raise FormatError(
            "The viewer has not been built, so no widget can show it. This driftglass runs from "
            "its sources: run `make viewer` there."
        ) from error


def _in_marimo() -> bool:
    """Whether this is a marimo notebook, which takes messages from threads of its own only."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _thread() -> Callable[..., threading.Thread]:
    marimo = sys.modules.get("marimo")
    return marimo.Thread if _in_marimo() and marimo is not None else threading.Thread
