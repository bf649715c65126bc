"""Pairwise controlled manifold approximation as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from ..errors import InvalidInputError
from ..neighbors import NeighborIndex, nearest_neighbors
from ..parallel import effective_n_jobs
from ._affine import AffineMap
from ._checks import checked_choice, checked_integer, checked_number
from ._estimator import random_state_of
from ._initialization import array_start, pca_start, random_start, scaled
from ._map_of_rows import MapOfRows
from ._moments import principal_axes
from ._notes import Notes
from ._pacmap_layout import LocalGraph, PairLosses, descend_pairs
from ._pairs import further, midnear, nearest, symmetric
from ._thin import EQUAL_COSINE, directions, thin_map
from ._tsne_layout import Callback
from ._watch import Listener, Watch, told

__all__ = ["PaCMAP"]

PCA_ABOVE, AXES_FROM_ROWS = 100, 1 << 14
"""Features beyond which vectors are first projected to so many principal axes."""
EXTRA_NEIGHBORS = 50
"""Neighbours among which the nearest in local units are chosen."""
START_DEVIATION = {"pca": 0.01, "random": 1e-4}
PLACING_ITER = 50


class PaCMAP(MapOfRows):
    """Map that weighs neighbours against the arrangement of the whole, in three phases.

    Pairs of each row with its neighbours, with rows of middling distance and with rows drawn by
    chance take turns in deciding. Compared with t-SNE, the arrangement of groups means more and
    the finest neighbourhoods less. The same seed gives the same bytes at any `n_jobs`.

    Parameters
    ----------
    n_components : int
        Coordinates per row: 1, 2 or 3.
    n_neighbors : int or None
        Near pairs per row. None is 10 up to 10,000 rows, and grows with their logarithm.
        Lowered with a warning if there are not as many other rows.
    MN_ratio : float
        Mid-near pairs per near pair.
    FP_ratio : float
        Further pairs per near pair.
    metric : {"euclidean", "cosine"}
        Distance between rows.
    init : {"pca", "random"} or array of shape (n_samples, n_components)
        Where points start.
    num_iters : tuple of three int
        Iterations of the phases.
    random_state : int, RandomState or None
        Seed of the pairs that are drawn.
    n_jobs : int or None
        Threads; None uses every core.
    callback : callable, optional
        Called with (iterations done, loss, map). A true answer stops the descent and keeps the
        map as it is then.
    callback_every : int
        Iterations between calls.
    progress : callable, optional
        Called with a `FitProgress`: stage, time left, map so far. A true answer stops: in
        the stage "layout" the map is kept as it is then, before it there is none.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components), dtype float32
        Map of the fitted rows.
    effective_n_neighbors_ : int
        Near pairs per row after lowering.
    n_iter_ : int
        Iterations made.
    stopped_ : bool
        Whether the callback stopped the descent.
    notes_ : tuple of str
        What a reader of the map should know; each was also a warning.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.TSNE : keeps the nearest neighbours more faithfully.

    References
    ----------
    .. [1] Wang, Huang, Rudin and Shaposhnik (2021). Understanding how dimension reduction tools
       work. JMLR.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 5)) + 9 * np.repeat(np.eye(3, 5), 30, axis=0)
    >>> PaCMAP(random_state=0).fit_transform(X).shape
    (90, 2)
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int | None = 10,
        MN_ratio: float = 0.5,
        FP_ratio: float = 2.0,
        metric: str = "euclidean",
        init: Any = "pca",
        num_iters: tuple[int, int, int] = (100, 100, 250),
        random_state: Any = None,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        callback_every: int = 50,
        progress: Listener | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.MN_ratio = MN_ratio
        self.FP_ratio = FP_ratio
        self.metric = metric
        self.init = init
        self.num_iters = num_iters
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callback = callback
        self.callback_every = callback_every
        self.progress = progress

    def _learn(self, X: NDArray[Any], notes: Notes) -> None:
        self._thin = thin_map(X, self.metric, int(self.n_components))
        if self._thin is None:
            self._descend(X, notes)
            return
        notes += self._thin.notes
        self.embedding_ = self._thin.coordinates
        self.effective_n_neighbors_, self.n_iter_, self.stopped_ = len(X) - 1, 0, False

    def _placed(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Where the loss of each row's near pairs is least."""
        if self._thin is not None:
            return self._thin.transform(X)
        n_threads = effective_n_jobs(self.n_jobs)
        k = min(self.effective_n_neighbors_, len(self._index))
        near, distances = self._index.query(self._reduced(X), k, n_jobs=n_threads)
        Y = self.embedding_
        places = np.ascontiguousarray(Y[near].mean(axis=1))
        starts = np.arange(len(X) + 1, dtype=np.int64) * k
        # Weights such that the slope is at most one, and a whole step never overshoots.
        values = np.full(near.size, 121.0 / k, dtype=np.float32)
        for _ in range(PLACING_ITER):
            places += _kernels.pair_forces(
                places, Y, starts, near.ravel(), values, 11.0, n_threads=n_threads
            )
        same = distances[:, 0] <= self._same_below()
        places[same] = Y[near[same, 0]]
        return places

    def _descend(self, X: NDArray[Any], notes: Notes) -> None:
        n_threads = effective_n_jobs(self.n_jobs)
        seed = random_state_of(self.random_state).randint(np.iinfo(np.int32).max)
        rng = np.random.default_rng(seed)
        self._axes = _axes_for(X, self.metric)
        self._fitted = self._reduced(X)
        k = self._clamped(len(X), notes)
        wide = min(k + EXTRA_NEIGHBORS, len(X) - 1)
        metric: Any = self.metric
        first, second, third = (int(n) for n in self.num_iters)
        total = first + second + third
        watch = Watch(self.progress, _costs(len(X), X.shape[1], total))
        graph = nearest_neighbors(
            self._fitted,
            wide,
            metric=metric,
            n_jobs=self.n_jobs,
            progress=lambda done, total, what: watch.before_the_map("neighbors", done, total),
        )
        watch.before_the_map("affinities", 0, 1)
        near = nearest(graph, k)
        n_midnear, n_further = round(k * self.MN_ratio), round(k * self.FP_ratio)
        middle, far = (
            midnear(self._fitted, n_midnear, metric, rng, n_threads),
            further(near, n_further, rng),
        )
        losses = PairLosses(*(symmetric(pairs, n_threads) for pairs in (near, middle, far)))
        watch.before_the_map("initialization", 0, 1)
        start = self._start(rng)
        callback, callback_every = told(watch, self.callback, int(self.callback_every), total)
        self.embedding_, self.n_iter_, self.stopped_ = descend_pairs(
            start,
            losses,
            (first, second, third),
            n_threads=n_threads,
            callback=callback,
            callback_every=callback_every,
            local=self._local(near, far, seed),
        )
        if not self.stopped_:
            watch("layout", total, total, self.embedding_)
        self.effective_n_neighbors_ = k
        self._index = NeighborIndex(self._fitted, metric=metric)

    def _local(
        self, near: NDArray[np.int32], further: NDArray[np.int32], seed: int
    ) -> LocalGraph | None:
        """How the last phase adjusts the pairs; it does not."""
        return None

    def _same_below(self) -> float:
        """Distance that rounding may leave between equal rows."""
        if self.metric == "cosine":
            return EQUAL_COSINE
        # Axes are applied to many rows at a time, and the order of their sums may differ.
        return 0.0 if self._axes is None else 1e-5 * float(self._fitted.std())

    def _reduced(self, X: NDArray[Any]) -> NDArray[np.float32]:
        X = directions(X, self.metric)
        return np.ascontiguousarray(self._axes(X) if self._axes else X, dtype=np.float32)

    def _start(self, rng: np.random.Generator) -> NDArray[np.float32]:
        n_samples, n_components = len(self._fitted), int(self.n_components)
        if not isinstance(self.init, str):
            return array_start(self.init, n_samples, n_components).astype(np.float32)
        if self.init == "random":
            start = random_start(n_samples, n_components, rng)
        else:
            start = pca_start(self._fitted, n_components)
        return scaled(start, START_DEVIATION[self.init], rng).astype(np.float32)

    def _clamped(self, n_samples: int, notes: Notes) -> int:
        wanted = self.n_neighbors
        if wanted is None:
            wanted = 10 if n_samples <= 10_000 else round(10 + 15 * (np.log10(n_samples) - 4))
        most = n_samples - 1
        if wanted > most:
            notes.append(f"n_neighbors {wanted} lowered to {most}: only {n_samples} samples.")
        return int(min(wanted, most))

    def _check_parameters(self) -> None:
        if isinstance(self.n_components, bool) or self.n_components not in (1, 2, 3):
            raise InvalidInputError(
                f"n_components is {self.n_components!r}; 1, 2 or 3 is needed. Use PCA for more."
            )
        checked_choice("metric", self.metric, ("euclidean", "cosine"))
        if isinstance(self.init, str) and self.init not in START_DEVIATION:
            raise InvalidInputError(
                f"init is {self.init!r}; 'pca', 'random' or an array is needed."
            )
        if self.n_neighbors is not None:
            checked_integer("n_neighbors", self.n_neighbors)
        checked_integer("callback_every", self.callback_every)
        for name in ("MN_ratio", "FP_ratio"):
            checked_number(name, getattr(self, name), least=0.0, above=True)
        phases = tuple(self.num_iters) if np.ndim(self.num_iters) == 1 else ()
        if len(phases) != 3 or any(int(n) != n or n < 0 for n in phases):
            raise InvalidInputError(
                f"num_iters is {self.num_iters!r}; three numbers of iterations are needed."
            )


def _costs(n_samples: int, n_features: int, n_iter: int) -> dict[str, float]:
    """Rough microseconds of each stage per thread."""
    return {
        "neighbors": n_samples * (35.0 + 0.08 * n_features),
        "affinities": n_samples * 6.0,
        "initialization": n_samples * 0.005 * n_features,
        "layout": n_samples * 0.1 * n_iter,
    }


def _axes_for(X: NDArray[Any], metric: str) -> AffineMap | None:
    """Leading axes of vectors with very many features; none are needed for others."""
    X = directions(X, metric)
    part = X[:: max(1, len(X) // AXES_FROM_ROWS)]
    if X.shape[1] > PCA_ABOVE and metric != "cosine":
        n_axes = min(PCA_ABOVE, *part.shape)
        return AffineMap.from_axes(principal_axes(part, n_axes), n_axes)
    return None
