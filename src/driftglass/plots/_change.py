"""What a space does during training, drawn over the steps: drift, similarity, spectrum, turns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..diagnostics import Track, Tracks
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ._axes import axes_for, theme_of
from ._time_axis import draw_track, finish, ordered_colors, step_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["cka_curves", "curvature_bands", "drift_curves", "eigenvalue_curves", "track_curves"]

SIZE = (5.2, 3.2)


def track_curves(
    tracks: Tracks,
    names: str | Sequence[str],
    *,
    against: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw tracks over training, each with a band of two standard errors.

    Parameters
    ----------
    tracks : Tracks
        From `driftglass.diagnostics.tracks`.
    names : str or sequence of str
        Tracks by name, for example "effective_rank".
    against : str, optional
        What steps are compared with: "skip 4", "first" or "last"; by default each track's first.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the curves.

    Returns
    -------
    ax : matplotlib.axes.Axes
        One line per track, in the colours of categories.

    Raises
    ------
    NotFoundError
        There is no such track, or it is absent; says why.
    """
    wanted = [names] if isinstance(names, str) else list(names)
    drawn = [tracks.track(name, against) for name in wanted]
    ax = axes_for(ax, size=SIZE)
    theme = theme_of(ax)
    for track, color in zip(drawn, theme.categories, strict=False):
        draw_track(ax, track, f"#{color}", label=_said(track))
    step_axis(ax, np.concatenate([track.steps for track in drawn]))
    if len(drawn) == 1:
        ax.set_ylabel(_said(drawn[0]), fontsize="small")
    return finish(ax, title, legend=len(drawn) > 1)


def drift_curves(
    tracks: Tracks,
    *,
    norm: Literal["l2", "l1"] = "l2",
    relational: bool = False,
    doubled: bool = True,
    y_lim: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw how far items move within 1, 2, 4, 8 and 16 snapshots.

    Parameters
    ----------
    tracks : Tracks
        From `driftglass.diagnostics.tracks`.
    norm : {"l2", "l1"}
        Euclidean or city-block lengths.
    relational : bool
        Leave out what is rotation, growth and shift of the whole space.
    doubled : bool
        Also draw twice each drift, dashed in the colour of the one over twice as many snapshots:
        the two meet where items go straight on, and the solid line stays below where they wander.
    y_lim : float, optional
        Upper end of the axis.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the curves.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Mean over items, with two standard errors.

    Raises
    ------
    NotFoundError
        There are fewer than two snapshots.
    """
    if norm not in ("l1", "l2"):
        raise InvalidInputError(f"norm is {norm!r}; 'l2' or 'l1' is needed.")
    name = f"drift_{'relational_' if relational else ''}{norm}"
    ax = axes_for(ax, size=SIZE)
    _skips(ax, _by_skip(tracks, name), doubled=doubled)
    what = "relational drift" if relational else "drift"
    ax.set_ylabel(f"{what} of an item, {norm.upper()}", fontsize="small")
    ax.set_ylim(0, y_lim)
    return finish(ax, title)


def cka_curves(
    tracks: Tracks,
    *,
    flip: bool = True,
    biased: bool = False,
    doubled: bool = True,
    y_lim: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw how much the structure of a space changes within 1, 2, 4, 8 and 16 snapshots.

    Parameters
    ----------
    tracks : Tracks
        From `driftglass.diagnostics.tracks`.
    flip : bool
        Draw 1 - CKA, so that up is change.
    biased : bool
        The published form, which grows with the number of features; for comparison.
    doubled, y_lim, ax, title
        As in `drift_curves`; doubled lines need `flip`.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Snapshots without an earlier one to compare with have no value.

    Raises
    ------
    NotFoundError
        There are fewer than two snapshots, or four shared rows.
    """
    found = _by_skip(tracks, "cka_biased" if biased else "cka")
    ax = axes_for(ax, size=SIZE)
    _skips(ax, found, doubled=doubled and flip, flip=flip)
    name = f"{'1 - ' if flip else ''}{'biased ' if biased else ''}CKA"
    ax.set_ylabel(f"{name}, n = {tracks.n_probe:,}", fontsize="small")
    if y_lim is not None:
        ax.set_ylim(top=y_lim)
    if flip:
        # Below 0 is possible, because nothing is clipped, but only just.
        ax.set_ylim(bottom=0.0 if y_lim is not None else min(0.0, ax.get_ylim()[0]))
    return finish(ax, title)


def eigenvalue_curves(
    tracks: Tracks, *, n: int = 10, log: bool = False, ax: Axes | None = None,
    title: str | None = None,
) -> Axes:  # fmt: skip
    """Draw the variance along the first principal directions over training.

    Parameters
    ----------
    tracks : Tracks
        From `driftglass.diagnostics.tracks`.
    n : int
        Directions, at most ten.
    log : bool
        Whether the variance has a logarithmic scale.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the curves.

    Returns
    -------
    ax : matplotlib.axes.Axes
        One line per direction, from the first on.

    Raises
    ------
    NotFoundError
        No snapshot has two different rows.
    """
    names = [f"eigenvalue_{rank}" for rank in range(1, n + 1)]
    found = [tracks[name] for name in names if name in tracks]
    if not found:
        tracks.track("eigenvalue_1")
    ax = axes_for(ax, size=SIZE)
    for rank, (track, color) in enumerate(
        zip(found, ordered_colors(theme_of(ax), len(found)), strict=True), start=1
    ):
        draw_track(ax, track, color, label=str(rank))
    step_axis(ax, found[0].steps)
    ax.set_ylabel("variance along direction", fontsize="small")
    if log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    finish(ax, title)
    ax.legend(
        frameon=False, fontsize="x-small", title="direction", title_fontsize="x-small",
        loc="upper left", bbox_to_anchor=(1.0, 1.02), labelcolor=f"#{theme_of(ax).text}",
    )  # fmt: skip
    return ax


def curvature_bands(
    angles: Any, steps: Any = None, *, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw how sharply items turn, as a distribution over items at each step.

    Parameters
    ----------
    angles : array-like of shape (n_snapshots - 2, n_samples)
        From `driftglass.diagnostics.curvature`, in radians; nan where an item stood still.
    steps : sequence of int of shape (n_snapshots,) or (n_snapshots - 2,), optional
        Steps of the snapshots; 0, 1, … by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Above the curves.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Median, and bands that hold half and nine tenths of the items. The dotted line is what
        steps without memory give in many dimensions.

    Raises
    ------
    ShapeError
        Steps and angles do not belong together.
    """
    turns = np.atleast_2d(np.asarray(angles, dtype=np.float64))
    known = np.arange(len(turns) + 2) if steps is None else np.asarray(steps)
    if len(known) == len(turns) + 2:
        known = known[1:-1]
    if len(known) != len(turns):
        raise ShapeError(
            f"{len(known)} steps for {len(turns)} rows of angles; the steps of all snapshots, or "
            f"of those between the first and the last, are needed."
        )
    moved = np.isfinite(turns).any(axis=1)
    if not moved.any():
        raise InvalidInputError("No item moved twice in a row, so there are no turns to draw.")
    ax = axes_for(ax, size=SIZE)
    theme = theme_of(ax)
    color = f"#{theme.categories[0]}"
    levels = np.nanquantile(turns[moved], [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
    for low, high, alpha, name in ((0, 4, 0.15, "nine tenths"), (1, 3, 0.3, "half of the items")):
        ax.fill_between(known[moved], levels[low], levels[high], color=color, alpha=alpha,
                        linewidth=0, label=name)  # fmt: skip
    ax.plot(known[moved], levels[2], color=color, linewidth=1.6, label="median")
    ax.axhline(np.pi / 2, color=f"#{theme.missing}", linewidth=0.9, linestyle=":")
    ax.annotate("no memory", (0, np.pi / 2), xycoords=("axes fraction", "data"), xytext=(3, 2),
                textcoords="offset points", fontsize="x-small",
                color=f"#{theme.secondary}")  # fmt: skip
    step_axis(ax, known)
    ax.set_ylim(0, np.pi)
    ax.set_yticks([0, np.pi / 2, np.pi], ["0 straight on", "π/2", "π back"])
    ax.set_ylabel("turn of an item", fontsize="small")
    return finish(ax, title)


def _skips(ax: Axes, found: dict[int, Track], *, doubled: bool, flip: bool = False) -> None:
    colors = dict(zip(found, ordered_colors(theme_of(ax), len(found)), strict=True))
    for skip, track in found.items():
        plural = "snapshot" if skip == 1 else "snapshots"
        draw_track(ax, track, colors[skip], label=f"{skip} {plural}", flip=flip)
    top = ax.get_ylim()[1]
    label: str | None = "twice that of half as many"
    for skip, track in found.items():
        if doubled and 2 * skip in found:
            values = 1 - track.values if flip else track.values
            ax.plot(track.steps, 2 * values, color=colors[2 * skip], linewidth=0.9,
                    linestyle=(0, (3, 2)), label=label)  # fmt: skip
            label = None
    # Dashed lines that leave the picture have nothing to be compared with there.
    ax.set_ylim(top=1.25 * top)
    step_axis(ax, np.concatenate([track.steps for track in found.values()]))


def _by_skip(tracks: Tracks, name: str) -> dict[int, Track]:
    found = {
        int(track.against.removeprefix("skip ")): track
        for track in tracks.all
        if track.name == name and track.against.startswith("skip ")
    }
    if not found:
        tracks.track(name)  # says why it is absent, where that is known
        raise NotFoundError(f"The track {name!r} has no comparison over a number of snapshots.")
    return dict(sorted(found.items()))


def _said(track: Track) -> str:
    words = track.name.replace("_", " ")
    return f"{words}, {track.against}" if track.against else words
