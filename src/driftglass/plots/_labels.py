"""Names written on a map, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ._axes import figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = ["label_places", "write_labels"]

RINGS = 9
STEPS = 12
GAP = 2
"""Pixels between two names."""


def write_labels(
    ax: Axes,
    names: Sequence[str],
    places: NDArray[Any],
    weights: Sequence[float],
    *,
    color: str,
    halo: str,
    outward: NDArray[Any] | None = None,
    lines: NDArray[Any] | None = None,
    **keywords: Any,
) -> list[Text]:
    """Write each name at its place, or near it where another name is in the way.

    The heaviest are placed first; a moved one gets a thin line to its place. Names that find no
    room within nine line heights are left out.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Two-dimensional axes whose limits are final.
    names : sequence of str
        What to write.
    places : ndarray of shape (n_names, 2)
        In data units.
    weights : sequence of float
        Which names matter more.
    color, halo : str
        Colour of the text and of its outline.
    outward : ndarray of shape (n_names, 2), optional
        Direction, in data units, in which a name stands beside its place; on it by default.
    lines : ndarray of shape (n_lines, 2, 2), optional
        From and to, in data units: what is drawn there and should stay readable.
    **keywords
        For `matplotlib.axes.Axes.annotate`.

    Returns
    -------
    texts : list of matplotlib.text.Text
        Those that were written, in the order of `names`.
    """
    effects = require("matplotlib.patheffects", extra="plot")
    figure = figure_of(ax)
    style = {"fontsize": "small", "ha": "center", "va": "center", "color": color, **keywords}
    sizes = _sizes(ax, names, style)  # lays the figure out first, so that pixels are final
    pixels = ax.transData.transform(np.asarray(places, dtype=float).reshape(-1, 2))
    to_points = 72 / figure.dpi  # offsets in points keep their place at any resolution
    beside = np.zeros_like(pixels) if outward is None else _beside(outward, sizes)
    avoid = None if lines is None else _along(ax, lines, sizes)
    offsets = (label_places(pixels + beside, sizes, weights, avoid) + beside) * to_points
    heights = sizes[:, 1] * to_points
    texts: list[Text] = []
    each = zip(names, places, offsets, beside * to_points, heights, strict=True)
    for name, place, offset, usual, height in each:
        if np.isnan(offset).any():
            continue
        line = {"arrowstyle": "-", "color": color, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
        texts.append(
            ax.annotate(
                name,
                tuple(place),
                xytext=tuple(offset),
                textcoords="offset points",
                arrowprops=line if np.hypot(*(offset - usual)) > height else None,
                path_effects=[effects.withStroke(linewidth=2.5, foreground=halo)],
                zorder=5,
                **style,
            )
        )
    return texts


def _sizes(ax: Axes, names: Sequence[str], style: dict[str, Any]) -> NDArray[np.float64]:
    """Width and height of each name in pixels, as it will be drawn."""
    figure_of(ax).draw_without_rendering()
    sizes = []
    for name in names:
        text = ax.text(0, 0, name, **style)
        box = text.get_window_extent()
        text.remove()
        sizes.append((box.width + GAP, box.height + GAP))
    return np.array(sizes, dtype=float).reshape(-1, 2)


def _beside(outward: NDArray[Any], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a box moves in a direction until it touches its place with its side."""
    length = np.linalg.norm(outward, axis=1, keepdims=True)
    direction = np.divide(outward, length, out=np.zeros_like(sizes), where=length > 0)
    reach = np.divide(sizes / 2, np.abs(direction), out=np.full_like(sizes, np.inf),
                      where=direction != 0).min(axis=1, keepdims=True)  # fmt: skip
    moved: NDArray[np.float64] = direction * np.where(np.isfinite(reach), reach + GAP, 0.0)
    return moved


def _along(ax: Axes, lines: NDArray[Any], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on the lines, close enough that no name fits between two of them."""
    ends = ax.transData.transform(np.asarray(lines, dtype=float).reshape(-1, 2)).reshape(-1, 2, 2)
    step = max(2.0, float(sizes[:, 1].min(initial=np.inf)) / 3) if len(sizes) else 2.0
    parts = []
    for start, end in ends:
        n = 2 + int(np.hypot(*(end - start)) / step)
        parts.append(np.linspace(start, end, n)[:-1])  # the name may touch the tip
    return np.concatenate(parts) if parts else np.empty((0, 2))


def label_places(
    points: NDArray[np.float64],
    sizes: NDArray[np.float64],
    weights: Sequence[float],
    avoid: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Offset of each box from its point so that no two overlap; nan where there is no room.

    Parameters
    ----------
    points : ndarray of shape (n_boxes, 2)
        Wanted centres.
    sizes : ndarray of shape (n_boxes, 2)
        Width and height, in the same unit.
    weights : sequence of float
        The heaviest chooses first.
    avoid : ndarray of shape (n_points, 2), optional
        Where a box is only put if no other place is free.
    """
    offsets = np.full((len(points), 2), np.nan)
    angles = np.arange(STEPS) * (2 * np.pi / STEPS) + np.pi / 2
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rings = np.concatenate([[[0.0, 0.0]], *(ring * around for ring in range(1, RINGS + 1))])
    low, high = np.empty((0, 2)), np.empty((0, 2))
    there = np.empty((0, 2)) if avoid is None else avoid
    for i in sorted(range(len(points)), key=lambda i: (-float(weights[i]), i)):
        # Wide boxes move farther sideways than up or down.
        step = np.array([0.5 * sizes[i, 0] + 0.5 * sizes[i, 1], sizes[i, 1]])
        candidates = points[i] + rings * step * [0.5, 1.0]
        lows, highs = candidates - sizes[i] / 2, candidates + sizes[i] / 2
        apart = (lows[:, None] >= high).any(axis=2) | (highs[:, None] <= low).any(axis=2)
        free = apart.all(axis=1)
        if free.any():
            covered = ((lows[:, None] < there) & (there < highs[:, None])).all(axis=2).sum(axis=1)
            # Of the places that are free, the first of those that cover least.
            chosen = int(np.where(free, covered, len(there) + 1).argmin())
            offsets[i] = candidates[chosen] - points[i]
            low, high = np.vstack([low, lows[chosen]]), np.vstack([high, highs[chosen]])
    return offsets
