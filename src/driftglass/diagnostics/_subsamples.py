"""Whether a picture depends on which rows, or on which value of a parameter, were taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from .._progress import Progress, silent
from ..data import Table
from ..errors import InvalidInputError
from ..neighbors import nearest_neighbors
from ._faithfulness import faithfulness
from ._map_distances import distance_scores
from ._quality import quality
from ._stability import overlap_of_neighbors

__all__ = ["subsample_stability", "trade_off"]

N_ANCHORS = 1_000


def subsample_stability(
    X: Any,
    make: Callable[[], Any],
    *,
    share: float = 0.8,
    n_maps: int = 5,
    n_neighbors: int = 30,
    random_state: int = 0,
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """How far maps of random parts of the rows agree on who is near whom.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    make : callable
        Estimator with ``fit_transform``, made anew for each part.
    share : float
        Share of the rows in a part, 0.2 to 0.95.
    n_maps : int
        Parts to draw, two at least.
    n_neighbors : int
        Size of a neighbourhood; lowered to a fifth of the rows two parts share.
    random_state : int
        Seed of the parts.
    progress : callable
        Hears ``(done, total, text)``.

    Returns
    -------
    points : ndarray of shape (n_samples,)
        Mean overlap (Jaccard) of a point's neighbours among the rows that two parts share, chance
        taken away; nan for a point that no two parts share.
    """
    vectors = as_vectors(X, name="X")
    n = len(vectors)
    if not 0.2 <= share <= 0.95:
        raise InvalidInputError(f"share is {share}; 0.2 to 0.95 is needed.")
    if n_maps < 2:
        raise InvalidInputError(f"n_maps is {n_maps}; two are needed to agree.")
    rng = np.random.default_rng([random_state, 7])
    parts, maps = [], []
    for number in range(n_maps):
        progress(number, n_maps, "map of a part of the rows")
        rows = np.sort(rng.choice(n, max(2, round(share * n)), replace=False))
        parts.append(rows)
        maps.append(np.asarray(make().fit_transform(vectors[rows])))
    total, seen = np.zeros(n), np.zeros(n)
    for i in range(n_maps):
        for j in range(i):
            common, in_first, in_second = np.intersect1d(
                parts[i], parts[j], assume_unique=True, return_indices=True
            )
            k = max(1, min(n_neighbors, len(common) // 5))
            if len(common) < 3:
                continue
            near = [
                nearest_neighbors(Y[at], k).indices
                for Y, at in ((maps[i], in_first), (maps[j], in_second))
            ]
            total[common] += overlap_of_neighbors(near[0], near[1], len(common))
            seen[common] += 1
    progress(n_maps, n_maps, "maps made")
    return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)


def trade_off(
    X: Any,
    make: Callable[..., Any],
    parameter: str,
    values: Sequence[float],
    *,
    n_anchors: int = N_ANCHORS,
    random_state: int = 0,
    progress: Progress = silent,
) -> Table:
    """What a parameter trades: near against far, as a table with one row per value.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    make : callable
        Estimator with ``fit_transform``, from the parameter and ``random_state``: ``TSNE``.
    parameter : str
        Its name, such as "perplexity".
    values : sequence of float
        Values to try; each costs a map.
    n_anchors : int
        Rows that are looked at, each against all rows.
    random_state : int
        Seed of the maps and of the draws.
    progress : callable
        Hears ``(done, total, text)``.

    Returns
    -------
    table : Table
        Columns: the parameter, trustworthiness, continuity, F, "kept of 5" and "kept of a third"
        (R at the smallest and at the largest neighbourhood), and Spearman of distances.
    """
    vectors = as_vectors(X, name="X")
    if not len(values):
        raise InvalidInputError("values is empty; at least one value of the parameter is needed.")
    rows = []
    for number, value in enumerate(values):
        progress(number, len(values), f"map with {parameter} {value}")
        made = make(**{parameter: value}, random_state=random_state)
        Y = np.asarray(made.fit_transform(vectors))
        drawn = {"n_anchors": n_anchors, "random_state": random_state}
        known = quality(vectors, Y, **drawn)
        if known is None:
            raise InvalidInputError("There is nothing to judge: the vectors are all equal.")
        found = faithfulness(vectors, Y, **drawn)
        far = distance_scores(vectors, Y, n_pairs=200_000, random_state=random_state)
        scores = (known.trustworthiness, known.continuity, found.value)
        rows.append((value, *scores, float(found.curve[0]), float(found.curve[-1]), far.spearman))
    progress(len(values), len(values), "maps made")
    columns = ("trustworthiness", "continuity", "F", "kept of 5", "kept of a third", "Spearman")
    return Table((parameter, *columns), tuple(rows), f"n = {len(vectors):,}; seed {random_state}.")
