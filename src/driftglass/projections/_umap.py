"""Uniform manifold approximation and projection as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ..neighbors import NeighborGraph, NeighborIndex
from ..parallel import effective_n_jobs
from ._affine import AffineMap
from ._curve import curve_parameters
from ._density import edge_distances, log_radii
from ._duplicates import Groups, group_rows, row_keys
from ._edge_layout import Callback, Forces, place
from ._estimator import Transformer, random_state_of
from ._fuzzy import FuzzyGraph
from ._moments import principal_axes
from ._notes import Notes
from ._umap_checks import check_parameters
from ._umap_fit import Stages, epochs_of, expected_costs, metric_of, radii_of_map
from ._umap_new import nearest_of_new, start_among, vectors_at
from ._umap_targets import CATEGORICAL, Labels, Numbers, as_target
from ._watch import Listener, Watch

__all__ = ["UMAP"]

TRANSFORM_RATE = 0.25
"""New points start among their neighbours, so smaller steps are enough."""
PLACING_EPOCHS = 100
SEEDS = 2**31 - 1


class UMAP(Transformer):
    """Map of a fuzzy neighbour graph: neighbours attract, points drawn at random repel.

    Neighbourhoods can mostly be trusted; distances between groups, their sizes and the space
    between them cannot. The same seed gives the same bytes at any `n_jobs`.

    Parameters
    ----------
    n_neighbors : int
        Neighbours of each row, the row itself included, as in umap-learn. Small values show
        detail, large ones the whole. Lowered with a warning to the number of rows.
    n_components : int
        Coordinates per row, 1 to 64.
    metric : {"euclidean", "cosine", "correlation", "manhattan", "precomputed"} or callable
        Distance between rows. A function of two rows may treat columns differently, for data of
        mixed kinds; with "precomputed", X is a square matrix of distances. Large data are searched
        approximately, and `neighbors_` says with what recall.
    metric_kwds : dict, optional
        Further arguments of a function.
    n_epochs : int or None
        How often the heaviest edge pulls; None is 500 up to 10,000 rows and 200 beyond.
    learning_rate : float
        Step at the first epoch; it falls to zero.
    init : {"spectral", "pca", "random"} or array of shape (n_samples, n_components)
        Where points start. "spectral" arranges parts of the graph that no edge joins each on its
        own.
    min_dist : float
        How near points may come; from 0 to `spread`.
    spread : float
        Scale of the map.
    set_op_mix_ratio : float
        1 keeps an edge that either end sees, 0 only what both see.
    local_connectivity : float
        Neighbours of each point that are connected fully.
    repulsion_strength : float
        Weight of repulsion.
    negative_sample_rate : int
        Random points that repel, for every pull.
    a, b : float, optional
        Of the map's curve, in place of those that follow from `min_dist` and `spread`.
    target_n_neighbors : int
        Neighbours of each number given to `fit`; -1 is as many as of rows.
    target_metric : {"categorical", "euclidean", "l2", "manhattan", "l1"} or callable
        What `y` is: labels, or numbers and their distance.
    target_weight : float
        What targets given to `fit` count: 0 nothing, 1 everything.
    densmap : bool
        Whether dense regions of the data shall be dense in the map too.
    dens_lambda : float
        Weight of the density, beside attraction and repulsion.
    dens_frac : float
        Share of the epochs, at the end, in which it counts.
    dens_var_shift : float
        Added to the variance of the map's log radii.
    output_dens : bool
        Whether `fit_transform` also returns the log radii of the data and of the map.
    disconnection_distance : float, optional
        Neighbours at this distance or beyond don't count. Rows left without any are put on a ring
        around the map, and a note says so.
    precomputed_knn : NeighborGraph or tuple of arrays, optional
        Neighbours of every row, to be used in place of a search: `neighbors_` of another map, or
        (indices, distances). One with more neighbours serves as well, such as that of a `TSNE`,
        so that maps of the same rows need only one search.
    random_state : int, RandomState or None
        Seed; None draws one.
    n_jobs : int or None
        Threads; None uses every core.
    callback : callable, optional
        Called with (epochs done, map). A true answer stops and keeps the map as it is.
    progress : callable, optional
        Called with a `FitProgress`: stage, time left, map so far. A true answer stops: in the
        layout the map stays as it is, before it there is none, and `Cancelled` is raised.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components), dtype float32
        Map of the fitted rows; equal rows share a place.
    affinities_ : FuzzyGraph or None
        The fuzzy graph of the rows that differ; None for three rows and less.
    neighbors_ : NeighborGraph or None
        What it was made from.
    initial_ : ndarray of shape (n_different, n_components) or None
        Where the points started.
    forces_ : Forces
        Of the layout, with the seed of all draws.
    rad_orig_, rad_emb_ : ndarray of shape (n_samples,)
        Log radii of the data and of the map, with `densmap` or `output_dens`.
    n_neighbors_ : int
        `n_neighbors` after lowering.
    a_, b_ : float
        Of the affinity ``1 / (1 + a d**(2 b))`` of the map.
    n_iter_ : int
        Epochs made.
    notes_ : tuple of str
        What a reader of the map should know; what may mislead was also a warning.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.TSNE : keeps neighbourhoods better, at a higher price.
    driftglass.diagnostics.quality : how far a map can be trusted.

    References
    ----------
    .. [1] McInnes, Healy and Melville (2018). UMAP: Uniform manifold approximation and
       projection for dimension reduction. arXiv:1802.03426.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 5)) + 9 * np.repeat(np.eye(3, 5), 30, axis=0)
    >>> UMAP(n_neighbors=10, random_state=0).fit_transform(X).shape
    (90, 2)
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        *,
        n_components: int = 2,
        metric: Any = "euclidean",
        metric_kwds: Mapping[str, Any] | None = None,
        n_epochs: int | None = None,
        learning_rate: float = 1.0,
        init: Any = "spectral",
        min_dist: float = 0.1,
        spread: float = 1.0,
        set_op_mix_ratio: float = 1.0,
        local_connectivity: float = 1.0,
        repulsion_strength: float = 1.0,
        negative_sample_rate: int = 5,
        a: float | None = None,
        b: float | None = None,
        target_n_neighbors: int = -1,
        target_metric: str | Callable[..., float] = CATEGORICAL,
        target_weight: float = 0.5,
        densmap: bool = False,
        dens_lambda: float = 2.0,
        dens_frac: float = 0.3,
        dens_var_shift: float = 0.1,
        output_dens: bool = False,
        disconnection_distance: float | None = None,
        precomputed_knn: NeighborGraph | tuple[Any, ...] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        progress: Listener | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.metric = metric
        self.metric_kwds = metric_kwds
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.init = init
        self.min_dist = min_dist
        self.spread = spread
        self.set_op_mix_ratio = set_op_mix_ratio
        self.local_connectivity = local_connectivity
        self.repulsion_strength = repulsion_strength
        self.negative_sample_rate = negative_sample_rate
        self.a = a
        self.b = b
        self.target_n_neighbors = target_n_neighbors
        self.target_metric = target_metric
        self.target_weight = target_weight
        self.densmap = densmap
        self.dens_lambda = dens_lambda
        self.dens_frac = dens_frac
        self.dens_var_shift = dens_var_shift
        self.output_dens = output_dens
        self.disconnection_distance = disconnection_distance
        self.precomputed_knn = precomputed_knn
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callback = callback
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> Self:
        """Make the map of X.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            Finite vectors of any real dtype; distances (n_samples, n_samples) if precomputed.
            Contiguous float32 is not copied, and may be a memory-mapped file.
        y : array-like of shape (n_samples,), optional
            Labels that pull rows of one kind together; -1, None and NaN are unknown. With another
            `target_metric`, numbers, one or several per row; NaN is unknown.

        Returns
        -------
        self : UMAP
            Fitted.

        Raises
        ------
        InvalidInputError
            A parameter is out of range.
        Cancelled
            `progress` stopped the fit before there was a map.
        """
        X = self._checked(X, reset=True, accept_sparse=self._takes_sparse)
        check_parameters(self)
        target = None if y is None else as_target(y, X.shape[0], self.target_metric)
        self.a_, self.b_ = (
            curve_parameters(self.min_dist, self.spread)
            if self.a is None or self.b is None
            else (float(self.a), float(self.b))
        )
        self.forces_ = self._forces(int(random_state_of(self.random_state).randint(SEEDS)))
        notes = Notes()
        groups = self._groups_of(X)
        base = X if groups.all_differ else X[groups.first]
        self._fitted, self._keys = base, groups.keys
        self._exact_map: AffineMap | None = None
        if self._is_precomputed or base.shape[0] > 3:
            self._lay_out(base, groups, target, notes)
        else:
            self._show_exactly(X.shape[0], base, notes)
        self._index = None
        if not self._is_precomputed:
            self._index = NeighborIndex(base, metric=metric_of(self), graph=self.neighbors_)
        self.embedding_: NDArray[np.float32] = self._places
        if not groups.all_differ:
            self.embedding_ = self._places[groups.group]
        searched = self.neighbors_
        self.notes_ = notes.published() + (() if searched is None else searched.notes)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Make the map of X and return it.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            As in `fit`.
        y : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            Coordinates; with `output_dens` a tuple of them, `rad_orig_` and `rad_emb_`.
        """
        self.fit(X, y)
        if self.output_dens:
            return self.embedding_, self.rad_orig_, self.rad_emb_
        return self.embedding_

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Place rows in the map; each on its own, so that the others in X do not matter.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            Finite vectors; if precomputed, distances to each of the fitted rows.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            A row equal to a fitted row takes its place; others come to lie among their nearest.
        """
        self._require_fitted()
        X = self._checked(X, reset=False, accept_sparse=self._takes_sparse)
        if self._exact_map is not None:
            return self._exact_map(_dense(X)).astype(np.float32)
        X = X.astype(self._fitted.dtype, copy=False)
        keys = row_keys(X)
        order = np.argsort(self._keys)
        at = np.minimum(np.searchsorted(self._keys, keys, sorter=order), len(order) - 1)
        known = self._keys[order[at]] == keys
        Y = np.empty((X.shape[0], self._places.shape[1]), dtype=np.float32)
        Y[known] = self._places[order[at[known]]]
        if not known.all():
            Y[~known] = self._placed(X[~known], keys[~known])
        return Y

    def inverse_transform(self, X: Any) -> NDArray[np.float32]:
        """Vectors that would lie at given places of the map.

        Fitted points give their own vectors back, and places between them a mean of the nearest
        ones. Far from all points vectors say nothing.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Places.

        Returns
        -------
        vectors : ndarray of shape (n_samples, n_features_in_), dtype float32
            In the unit of the fitted ones.

        Raises
        ------
        InvalidInputError
            The map was made of distances, or X does not hold places of it.
        """
        self._require_fitted()
        if self._is_precomputed:
            raise InvalidInputError(
                "This map was made with metric='precomputed', so there are no vectors to go back "
                "to. Fit it on vectors."
            )
        Y = as_vectors(X, name="X").astype(np.float32)
        if Y.shape[1] != self._places.shape[1]:
            raise ShapeError(
                f"X has {Y.shape[1]} columns; places of this map have {self._places.shape[1]}."
            )
        if not np.isfinite(Y).all():
            row = int(np.flatnonzero(~np.isfinite(Y).all(axis=1))[0])
            raise InvalidInputError(f"X is not finite in row {row}; every place is needed.")
        if self._exact_map is not None or self.neighbors_ is None:
            return self._nearest_vectors(Y)
        k = min(self.n_neighbors_ + 1, len(self._places))
        return vectors_at(Y, self._places, self._fitted, k, effective_n_jobs(self.n_jobs))

    @property
    def graph_(self) -> Any:
        """The fuzzy graph as a SciPy sparse array of shape (n_different, n_different), or None."""
        return None if self.affinities_ is None else self.affinities_.to_sparse()

    @property
    def _is_precomputed(self) -> bool:
        return isinstance(self.metric, str) and self.metric == "precomputed"

    @property
    def _takes_sparse(self) -> bool:
        return not (self._is_precomputed or callable(self.metric))

    def _nearest_vectors(self, Y: NDArray[np.float32]) -> NDArray[np.float32]:
        gaps = ((Y[:, None] - self._places[None]) ** 2).sum(axis=2)
        vectors = _dense(self._fitted)[gaps.argmin(axis=1)]
        return np.asarray(vectors, dtype=np.float32)

    def _placed(self, X: Any, keys: NDArray[np.uint64]) -> NDArray[np.float32]:
        n_threads = effective_n_jobs(self.n_jobs)
        n_fitted = len(self._places)
        k = min(self.n_neighbors_, n_fitted)
        indices, distances = nearest_of_new(X, k, self._index, n_threads)
        memberships, _, _ = _kernels.fuzzy_memberships(
            distances, float(self.local_connectivity), n_threads=n_threads
        )
        start = start_among(indices, memberships, self._places, self.a_, self.b_)
        n_epochs = PLACING_EPOCHS if self.n_epochs is None else int(self.n_epochs) // 3
        forces = replace(self.forces_, rate=TRANSFORM_RATE * float(self.learning_rate))
        return place(
            start, self._places, indices, memberships, keys, forces, n_epochs, n_threads=n_threads
        )

    def _groups_of(self, X: Any) -> Groups:
        if self._is_precomputed or self.precomputed_knn is not None:
            everyone = np.arange(X.shape[0])
            return Groups(everyone, everyone, row_keys(X))
        return group_rows(X)

    def _show_exactly(self, n_samples: int, base: Any, notes: Notes) -> None:
        """Up to three rows show their distances exactly; equal rows have one place."""
        if n_samples > 1 and base.shape[0] == 1:
            notes.append(f"all {n_samples} rows are equal: one stacked point.")
        n_components = int(self.n_components)
        vectors = _dense(base)
        exact = AffineMap.from_axes(principal_axes(vectors, n_components), n_components)
        self._exact_map = exact
        self._places: NDArray[np.float32] = exact(vectors).astype(np.float32)
        self.affinities_: FuzzyGraph | None = None
        self.neighbors_: NeighborGraph | None = None
        self.initial_: NDArray[np.float32] | None = None
        self.n_neighbors_, self.n_iter_ = min(int(self.n_neighbors), len(vectors)), 0
        if self.densmap or self.output_dens:
            self.rad_orig_ = self.rad_emb_ = np.zeros(n_samples)

    def _lay_out(
        self, base: Any, groups: Groups, target: Labels | Numbers | None, notes: Notes
    ) -> None:
        n_epochs = epochs_of(self.n_epochs, base.shape[0])
        watch = Watch(self.progress, expected_costs(base.shape[0], base.shape[1], n_epochs))
        stages = Stages(self, groups, self.forces_, watch, notes)
        neighbors = stages.neighbors(base)
        graph = stages.affinities(neighbors, target)
        self.initial_ = stages.initialization(base, graph)
        radii = None
        if self.densmap or self.output_dens:
            # Along edges that the data have, and not those that a target adds.
            plain = stages.affinities(neighbors, None) if target is not None else graph
            radii = log_radii(plain, edge_distances(plain, neighbors))
        self._places = stages.layout(self.initial_, graph, radii)
        self.affinities_, self.neighbors_ = graph, neighbors
        self.n_neighbors_, self.n_iter_ = neighbors.n_neighbors + 1, stages.n_iter
        if radii is not None:
            self.rad_orig_ = radii[groups.group]
            in_map = radii_of_map(self._places, neighbors.n_neighbors, self)
            self.rad_emb_ = in_map[groups.group]

    def _forces(self, seed: int) -> Forces:
        return Forces(
            a=self.a_,
            b=self.b_,
            repulsion=float(self.repulsion_strength),
            negatives=int(self.negative_sample_rate),
            rate=float(self.learning_rate),
            seed=seed,
        )

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self._is_precomputed
        tags.input_tags.sparse = self._takes_sparse
        return tags


def _dense(X: Any) -> NDArray[Any]:
    dense: NDArray[Any] = X if isinstance(X, np.ndarray) else X.toarray()
    return dense
