"""Whether other settings and seeds draw the same picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from .._progress import Progress, silent
from ..errors import InvalidInputError, ShapeError
from ..neighbors import nearest_neighbors

__all__ = ["Multiverse", "Stability", "multiverse", "stability"]

NEIGHBORS = 30
STABLE, DISSOLVED = 0.75, 0.5
"""Hennig's reading of a cluster's mean best overlap."""


@dataclass(frozen=True, eq=False)
class Multiverse:
    """Maps of the same rows under several settings.

    Parameters
    ----------
    settings : tuple of mapping
        What each map was made with; ``random_state`` among them.
    maps : tuple of ndarray of shape (n_samples, n_components)
        The maps.
    """

    settings: tuple[Mapping[str, Any], ...]
    maps: tuple[NDArray[Any], ...]


@dataclass(frozen=True, eq=False)
class Stability:
    """How far maps agree on who is near whom.

    Parameters
    ----------
    points : ndarray of shape (n_samples,)
        Mean overlap (Jaccard) of a point's neighbours over pairs of maps, chance taken away: 1 if
        all maps agree, about 0 if they agree as unrelated maps do.
    between : ndarray of shape (n_maps, n_maps)
        The same between two maps, mean over points; 1 on the diagonal.
    groups : mapping of str to float
        Mean best overlap of each group of the first map with a cluster of the others.
    together : mapping of str to (int, int)
        In how many of how many other maps a group stays together (overlap of a half or more).
    seed_spread, setting_spread : float
        1 - agreement between maps that differ in seed alone, and in settings; nan if none do.
    n_neighbors : int
        Size of a neighbourhood.
    """

    points: NDArray[np.float64]
    between: NDArray[np.float64]
    groups: Mapping[str, float]
    together: Mapping[str, tuple[int, int]]
    seed_spread: float
    setting_spread: float
    n_neighbors: int

    def reading(self, group: str) -> str:
        """Whether a group is "stable", "uncertain" or "dissolved"."""
        overlap = self.groups[group]
        if overlap >= STABLE:
            return "stable"
        return "dissolved" if overlap < DISSOLVED else "uncertain"


def multiverse(
    X: Any,
    make: Callable[..., Any],
    grid: Mapping[str, Sequence[Any]],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    progress: Progress = silent,
) -> Multiverse:
    """Make a map for every combination of settings and seed.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    make : callable
        Estimator with ``fit_transform``, from the settings of the grid and ``random_state``:
        ``UMAP``, or ``lambda **settings: TSNE(**settings)``.
    grid : mapping of str to sequence
        Values of each parameter, for example ``{"n_neighbors": [10, 30, 100]}``.
    seeds : sequence of int
        Seeds for every combination.
    progress : callable
        Hears ``(done, total, text)``.

    Returns
    -------
    maps : Multiverse
        In the order of the grid, seeds running fastest.
    """
    vectors = as_vectors(X, name="X")
    combinations = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    settings = [chosen | {"random_state": seed} for chosen, seed in product(combinations, seeds)]
    if not settings:
        raise InvalidInputError("grid and seeds give no setting; one value of each is needed.")
    maps = []
    for number, chosen in enumerate(settings):
        said = ", ".join(f"{name} {value}" for name, value in chosen.items())
        progress(number, len(settings), f"map with {said}")
        maps.append(np.asarray(make(**chosen).fit_transform(vectors)))
    progress(len(settings), len(settings), "maps made")
    return Multiverse(tuple(settings), tuple(maps))


def stability(
    maps: Multiverse | Sequence[Any],
    *,
    labels: Any = None,
    n_neighbors: int = NEIGHBORS,
    max_rows: int = 2000,
    random_state: int = 0,
) -> Stability:
    """How far maps of the same rows agree, for points and for groups.

    Parameters
    ----------
    maps : Multiverse or sequence of array-like of shape (n_samples, n_components)
        Two maps at least; groups are those of the first.
    labels : array-like of shape (n_samples,), optional
        Groups to follow; -1 and None belong to none. Clusters of the first map by default.
    n_neighbors : int
        Size of a neighbourhood in the maps; lowered to a fifth of the rows.
    max_rows : int
        Groups are matched on at most so many rows.
    random_state : int
        Seed of their draw.

    Returns
    -------
    stability : Stability
        Of points, of groups, and between maps.

    References
    ----------
    .. [1] Hennig (2007). Cluster-wise assessment of cluster stability. Computational Statistics
       and Data Analysis 52.
    """
    placed = list(maps.maps) if isinstance(maps, Multiverse) else [np.asarray(Y) for Y in maps]
    if len(placed) < 2:
        raise InvalidInputError(f"{len(placed)} maps were given; two are needed to agree.")
    n = len(placed[0])
    for number, Y in enumerate(placed):
        if len(Y) != n:
            raise ShapeError(f"Map {number} has {len(Y):,} rows and map 0 has {n:,}.")
    k = max(1, min(n_neighbors, n // 5))
    near = [np.sort(nearest_neighbors(Y, k).indices, axis=1) for Y in placed]
    chance = k / (2 * (n - 1) - k)  # expected overlap of two random sets of k, nearly
    between = np.eye(len(placed))
    points = np.zeros(n)
    n_pairs = 0
    for i in range(len(placed)):
        for j in range(i):
            overlap = (_jaccard(near[i], near[j]) - chance) / (1 - chance)
            between[i, j] = between[j, i] = overlap.mean()
            points += overlap
            n_pairs += 1
    groups, together = _groups(placed, labels, max_rows, random_state)
    seeds, others = _spreads(maps, between)
    return Stability(points / n_pairs, between, groups, together, seeds, others, k)


def _jaccard(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.float64]:
    """Overlap of rows of sorted neighbours, shape (n_samples,)."""
    both = np.sort(np.concatenate([a, b], axis=1), axis=1)
    shared = (both[:, 1:] == both[:, :-1]).sum(axis=1)
    return np.asarray(shared / (2 * a.shape[1] - shared), dtype=np.float64)


def _spreads(maps: Multiverse | Sequence[Any], between: NDArray[np.float64]) -> tuple[float, float]:
    if not isinstance(maps, Multiverse):
        return float("nan"), float("nan")
    plain = [
        tuple((name, value) for name, value in chosen.items() if name != "random_state")
        for chosen in maps.settings
    ]
    seeds: list[float] = []
    others: list[float] = []
    for i in range(len(plain)):
        for j in range(i):
            (seeds if plain[i] == plain[j] else others).append(1.0 - float(between[i, j]))
    mean = [float(np.mean(found)) if found else float("nan") for found in (seeds, others)]
    return mean[0], mean[1]


def clusters(Y: NDArray[Any]) -> NDArray[np.int64]:
    """Clusters of a map by density; -1 belongs to none."""
    from sklearn.cluster import HDBSCAN

    size = max(5, len(Y) // 50)
    found = HDBSCAN(min_cluster_size=size, min_samples=5, copy=True).fit_predict(Y)
    return np.asarray(found, dtype=np.int64)


def _groups(
    placed: list[NDArray[Any]], labels: Any, max_rows: int, random_state: int
) -> tuple[dict[str, float], dict[str, tuple[int, int]]]:
    """Best overlap of each group with a cluster of every other map."""
    n = len(placed[0])
    rows = np.arange(n)
    if n > max_rows:
        rng = np.random.default_rng([random_state, 4])
        rows = np.sort(rng.choice(n, max_rows, replace=False))
    if labels is None:
        of_first = clusters(placed[0][rows])
    else:
        given = np.asarray(labels, dtype=object)[rows]
        known = np.array([value is not None and value != -1 for value in given], dtype=bool)
        of_first = np.full(len(rows), -1, dtype=object)
        of_first[known] = given[known]
    names = sorted({value for value in of_first.tolist() if value != -1}, key=str)
    overlaps: dict[str, list[float]] = {str(name): [] for name in names}
    for Y in placed[1:]:
        found = clusters(Y[rows])
        for name in names:
            mine = of_first == name
            sizes = [(mine & (found == other)).sum() for other in range(found.max() + 1)]
            unions = [(mine | (found == other)).sum() for other in range(found.max() + 1)]
            best = max((s / u for s, u in zip(sizes, unions, strict=True)), default=0.0)
            overlaps[str(name)].append(float(best))
    means = {name: float(np.mean(found)) for name, found in overlaps.items()}
    counts = {
        name: (sum(overlap >= DISSOLVED for overlap in found), len(found))
        for name, found in overlaps.items()
    }
    return means, counts
