"""Mean contributions of groups as arrows over the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ..explanations import GroupContributions
from ._axes import theme_of
from ._contributions import group_numbers, names_of, write_caveat
from ._encodings import Categories, encoded
from ._labels import write_labels
from ._scatter import coordinates_of, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .._palette import Theme

__all__ = ["contribution_arrows"]

SHORT, LONG = 0.25, 0.65
"""Shares of the reach of the map: if the longest arrow is shorter than the first, all are drawn
longer, and the longest reaches at most the second."""


@dataclass(eq=False)
class _Arrows:
    """What is drawn, in units of the map."""

    lines: list[NDArray[Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    places: list[NDArray[Any]] = field(default_factory=list)
    outward: list[NDArray[Any]] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)


def contribution_arrows(
    Y: Any,
    explained: GroupContributions,
    groups: Sequence[Any] | None = None,
    *,
    n_features: int = 4,
    cumulative: bool = False,
    magnify: float | Literal["auto"] = "auto",
    color: Any = None,
    feature_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the mean contributions of groups as arrows over the map.

    Explained with ``attribution="path"``, the arrows of a group add up to the whole way from the
    origin of the map to its mean; with ``"local"`` the offset is missing from them.

    Parameters
    ----------
    Y : Projection or array-like of shape (n_samples, 2)
        The map.
    explained : GroupContributions
        Of the same map.
    groups : sequence of labels, optional
        Groups to draw; all by default.
    n_features : int
        Arrows of each group, longest first.
    cumulative : bool
        Put the arrows head to tail, from the offset of the group towards its mean, and add one
        for the rest that ends there. Otherwise all start at the origin of the map.
    magnify : float or "auto"
        How many times their length arrows from the origin are drawn. "auto" is 1, or a round
        number if they were too short to read; below the map it says so. Arrows head to tail always
        have their length.
    color : column, optional
        As of `scatter`, for the points beneath. If its values are the groups, each arrow has the
        colour of its group.
    feature_names : sequence of str, optional
        Names; those of `explained` by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the map.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Arrows are annotations, labelled with their feature.

    Raises
    ------
    ShapeError
        The map has not two axes.
    NotFoundError
        No group of that label.
    InvalidInputError
        `magnify` is no positive number.
    """
    coordinates, _ = coordinates_of(Y)
    if coordinates.shape[1] != 2 or explained.mean.shape[1] != 2:
        raise ShapeError(
            f"The map has {coordinates.shape[1]} axes and the contributions "
            f"{explained.mean.shape[1]}; arrows need two of each."
        )
    names = names_of(explained, feature_names, explained.mean.shape[2])
    numbers = group_numbers(explained, groups)
    ax = scatter(Y, color, ax=ax, legend=color is not None, alpha=0.35, title=title)
    theme = theme_of(ax)
    colors = _colors_of_groups(explained, color, theme)
    factor = 1.0 if cumulative else _factor(magnify, coordinates, explained.mean[numbers])
    arrows = _Arrows()
    for number in numbers:
        paint = f"#{theme.text}" if colors is None else colors[number]
        label = (
            "{}" if colors is not None or len(numbers) < 2 else f"{{}} ({_text(explained, number)})"
        )
        vectors = factor * explained.mean[number]
        order = np.argsort(-np.linalg.norm(vectors, axis=0), kind="stable")[:n_features]
        place = explained.offset[number] if cumulative else np.zeros(2)
        for j in order:
            tip = place + vectors[:, j]
            _arrow(ax, place, tip, paint)
            arrows.lines.append(np.stack([place, tip]))
            arrows.names.append(label.format(names[j]))
            arrows.places.append((place + tip) / 2 if cumulative else tip)
            arrows.outward.append(vectors[::-1, j] * [1, -1] if cumulative else vectors[:, j])
            arrows.lengths.append(float(np.linalg.norm(vectors[:, j])))
            place = tip if cumulative else place
        if cumulative:
            _arrow(ax, place, explained.coordinates[number], f"#{theme.missing}")
            arrows.lines.append(np.stack([place, explained.coordinates[number]]))
    write_labels(
        ax,
        arrows.names,
        np.array(arrows.places).reshape(-1, 2),
        arrows.lengths,
        color=f"#{theme.text}",
        halo=f"#{theme.canvas}",
        outward=np.array(arrows.outward).reshape(-1, 2),
        lines=np.array(arrows.lines).reshape(-1, 2, 2),
    )
    if factor != 1.0:
        ax.set_xlabel(f"arrows drawn {factor:g} times as long", fontsize="small")
    write_caveat(ax, explained)
    return ax


def _factor(
    magnify: float | str, coordinates: NDArray[np.float64], vectors: NDArray[np.float64]
) -> float:
    if magnify != "auto":
        number = isinstance(magnify, (int, float, np.number)) and not isinstance(magnify, bool)
        if not number or not np.isfinite(float(magnify)) or float(magnify) <= 0:
            raise InvalidInputError(
                f"magnify is {magnify!r}; a number above 0, or 'auto', is needed."
            )
        return float(magnify)
    finite = coordinates[np.isfinite(coordinates).all(axis=1)]
    reach = float(np.ptp(finite, axis=0).max(initial=0.0)) / 2 if len(finite) else 0.0
    longest = float(np.linalg.norm(vectors, axis=1).max(initial=0.0))
    if longest == 0.0 or longest >= SHORT * reach:
        return 1.0
    wanted = LONG * reach / longest
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(np.floor(wanted / power) * power)


def _text(explained: GroupContributions, number: int) -> str:
    return str(explained.groups.tolist()[number])


def _colors_of_groups(explained: GroupContributions, color: Any, theme: Theme) -> list[str] | None:
    """Colour of every group, if the points have those of the groups."""
    if color is None or isinstance(color, (str, tuple)):
        return None
    values = encoded("", color)
    if not isinstance(values, Categories):
        return None
    by_name = dict(zip(values.names, values.colors(theme), strict=True))
    names = [_text(explained, number) for number in range(len(explained.groups))]
    return [by_name[name] for name in names] if all(name in by_name for name in names) else None


def _arrow(ax: Any, start: NDArray[Any], end: NDArray[Any], color: str) -> None:
    ax.annotate(
        "",
        xy=tuple(end),
        xytext=tuple(start),
        arrowprops={
            "arrowstyle": "-|>",
            "color": color,
            "linewidth": 1.2,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
    # An annotation doesn't count where the limits of the axes are found.
    ax.update_datalim([start, end])
    ax.autoscale_view()
