"""Each frame begun where the one before left off: for snapshots that are still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..errors import InvalidInputError
from ..neighbors import query_neighbors
from ..parallel import effective_n_jobs
from ._initialization import pca_start
from ._rounds import descended_in_rounds, one_by_one
from ._sequence_checks import checked
from ._snapshots import Snapshots
from ._surroundings import Surroundings, surroundings
from ._tsne_layout import Descent, Phase, Pull

__all__ = ["Warm", "as_kept", "starting"]

START_DEVIATION = 1e-4
EARLY = Phase(250, 12.0, 1.0, 0.5)
"""Of the first frame; its rate is a multiple of the number of rows."""
FIRST_ITER = 500
N_NEAR = 5


@dataclass(frozen=True)
class Warm:
    """t-SNE from the map before, held where surroundings did not change; the past is enough.

    What a frame looks like does not depend on later ones, so maps can be shown while a model
    trains and never have to be taken back. After every five iterations each point is drawn back to
    where it was by the share ``J ** carry``, J the Jaccard similarity of its 30 nearest neighbours
    before and now. New points begin among their nearest neighbours.

    Parameters
    ----------
    perplexity : float
        Effective number of neighbours.
    carry : float
        Power of the similarity; larger leaves points freer. 0 freezes the picture. Larger than in
        `Refine`, because the first frame, to which everything is held, is often the least clear.
    n_iter : int
        Iterations of each frame after the first.
    metric : {"euclidean", "cosine"}
        Distance between rows of a frame.
    n_jobs : int or None
        Threads; None uses every core.

    See Also
    --------
    Refine : keeps more and moves for better reasons, but needs all snapshots.
    """

    perplexity: float = 15.0
    carry: float = 4.0
    n_iter: int = 100
    metric: str = "euclidean"
    n_jobs: int | None = None

    name = "warm"
    causal = True
    extendable = True

    def __post_init__(self) -> None:
        checked("perplexity", self.perplexity, least=1.0)
        checked("carry", self.carry, least=0.0)
        checked("n_iter", self.n_iter, least=0, whole=True)
        checked("metric", self.metric, among=("euclidean", "cosine"))

    @property
    def parameters(self) -> dict[str, Any]:
        """What makes the result; threads do not."""
        return {name: value for name, value in asdict(self).items() if name != "n_jobs"}

    def lay_out(
        self,
        snapshots: Snapshots,
        n_components: int,
        random_state: int,
        report: Progress,
        begun: Sequence[NDArray[np.float64]] = (),
    ) -> list[NDArray[np.float64]]:
        """Coordinates of each snapshot, rows in ascending order of id; see `Refine.lay_out`.

        Maps that are there already are taken for the first snapshots, of which only the last is
        read; the result is the same.
        """
        if n_components > 3:
            raise InvalidInputError(
                f"n_components is {n_components}; 'warm' makes maps of 1, 2 or 3. Use 'linear'."
            )
        threads = effective_n_jobs(self.n_jobs)
        frames = list(begun)
        latest = max(0, len(frames) - 1)
        for number, (X, around) in enumerate(
            surroundings(
                snapshots,
                self.perplexity,
                report,
                metric=self.metric,
                n_jobs=self.n_jobs,
                first=latest,
            ),
            start=latest,
        ):
            if number < len(begun):
                continue
            if not (around.before >= 0).any():
                frames.append(as_kept(first_map(X, around, n_components, threads)))
                continue
            Y = starting(X, around.before, frames[-1], threads)
            frames.append(as_kept(self._followed(Y, around, threads)))
        return frames

    def _followed(
        self, Y: NDArray[np.float64], around: Surroundings, threads: int
    ) -> NDArray[np.float64]:
        if around.affinities is None:
            return Y
        held = np.where(around.before >= 0, around.kept**self.carry, 0.0)[:, None]
        free = Pull(np.zeros_like(Y), 0.0)
        descent = Descent(Y.astype(np.float32), around.affinities, pull=free, n_threads=threads)
        start = Y

        def bind(moved: list[NDArray[np.float64]], _: int) -> list[NDArray[np.float64]]:
            # Full weight means the very same number.
            return [np.where(held >= 1.0, start, moved[0] + held * (start - moved[0]))]

        return descended_in_rounds(
            [Y], {0: descent}, self.n_iter, Phase.continued, bind, map_=one_by_one
        )[0]


def first_map(
    X: NDArray[Any], around: Surroundings, n_components: int, threads: int
) -> NDArray[np.float64]:
    """t-SNE of a frame that has nothing to begin from."""
    from ._affine import AffineMap
    from ._moments import principal_axes

    if len(X) == 0:
        return np.empty((0, n_components))
    if around.affinities is None:
        return AffineMap.from_axes(principal_axes(X, n_components), n_components)(X)
    start = pca_start(X, n_components)
    start = start - start.mean(axis=0)
    deviation = float(start[:, 0].std())
    start = start * (START_DEVIATION / deviation if deviation > 0 else 1.0)
    descent = Descent(start.astype(np.float32), around.affinities, n_threads=threads)
    n = float(len(X))
    early = Phase(EARLY.n_iter, EARLY.exaggeration, n / EARLY.exaggeration, EARLY.momentum)
    descent.run([early, Phase.continued(FIRST_ITER, len(X))])
    return descent.Y.astype(np.float64)


def as_kept(Y: NDArray[np.float64]) -> NDArray[np.float64]:
    """A map as it will be kept: what goes on from it is then the same as what went on at once."""
    return Y.astype(np.float32).astype(np.float64)


def starting(
    X: NDArray[Any], before: NDArray[np.int64], Y: NDArray[np.float64], threads: int
) -> NDArray[np.float64]:
    """Where points were, and new ones at the mean place of the nearest that were there.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Vectors.
    before : ndarray of shape (n_samples,)
        Row in the map before; -1 for new points. Not all may be new.
    Y : ndarray of shape (n_before, n_components)
        The map before.
    threads : int
        Changes the time and not the result.
    """
    start = np.zeros((len(X), Y.shape[1]))
    known, new = np.flatnonzero(before >= 0), np.flatnonzero(before < 0)
    start[known] = Y[before[known]]
    if len(new):
        near, _ = query_neighbors(X[new], X[known], min(N_NEAR, len(known)), n_jobs=threads)
        start[new] = start[known][near].mean(axis=1)
    return start
