"""UMAP of all snapshots at once, each point drawn to itself in the snapshots around."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._progress import Progress
from ..data._ids import positions
from ..parallel import Threads
from ._carry import unchanged
from ._curve import curve_parameters
from ._fitting import FittedFromMoments, needs_no_method
from ._fuzzy import FuzzyGraph, fuzzy_graph
from ._sequence_checks import checked
from ._snapshots import Snapshots
from ._surroundings import in_order

__all__ = ["AlignedUMAP", "TemporalLinks", "temporal_links"]

REACH = 10.0
"""Half of the width of the start."""
Map = NDArray[np.float64]


@dataclass(frozen=True)
class AlignedUMAP:
    """UMAP of every snapshot, aligned while they are laid out.

    Each snapshot has its own fuzzy graph and its own repulsion. After every epoch each point is
    drawn towards itself in the snapshots within `alignment_window_size`, both earlier and later,
    the nearer in time and the more of its neighbours it kept, the stronger. Every parameter acts.

    Parameters
    ----------
    n_neighbors : int
        Neighbours of each row, itself included.
    alignment_regularisation : float
        Strength of the alignment, not negative; 0 leaves the snapshots free of each other.
    alignment_window_size : int
        Snapshots looked at on either side.
    n_epochs : int
        How often the heaviest edge of a graph pulls.
    min_dist, spread : float
        Least distance in the map, and its scale.
    repulsion_strength : float
        Weight of repulsion.
    negative_sample_rate : int
        Points drawn at random to repel each edge's.
    learning_rate : float
        Step of the first epoch.
    metric : str
        Distance between rows.
    n_jobs : int or None
        Threads; None uses every core.

    References
    ----------
    .. [1] McInnes, Healy and Melville (2018). UMAP: uniform manifold approximation and
       projection for dimension reduction. arXiv:1802.03426.
    .. [2] Dadu et al. (2023). Application of Aligned-UMAP to longitudinal biomedical studies.
       Patterns.
    """

    n_neighbors: int = 15
    alignment_regularisation: float = 0.01
    alignment_window_size: int = 3
    n_epochs: int = 200
    min_dist: float = 0.1
    spread: float = 1.0
    repulsion_strength: float = 1.0
    negative_sample_rate: int = 5
    learning_rate: float = 1.0
    metric: str = "euclidean"
    n_jobs: int | None = None

    name = "aligned_umap"

    def __post_init__(self) -> None:
        checked("n_neighbors", self.n_neighbors, least=2, whole=True)
        checked("alignment_regularisation", self.alignment_regularisation, least=0.0)
        checked("alignment_window_size", self.alignment_window_size, least=1, whole=True)
        checked("n_epochs", self.n_epochs, least=1, whole=True)
        checked("min_dist", self.min_dist, least=0.0)
        checked("spread", self.spread, least=self.min_dist)
        checked("repulsion_strength", self.repulsion_strength, least=0.0)
        checked("negative_sample_rate", self.negative_sample_rate, least=0, whole=True)
        checked("learning_rate", self.learning_rate, least=0.0)

    @property
    def parameters(self) -> dict[str, Any]:
        """What makes the result; threads do not."""
        return {name: value for name, value in asdict(self).items() if name != "n_jobs"}

    def lay_out(
        self, snapshots: Snapshots, n_components: int, random_state: int, report: Progress
    ) -> list[Map]:
        """Coordinates of each snapshot, rows in ascending order of id; see `Refine.lay_out`."""
        ids, near, graphs = [], [], []
        for number in range(len(snapshots)):
            report(number, len(snapshots), "finding neighbours")
            names, X = in_order(snapshots, number)
            indices, graph = self._graph(X)
            ids.append(names)
            near.append(names[indices] if len(names) else np.empty((0, 0)))
            graphs.append(graph)
        links = temporal_links(ids, near, self.alignment_window_size)
        Y = self._start(snapshots, n_components, random_state)
        with Threads(self.n_jobs) as executor:
            layouts = [
                None if graph is None else self._layout(graph, n_components, random_state)
                for graph in graphs
            ]
            forces = self._forces()
            for epoch in range(self.n_epochs):
                report(epoch, self.n_epochs, "laying out")
                frames = zip(Y, layouts, strict=True)
                executor.map(partial(_moved, forces=forces, epoch=epoch), frames)
                left = 1.0 - epoch / self.n_epochs
                Y = links.drawn(Y, self.alignment_regularisation * left)
        report(self.n_epochs, self.n_epochs, "laying out")
        return [frame.astype(np.float64) for frame in Y]

    def _layout(self, graph: FuzzyGraph, n_components: int, seed: int) -> _kernels.EdgeLayout:
        return _kernels.EdgeLayout(
            graph.starts,
            graph.columns,
            graph.weights,
            n_components,
            self.n_epochs,
            # The same for all snapshots, so that equal ones are laid out equally.
            seed=seed % (1 << 63),
            n_blocks=1,
        )

    def _forces(self) -> dict[str, Any]:
        a, b = curve_parameters(self.min_dist, self.spread)
        return {
            "a": a,
            "b": b,
            "repulsion": self.repulsion_strength,
            "rate": self.learning_rate,
            "negatives": self.negative_sample_rate,
        }

    def _graph(self, X: NDArray[Any]) -> tuple[NDArray[np.int32], FuzzyGraph | None]:
        import warnings

        from ..errors import DriftglassWarning
        from ..neighbors import nearest_neighbors

        if len(X) == 0 or needs_no_method(X):
            return np.empty((len(X), 0), dtype=np.int32), None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DriftglassWarning)
            k = min(self.n_neighbors, len(X)) - 1
            graph = nearest_neighbors(X, k, metric=self.metric, n_jobs=self.n_jobs)
        return graph.indices, fuzzy_graph(graph)

    def _start(
        self, snapshots: Snapshots, n_components: int, seed: int
    ) -> list[NDArray[np.float32]]:
        """Principal axes of all snapshots, so that frames agree before anything else does."""
        place = FittedFromMoments(snapshots, n_components).fit(range(len(snapshots)))
        frames = []
        for number in range(len(snapshots)):
            ids, X = in_order(snapshots, number)
            frames.append(place(X) if place and len(ids) else np.empty((0, n_components)))
        reach = max((float(np.abs(frame).max()) for frame in frames if len(frame)), default=0.0)
        factor = REACH / reach if reach > 0 else 1.0
        rng = np.random.default_rng(seed)
        most = max(map(len, frames), default=0)
        # Equal rows must be able to part; the same for all frames, so that equal ones stay so.
        jitter = rng.normal(scale=1e-4, size=(most, n_components))
        return [
            np.ascontiguousarray(frame * factor + jitter[: len(frame)], dtype=np.float32)
            for frame in frames
        ]


@dataclass(frozen=True, eq=False)
class TemporalLinks:
    """Ties of points to themselves in other snapshots, always both ways.

    Parameters
    ----------
    pairs : dict of (int, int) to tuple of ndarray
        For each two snapshots, the earlier first, that are linked: rows in the one, rows in the
        other, and weights in [0, 1].
    """

    pairs: dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]

    def drawn(self, Y: list[NDArray[np.float32]], strength: float) -> list[NDArray[np.float32]]:
        """Take one implicit step towards the linked places, stable at any strength."""
        pull = [np.zeros(frame.shape) for frame in Y]
        total = [np.zeros(len(frame)) for frame in Y]
        for (s, t), (rows, others, weights) in self.pairs.items():
            pull[s][rows] += weights[:, None] * Y[t][others]
            pull[t][others] += weights[:, None] * Y[s][rows]
            total[s][rows] += weights
            total[t][others] += weights
        return [
            ((frame + strength * p) / (1.0 + strength * w)[:, None]).astype(np.float32)
            for frame, p, w in zip(Y, pull, total, strict=True)
        ]


def temporal_links(ids: list[NDArray[Any]], near: list[NDArray[Any]], window: int) -> TemporalLinks:
    """Link every point to itself in the snapshots around.

    Parameters
    ----------
    ids : list of ndarray
        Ids of each snapshot's rows.
    near : list of ndarray of shape (n_t, n_neighbors)
        Ids of each row's neighbours.
    window : int
        Snapshots looked at on either side.

    Returns
    -------
    links : TemporalLinks
        ``exp(1 - distance in time)`` times the Jaccard similarity of the neighbourhoods; every
        adjacent pair of snapshots with points in common is linked, the last one too.
    """
    pairs = {}
    for s in range(len(ids)):
        for t in range(s + 1, min(s + window, len(ids) - 1) + 1):
            others = positions(ids[s], ids[t])
            rows = np.flatnonzero(others >= 0)
            if len(rows) == 0:
                continue
            others = others[rows]
            weights = np.zeros(len(rows))
            if near[s].shape[1] and near[t].shape[1]:
                weights = unchanged(near[s][rows], near[t][others]) * np.exp(1.0 - (t - s))
            pairs[s, t] = (rows, others, weights)
    return TemporalLinks(pairs)


def _moved(
    frame: tuple[NDArray[np.float32], _kernels.EdgeLayout | None],
    forces: dict[str, Any],
    epoch: int,
) -> None:
    """One epoch of one snapshot, in place."""
    Y, layout = frame
    if layout is not None:
        layout.run(Y, epoch, epoch + 1, **forces)
