"""Some of many rows: in proportion to groups, or so that sums over them stand for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ..parallel import opened
from ._moments import Totals, totals_of
from ._open import open_partitions
from ._partition import Block, Partition, Partitions, read_block
from ._prefix import drawn, hashed, prefix_keys, seats
from ._work import Arrays, Work

__all__ = ["ANCHOR_SEED", "Drawing", "LargeSample", "draw", "label_codes", "sample"]

ANCHOR_SEED, CORESET_SEED = 101, 202
"""Added to the seed, so that anchors are drawn apart from the order."""


@dataclass(frozen=True, eq=False)
class LargeSample:
    """Rows drawn from partitions.

    Parameters
    ----------
    X : ndarray of shape (n_drawn, n_features)
        Their vectors.
    rows : ndarray of shape (n_drawn,), dtype int64
        Their numbers among all rows, ascending.
    weights : ndarray of shape (n_drawn,)
        How many rows each stands for.
    n_samples : int
        Rows that were drawn from.
    """

    X: NDArray[Any]
    rows: NDArray[np.int64]
    weights: NDArray[np.float64]
    n_samples: int


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a worker must know to draw from a partition.

    Parameters
    ----------
    n_features : int
        Columns of a row.
    n_samples, n_wanted, n_anchors : int
        Rows in all, and about how many to draw for the sample and as anchors.
    categories : tuple of str
        Names of the groups; empty where there are none.
    seats : mapping of int to float
        Keys of rows that come first.
    seed : int
        Of the draw.
    mean : ndarray of shape (n_features,) or None
        For a coreset: mean of all rows.
    spread : float
        For a coreset: sum of the squared distances from it.
    """

    n_features: int
    n_samples: int
    n_wanted: int
    n_anchors: int
    categories: tuple[str, ...]
    seats: dict[int, float]
    seed: int
    mean: NDArray[np.float64] | None = None
    spread: float = 0.0


def label_codes(block: Block, categories: tuple[str, ...]) -> NDArray[np.int32] | None:
    """Group of each row by number, -1 where its label is none of them."""
    if not categories or block.labels is None:
        return None
    names = np.array(categories)
    own = block.labels.astype(str)
    at = np.minimum(np.searchsorted(names, own), len(names) - 1)
    return np.where(names[at] == own, at, -1).astype(np.int32)


def draw(part: Partition, by: Drawing) -> Arrays:
    """Rows of one partition for the sample and as anchors, and the keys of all of its rows."""
    block = read_block(part, by.n_features, labels=bool(by.categories))
    codes = label_codes(block, by.categories)
    arrays: Arrays = {}
    if by.mean is not None:
        chance = hashed(block.rows, by.seed + CORESET_SEED)
        far = np.zeros(len(block.X))
        for start in range(0, len(far), 1 << 14):
            moved = block.X[start : start + (1 << 14)].astype(np.float64) - by.mean
            far[start : start + (1 << 14)] = np.einsum("ij,ij->i", moved, moved)
        share = 0.5 / by.n_samples + (0.5 * far / by.spread if by.spread > 0 else 0.0)
        likely = np.minimum(1.0, by.n_wanted * share)
        taken = chance < likely
        arrays["weights"] = 1.0 / likely[taken]
    else:
        keys = prefix_keys(block.rows, codes, by.seed)
        for row, key in by.seats.items():
            at = int(np.searchsorted(block.rows, row))
            if at < len(block.rows) and block.rows[at] == row:
                keys[at] = key
        taken = keys < by.n_wanted / by.n_samples
        arrays |= {"keys": keys, "sample_keys": keys[taken]}
        if codes is not None:
            arrays["codes"] = codes
    anchors = drawn(block.rows, by.n_anchors, by.n_samples, by.seed + ANCHOR_SEED)
    return {
        **arrays,
        "rows": block.rows,
        "sample": block.X[taken],
        "sample_rows": block.rows[taken],
        "anchors": block.X[anchors],
        "anchor_rows": block.rows[anchors],
    }


def drawing_of(
    parts: Partitions, totals: Totals, n_wanted: int, n_anchors: int, seed: int, how: str
) -> Drawing:
    """What to draw, from what one pass has found."""
    if how not in ("stratified", "coreset"):
        raise InvalidInputError(f"how is {how!r}; 'stratified' or 'coreset' is needed.")
    coreset = how == "coreset"
    return Drawing(
        n_features=parts.n_features,
        n_samples=totals.n_samples,
        n_wanted=n_wanted,
        n_anchors=n_anchors,
        categories=tuple(sorted(totals.labels)),
        seats=seats(totals.labels, totals.first_rows),
        seed=seed,
        mean=totals.moments.mean if coreset else None,
        spread=float(np.trace(totals.moments.scatter)),
    )


def sample(
    source: Any,
    n_wanted: int,
    *,
    how: str = "stratified",
    random_state: int = 0,
    executor: Any = None,
    n_jobs: int | None = None,
    **opening: Any,
) -> LargeSample:
    """Draw about `n_wanted` rows from partitions.

    Whether a row is drawn depends on its own partition and the seed, so that every executor draws
    the same rows, and their number is right to within a row per group and partition.

    Parameters
    ----------
    source : Partitions or what `open_partitions` takes
        Rows.
    n_wanted : int
        Rows, about; all if there are no more.
    how : {"stratified", "coreset"}
        As many of each label as it has of all rows, and at least one; or a lightweight coreset:
        rows far from the mean are likelier, and weighted so that sums are right on average.
    random_state : int
        Seed.
    executor, n_jobs
        As in `driftglass.parallel.opened`.
    **opening
        Arguments of `open_partitions`.

    Returns
    -------
    sample : LargeSample
        In memory, with weights.

    Raises
    ------
    InvalidInputError
        Another way of drawing, or no partition can be used.

    References
    ----------
    .. [1] Bachem, Lucic and Krause (2018). Scalable k-means clustering via lightweight coresets.
       KDD.

    Examples
    --------
    >>> len(sample(np.zeros((1000, 2)), 100).rows)
    100
    """
    if n_wanted < 1:
        raise InvalidInputError(f"n_wanted is {n_wanted}; at least 1 row is needed.")
    parts = open_partitions(source, **opening)
    with opened(executor, n_jobs=n_jobs) as running, Work(running) as work:
        totals = totals_of(parts, work)
        by = drawing_of(parts, totals, n_wanted, 0, random_state, how)
        numbers = sorted(totals.used)
        work.run("draw", draw, [parts.parts[number] for number in numbers], shared=by)
        found = [arrays for _, arrays in work.results("draw", len(numbers))]
    rows = np.concatenate([arrays["sample_rows"] for arrays in found])
    weights = np.full(len(rows), totals.n_samples / max(1, len(rows)))
    if how == "coreset":
        weights = np.concatenate([arrays["weights"] for arrays in found])
    X = np.concatenate([arrays["sample"] for arrays in found])
    return LargeSample(X, rows, weights, totals.n_samples)
