"""All snapshots in one rough map, then each refined while unchanged surroundings hold it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..errors import DriftglassWarning, InvalidInputError
from ..parallel import Threads, effective_n_jobs
from ._carry import bound, common_path
from ._coarse import Sampled, smooth_place
from ._fitting import FittedFromMoments, Place
from ._rounds import descended_in_rounds
from ._sequence_checks import checked
from ._shelf import Shelf
from ._snapshots import Snapshots
from ._surroundings import Surroundings, in_order, surroundings
from ._tsne_layout import Descent, Phase, Pull
from ._warm import Warm

__all__ = ["Refine", "rough_map"]

MOMENTUM = 0.8
FEWEST_SAMPLED, MOST_SAMPLED = 3000, 10_000
RADIUS = 0.8
"""Of the rough map, times the root of the number of points: about that of a finished t-SNE."""
LARGEST_RADIUS = 100.0

Links = list[tuple[NDArray[np.int64], NDArray[np.float64]]]


@dataclass(frozen=True)
class Refine:
    """A joint rough map, refined frame by frame; still where the data are still.

    The rough map says where things go over time: UMAP of a sample of points and times in which
    each point counts again once it has left its surroundings, and for all rows the smooth mean of
    their nearest among it. Each frame then descends t-SNE's divergence from there. After every
    five iterations each point is bound to itself in the frames before and after, with the weight
    ``w = J ** carry``, J the Jaccard similarity of its 30 nearest neighbours in the two: with
    unchanged surroundings it is carried along the rough map exactly, with new ones it is free.

    Frames without change are equal to the last bit, and so are results at any `n_jobs`.

    Parameters
    ----------
    perplexity : float
        Of the refinement: effective number of neighbours. 15 kept more of the neighbourhoods of
        each frame than 30 in every sequence tried, at equal coherence.
    carry : float
        Power of the similarity; larger leaves points freer, which keeps more of each frame and
        less of its motion.
    n_iter : int
        Iterations of the refinement; 0 shows the rough map.
    coarse : {"umap", "pca"}
        The rough map. "pca" draws nothing at random; it keeps less of most sequences.
    n_neighbors : int
        Of the rough map's UMAP. 30 kept as much as 15, or more, in every sequence tried.
    metric : {"euclidean", "cosine"}
        Distance between rows of a frame.
    n_jobs : int or None
        Threads; None uses every core.

    References
    ----------
    .. [1] Rauber, Falcão and Telea (2016). Visualizing time-dependent data using dynamic t-SNE.
       EuroVis. (Binds all points alike.)
    .. [2] Vernier et al. (2021). Guided stable dynamic projections. Computer Graphics Forum.
    """

    perplexity: float = 15.0
    carry: float = 2.0
    n_iter: int = 100
    coarse: str = "umap"
    n_neighbors: int = 30
    metric: str = "euclidean"
    n_jobs: int | None = None

    name = "refine"
    causal = False
    extendable = True

    def __post_init__(self) -> None:
        checked("perplexity", self.perplexity, least=1.0)
        checked("carry", self.carry, least=0.0)
        checked("n_iter", self.n_iter, least=0, whole=True)
        checked("n_neighbors", self.n_neighbors, least=2, whole=True)
        checked("coarse", self.coarse, among=("umap", "pca"))
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
        """Coordinates of each snapshot, rows in ascending order of id.

        Parameters
        ----------
        snapshots : Snapshots
            Read twice, one at a time.
        n_components : int
            1, 2 or 3.
        random_state : int
            Seed of the sample and of the rough map.
        report : callable
            Called with (done, total, what).
        begun : sequence of ndarray, optional
            Maps of the first snapshots, which then stay. Later ones follow from them as in `Warm`,
            because no rough map has seen them.

        Returns
        -------
        coordinates : list of ndarray of shape (n_t, n_components)
            In one frame.
        """
        if n_components > 3:
            raise InvalidInputError(
                f"n_components is {n_components}; 'refine' makes maps of 1, 2 or 3. Use 'linear'."
            )
        if begun:
            following = Warm(
                perplexity=self.perplexity,
                n_iter=self.n_iter,
                metric=self.metric,
                n_jobs=self.n_jobs,
            )
            return following.lay_out(snapshots, n_components, random_state, report, begun)
        around = surroundings(
            snapshots, self.perplexity, report, metric=self.metric, n_jobs=self.n_jobs
        )
        rough, frames = rough_map(self, snapshots, around, n_components, random_state, report)
        weights = [np.where(f.before >= 0, f.kept**self.carry, 0.0) for f in frames]
        path = _path(rough, frames, weights)
        links = [(f.before, w) for f, w in zip(frames, weights, strict=True)]
        return self._refined(rough, path, frames, links, report)

    def _refined(
        self,
        rough: list[NDArray[np.float64]],
        path: list[NDArray[np.float64]],
        frames: Sequence[Surroundings],
        links: Links,
        report: Progress,
    ) -> list[NDArray[np.float64]]:
        Y = _bound(rough, path, links)
        descents: dict[int, Descent] = {}
        for t, frame in enumerate(frames):
            if frame.affinities is not None:
                # A pull of no strength only says that the map shall not be centred.
                free = Pull(np.zeros_like(Y[t]), 0.0)
                descents[t] = Descent(Y[t].astype(np.float32), frame.affinities, pull=free)
        with Threads(effective_n_jobs(self.n_jobs)) as executor:
            Y = descended_in_rounds(
                Y,
                descents,
                self.n_iter if descents else 0,
                lambda n_iter, n: Phase(n_iter, 1.0, float(n), MOMENTUM),
                lambda Y, _: _bound(Y, path, links),
                map_=executor.map,
                report=lambda done: report(done, self.n_iter, "refining"),
            )
        report(self.n_iter, self.n_iter, "refining")
        return Y


def rough_map(
    settings: Refine,
    snapshots: Snapshots,
    around: Iterable[tuple[NDArray[Any], Surroundings]],
    n_components: int,
    seed: int,
    report: Progress,
) -> tuple[list[NDArray[np.float64]], list[Surroundings]]:
    """The joint map of all snapshots, and what was seen on the way to it."""
    sample: Sampled | None = None
    frames: list[Surroundings] = []
    shelf = Shelf()
    for X, seen in around:
        if sample is None:
            sample = Sampled(min(max(FEWEST_SAMPLED, len(X)), MOST_SAMPLED), seed)
        if settings.coarse == "umap":
            sample.add(X, seen.numbers, seen.before, seen.reach, len(frames))
        frames.append(shelf.frame(seen))
    if sample is None:
        return [], []
    report(0, len(snapshots), "laying out the rough map")
    place: Place | None = None
    if settings.coarse == "pca":
        place = FittedFromMoments(snapshots, n_components).fit(range(len(snapshots)))
    elif len(rows := sample.rows()):
        fit = partial(_umap, settings=settings, n_components=n_components, seed=seed)
        place = smooth_place(rows, fit, n_components)
    report(0, len(snapshots), "placing all rows in the rough map")
    return _scaled(_placed(snapshots, place, n_components, settings.n_jobs)), frames


def _umap(rows: NDArray[Any], settings: Refine, n_components: int, seed: int) -> NDArray[Any]:
    from ._umap import UMAP

    with warnings.catch_warnings():
        # Of a sample, and so of no concern to whoever asked for the whole.
        warnings.simplefilter("ignore", DriftglassWarning)
        umap = UMAP(
            n_neighbors=settings.n_neighbors,
            n_components=n_components,
            random_state=seed,
            n_jobs=settings.n_jobs,
        )
        return np.asarray(umap.fit_transform(rows))


def _placed(
    snapshots: Snapshots, place: Place | None, n_components: int, n_jobs: int | None
) -> list[NDArray[np.float64]]:
    if place is None:
        return [np.empty((0, n_components)) for _ in range(len(snapshots))]

    def at(number: int) -> NDArray[np.float64]:
        X = in_order(snapshots, number)[1]
        if len(X) == 0:
            return np.empty((0, n_components))
        return np.asarray(place(X), dtype=np.float64)

    with Threads(effective_n_jobs(n_jobs)) as executor:
        return executor.map(at, range(len(snapshots)))


def _scaled(rough: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Centre the rough map and give it the size that refined ones have."""
    total = sum(map(len, rough))
    if total == 0:
        return rough
    mean = np.sum([Y.sum(axis=0) for Y in rough], axis=0) / total
    radius = np.sqrt(sum(float(np.square(Y - mean).sum()) for Y in rough) / total)
    largest = max(map(len, rough))
    wanted = min(RADIUS * np.sqrt(largest), LARGEST_RADIUS)
    factor = wanted / radius if radius > 0 else 1.0
    return [(Y - mean) * factor for Y in rough]


def _path(
    rough: list[NDArray[np.float64]],
    frames: Sequence[Surroundings],
    weights: Sequence[NDArray[np.float64]],
) -> list[NDArray[np.float64]]:
    """Where each point would be if it were carried all the time."""
    path: list[NDArray[np.float64]] = []
    for t, frame in enumerate(frames):
        here = rough[t].copy()
        held = np.flatnonzero(frame.before >= 0)
        if len(held):
            steps = np.zeros_like(here)
            steps[held] = rough[t][held] - rough[t - 1][frame.before[held]]
            near = frame.neighbors.astype(np.int64)
            near[frame.before[near] < 0] = -1
            steps = common_path(steps, frame.lengths, near, weights[t])
            here[held] = path[t - 1][frame.before[held]] + steps[held]
        path.append(here)
    return path


def _bound(
    Y: list[NDArray[np.float64]], path: list[NDArray[np.float64]], links: Links
) -> list[NDArray[np.float64]]:
    offsets = [there - along for there, along in zip(Y, path, strict=True)]
    return [along + e for along, e in zip(path, bound(offsets, links), strict=True)]
