"""Axes to draw on, and how a map's axes look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._optional import require
from .._palette import THEMES, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["RASTERIZED_FROM", "axes_for", "bare", "figure_of", "grid_of_axes", "theme_of"]

RASTERIZED_FROM = 10_000
"""From so many points on, a vector file holds them as a picture: thousands of shapes are slow."""


def axes_for(ax: Axes | None, *, spatial: bool = False, size: Any = None) -> Axes:
    """Axes that were given, or those of a new figure.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        Where to draw.
    spatial : bool
        Whether new axes have three dimensions.
    size : (width, height) or None
        Size of a new figure in inches; matplotlib's own by default.
    """
    if ax is not None:
        return ax
    pyplot = require("matplotlib.pyplot", extra="plot")
    figure = pyplot.figure(figsize=size, layout="constrained")
    made: Axes = figure.add_subplot(projection="3d" if spatial else None)
    return made


def grid_of_axes(
    n_panels: int, *, n_columns: int | None = None, panel_size: float = 3.2, **keywords: Any
) -> tuple[Figure, list[Axes]]:
    """A new figure of equal panels in reading order; the last row may be short."""
    pyplot = require("matplotlib.pyplot", extra="plot")
    n_columns = min(n_panels, n_columns or min(4, n_panels))
    n_rows = -(-n_panels // n_columns)
    figure, axes = pyplot.subplots(
        n_rows,
        n_columns,
        figsize=(panel_size * n_columns, panel_size * n_rows),
        layout="constrained",
        squeeze=False,
        **keywords,
    )
    panels = axes.ravel().tolist()
    for spare in panels[n_panels:]:
        spare.remove()
    return figure, panels[:n_panels]


def figure_of(ax: Axes) -> Figure:
    """The whole figure that axes are part of."""
    figure: Figure = ax.get_figure(root=True)  # type: ignore[assignment]
    return figure


def bare(ax: Any) -> None:
    """Map axes: equal units and no ticks, because a map's coordinates have no unit."""
    ax.set_xticks([])
    ax.set_yticks([])
    if hasattr(ax, "set_zticks"):
        ax.set_zticks([])
        ax.set_box_aspect((1, 1, 1))
        return
    ax.set_aspect("equal", adjustable="datalim")
    for spine in ax.spines.values():
        spine.set_linewidth(0.6)
        spine.set_color(f"#{theme_of(ax).missing}")


def theme_of(ax: Axes) -> Theme:
    """Colours that stand out from what the axes are filled with."""
    colors = require("matplotlib.colors", extra="plot")
    red, green, blue, alpha = colors.to_rgba(ax.get_facecolor())
    if alpha == 0:
        red, green, blue, alpha = colors.to_rgba(figure_of(ax).get_facecolor())
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return THEMES["light" if light > 0.4 or alpha == 0 else "dark"]
