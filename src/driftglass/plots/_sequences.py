"""A sequence of maps on paper: side by side, and whether it moves with its vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ..data import ProjectionSequence
from ..data._ids import positions
from ..diagnostics import SequenceScores
from ..diagnostics._meaning import spearman
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ..projections._snapshots import Snapshots
from ._axes import axes_for, grid_of_axes, theme_of
from ._encodings import Categories, encoded
from ._legends import explain
from ._scatter import scatter
from ._time_axis import finish

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["as_sequence", "colors_by_id", "limits_of", "movement_scatter", "sequence_grid"]

FEWEST = 3
MOST_DOTS = 20_000
"""Pairs of steps up to which each is a dot; more are counted in hexagons."""


def sequence_grid(
    sequence: Any,
    color: Any = None,
    *,
    steps: Sequence[int] | None = None,
    n_frames: int = 6,
    n_columns: int | None = None,
    scores: SequenceScores | None = None,
    legend: bool = True,
    panel_size: float = 2.4,
    **keywords: Any,
) -> Figure:
    """Draw some frames of a sequence side by side, in one frame of coordinates.

    Parameters
    ----------
    sequence : ProjectionSequence or sequence of array-like of shape (n_samples, 2)
        The maps.
    color : array-like of length n_ids or mapping from id to value, optional
        Names or numbers; an array has one per id of `sequence.ids`.
    steps : sequence of int, optional
        Frames to show; by default `n_frames` of them, evenly chosen, the first and last included.
    n_frames : int
        How many, if `steps` are not given.
    n_columns : int, optional
        Panels in a row.
    scores : SequenceScores, optional
        From `driftglass.diagnostics.sequence_scores`: F is then written above each frame.
    legend : bool
        Whether to explain the colours beside the last panel.
    panel_size : float
        Side of a panel in inches.
    **keywords
        For `scatter`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        All panels have the same limits, so that places can be compared.

    Raises
    ------
    NotFoundError
        No such step.
    InvalidInputError
        There are no frames, or maps of other than two components.
    """
    maps = as_sequence(sequence)
    if maps.n_components != 2:
        raise InvalidInputError(
            f"The maps have {maps.n_components} components; a grid shows maps of 2. Project with "
            f"n_components=2, or draw single frames with scatter."
        )
    numbers = _chosen(maps, steps, n_frames)
    values = colors_by_id(maps, color)
    low, high = limits_of([maps])
    figure, axes = grid_of_axes(len(numbers), n_columns=n_columns, panel_size=panel_size)
    for ax, number in zip(axes, numbers, strict=True):
        frame = maps[number]
        rows = positions(frame.ids, maps.ids)
        scatter(frame.coordinates, None if values is None else _of_rows(values, rows), ax=ax,
                legend=False, **keywords)  # fmt: skip
        ax.set_aspect("equal", adjustable="box")
        ax.set_xlim(low[0], high[0])
        ax.set_ylim(low[1], high[1])
        said = f"step {frame.step:,}"
        if scores is not None and frame.step in scores.steps:
            said += f"   F {scores.faithfulness[scores.steps.index(frame.step)]:.2f}"
        ax.set_title(said, fontsize="small", loc="left")
    if legend and values is not None:
        explain(axes[-1], values)
    return figure


def movement_scatter(
    Xs: Any,
    Ys: Any,
    ids: Any = None,
    *,
    skip: int = 1,
    ax: Axes | None = None,
    title: str | None = None,
    **keywords: Any,
) -> Axes:
    """Draw how far each item goes in the map over how far it goes in the vectors.

    Parameters
    ----------
    Xs : sequence of array-like of shape (n_t, n_features)
        Vectors of the snapshots, or functions that return them.
    Ys : ProjectionSequence or sequence of array-like of shape (n_t, n_components)
        The maps; arrays have the rows of Xs in the same order.
    ids : sequence, optional
        Ids of the rows of Xs, as in `driftglass.diagnostics.sequence_scores`.
    skip : int
        Snapshots between the two places of a step.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the figure; the rank correlation by default.
    **keywords
        For `matplotlib.axes.Axes.scatter`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Each item at each time on logarithmic axes, lengths in units of their medians: on the
        diagonal the map shows each step as long as it is. The line is the least-squares factor.

    Raises
    ------
    ShapeError
        Vectors and maps do not belong together.
    InvalidInputError
        Nothing is there to compare.
    """
    v, u = _lengths(Xs, Ys, ids, skip)
    if len(v) < FEWEST:
        raise InvalidInputError(
            f"There are {len(v)} steps of items over {skip} snapshots; at least {FEWEST} are "
            f"needed."
        )
    correlation = spearman(v, u)
    both = (v > 0) & (u > 0)
    if both.sum() < FEWEST:
        raise InvalidInputError(
            f"Only {int(both.sum())} steps have a length in vectors and map; a frozen map or "
            f"frozen vectors have no movement to compare."
        )
    n_still = int((~both).sum())
    v, u = v[both] / np.median(v[both]), u[both] / np.median(u[both])
    ax = axes_for(ax, size=(3.8, 3.8))
    theme = theme_of(ax)
    low, high = np.quantile(np.concatenate([v, u]), [0.002, 0.998]) * [0.8, 1.25]
    if len(v) <= MOST_DOTS:
        style = {"s": 3, "linewidths": 0, "alpha": float(np.clip(1500 / len(v), 0.08, 0.6)),
                 "color": f"#{theme.categories[0]}", "rasterized": True, **keywords}  # fmt: skip
        ax.scatter(v, u, **style)
    else:
        colors = require("matplotlib.colors", extra="plot")
        ramp = colors.LinearSegmentedColormap.from_list(
            "", [f"#{theme.canvas}", f"#{theme.categories[0]}", f"#{theme.text}"]
        )
        ax.hexbin(v, u, gridsize=60, bins="log", cmap=ramp, linewidths=0, xscale="log",
                  yscale="log", extent=(*np.log10([low, high]), *np.log10([low, high])),
                  mincnt=1)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    slope = float(v @ u / (v @ v))
    ends = np.array([low, high])
    ax.plot(ends, ends, color=f"#{theme.missing}", linewidth=0.9, linestyle=":",
            label="as in the vectors")  # fmt: skip
    ax.plot(ends, slope * ends, color=f"#{theme.categories[1]}", linewidth=1.4,
            label=f"least squares, {slope:.2f} ×")  # fmt: skip
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    still = f" ({n_still:,} steps of length 0 left out)" if n_still else ""
    ax.set_xlabel(f"step in the vectors / median{still}", fontsize="small")
    ax.set_ylabel("step in the map / median", fontsize="small")
    return finish(ax, f"rank correlation {correlation:.2f}" if title is None else title)


def as_sequence(given: Any) -> ProjectionSequence:
    """Maps as a sequence; rows of plain arrays are the same items in the same order."""
    from ..data import Projection, Provenance

    if isinstance(given, ProjectionSequence):
        maps = given
    else:
        planes = [np.asarray(Y, dtype=np.float32) for Y in given]
        frames = tuple(Projection(np.arange(len(Y)), Y, step=step) for step, Y in enumerate(planes))
        maps = ProjectionSequence(frames, Provenance("unknown"))
    if len(maps) == 0 or len(maps.ids) == 0:
        raise InvalidInputError("The sequence has no points; at least one frame is needed.")
    return maps


def limits_of(
    sequences: Sequence[ProjectionSequence], margin: float = 0.04
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper corner of a square (or cube) that holds all points at all times."""
    rows = np.concatenate([frame.coordinates for maps in sequences for frame in maps])
    low, high = rows.min(axis=0).astype(float), rows.max(axis=0).astype(float)
    half = (high - low).max() * (0.5 + margin) or 1.0
    middle = (low + high) / 2
    return middle - half, middle + half


def colors_by_id(maps: ProjectionSequence, color: Any) -> Any:
    """Values to colour by, one for each of the sequence's ids."""
    if color is None:
        return None
    if hasattr(color, "items"):
        color = [color.get(name) for name in maps.ids.tolist()]
    values = encoded("", color)
    n = len(values.codes if isinstance(values, Categories) else values.values)
    if n != len(maps.ids):
        raise ShapeError(
            f"color has {n:,} values for {len(maps.ids):,} ids; one per id, in the order of "
            f"sequence.ids, or a mapping from id to value is needed."
        )
    return values


def _of_rows(values: Any, rows: NDArray[np.int64]) -> Any:
    """Values of some rows, as columns that keep every name's colour."""
    from ..data import CategoricalColumn

    if isinstance(values, Categories):
        return CategoricalColumn(values.codes[rows].astype(np.int32), values.names)
    return values.values[rows]


def _chosen(maps: ProjectionSequence, steps: Sequence[int] | None, n_frames: int) -> list[int]:
    if steps is not None:
        known = maps.steps
        for step in steps:
            if step not in known:
                raise NotFoundError.for_name("step", step, known)
        return [known.index(step) for step in steps]
    if n_frames < 1:
        raise InvalidInputError(f"n_frames is {n_frames}; at least 1 is needed.")
    spaced = np.linspace(0, len(maps) - 1, min(n_frames, len(maps)))
    return sorted({int(place) for place in spaced.round()})


def _lengths(
    Xs: Any, Ys: Any, ids: Any, skip: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if skip < 1:
        raise InvalidInputError(f"skip is {skip}; at least 1 is needed.")
    sources = list(Xs)
    maps: Any = Ys if isinstance(Ys, ProjectionSequence) else list(Ys)
    if len(sources) != len(maps):
        raise ShapeError(f"{len(sources)} snapshots and {len(maps)} maps; one each is needed.")
    snapshots = Snapshots(sources, ids)
    kept: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
    v: list[NDArray[np.float64]] = []
    u: list[NDArray[np.float64]] = []
    for number in range(len(snapshots)):
        loaded = snapshots.load(number)
        X, names = loaded.vectors, loaded.ids
        if isinstance(maps, ProjectionSequence):
            where = positions(names, maps[number].ids)
            X, names, Y = (
                X[where >= 0],
                names[where >= 0],
                maps[number].coordinates[where[where >= 0]],
            )
        else:
            Y = np.asarray(maps[number])
            if len(Y) != len(X):
                raise ShapeError(
                    f"Map {number} has {len(Y)} rows and its snapshot {len(X)} finite ones; pass "
                    f"a ProjectionSequence, which is joined by id."
                )
        kept.append((names, X.astype(np.float64), np.asarray(Y, dtype=np.float64)))
        if len(kept) > skip:
            before = kept.pop(0)
            rows = positions(names, before[0])
            here = np.flatnonzero(rows >= 0)
            v.append(np.linalg.norm(kept[-1][1][here] - before[1][rows[here]], axis=1))
            u.append(np.linalg.norm(kept[-1][2][here] - before[2][rows[here]], axis=1))
    empty = np.empty(0)
    return np.concatenate(v or [empty]), np.concatenate(u or [empty])
