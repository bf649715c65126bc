"""What a fit looked like: its loss, and what became of a manifold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InvalidInputError, ShapeError
from ._axes import axes_for, bare, theme_of
from ._scatter import coordinates_of, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["training_curve", "unrolling"]


def training_curve(
    fitted: Any, *, log: bool = True, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw the loss by epoch, a line for each part of the fit.

    Parameters
    ----------
    fitted : GlassBoxUMAP or list of dict
        A fitted model, or its `history_`: ``phase``, ``epoch`` and ``loss`` of each epoch.
    log : bool
        Whether the loss has a logarithmic scale.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the curve.

    Returns
    -------
    ax : matplotlib.axes.Axes
        The losses of two parts cannot be compared: they measure different things.

    Raises
    ------
    InvalidInputError
        There are no epochs.
    """
    history: Sequence[Mapping[str, Any]] = getattr(fitted, "history_", fitted)
    if not isinstance(history, Sequence) or not history or "loss" not in history[0]:
        raise InvalidInputError(
            "There is no history of epochs to draw. Pass a fitted model, or its history_."
        )
    ax = axes_for(ax, size=(5.0, 3.2))
    theme = theme_of(ax)
    phases = list(dict.fromkeys(str(epoch["phase"]) for epoch in history))
    for number, phase in enumerate(phases):
        epochs = [epoch for epoch in history if epoch["phase"] == phase]
        ax.plot(
            [epoch["epoch"] + 1 for epoch in epochs],
            [epoch["loss"] for epoch in epochs],
            color=f"#{theme.categories[number]}",
            label=phase,
        )
    if log:
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    if title is not None:
        ax.set_title(title)
    return ax


def unrolling(X: Any, maps: Mapping[str, Any], along: Any, *, panel_size: float = 3.4) -> Figure:
    """Draw a manifold in three dimensions beside maps of it, coloured by a position along it.

    Where the colours of a map run smoothly from end to end it is unrolled; where far colours meet
    it is folded.

    Parameters
    ----------
    X : array-like of shape (n_samples, 3)
        Points of the manifold.
    maps : mapping of str to array-like of shape (n_samples, 2)
        Maps by title.
    along : array-like of shape (n_samples,)
        Position along the manifold.
    panel_size : float
        Side of a panel in inches.

    Returns
    -------
    figure : matplotlib.figure.Figure
        One panel for X and one for each map.

    Raises
    ------
    ShapeError
        X has not three columns.
    InvalidInputError
        There are no maps.
    """
    points, _ = coordinates_of(X)
    if points.shape[1] != 3:
        raise ShapeError(f"X has shape {points.shape}; points in three dimensions are needed.")
    if not maps:
        raise InvalidInputError("There are no maps to draw. Pass {'title': coordinates}.")
    from .._optional import require

    pyplot = require("matplotlib.pyplot", extra="plot")
    n = 1 + len(maps)
    figure: Figure = pyplot.figure(figsize=(panel_size * n, panel_size), layout="constrained")
    values = np.asarray(along, dtype=float)
    first = figure.add_subplot(1, n, 1, projection="3d")
    scatter(points, values, ax=first, legend=False, cmap="turbo", title="vectors")
    first.view_init(elev=8, azim=-72)
    for number, (title, Y) in enumerate(maps.items(), start=2):
        ax = figure.add_subplot(1, n, number)
        scatter(Y, values, ax=ax, legend=False, cmap="turbo", title=title)
        bare(ax)
    return figure
