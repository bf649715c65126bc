"""A sequence of t-SNE maps, each begun where the one before left off."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..data._ids import positions
from ..errors import DriftglassWarning
from ..neighbors import query_neighbors
from ._affine import AffineMap
from ._fitting import Place, Targets, needs_no_method
from ._listening import Listening
from ._moments import principal_axes
from ._snapshots import Snapshots

if TYPE_CHECKING:
    from ._tsne import TSNE

__all__ = ["ContinuedTSNE"]

CONTINUED_ITER = 150
"""Enough to follow a snapshot that differs a little; a whole descent takes 750."""
CHECK_EVERY = 25


class ContinuedTSNE:
    """t-SNE of each snapshot on its own, started from the map of the snapshot before.

    Points that both have begin where they were; new ones begin at the mean place of their
    nearest neighbours among those. Without points in common the descent starts afresh.

    Parameters
    ----------
    snapshots : Snapshots
        Where to read.
    estimator : TSNE
        Settings of each map. Never fitted itself: copies are. Its early exaggeration is for the
        first map only.
    progress : callable
        Called now and then, so that whoever waits can stop the work.
    targets : callable, optional
        Labels by id, which pull rows of one kind together.
    """

    name = "tsne"
    joint = False

    notes: tuple[str, ...] = ()

    def __init__(
        self,
        snapshots: Snapshots,
        estimator: TSNE,
        progress: Progress,
        targets: Targets | None = None,
    ) -> None:
        self._snapshots = snapshots
        self._estimator = estimator
        self._n_components = int(estimator.n_components)
        self._progress = progress
        self._targets = targets
        self._last: tuple[NDArray[Any], NDArray[Any]] | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Those of the estimator, and how long a map is continued."""
        left_out = {"callback", "callback_every", "progress", "n_jobs", "init"}
        left_out |= {"precomputed_knn", "precomputed_affinities"}
        settings = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self._estimator.get_params().items()
            if name not in left_out
        }
        return {**settings, "continued_iter": CONTINUED_ITER}

    def fit(self, numbers: Sequence[int]) -> Place | None:
        """Map of the last of these snapshots."""
        number = numbers[-1]
        self.notes = ()
        loaded = self._snapshots.load(number)
        if len(loaded.vectors) == 0:
            return None
        X = loaded.vectors
        if needs_no_method(X):
            return AffineMap.from_axes(principal_axes(X, self._n_components), self._n_components)
        Y = self._descended(X, loaded.ids, number)
        self._last = (loaded.ids, Y)
        return lambda _: Y

    def _descended(self, X: NDArray[Any], ids: NDArray[Any], number: int) -> NDArray[Any]:
        estimator = self._set(self._start(X, ids), number, ids)
        y = () if self._targets is None else (self._targets(ids),)
        with warnings.catch_warnings():
            # The notes of the frame say it, and once per snapshot would be too often.
            warnings.simplefilter("ignore", DriftglassWarning)
            Y = estimator.fit_transform(X, *y)
        self.notes = estimator.notes_
        return Y

    def _set(self, start: NDArray[Any] | None, number: int, ids: NDArray[Any]) -> TSNE:
        from sklearn.base import clone

        estimator: TSNE = clone(self._estimator)
        if start is not None:
            estimator.set_params(init=start, early_exaggeration_iter=0, n_iter=CONTINUED_ITER)
        step, total = self._snapshots.steps[number], len(self._snapshots)
        estimator.set_params(callback_every=CHECK_EVERY)
        Listening(self._progress, self.name, [(step, ids)], number, total).attach(estimator)
        return estimator

    def _start(self, X: NDArray[Any], ids: NDArray[Any]) -> NDArray[Any] | None:
        if self._last is None:
            return None
        before = positions(ids, self._last[0])
        known = np.flatnonzero(before >= 0)
        if len(known) == 0:
            return None
        start = np.zeros((len(X), self._n_components))
        start[known] = self._last[1][before[known]]
        new = np.flatnonzero(before < 0)
        if len(new):
            near, _ = query_neighbors(X[new], X[known], min(5, len(known)), n_jobs=1)
            start[new] = start[known][near].mean(axis=1)
        return start
