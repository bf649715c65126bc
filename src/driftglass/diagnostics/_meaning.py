"""Whether there is any motion in the vectors that a map could follow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data._ids import positions

__all__ = ["Motion", "rounding_of", "spearman"]

MIN_PAIRS = 3
"""Two numbers are always in perfect order."""
ROUNDING = 1e-9
"""Share of the largest value by which two steps must differ to count as different."""

EVEN_SPEED = 0.01
"""Variation of the mean speed below which no step is faster than another."""
TREMBLING = (0.9, 1.1)
"""Share of the motion that the next step takes back, where rows only tremble about their places:
1 for independent noise, 0 for a walk, below 0 for a steady way, 2 for going to and fro."""
LASTING = 0.2
"""Rank correlation of how far points go now and two steps later, below which none goes further
than others except by chance."""
CHANCE_ERRORS = 2.0
"""Standard errors within which mean speeds of trembling points are equal."""
FEWEST_STEPS = 3


class Motion:
    """What the vectors do, gathered step by step, as far as a map could follow it."""

    def __init__(self) -> None:
        self._ids: NDArray[Any] = np.empty(0, dtype=np.int64)
        self._step: NDArray[np.float64] = np.empty((0, 0))
        self._lengths: NDArray[np.float64] = np.empty(0)
        self._earlier: tuple[NDArray[Any], NDArray[np.float64]] | None = None
        self._product = self._squares = 0.0
        self._lasting: list[float] = []
        self._speeds: list[float] = []
        self._errors: list[float] = []
        self._differs = False

    def add(
        self, ids: NDArray[Any], step: NDArray[np.float64], lengths: NDArray[np.float64]
    ) -> None:
        """Look at one step.

        Parameters
        ----------
        ids : ndarray of shape (n_points,)
            Points that are in both snapshots.
        step : ndarray of shape (n_points, n_features)
            Where each goes.
        lengths : ndarray of shape (n_points,)
            How far each goes, as a map is asked to follow it.
        """
        here, before = _shared(ids, self._ids)
        if len(here):
            one, other = self._step[before], step[here]
            self._product += float(np.einsum("ij,ij->", one, other))
            self._squares += float(np.square(one).sum() + np.square(other).sum()) / 2
        if self._earlier is not None:
            here, before = _shared(ids, self._earlier[0])
            self._lasting.append(spearman(self._earlier[1][before], lengths[here]))
        if len(lengths):
            self._speeds.append(float(lengths.mean()))
            self._errors.append(float(lengths.std()) / np.sqrt(len(lengths)))
            self._differs |= bool(np.ptp(lengths) > ROUNDING * lengths.max())
        if len(self._ids):
            self._earlier = self._ids, self._lengths
        self._ids, self._step, self._lengths = ids, step, lengths

    @property
    def taken_back(self) -> float:
        """1 where points only tremble; nan with fewer than three snapshots or no motion."""
        return -2.0 * self._product / self._squares if self._squares > 0 else float("nan")

    def undefined(self) -> dict[str, str]:
        """Which of "who" and "when" say nothing of any map of these vectors, and why."""
        speeds = np.array(self._speeds)
        if not len(speeds):
            return dict.fromkeys(("who", "when"), "no point is in two snapshots one after another")
        if not speeds.any():
            return dict.fromkeys(("who", "when"), "the vectors do not move")
        reasons = {}
        trembles = TREMBLING[0] <= self.taken_back <= TREMBLING[1]
        back = f"a step takes back {self.taken_back:.0%} of the one before"
        lasting = [value for value in self._lasting if np.isfinite(value)]
        if not self._differs:
            reasons["who"] = "all points go equally far in the vectors"
        elif trembles and lasting and np.mean(lasting) < LASTING:
            reasons["who"] = f"the points only tremble, none more than others: {back}"
        varies = float(speeds.std() / speeds.mean())
        chance = CHANCE_ERRORS * float(np.mean(self._errors)) / float(speeds.mean())
        if len(speeds) < FEWEST_STEPS:
            reasons["when"] = f"{len(speeds)} steps are too few to be in order; 3 are needed"
        elif varies < EVEN_SPEED:
            reasons["when"] = f"all steps are equally fast: their mean lengths vary by {varies:.1%}"
        elif trembles and varies < chance:
            reasons["when"] = f"the points only tremble, at no time more than at others: {back}"
        return reasons


def spearman(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Rank correlation; 0 if a side is constant, nan for fewer than three pairs.

    Values that differ by rounding are ties, so that a rotation counts as constant motion.
    """
    from scipy.stats import rankdata

    if len(a) < MIN_PAIRS:
        return float("nan")
    ranked = []
    for values in (a, b):
        grain = ROUNDING * float(np.abs(values).max())
        rounded = np.round(values / grain) if grain > 0 else np.zeros(len(values))
        ranks = rankdata(rounded)
        ranked.append(ranks - ranks.mean())
    size = float(np.sqrt(np.square(ranked[0]).sum() * np.square(ranked[1]).sum()))
    return float(ranked[0] @ ranked[1]) / size if size > 0 else 0.0


def _shared(ids: NDArray[Any], others: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the ids that are in both, here and there."""
    if not len(ids) or not len(others):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    there = positions(ids, others)
    here = np.flatnonzero(there >= 0)
    return here, there[here]


def rounding_of(X: NDArray[Any]) -> float:
    """Share of the largest value by which two numbers may differ because they were rounded."""
    return max(1e-12, 4.0 * float(np.finfo(X.dtype).eps)) if X.dtype.kind == "f" else 1e-12
