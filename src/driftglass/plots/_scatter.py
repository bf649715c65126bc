"""One map as a scatter plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from .._palette import Theme
from ..data import Metadata, Projection
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ._axes import RASTERIZED_FROM, axes_for, bare, theme_of
from ._encodings import MARKERS, Categories, Numbers, encoded
from ._labels import write_labels
from ._legends import color_map, explain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["coordinates_of", "point_area", "scatter"]


def scatter(
    Y: Any,
    color: Any = None,
    *,
    size: Any = None,
    marker: Any = None,
    metadata: Any = None,
    labels: bool = False,
    legend: bool = True,
    ax: Axes | None = None,
    alpha: float | None = None,
    cmap: Any = None,
    rasterized: bool | None = None,
    title: str | None = None,
    caption: str | None = None,
    **keywords: Any,
) -> Axes:
    """Draw a map, one artist per group.

    Parameters
    ----------
    Y : Projection or array-like of shape (n_samples, 2 or 3)
        Coordinates. A `Projection` is joined to `metadata` by its ids.
    color, size, marker : str, array-like of length n_samples, or column, optional
        A column of `metadata` by name, or one value per row. Names of values give one colour (or
        marker) each, numbers a colour map (or areas). `color` and `marker` may also be one that
        matplotlib knows, `size` an area in square points.
    metadata : Metadata, mapping, list of mappings or data frame, optional
        Where columns are looked up; a table without ids has a row for each row of `Y`.
    labels : bool
        Whether to write the names of the groups on the map (2-D only).
    legend : bool
        Whether to explain colours, sizes and markers beside the map, each in a legend of its own.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    alpha : float, optional
        Opacity; from the number of points by default.
    cmap : str or Colormap, optional
        For numbers; that of the viewer by default.
    rasterized : bool, optional
        Whether a vector file holds the points as a picture; by default from 10,000 points on.
    title, caption : str, optional
        Above and below the map.
    **keywords
        For `matplotlib.axes.Axes.scatter`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Rows without a value are grey and in front of nothing; rows that are not finite are left
        out and counted in the legend.

    Raises
    ------
    ShapeError
        `Y` has not 2 or 3 columns, or a column another number of rows.
    NotFoundError
        `metadata` has no such column.

    Examples
    --------
    >>> from driftglass.plots import scatter
    >>> ax = scatter([[0, 0], [1, 0], [1, 1]], color=["cat", "dog", "dog"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['cat  1', 'dog  2']
    """
    coordinates, ids = coordinates_of(Y)
    table = _joined(metadata, ids, len(coordinates))
    ax = axes_for(ax, spatial=coordinates.shape[1] == 3)
    theme = theme_of(ax)
    drawn = _Drawn(
        coordinates,
        np.asarray(np.isfinite(coordinates).all(axis=1)),
        theme,
        {
            "alpha": _opacity(len(coordinates)) if alpha is None else alpha,
            "linewidths": 0,
            "rasterized": len(coordinates) >= RASTERIZED_FROM if rasterized is None else rasterized,
            **keywords,
        },
    )
    values = _values(color, "color", table, len(coordinates))
    shapes = _values(marker, "marker", table, len(coordinates))
    if isinstance(shapes, Numbers):
        raise InvalidInputError(
            "marker is a column of numbers; markers need a few named values. "
            "Give it as color or size."
        )
    areas, sizes = _areas(size, table, drawn)
    _draw(ax, drawn, values, color, shapes, marker, areas, cmap)
    bare(ax)
    if legend:
        n_left_out = int((~drawn.finite).sum())
        explain(ax, values, shapes, sizes, cmap=cmap, n_left_out=n_left_out)
    if labels and isinstance(values, Categories) and coordinates.shape[1] == 2:
        _label(ax, drawn, values)
    if title is not None:
        ax.set_title(title)
    if caption is not None:
        ax.set_xlabel(caption, fontsize="x-small", color=f"#{theme.secondary}")
    return ax


@dataclass(frozen=True, eq=False)
class _Drawn:
    coordinates: NDArray[np.float64]
    finite: NDArray[np.bool_]
    theme: Theme
    style: dict[str, Any]


def coordinates_of(Y: Any) -> tuple[NDArray[np.float64], NDArray[Any] | None]:
    """Coordinates in two or three columns, and the ids of their rows if they have any."""
    ids = Y.ids if isinstance(Y, Projection) else None
    try:
        coordinates = np.asarray(Y.coordinates if isinstance(Y, Projection) else Y, dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"Y is {Y!r:.60}, which is no table of numbers; coordinates of shape "
            f"(n_samples, 2) or (n_samples, 3) are needed."
        ) from error
    if coordinates.ndim != 2 or coordinates.shape[1] not in (2, 3):
        raise ShapeError(
            f"Y has shape {coordinates.shape}; coordinates of shape (n_samples, 2) or "
            f"(n_samples, 3) are needed. Project vectors first, for example with UMAP."
        )
    return coordinates, ids


def point_area(n_points: int) -> float:
    """Area of a point in square points that keeps a map of n_points readable."""
    return float(np.clip(40_000 / max(n_points, 1), 1.5, 30))


def _opacity(n_points: int) -> float:
    return float(np.clip(1.2 - 0.15 * np.log10(max(n_points, 1)), 0.35, 0.9))


def _joined(metadata: Any, ids: NDArray[Any] | None, n_rows: int) -> Metadata | None:
    if metadata is None:
        return None
    if isinstance(metadata, Metadata):
        table = metadata
    else:
        table = Metadata.from_table(metadata)
        ids = None
    if ids is not None:
        return table.select(ids)
    if len(table) != n_rows:
        raise ShapeError(
            f"metadata has {len(table):,} rows for {n_rows:,} points, and no ids to join them by. "
            f"Pass a Projection and a Metadata with ids, or one row per point."
        )
    return table


def _values(
    given: Any, role: str, table: Metadata | None, n_rows: int
) -> Categories | Numbers | None:
    """Values per row; None where one colour or marker is meant for all."""
    if isinstance(given, str) and table is not None and given in table.columns:
        return encoded(given, table[given])
    if given is None or _is_plain(given, role):
        return None
    if isinstance(given, str):
        if table is None:
            raise InvalidInputError(
                f"{role} is {given!r}, which is no {role} of matplotlib; to use a column, pass "
                f"the table as metadata."
            )
        raise NotFoundError.for_name("metadata column", given, list(table.columns))
    values = encoded("", given)
    n_values = len(values.codes if isinstance(values, Categories) else values.values)
    if n_values != n_rows:
        raise ShapeError(
            f"{role} has {n_values:,} values for {n_rows:,} points; one per point is needed."
        )
    return values


def _is_plain(given: Any, role: str) -> bool:
    if role == "color":
        if isinstance(given, str):
            return bool(require("matplotlib.colors", extra="plot").is_color_like(given))
        return isinstance(given, tuple) and len(given) in (3, 4) and not isinstance(given[0], str)
    if role == "marker":
        return (
            isinstance(given, str)
            and given in require("matplotlib.lines", extra="plot").Line2D.markers
        )
    return isinstance(given, (int, float))


def _areas(
    size: Any, table: Metadata | None, drawn: _Drawn
) -> tuple[NDArray[np.float64], Numbers | None]:
    n = len(drawn.coordinates)
    base = point_area(n)
    if isinstance(size, (int, float)):
        return np.full(n, float(size)), None
    sizes = None
    if isinstance(size, str) and table is not None and size in table.columns:
        sizes = encoded(size, table[size])
    elif size is not None:
        sizes = _values(size, "size", table, n)
    if sizes is None:
        return np.full(n, base), None
    if not isinstance(sizes, Numbers):
        raise InvalidInputError(
            "size is a column of names; areas need numbers. Give it as color or marker."
        )
    low, high = sizes.range
    place = np.clip((sizes.values - low) / ((high - low) or 1.0), 0, 1)
    # A missing size is the smallest; the legend cannot promise one for it.
    return base * (0.4 + 3.6 * np.nan_to_num(place)), sizes


def _draw(
    ax: Any,  # of two or of three dimensions, with another signature each
    drawn: _Drawn,
    values: Categories | Numbers | None,
    color: Any,
    shapes: Categories | None,
    marker: Any,
    areas: NDArray[np.float64],
    cmap: Any,
) -> None:
    for shape, rows in _by_marker(drawn, values, shapes, marker):
        for paint, painted in _by_color(drawn, values, color, rows):
            if not len(painted):
                continue
            numbers = isinstance(paint, Numbers)
            low, high = paint.range if numbers else (None, None)
            ax.scatter(
                *drawn.coordinates[painted].T,
                s=areas[painted],
                c=paint.values[painted] if numbers else [paint],
                cmap=(color_map(drawn.theme) if cmap is None else cmap) if numbers else None,
                vmin=low,
                vmax=high,
                marker=shape,
                **drawn.style,
            )


def _by_marker(
    drawn: _Drawn, values: Categories | Numbers | None, shapes: Categories | None, marker: Any
) -> list[tuple[str, NDArray[np.int64]]]:
    if shapes is None:
        own = values.markers() if isinstance(values, Categories) and marker is None else []
        if len(set(own)) < 2:
            return [(marker or "o", np.flatnonzero(drawn.finite))]
        assert isinstance(values, Categories)
        codes, of_value = values.codes, own
    else:
        codes = shapes.codes
        of_value = [MARKERS[i % len(MARKERS)] for i in range(len(shapes.names))]
    table = np.array([MARKERS.index(shape) for shape in of_value] + [0])
    which = table[codes]
    return [
        (shape, np.flatnonzero((which == i) & drawn.finite))
        for i, shape in enumerate(MARKERS)
        if (which == i).any()
    ]


def _by_color(
    drawn: _Drawn, values: Categories | Numbers | None, color: Any, rows: NDArray[np.int64]
) -> list[tuple[Any, NDArray[np.int64]]]:
    """What to draw a group of rows with; missing values come first, under all others."""
    theme = drawn.theme
    if values is None:
        return [(f"#{theme.categories[0]}" if color is None else color, rows)]
    if isinstance(values, Numbers):
        known = np.isfinite(values.values[rows])
        return [(f"#{theme.missing}", rows[~known]), (values, rows[known])]
    codes = values.codes[rows]
    ordered = np.argsort(-values.counts, kind="stable")  # small groups on top of large ones
    colors = values.colors(theme)
    groups: list[tuple[Any, NDArray[np.int64]]] = [(f"#{theme.missing}", rows[codes < 0])]
    return groups + [(colors[code], rows[codes == code]) for code in ordered]


def _label(ax: Axes, drawn: _Drawn, values: Categories) -> None:
    present = [i for i in np.flatnonzero(values.counts) if (values.codes[drawn.finite] == i).any()]
    rows = [drawn.finite & (values.codes == i) for i in present]
    places = np.array([np.median(drawn.coordinates[row], axis=0) for row in rows]).reshape(-1, 2)
    write_labels(
        ax,
        [values.names[i] for i in present],
        places,
        [float(row.sum()) for row in rows],
        color=f"#{drawn.theme.text}",
        halo=f"#{drawn.theme.canvas}",
    )
