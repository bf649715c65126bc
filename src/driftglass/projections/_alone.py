"""Each frame mapped by itself and turned to fit the one before: the honest baseline."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..data._ids import positions
from ..errors import DriftglassWarning
from ._affine import AffineMap
from ._fitting import needs_no_method
from ._moments import principal_axes
from ._procrustes import procrustes
from ._sequence_checks import checked
from ._snapshots import Snapshots
from ._surroundings import in_order
from ._warm import as_kept, starting

__all__ = ["BlendedTSNE", "Independent", "OnlineUMAP", "turned"]

Map = NDArray[np.float64]


@dataclass(frozen=True)
class Independent:
    """A map of each frame alone, rotated, mirrored and shifted onto the one before.

    Each map is as good as its method can make it. Nothing holds the frames together: what moves
    between them says little about what moved in the vectors.

    Parameters
    ----------
    estimator : {"tsne", "umap", "pacmap", "phate", "pca"}
        What maps each frame.
    settings : mapping
        Parameters of the estimator.
    scale : bool
        Whether maps are also brought to the size of the one before.
    """

    estimator: str = "tsne"
    settings: Mapping[str, Any] = field(default_factory=dict)
    scale: bool = False

    name = "independent"
    causal = True
    extendable = True

    def __post_init__(self) -> None:
        checked("estimator", self.estimator, among=("tsne", "umap", "pacmap", "phate", "pca"))

    @property
    def parameters(self) -> dict[str, Any]:
        """What makes the result."""
        return asdict(self)

    def lay_out(
        self,
        snapshots: Snapshots,
        n_components: int,
        random_state: int,
        report: Progress,
        begun: Sequence[Map] = (),
    ) -> list[Map]:
        """Coordinates of each snapshot, rows in ascending order of id; see `Warm.lay_out`."""
        frames = list(begun)
        last = _last_of(snapshots, frames)
        for number in range(len(begun), len(snapshots)):
            report(number, len(snapshots), "mapping each snapshot")
            ids, X = in_order(snapshots, number)
            Y = _alone(self.estimator, self.settings, X, n_components, random_state)
            Y = as_kept(turned(ids, Y, last, scale=self.scale))
            if len(ids):
                last = (ids, Y)
            frames.append(Y)
        return frames


@dataclass(frozen=True)
class BlendedTSNE:
    """t-SNE from the map before, of which each frame keeps a share in the output.

    What train-viz offers as its t-SNE animation. With an `update` of less than 1 a frame is no
    solution of anything: it lags behind the data, and is scored against what is there now.
    Each frame goes on with the map before, without another early exaggeration, and going through
    time in reverse maps the vectors as well.

    Parameters
    ----------
    update : float
        In [0, 1], what each frame takes of its own map; 1 does not blend and 0 is frozen.
    reverse : bool
        Begin with the last snapshot.
    perplexity : float
        Effective number of neighbours.
    n_iter : int
        Iterations of each frame after the first.
    init : {"pca", "random", "spectral"}
        Where the first frame starts.
    metric : str
        Distance between rows.
    n_jobs : int or None
        Threads; None uses every core.
    """

    update: float = 1.0
    reverse: bool = False
    perplexity: float = 30.0
    n_iter: int = 150
    init: str = "pca"
    metric: str = "euclidean"
    n_jobs: int | None = None

    name = "blended_tsne"

    def __post_init__(self) -> None:
        checked("update", self.update, least=0.0, most=1.0)
        checked("n_iter", self.n_iter, least=0, whole=True)
        checked("init", self.init, among=("pca", "random", "spectral"))

    @property
    def parameters(self) -> dict[str, Any]:
        """What makes the result; threads do not."""
        return {name: value for name, value in asdict(self).items() if name != "n_jobs"}

    @property
    def causal(self) -> bool:
        """Whether frames depend on earlier ones only."""
        return not self.reverse

    extendable = causal

    def lay_out(
        self,
        snapshots: Snapshots,
        n_components: int,
        random_state: int,
        report: Progress,
        begun: Sequence[Map] = (),
    ) -> list[Map]:
        """Coordinates of each snapshot, rows in ascending order of id; see `Warm.lay_out`."""
        frames: dict[int, Map] = dict(enumerate(begun))
        last = _last_of(snapshots, list(begun))
        for done, number in enumerate(_in_time(len(snapshots), self.reverse)):
            if number in frames:
                continue
            report(done, len(snapshots), "mapping each snapshot")
            ids, X = in_order(snapshots, number)
            settings = {"perplexity": self.perplexity, "metric": self.metric, "n_jobs": self.n_jobs}
            shared = positions(ids, last[0]) if last is not None else np.full(len(ids), -1)
            if last is None or not (shared >= 0).any():
                settings["init"] = self.init
                Y = _alone("tsne", settings, X, n_components, random_state)
            else:
                start = starting(X, shared, last[1], 1)
                settings |= {"init": start, "early_exaggeration_iter": 0, "n_iter": self.n_iter}
                Y = start + self.update * (
                    _alone("tsne", settings, X, n_components, random_state) - start
                )
            frames[number] = Y = as_kept(Y)
            if len(ids):
                last = (ids, Y)
        return [frames[number] for number in range(len(snapshots))]


@dataclass(frozen=True)
class OnlineUMAP:
    """UMAP fitted to the past only, again for each frame, and turned to fit the frame before.

    Parameters
    ----------
    basis : {"all", "all_n", "last_n", "max_n"}
        Snapshots so far that each fit sees: all; every `n`-th; the last `n`; or `n` of them,
        evenly spaced. The newest is always among them.
    n : int
        See `basis`.
    reverse : bool
        Begin with the last snapshot: "past" is then what comes later.
    n_neighbors : int
        Neighbours of each row.
    min_dist : float
        Least distance in the map.
    metric : str
        Distance between rows.
    n_jobs : int or None
        Threads; None uses every core.
    """

    basis: str = "all_n"
    n: int = 5
    reverse: bool = False
    n_neighbors: int = 15
    min_dist: float = 0.1
    metric: str = "euclidean"
    n_jobs: int | None = None

    name = "online_umap"

    def __post_init__(self) -> None:
        checked("basis", self.basis, among=("all", "all_n", "last_n", "max_n"))
        checked("n", self.n, least=1, whole=True)
        checked("n_neighbors", self.n_neighbors, least=2, whole=True)
        checked("min_dist", self.min_dist, least=0.0)

    @property
    def parameters(self) -> dict[str, Any]:
        """What makes the result; threads do not."""
        return {name: value for name, value in asdict(self).items() if name != "n_jobs"}

    def seen(self, number: int) -> list[int]:
        """Snapshots that the fit of one sees, counted in the order gone through."""
        past = list(range(number + 1))
        if self.basis == "all_n":
            past = past[:: -self.n][::-1]
        elif self.basis == "last_n":
            past = past[-self.n :]
        elif self.basis == "max_n" and len(past) > self.n:
            spaced = np.linspace(0, number, self.n).round().astype(int)
            past = sorted({*spaced.tolist()[1:], number, *([0] if self.n > 1 else [])})
        return past

    @property
    def causal(self) -> bool:
        """Whether frames depend on earlier ones only."""
        return not self.reverse

    extendable = causal

    def lay_out(
        self,
        snapshots: Snapshots,
        n_components: int,
        random_state: int,
        report: Progress,
        begun: Sequence[Map] = (),
    ) -> list[Map]:
        """Coordinates of each snapshot, rows in ascending order of id; see `Warm.lay_out`."""
        order = _in_time(len(snapshots), self.reverse)
        settings = {
            "n_neighbors": self.n_neighbors,
            "min_dist": self.min_dist,
            "metric": self.metric,
            "n_jobs": self.n_jobs,
        }
        frames: dict[int, Map] = dict(enumerate(begun))
        last = _last_of(snapshots, list(begun))
        for done, number in enumerate(order):
            if number in frames:
                continue
            report(done, len(snapshots), "fitting to the past")
            ids, X = in_order(snapshots, number)
            earlier = [in_order(snapshots, order[k])[1] for k in self.seen(done)[:-1]]
            rows = np.concatenate([*(part for part in earlier if part.shape[1] == X.shape[1]), X])
            # The newest rows stand last, and have places of their own in the fit.
            Y = _alone("umap", settings, rows, n_components, random_state)[len(rows) - len(X) :]
            Y = as_kept(turned(ids, Y, last))
            if len(ids):
                last = (ids, Y)
            frames[number] = Y
        return [frames[number] for number in range(len(snapshots))]


def turned(
    ids: NDArray[Any],
    Y: Map,
    last: tuple[NDArray[Any], Map] | None,
    *,
    scale: bool = False,
) -> Map:
    """Rotate, mirror and shift a map onto the one before, by the points that both have."""
    if last is None or len(ids) == 0:
        return Y
    shared = positions(ids, last[0])
    here = np.flatnonzero(shared >= 0)
    if len(here) == 0:
        return Y
    return procrustes(Y[here], last[1][shared[here]], scale=scale).apply(Y)


def _last_of(snapshots: Snapshots, frames: Sequence[Map]) -> tuple[NDArray[Any], Map] | None:
    """Ids and places of the last map that has any."""
    for number in reversed(range(len(frames))):
        if len(frames[number]):
            return in_order(snapshots, number)[0], frames[number]
    return None


def _in_time(n: int, reverse: bool) -> list[int]:
    return list(reversed(range(n))) if reverse else list(range(n))


def _alone(
    name: str, settings: Mapping[str, Any], X: NDArray[Any], n_components: int, seed: int
) -> Map:
    """Map of some rows by a method, or their principal axes where these are exact."""
    from ._registry import made

    if len(X) == 0:
        return np.empty((0, n_components))
    if name == "pca" or needs_no_method(X):
        return AffineMap.from_axes(principal_axes(X, n_components), n_components)(X)
    with warnings.catch_warnings():
        # Once for every snapshot would be too often.
        warnings.simplefilter("ignore", DriftglassWarning)
        rows = X if X.dtype in (np.float32, np.float64) else X.astype(np.float32)
        return np.asarray(
            made(name, settings, n_components, seed).fit_transform(rows), dtype=np.float64
        )
