"""An animation as one page that plays by itself: no kernel, no server, nothing fetched."""

from __future__ import annotations

import base64
import html
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._palette import THEMES, Theme, ramp
from ._encodings import Categories, Numbers
from ._moments import nearest_steps
from ._scatter import point_area
from ._sequences import limits_of

if TYPE_CHECKING:
    from ._animation import Animation

__all__ = ["inlined", "page"]

ABSENT, FULL = 65535, 65534
POINTS_PER_INCH = 72
MOST_NAMES = 60
"""Names in the legend; further ones share a colour and a line."""


def page(animation: Animation) -> str:
    """HTML of the player, with everything in it."""
    # "<" cannot end the element that holds the data, whatever a label says.
    data = json.dumps(_data(animation), ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    made = _part("player.html").replace("/*STYLE*/", _part("player.css"))
    before, after = made.split("/*DATA*/")
    return before + data + after.replace("/*SCRIPT*/", _part("player.js"))


def inlined(animation: Animation) -> str:
    """The player in a frame of its own, as a notebook shows it."""
    n_panels = animation.n_panels
    columns = min(animation.n_columns or 3, n_panels)
    rows = -(-n_panels // columns)
    width = min(1100, round(animation.panel_size[0] * 100 * columns))
    height = round(width / columns + 40) * rows + 170
    source = html.escape(page(animation), quote=True)
    return (
        f'<iframe srcdoc="{source}" sandbox="allow-scripts" title="Maps over training" '
        f'style="width: {width}px; max-width: 100%; height: {height}px; border: 0"></iframe>'
    )


@cache
def _part(name: str) -> str:
    return (resources.files(__package__) / "player" / name).read_text(encoding="utf-8")


def _data(animation: Animation) -> dict[str, Any]:
    n = len(animation.ids)
    same_for_all = animation.shared_axes and animation.sequences
    shared = limits_of(animation.sequences) if same_for_all else None
    panels = []
    for title, maps in zip(animation.titles, animation.sequences, strict=True):
        own = limits_of([maps])
        limits = shared if shared is not None and len(shared[0]) == maps.n_components else own
        packed = _packed(maps.aligned(animation.ids), *limits)
        panels.append({"title": title, "n_components": maps.n_components, "places": packed})
    n_panels = animation.n_panels
    area = point_area(n) if animation.dot_size is None else animation.dot_size
    alpha = float(np.clip(1.2 - 0.15 * np.log10(max(n, 1)), 0.35, 0.9))
    colors, light, dark = _colors(animation.values)
    return {
        "steps": [int(step) for step in animation.steps],
        "n_points": n,
        "per_transition": animation.steps_per_transition,
        "seconds": animation.seconds_per_step,
        "columns": min(animation.n_columns or 3, n_panels),
        # An area in square points, as a share of the panel's width.
        "radius": float(np.sqrt(area / np.pi) / (animation.panel_size[0] * POINTS_PER_INCH)),
        "alpha": alpha if animation.alpha is None else animation.alpha,
        "panels": panels,
        "colors": colors,
        "light": _theme(THEMES["light"]) | {"colors": light},
        "dark": _theme(THEMES["dark"]) | {"colors": dark},
        "confusion": _confusion(animation),
        "curves": [
            {
                "name": f"{track.name.replace('_', ' ')} {track.against}".strip(),
                "steps": track.steps.tolist(),
                "values": track.values.tolist(),
            }
            for track in animation.curves
        ],
    }


def _theme(theme: Theme) -> dict[str, Any]:
    return {
        "canvas": f"#{theme.canvas}",
        "text": f"#{theme.text}",
        "secondary": f"#{theme.secondary}",
        "strong": f"#{theme.categories[0]}",
        "lines": [f"#{color}" for color in theme.categories[:16]],
    }


def _packed(
    places: NDArray[np.float32], low: NDArray[np.float64], high: NDArray[np.float64]
) -> str:
    """Places as 16-bit numbers between the limits: a 65,000th of the panel is below a pixel."""
    with np.errstate(invalid="ignore"):
        share = np.clip((places - low) / (high - low), 0, 1) * FULL
    there = np.isfinite(places)
    numbers = np.where(there, np.where(there, share, 0).round(), ABSENT)
    return _text(numbers.astype("<u2"))


def _text(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _colors(values: Categories | Numbers | None) -> tuple[dict[str, Any], list[str], list[str]]:
    """Codes of the points with their names, and a colour for each code in either theme."""
    both = [THEMES["light"], THEMES["dark"]]
    if values is None:
        light, dark = ([f"#{theme.categories[0]}"] for theme in both)
        return {"codes": None, "names": None, "note": None}, light, dark
    if isinstance(values, Categories):
        n = len(values.names)
        missing = values.codes < 0
        names = [*values.names, *(["missing"] if missing.any() else [])]
        light, dark = ([*values.colors(theme), f"#{theme.missing}"] for theme in both)
        codes = np.where(missing, n, values.codes)
        note = None
        if len(names) > MOST_NAMES:
            note = f"{len(names) - MOST_NAMES} more names, not listed"
        shown = names[:MOST_NAMES]
        return {"codes": _text(codes.astype("<u2")), "names": shown, "note": note}, light, dark
    low, high = values.range
    known = np.isfinite(values.values)
    place = np.where(known, (values.values - low) / ((high - low) or 1.0), 0.0)
    codes = np.where(known, (place * 255).round(), 256)
    light, dark = (
        ["#" + bytes(color).hex() for color in ramp(theme.sequential)] + [f"#{theme.missing}"]
        for theme in both
    )
    note = f"colour: {values.name or 'value'}, {low:.4g} to {high:.4g}"
    return {"codes": _text(codes.astype("<u2")), "names": None, "note": note}, light, dark


def _confusion(animation: Animation) -> dict[str, Any] | None:
    tracks = animation.confusion
    if tracks is None:
        return None
    n = tracks.confusion.shape[1]
    names = [*tracks.classes, *(str(number) for number in range(len(tracks.classes), n))]
    return {
        "classes": names[:n],
        "steps": [int(step) for step in tracks.confusion_steps],
        "counts": _text(tracks.confusion.astype("<u4")),
        "nearest": nearest_steps(animation.steps, tracks.confusion_steps).tolist(),
        "largest": int(tracks.confusion.max(initial=1)),
        "annotate": animation.annotate,
    }
