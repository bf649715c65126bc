"""A few of many items, with the draw said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..data import CategoricalColumn, RecordsColumn
from ..errors import InvalidInputError, ShapeError
from ._select import n_labels

__all__ = ["Sample", "sample"]

CELLS = 32
"""Cells along each axis of the map in which density is counted."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Positions that were drawn, in rising order.

    Parameters
    ----------
    rows : ndarray of shape (n_drawn,), dtype int64
        Positions among all items.
    n_items : int
        Items that were drawn from.
    how : str
        Sentence that says how, for a caption.
    """

    rows: NDArray[np.int64]
    n_items: int
    how: str

    def __len__(self) -> int:
        return len(self.rows)


def sample(
    n_items: int,
    max_items: int,
    *,
    how: str = "random",
    labels: RecordsColumn | None = None,
    strata: CategoricalColumn | Any = None,
    coordinates: Any = None,
    random_state: int = 0,
) -> Sample:
    """Draw at most `max_items` of `n_items` items.

    Parameters
    ----------
    n_items, max_items : int
        How many there are, and how many are wanted at most.
    how : {"random", "fewest_labels", "stratified", "density"}
        - "random": each item is as likely as another;
        - "fewest_labels": those with the fewest labels, ties in their order; no chance in it;
        - "stratified": as many of each stratum as it has of all items, at least one;
        - "density": more evenly over the map, an item being the less likely the more there are
          around it (by the square root), so that thin regions keep theirs.
    labels : RecordsColumn, optional
        For "fewest_labels".
    strata : CategoricalColumn or array-like of shape (n_items,), optional
        For "stratified"; missing values are a stratum of their own.
    coordinates : array-like of shape (n_items, 2), optional
        For "density".
    random_state : int
        Seed of the draw.

    Returns
    -------
    sample : Sample
        All items if there are no more than `max_items`.

    Raises
    ------
    InvalidInputError
        What the way of drawing needs was not given.
    """
    if max_items < 1:
        raise InvalidInputError(f"max_items is {max_items}; at least 1 is needed.")
    if how not in ("random", "fewest_labels", "stratified", "density"):
        raise InvalidInputError(
            f"how is {how!r}; 'random', 'fewest_labels', 'stratified' or 'density' is needed."
        )
    if n_items <= max_items:
        return Sample(np.arange(n_items), n_items, f"all {n_items:,}")
    rng = np.random.default_rng(random_state)
    of = f"{max_items:,} of {n_items:,}"
    if how == "fewest_labels":
        counts = n_labels(_given(labels, "labels", how, n_items))
        rows = np.argsort(counts, kind="stable")[:max_items]
        return Sample(np.sort(rows), n_items, f"{of}, those with the fewest labels")
    if how == "stratified":
        codes = _codes(_given(strata, "strata", how, n_items))
        rows = _stratified(codes, max_items, rng)
        return Sample(rows, n_items, f"{of}, drawn by stratum (seed {random_state})")
    if how == "density":
        Y = as_vectors(_given(coordinates, "coordinates", how, n_items), name="coordinates")
        rows = _spread(np.asarray(Y, dtype=float), max_items, rng)
        return Sample(rows, n_items, f"{of}, drawn more evenly over the map (seed {random_state})")
    rows = np.sort(rng.choice(n_items, max_items, replace=False))
    return Sample(rows, n_items, f"{of}, drawn at random (seed {random_state})")


def _given(value: Any, name: str, how: str, n_items: int) -> Any:
    if value is None:
        raise InvalidInputError(f"how={how!r} needs {name}, which was not given.")
    if len(value) != n_items:
        raise ShapeError(
            f"{name} has {len(value):,} rows for {n_items:,} items; one per item is needed."
        )
    return value


def _codes(strata: Any) -> NDArray[np.int64]:
    if isinstance(strata, CategoricalColumn):
        return strata.codes.astype(np.int64)
    return np.unique(np.asarray(strata).astype(str), return_inverse=True)[1].astype(np.int64)


def _stratified(
    codes: NDArray[np.int64], max_items: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    names, counts = np.unique(codes, return_counts=True)
    shares = counts * (max_items / len(codes))
    wanted = np.maximum(np.floor(shares), 1).astype(int)
    # What rounding left over goes to the largest remainders; ones too many come off the largest.
    while wanted.sum() < max_items:
        wanted[np.argmax(np.where(wanted < counts, shares - wanted, -np.inf))] += 1
    while wanted.sum() > max_items:
        wanted[np.argmax(wanted)] -= 1
    drawn = [
        rng.choice(np.flatnonzero(codes == name), n, replace=False)
        for name, n in zip(names, wanted, strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def _spread(Y: NDArray[np.float64], max_items: int, rng: np.random.Generator) -> NDArray[np.int64]:
    low, high = np.nanmin(Y, axis=0), np.nanmax(Y, axis=0)
    places = (Y - low) / np.where(high > low, high - low, 1.0)
    cells = np.nan_to_num(np.floor(places * (CELLS - 1e-9)), nan=-1.0).astype(np.int64)
    _, cell, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    # Exponential keys: items drawn without replacement with weight 1 / square root of density,
    # half way between the map's own density and an even one.
    keys = rng.exponential(size=len(Y)) * np.sqrt(counts[cell.ravel()])
    return np.sort(np.argsort(keys, kind="stable")[:max_items])
