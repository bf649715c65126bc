"""Directions that stand for an attribute, judged on items they were not made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError

__all__ = ["Direction", "attribute_direction"]

MIN_PER_SIDE = 4


@dataclass(frozen=True, eq=False)
class Direction:
    """From the mean of items without an attribute to the mean of those with it.

    Parameters
    ----------
    vector : ndarray of shape (n_latent,)
        Difference of the means.
    name : str
        The attribute.
    auc : float
        Chance that a held-out item with the attribute lies farther along than one without it: 0.5
        means that the direction tells nothing.
    agreement : float
        Cosine between the directions of two halves of the items, -1 to 1: below about 0.5, few
        items or a mixed group made it.
    n_with, n_without, n_held_out : int
        Items the direction was made from, and those that `auc` was measured on.
    """

    vector: NDArray[np.float64]
    name: str
    auc: float
    agreement: float
    n_with: int
    n_without: int
    n_held_out: int


def attribute_direction(
    Z: Any,
    has_attribute: Any,
    *,
    name: str = "",
    held_out: float = 0.25,
    random_state: int = 0,
) -> Direction:
    """Direction of an attribute in a latent space.

    Parameters
    ----------
    Z : array-like of shape (n_samples, n_latent)
        Latent vectors.
    has_attribute : array-like of bool of shape (n_samples,)
        Which items have it.
    name : str
        What to call it.
    held_out : float
        Share of the items that the direction is judged on, 0.05 to 0.9.
    random_state : int
        Seed of the split.

    Returns
    -------
    direction : Direction
        The mean of many examples; a difference of two single items is far noisier.

    Raises
    ------
    InvalidInputError
        Fewer than four items with, or without, the attribute.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> smiles = np.arange(200) < 100
    >>> Z = rng.normal(size=(200, 3)) + 4 * smiles[:, None] * [1, 0, 0]
    >>> direction = attribute_direction(Z, smiles, name="smile")
    >>> bool(direction.auc > 0.95), direction.vector.argmax()
    (True, np.int64(0))
    """
    vectors = np.asarray(as_vectors(Z, name="Z"), dtype=np.float64)
    mask = np.asarray(has_attribute)
    if mask.dtype != bool or mask.shape != (len(vectors),):
        raise ShapeError(
            f"has_attribute is {mask.dtype} of shape {mask.shape}; a mask of shape "
            f"({len(vectors)},) is needed."
        )
    if not 0.05 <= held_out <= 0.9:
        raise InvalidInputError(f"held_out is {held_out}; a share from 0.05 to 0.9 is needed.")
    if not np.isfinite(vectors).all():
        raise InvalidInputError("Z holds rows that are not finite; leave them out.")
    rng = np.random.default_rng(random_state)
    sides = [rng.permutation(np.flatnonzero(mask)), rng.permutation(np.flatnonzero(~mask))]
    if min(map(len, sides)) < MIN_PER_SIDE:
        raise InvalidInputError(
            f"{len(sides[0])} items have the attribute and {len(sides[1])} have not; at least "
            f"{MIN_PER_SIDE} of each are needed, some to be held out."
        )
    cut = [max(1, round(held_out * len(side))) for side in sides]
    used = [side[n:] for side, n in zip(sides, cut, strict=True)]
    tested = [side[:n] for side, n in zip(sides, cut, strict=True)]
    vector = vectors[used[0]].mean(axis=0) - vectors[used[1]].mean(axis=0)
    halves = [
        vectors[used[0][part::2]].mean(axis=0) - vectors[used[1][part::2]].mean(axis=0)
        for part in (0, 1)
    ]
    lengths = np.linalg.norm(halves[0]) * np.linalg.norm(halves[1])
    return Direction(
        vector=vector,
        name=name,
        auc=_auc(vectors[tested[0]] @ vector, vectors[tested[1]] @ vector),
        agreement=float(halves[0] @ halves[1] / lengths) if lengths > 0 else 0.0,
        n_with=len(used[0]),
        n_without=len(used[1]),
        n_held_out=sum(cut),
    )


def _auc(higher: NDArray[np.float64], lower: NDArray[np.float64]) -> float:
    """Share of pairs in the right order, ties for a half."""
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, side="left")
    up_to = np.searchsorted(ordered, higher, side="right")
    return float((below + up_to).mean() / (2 * len(lower)))
