"""Smoothing an animation, with the faithfulness it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..data import Projection, ProjectionSequence, Provenance
from ..data._ids import positions
from ..errors import InvalidInputError
from ._sequence_scores import SequenceScores, sequence_scores

__all__ = ["Denoised", "denoise"]


@dataclass(frozen=True, eq=False)
class Denoised:
    """A smoothed sequence, and what it shows less well than before.

    Parameters
    ----------
    sequence : ProjectionSequence
        Smoothed.
    before, after : SequenceScores or None
        Of the sequence as it was and as it is, both against the vectors as they were recorded;
        None if no vectors were given.
    """

    sequence: ProjectionSequence
    before: SequenceScores | None
    after: SequenceScores | None

    def __str__(self) -> str:
        """What it cost, in one line."""
        if self.before is None or self.after is None:
            return "smoothed; what it costs was not measured (pass the vectors)"
        return (
            f"smoothed: F {self.before.F:.3f} -> {self.after.F:.3f}, "
            f"C {self.before.C:.3f} -> {self.after.C:.3f}, "
            f"J {self.before.J:.3f} -> {self.after.J:.3f}"
        )


def denoise(
    sequence: ProjectionSequence,
    Xs: Any = None,
    ids: Any = None,
    *,
    blend: float = 0.9,
    window: int = 15,
    mode: Literal["window", "exponential"] = "window",
    centered: bool = False,
    verbose: bool = True,
) -> Denoised:
    """Replace each frame by a mixture of itself and frames around it.

    A smoothed picture moves less because it shows what is no longer there, or not yet. How much
    less of each snapshot it shows is measured against the vectors, and printed.

    Parameters
    ----------
    sequence : ProjectionSequence
        What to smooth. Smoothing a smoothed sequence is refused: start from the first.
    Xs : iterable of array-like, optional
        Vectors of the snapshots, to measure what it costs.
    ids : sequence, optional
        Ids of their rows, as in `sequence_scores`.
    blend : float
        In [0, 1], share of the mean of other frames; 0 changes nothing.
    window : int
        Frames that are averaged, the frame itself included.
    mode : {"window", "exponential"}
        Mean of the frames of the window, or the smoothed frame before.
    centered : bool
        Whether the window reaches as far back as forth, so that nothing lags. Otherwise it ends
        with the frame. For "exponential" the mean of both directions.
    verbose : bool
        Print what it costs, if it was measured.

    Returns
    -------
    denoised : Denoised
        Points are averaged over the frames that they are in.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> Xs = [rng.normal(size=(50, 2)) for _ in range(5)]
    >>> from driftglass.projections import project_sequence
    >>> smooth = denoise(project_sequence(Xs, method="pca"), Xs, window=3)
    smoothed: F 1.000 -> 0.248, C 1.000 -> 0.386, J 0.000 -> 0.000
    """
    _check(blend, window, mode)
    if sequence.provenance.method.startswith("denoised "):
        raise InvalidInputError(
            "This sequence is smoothed already, and smoothing it again would hide what the first "
            "time cost. Smooth the sequence it came from with a larger window or blend."
        )
    frames = list(sequence)
    if mode == "window":
        references = _window_means(frames, window, centered)
        smooth = [
            (1.0 - blend) * frame.coordinates + blend * reference
            for frame, reference in zip(frames, references, strict=True)
        ]
    else:
        smooth = _exponential(frames, blend)
        if centered:
            back = _exponential(frames[::-1], blend)[::-1]
            smooth = [(one + other) / 2 for one, other in zip(smooth, back, strict=True)]
    parameters = {
        **sequence.provenance.parameters,
        "blend": blend,
        "window": window,
        "mode": mode,
        "centered": centered,
    }
    made = replace(
        sequence.provenance,
        method=f"denoised {sequence.provenance.method}",
        parameters=parameters,
    )
    result = ProjectionSequence(_framed(frames, smooth, made), made)
    before = after = None
    if Xs is not None:
        given = list(Xs)
        before = sequence_scores(given, sequence, ids)
        after = sequence_scores(given, result, ids)
    denoised = Denoised(result, before, after)
    if verbose and Xs is not None:
        print(denoised)
    return denoised


def _framed(
    frames: Sequence[Projection], smooth: Sequence[NDArray[Any]], made: Provenance
) -> tuple[Projection, ...]:
    note = "smoothed over time: places are a mixture of several steps."
    return tuple(
        replace(
            frame,
            coordinates=np.asarray(Y, dtype=np.float32),
            provenance=made,
            quality=None,
            notes=(*frame.notes, note),
        )
        for frame, Y in zip(frames, smooth, strict=True)
    )


def _window_means(
    frames: Sequence[Projection], window: int, centered: bool
) -> list[NDArray[np.float64]]:
    """Mean place of each point over the frames of the window that it is in."""
    means = []
    for number, frame in enumerate(frames):
        first = number - (window - 1) // 2 if centered else number - window + 1
        last = number + window // 2 if centered else number
        total = np.zeros(frame.coordinates.shape)
        count = np.zeros(len(frame.ids))
        for other in frames[max(first, 0) : last + 1]:
            rows = positions(frame.ids, other.ids)
            here = np.flatnonzero(rows >= 0)
            total[here] += other.coordinates[rows[here]]
            count[here] += 1
        means.append(total / count[:, None])
    return means


def _exponential(frames: Sequence[Projection], blend: float) -> list[NDArray[np.float64]]:
    smooth: list[NDArray[np.float64]] = []
    for number, frame in enumerate(frames):
        Y = frame.coordinates.astype(np.float64)
        if number:
            rows = positions(frame.ids, frames[number - 1].ids)
            here = np.flatnonzero(rows >= 0)
            Y[here] += blend * (smooth[-1][rows[here]] - Y[here])
        smooth.append(Y)
    return smooth


def _check(blend: Any, window: Any, mode: Any) -> None:
    if not (isinstance(blend, (int, float, np.number)) and 0 <= blend <= 1):
        raise InvalidInputError(f"blend is {blend!r}; a share from 0 to 1 is needed.")
    if not isinstance(window, (int, np.integer)) or isinstance(window, bool) or window < 1:
        raise InvalidInputError(f"window is {window!r}; an integer of at least 1 is needed.")
    if mode not in ("window", "exponential"):
        raise InvalidInputError(f"mode is {mode!r}; 'window' or 'exponential' is needed.")
