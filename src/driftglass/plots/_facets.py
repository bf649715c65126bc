"""Maps compared part by part: a panel per group, filled densities, two data sets with marginals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ..errors import InvalidInputError, ShapeError
from ._axes import RASTERIZED_FROM, axes_for, bare, figure_of, grid_of_axes, theme_of
from ._encodings import Categories, Numbers, encoded
from ._legends import write_legends
from ._scatter import coordinates_of, point_area, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["density_contours", "facets", "joint_map", "within"]

MIN_POINTS = 5
OUTLIER_NORM = 3.0
GRID = 96
LEVELS = 4


def within(Y: NDArray[Any], *, norm: float = OUTLIER_NORM) -> NDArray[np.bool_]:
    """Points that are no outliers: those whose z-scores have a norm of at most `norm`.

    The same rule holds for every group; a figure that uses it says how many points it left out.
    """
    points = np.asarray(Y, dtype=float)
    spread = points.std(axis=0)
    scores = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.asarray(np.linalg.norm(scores, axis=1) <= norm, dtype=bool)


def facets(
    Y: Any,
    by: Any,
    color: Any = None,
    *,
    names: Any = None,
    max_panels: int = 24,
    n_columns: int | None = None,
    panel_size: float = 2.6,
    **keywords: Any,
) -> tuple[Figure, list[Axes]]:
    """Draw a panel per group, with all other points as a faint background.

    Parameters
    ----------
    Y : Projection or array-like of shape (n_samples, 2)
        The map, the same in every panel.
    by : array-like of length n_samples, or column
        Group of each point; numbers are cut into four groups of about as many points.
    color : array-like of length n_samples, optional
        Classes or numbers for the points of a panel; the group's colour by default. Numbers share
        one scale.
    names : sequence of str, optional
        Groups to draw, in this order; the largest first by default.
    max_panels : int
        More groups than this are not drawn; the last title says how many.
    n_columns : int, optional
        Panels in a row.
    panel_size : float
        Inches of a panel's side.
    **keywords
        For `scatter`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A new figure.
    axes : list of matplotlib.axes.Axes
        One per group.

    Raises
    ------
    InvalidInputError
        `by` holds no value.
    """
    coordinates, _ = coordinates_of(Y)
    groups = _groups(by, len(coordinates))
    counts = groups.counts
    order = [int(i) for i in np.argsort(-counts, kind="stable") if counts[i]]
    if names is not None:
        place = {name: i for i, name in enumerate(groups.names)}
        order = [place[str(name)] for name in names if str(name) in place]
    if not order:
        raise InvalidInputError("by holds no group that is to be drawn.")
    left_out = max(0, len(order) - max_panels)
    order = order[:max_panels]
    figure, axes = grid_of_axes(len(order), n_columns=n_columns, panel_size=panel_size)
    values = None if color is None else np.asarray(color)
    if values is not None and len(values) != len(coordinates):
        raise ShapeError(f"color has {len(values):,} values for {len(coordinates):,} points.")
    for position, (ax, group) in enumerate(zip(axes, order, strict=True)):
        theme = theme_of(ax)
        rows = np.flatnonzero(groups.codes == group)
        _background(ax, coordinates, f"#{theme.missing}")
        shown = groups.colors(theme)[group] if values is None else values[rows]
        title = f"{groups.names[group]}  {counts[group]:,}"
        if left_out and position == len(order) - 1:
            title += f" (and {left_out:,} more groups)"
        last = values is not None and position == len(order) - 1
        scatter(coordinates[rows], shown, ax=ax, **{"legend": last, **keywords})
        ax.set_title(title, fontsize="small")
    return figure, axes


def density_contours(
    Y: Any,
    by: Any,
    *,
    levels: int = LEVELS,
    alpha: float = 0.25,
    outliers: float | None = OUTLIER_NORM,
    points: bool = False,
    legend: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw where each group is dense, as filled contours.

    Parameters
    ----------
    Y : Projection or array-like of shape (n_samples, 2)
        The map.
    by : array-like of length n_samples, or column
        Group of each point. Groups of fewer than five points, or on a line, are drawn as points.
    levels : int
        Contours per group, at equal shares of its points.
    alpha : float
        Opacity of a contour, 0 to 1.
    outliers : float or None
        Points whose z-scores within the group have a larger norm are left out of its density, for
        every group by the same rule; the legend says how many. None keeps all.
    points : bool
        Whether to draw the points as well.
    legend : bool
        Whether to name the groups.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    ax : matplotlib.axes.Axes
        The outermost contour holds about 95 % of a group's density.
    """
    coordinates, _ = coordinates_of(Y)
    groups = _groups(by, len(coordinates))
    ax = axes_for(ax)
    theme = theme_of(ax)
    colors = groups.colors(theme)
    entries = []
    for code in np.flatnonzero(groups.counts):
        own = coordinates[groups.codes == code][:, :2]
        own = own[np.isfinite(own).all(axis=1)]
        kept = own if outliers is None else own[within(own, norm=outliers)]
        drawn = _filled(ax, kept, colors[code], levels, alpha)
        if points or not drawn:
            ax.scatter(own[:, 0], own[:, 1], s=point_area(len(coordinates)), color=colors[code],
                       linewidths=0, alpha=0.6, rasterized=len(own) >= RASTERIZED_FROM)  # fmt: skip
        left = len(own) - len(kept)
        name = f"{groups.names[code]}  {len(own):,}"
        entries.append((f"{name} ({left:,} outliers)" if left else name, colors[code], "s"))
    ax.autoscale_view()
    bare(ax)
    if legend:
        write_legends(ax, [("", entries)])
    return ax


def joint_map(
    maps: Mapping[str, Any], *, labels: Mapping[str, Any] | None = None, size: float = 6.0
) -> tuple[Figure, list[Axes]]:
    """Draw data sets that share one map, with the density of each along both axes.

    Parameters
    ----------
    maps : mapping of str to Projection or array-like of shape (n_samples, 2)
        Title and coordinates of each data set, all from one fit: separate fits have no common
        axes.
    labels : mapping of str to array-like, optional
        Classes of the points of a data set, drawn as contours below the points.
    size : float
        Inches of a side.

    Returns
    -------
    figure : matplotlib.figure.Figure
        A new figure.
    axes : list of matplotlib.axes.Axes
        The map, and the densities along its two axes.
    """
    if not maps:
        raise InvalidInputError("maps is empty; a mapping of titles to coordinates is needed.")
    pyplot = require("matplotlib.pyplot", extra="plot")
    figure = pyplot.figure(figsize=(size + 1.4, size), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[5, 1], height_ratios=[1, 5])
    ax = figure.add_subplot(grid[1, 0])
    top = figure.add_subplot(grid[0, 0], sharex=ax)
    right = figure.add_subplot(grid[1, 1], sharey=ax)
    theme = theme_of(ax)
    entries = []
    for number, (title, Y) in enumerate(maps.items()):
        coordinates, _ = coordinates_of(Y)
        color = f"#{theme.categories[number % len(theme.categories)]}"
        marker = "o" if number == 0 else "*"
        if labels is not None and title in labels:
            density_contours(coordinates, labels[title], ax=ax, legend=False)
        ax.scatter(coordinates[:, 0], coordinates[:, 1], s=point_area(len(coordinates)),
                   color=color, marker=marker, alpha=0.6, linewidths=0,
                   rasterized=len(coordinates) >= RASTERIZED_FROM)  # fmt: skip
        for axis, margin in enumerate((top, right)):
            _margin(margin, coordinates[:, axis], color, upright=axis == 0)
        entries.append((f"{title}  {len(coordinates):,}", color, marker))
    ax.tick_params(length=0, labelbottom=False, labelleft=False)
    for margin in (top, right):
        margin.set_axis_off()
    write_legends(right, [("", entries)])
    return figure_of(ax), [ax, top, right]


def _groups(by: Any, n: int) -> Categories:
    groups = encoded("", by)
    if not isinstance(groups, Categories):
        groups = _quarters(groups)
    if len(groups.codes) != n:
        raise ShapeError(f"by has {len(groups.codes):,} values for {n:,} points.")
    return groups


def _quarters(numbers: Numbers) -> Categories:
    """Numbers in four groups of about as many points."""
    known = numbers.values[np.isfinite(numbers.values)]
    if not len(known):
        raise InvalidInputError("by holds no finite number.")
    edges = np.unique(np.quantile(known, [0, 0.25, 0.5, 0.75, 1]))
    codes = np.clip(np.searchsorted(edges, numbers.values, side="right") - 1, 0, len(edges) - 2)
    codes = np.where(np.isfinite(numbers.values), np.maximum(codes, 0), -1).astype(np.int64)
    pairs = itertools.pairwise(edges) if len(edges) > 1 else [(edges[0], edges[0])]
    return Categories("", codes, tuple(f"{low:.4g} to {high:.4g}" for low, high in pairs))


def _background(ax: Any, coordinates: NDArray[np.float64], color: str) -> None:
    area = point_area(len(coordinates)) / 2
    rasterized = len(coordinates) >= RASTERIZED_FROM
    ax.scatter(*coordinates.T, s=area, color=color, alpha=0.2, linewidths=0, rasterized=rasterized)


def _filled(ax: Any, points: NDArray[np.float64], color: Any, levels: int, alpha: float) -> bool:
    """Fill contours of the points' density; False where there are too few of them."""
    if len(points) < MIN_POINTS or np.linalg.matrix_rank(points - points.mean(axis=0)) < 2:
        return False
    from scipy.stats import gaussian_kde

    density = gaussian_kde(points.T)
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.25 * (high - low)
    x, y = (np.linspace(low[i] - room[i], high[i] + room[i], GRID) for i in range(2))
    values = density(np.stack(np.meshgrid(x, y)).reshape(2, -1)).reshape(GRID, GRID)
    # Contours at equal shares of the points and not of the peak, which is an accident.
    shares = np.quantile(density(points.T), np.linspace(0.05, 0.8, levels))
    edges = np.unique(np.append(shares, values.max() * (1 + 1e-9)))
    if len(edges) < 2:
        return False
    ax.contourf(x, y, values, levels=edges, colors=[color] * (len(edges) - 1), alpha=alpha)
    return True


def _margin(ax: Any, values: NDArray[np.float64], color: Any, *, upright: bool) -> None:
    known = values[np.isfinite(values)]
    if len(known) < MIN_POINTS or np.ptp(known) == 0:
        return
    from scipy.stats import gaussian_kde

    at = np.linspace(known.min(), known.max(), 256)
    heights = gaussian_kde(known)(at)
    fill = ax.fill_between if upright else ax.fill_betweenx
    fill(at, heights, color=color, alpha=0.35, linewidth=0)
