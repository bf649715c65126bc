"""Training records: loss, accuracy, gradients and learning rate over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Scalars
from ..diagnostics import Tracks
from ..errors import InvalidInputError, NotFoundError
from ._axes import axes_for, grid_of_axes, theme_of
from ._change import drift_curves
from ._time_axis import finish, moving_average, step_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["scalar_curves", "training_records"]


def scalar_curves(
    scalars: Any,
    names: str | Sequence[str],
    *,
    window: int = 1,
    log: bool = False,
    ax: Axes | None = None,
    colors: Sequence[Any] | None = None,
    title: str | None = None,
) -> Axes:
    """Draw training records over the steps.

    Parameters
    ----------
    scalars : Scalars or Run
        What was logged.
    names : str or sequence of str
        Which records.
    window : int
        Records in a moving average around each, drawn over the faint records; 1 for none.
    log : bool
        Whether values have a logarithmic scale.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    colors : sequence of color, optional
        Of the lines.
    title : str, optional
        Above the curves.

    Returns
    -------
    ax : matplotlib.axes.Axes
        Records that are not finite leave a gap.

    Raises
    ------
    NotFoundError
        No such record.
    InvalidInputError
        `window` is less than 1.
    """
    if not isinstance(window, (int, np.integer)) or window < 1:
        raise InvalidInputError(f"window is {window!r}; a whole number from 1 on is needed.")
    wanted = [names] if isinstance(names, str) else list(names)
    known = _scalars(scalars)
    series = [known[name] for name in wanted]
    ax = axes_for(ax, size=(5.2, 3.0))
    theme = theme_of(ax)
    palette = [f"#{color}" for color in theme.categories] if colors is None else list(colors)
    for (steps, values), name, color in zip(series, wanted, palette, strict=False):
        shown = np.where(np.isfinite(values), values, np.nan)
        said = name.replace("_", " ")
        marker: dict[str, Any] = {"marker": "o", "markersize": 3} if len(steps) == 1 else {}
        if window > 1 and len(steps) > window:
            ax.plot(steps, shown, color=color, linewidth=0.7, alpha=0.35)
            shown = moving_average(shown, window)
        ax.plot(steps, shown, color=color, linewidth=1.4, label=said, **marker)
    if log:
        ax.set_yscale("log")
    if series:
        step_axis(ax, np.concatenate([steps for steps, _ in series]))
    if len(wanted) == 1:
        ax.set_ylabel(wanted[0].replace("_", " "), fontsize="small")
    return finish(ax, title, legend=len(wanted) > 1)


def training_records(
    run: Any, tracks: Tracks | None = None, *, window: int = 20, panel_size: float = 3.6
) -> Figure:
    """Draw on one page how a training went.

    Parameters
    ----------
    run : Run or Scalars
        Records whose name has "loss" or "acc" in it share the first panel, "grad" the second and
        "learning_rate" or "lr" the third.
    tracks : Tracks, optional
        From `driftglass.diagnostics.tracks`; its drift is the fourth panel.
    window : int
        Records in the moving average of the gradients.
    panel_size : float
        Height of a panel in inches.

    Returns
    -------
    figure : matplotlib.figure.Figure
        As many panels as there are records for.

    Raises
    ------
    NotFoundError
        None of these was logged, and there are no tracks.
    """
    scalars = _scalars(run)
    kinds = {kind: _of_kind(scalars, kind) for kind in ("loss", "acc", "grad", "rate")}
    drift = tracks is not None and "drift_l2" in tracks
    panels = [bool(kinds["loss"] or kinds["acc"]), bool(kinds["grad"]), bool(kinds["rate"]), drift]
    if not any(panels):
        raise NotFoundError(
            f"There are no records of loss, accuracy, gradients or learning rate to draw; the run "
            f"has {sorted(scalars)}. Log some with run.log(step, scalars={{'loss': …}})."
        )
    n = sum(panels)
    figure, axes = grid_of_axes(n, n_columns=min(n, 2), panel_size=panel_size)
    figure.set_size_inches(1.35 * panel_size * min(n, 2), 0.85 * panel_size * -(-n // 2))
    places = iter(axes)
    if panels[0]:
        _loss_and_accuracy(next(places), scalars, kinds["loss"], kinds["acc"])
    if panels[1]:
        ax = next(places)
        scalar_curves(scalars, kinds["grad"], window=window, log=True, ax=ax, title="gradients")
    if panels[2]:
        scalar_curves(scalars, kinds["rate"], ax=next(places), title="learning rate")
    if drift:
        assert tracks is not None
        drift_curves(tracks, doubled=False, ax=next(places), title=f"drift of {tracks.space!r}")
    return figure


def _loss_and_accuracy(
    ax: Axes, scalars: Scalars, losses: list[str], accuracies: list[str]
) -> None:
    theme = theme_of(ax)
    colors = [f"#{color}" for color in theme.categories]
    if not losses:
        scalar_curves(scalars, accuracies, ax=ax, title="accuracy")
        ax.set_ylim(top=max(1.0, ax.get_ylim()[1]))
        return
    scalar_curves(scalars, losses, ax=ax, colors=colors)
    ax.set_ylabel("loss", fontsize="small")
    ax.set_ylim(bottom=0)
    if accuracies:
        twin: Any = ax.twinx()
        scalar_curves(scalars, accuracies, ax=twin, colors=colors[len(losses) :])
        twin.set_ylabel("accuracy", fontsize="small")
        twin.spines["right"].set_visible(True)
        drawn = [*ax.get_lines(), *twin.get_lines()]
        if twin.get_legend():
            twin.get_legend().remove()
        names = [name.replace("_", " ") for name in (*losses, *accuracies)]
        twin.legend(drawn, names, frameon=False, fontsize="x-small", loc="center right",
                    labelcolor=f"#{theme.text}")  # fmt: skip
        own = ax.get_legend()
        if own is not None:
            own.remove()
    ax.set_title("loss and accuracy" if accuracies else "loss", fontsize="small", loc="left")


def _of_kind(scalars: Scalars, kind: str) -> list[str]:
    found = []
    for name in scalars:
        words = name.lower().replace("/", "_").replace("-", "_").split("_")
        if (
            (kind == "rate" and ("lr" in words or {"learning", "rate"} <= set(words)))
            or (kind == "grad" and any(word.startswith("grad") for word in words))
            or (kind == "acc" and any(word.startswith("acc") for word in words))
            or (kind == "loss" and "loss" in words)
        ):
            found.append(name)
    return found


def _scalars(given: Any) -> Scalars:
    if isinstance(given, Scalars):
        return given
    if callable(getattr(given, "scalars", None)):
        found: Scalars = given.scalars()
        return found
    raise InvalidInputError(
        f"{type(given).__name__} has no training records; a Run or its scalars() are needed."
    )
