"""The axis of training steps, and lines over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from .._palette import Theme
from ..diagnostics import Track
from ._axes import theme_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_track", "finish", "moving_average", "ordered_colors", "step_axis"]

UNEVEN = 16
"""Longest distance between steps over the shortest, from which on a linear axis hides the start."""


def step_axis(ax: Axes, steps: Any) -> None:
    """Training steps from left to right; on a logarithmic axis where recording began densely."""
    known = np.unique(np.asarray(steps, dtype=np.float64))
    gaps = np.diff(known)
    if len(gaps) and gaps.max() >= UNEVEN * gaps.min():
        ticker = require("matplotlib.ticker", extra="plot")
        ax.set_xscale("symlog", linthresh=1.0, linscale=0.4)
        places = [0.0, *10.0 ** np.arange(0, np.ceil(np.log10(known[-1])) + 1)]
        shown = [place for place in places if known[0] <= place <= known[-1]]
        ax.set_xticks(shown, [f"{place:,.0f}" for place in shown])
        ax.xaxis.set_minor_locator(ticker.NullLocator())
    if len(known) > 1:
        ax.set_xlim(known[0], known[-1])
    ax.set_xlabel("training step", fontsize="small")


def draw_track(
    ax: Axes,
    track: Track,
    color: str,
    *,
    label: str | None = None,
    factor: float = 1.0,
    flip: bool = False,
    errors: bool = True,
    **keywords: Any,
) -> None:
    """One track as a line, with a band of two standard errors on either side."""
    values = factor * track.values
    values = 1.0 - values if flip else values
    style = {"color": color, "linewidth": 1.4, **keywords}
    if len(track) == 1:
        style |= {"marker": "o", "markersize": 3}
    ax.plot(track.steps, values, label=label, **style)
    if errors and len(track) > 1:
        spread = 2 * abs(factor) * track.standard_errors
        ax.fill_between(
            track.steps, values - spread, values + spread, color=color, alpha=0.18, linewidth=0
        )


def ordered_colors(theme: Theme, n: int) -> list[str]:
    """Colours for lines that have an order, from the first to the last."""
    colors = require("matplotlib.colors", extra="plot")
    ramp = colors.LinearSegmentedColormap.from_list("", [f"#{stop}" for stop in theme.sequential])
    return [colors.to_hex(ramp(place)) for place in np.linspace(0, 1, max(n, 2))[:n]]


def finish(ax: Axes, title: str | None, *, columns: int = 1, legend: bool = True) -> Axes:
    """Open frame, small ticks, legend and title: what all curves have."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize="x-small")
    if legend and ax.get_legend_handles_labels()[0]:
        ax.legend(
            frameon=False, fontsize="x-small", ncols=columns, labelcolor=f"#{theme_of(ax).text}"
        )
    if title is not None:
        ax.set_title(title, fontsize="small", loc="left")
    return ax


def moving_average(values: Sequence[float] | NDArray[Any], window: int) -> NDArray[np.float64]:
    """Mean of the values around each, fewer at the ends; what is not finite is left out."""
    x = np.asarray(values, dtype=np.float64)
    known = np.isfinite(x)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, x, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    at = np.arange(len(x))
    first, last = np.maximum(at - (window - 1) // 2, 0), np.minimum(at + window // 2 + 1, len(x))
    count = counts[last] - counts[first]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (sums[last] - sums[first]) / count
    return np.where(count > 0, mean, np.nan)
