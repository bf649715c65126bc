"""How far a map can be trusted, drawn: single figures and one page of them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ..data import Table
from ..diagnostics import Faithfulness, NullTest, PointErrors, Stability, TrustReport
from ._axes import RASTERIZED_FROM, axes_for, bare, figure_of, theme_of
from ._legends import write_legends
from ._scatter import coordinates_of, point_area, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "error_map",
    "faithfulness_curve",
    "noise_curves",
    "stability_matrix",
    "trade_off_curve",
    "trust_page",
]

FALSE_COLOR, MISSING_COLOR = "#D07000", "#7A3FD1"
"""Two hues that stay apart for every colour vision; both together are dark."""


def error_map(Y: Any, errors: PointErrors, *, ax: Axes | None = None, **keywords: Any) -> Axes:
    """Draw a map with its false and missing neighbours.

    Parameters
    ----------
    Y : Projection or array-like of shape (n_samples, 2)
        The map that was measured.
    errors : PointErrors
        From `driftglass.diagnostics.point_errors`; rows that were not looked at are faint.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **keywords
        For `matplotlib.axes.Axes.scatter`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Grey points are placed right; orange ones have false neighbours, violet ones miss theirs.
    """
    coordinates, _ = coordinates_of(Y)
    ax = axes_for(ax)
    theme = theme_of(ax)
    area = point_area(len(coordinates))
    rasterized = len(coordinates) >= RASTERIZED_FROM
    grey = f"#{theme.missing}"
    pen: Any = ax
    pen.scatter(*coordinates[:, :2].T, s=area / 2, color=grey, alpha=0.2, linewidths=0,
               rasterized=rasterized)  # fmt: skip
    worst = np.argsort(np.maximum(errors.false, errors.missing), kind="stable")
    rows = errors.rows[worst]
    colors = _mixed(errors.false[worst], errors.missing[worst], grey)
    style = {"s": area, "c": colors, "linewidths": 0, "rasterized": rasterized, **keywords}
    pen.scatter(*coordinates[rows, :2].T, **style)
    bare(ax)
    entries = [
        ("neighbours as in the data", grey, "o"),
        ("false neighbours", FALSE_COLOR, "o"),
        ("missing neighbours", MISSING_COLOR, "o"),
    ]
    write_legends(ax, [("", entries)])
    return ax


def faithfulness_curve(found: Faithfulness, *, ax: Axes | None = None, **keywords: Any) -> Axes:
    """Draw how much of neighbourhoods of every size a map keeps.

    Parameters
    ----------
    found : Faithfulness
        From `driftglass.diagnostics.faithfulness`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    **keywords
        For `matplotlib.axes.Axes.plot`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        R(K) over K, where 0 is what chance keeps.
    """
    ax = axes_for(ax, size=(4.2, 3.0))
    theme = theme_of(ax)
    style = {"color": f"#{theme.categories[0]}", "linewidth": 1.6, **keywords}
    ax.semilogx(found.scales, found.curve, **style)
    ax.axhline(0, color=f"#{theme.missing}", linewidth=0.8)
    ax.annotate("chance", (found.scales[-1], 0), xytext=(0, 3), textcoords="offset points",
                ha="right", fontsize="x-small", color=f"#{theme.secondary}")  # fmt: skip
    ax.set_ylim(min(-0.05, float(found.curve.min()) - 0.02), 1)
    ax.set_xlabel("neighbourhood size K", fontsize="small")
    ax.set_ylabel("kept beyond chance, R(K)", fontsize="small")
    ax.set_title(f"F {found.value:.2f}", fontsize="small", loc="left")
    _open(ax)
    return ax


def noise_curves(test: NullTest, *, ax: Axes | None = None) -> Axes:
    """Draw what a map keeps beside what maps of permuted data keep.

    Parameters
    ----------
    test : NullTest
        From `driftglass.diagnostics.null_test`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Bands hold the middle half of the points.
    """
    ax = axes_for(ax, size=(4.2, 3.0))
    theme = theme_of(ax)
    drawn = (("this map", test.kept, theme.categories[0]), ("noise", test.null_kept, theme.missing))
    for name, kept, color in drawn:
        low, middle, high = np.quantile(kept, [0.25, 0.5, 0.75], axis=0)
        ax.fill_between(test.scales, low, high, color=f"#{color}", alpha=0.25, linewidth=0)
        ax.plot(test.scales, middle, color=f"#{color}", linewidth=1.6, label=name)
    ax.set_xscale("log")
    ax.set_ylim(0, 1)
    ax.set_xlabel("neighbourhood size K", fontsize="small")
    ax.set_ylabel("share kept", fontsize="small")
    share = test.like_noise()
    ax.set_title(f"{share:.0%} of the points: like noise", fontsize="small", loc="left")
    ax.legend(frameon=False, fontsize="x-small")
    _open(ax)
    return ax


def stability_matrix(found: Stability, *, ax: Axes | None = None, names: Any = None) -> Axes:
    """Draw how far maps under several settings agree.

    Parameters
    ----------
    found : Stability
        From `driftglass.diagnostics.stability`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    names : sequence of str, optional
        Of the maps.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Overlap of neighbours of every pair of maps, 0 to 1.
    """
    ax = axes_for(ax, size=(3.6, 3.0))
    from ._legends import color_map

    theme = theme_of(ax)
    image = ax.imshow(found.between, vmin=0, vmax=1, cmap=color_map(theme))
    n = len(found.between)
    ticks = [str(name) for name in (range(n) if names is None else names)]
    ax.set_xticks(range(n), ticks, fontsize="x-small")
    ax.set_yticks(range(n), ticks, fontsize="x-small")
    bar: Any = figure_of(ax).colorbar(image, ax=ax, shrink=0.8)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize="x-small")
    mean = float(found.points.mean())
    ax.set_title(f"agreement of settings: {mean:.2f}", fontsize="small", loc="left")
    return ax


def trade_off_curve(table: Table, *, ax: Axes | None = None) -> Axes:
    """Draw what a parameter trades: near against far.

    Parameters
    ----------
    table : Table
        From `driftglass.diagnostics.trade_off`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    ax : matplotlib.axes.Axes
        A line per measure over the parameter, on a logarithmic axis.
    """
    ax = axes_for(ax, size=(4.6, 3.2))
    theme = theme_of(ax)
    parameter, *measures = table.columns
    for measure, color in zip(measures, theme.categories, strict=False):
        ax.plot(table[parameter], table[measure], color=f"#{color}", marker="o", markersize=3,
                linewidth=1.4, label=measure)  # fmt: skip
    if min(table[parameter]) > 0:
        ax.set_xscale("log")
    ax.set_xticks(table[parameter], [f"{value:g}" for value in table[parameter]])
    ax.minorticks_off()
    ax.set_ylim(top=1.02)
    ax.set_xlabel(parameter, fontsize="small")
    ax.legend(frameon=False, fontsize="xx-small", ncols=2)
    _open(ax)
    return ax


def trust_page(
    report: TrustReport, Y: Any, *, color: Any = None, title: str | None = None
) -> Figure:
    """Draw everything that says how far a map can be trusted on one page.

    Parameters
    ----------
    report : TrustReport
        From `driftglass.diagnostics.trust_report`.
    Y : Projection or array-like of shape (n_samples, 2 or 3)
        The map that was measured.
    color : array-like of length n_samples, optional
        Classes or numbers for the map.
    title : str, optional
        Above the page.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The map with its badge, its errors, the curve of F, the comparison with noise and with
        other settings where they were made, and the cautions in words.
    """
    pyplot = require("matplotlib.pyplot", extra="plot")
    figure = pyplot.figure(figsize=(11.5, 7.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    shown, errors = top.subplots(1, 2)
    scatter(Y, color, ax=shown, title=title or "", caption=report.badge)
    error_map(Y, report.errors, ax=errors)
    panels = 2 + (report.null is not None) + (report.stability is not None)
    axes = bottom.subplots(1, panels)
    faithfulness_curve(report.faithfulness, ax=axes[0])
    place = 1
    if report.null is not None:
        noise_curves(report.null, ax=axes[place])
        place += 1
    if report.stability is not None:
        stability_matrix(report.stability, ax=axes[place])
        place += 1
    _write_cautions(axes[place], report)
    figure.supxlabel(
        "\n".join(textwrap.wrap(report.caption, 150)), fontsize="x-small", ha="left", x=0.01
    )
    return figure  # type: ignore[no-any-return]


def _write_cautions(ax: Axes, report: TrustReport) -> None:
    theme = theme_of(ax)
    ax.set_axis_off()
    ax.set_title("What not to conclude", fontsize="small", loc="left")
    lines = [textwrap.fill(caution.text, 50) for caution in report.cautions]
    text = "\n\n".join(lines) if lines else "Nothing that was measured speaks against the picture."
    ax.text(0, 0.97, text, transform=ax.transAxes, va="top", fontsize="x-small",
            color=f"#{theme.text}", linespacing=1.2)  # fmt: skip


def _mixed(
    false: NDArray[np.float64], missing: NDArray[np.float64], grey: str
) -> NDArray[np.float64]:
    """Grey towards orange with false neighbours and towards violet with missing ones."""
    colors = require("matplotlib.colors", extra="plot")
    base, orange, violet = (
        np.array(colors.to_rgb(color)) for color in (grey, FALSE_COLOR, MISSING_COLOR)
    )
    share = np.clip(np.maximum(false, missing), 0, 1)[:, None]
    both = np.clip(false + missing, 1e-9, None)
    hue = (false / both)[:, None] * orange + (missing / both)[:, None] * violet
    return np.asarray((1 - share) * base + share * hue, dtype=np.float64)


def _open(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize="x-small")
