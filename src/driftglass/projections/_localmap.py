"""PaCMAP with pairs that are adjusted to the map, as a scikit-learn estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import checked_number
from ._pacmap import PaCMAP
from ._pacmap_layout import LocalGraph
from ._tsne_layout import Callback
from ._watch import Listener

__all__ = ["LocalMAP"]


class LocalMAP(PaCMAP):
    """PaCMAP that adjusts its pairs while the map settles, for clearer borders between groups.

    In the last phase, neighbours that the map draws far apart pull less, since they are likely not
    neighbours in truth; and rows are pushed away from others that are near them in the map but no
    neighbours. Near neighbourhoods come out more faithful than with PaCMAP. A map that separates
    by design can't tell whether there are groups at all. The same seed gives the same bytes at
    any `n_jobs`.

    Parameters
    ----------
    n_components : int
        Coordinates per row: 1, 2 or 3.
    n_neighbors : int or None
        Near pairs per row, as for `PaCMAP`.
    MN_ratio : float
        Mid-near pairs per near pair.
    FP_ratio : float
        Further pairs per near pair.
    low_dist_thres : float
        Distance in the map within which further pairs are drawn in the last phase; a near pair
        pulls less, the further it is beyond half of that.
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
        Whether the callback stopped it.
    notes_ : tuple of str
        What a reader of the map should know; each was also a warning.
    n_features_in_ : int
        Features fitted.

    See Also
    --------
    driftglass.projections.PaCMAP : the same without adjustment.

    References
    ----------
    .. [1] Wang, Sun, Huang and Rudin (2025). Dimension reduction with locally adjusted graphs.
       AAAI.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(90, 5)) + 9 * np.repeat(np.eye(3, 5), 30, axis=0)
    >>> LocalMAP(random_state=0).fit_transform(X).shape
    (90, 2)
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int | None = 10,
        MN_ratio: float = 0.5,
        FP_ratio: float = 2.0,
        low_dist_thres: float = 10.0,
        metric: str = "euclidean",
        init: Any = "pca",
        num_iters: tuple[int, int, int] = (100, 100, 250),
        random_state: Any = None,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        callback_every: int = 50,
        progress: Listener | None = None,
    ) -> None:
        super().__init__(
            n_components,
            n_neighbors=n_neighbors,
            MN_ratio=MN_ratio,
            FP_ratio=FP_ratio,
            metric=metric,
            init=init,
            num_iters=num_iters,
            random_state=random_state,
            n_jobs=n_jobs,
            callback=callback,
            callback_every=callback_every,
            progress=progress,
        )
        self.low_dist_thres = low_dist_thres

    def _check_parameters(self) -> None:
        super()._check_parameters()
        checked_number("low_dist_thres", self.low_dist_thres, least=0.0, above=True)

    def _local(
        self, near: NDArray[np.int32], further: NDArray[np.int32], seed: int
    ) -> LocalGraph | None:
        return LocalGraph(float(self.low_dist_thres), near, further.copy(), seed)
