"""Descents of several frames, a few iterations at a time, with a word between frames after each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._shelf import let_go
from ._tsne_layout import Descent, Phase

__all__ = ["ITER_PER_ROUND", "descended_in_rounds", "one_by_one"]

ITER_PER_ROUND = 5
"""Between two times that frames hear of each other; with more they drift apart in between."""

Frames = list[NDArray[np.float64]]


def descended_in_rounds(
    Y: Frames,
    descents: Mapping[int, Descent],
    n_iter: int,
    phase: Callable[[int, int], Phase],
    bind: Callable[[Frames, int], Frames],
    *,
    map_: Callable[[Callable[[int], Any], Iterable[int]], list[Any]],
    report: Callable[[int], None] = lambda done: None,
) -> Frames:
    """Move every frame a little, bind them to each other, and so on.

    Parameters
    ----------
    Y : list of ndarray of shape (n_t, n_components)
        Where points are; the list is not changed.
    descents : mapping of int to Descent
        By number of the frame; frames without one stay, unless they are bound.
    n_iter : int
        Iterations in all.
    phase : callable
        From iterations and rows of a frame to how these iterations are made.
    bind : callable
        From places and iterations made to places that agree with each other.
    map_ : callable
        Applies a function to numbers of frames, in threads or one by one.
    report : callable
        Called with the iterations done.

    Returns
    -------
    Y : list of ndarray of shape (n_t, n_components)
        Where points are then.
    """
    Y = list(Y)
    for done in range(0, n_iter, ITER_PER_ROUND):
        report(done)
        now = min(ITER_PER_ROUND, n_iter - done)

        def moved(t: int, Y: Frames = Y, now: int = now) -> NDArray[np.float64]:
            descent = descents[t]
            descent.move_to(Y[t])
            descent.run([phase(now, len(descent.Y))])
            let_go(descent.affinities.columns)
            let_go(descent.affinities.values)
            return descent.Y.astype(np.float64)

        for t, Z in zip(descents, map_(moved, list(descents)), strict=True):
            Y[t] = Z
        Y = bind(Y, now)
    return Y


def one_by_one(function: Callable[[int], Any], numbers: Iterable[int]) -> list[Any]:
    """Apply a function without threads of its own."""
    return [function(number) for number in numbers]
