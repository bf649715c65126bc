"""What colours, markers and areas of a map mean, written beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._optional import require
from .._palette import Theme
from ._axes import figure_of, theme_of
from ._encodings import MARKERS, Categories, Numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["color_map", "diverging_map", "explain", "write_legends", "write_scale"]

LEGEND_ROWS = 24
"""Names in a column of a legend."""


def color_map(theme: Theme) -> Any:
    """The viewer's colours for numbers, from low to high."""
    colors = require("matplotlib.colors", extra="plot")
    return colors.LinearSegmentedColormap.from_list(
        "driftglass", [f"#{stop}" for stop in theme.sequential]
    )


def diverging_map(theme: Theme) -> Any:
    """The viewer's colours for numbers below and above zero."""
    colors = require("matplotlib.colors", extra="plot")
    return colors.LinearSegmentedColormap.from_list(
        "driftglass-diverging", [f"#{stop}" for stop in theme.diverging]
    )


def write_scale(ax: Axes, low: float, high: float, cmap: Any, label: str = "") -> None:
    """Say beside the map which number each colour is."""
    scale = require("matplotlib.cm", extra="plot").ScalarMappable(
        require("matplotlib.colors", extra="plot").Normalize(low, high), cmap
    )
    bar = figure_of(ax).colorbar(scale, ax=ax, shrink=0.6, label=label, pad=0.02)
    bar.outline.set_visible(False)


def explain(
    ax: Axes,
    values: Categories | Numbers | None,
    shapes: Categories | None = None,
    sizes: Numbers | None = None,
    *,
    cmap: Any = None,
    n_left_out: int = 0,
) -> None:
    """Say beside the map what colours, markers and areas mean, each in a legend of its own."""
    theme = theme_of(ax)
    legends = []
    notes = [f"not finite, left out  {n_left_out:,}"] if n_left_out else []
    if isinstance(values, Categories):
        entries = _entries(values, values.colors(theme), values.markers(), theme)
        if shapes is not None:
            entries = [(name, color, "o") for name, color, _ in entries]
        legends.append((values.name, entries))
    if isinstance(values, Numbers):
        shown = color_map(theme) if cmap is None else cmap
        write_scale(ax, *values.range, shown, values.name)
    if shapes is not None:
        markers = [MARKERS[i % len(MARKERS)] for i in range(len(shapes.names))]
        grey = [f"#{theme.secondary}"] * len(markers)
        legends.append((shapes.name, _entries(shapes, grey, markers, theme)))
    if sizes is not None:
        low, high = sizes.range
        notes.append(f"area: {sizes.name or 'size'}, {low:.4g} to {high:.4g}")
    if notes:
        legends.append(("", [(note, "none", "o") for note in notes]))
    write_legends(ax, legends)


def _entries(
    values: Categories, colors: list[str], markers: list[str], theme: Theme
) -> list[tuple[str, str, str]]:
    counts = values.counts
    other = f"#{theme.other}"
    order = [i for i in range(len(values.names)) if counts[i] and colors[i] != other]
    entries = [(f"{values.names[i]}  {counts[i]:,}", colors[i], markers[i]) for i in order]
    n_others = int((counts > 0).sum()) - len(order)
    if n_others:
        entries.append((f"and {n_others:,} more", other, "o"))
    n_missing = int((values.codes < 0).sum())
    if n_missing:
        entries.append((f"missing  {n_missing:,}", f"#{theme.missing}", "o"))
    return entries


def write_legends(ax: Axes, legends: list[tuple[str, list[tuple[str, str, str]]]]) -> None:
    """Write legends below one another to the right of the map; the layout makes room for them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes of the map.
    legends : list of (title, entries)
        With entries (text, colour, marker).
    """
    line = require("matplotlib.lines", extra="plot").Line2D
    top = 1.0
    for position, (title, entries) in enumerate(legends):
        if not entries:
            continue
        handles = [
            line([], [], linestyle="", marker=marker, color=color, markersize=5)
            for _, color, marker in entries
        ]
        made = ax.legend(
            handles,
            [name for name, _, _ in entries],
            title=title,
            loc="upper left",
            bbox_to_anchor=(1.01, top),
            ncols=-(-len(entries) // LEGEND_ROWS),
            fontsize="x-small",
            title_fontsize="small",
            frameon=False,
            alignment="left",
            handletextpad=0.3,
            borderaxespad=0,
        )
        if position < len(legends) - 1:
            ax.add_artist(made)
            top -= (made.get_window_extent().height + 8) / ax.get_window_extent().height
