"""Potential of heat-diffusion for affinity-based transition embedding, as an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..neighbors import NeighborIndex
from ..parallel import effective_n_jobs
from ._affine import AffineMap
from ._checks import checked_choice, checked_integer, checked_number, in_single, rng_of
from ._diffusion import (
    Diffusion,
    alpha_decay_kernel,
    bandwidths_of,
    decayed,
    diffusion,
    potential,
    potential_distances,
)
from ._diffusion_time import knee, von_neumann_entropy
from ._map_of_rows import MapOfRows
from ._moments import principal_axes
from ._notes import Notes
from ._stress import Callback, classical_scaling, least_stress, pair_order
from ._thin import DIRECTIONAL, directions, thin_map
from ._watch import Listener, Watch, told

__all__ = ["PHATE"]

METRICS = ("euclidean", "cosine", "correlation", "manhattan")
MAX_ITER = 300
KINDS = ("metric", "classic", "nonmetric")


class PHATE(MapOfRows):
    """Map of where a walk by chance over neighbours leads, for branches and progressions.

    Rows are near in the map if walks of `t` steps from them arrive at the same places. Noise is
    smoothed away, and what lies along a path stays along a path; separate groups are drawn as
    branches, and what is between them should not be read as a distance in the vectors. The same
    seed gives the same bytes at any `n_jobs`.

    Parameters
    ----------
    n_components : int
        Coordinates per row, from 1 to 64.
    knn : int
        The unit of distance of a row is that to its `knn`-th neighbour. Lowered with a warning
        if there are not as many other rows.
    decay : float or None
        How sharply affinity falls about that unit, as ``exp(-distance ** decay)``. None makes it
        one up to there and zero beyond.
    n_landmark : int or None
        Groups that stand for the rows where there are more of them; None takes every row, which
        needs ``24 * n_samples**2`` bytes.
    t : int or "auto"
        Steps of the walk. "auto" is the knee of the von Neumann entropy over 1 to 100.
    gamma : float
        From -1 to 1, the power by which chances to arrive become a potential: 1 is their
        logarithm, 0 their square root, -1 they themselves.
    n_pca : int or None
        Principal axes that stand for the features where there are more of them.
    mds : {"metric", "classic", "nonmetric"}
        How potential distances are shown: with least stress, on leading eigenvectors, or so that
        their order is kept.
    metric : {"euclidean", "cosine", "correlation", "manhattan"}
        Distance between rows; other than "euclidean", of the features themselves.
    random_state : int, RandomState or None
        Seed of the groups. Without groups nothing is drawn.
    n_jobs : int or None
        Threads; None uses every core.
    callback : callable, optional
        Called with (iterations done, stress, map of the landmarks) while the stress falls. A true
        answer ends that and keeps the map as it is then.
    callback_every : int
        Iterations between calls.
    progress : callable, optional
        Called with a `FitProgress`: stage, time left, map so far, of the landmarks and in no unit.
        A true answer stops: in the stage "layout" the map is kept as it is then, before it there
        is none.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components), dtype float32
        Map of the fitted rows.
    t_ : int
        Steps of the walk.
    von_neumann_entropy_ : ndarray of shape (100,) or None
        Entropy after 1, 2, … steps; None if `t` was given.
    stress_ : float
        Kruskal's stress of the potential distances in the map: 0 is perfect. Of the landmarks,
        if there are any.
    n_landmarks_ : int
        Rows or groups among which the walk goes.
    effective_knn_ : int
        `knn` after lowering.
    n_iter_ : int
        Iterations of the scaling.
    stopped_ : bool
        Whether the callback stopped it.
    notes_ : tuple of str
        What a reader of the map should know; each was also a warning.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.MDS : shows given distances as they are.

    References
    ----------
    .. [1] Moon et al. (2019). Visualizing structure and transitions in high-dimensional
       biological data. Nature Biotechnology.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 5)) + 9 * np.repeat(np.eye(3, 5), 30, axis=0)
    >>> PHATE(t=5).fit_transform(X).shape
    (90, 2)
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        knn: int = 5,
        decay: float | None = 40.0,
        n_landmark: int | None = 2000,
        t: int | str = "auto",
        gamma: float = 1.0,
        n_pca: int | None = 100,
        mds: str = "metric",
        metric: str = "euclidean",
        random_state: Any = None,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        callback_every: int = 10,
        progress: Listener | None = None,
    ) -> None:
        self.n_components = n_components
        self.knn = knn
        self.decay = decay
        self.n_landmark = n_landmark
        self.t = t
        self.gamma = gamma
        self.n_pca = n_pca
        self.mds = mds
        self.metric = metric
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callback = callback
        self.callback_every = callback_every
        self.progress = progress

    def _learn(self, X: NDArray[Any], notes: Notes) -> None:
        self.von_neumann_entropy_: NDArray[np.float64] | None = None
        self._thin = thin_map(X, self.metric, int(self.n_components))
        if self._thin is None:
            self._walk(X, notes)
            return
        notes += self._thin.notes
        self.embedding_ = self._thin.coordinates
        self.t_, self.stress_ = 0, 0.0
        self.n_landmarks_, self.effective_knn_ = len(X), len(X) - 1
        self.n_iter_, self.stopped_ = 0, False

    def _placed(self, X: NDArray[Any]) -> NDArray[np.float32]:
        """Where one step of the walk takes each row (Nyström's extension)."""
        if self._thin is not None:
            return self._thin.transform(X)
        k = min(2 * self.effective_knn_ + 8, len(self._index))
        near, distances = self._index.query(self._reduced(X), k, n_jobs=self.n_jobs)
        weights = decayed(distances, bandwidths_of(distances, self.effective_knn_), self.decay)
        weights /= weights.sum(axis=1, keepdims=True)
        # One step leads to rows, and each of those stands at its landmark.
        places = self._landmark_places.astype(np.float64)
        there = near if self._groups is None else self._groups[near]
        Y = np.einsum("ij,ijd->id", weights, places[there])
        same = distances[:, 0] <= self._same_below
        Y[same] = self.embedding_[near[same, 0]]
        return np.asarray(Y, dtype=np.float32)

    def _walk(self, X: NDArray[Any], notes: Notes) -> None:
        most = len(X) - 1
        if self.knn > most:
            notes.append(f"knn {self.knn} lowered to {most}: only {len(X)} samples.")
        self.effective_knn_ = min(int(self.knn), most)
        self._axes = self._axes_for(X)
        self._fitted = self._reduced(X)
        metric = "cosine" if self.metric == "correlation" else self.metric
        self._index = NeighborIndex(self._fitted, metric=metric)
        # Rounding may leave this much between equal rows.
        exact = self._axes is None and self.metric not in DIRECTIONAL
        self._same_below = 0.0 if exact else 1e-5 * max(float(self._fitted.std()), 1e-30)
        watch = Watch(self.progress, self._costs(*X.shape))
        kernel = alpha_decay_kernel(
            self._fitted,
            self.effective_knn_,
            self.decay,
            metric=metric,
            n_jobs=self.n_jobs,
            progress=lambda done, total, what: watch.before_the_map("neighbors", done, total),
        )
        watch.before_the_map("affinities", 0, 1)
        n_landmarks = None if self.n_landmark is None else int(self.n_landmark)
        walk = diffusion(kernel, n_landmarks=n_landmarks, rng=rng_of(self.random_state))
        if isinstance(self.t, str):
            self.von_neumann_entropy_ = von_neumann_entropy(walk)
            self.t_ = knee(self.von_neumann_entropy_)
        else:
            self.t_ = int(self.t)
        watch.before_the_map("initialization", 0, 1)
        self._lay_out(walk, watch)

    def _lay_out(self, walk: Diffusion, watch: Watch) -> None:
        distances = potential_distances(potential(walk.operator, self.t_, float(self.gamma)))
        # In units of the widest, so that single precision neither overflows nor vanishes.
        widest = float(distances.max()) or 1.0
        distances /= widest
        Y = classical_scaling(distances, int(self.n_components)).coordinates
        wanted = distances.astype(np.float32)
        max_iter = 0 if self.mds == "classic" else MAX_ITER
        callback, callback_every = told(watch, self.callback, int(self.callback_every), max_iter)
        scaled = least_stress(
            wanted,
            Y,
            max_iter=max_iter,
            order=pair_order(wanted) if self.mds == "nonmetric" else None,
            n_threads=effective_n_jobs(self.n_jobs),
            callback=callback,
            callback_every=callback_every,
        )
        if not scaled.stopped:
            watch("layout", max_iter, max_iter, scaled.coordinates)
        self.stress_ = scaled.relative
        self.n_iter_, self.stopped_ = scaled.n_iter, scaled.stopped
        self._groups, self.n_landmarks_ = walk.groups, len(wanted)
        self._landmark_places = in_single(scaled.coordinates, widest)
        self.embedding_ = walk.interpolated(self._landmark_places).astype(np.float32)

    def _costs(self, n_samples: int, n_features: int) -> dict[str, float]:
        """Rough microseconds of each stage per thread."""
        m = n_samples if self.n_landmark is None else min(n_samples, int(self.n_landmark))
        return {
            "neighbors": n_samples * (35.0 + 0.08 * n_features),
            "affinities": n_samples * 50.0 + 1e-4 * m**3,
            "initialization": 0.05 * m**2,
            "layout": 0.001 * MAX_ITER * m**2,
        }

    def _axes_for(self, X: NDArray[Any]) -> AffineMap | None:
        n_axes = X.shape[1] if self.n_pca is None else min(int(self.n_pca), *X.shape)
        if n_axes == X.shape[1] or self.metric != "euclidean":
            return None
        return AffineMap.from_axes(principal_axes(X, n_axes), n_axes)

    def _reduced(self, X: NDArray[Any]) -> NDArray[Any]:
        if self._axes is not None:
            return np.ascontiguousarray(self._axes(X), dtype=np.float32)
        return np.ascontiguousarray(directions(X, self.metric))

    def _check_parameters(self) -> None:
        checked_integer("n_components", self.n_components, least=1, most=64)
        checked_integer("knn", self.knn)
        checked_integer("callback_every", self.callback_every)
        checked_choice("mds", self.mds, KINDS)
        checked_choice("metric", self.metric, METRICS)
        checked_number("gamma", self.gamma, least=-1.0, most=1.0)
        if self.decay is not None:
            checked_number("decay", self.decay, least=0.0, above=True)
        for name, least in (("n_landmark", 10), ("n_pca", 1)):
            if getattr(self, name) is not None:
                checked_integer(name, getattr(self, name), least=least)
        if isinstance(self.t, str):
            if self.t != "auto":
                raise InvalidInputError(f"t is {self.t!r}; an integer or 'auto' is needed.")
        else:
            checked_integer("t", self.t)
