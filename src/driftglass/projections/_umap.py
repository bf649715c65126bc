"""Uniform manifold approximation and projection as a scikit-learn estimator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..neighbors import NeighborIndex
from ..parallel import effective_n_jobs
from ._curve import curve_parameters
from ._duplicates import Groups, group_rows, row_keys
from ._edge_layout import Forces
from ._estimator import random_state_of
from ._notes import Notes
from ._umap_fit import Stages, epochs_of, expected_costs, metric_of
from ._umap_new import KnownRows, Placing
from ._umap_parameters import Parameters, check_parameters
from ._umap_sets import combined, difference, intersection, union
from ._umap_targets import as_target
from ._watch import Watch, spoken

__all__ = ["UMAP"]

TRANSFORM_RATE = 0.25
"""New points start among their neighbours, so smaller steps are enough."""
PLACING_EPOCHS = 100
SEEDS = 2**31 - 1


class UMAP(Parameters):
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
    target_metric_kwds : dict, optional
        Further arguments of a function.
    target_weight : float
        What targets given to `fit` count: 0 nothing, 1 everything.
    transform_seed : int
        Seed of the draws of `transform`.
    transform_mode : {"embedding", "graph"}
        With "graph" there is no layout: `fit_transform` returns the fuzzy graph of all rows, and
        `transform` the memberships of new rows in the neighbourhoods of fitted ones, both sparse.
    unique : bool
        Equal rows share a place. umap-learn's other choice, to lay each of them out, is refused.
    output_metric : {"euclidean"}
        Of the map. umap-learn's others, such as spheres, are refused.
    force_approximation_algorithm : bool
        Search approximately also where an exact search costs less.
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
    device : None, str or torch.device
        "cuda", or "cpu" through the same code: torch searches neighbours and makes the layout, to
        the same quality; the draws are others. None uses the compiled engine and no torch.
    callback : callable, optional
        Called with (epochs done, map). A true answer stops and keeps the map as it is.
    progress : callable, optional
        Called with a `FitProgress`: stage, time left, map so far. A true answer stops: in the
        layout the map stays as it is, before it there is none, and `Cancelled` is raised.
    verbose : bool
        Print the stages of a fit to stderr.

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
        target = None
        if y is not None:
            target = as_target(y, X.shape[0], self.target_metric, self.target_metric_kwds)
        self.a_, self.b_ = (
            curve_parameters(self.min_dist, self.spread)
            if self.a is None or self.b is None
            else (float(self.a), float(self.b))
        )
        self.forces_ = self._forces(int(random_state_of(self.random_state).randint(SEEDS)))
        notes = Notes()
        self._groups = self._groups_of(X)
        base = X if self._groups.all_differ else X[self._groups.first]
        costs = expected_costs(base.shape[0], base.shape[1], self.n_epochs_of(base.shape[0]))
        watch = Watch(spoken(self.progress) if self.verbose else self.progress, costs)
        laid = Stages(self, self._groups, self.forces_, watch, notes).run(base, target)
        self.affinities_, self.neighbors_ = laid.affinities, laid.neighbors
        self.n_neighbors_, self.n_iter_, self.initial_ = laid.n_neighbors, laid.n_iter, laid.initial
        index = None
        if not self._is_precomputed:
            index = NeighborIndex(base, metric=metric_of(self), graph=self.neighbors_)
        keys = self._groups.keys
        self._known: KnownRows | None = KnownRows(base, keys, laid.places, laid.exact, index)
        if self._draws:
            group = self._groups.group
            self.embedding_: NDArray[np.float32] = (
                laid.places if self._groups.all_differ else laid.places[group]
            )
            if laid.radii is not None:
                self.rad_orig_, self.rad_emb_ = laid.radii[group], laid.radii_in_map[group]
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
            Coordinates; with `output_dens` a tuple of them, `rad_orig_` and `rad_emb_`; with
            `transform_mode` "graph" a sparse array of shape (n_samples, n_samples).
        """
        self.fit(X, y)
        if not self._draws:
            return self.graph_
        if self.output_dens:
            return self.embedding_, self.rad_orig_, self.rad_emb_
        return self.embedding_

    def transform(self, X: Any) -> Any:
        """Place rows in the map; each on its own, so that the others in X do not matter.

        The first call prepares the fitted rows, which is kept for the next: two bytes per value at
        most where the processor multiplies bytes fast, and four elsewhere. A pickled map has none.
        Of very many fitted rows, cells are looked at that hold 99 % of the neighbours or more.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            Finite vectors; if precomputed, distances to each of the fitted rows.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            A row equal to a fitted row takes its place; others come to lie among their nearest.
            With `transform_mode` "graph" a sparse array of shape (n_samples, n_fitted).

        Raises
        ------
        InvalidInputError
            X is not finite, or this map was combined of others and has no vectors.
        """
        known = self._known_rows("transform")
        X = self._checked(X, reset=False, accept_sparse=self._takes_sparse)
        if self._draws:
            return known.place(X, self._placing())
        from scipy.sparse import csr_array

        indices, weights = known.memberships(X, self._placing())
        starts = np.arange(len(indices) + 1) * indices.shape[1]
        shape = (len(indices), known.rows.shape[0])
        return csr_array((weights.ravel(), indices.ravel(), starts), shape=shape)

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
        known = self._known_rows("inverse_transform")
        if self._is_precomputed or not self._draws:
            why = "transform_mode='graph'" if self._draws is False else "metric='precomputed'"
            raise InvalidInputError(
                f"This map was made with {why}, so there are no vectors to go back to from places. "
                f"Fit it on vectors, and in the mode 'embedding'."
            )
        Y = known.checked_places(X)
        return known.vectors(Y, self.n_neighbors_ + 1, effective_n_jobs(self.n_jobs))

    def __mul__(self, other: UMAP) -> UMAP:
        """Map of what both see: rows are neighbours where they are in both graphs."""
        return combined(self, other, intersection, "*")

    def __add__(self, other: UMAP) -> UMAP:
        """Map of what either sees: rows are neighbours where they are in one of the graphs."""
        return combined(self, other, union, "+")

    def __sub__(self, other: UMAP) -> UMAP:
        """Map of what only the first sees: its neighbours, as far as the other has them not."""
        return combined(self, other, difference, "-")

    def n_epochs_of(self, n_samples: int) -> int:
        """How often the heaviest edge pulls in a layout of so many rows.

        Parameters
        ----------
        n_samples : int
            Rows.

        Returns
        -------
        n_epochs : int
            `n_epochs`, or what stands for None.
        """
        return epochs_of(self.n_epochs, n_samples)

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

    @property
    def _draws(self) -> bool:
        return bool(self.transform_mode == "embedding")

    def _known_rows(self, asked: str) -> KnownRows:
        self._require_fitted()
        if self._known is None:
            raise InvalidInputError(
                f"This map was combined of others and has a graph but no vectors, which {asked} "
                f"needs. Ask one of the maps that it was combined of."
            )
        return self._known

    def _placing(self) -> Placing:
        return Placing(
            self.n_neighbors_,
            float(self.local_connectivity),
            replace(
                self.forces_,
                rate=TRANSFORM_RATE * float(self.learning_rate),
                seed=int(self.transform_seed),
            ),
            PLACING_EPOCHS if self.n_epochs is None else int(self.n_epochs) // 3,
            effective_n_jobs(self.n_jobs),
        )

    def _groups_of(self, X: Any) -> Groups:
        if self._is_precomputed or self.precomputed_knn is not None or not self._draws:
            return Groups.all_different(X.shape[0], row_keys(X))
        return group_rows(X)

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
        return int(self.embedding_.shape[1]) if self._draws else len(self._groups.group)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self._is_precomputed
        tags.input_tags.sparse = self._takes_sparse
        return tags
