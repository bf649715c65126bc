"""Maps of a run over training, with how far they can be believed."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ... import plots
from ...data import Projection, ProjectionSequence, Provenance
from ...diagnostics import (
    SequenceScores,
    SpeedScores,
    denoise,
    sequence_scores,
    speed_scores,
)
from ...errors import InvalidInputError, ShapeError
from ._run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Animation"]


class Animation:
    """Maps of the snapshots of a run.

    Parameters
    ----------
    projections : ProjectionSequence or sequence of array-like of shape (n_items, 2 or 3)
        One map per snapshot; arrays have the rows of `run.embeddings`.
    title : str
        What it is called in figures.
    run : Run
        Where the vectors are.

    Raises
    ------
    ShapeError
        There is not one map for each snapshot.
    """

    def __init__(self, projections: Any, title: str, run: Run) -> None:
        self.title = title
        self.run = run
        self.sequence = _sequence(projections, run)

    def __repr__(self) -> str:
        return f"Animation({self.title!r}, {len(self.sequence)} frames)"

    @property
    def projections(self) -> list[NDArray[np.float32]]:
        """Map of each snapshot, rows as in ``run.embeddings``."""
        return list(self.sequence.aligned(self.run.ids))

    @cached_property
    def scores(self) -> SequenceScores:
        """Faithfulness, coherence and false motion, against the vectors as they were recorded."""
        return sequence_scores(self._vectors(), self.sequence, self.run.ids)

    @cached_property
    def speeds(self) -> SpeedScores:
        """Agreement of mean speeds, which train-viz calls its evaluation."""
        return speed_scores(self._vectors(), self.projections)

    def copy(self) -> Animation:
        """Return another animation of the same maps."""
        return Animation(self.sequence, self.title, self.run)

    def plot(
        self,
        figsize: tuple[float, float] = (5, 5),
        dot_size: float = 5,
        alpha: float = 0.5,
        interpolate: bool = False,
        steps_per_transition: int = 10,
    ) -> plots.Animation:
        """Play the maps; a notebook shows the player, without a kernel."""
        return plots.Animation(
            self.sequence,
            titles=[self.title],
            color=self.colors(),
            interpolate=interpolate,
            steps_per_transition=steps_per_transition,
            panel_size=figsize,
            dot_size=dot_size,
            alpha=alpha,
        )

    def save_as_gif(
        self,
        frame_interval: int = 50,
        figsize: tuple[float, float] = (4, 4),
        dot_size: float = 5,
        alpha: float = 0.6,
        interpolate: bool = True,
        steps_per_transition: int = 1,
        path: Any = None,
    ) -> Path:
        """Write a GIF, by default named after the run and the title; returns where it is.

        `frame_interval` is the time of each picture in milliseconds.
        """
        if path is None:
            words = re.sub(r"[^\w.-]+", "_", f"{self.run.run_id} {self.title}").strip("_")
            path = f"{words}.gif"
        parts = steps_per_transition if interpolate else 1
        animation = plots.Animation(
            self.sequence,
            titles=[self.title],
            color=self.colors(),
            interpolate=interpolate,
            steps_per_transition=steps_per_transition,
            panel_size=figsize,
            dot_size=dot_size,
            alpha=alpha,
            seconds_per_step=parts * frame_interval / 1000,
        )
        return animation.save(path, dpi=150)

    def denoise(
        self,
        blend: float = 0.9,
        window_size: int = 15,
        mode: Literal["window", "exponential"] = "window",
        do_projections: bool = True,
        do_embedding_drift: bool = True,
        do_cka_similarities: bool = True,
    ) -> Animation:
        """Return a smoothed copy; what that costs is printed.

        The window reaches as far ahead as back and holds `window_size` frames. The last two
        arguments are accepted, and change nothing: a smoothed map is scored against the vectors
        as they were recorded, because smoothing both sides raises the score of any map.
        """
        if not do_projections:
            return self.copy()
        smooth = denoise(
            self.sequence,
            self._vectors(),
            self.run.ids,
            blend=blend,
            window=window_size,
            mode=mode,
            centered=mode == "window",
        )
        return Animation(smooth.sequence, f"{self.title} denoised", self.run)

    def evaluate(self, verbose: bool = True) -> tuple[float, float]:
        """Scores of the mean speeds against drift and against 1 - CKA, as train-viz has them.

        They look at no point and no neighbourhood; `scores` does, and is printed beside.
        """
        if verbose:
            print(self.log_evaluation())
        return self.speeds.drift, self.speeds.cka

    def log_evaluation(self) -> str:
        """What was measured, in words."""
        lines = [
            f"{self.title}: {self.scores}",
            f"mean speeds only: drift {self.speeds.drift:.3f}, CKA {self.speeds.cka:.3f}",
        ]
        lines += [
            f"  {skip} snapshots: drift {self.speeds.drift_by_skip[skip]:.3f}, "
            f"CKA {self.speeds.cka_by_skip[skip]:.3f}"
            for skip in self.speeds.drift_by_skip
        ]
        return "\n".join(lines)

    def scatter_movements(self, skip: int = 1) -> Axes:
        """Draw how far each item goes in the map over how far it goes in the vectors."""
        return plots.movement_scatter(
            self._vectors(), self.sequence, self.run.ids, skip=skip, title=self.title
        )

    def grid(self, n_frames: int = 6) -> Figure:
        """Draw some frames side by side, with their faithfulness."""
        return plots.sequence_grid(
            self.sequence, self.colors(), n_frames=n_frames, scores=self.scores
        )

    def colors(self) -> dict[Any, Any] | None:
        """Class of each item by its id."""
        if not self.run.classes:
            return None
        return dict(zip(self.run.ids.tolist(), self.run.class_names(), strict=True))

    def _vectors(self) -> list[NDArray[Any]]:
        known = dict(zip(self.run.steps, self.run.embeddings, strict=True))
        missing = [step for step in self.sequence.steps if step not in known]
        if missing:
            raise InvalidInputError(
                f"The run was thinned out after this animation was made: it has no vectors of "
                f"step {missing[0]} any more. Make the animation again, or run.reload()."
            )
        return [known[step] for step in self.sequence.steps]


def _sequence(projections: Any, run: Run) -> ProjectionSequence:
    if isinstance(projections, ProjectionSequence):
        return projections
    planes = list(projections)
    if len(planes) != len(run.steps):
        raise ShapeError(
            f"{len(planes)} maps for {len(run.steps)} snapshots; one for each is needed."
        )
    made = Provenance("given")
    frames = tuple(
        Projection(run.ids, np.asarray(Y, dtype=np.float32), run.space, step, provenance=made)
        for Y, step in zip(planes, run.steps, strict=True)
    )
    return ProjectionSequence(frames, made)
