"""t-distributed stochastic neighbour embedding as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._device import as_device
from ..errors import DriftglassWarning
from ..neighbors import NeighborGraph, NeighborIndex
from ..neighbors._remembered import remembered_stage
from ..parallel import effective_n_jobs
from ._affinities import Affinities
from ._estimator import Transformer, random_state_of
from ._initialization import array_start, random_start, scaled, spectral_start
from ._thin import DIRECTIONAL, EQUAL_COSINE
from ._tsne_affinities import affinities_for, costs
from ._tsne_checks import (
    check_count,
    check_learning_rate,
    check_parameters,
    check_positive,
)
from ._tsne_layout import Callback, Descent, Laid, Phase, Pull
from ._tsne_placing import N_NEIGHBORS, placed
from ._tsne_rows import index_of, neighbors_of_new, principal_start, thin_rows
from ._umap_checks import as_labels
from ._watch import Listener, Watch

__all__ = ["TSNE"]

START_DEVIATION = 1e-4
"""Small beside the kernel's unit, so that early forces are linear and clusters can cross."""
MOMENTUM = (0.5, 0.8)


class TSNE(Transformer):
    """Map that keeps near rows near, without room for what is far.

    Neighbourhoods can be trusted. Distances between groups, the size of a group and empty space
    cannot. The same input gives the same bytes at any `n_jobs`. Rows in another order give another
    map, as good as this one: sums round differently, and the descent makes much of little.

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
    metric : {"euclidean", "cosine", "correlation", "manhattan", "precomputed"} or callable
        Distance between rows. A function of two rows is called for every pair: for small data.
        With "precomputed" X is the square matrix of distances.
    init : {"pca", "random", "spectral"} or array of shape (n_samples, n_components)
        Where points start. An array is taken as it is: with ``early_exaggeration_iter=0`` the
        map it came from is continued. "pca" of distances is classical scaling to landmarks.
    target_weight : float
        What the labels given to `fit` count for, from 0 (nothing) to 1: the weight of a
        neighbour known to be of another kind is multiplied by ``1 - target_weight``, and the
        weights of a row are then made to add up to one again.
    random_state : int, RandomState or None
        Seed of ``init="random"``. "pca" draws only for coordinates beyond the features.
    precomputed_knn : NeighborGraph, optional
        Neighbours of the rows of X, in place of a search. Fewer than three for each unit of
        perplexity lower it.
    precomputed_affinities : Affinities, optional
        Of the rows of X, in place of a search; perplexity and labels are then those they were
        made with.
    n_jobs : int or None
        Threads; None uses every core.
    device : None, str or torch.device
        "cuda", or "cpu" through the same code: torch searches neighbours and makes the layout, to
        the same quality. None uses the compiled engine and no torch.
    callback : callable, optional
        Called with (iterations done, divergence, map). A true answer stops the descent and keeps
        the map as it is then. So does an exception, which then goes on to the caller.
    callback_every : int
        Iterations between calls.
    progress : callable, optional
        Called with a `FitProgress`: stage, time left, map so far. A true answer stops: in the
        stage "layout" the map is kept as it is then, before it there is none.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components), dtype float32
        Map of the fitted rows, centred.
    affinities_ : Affinities
        Joint probabilities of neighbours, to be used for another map as
        `precomputed_affinities`. None for three rows and less, or if all are equal.
    neighbors_ : NeighborGraph or None
        Neighbours the affinities were made of, with the recall of the search.
    effective_perplexity_ : float or tuple of float
        Perplexity after lowering; a tuple if several were asked for.
    kl_divergence_ : float
        Divergence of the map from the affinities, in nats; 0 is perfect.
    n_iter_ : int
        Iterations made.
    stopped_ : bool
        Whether the callback or an exception ended the descent early.
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
    .. [3] Kobak and Berens (2019). The art of using t-SNE for single-cell transcriptomics.
       Nature Communications. (Several perplexities.)
    .. [4] Belkina et al. (2019). Automated optimized parameters for t-SNE. Nature Communications.

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
        metric: str | Callable[[Any, Any], float] = "euclidean",
        init: Any = "pca",
        target_weight: float = 0.5,
        random_state: Any = None,
        precomputed_knn: NeighborGraph | None = None,
        precomputed_affinities: Affinities | None = None,
        n_jobs: int | None = None,
        device: Any = None,
        callback: Callback | None = None,
        callback_every: int = 50,
        progress: Listener | None = None,
    ) -> None:
        self.n_components = n_components
        self.perplexity = perplexity
        self.early_exaggeration = early_exaggeration
        self.early_exaggeration_iter = early_exaggeration_iter
        self.learning_rate = learning_rate
        self.n_iter = n_iter
        self.metric = metric
        self.init = init
        self.target_weight = target_weight
        self.random_state = random_state
        self.precomputed_knn = precomputed_knn
        self.precomputed_affinities = precomputed_affinities
        self.n_jobs = n_jobs
        self.device = device
        self.callback = callback
        self.callback_every = callback_every
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> Self:
        """Make the map of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors of any real dtype, dense, sparse or mapped from disk; distances
            (n_samples, n_samples) if precomputed.
        y : array-like of shape (n_samples,), optional
            Labels that keep rows of different kinds apart; -1, None and NaN are unknown.

        Returns
        -------
        self : TSNE
            Fitted.

        Raises
        ------
        InvalidInputError
            A parameter is out of range, or a distance is.
        ShapeError
            Something given has not one row per row of X.
        Cancelled
            `progress` stopped the fit before there was a map.
        """
        X = self._checked(X, reset=True, accept_sparse=not self._pairwise())
        check_parameters(self)
        labels = None if y is None else as_labels(y, X.shape[0])
        notes: list[str] = []
        self._index: NeighborIndex | None = None
        self.neighbors_: NeighborGraph | None = None
        self._thin = thin_rows(X, self.metric, int(self.n_components))
        try:
            if self._thin is not None:
                notes += self._thin.notes
                self._learn(Laid(self._thin.coordinates, 0.0, 0, False), None, (1.0,))
            else:
                self._descend(X, labels, notes)
        finally:
            # Also of a map that an exception has cut short.
            self.notes_ = (*notes, *(self.neighbors_.notes if self.neighbors_ else ()))
            if self._thin is None and not self._pairwise():
                self._index = index_of(X, self.metric, self.neighbors_)
        for note in notes:
            warnings.warn(note, DriftglassWarning, stacklevel=2)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> NDArray[np.float32]:
        """Make the map of X and return it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As in `fit`.
        y : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            Coordinates, centred.
        """
        return self.fit(X, y).embedding_

    def optimize(
        self,
        n_iter: int = 250,
        *,
        exaggeration: float = 1.0,
        learning_rate: float | str = "auto",
        anchors: Any = None,
        strength: Any = 1.0,
    ) -> Self:
        """Go on with the descent from the map as it is.

        Parameters
        ----------
        n_iter : int
            Further iterations.
        exaggeration : float
            What attraction is multiplied by; 2 to 4 gathers groups more tightly.
        learning_rate : float or "auto"
            As in the constructor.
        anchors : array-like of shape (n_samples, n_components), optional
            Places that points are drawn to. The map is then not centred again.
        strength : float or array-like of shape (n_samples,)
            How hard; 1 is as hard as all neighbours of a point together, 0 not at all and
            infinity holds it there. The gradient gains
            ``4 strength / n_samples * (embedding_ - anchors)``.

        Returns
        -------
        self : TSNE
            With `embedding_`, `kl_divergence_`, `n_iter_` and `stopped_` as they are then.
        """
        self._require_fitted()
        check_count("n_iter", n_iter, 0)
        check_positive("exaggeration", exaggeration)
        check_learning_rate(learning_rate)
        if self.affinities_ is None:
            return self
        pull = None if anchors is None else Pull(np.asarray(anchors), strength)
        rate = self._rate(learning_rate, exaggeration, len(self.embedding_))
        phase = Phase(int(n_iter), float(exaggeration), rate, MOMENTUM[1])
        before = self.n_iter_
        watch = Watch(self.progress, {"layout": 1.0})
        self._run(self.embedding_, self.affinities_, [phase], watch, pull)
        self.n_iter_ += before
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Place rows in the map; each on its own, so that the others in X do not matter.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite vectors; distances to the fitted rows if precomputed.

        Returns
        -------
        Y : ndarray of shape (n_samples, n_components)
            A row equal to a fitted row takes its place; others come to lie among their nearest.
        """
        self._require_fitted()
        X = self._checked(X, reset=False, accept_sparse=not self._pairwise())
        if self._thin is not None:
            return self._thin.transform(X.toarray() if hasattr(X, "toarray") else X)
        n_threads = effective_n_jobs(self.n_jobs)
        k = min(N_NEIGHBORS, len(self.embedding_))
        indices, distances = neighbors_of_new(X, k, self._index, n_threads)
        same = EQUAL_COSINE if self.metric in DIRECTIONAL else 0.0
        return placed(indices, distances, self.embedding_, exact_below=same, n_threads=n_threads)

    def _descend(self, X: Any, labels: NDArray[np.int64] | None, notes: list[str]) -> None:
        phases = self._phases(X.shape[0])
        watch = Watch(self.progress, costs(self, X.shape[0]))
        affinities, self.neighbors_ = affinities_for(self, X, labels, notes, watch)
        watch.before_the_map("initialization", 0, 1)
        self._run(self._start(X, affinities), affinities, phases, watch)

    def _run(
        self,
        start: NDArray[np.float32],
        affinities: Affinities,
        phases: list[Phase],
        watch: Watch,
        pull: Pull | None = None,
    ) -> None:
        n_threads = effective_n_jobs(self.n_jobs)
        device = as_device(self.device)
        if device is None:
            descent = Descent(start, affinities, pull=pull, n_threads=n_threads)
        else:
            from ._tsne_on_device import DeviceDescent  # loads torch

            descent = DeviceDescent(start, affinities, device, pull=pull)
        listening = self.progress is not None
        try:
            descent.run(
                phases,
                callback=self.callback,
                callback_every=int(self.callback_every),
                watch=(lambda done, total, Y: watch("layout", done, total, Y))
                if listening
                else None,
            )
        finally:
            self._learn(descent.laid(), affinities, affinities.perplexities)

    def _start(self, X: Any, affinities: Affinities) -> NDArray[np.float32]:
        n_samples, n_components = X.shape[0], int(self.n_components)
        if not isinstance(self.init, str):
            return array_start(self.init, n_samples, n_components).astype(np.float32)
        seed = random_state_of(self.random_state).randint(np.iinfo(np.int32).max)
        rng = np.random.default_rng(seed)
        if self.init == "random":
            start = random_start(n_samples, n_components, rng)
        elif self.init == "spectral":
            n_threads = effective_n_jobs(self.n_jobs)
            graph = affinities.to_sparse()
            of = (graph.indptr, graph.indices, graph.data)
            make = partial(spectral_start, graph, n_components, n_threads)
            start = remembered_stage("spectral start of affinities", of, (n_components,), make)
        else:
            start = principal_start(X, self.metric, n_components)
        return scaled(start, START_DEVIATION, rng).astype(np.float32)

    def _phases(self, n: int) -> list[Phase]:
        early, main = int(self.early_exaggeration_iter), int(self.n_iter)
        factor, rate = float(self.early_exaggeration), self.learning_rate
        return [
            Phase(early, factor, self._rate(rate, factor, n), MOMENTUM[0]),
            Phase(main, 1.0, self._rate(rate, 1.0, n), MOMENTUM[1]),
        ]

    def _rate(self, learning_rate: float | str, exaggeration: float, n_samples: int) -> float:
        automatic = isinstance(learning_rate, str)
        return n_samples / exaggeration if automatic else float(learning_rate)

    def _pairwise(self) -> bool:
        return isinstance(self.metric, str) and self.metric == "precomputed"

    def _learn(
        self, laid: Laid, affinities: Affinities | None, perplexities: tuple[float, ...]
    ) -> None:
        self.embedding_ = laid.coordinates
        self.affinities_ = affinities
        self.effective_perplexity_ = perplexities[0] if len(perplexities) == 1 else perplexities
        self.kl_divergence_ = laid.divergence
        self.n_iter_ = laid.n_iter
        self.stopped_ = laid.stopped

    @property
    def _n_features_out(self) -> int:
        return int(self.embedding_.shape[1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self._pairwise()
        tags.input_tags.pairwise = self._pairwise()
        return tags
