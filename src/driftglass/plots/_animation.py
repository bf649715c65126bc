"""Sequences of maps played side by side, with what lies between recorded steps marked as such."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data import ProjectionSequence
from ..diagnostics import Track, Tracks
from ..errors import InvalidInputError, ShapeError
from ._moments import Moment, moments_of
from ._sequences import as_sequence, colors_by_id
from ._stage import Stage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Animation", "show_animations"]

HOLD = 1.0
"""Seconds that the last frame stays before a picture begins again."""
FORMATS = (".gif", ".webp", ".mp4", ".html")


class Animation:
    """One or several sequences of maps, played in step.

    A notebook shows it as a player, which needs no kernel. `save` writes a picture, a film or a
    page. Between recorded frames points go straight from one place to the next: those moments
    are marked, with a dashed frame and in words, because nobody recorded them.

    Parameters
    ----------
    sequences : ProjectionSequence, or sequence of them or of lists of arrays
        Maps of the same steps. Points are joined by id; they may come and go. Without any, only
        the confusion matrix is played.
    titles : sequence of str, optional
        Above each panel; the methods by default.
    color : array-like of length n_ids or mapping from id to value, optional
        Names or numbers; an array has one per id of the first sequence.
    interpolate : bool
        Whether points move between recorded frames.
    steps_per_transition : int
        Moments from one recorded frame to the next, if `interpolate`.
    shared_axes : bool
        Whether all panels have the same limits. Maps of different methods have no unit in common,
        so each has limits of its own by default, the same for all its frames.
    confusion : Tracks, optional
        From `driftglass.diagnostics.tracks`, with confusion matrices: shown beside the maps, for
        each frame that of the nearest step.
    annotate : bool
        Whether to write counts into the confusion matrix.
    curves : Track or sequence of Track, optional
        Drawn in a panel of their own, with a line at what is shown.
    n_columns : int, optional
        Panels in a row; at most three by default.
    panel_size : (float, float)
        Width and height of a panel in inches.
    dot_size : float, optional
        Area of a point in square points; from the number of points by default.
    alpha : float, optional
        Opacity of a point; from the number of points by default.
    seconds_per_step : float
        Time from a recorded frame to the next.

    Raises
    ------
    InvalidInputError
        Sequences of different steps, or a parameter out of range.
    ShapeError
        Colours or titles do not belong to the sequences.

    Examples
    --------
    >>> from driftglass.plots import Animation
    >>> rng = np.random.default_rng(0)
    >>> animation = Animation([rng.normal(size=(20, 2)) for _ in range(3)], interpolate=True)
    >>> [moment.caption for moment in animation.moments[:2]], len(animation)
    (['step 0', 'step 0 → 1, interpolated'], 11)
    """

    def __init__(
        self,
        sequences: Any,
        *,
        titles: Sequence[str] | None = None,
        color: Any = None,
        interpolate: bool = False,
        steps_per_transition: int = 5,
        shared_axes: bool = False,
        confusion: Tracks | None = None,
        annotate: bool = False,
        curves: Track | Sequence[Track] | None = None,
        n_columns: int | None = None,
        panel_size: tuple[float, float] = (4.0, 4.0),
        dot_size: float | None = None,
        alpha: float | None = None,
        seconds_per_step: float = 0.6,
    ) -> None:
        self.confusion = _with_matrices(confusion)
        self.curves = (curves,) if isinstance(curves, Track) else tuple(curves or ())
        self.sequences = _synchronous(sequences, alone=confusion is None)
        self.titles = _titles(self.sequences, titles)
        self.color = color
        self.values = colors_by_id(self.sequences[0], color) if self.sequences else None
        self.steps = self._recorded()
        self.moments = moments_of(self.steps, steps_per_transition if interpolate else 1)
        self.steps_per_transition = int(steps_per_transition) if interpolate else 1
        self.shared_axes = shared_axes
        self.annotate = annotate
        self.n_columns = n_columns
        self.panel_size = (float(panel_size[0]), float(panel_size[1]))
        self.dot_size = dot_size
        self.alpha = alpha
        if not 0 < seconds_per_step < 3600:
            raise InvalidInputError(
                f"seconds_per_step is {seconds_per_step!r}; a time above 0 is needed."
            )
        self.seconds_per_step = float(seconds_per_step)

    def __len__(self) -> int:
        return len(self.moments)

    def __repr__(self) -> str:
        names = ", ".join(self.titles)
        return f"Animation({names}; {len(self.steps)} steps, {len(self)} moments)"

    @property
    def ids(self) -> NDArray[Any]:
        """Points, in the order of an array of colours."""
        return self.sequences[0].ids if self.sequences else np.empty(0, dtype=np.int64)

    @property
    def n_panels(self) -> int:
        """Maps, confusion matrix and curves."""
        return len(self.sequences) + (self.confusion is not None) + bool(self.curves)

    @property
    def seconds_per_moment(self) -> float:
        """Time that a moment is shown."""
        return self.seconds_per_step / self.steps_per_transition

    def figure(self, moment: int = -1) -> Figure:
        """Draw one moment.

        Parameters
        ----------
        moment : int
            Position in `moments`; the last by default.

        Returns
        -------
        figure : matplotlib.figure.Figure
            A panel per sequence, and the confusion matrix if there is one.
        """
        stage = Stage(self)
        stage.show(self._moment(moment))
        return stage.figure

    def frames(self, *, dpi: int = 100) -> Iterator[NDArray[np.uint8]]:
        """Pictures of all moments, arrays of shape (height, width, 3), one at a time."""
        stage = Stage(self, dpi=dpi)
        try:
            for moment in self.moments:
                stage.show(moment)
                yield stage.picture()
        finally:
            stage.close()

    def html(self) -> str:
        """Player as one page: no kernel, no server, and nothing fetched from anywhere."""
        from ._player import page

        return page(self)

    def save(self, path: str | PathLike[str], *, dpi: int = 100) -> Path:
        """Write a picture, a film or a page, by the ending of the name.

        Parameters
        ----------
        path : str or path
            Ends in .gif, .webp (both without further programs), .mp4 (needs ffmpeg) or .html (a
            player with a slider, keys and places of any moment).
        dpi : int
            Pixels per inch.

        Returns
        -------
        path : Path
            What was written.

        Raises
        ------
        InvalidInputError
            Another ending.
        MissingDependencyError
            There is no ffmpeg for .mp4.
        """
        target = Path(path)
        kind = target.suffix.lower()
        if kind not in FORMATS:
            raise InvalidInputError(
                f"{target.name!r} ends in {kind or 'nothing'}; one of {', '.join(FORMATS)} is "
                f"needed."
            )
        if kind == ".html":
            target.write_text(self.html(), encoding="utf-8")
            return target
        from ._film import write_film, write_picture

        if kind == ".mp4":
            write_film(target, self.frames(dpi=dpi), self.seconds_per_moment, hold=HOLD)
        else:
            write_picture(
                target, self.frames(dpi=dpi), len(self), self.seconds_per_moment, hold=HOLD
            )
        return target

    def _repr_html_(self) -> str:
        from ._player import inlined

        return inlined(self)

    def _recorded(self) -> list[int]:
        if self.sequences:
            return self.sequences[0].steps
        assert self.confusion is not None
        return [int(step) for step in self.confusion.confusion_steps]

    def _moment(self, number: int) -> Moment:
        if not -len(self) <= number < len(self):
            raise InvalidInputError(
                f"moment is {number}; the animation has {len(self)}, from 0 to {len(self) - 1}."
            )
        return self.moments[number]


def show_animations(
    sequences: Sequence[Any],
    custom_titles: Sequence[str] | None = None,
    *,
    color: Any = None,
    interpolate: bool = False,
    steps_per_transition: int = 5,
    shared_axes: bool = True,
    confusion: Tracks | None = None,
    annotate_confusion_matrix: bool = False,
    curves: Track | Sequence[Track] | None = None,
    cols: int | None = None,
    figsize_per_plot: tuple[float, float] = (4.0, 4.0),
    dot_size: float | None = None,
    alpha: float | None = None,
) -> Animation:
    """Several sequences side by side, played in step.

    Parameters
    ----------
    sequences : sequence of ProjectionSequence or Animation
        Of the same steps, for example of several methods.
    custom_titles : sequence of str, optional
        Above each; the methods by default.
    color, interpolate, steps_per_transition, confusion, curves, dot_size, alpha
        As in `Animation`.
    shared_axes : bool
        Whether all panels have the same limits.
    annotate_confusion_matrix : bool
        Whether to write counts into the confusion matrix.
    cols : int, optional
        Panels in a row; at most three by default.
    figsize_per_plot : (float, float)
        Width and height of a panel in inches.

    Returns
    -------
    animation : Animation
        A notebook shows it as a player; `Animation.save` writes it.
    """
    maps: list[Any] = []
    titles: list[str] = []
    for each in sequences:
        if isinstance(each, Animation):
            maps += each.sequences
            titles += each.titles
            color = each.color if color is None else color
        else:
            maps.append(each)
            titles += _titles([as_sequence(each)], None)
    return Animation(
        maps,
        titles=titles if custom_titles is None else list(custom_titles)[: len(maps)],
        color=color,
        interpolate=interpolate,
        steps_per_transition=steps_per_transition,
        shared_axes=shared_axes,
        confusion=confusion,
        annotate=annotate_confusion_matrix,
        n_columns=cols,
        curves=curves,
        panel_size=figsize_per_plot,
        dot_size=dot_size,
        alpha=alpha,
    )


def _synchronous(given: Any, *, alone: bool) -> list[ProjectionSequence]:
    if isinstance(given, ProjectionSequence):
        maps = [given]
    else:
        items = list(given)
        if not items and not alone:
            return []
        if not items:
            raise InvalidInputError("There are no sequences to play; at least one is needed.")
        single = not isinstance(items[0], ProjectionSequence) and np.ndim(items[0]) == 2
        maps = [as_sequence(items)] if single else [as_sequence(item) for item in items]
    maps = [as_sequence(each) for each in maps]
    for number, other in enumerate(maps[1:], start=2):
        if other.steps != maps[0].steps:
            raise InvalidInputError(
                f"Sequence {number} has {len(other)} frames ({_shortly(other.steps)}), the first "
                f"{len(maps[0])} ({_shortly(maps[0].steps)}); the same steps are needed to play "
                f"them together. Project the same snapshots with each method."
            )
    for each in maps:
        if each.n_components not in (2, 3):
            raise InvalidInputError(
                f"A sequence has {each.n_components} components; 2 or 3 can be drawn."
            )
    return maps


def _shortly(steps: list[int]) -> str:
    shown = ", ".join(map(str, steps[:3]))
    return f"steps {shown}{', …' if len(steps) > 3 else ''}"


def _titles(maps: Sequence[ProjectionSequence], titles: Sequence[str] | None) -> list[str]:
    if titles is None:
        return [each.provenance.method if each.provenance.method != "unknown" else "" for each in
                maps]  # fmt: skip
    if isinstance(titles, str) or len(titles) != len(maps):
        raise ShapeError(f"titles is {titles!r:.80} for {len(maps)} sequences; one each is needed.")
    return [str(title) for title in titles]


def _with_matrices(tracks: Tracks | None) -> Tracks | None:
    if tracks is not None and len(tracks.confusion) == 0:
        why = tracks.absent.get("accuracy", "it has no predictions with labels")
        raise InvalidInputError(
            f"The tracks of {tracks.space!r} hold no confusion matrix: {why}. Log predictions "
            f"and labels, or leave confusion out."
        )
    return tracks
