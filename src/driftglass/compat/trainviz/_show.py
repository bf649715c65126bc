"""Several animations side by side."""

from __future__ import annotations

from collections.abc import Sequence

from ... import plots
from ...errors import InvalidInputError
from ._animation import Animation

__all__ = ["show_animations"]


def show_animations(
    animations: Sequence[Animation],
    custom_titles: Sequence[str] | None = None,
    figsize_per_plot: tuple[float, float] = (4, 4),
    dot_size: float = 5,
    alpha: float = 0.6,
    interpolate: bool = False,
    steps_per_transition: int = 5,
    shared_axes: bool = True,
    with_drift: bool = False,
    add_confusion_matrix: bool = False,
    annotate_confusion_matrix: bool = False,
    cols: int | None = None,
) -> plots.Animation:
    """Play animations of one run in step.

    Parameters
    ----------
    animations : sequence of Animation
        Of the same snapshots.
    custom_titles : sequence of str, optional
        Above each, from the first on; titles without an animation are not used.
    figsize_per_plot : (float, float)
        Width and height of a panel in inches.
    dot_size, alpha : float
        Area and opacity of a point.
    interpolate : bool
        Whether points move between snapshots; such moments are marked.
    steps_per_transition : int
        Moments from one snapshot to the next.
    shared_axes : bool
        Whether all panels have the same limits.
    with_drift : bool
        Whether to add a panel of the drift of the vectors, with a line at what is shown.
    add_confusion_matrix : bool
        Whether to add the confusion matrix of the first animation's run, for each frame that of
        the nearest step.
    annotate_confusion_matrix : bool
        Whether to write its counts.
    cols : int, optional
        Panels in a row; at most three by default.

    Returns
    -------
    animation : driftglass.plots.Animation
        A notebook shows it as a player, without a kernel.

    Raises
    ------
    InvalidInputError
        There are no animations, or they have different snapshots.
    """
    if not animations:
        raise InvalidInputError("There are no animations to show; at least one is needed.")
    first = animations[0]
    titles = [animation.title for animation in animations]
    given = list(custom_titles or ())[: len(titles)]
    return plots.show_animations(
        [animation.sequence for animation in animations],
        custom_titles=[*given, *titles[len(given) :]],
        color=first.colors(),
        interpolate=interpolate,
        steps_per_transition=steps_per_transition,
        shared_axes=shared_axes,
        confusion=first.run.tracks if add_confusion_matrix else None,
        annotate_confusion_matrix=annotate_confusion_matrix,
        curves=first.run.tracks["drift_l2"] if with_drift else None,
        cols=cols,
        figsize_per_plot=figsize_per_plot,
        dot_size=dot_size,
        alpha=alpha,
    )
