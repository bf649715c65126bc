"""Maps of groups: several maps side by side, and one group laid over all the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ..data import CategoricalColumn
from ..data._ids import positions
from ..data._infer import column_from
from ..errors import InvalidInputError, ShapeError
from ._axes import RASTERIZED_FROM, axes_for, bare, grid_of_axes, theme_of
from ._encodings import Categories, encoded
from ._labels import write_labels
from ._legends import write_legends
from ._scatter import coordinates_of, point_area, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["counts_of_names", "group_overlay", "map_grid"]

HIGHLIGHT_AREA = 2.2
"""Area of a highlighted point over that of one in the background, which stays below it."""


def map_grid(
    maps: Mapping[str, Any],
    color: Any = None,
    *,
    metadata: Any = None,
    captions: Mapping[str, str] | None = None,
    n_columns: int | None = None,
    panel_size: float = 3.2,
    labels: bool = False,
    **keywords: Any,
) -> tuple[Figure, list[Axes]]:
    """Draw several maps side by side, with one legend for all.

    Parameters
    ----------
    maps : mapping of str to Projection or array-like of shape (n_samples, 2 or 3)
        Title and coordinates of each panel. Projections are joined to `metadata` by id, so panels
        may hold other items in another order.
    color, metadata, labels, **keywords
        As in `scatter`, for every panel.
    captions : mapping of str to str, optional
        Below the panel of that title: how far it can be trusted, for example.
    n_columns : int, optional
        Panels in a row; four at most by default.
    panel_size : float
        Inches of a panel's side.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A new figure.
    axes : list of matplotlib.axes.Axes
        One for each map, in their order.

    Raises
    ------
    InvalidInputError
        There is no map.
    """
    if not maps:
        raise InvalidInputError("maps is empty; a mapping of titles to coordinates is needed.")
    columns = [coordinates_of(Y)[0].shape[1] for Y in maps.values()]
    if len(set(columns)) > 1:
        raise ShapeError(
            f"maps have {dict(zip(maps, columns, strict=True))} columns; all 2 or all 3 are needed."
        )
    projection = {"subplot_kw": {"projection": "3d"}} if columns[0] == 3 else {}
    figure, axes = grid_of_axes(len(maps), n_columns=n_columns, panel_size=panel_size, **projection)
    for position, (ax, (title, Y)) in enumerate(zip(axes, maps.items(), strict=True)):
        scatter(
            Y,
            color,
            metadata=metadata,
            labels=labels,
            legend=position == len(axes) - 1,
            ax=ax,
            title=str(title),
            caption=(captions or {}).get(title),
            **keywords,
        )
    return figure, axes


def group_overlay(
    Y: Any,
    rows: Any,
    names: Any = None,
    *,
    crossed: Any = None,
    notes: Sequence[str | None] | None = None,
    highlight_color: Any = None,
    background_color: Any = None,
    background_alpha: float = 0.35,
    markers: tuple[str, str] = ("o", "X"),
    marker_names: tuple[str, str] = ("exclusive", "multi"),
    size: float | None = None,
    legend: bool = True,
    ax: Axes | None = None,
    title: str | None = None,
    caption: str | None = None,
    **keywords: Any,
) -> Axes:
    """Draw some items of a map over all others.

    Parameters
    ----------
    Y : Projection or array-like of shape (n_samples, 2 or 3)
        Coordinates of all items; those not highlighted are a faint background.
    rows : array-like of int, of bool of shape (n_samples,), or of ids if `Y` is a Projection
        The items to highlight.
    names : array-like of length n_highlighted, or CategoricalColumn, optional
        A name of each, which gives its colour. One colour for all by default.
    crossed : array-like of bool of length n_highlighted, optional
        Which of them get the second marker: records with labels elsewhere, for example.
    notes : sequence of str or None, optional
        Written beside the highlighted items, as far as there is room.
    highlight_color : color or sequence of color, optional
        One for all, or one per name in their order; those of the viewer by default.
    background_color : color, optional
        Of all other items.
    background_alpha : float
        Opacity of the others, 0 to 1.
    markers : (str, str)
        Marker of an item, and of one that is crossed.
    marker_names : (str, str)
        What the markers mean, for the legend.
    size : float, optional
        Area of a highlighted item in square points.
    legend : bool
        Whether to explain colours and markers, in a legend each.
    ax, title, caption
        As in `scatter`.
    **keywords
        For `matplotlib.axes.Axes.scatter`, for the highlighted items.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Two artists per name at most, however many items there are.

    Raises
    ------
    ShapeError
        `names`, `crossed` or `notes` are not one per highlighted item.
    """
    coordinates, ids = coordinates_of(Y)
    at = _positions(rows, len(coordinates), ids)
    ax = axes_for(ax, spatial=coordinates.shape[1] == 3)
    theme = theme_of(ax)
    rasterized = len(coordinates) >= RASTERIZED_FROM
    base = point_area(len(coordinates))
    pen: Any = ax  # of two or of three dimensions, with another signature each
    pen.scatter(
        *coordinates.T,
        s=base,
        color=f"#{theme.missing}" if background_color is None else background_color,
        alpha=background_alpha,
        linewidths=0,
        rasterized=rasterized,
    )
    values = _names(names, len(at))
    colors = _highlights(values, highlight_color, theme)
    second = np.zeros(len(at), dtype=bool) if crossed is None else np.asarray(crossed, dtype=bool)
    _same_length("crossed", len(second), len(at))
    style = {"alpha": 0.9, "linewidths": 0, "rasterized": rasterized, **keywords}
    area = max(base * HIGHLIGHT_AREA, 12.0) if size is None else size
    for code, color in enumerate(colors):
        for marker, flagged in zip(markers, (False, True), strict=True):
            shown = at[(values.codes == code) & (second == flagged)]
            if len(shown):
                pen.scatter(*coordinates[shown].T, s=area, color=[color], marker=marker, **style)
    bare(ax)
    if legend:
        _legends(ax, values, colors, second if crossed is not None else None, markers, marker_names)
    if notes is not None and coordinates.shape[1] == 2:
        _same_length("notes", len(notes), len(at))
        written = [i for i, note in enumerate(notes) if note]
        write_labels(
            ax,
            [str(notes[i]) for i in written],
            coordinates[at[written]],
            np.zeros(len(written)).tolist(),
            color=f"#{theme.text}",
            halo=f"#{theme.canvas}",
            fontsize="xx-small",
        )
    if title is not None:
        ax.set_title(title)
    if caption is not None:
        ax.set_xlabel(caption, fontsize="x-small", color=f"#{theme.secondary}")
    return ax


def counts_of_names(
    names: Any,
    *,
    highlight_color: Any = None,
    ax: Axes | None = None,
    title: str | None = None,
    **keywords: Any,
) -> Axes:
    """Draw how many items have each name, in the colours of `group_overlay`.

    Parameters
    ----------
    names : array-like of str or CategoricalColumn
        A name per item.
    highlight_color : color or sequence of color, optional
        As in `group_overlay`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the bars.
    **keywords
        For `matplotlib.axes.Axes.barh`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Bars in order of the names from the top, with their counts.
    """
    values = _names(names, len(names))
    counts = values.counts
    ax = axes_for(ax, size=(5.0, 0.6 + 0.26 * max(len(counts), 2)))
    colors = _highlights(values, highlight_color, theme_of(ax))
    bars = ax.barh(list(values.names), counts, color=colors, **keywords)
    ax.bar_label(bars, [f"{count:,}" for count in counts], padding=3, fontsize="small")
    ax.invert_yaxis()
    ax.set_xlabel("items")
    ax.spines[["top", "right"]].set_visible(False)
    ax.margins(x=0.12)
    if title is not None:
        ax.set_title(title)
    return ax


def _positions(rows: Any, n_rows: int, ids: NDArray[Any] | None) -> NDArray[np.int64]:
    wanted = np.asarray(rows)
    if wanted.dtype == bool:
        _same_length("rows", len(wanted), n_rows)
        return np.flatnonzero(wanted)
    if ids is not None:
        found = positions(wanted, ids)
        return np.asarray(found[found >= 0], dtype=np.int64)
    if wanted.size and (
        wanted.dtype.kind not in "iu" or wanted.min() < 0 or wanted.max() >= n_rows
    ):
        raise InvalidInputError(
            f"rows hold {wanted.ravel()[:3].tolist()} …; positions 0 to {n_rows - 1} or a mask "
            f"are needed. Pass a Projection to name items by id."
        )
    return wanted.astype(np.int64)


def _names(names: Any, n: int) -> Categories:
    if names is None:
        return Categories("", np.zeros(n, dtype=np.int64), ("highlighted",))
    if isinstance(names, CategoricalColumn):
        column: Any = names
    else:
        column = column_from([str(name) for name in names], name="names", kind="categorical")
    values = encoded("", column)
    assert isinstance(values, Categories)
    _same_length("names", len(values.codes), n)
    return values


def _highlights(values: Categories, given: Any, theme: Any) -> list[Any]:
    if given is None:
        return values.colors(theme)
    colors = require("matplotlib.colors", extra="plot")
    if colors.is_color_like(given):
        return [given] * len(values.names)
    if len(given) < len(values.names):
        raise ShapeError(
            f"highlight_color has {len(given)} colours for {len(values.names)} names; one for all "
            f"or one for each is needed."
        )
    return list(given[: len(values.names)])


def _legends(
    ax: Axes,
    values: Categories,
    colors: list[Any],
    crossed: NDArray[np.bool_] | None,
    markers: tuple[str, str],
    marker_names: tuple[str, str],
) -> None:
    grey = f"#{theme_of(ax).secondary}"
    counts = values.counts
    entries = [
        (f"{name}  {count:,}", color, "o")
        for name, count, color in zip(values.names, counts, colors, strict=True)
        if count
    ]
    legends = [("", entries)]
    if crossed is not None:
        found = (int((~crossed).sum()), int(crossed.sum()))
        meanings = zip(marker_names, found, markers, strict=True)
        legends.append(("", [(f"{name}  {n:,}", grey, marker) for name, n, marker in meanings]))
    write_legends(ax, legends)


def _same_length(name: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise ShapeError(f"{name} has {found:,} values for {wanted:,} items; one each is needed.")
