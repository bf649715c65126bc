"""Uniform manifold approximation and projection as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import _kernels
from ..errors import DriftglassWarning, InvalidInputError
from ..neighbors import NeighborGraph
from ..parallel import effective_n_jobs
from ._affine import AffineMap
from ._curve import curve_parameters
from ._duplicates import Groups, group_rows, row_keys
from ._edge_layout import Callback, Forces, lay_out, place
from ._fitting import needs_no_method
from ._fuzzy import FuzzyGraph, fuzzy_graph, sharpened
from ._moments import principal_axes
from ._umap_checks import as_graph, as_labels, check_parameters, distances_of, neighbors_of
from ._umap_start import start_of

__all__ = ["UMAP"]

FEW_SAMPLES = 10_000
"""Rows up to which a map gets 500 epochs and not 200."""
TRANSFORM_RATE = 0.25
"""New points start among their neighbours, so smaller steps are enough."""


class UMAP(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
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
    metric : {"euclidean", "cosine", "correlation", "manhattan", "precomputed"}
        Distance between rows; with "precomputed", X is a square matrix of distances. Large data
        are searched approximately, and `neighbors_` says with what recall.
    n_epochs : int or None
        How often the heaviest edge pulls; None is 500 up to 10,000 rows and 200 beyond.
    learning_rate : float
        Step at the first epoch; it falls to zero.
    init : {"spectral", "pca", "random"} or array of shape (n_samples, n_components)
        Where points start. "spectral" becomes "pca" where the graph falls into parts, which
        eigenvectors don't arrange.
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
    target_weight : float
        What labels given to `fit` count: 0 nothing, 1 everything.
    precomputed_knn : NeighborGraph, optional
        Neighbours of every row, to be used in place of a search.
    random_state : int, RandomState or None
        Seed; None draws one.
    n_jobs : int or None
        Threads; None uses every core.
    callback : callable, optional
        Called with (epochs done, map). A true answer stops and keeps the map as it is.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components), dtype float32
        Map of the fitted rows; equal rows share a place.
    graph_ : scipy.sparse.csr_array of shape (n_different, n_different) or None
        The fuzzy graph of the rows that differ; None for three rows and less.
    neighbors_ : NeighborGraph or None
        What it was made from.
    n_neighbors_ : int
        `n_neighbors` after lowering.
    a_, b_ : float
        Of the affinity ``1 / (1 + a d**(2 b))`` of the map.
    n_iter_ : int
        Epochs made.
    notes_ : tuple of str
        What a reader of the map should know; each was also a warning.
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
        metric: str = "euclidean",
        n_epochs: int | None = None,
        learning_rate: float = 1.0,
        init: Any = "spectral",
        min_dist: float = 0.1,
        spread: float = 1.0,
        set_op_mix_ratio: float = 1.0,
        local_connectivity: float = 1.0,
        repulsion_strength: float = 1.0,
        negative_sample_rate: int = 5,
        target_weight: float = 0.5,
        precomputed_knn: NeighborGraph | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
        callback: Callback | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.metric = metric
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.init = init
        self.min_dist = min_dist
        self.spread = spread
        self.set_op_mix_ratio = set_op_mix_ratio
        self.local_connectivity = local_connectivity
        self.repulsion_strength = repulsion_strength
        self.negative_sample_rate = negative_sample_rate
        self.target_weight = target_weight
        self.precomputed_knn = precomputed_knn
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callback = callback

    def fit(self, X: Any, y: Any = None) -> Self:
        """Make the map of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype; distances (n_samples, n_samples) if precomputed.
        y : array-like of shape (n_samples,), optional
            Labels that pull rows of one kind together; -1, None and NaN are unknown.

        Returns
        -------
        self : UMAP
            Fitted.

        Raises
        ------
        InvalidInputError
            A parameter is out of range.
        """
        X = validate_data(self, X, dtype="numeric")
        check_parameters(self)
        labels = None if y is None else as_labels(y, len(X))
        self.a_, self.b_ = curve_parameters(self.min_dist, self.spread)
        self._seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        notes: list[str] = []
        groups = self._groups_of(X)
        base = X if groups.all_differ else X[groups.first]
        self._fitted, self._keys = base, groups.keys
        self._exact_map: AffineMap | None = None
        if self.metric == "precomputed" or not needs_no_method(base):
            self._lay_out(base, groups, labels, notes)
        else:
            self._show_exactly(X, base, notes)
        self.embedding_: NDArray[np.float32] = self._places
        if not groups.all_differ:
            self.embedding_ = self._places[groups.group]
        for note in notes:
            warnings.warn(note, DriftglassWarning, stacklevel=2)
        searched = self.neighbors_
        self.notes_ = tuple(notes) + (() if searched is None else searched.notes)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.float32]:
        """Make the map of X and return it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype; distances (n_samples, n_samples) if precomputed.
        y : array-like of shape (n_samples,), optional
            Labels that pull rows of one kind together; -1, None and NaN are unknown.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            Coordinates.
        """
        return self.fit(X, y).embedding_

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Place rows in the map; each on its own, so that the others in X do not matter.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            A row equal to a fitted row takes its place; others come to lie among their nearest.

        Raises
        ------
        InvalidInputError
            The map was made from distances, which say nothing of new rows.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype="numeric", reset=False)
        if self.metric == "precomputed":
            raise InvalidInputError(
                "This map was made with metric='precomputed', which can't place new rows. "
                "Fit it on vectors."
            )
        if self._exact_map is not None:
            return self._exact_map(X).astype(np.float32)
        keys = row_keys(X.astype(self._fitted.dtype, copy=False))
        order = np.argsort(self._keys)
        at = np.minimum(np.searchsorted(self._keys, keys, sorter=order), len(order) - 1)
        known = self._keys[order[at]] == keys
        Y = np.empty((len(X), self._places.shape[1]), dtype=np.float32)
        Y[known] = self._places[order[at[known]]]
        if not known.all():
            Y[~known] = self._placed(X[~known], keys[~known])
        return Y

    def _placed(self, X: NDArray[Any], keys: NDArray[np.uint64]) -> NDArray[np.float32]:
        n_threads = effective_n_jobs(self.n_jobs)
        k = min(self.n_neighbors_, len(self._fitted))
        indices, distances = neighbors_of(
            X, self._fitted, k, self.metric, n_threads, self.neighbors_
        )
        memberships, _, _ = _kernels.fuzzy_memberships(
            distances, float(self.local_connectivity), n_threads=n_threads
        )
        shares = memberships / memberships.sum(axis=1, keepdims=True)
        start = np.einsum("ij,ijd->id", shares, self._places[indices])
        n_fitted = len(self._fitted)
        n_epochs = self._epochs(n_fitted) // 3
        if self.n_epochs is None:
            n_epochs = 100 if n_fitted <= FEW_SAMPLES else 30
        forces = self._forces(TRANSFORM_RATE * self.learning_rate)
        return place(
            start, self._places, indices, memberships, keys, forces, n_epochs, n_threads=n_threads
        )

    def _groups_of(self, X: NDArray[Any]) -> Groups:
        if self.metric == "precomputed" or self.precomputed_knn is not None:
            everyone = np.arange(len(X))
            return Groups(everyone, everyone, row_keys(X))
        return group_rows(X)

    def _show_exactly(self, X: NDArray[Any], base: NDArray[Any], notes: list[str]) -> None:
        """Up to three rows show their distances exactly; equal rows have one place."""
        if len(X) > 1 and len(base) == 1:
            notes.append(f"all {len(X)} rows are equal: one stacked point.")
        n_components = int(self.n_components)
        exact = AffineMap.from_axes(principal_axes(base, n_components), n_components)
        self._exact_map = exact
        self._places: NDArray[np.float32] = exact(base).astype(np.float32)
        self.graph_: Any = None
        self.neighbors_: NeighborGraph | None = None
        self.n_neighbors_, self.n_iter_ = min(int(self.n_neighbors), len(base)), 0

    def _lay_out(
        self,
        base: NDArray[Any],
        groups: Groups,
        labels: NDArray[np.int64] | None,
        notes: list[str],
    ) -> None:
        n_threads = effective_n_jobs(self.n_jobs)
        neighbors = self._neighbors(base, notes)
        graph = fuzzy_graph(
            neighbors,
            set_op_mix_ratio=float(self.set_op_mix_ratio),
            local_connectivity=float(self.local_connectivity),
            n_threads=n_threads,
        )
        if labels is not None:
            graph = sharpened(graph, _labels_of(groups, labels), float(self.target_weight))
        start = self._start(base, graph, groups, notes)
        positions, self.n_iter_ = lay_out(
            start,
            graph,
            self._forces(self.learning_rate),
            self._epochs(len(base)),
            n_threads=n_threads,
            callback=self._callback_for(groups),
        )
        self._places = positions
        self.graph_, self.neighbors_ = graph.to_sparse(), neighbors
        self.n_neighbors_ = neighbors.n_neighbors + 1

    def _neighbors(self, base: NDArray[Any], notes: list[str]) -> NeighborGraph:
        wanted = int(self.n_neighbors)
        k = min(wanted, len(base))
        if k < wanted:
            notes.append(f"n_neighbors {wanted} lowered to {k}: only {len(base)} different rows.")
        if self.precomputed_knn is not None:
            return as_graph(self.precomputed_knn, len(base), k)
        return distances_of(base, k - 1, self.metric, self.n_jobs, self._seed)

    def _start(
        self, base: NDArray[Any], graph: FuzzyGraph, groups: Groups, notes: list[str]
    ) -> NDArray[np.float32]:
        init = self.init
        if not isinstance(init, str) and len(groups.group) == len(init):
            init = np.asarray(init)[groups.first]
        vectors = None if self.metric == "precomputed" else base
        return start_of(init, vectors, graph, int(self.n_components), self._seed, notes)

    def _callback_for(self, groups: Groups) -> Callback | None:
        callback = self.callback
        if callback is None or groups.all_differ:
            return callback
        return lambda done, positions: callback(done, positions[groups.group])

    def _epochs(self, n_samples: int) -> int:
        if self.n_epochs is not None:
            return int(self.n_epochs)
        return 500 if n_samples <= FEW_SAMPLES else 200

    def _forces(self, rate: float) -> Forces:
        return Forces(
            a=self.a_,
            b=self.b_,
            repulsion=float(self.repulsion_strength),
            negatives=int(self.negative_sample_rate),
            rate=float(rate),
            seed=self._seed,
        )

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.input_tags.pairwise = self.metric == "precomputed"
        return tags


def _labels_of(groups: Groups, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label of each group of equal rows; unknown where they disagree."""
    chosen = labels[groups.first]
    disagree = groups.group[labels != chosen[groups.group]]
    chosen[disagree] = -1
    return chosen
