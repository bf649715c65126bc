"""t-distributed stochastic neighbour embedding as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..errors import DriftglassWarning, InvalidInputError
from ..neighbors import NeighborGraph, nearest_neighbors
from ..parallel import effective_n_jobs
from ._affinities import (
    Affinities,
    as_perplexities,
    effective_perplexities,
    joint_affinities,
    neighbors_for,
)
from ._initialization import array_start, pca_start, random_start, scaled, spectral_start
from ._placing import N_NEIGHBORS, SAME_DIRECTION, nearest_fitted, placed
from ._thin import DIRECTIONAL, directions, thin_map
from ._tsne_layout import Callback, Laid, Phase, lay_out
from ._umap_checks import as_graph

__all__ = ["TSNE"]

START_DEVIATION = 1e-4
"""Small beside the kernel's unit, so that early forces are linear and clusters can cross."""
MOMENTUM = (0.5, 0.8)
METRICS = ("euclidean", "cosine", "correlation")


class TSNE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Map that keeps near rows near, without room for what is far.

    Neighbourhoods can be trusted. Distances between groups, the size of a group and empty space
    cannot. The same input gives the same bytes at any `n_jobs`.

    Parameters
    ----------
    n_components : int
        Coordinates per row: 1, 2 or 3.
    perplexity : float or sequence of float
        Effective number of neighbours of each row. Several are mixed, for example (30, 300): the
        larger keeps more of the arrangement of groups. Lowered with a warning to
        (n_samples - 1) / 3.
    early_exaggeration : float
        What attraction is multiplied by at first, so that groups gather.
    early_exaggeration_iter : int
        Iterations of that.
    learning_rate : float or "auto"
        "auto" is n_samples / exaggeration in each phase (Belkina et al. 2019). Four times
        scikit-learn's means the same.
    n_iter : int
        Iterations after the early ones.
    metric : {"euclidean", "cosine", "correlation"}
        Distance between rows.
    init : {"pca", "random", "spectral"} or array of shape (n_samples, n_components)
        Where points start. An array is taken as it is: with ``early_exaggeration_iter=0`` the
        map it came from is continued.
    random_state : int, RandomState or None
        Seed of ``init="random"``. "pca" draws only for coordinates beyond the features.
    precomputed_knn : NeighborGraph, optional
        Neighbours of the rows of X, in place of a search. Fewer than three for each unit of
        perplexity lower it.
    n_jobs : int or None
        Threads; None uses every core.
    callback : callable, optional
        Called with (iterations done, divergence, map). A true answer stops the descent and keeps
        the map as it is then.
    callback_every : int
        Iterations between calls.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components), dtype float32
        Map of the fitted rows, centred.
    affinities_ : Affinities
        Joint probabilities of neighbours. None for three rows and less, or if all are equal.
    neighbors_ : NeighborGraph or None
        Neighbours the affinities were made of, with the recall of the search.
    effective_perplexity_ : float or tuple of float
        Perplexity after lowering; a tuple if several were asked for.
    kl_divergence_ : float
        Divergence of the map from the affinities, in nats; 0 is perfect.
    n_iter_ : int
        Iterations made.
    stopped_ : bool
        Whether the callback stopped the descent.
    notes_ : tuple of str
        What a reader of the map should know, also of the search; each was also a warning.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.PCA : a linear map, whose distances can be compared.
    driftglass.diagnostics.quality : how far a map can be trusted.

    References
    ----------
    .. [1] van der Maaten and Hinton (2008). Visualizing data using t-SNE. JMLR.
    .. [2] Linderman et al. (2019). Fast interpolation-based t-SNE. Nature Methods.
    .. [3] Belkina et al. (2019). Automated optimized parameters for t-SNE. Nature Communications.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 5)) + 9 * np.repeat(np.eye(3, 5), 30, axis=0)
    >>> TSNE(perplexity=10).fit_transform(X).shape
    (90, 2)
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        perplexity: float | Sequence[float] = 30.0,
        early_exaggeration: float = 12.0,
        early_exaggeration_iter: int = 250,
        learning_rate: float | str = "auto",
        n_iter: int = 500,
        metric: str = "euclidean",
        init: Any = "pca",
        random_state: Any = None,
        precomputed_knn: NeighborGraph | None = None,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        callback_every: int = 50,
    ) -> None:
        self.n_components = n_components
        self.perplexity = perplexity
        self.early_exaggeration = early_exaggeration
        self.early_exaggeration_iter = early_exaggeration_iter
        self.learning_rate = learning_rate
        self.n_iter = n_iter
        self.metric = metric
        self.init = init
        self.random_state = random_state
        self.precomputed_knn = precomputed_knn
        self.n_jobs = n_jobs
        self.callback = callback
        self.callback_every = callback_every

    def fit(self, X: Any, y: Any = None) -> Self:
        """Make the map of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype.
        y : None
            Ignored.

        Returns
        -------
        self : TSNE
            Fitted.

        Raises
        ------
        InvalidInputError
            A parameter is out of range.
        """
        X = validate_data(self, X, dtype="numeric")
        self._check_parameters()
        notes: list[str] = []
        self._fitted = X
        self.neighbors_: NeighborGraph | None = None
        self._thin = thin_map(X, self.metric, int(self.n_components))
        if self._thin is not None:
            notes += self._thin.notes
            self._learn(Laid(self._thin.coordinates, 0.0, 0, False), None, (1.0,))
        else:
            self._descend(X, notes)
        for note in notes:
            warnings.warn(note, DriftglassWarning, stacklevel=2)
        self.notes_ = (*notes, *(self.neighbors_.notes if self.neighbors_ else ()))
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.float32]:
        """Make the map of X and return it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype.
        y : None
            Ignored.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            Coordinates, centred.
        """
        return self.fit(X).embedding_

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
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype="numeric", reset=False)
        if self._thin is not None:
            return self._thin.transform(X)
        n_threads = effective_n_jobs(self.n_jobs)
        k = min(N_NEIGHBORS, len(self._fitted))
        indices, distances = nearest_fitted(X, self._fitted, k, self.metric, n_threads)
        same = SAME_DIRECTION if self.metric in DIRECTIONAL else 0.0
        return placed(indices, distances, self.embedding_, exact_below=same, n_threads=n_threads)

    def _descend(self, X: NDArray[Any], notes: list[str]) -> None:
        wanted = as_perplexities(self.perplexity)
        perplexities = effective_perplexities(wanted, len(X))
        if max(perplexities) < max(wanted):
            notes.append(
                f"perplexity {max(wanted):g} lowered to {max(perplexities):g}: "
                f"only {len(X)} samples."
            )
        if min(wanted) < 1:
            notes.append(f"perplexity {min(wanted):g} raised to 1: one neighbour is the least.")
        k = neighbors_for(perplexities, len(X))
        graph = self._neighbors(X, k)
        if graph.n_neighbors < k:
            perplexities = effective_perplexities(perplexities, graph.n_neighbors + 1)
            notes.append(
                f"perplexity lowered to {max(perplexities):g}: precomputed_knn has only "
                f"{graph.n_neighbors} neighbours."
            )
            graph = graph.restrict(neighbors_for(perplexities, graph.n_neighbors + 1))
        affinities = joint_affinities(graph, perplexities, self.n_jobs)
        self.neighbors_ = graph
        laid = lay_out(
            self._start(directions(X, self.metric), affinities),
            affinities,
            self._phases(len(X)),
            n_threads=effective_n_jobs(self.n_jobs),
            callback=self.callback,
            callback_every=int(self.callback_every),
        )
        self._learn(laid, affinities, perplexities)

    def _neighbors(self, X: NDArray[Any], k: int) -> NeighborGraph:
        if self.precomputed_knn is not None:
            return as_graph(self.precomputed_knn, len(X), k + 1)
        return nearest_neighbors(X, k, metric=self.metric, n_jobs=self.n_jobs)

    def _start(self, X: NDArray[Any], affinities: Affinities) -> NDArray[np.float32]:
        n_components = int(self.n_components)
        if not isinstance(self.init, str):
            return array_start(self.init, len(X), n_components).astype(np.float32)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        rng = np.random.default_rng(seed)
        if self.init == "random":
            start = random_start(len(X), n_components, rng)
        elif self.init == "spectral":
            start = spectral_start(affinities.to_sparse(), n_components)
        else:
            start = pca_start(X, n_components)
        return scaled(start, START_DEVIATION, rng).astype(np.float32)

    def _phases(self, n_samples: int) -> list[Phase]:
        def rate(exaggeration: float) -> float:
            automatic = isinstance(self.learning_rate, str)
            return n_samples / exaggeration if automatic else float(self.learning_rate)

        early = float(self.early_exaggeration)
        return [
            Phase(int(self.early_exaggeration_iter), early, rate(early), MOMENTUM[0]),
            Phase(int(self.n_iter), 1.0, rate(1.0), MOMENTUM[1]),
        ]

    def _learn(
        self, laid: Laid, affinities: Affinities | None, perplexities: tuple[float, ...]
    ) -> None:
        self.embedding_ = laid.coordinates
        self.affinities_ = affinities
        self.effective_perplexity_ = perplexities[0] if len(perplexities) == 1 else perplexities
        self.kl_divergence_ = laid.divergence
        self.n_iter_ = laid.n_iter
        self.stopped_ = laid.stopped

    def _check_parameters(self) -> None:
        n_components = self.n_components
        if isinstance(n_components, bool) or n_components not in (1, 2, 3):
            raise InvalidInputError(
                f"n_components is {n_components!r}; t-SNE makes maps of 1, 2 or 3. "
                f"Use PCA for more."
            )
        as_perplexities(self.perplexity)
        _check_metric(self.metric)
        if isinstance(self.init, str) and self.init not in ("pca", "random", "spectral"):
            raise InvalidInputError(
                f"init is {self.init!r}; 'pca', 'random', 'spectral' or an array is needed."
            )
        if isinstance(self.learning_rate, str) and self.learning_rate != "auto":
            raise InvalidInputError(
                f"learning_rate is {self.learning_rate!r}; a number or 'auto' is needed."
            )
        positive = {"early_exaggeration": self.early_exaggeration}
        if not isinstance(self.learning_rate, str):
            positive["learning_rate"] = self.learning_rate
        for name, value in positive.items():
            if not (isinstance(value, (int, float, np.number)) and 0 < value < np.inf):
                raise InvalidInputError(f"{name} is {value!r}; a positive number is needed.")
        for name, least in (("early_exaggeration_iter", 0), ("n_iter", 0), ("callback_every", 1)):
            count = getattr(self, name)
            if not isinstance(count, (int, np.integer)) or count < least:
                raise InvalidInputError(
                    f"{name} is {count!r}; an integer of at least {least} is needed."
                )

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _check_metric(metric: Any) -> None:
    if metric not in METRICS:
        raise InvalidInputError(f"metric is {metric!r}; one of {', '.join(METRICS)} is needed.")
