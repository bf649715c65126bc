"""The canonical order of a run's rows, in which every prefix is a fair sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["canonical_order", "order_hash"]

GOLDEN = (np.sqrt(5) - 1) / 2


def canonical_order(
    n_samples: int, groups: NDArray[np.integer[Any]] | None = None, *, seed: int = 0
) -> NDArray[np.int64]:
    """Order rows so that every prefix is a stratified sample of all.

    Drawing the first m rows then shows a fair picture of any snapshot, in 2D and in 3D,
    because the order depends on the groups and on nothing that moves.

    Two sequences are merged. In the *proportional* one each group is spread evenly, so that a
    prefix holds each within a row or two of its share. The other one brings one row of every
    group, smallest groups first. They take turns until every group has its row, so with
    n_groups groups the first ``2 * n_groups`` rows show them all, and no prefix gives more than
    every second row to that.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    groups : ndarray of shape (n_samples,), optional
        Group of each row; -1 (missing) is a group like the others. Without groups the order is
        a plain shuffle.
    seed : int
        The same seed and groups give the same order.

    Returns
    -------
    order : ndarray of shape (n_samples,), dtype int64
        ``order[i]`` is the row that comes i-th.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(n_samples).astype(np.int64)
    if groups is None or n_samples == 0:
        return shuffled
    _, codes, sizes = np.unique(groups[shuffled], return_inverse=True, return_counts=True)
    if len(sizes) == 1:
        return shuffled
    by_group = np.argsort(codes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(n_samples, dtype=np.int64)
    rank[by_group] = np.arange(n_samples) - np.repeat(starts, sizes)

    seats = by_group[starts[np.argsort(sizes, kind="stable")]]
    rest = np.flatnonzero(rank > 0)
    # A group of k rows takes the places (j + phase) / k of the unit interval. Were all phases
    # equal, the rows of all singletons would come in one burst; multiples of the golden ratio
    # spread them.
    phase = np.mod(0.5 + GOLDEN * np.arange(len(sizes)), 1.0)
    phase_of = np.empty(len(sizes))
    phase_of[np.argsort(sizes, kind="stable")] = phase
    key = (rank[rest] - 1 + phase_of[codes[rest]]) / (sizes[codes[rest]] - 1)
    proportional = rest[np.argsort(key, kind="stable")]
    return shuffled[_take_turns(seats, proportional)]


def _take_turns(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    pairs = min(len(first), len(second))
    turns = np.empty(2 * pairs, dtype=np.int64)
    turns[0::2] = first[:pairs]
    turns[1::2] = second[:pairs]
    return np.concatenate([turns, first[pairs:], second[pairs:]])


def order_hash(ids: NDArray[Any], order: NDArray[np.int64]) -> str:
    """Hash of which item stands in which row: 32 hexadecimal digits."""
    import xxhash

    digest = xxhash.xxh3_128()
    digest.update(ids.dtype.str.encode())
    digest.update(np.ascontiguousarray(ids).view(np.uint8).data if len(ids) else b"")
    digest.update(np.ascontiguousarray(order).data)
    return digest.hexdigest()
