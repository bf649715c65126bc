"""Multislice PHATE: one walk by chance over all points at all times."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress
from ..parallel import effective_n_jobs
from ._diffusion import (
    alpha_decay_kernel,
    diffusion,
    potential,
    potential_distances,
)
from ._diffusion_time import knee, von_neumann_entropy
from ._fitting import needs_no_method
from ._moments import principal_axes
from ._sequence_checks import checked
from ._snapshots import Snapshots
from ._stress import classical_scaling, least_stress
from ._surroundings import in_order

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["MPHATE", "multislice_kernel"]

N_PCA = 100


@dataclass(frozen=True)
class MPHATE:
    """PHATE of points at times, linked to their neighbours then and to themselves at other times.

    Parameters
    ----------
    intraslice_knn : int
        The unit of distance within a snapshot is that to this neighbour.
    interslice_knn : int
        The unit of distance of a point to itself is that to this many times; at most those there
        are, so that any number of snapshots will do.
    decay : float
        How sharply affinity within a snapshot falls about the unit.
    t : int or "auto"
        Steps of the walk; "auto" is the knee of the von Neumann entropy.
    gamma : float
        From -1 to 1, the power by which chances become a potential: 1 is their logarithm.
    n_landmark : int
        Groups that stand for points and times where there are more of them. With half of the
        published 4000 it takes a quarter of the time and keeps less: F 0.26 instead of 0.32 for
        1,000 points at 30 times.
    normalize : bool
        Whether each vector is brought to mean 0 and deviation 1 over its features.
    n_jobs : int or None
        Threads; None uses every core.

    References
    ----------
    .. [1] Gigante et al. (2019). Visualizing the PHATE of neural networks. NeurIPS.
    """

    intraslice_knn: int = 2
    interslice_knn: int = 25
    decay: float = 5.0
    t: int | str = "auto"
    gamma: float = 0.0
    n_landmark: int = 4000
    normalize: bool = True
    n_jobs: int | None = None

    name = "mphate"

    def __post_init__(self) -> None:
        checked("intraslice_knn", self.intraslice_knn, least=1, whole=True)
        checked("interslice_knn", self.interslice_knn, least=1, whole=True)
        checked("decay", self.decay, least=1e-3)
        if self.t != "auto":
            checked("t", self.t, least=1, whole=True)
        checked("gamma", self.gamma, least=-1.0, most=1.0)
        checked("n_landmark", self.n_landmark, least=3, whole=True)

    @property
    def parameters(self) -> dict[str, Any]:
        """What makes the result; threads do not."""
        return {name: value for name, value in asdict(self).items() if name != "n_jobs"}

    def lay_out(
        self, snapshots: Snapshots, n_components: int, random_state: int, report: Progress
    ) -> list[NDArray[np.float64]]:
        """Coordinates of each snapshot, rows in ascending order of id; see `Refine.lay_out`."""
        ids, parts = [], []
        for number in range(len(snapshots)):
            report(number, len(snapshots), "reading")
            names, X = in_order(snapshots, number)
            ids.append(names)
            parts.append(self._normalized(X.astype(np.float64)) if len(X) else X)
        rows = [part for part in parts if len(part)]
        if not rows:
            return [np.empty((0, n_components)) for _ in parts]
        parts = _reduced(parts, np.concatenate(rows))
        everything = np.concatenate([part for part in parts if len(part)])
        if needs_no_method(everything):
            return _split(principal_places(everything, n_components), parts, n_components)
        report(0, 1, "linking")
        kernel = multislice_kernel(
            ids, parts, self.intraslice_knn, self.interslice_knn, self.decay, n_jobs=self.n_jobs
        )
        rng = np.random.default_rng(random_state)
        report(0, 1, "walking")
        walk = diffusion(kernel, n_landmarks=self.n_landmark, rng=rng)
        steps = self.t
        if isinstance(steps, str):
            steps = knee(von_neumann_entropy(walk))
        distances = potential_distances(potential(walk.operator, int(steps), self.gamma))
        widest = float(distances.max()) or 1.0
        distances /= widest
        start = classical_scaling(distances, n_components).coordinates
        report(0, 1, "scaling")
        scaled = least_stress(
            distances.astype(np.float32), start, n_threads=effective_n_jobs(self.n_jobs)
        )
        Y = walk.interpolated(scaled.coordinates * np.float32(widest))
        report(1, 1, "scaling")
        return _split(Y, parts, n_components)

    def _normalized(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.normalize or X.shape[1] < 2:
            return X
        X = X - X.mean(axis=1, keepdims=True)
        deviation = X.std(axis=1, keepdims=True)
        scaled: NDArray[np.float64] = np.divide(
            X, deviation, out=np.zeros_like(X), where=deviation > 0
        )
        return scaled


def multislice_kernel(
    ids: list[NDArray[Any]],
    parts: list[NDArray[np.float64]],
    intraslice_knn: int,
    interslice_knn: int,
    decay: float,
    *,
    n_jobs: int | None = None,
) -> csr_array[Any]:
    """Affinities of all points at all times.

    Parameters
    ----------
    ids : list of ndarray
        Ids of each snapshot's rows.
    parts : list of ndarray of shape (n_t, n_features)
        Their vectors.
    intraslice_knn, interslice_knn, decay
        As in `MPHATE`.
    n_jobs : int or None
        Threads.

    Returns
    -------
    kernel : csr_array of shape (n, n)
        n is the sum of all n_t. Symmetric; within a snapshot as `alpha_decay_kernel`, between two
        times of one point Gaussian, with one unit for all points; ones on the diagonal.
    """
    from scipy.sparse import block_diag, coo_array

    blocks = []
    for X in parts:
        if len(X) == 0:
            continue
        if len(X) == 1:
            blocks.append(coo_array(np.ones((1, 1))))
            continue
        knn = min(intraslice_knn, len(X) - 1)
        blocks.append(alpha_decay_kernel(X, knn, decay, n_jobs=n_jobs))
    within = block_diag(blocks, format="csr")
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    moments: dict[Any, list[int]] = {}
    for t, names in enumerate(ids):
        for row, name in enumerate(names.tolist()):
            moments.setdefault(name, []).append(int(offsets[t]) + row)
    vectors = np.concatenate([part for part in parts if len(part)])
    groups = [np.array(rows) for rows in moments.values() if len(rows) > 1]
    if not groups:
        return within
    unit = float(np.mean([_unit(vectors[rows], interslice_knn) for rows in groups]))
    unit = max(unit, float(np.finfo(np.float64).eps))
    heads, tails, values = [], [], []
    for rows in groups:
        distances = _distances(vectors[rows])
        affinity = np.exp(-np.square(distances / unit))
        one, other = np.nonzero((affinity > 1e-10) & ~np.eye(len(rows), dtype=bool))
        heads.append(rows[one])
        tails.append(rows[other])
        values.append(affinity[one, other])
    between = coo_array(
        (np.concatenate(values), (np.concatenate(heads), np.concatenate(tails))),
        shape=within.shape,
    )
    kernel = (within + between).tocsr()
    kernel.sort_indices()
    return kernel


def _unit(X: NDArray[np.float64], knn: int) -> float:
    """Median over times of the distance to the `knn`-th nearest other time."""
    nearest = np.sort(_distances(X), axis=1)
    return float(np.median(nearest[:, min(knn, len(X) - 1)]))


def _distances(X: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial.distance import cdist

    distances: NDArray[np.float64] = cdist(X, X)
    return distances


def _reduced(
    parts: list[NDArray[np.float64]], everything: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    if everything.shape[1] <= N_PCA:
        return parts
    axes = principal_axes(everything, N_PCA)
    return [(part - axes.mean) @ axes.components.T if len(part) else part for part in parts]


def principal_places(X: NDArray[np.float64], n_components: int) -> NDArray[np.float64]:
    """Coordinates on principal axes, for too few rows to walk among."""
    from ._affine import AffineMap

    return AffineMap.from_axes(principal_axes(X, n_components), n_components)(X)


def _split(
    Y: NDArray[np.float64], parts: list[NDArray[np.float64]], n_components: int
) -> list[NDArray[np.float64]]:
    places, done = [], 0
    for part in parts:
        places.append(Y[done : done + len(part)] if len(part) else np.empty((0, n_components)))
        done += len(part)
    return places
