"""Multidimensional scaling as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..parallel import effective_n_jobs
from ._checks import checked_choice, checked_integer, checked_number, in_single, rng_of
from ._dissimilarities import METRICS, dissimilarities, symmetric_dissimilarities
from ._initialization import array_start, random_start, scaled
from ._map_of_rows import MapOfRows
from ._notes import Notes
from ._stress import (
    Callback,
    Scaled,
    classical_scaling,
    disparities,
    least_stress,
    least_stress_places,
    pair_order,
)
from ._watch import Listener, Watch, told

__all__ = ["MDS"]

KINDS = ("metric", "classical", "nonmetric")


class MDS(MapOfRows):
    """Map whose distances are as near as can be to given ones, far and near alike.

    Of all methods here it is the one to measure with: `stress_` says by how much distances in the
    map are off. Large groups decide its arrangement, and near neighbours count no more than far
    rows. The same seed gives the same bytes at any `n_jobs`.

    Parameters
    ----------
    n_components : int
        Coordinates per row, from 1 to 64.
    kind : {"metric", "classical", "nonmetric"}
        Least stress by majorization; leading eigenvectors of the centred squared distances, which
        for euclidean ones are principal axes; or least stress of the order of distances alone.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "precomputed"}
        Distance between rows; with "precomputed", X holds dissimilarities.
    n_landmarks : int or None
        Rows, drawn by chance, that are scaled among each other where there are more of them;
        the others are then placed by their distances to those. None scales all rows, which takes
        ``12 * n_samples**2`` bytes.
    init : {"classical", "random"} or array of shape (n_samples, n_components)
        Where points start; an array is for all rows.
    max_iter : int
        Iterations at most.
    eps : float
        Ends when an iteration lowers the stress by less than this share of it.
    random_state : int, RandomState or None
        Seed of the landmarks and of a random start.
    n_jobs : int or None
        Threads; None uses every core.
    callback : callable, optional
        Called with (iterations done, stress, map of the landmarks). A true answer stops the
        iteration and keeps the map as it is then.
    callback_every : int
        Iterations between calls.
    progress : callable, optional
        Called with a `FitProgress`: stage, time left, map so far, of the landmarks and in no unit.
        A true answer stops: in the stage "layout" the map is kept as it is then, before it there
        is none.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components), dtype float32
        Map of the fitted rows, in the unit of the distances; of no unit if nonmetric.
    stress_ : float
        Kruskal's stress, the root of the squared misses over the squared distances wanted: 0 is
        perfect, 0.05 good and 0.2 poor. With landmarks, over pairs with one of them.
    raw_stress_ : float
        Sum of the squared misses, in squared units of the distances.
    landmarks_ : ndarray of int
        Rows that were scaled among each other.
    n_iter_ : int
        Iterations made; 1 if there are none to make.
    converged_ : bool
        Whether the stress had stopped falling.
    stopped_ : bool
        Whether the callback stopped it.
    notes_ : tuple of str
        What a reader of the map should know; each was also a warning.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.PHATE : scales distances of where a walk leads.

    References
    ----------
    .. [1] Torgerson (1952). Multidimensional scaling: I. Theory and method. Psychometrika.
    .. [2] Kruskal (1964). Nonmetric multidimensional scaling. Psychometrika.
    .. [3] de Leeuw (1977). Applications of convex analysis to multidimensional scaling.
    .. [4] de Silva and Tenenbaum (2004). Sparse multidimensional scaling using landmark points.

    Examples
    --------
    >>> D = [[0, 3, 4], [3, 0, 5], [4, 5, 0]]
    >>> mds = MDS(metric="precomputed").fit(D)
    >>> float(np.linalg.norm(mds.embedding_[1] - mds.embedding_[2]).round(2))
    5.0
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        kind: str = "metric",
        metric: str = "euclidean",
        n_landmarks: int | None = 2000,
        init: Any = "classical",
        max_iter: int = 300,
        eps: float = 1e-5,
        random_state: Any = None,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        callback_every: int = 10,
        progress: Listener | None = None,
    ) -> None:
        self.n_components = n_components
        self.kind = kind
        self.metric = metric
        self.n_landmarks = n_landmarks
        self.init = init
        self.max_iter = max_iter
        self.eps = eps
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callback = callback
        self.callback_every = callback_every
        self.progress = progress

    def _learn(self, X: NDArray[Any], notes: Notes) -> None:
        if self.metric == "precomputed":
            X = symmetric_dissimilarities(X)
        self._scale(X, notes)

    def _placed(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Where the stress towards the landmarks, which stay, is least."""
        if self.metric == "precomputed":
            distances = X[:, self.landmarks_].astype(np.float64)
            if (distances < 0).any():
                raise InvalidInputError("X holds negative values; dissimilarities are not.")
        else:
            distances = dissimilarities(X, self._base, self.metric)
        Y, _, _ = self._by_distances(distances)
        nearest = distances.argmin(axis=1)
        # What rounding may leave between equal rows.
        same = distances[np.arange(len(X)), nearest] <= 1e-6 * self._unit
        Y[same] = self._landmark_places[nearest[same]]
        return Y

    def _scale(self, X: NDArray[Any], notes: Notes) -> None:
        n, given = len(X), self.metric == "precomputed"
        rng = rng_of(self.random_state)
        most = n if self.n_landmarks is None else min(n, int(self.n_landmarks))
        self.landmarks_ = np.arange(n) if most == n else np.sort(rng.choice(n, most, replace=False))
        watch = Watch(self.progress, {"affinities": 1.0, "initialization": 3.0, "layout": 20.0})
        watch.before_the_map("affinities", 0, 1)
        base = X if most == n else X[self.landmarks_]
        self._base = base
        among = base[:, self.landmarks_] if given else dissimilarities(base, base, self.metric)
        # In units of the widest, so that single precision neither overflows nor vanishes.
        self._unit = float(among.max(initial=0.0))
        if self._unit == 0.0:
            if n > 1:
                notes.append(f"all {most} rows are equal: one stacked point.")
            self._unit = 1.0
        among = among / self._unit
        watch.before_the_map("initialization", 0, 1)
        self._classical = classical_scaling(among, int(self.n_components))
        scaled_map = self._least_stress(among, self._start(n, rng), watch)
        self.n_iter_, self.stopped_ = max(1, scaled_map.n_iter), scaled_map.stopped
        self.converged_ = scaled_map.converged
        self._ranks = self._distances_of_ranks(among, scaled_map.coordinates)
        if given:  # only its columns are asked for again
            self._base = base[:0]
        self._landmark_places = in_single(scaled_map.coordinates, self._unit)
        if most == n:
            self.embedding_, raw = self._landmark_places, scaled_map.stress
            self.stress_ = scaled_map.relative
        else:
            raw = self._place_others(X)
        self.raw_stress_ = raw * self._unit**2

    def _least_stress(
        self, among: NDArray[np.float64], start: NDArray[np.float64], watch: Watch
    ) -> Scaled:
        max_iter = 0 if self.kind == "classical" else int(self.max_iter)
        callback, callback_every = told(watch, self.callback, int(self.callback_every), max_iter)
        found = least_stress(
            among.astype(np.float32),
            start,
            max_iter=max_iter,
            eps=float(self.eps),
            order=pair_order(among) if self.kind == "nonmetric" and among.any() else None,
            n_threads=effective_n_jobs(self.n_jobs),
            callback=callback,
            callback_every=callback_every,
        )
        if not found.stopped:
            watch("layout", max_iter, max_iter, found.coordinates)
        return found

    def _start(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        n_components = int(self.n_components)
        if not isinstance(self.init, str):
            return array_start(self.init, n, n_components)[self.landmarks_] / self._unit
        if self.init == "random":
            return random_start(len(self.landmarks_), n_components, rng)
        start = self._classical.coordinates
        if self.kind == "classical" or len(start) < 2:
            return start
        # Forces along an axis without extent would be zero for ever, unless nothing is missing.
        flat = start.std(axis=0) <= 1e-9
        left_over = self._classical.mean_squares.mean() / 2 - (start**2).sum(axis=1).mean()
        if flat.any() and not flat.all() and left_over > 1e-9:
            start = scaled(start, float(start.std(axis=0).max()), rng)
        return start

    def _distances_of_ranks(
        self, among: NDArray[np.float64], Y: NDArray[np.float32]
    ) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Which distance in the map stands for a dissimilarity, where only their order counts."""
        if self.kind != "nonmetric" or not among.any():
            return None
        above = np.triu_indices(len(among), 1)
        order = pair_order(among)
        return among[above][order], disparities(Y, order)[above][order].astype(np.float64)

    def _by_distances(
        self, distances: NDArray[np.float64]
    ) -> tuple[NDArray[np.float32], float, float]:
        """Places from distances to the landmarks, the stress there, and squares wanted.

        Both are in units of the widest distance.
        """
        wanted = distances / self._unit
        start = self._classical.place(wanted)
        if self._ranks is not None:
            wanted = np.interp(wanted, *self._ranks)
        Y, stresses = least_stress_places(
            np.ascontiguousarray(wanted, dtype=np.float32),
            np.asarray(self._landmark_places / self._unit, dtype=np.float32),
            start,
            n_iter=0 if self.kind == "classical" else 100,
            n_threads=effective_n_jobs(self.n_jobs),
        )
        squares = float(np.einsum("ij,ij->", wanted, wanted))
        return in_single(Y, self._unit), float(stresses.sum()), squares

    def _place_others(self, X: NDArray[Any]) -> float:
        """Place every row that is not a landmark; the sum of squared misses over all pairs."""
        self.embedding_ = np.empty((len(X), int(self.n_components)), dtype=np.float32)
        raw = squares = 0.0
        size = max(1, (1 << 23) // len(self.landmarks_))
        for first in range(0, len(X), size):
            block = X[first : first + size]
            if self.metric == "precomputed":
                distances = block[:, self.landmarks_]
            else:
                distances = dissimilarities(block, self._base, self.metric)
            Y, missed, wanted = self._by_distances(distances)
            self.embedding_[first : first + size] = Y
            raw, squares = raw + missed, squares + wanted
        self.embedding_[self.landmarks_] = self._landmark_places
        self.stress_ = float(np.sqrt(raw / squares)) if squares > 0 else 0.0
        return raw

    def _check_parameters(self) -> None:
        checked_integer("n_components", self.n_components, least=1, most=64)
        checked_choice("kind", self.kind, KINDS)
        checked_choice("metric", self.metric, METRICS)
        if self.n_landmarks is not None:
            checked_integer("n_landmarks", self.n_landmarks, least=2)
        if isinstance(self.init, str):
            checked_choice("init", self.init, ("classical", "random"))
        checked_integer("max_iter", self.max_iter, least=0)
        checked_integer("callback_every", self.callback_every)
        checked_number("eps", self.eps, least=0.0)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.metric == "precomputed"
        return tags
