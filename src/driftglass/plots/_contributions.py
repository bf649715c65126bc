"""Contributions of features to a map: bars, and the map coloured by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._optional import require
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ..explanations import Attribution, GroupContributions, TopContributions
from ._axes import axes_for, theme_of
from ._legends import diverging_map, write_scale
from ._scatter import coordinates_of, scatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "contribution_bars",
    "feature_map",
    "group_numbers",
    "names_of",
    "top_feature_map",
    "write_caveat",
]

View = Literal["signed", "l2", "share"]
VIEWS = ("signed", "l2", "share")


def contribution_bars(
    explained: Attribution | GroupContributions,
    rows: Any = None,
    *,
    group: Any = None,
    view: View = "signed",
    n_features: int = 15,
    feature_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the features that contribute most to one point, to some points, or to a group.

    Parameters
    ----------
    explained : Attribution or GroupContributions
        What was explained.
    rows : int or sequence of int, optional
        Points of an `Attribution` whose mean is drawn; all by default.
    group : label, optional
        Group of `GroupContributions`; needed if there are several.
    view : {"signed", "l2", "share"}
        A bar per axis of the map, to the left or right; the length over the axes; or that length
        as a share of all features.
    n_features : int
        Bars, longest first.
    feature_names : sequence of str, optional
        Names; those of `explained` by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the bars.

    Returns
    -------
    ax : matplotlib.axes.Axes
        What is approximate says so below the bars.

    Raises
    ------
    InvalidInputError
        Unknown view, or no group where one is needed.
    NotFoundError
        No group of that label.
    """
    if view not in VIEWS:
        raise InvalidInputError(f"view is {view!r}; one of {', '.join(VIEWS)} is needed.")
    values, errors = _values_of(explained, rows, group, view)
    names = names_of(explained, feature_names, values.shape[1])
    order = np.argsort(-np.linalg.norm(values, axis=0), kind="stable")[:n_features][::-1]
    n_bars = len(values)
    ax = axes_for(ax, size=(5.0, 0.8 + 0.28 * len(order)))
    theme = theme_of(ax)
    height = 0.8 / n_bars
    for k, plane in enumerate(values):
        ax.barh(
            np.arange(len(order)) + 0.4 - height * (k + 0.5),
            plane[order],
            height,
            xerr=None if errors is None else errors[order],
            color=f"#{theme.categories[k % len(theme.categories)]}",
            ecolor=f"#{theme.secondary}",
            label=f"axis {k + 1}",
        )
    ax.set_yticks(np.arange(len(order)), [names[j] for j in order])
    ax.axvline(0.0, color=f"#{theme.secondary}", linewidth=0.6)
    labels = {"signed": "contribution, in units of the map", "l2": "length of the contribution"}
    ax.set_xlabel(labels.get(view, "share of all contributions"))
    ax.spines[["top", "right"]].set_visible(False)
    if n_bars > 1:
        ax.legend(frameon=False, fontsize="small", loc="best")
    if title is not None:
        ax.set_title(title)
    write_caveat(ax, explained)
    return ax


def feature_map(
    Y: Any,
    explained: Attribution,
    feature: int | str,
    *,
    axis: int | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    **keywords: Any,
) -> Axes:
    """Draw the map coloured by what one feature contributes.

    Parameters
    ----------
    Y : Projection or array-like of shape (n_samples, 2 or 3)
        The map.
    explained : Attribution
        Of the same rows.
    feature : int or str
        Number or name.
    axis : int, optional
        Signed contribution to this axis, counted from 0, in colours that diverge from zero; the
        length over all axes by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Name of the feature by default.
    **keywords
        For `scatter`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        With a scale.

    Raises
    ------
    NotFoundError
        No such feature.
    """
    _check_rows(Y, len(explained.coordinates))
    j = _feature(feature, explained.feature_names)
    name = explained.feature_names[j]
    part = "" if axis is None else f", axis {axis + 1}"
    keywords["title"] = f"{name}{part}" if title is None else title
    if axis is None:
        ax = scatter(Y, explained.l2()[:, j], ax=ax, **keywords)
    else:
        if not 0 <= axis < explained.contributions.shape[1]:
            raise InvalidInputError(
                f"axis is {axis!r}; 0 to {explained.contributions.shape[1] - 1} is needed."
            )
        ax = _signed_map(Y, explained.contributions[:, axis, j], ax, keywords)
    write_caveat(ax, explained)
    return ax


def _signed_map(Y: Any, values: NDArray[Any], ax: Axes | None, keywords: dict[str, Any]) -> Axes:
    """A map in colours that diverge from zero, and are as strong on either side of it."""
    ax = axes_for(ax, spatial=coordinates_of(Y)[0].shape[1] == 3)
    cmap = keywords.pop("cmap", None) or diverging_map(theme_of(ax))
    explained = keywords.pop("legend", True)
    scatter(Y, values, ax=ax, cmap=cmap, legend=False, **keywords)
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    for artist in ax.collections:
        if artist.get_array() is not None:
            artist.set_clim(-largest, largest)
    if explained:
        write_scale(ax, -largest, largest, cmap)
    return ax


def top_feature_map(
    Y: Any,
    explained: Attribution | TopContributions,
    *,
    n_features: int = 10,
    ax: Axes | None = None,
    title: str | None = None,
    **keywords: Any,
) -> Axes:
    """Draw the map coloured by the feature that contributes most to each point.

    Parameters
    ----------
    Y : Projection or array-like of shape (n_samples, 2 or 3)
        The map.
    explained : Attribution or TopContributions
        Of the same rows.
    n_features : int
        Features that get a colour: those that win most often. Other points are grey.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the map.
    **keywords
        For `scatter`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        With a legend that counts the points of each feature.
    """
    if isinstance(explained, TopContributions):
        winners = explained.features[:, 0].astype(np.int64)
    else:
        winners = explained.l2().argmax(axis=1)
    _check_rows(Y, len(winners))
    counts = np.bincount(winners, minlength=len(explained.feature_names))
    most = np.argsort(-counts, kind="stable")[:n_features]
    colored = np.isin(winners, most)
    names = [
        explained.feature_names[j] if c else None for j, c in zip(winners, colored, strict=True)
    ]
    ax = scatter(Y, names, ax=ax, title=title, **keywords)
    legend = ax.get_legend()
    for text in [] if legend is None else legend.get_texts():
        text.set_text(text.get_text().replace("missing", "other features"))
    if isinstance(explained, Attribution):
        write_caveat(ax, explained)
    return ax


def _values_of(
    explained: Attribution | GroupContributions, rows: Any, group: Any, view: View
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Bars (n_bars, n_features) and their standard errors, where there are several rows."""
    if isinstance(explained, GroupContributions):
        if rows is not None:
            raise InvalidInputError("rows cannot be picked from means of groups; give group=.")
        if group is None and len(explained.groups) > 1:
            raise InvalidInputError(
                f"There are {len(explained.groups)} groups: {explained.groups.tolist()[:20]}. "
                f"Say which one with group=."
            )
        number = 0 if group is None else group_numbers(explained, [group])[0]
        if view == "signed":
            return explained.mean[number], None
        if view == "l2":
            return explained.l2[number][None], None
        return explained.shares[number][None], explained.share_errors[number]
    n = len(explained.coordinates)
    chosen = np.arange(n) if rows is None else np.atleast_1d(np.asarray(rows, dtype=np.intp))
    if len(chosen) == 0 or chosen.min() < -n or chosen.max() >= n:
        raise InvalidInputError(f"rows are {rows!r:.60}; at least one from 0 to {n - 1} is needed.")
    if view == "signed":
        return explained.contributions[chosen].mean(axis=0), None
    values = (explained.l2() if view == "l2" else explained.shares())[chosen]
    several = len(chosen) > 1
    errors = values.std(axis=0, ddof=1) / np.sqrt(len(chosen)) if several else None
    return values.mean(axis=0)[None], errors


def group_numbers(explained: GroupContributions, groups: Sequence[Any] | None) -> list[int]:
    known = explained.groups.tolist()
    if groups is None:
        return list(range(len(known)))
    for group in groups:
        if group not in known:
            raise NotFoundError.for_name("group", group, known)
    return [known.index(group) for group in groups]


def names_of(explained: Any, given: Sequence[str] | None, n_features: int) -> list[str]:
    names = [str(name) for name in (explained.feature_names if given is None else given)]
    if len(names) != n_features:
        raise ShapeError(
            f"{len(names)} feature_names for {n_features} features; one each is needed."
        )
    return names


def _feature(feature: int | str, names: tuple[str, ...]) -> int:
    if isinstance(feature, (int, np.integer)) and 0 <= feature < len(names):
        return int(feature)
    if feature in names:
        return names.index(str(feature))
    raise NotFoundError.for_name("feature", feature, names)


def _check_rows(Y: Any, n_rows: int) -> None:
    coordinates, _ = coordinates_of(Y)
    if len(coordinates) != n_rows:
        raise ShapeError(
            f"Y has {len(coordinates):,} rows, {n_rows:,} were explained; the same rows are needed."
        )


def write_caveat(ax: Axes, explained: Any) -> None:
    """Say beneath the axes what keeps the contributions from being exact."""
    note = explained.label if isinstance(explained, Attribution) else explained.note
    if explained.exact or not note:
        return
    wrap = require("textwrap", extra="plot").fill
    before = ax.get_xlabel()
    ax.set_xlabel((f"{before}\n" if before else "") + wrap(note, 70), fontsize="small")
