"""How far a map of many rows can be trusted: some rows, ranked against all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Quality
from ..diagnostics._neighborhoods import from_ranks, neighbors_that_fit
from ._moments import Totals
from ._partition import Partition, read_block
from ._search import Counting, Questions, limits_of, merged, near, unit_of, vectors_of
from ._work import Arrays, Late, Work

__all__ = ["trust_of"]

N_NEIGHBORS = 15


def trust_of(
    used: Sequence[Partition],
    placed: Sequence[Late],
    totals: Totals,
    anchors: tuple[NDArray[np.int64], NDArray[Any]],
    work: Work,
    *,
    stage: str = "trust",
    seed: int = 0,
) -> Quality | None:
    """Trustworthiness, continuity and what chance gives, from anchor rows against all rows.

    Parameters
    ----------
    used : sequence of Partition
        Partitions that were placed.
    placed : sequence of Late
        Rows and places of each.
    totals : Totals
        Sums over all rows.
    anchors : (ndarray of shape (n_anchors,), ndarray of shape (n_anchors, n_features))
        Rows to look at, ascending, and their vectors.
    work : Work
        Where to work.
    stage : str
        Name that the kept results begin with.
    seed : int
        Of the rows that stand for neighbours in a shuffled map.

    Returns
    -------
    quality : Quality or None
        None for fewer than three rows, for rows that are all equal, or without anchors. Anchors
        are ranked exactly; counts are whole numbers, so every executor gives the same.
    """
    width, n = len(totals.moments.mean), totals.n_samples
    k = neighbors_that_fit(N_NEIGHBORS, n)
    rows, Q = anchors
    if k == 0 or len(rows) == 0 or not np.trace(totals.moments.scatter) > 0:
        return None
    places = _Places(used, placed)
    P = places(rows)
    by = Questions(Q, P, rows, k)
    items = [(part, width, late) for part, late in zip(used, placed, strict=True)]
    work.run(f"{stage}-near", near, items, shared=by, what="finding neighbours of anchors")
    found = [arrays for _, arrays in work.results(f"{stage}-near", len(items))]
    in_data, _ = merged(found, "data", k)
    in_map, _ = merged(found, "map", k)
    by_chance = _strangers(rows, k, places, seed)
    asked = np.hstack([in_map, by_chance])
    vectors = vectors_of(used, width, np.unique(asked), work, f"{stage}-fetch")
    data = _counting(Q, vectors(asked), rows, totals.moments.mean, unit_of(totals))
    middle = P.mean(axis=0, dtype=np.float64)
    spread = float(np.abs(P - middle).max(initial=0.0))
    unit = float(2.0 ** -np.ceil(np.log2(spread))) if spread > 0 else 1.0
    map_ = _counting(P, places(in_data), rows, middle, unit)
    work.run(f"{stage}-count", _counted, items, shared=(data, map_), what="ranking neighbours")
    ranks_data = np.ones(data.limits.shape, dtype=np.int32)
    ranks_map = np.ones(map_.limits.shape, dtype=np.int32)
    for _, arrays in work.results(f"{stage}-count", len(items)):
        ranks_data += arrays["data"]
        ranks_map += arrays["map"]
    trust = from_ranks(ranks_data[:, :k], k, n)
    return Quality(
        trustworthiness=float(trust.mean()),
        continuity=float(from_ranks(ranks_map, k, n).mean()),
        null=float(from_ranks(ranks_data[:, k:], k, n).mean()),
        n_neighbors=k,
        n_anchors=len(rows),
        ids=rows,
        point_trust=trust.astype(np.float32),
    )


def _counting(
    Q: NDArray[Any],
    near_by: NDArray[Any],
    rows: NDArray[np.int64],
    mean: NDArray[np.float64],
    scale: float,
) -> Counting:
    centred = (Q.astype(np.float64) - mean) * scale
    own, limits = limits_of(centred, (near_by.astype(np.float64) - mean) * scale)
    return Counting(centred, own, limits, rows, mean, scale)


def _counted(item: tuple[Partition, int, Late], by: tuple[Counting, Counting]) -> Arrays:
    part, width, late = item
    block = read_block(part, width)
    held = late.load()
    return {"data": by[0].of(block.X, block.rows), "map": by[1].of(held["Y"], held["rows"])}


class _Places:
    """Places of single rows, read from what was kept of each partition."""

    def __init__(self, used: Sequence[Partition], placed: Sequence[Late]) -> None:
        self._placed = placed
        self._firsts = np.array([part.first for part in used])
        self.sizes = np.array([len(late.load()["rows"]) for late in placed])

    def __call__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        flat = rows.ravel()
        of = np.searchsorted(self._firsts, flat, side="right") - 1
        result: NDArray[np.float32] | None = None
        for number in np.unique(of):
            held = self._placed[number].load()
            here = of == number
            if result is None:
                result = np.empty((len(flat), held["Y"].shape[1]), dtype=np.float32)
            result[here] = held["Y"][np.searchsorted(held["rows"], flat[here])]
        assert result is not None
        return result.reshape(*rows.shape, -1)

    def nth(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows by their position among those placed."""
        ends = np.cumsum(self.sizes)
        of = np.searchsorted(ends, numbers, side="right")
        rows = np.empty_like(numbers)
        for number in np.unique(of):
            here = of == number
            start = ends[number] - self.sizes[number]
            rows[here] = self._placed[number].load()["rows"][numbers[here] - start]
        return rows


def _strangers(rows: NDArray[np.int64], k: int, places: _Places, seed: int) -> NDArray[np.int64]:
    """For each anchor, k other rows drawn by chance, as a shuffled map would bring."""
    rng = np.random.default_rng([seed, 1])
    n = int(places.sizes.sum())
    chosen = np.stack([rng.choice(n, k + 1, replace=False, shuffle=False) for _ in rows])
    found = places.nth(chosen.ravel()).reshape(chosen.shape)
    own = found == rows[:, None]
    # The anchor itself, where it was drawn, gives way to the one more that was.
    order = np.argsort(own, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)[:, :k]
