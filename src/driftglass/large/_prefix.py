"""An order of all rows in which every prefix is a fair sample, made partition by partition.

Each row gets a key in [0, 1) from its own partition alone: rows of a group are put in an order
drawn by chance and spread evenly over the interval. So the rows with keys below f are f of every
group of every partition, to within one row, and no row moves when partitions are added.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["drawn", "hashed", "prefix_keys", "seats"]

MOST_SEATS = 10_000
"""Groups that are shown from the first rows on; with more of them that would be no sample."""


def hashed(rows: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) that look drawn by chance and depend on the row and the seed alone.

    The finishing step of SplitMix64 (Steele, Lea and Flood 2014).
    """
    with np.errstate(over="ignore"):
        z = rows.astype(np.uint64) + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def prefix_keys(
    rows: NDArray[np.int64], codes: NDArray[np.int32] | None, seed: int
) -> NDArray[np.float64]:
    """Key of each row of a partition.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Numbers of the rows among all rows.
    codes : ndarray of shape (n,), optional
        Group of each row.
    seed : int
        Of the order.

    Returns
    -------
    keys : ndarray of shape (n,)
        In [0, 1).
    """
    n = len(rows)
    if n == 0:
        return np.empty(0)
    chance = hashed(rows, seed)
    groups = np.zeros(n, dtype=np.int32) if codes is None else codes
    order = np.lexsort((chance, groups))
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    sizes = np.diff(np.r_[starts, n])
    # Where in its first gap each group begins, so that groups of one row do not come together.
    phase = hashed(rows[order[starts]], seed + 1)
    keys = np.empty(n)
    rank = np.arange(n) - np.repeat(starts, sizes)
    keys[order] = (rank + np.repeat(phase, sizes)) / np.repeat(sizes, sizes)
    return keys


def seats(counts: Mapping[str, int], first_rows: Mapping[str, int]) -> dict[int, float]:
    """Keys below 0 for the first row of every group, the smallest groups first."""
    if len(counts) > MOST_SEATS:
        return {}
    order = sorted(counts, key=lambda name: (counts[name], name))
    return {first_rows[name]: float(place - len(order)) for place, name in enumerate(order)}


def drawn(rows: NDArray[np.int64], n_wanted: int, n_samples: int, seed: int) -> NDArray[np.bool_]:
    """Which rows are in a plain random sample of about `n_wanted` of `n_samples`."""
    result: NDArray[np.bool_] = hashed(rows, seed) < n_wanted / max(1, n_samples)
    return result
