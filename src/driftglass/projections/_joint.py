"""One fit to a sample of all snapshots, in which every row of every snapshot is placed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ._refine import Refine, rough_map
from ._sequence_checks import checked
from ._snapshots import Snapshots
from ._surroundings import surroundings

__all__ = ["Joint"]


@dataclass(frozen=True)
class Joint:
    """UMAP of a sample of points and times; everything else at the mean of its nearest there.

    A place belongs to a vector, whenever it occurs, so what stands still is drawn still, and
    frames can be laid over each other. It keeps less of each frame than `Refine`, which starts
    from here.

    Parameters
    ----------
    coarse : {"umap", "pca"}
        What is fitted.
    n_neighbors : int
        Of UMAP.
    n_jobs : int or None
        Threads; None uses every core.
    """

    coarse: str = "umap"
    n_neighbors: int = 30
    n_jobs: int | None = None

    name = "joint"

    def __post_init__(self) -> None:
        checked("coarse", self.coarse, among=("umap", "pca"))
        checked("n_neighbors", self.n_neighbors, least=2, whole=True)

    @property
    def parameters(self) -> dict[str, Any]:
        """What makes the result; threads do not."""
        return {name: value for name, value in asdict(self).items() if name != "n_jobs"}

    def lay_out(
        self, snapshots: Snapshots, n_components: int, random_state: int, report: Progress
    ) -> list[NDArray[np.float64]]:
        """Coordinates of each snapshot, rows in ascending order of id; see `Refine.lay_out`."""
        settings = Refine(coarse=self.coarse, n_neighbors=self.n_neighbors, n_jobs=self.n_jobs)
        around = surroundings(snapshots, settings.perplexity, report, n_jobs=self.n_jobs)
        rough, _ = rough_map(settings, snapshots, around, n_components, random_state, report)
        return rough
