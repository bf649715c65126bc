"""Square pictures: what is taken for what, and how alike every two of something are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ..errors import InvalidInputError, ShapeError
from ._axes import axes_for, figure_of, theme_of
from ._legends import color_map

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["confusion_matrix", "similarity_map"]

MOST_TICKS = 12
MOST_ANNOTATED = 20
"""Rows up to which counts can be read in their cells."""


def confusion_matrix(
    counts: Any,
    classes: Sequence[str] | None = None,
    *,
    annotate: bool = False,
    largest: float | None = None,
    cmap: Any = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw which classes are taken for which.

    Parameters
    ----------
    counts : array-like of shape (n_classes, n_classes)
        From `driftglass.diagnostics.confusion_matrix`, or one of `Tracks.confusion`: rows are
        labels, columns predictions.
    classes : sequence of str, optional
        Names of the classes.
    annotate : bool
        Whether to write the counts into their cells.
    largest : float, optional
        Count of the strongest colour, the same for several matrices to be compared; the largest
        of this one by default. Colours follow the root of the count, so that the few confused
        items are seen beside the many right ones.
    cmap : str or Colormap, optional
        From none to many.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the matrix; the share of right predictions by default.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Labels from top to bottom, predictions from left to right.

    Raises
    ------
    ShapeError
        The table is not square, or does not fit the classes.
    """
    table = np.asarray(counts)
    names = _class_names(table, classes)
    ax = axes_for(ax, size=(4.2, 4.0))
    theme = theme_of(ax)
    top = float(table.max(initial=0)) if largest is None else float(largest)
    colors = require("matplotlib.colors", extra="plot")
    if cmap is None:
        full = np.add(colors.to_rgb(f"#{theme.categories[0]}"), colors.to_rgb(f"#{theme.text}")) / 2
        cmap = colors.LinearSegmentedColormap.from_list(
            "counts", [f"#{theme.canvas}", f"#{theme.categories[0]}", full]
        )
    norm = colors.PowerNorm(0.5, 0, max(top, 1.0), clip=True)
    image = ax.imshow(table, cmap=cmap, norm=norm)
    _ticks(ax.set_xticks, names, rotation=90 if max(map(len, names), default=0) > 2 else 0)
    _ticks(ax.set_yticks, names)
    ax.set_xlabel("predicted", fontsize="small")
    ax.set_ylabel("label", fontsize="small")
    if annotate:
        _write_counts(ax, table, image.cmap(image.norm(table)))
    total = float(table.sum())
    share = float(np.trace(table)) / total if total else 0.0
    ax.set_title(f"{share:.1%} right" if title is None else title, fontsize="small", loc="left")
    return ax


def similarity_map(
    values: Any,
    rows: Any = None,
    columns: Any = None,
    *,
    name: str = "CKA",
    n: int | None = None,
    row_name: str = "training step",
    column_name: str | None = None,
    annotate: bool = False,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw how alike every two of something are: steps, layers, or the steps of two runs.

    Parameters
    ----------
    values : array-like of shape (n_rows, n_columns)
        For example `Tracks.cka`, `RunComparison.cka_map` or what
        `driftglass.diagnostics.cka_map` returns; nan where nothing is known.
    rows, columns : sequence of int or str, optional
        Steps or names; columns are those of the rows by default, if the map is square.
    name : str
        What the values are; values below 0 get colours of their own.
    n : int, optional
        Items that they were computed from, to be stated.
    row_name, column_name : str
        What rows and columns are.
    annotate : bool
        Whether to write the values into their cells, where there are few.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the map.

    Returns
    -------
    ax : matplotlib.axes.Axes
        First row at the top. Cells without a value are hatched.

    Raises
    ------
    ShapeError
        Names and values do not belong together.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise ShapeError(f"values has shape {table.shape}; a table of rows and columns is needed.")
    row_names = _names_of(rows, table.shape[0], "rows")
    if columns is None and rows is not None and table.shape[0] == table.shape[1]:
        columns = rows
    column_names = _names_of(columns, table.shape[1], "columns")
    ax = axes_for(ax, size=(4.6, 3.8))
    theme = theme_of(ax)
    finite = table[np.isfinite(table)]
    low = min(0.0, float(finite.min())) if finite.size else 0.0
    high = max(1.0, float(finite.max())) if finite.size else 1.0
    ax.set_facecolor(f"#{theme.canvas}")
    # What is not known is transparent, and shows the hatched ground.
    ax.patch.set_hatch("////")
    ax.patch.set_edgecolor(f"#{theme.missing}")
    aspect: Any = "equal" if table.shape[0] == table.shape[1] else "auto"
    image = ax.imshow(table, cmap=color_map(theme), vmin=low, vmax=high, aspect=aspect,
                      interpolation="nearest")  # fmt: skip
    long = max(map(len, column_names), default=0) > 5
    _ticks(ax.set_xticks, column_names, rotation=90 if long else 0)
    _ticks(ax.set_yticks, row_names)
    ax.set_ylabel(row_name, fontsize="small")
    ax.set_xlabel(row_name if column_name is None else column_name, fontsize="small")
    bar: Any = figure_of(ax).colorbar(image, ax=ax, shrink=0.85, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize="x-small")
    bar.set_label(name if n is None else f"{name}, n = {n:,}", fontsize="small")
    if annotate and max(table.shape) <= MOST_ANNOTATED:
        _write_cells(ax, table, image.cmap(image.norm(table)), "{:.2f}")
    if title is not None:
        ax.set_title(title, fontsize="small", loc="left")
    return ax


def _class_names(table: NDArray[Any], classes: Sequence[str] | None) -> list[str]:
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.size == 0:
        raise ShapeError(
            f"counts has shape {table.shape}; one row and one column per class is needed. "
            f"diagnostics.confusion_matrix makes such a table of labels and predictions."
        )
    if (np.asarray(table, dtype=float) < 0).any():
        raise InvalidInputError("counts has negative entries; how often is never negative.")
    names = [str(name) for name in (range(len(table)) if classes is None else classes)]
    if len(names) > len(table):
        raise ShapeError(f"{len(names)} classes for {len(table)} rows; one name each is needed.")
    # A model may know classes that no label has.
    return [*names, *(str(number) for number in range(len(names), len(table)))]


def _names_of(names: Any, n: int, what: str) -> list[str]:
    shown = range(n) if names is None else list(names)
    if len(shown) != n:
        raise ShapeError(f"{len(shown)} names of {what} for {n} of them; one each is needed.")
    return [f"{name:,}" if isinstance(name, (int, np.integer)) else str(name) for name in shown]


def _ticks(set_ticks: Any, names: list[str], rotation: float = 0) -> None:
    """Names of cells, some of them where there are too many."""
    most = MOST_TICKS if any(len(name) > 2 for name in names) else 2 * MOST_TICKS
    every = -(-len(names) // most)
    places = list(range(0, len(names), every))
    set_ticks(places, [names[place] for place in places], fontsize="x-small", rotation=rotation)


def _write_counts(ax: Axes, table: NDArray[Any], colors: Any) -> None:
    size = "x-small" if len(table) <= 10 else "xx-small" if len(table) <= MOST_ANNOTATED else 3.5
    _write_cells(ax, table, colors, "{:,}", size=size, blank_zero=True)


def _write_cells(
    ax: Axes,
    table: NDArray[Any],
    colors: Any,
    form: str,
    size: Any = "x-small",
    blank_zero: bool = False,
) -> None:
    """Values in their cells, dark on light and light on dark."""
    light = np.asarray(colors)[..., :3] @ [0.2126, 0.7152, 0.0722]
    for (row, column), value in np.ndenumerate(table):
        if not np.isfinite(value) or (blank_zero and value == 0):
            continue
        ink = "black" if light[row, column] > 0.5 else "white"
        text = form.format(value.item() if hasattr(value, "item") else value)
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=ink)
