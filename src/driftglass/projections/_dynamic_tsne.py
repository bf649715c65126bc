"""t-SNE of all snapshots at once, with every point tied to itself in the next."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..errors import InvalidInputError
from ..parallel import Threads
from ._carry import bound
from ._fitting import FittedFromMoments
from ._rounds import descended_in_rounds
from ._sequence_checks import checked
from ._shelf import Shelf
from ._snapshots import Snapshots
from ._surroundings import in_order, surroundings
from ._tsne_layout import Descent, Phase, Pull

__all__ = ["DynamicTSNE"]

EARLY_ITER, EXAGGERATION = 250, 12.0
START_DEVIATION = 1e-4


@dataclass(frozen=True)
class DynamicTSNE:
    """The sum of all frames' divergences and of `penalty` times all squared steps.

    Every step costs the same, whether or not the point moved in the vectors, so a strong penalty
    freezes points that do move. `Refine` binds points by how much of their surroundings stayed.

    Parameters
    ----------
    penalty : float
        Weight of squared steps beside the divergence, for points of unit probability: as the
        paper's lambda. 0 leaves frames without a tie.
    perplexity : float
        Effective number of neighbours.
    n_iter : int
        Iterations after 250 of early exaggeration.
    metric : {"euclidean", "cosine"}
        Distance between rows of a frame.
    n_jobs : int or None
        Threads; None uses every core.

    References
    ----------
    .. [1] Rauber, Falcão and Telea (2016). Visualizing time-dependent data using dynamic t-SNE.
       EuroVis.
    """

    penalty: float = 0.1
    perplexity: float = 30.0
    n_iter: int = 500
    metric: str = "euclidean"
    n_jobs: int | None = None

    name = "dynamic_tsne"

    def __post_init__(self) -> None:
        checked("penalty", self.penalty, least=0.0)
        checked("perplexity", self.perplexity, least=1.0)
        checked("n_iter", self.n_iter, least=0, whole=True)
        checked("metric", self.metric, among=("euclidean", "cosine"))

    @property
    def parameters(self) -> dict[str, Any]:
        """What makes the result; threads do not."""
        return {name: value for name, value in asdict(self).items() if name != "n_jobs"}

    def lay_out(
        self, snapshots: Snapshots, n_components: int, random_state: int, report: Progress
    ) -> list[NDArray[np.float64]]:
        """Coordinates of each snapshot, rows in ascending order of id; see `Refine.lay_out`."""
        if n_components > 3:
            raise InvalidInputError(
                f"n_components is {n_components}; t-SNE makes maps of 1, 2 or 3. Use 'linear'."
            )
        shelf = Shelf()
        frames = [
            shelf.frame(around)
            for _, around in surroundings(
                snapshots, self.perplexity, report, metric=self.metric, n_jobs=self.n_jobs
            )
        ]
        place = FittedFromMoments(snapshots, n_components).fit(range(len(snapshots)))
        Y = [
            place(in_order(snapshots, t)[1])
            if place and len(f.numbers)
            else np.empty((0, n_components))
            for t, f in enumerate(frames)
        ]
        spread = float(np.concatenate(Y).std(axis=0).max()) if sum(map(len, Y)) else 0.0
        Y = [frame * (START_DEVIATION / spread if spread > 0 else 1.0) for frame in Y]
        descents = {
            t: Descent(Y[t].astype(np.float32), f.affinities, pull=Pull(np.zeros_like(Y[t]), 0.0))
            for t, f in enumerate(frames)
            if f.affinities is not None
        }
        phases = [(EARLY_ITER, EXAGGERATION, 0.5), (self.n_iter, 1.0, 0.8)]
        total, before = sum(phase[0] for phase in phases), 0
        with Threads(self.n_jobs) as executor:
            for length, exaggeration, momentum in phases:
                Y = descended_in_rounds(
                    Y,
                    descents,
                    length,
                    partial(_phase, exaggeration=exaggeration, momentum=momentum),
                    partial(self._tied, frames=frames, exaggeration=exaggeration),
                    map_=executor.map,
                    report=lambda done, before=before: report(before + done, total, "descending"),  # type: ignore[misc]
                )
                before += length
        report(total, total, "descending")
        return Y

    def _tied(
        self, Y: list[NDArray[np.float64]], n_iter: int, *, frames: list[Any], exaggeration: float
    ) -> list[NDArray[np.float64]]:
        # One implicit step of the penalty's descent, which is stable at any strength: as long as
        # that of the iterations made, whose rate is n for forces of 1 / n.
        strength = self.penalty * n_iter / exaggeration
        weight = strength / (1.0 + strength)
        links = [
            (frame.before, np.full(len(frame.before), weight if weight < 1 else 1 - 1e-9))
            for frame in frames
        ]
        return bound(Y, links)


def _phase(n_iter: int, n: int, exaggeration: float, momentum: float) -> Phase:
    return Phase(n_iter, exaggeration, n / exaggeration, momentum)
