"""A map drawn on the server, for browsers that cannot draw it themselves."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._palette import THEMES, Theme, category_slots, ramp, rgb
from ..data import (
    BooleanColumn,
    CategoricalColumn,
    Column,
    DateColumn,
    NumberColumn,
    RecordsColumn,
    SetColumn,
)

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["LARGEST_SIDE", "Coloring", "coloring_of", "draw_map"]

OVERSAMPLING = 2
LARGEST_SIDE = 2_048
MARGIN = 28
LEGEND_WIDTH = 190
LEGEND_ENTRIES = 12
LONGEST_NAME = 28
FONT_SIZE = 13


@dataclass(frozen=True, eq=False)
class Coloring:
    """One colour per row and what the colours mean.

    Parameters
    ----------
    colors : ndarray of shape (n_items, 3), dtype uint8
        Red, green and blue.
    title : str
        Name of the column; "" without one.
    entries : sequence of (colour, text)
        Legend, most frequent first.
    """

    colors: NDArray[np.uint8]
    title: str = ""
    entries: Sequence[tuple[tuple[int, int, int], str]] = ()


def coloring_of(name: str, column: Column | None, n_items: int, theme: str) -> Coloring:
    """Colours of the rows by one column; one colour for all without a column."""
    look = THEMES[theme]
    if isinstance(column, (NumberColumn, DateColumn)):
        return _by_number(name, column, look)
    if isinstance(column, BooleanColumn):
        return _by_code(name, column.codes.astype(np.int64), ("false", "true"), look)
    if isinstance(column, CategoricalColumn):
        return _by_code(name, column.codes, column.categories, look)
    if isinstance(column, (SetColumn, RecordsColumn)):
        names = [item if isinstance(item, str) else ": ".join(item) for item in column.categories]
        return _by_code(f"{name} (first)", _first_codes(column), names, look)
    plain = np.broadcast_to(np.array(rgb(look.categories[0]), dtype=np.uint8), (n_items, 3))
    return Coloring(plain)


def _first_codes(column: SetColumn | RecordsColumn) -> NDArray[np.int64]:
    codes = np.full(len(column), -1, dtype=np.int64)
    filled = np.diff(column.offsets) > 0
    codes[filled] = column.codes[column.offsets[:-1][filled]]
    return codes


def _by_code(name: str, codes: NDArray[Any], names: Sequence[str], look: Theme) -> Coloring:
    counts = np.bincount(codes[codes >= 0], minlength=len(names)).tolist()
    slots = category_slots(names, counts, len(look.categories))
    palette = [rgb(look.categories[slot]) if slot >= 0 else rgb(look.other) for slot in slots]
    table = np.array([*palette, rgb(look.missing)], dtype=np.uint8)  # -1 is the last: missing
    ranked = sorted(range(len(names)), key=lambda i: -counts[i])
    shown = [i for i in ranked if slots[i] >= 0 and counts[i]][:LEGEND_ENTRIES]
    entries = [(palette[i], f"{_plain(names[i])}  {counts[i]:,}") for i in shown]
    n_others = sum(1 for i in ranked if counts[i]) - len(shown)
    if n_others:
        entries.append((rgb(look.other), f"and {n_others:,} more"))
    n_missing = int((codes < 0).sum())
    if n_missing:
        entries.append((rgb(look.missing), f"missing  {n_missing:,}"))
    return Coloring(table[codes], _plain(name), entries)


def _by_number(name: str, column: NumberColumn | DateColumn, look: Theme) -> Coloring:
    known = column.range
    colors = ramp(look.sequential)
    if known is None:
        return Coloring(np.tile(np.array(rgb(look.missing), np.uint8), (len(column), 1)))
    low, high = known
    values = column.values.astype(float)
    missing = np.isnan(values) | (values < low - 1)  # a missing date is far below all others
    place = np.nan_to_num((values - low) / ((high - low) or 1), posinf=1.0, neginf=0.0)
    result = colors[np.clip(place * 255, 0, 255).astype(np.uint8)]
    result[missing] = rgb(look.missing)
    stops = [low, low + (high - low) / 2, high] if high > low else [low]
    ends = [
        (tuple(colors[round(255 * i / max(1, len(stops) - 1))].tolist()), _number(stop, column))
        for i, stop in enumerate(stops)
    ]
    return Coloring(result, _plain(name), ends)


def _number(value: float, column: NumberColumn | DateColumn) -> str:
    if isinstance(column, DateColumn):
        return str(DateColumn(np.array([int(value)])).value(0))
    return f"{value:.4g}"


def draw_map(
    coordinates: NDArray[np.float32],
    coloring: Coloring,
    bounds: tuple[Sequence[float], Sequence[float]],
    caption: str,
    *,
    width: int,
    height: int,
    theme: str,
) -> bytes:
    """Draw points as smooth discs; returns a PNG picture.

    Parameters
    ----------
    coordinates : ndarray of shape (n_items, 2 or more)
        The first two columns are drawn; rows with nan are left out.
    coloring : Coloring
        Colour of each row, and the legend.
    bounds : (low, high)
        Range of the coordinates, the same for all steps so that pictures can be compared.
    caption : str
        What it shows, drawn below.
    width, height : int
        Size in pixels.
    theme : {"dark", "light"}
        Colours of ground and text.
    """
    from PIL import Image, ImageDraw

    look = THEMES[theme]
    big = (height * OVERSAMPLING, width * OVERSAMPLING)
    pixels = np.empty((big[0] * big[1], 3), dtype=np.uint8)
    pixels[:] = rgb(look.canvas)
    present = ~np.isnan(coordinates[:, :2]).any(axis=1)
    map_width = width - LEGEND_WIDTH if coloring.entries and width > 3 * LEGEND_WIDTH else width
    centers = _on_screen(coordinates[present, :2], bounds, map_width, height)
    _stamp(pixels, big, centers, coloring.colors[present], _radius(len(centers), width, height))
    # Drawn at twice the size and averaged: smooth edges without a loop over points.
    picture = Image.fromarray(pixels.reshape(*big, 3)).reduce(OVERSAMPLING)
    pen = ImageDraw.Draw(picture)
    _legend(pen, coloring, look, width)
    shown = f"{len(centers):,} of {len(coordinates):,} points"
    _text(pen, (12, height - 24), f"{_plain(caption, 160)} · {shown}", look.secondary)
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    return stream.getvalue()


def _on_screen(
    points: NDArray[np.float32],
    bounds: tuple[Sequence[float], Sequence[float]],
    width: int,
    height: int,
) -> NDArray[np.int64]:
    """Positions in the oversampled picture, one scale for both axes, y upwards."""
    low, high = np.array(bounds[0][:2], float), np.array(bounds[1][:2], float)
    middle, extent = (low + high) / 2, np.maximum(high - low, 1e-12)
    room = np.array([max(width - 2 * MARGIN, 8), max(height - 2 * MARGIN, 8)])
    scale = float((room / extent).min())
    placed = (points - middle) * scale * [1, -1] + np.array([width, height]) / 2
    far_outside = 10.0 * LARGEST_SIDE  # beyond that the exact place does not matter
    placed = np.clip(placed * OVERSAMPLING, -far_outside, far_outside)
    return np.asarray(np.round(placed), dtype=np.int64)


def _radius(n_points: int, width: int, height: int) -> float:
    """Radius in pixels at which the points together would cover a fifth of the picture."""
    area = 0.2 * width * height / max(n_points, 1)
    return float(np.clip(np.sqrt(area / np.pi), 0.75, 5.0))


def _stamp(
    pixels: NDArray[np.uint8],
    shape: tuple[int, int],
    centers: NDArray[np.int64],
    colors: NDArray[np.uint8],
    radius: float,
) -> None:
    reach = int(np.ceil(radius * OVERSAMPLING))
    span = np.arange(-reach, reach + 1)
    dx, dy = (part.ravel() for part in np.meshgrid(span, span))
    inside = dx**2 + dy**2 <= (radius * OVERSAMPLING) ** 2
    for across, down in zip(dx[inside].tolist(), dy[inside].tolist(), strict=True):
        x, y = centers[:, 0] + across, centers[:, 1] + down
        seen = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0])
        # Of points on one pixel the last wins; rows are in canonical order, so that is fair.
        pixels[y[seen] * shape[1] + x[seen]] = colors[seen]


def _legend(pen: ImageDraw, coloring: Coloring, look: Theme, width: int) -> None:
    if not coloring.entries:
        return
    left, top, line = width - LEGEND_WIDTH, 12, 19
    _text(pen, (left, top), coloring.title, look.text)
    for number, (color, text) in enumerate(coloring.entries, start=1):
        y = top + number * line
        pen.ellipse((left, y + 4, left + 9, y + 13), fill=color)
        _text(pen, (left + 16, y), text, look.secondary)


def _text(pen: ImageDraw, place: tuple[int, int], text: str, color: str) -> None:
    from PIL import ImageFont

    pen.text(place, text, fill=rgb(color), font=ImageFont.load_default(FONT_SIZE))


def _plain(text: str, longest: int = LONGEST_NAME) -> str:
    """Text without control, format and bidirectional characters, cut to length."""
    visible = "".join(
        char for char in text[: 4 * longest] if not unicodedata.category(char).startswith("C")
    )
    return visible if len(visible) <= longest else visible[: longest - 1] + "…"
