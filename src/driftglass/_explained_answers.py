"""What an explanation of a map says of some items, of one feature, and of which feature wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._explained_rows import Explained, Linear
from .errors import InvalidInputError

__all__ = ["describe_rows", "feature_contributions", "feature_shares", "winning_features"]

EXACT = 1e-5
"""Largest residual, relative to the size of the map, of coordinates in single precision."""
BLOCK_VALUES = 1 << 22
SHARE_ROWS = 20_000


def describe_rows(
    found: Explained,
    rows: NDArray[np.intp],
    names: Sequence[str],
    *,
    top: int = 12,
    features: Sequence[int] = (),
) -> dict[str, Any]:
    """Explanation of one item, or of the mean of several, as JSON can hold it.

    Parameters
    ----------
    found : Explained
        Of the map.
    rows : ndarray of shape (n_rows,)
        Positions in ``found.ids``; at least one.
    names : sequence of str
        Names of the features.
    top : int
        Features listed per axis, largest first; the others are added up as "rest".
    features : sequence of int
        Features whose contributions are wanted however small they are.

    Returns
    -------
    explanation : dict
        As `driftglass.explain` gives it, with ``asked`` beside.
    """
    n = len(rows)
    total: NDArray[np.float64] | None = None
    offset, rest, there, residual = found.sums(rows)
    for part in _parts(rows, found.n_features * offset.shape[1]):
        block = found.block(part).sum(axis=0)
        total = block if total is None else total + block
    assert total is not None
    means, worst = total / n, float(residual.max())
    axes = [
        _axis(means[k], offset[:, k].mean(), rest[:, k].mean(), there[:, k].mean(), names, top)
        for k in range(len(means))
    ]
    about = dict(found.about)
    if about["exact"] and worst > EXACT:
        missed = f"the sums miss the places by {worst:.1e} of the map"
        about |= {"exact": False, "label": f"approximate ({about['method']}): {missed}"}
    return about | {
        "n_rows": n,
        "residual": worst,
        "axes": axes,
        "asked": [
            {"name": names[j], "index": int(j), "contributions": means[:, j].tolist()}
            for j in features
        ],
    }


def feature_contributions(found: Explained, feature: int, axis: int | None) -> NDArray[np.float32]:
    """Contribution of one feature to an axis, or its length over all axes, for every item.

    Parameters
    ----------
    found : Explained
        Of the map.
    feature : int
        Number of the feature.
    axis : int or None
        Coordinate; None for the length over all of them.

    Returns
    -------
    values : ndarray of shape (n_samples,), dtype float32
        In units of the map, signed if an axis is given.
    """
    if not 0 <= feature < found.n_features:
        raise InvalidInputError(f"feature is {feature}; 0 to {found.n_features - 1} are there.")
    rows = np.arange(len(found.ids))
    if isinstance(found, Linear):
        origin = found.origin[..., feature].astype(np.float64)
        values = (found.vectors[:, feature].astype(np.float64) - origin)[:, None]
        values = values * found.place.components[:, feature]
    else:
        size = found.n_features * found.sums(rows[:1])[0].shape[1]
        values = np.concatenate([found.block(part)[:, :, feature] for part in _parts(rows, size)])
    if axis is None:
        return np.asarray(np.linalg.norm(values, axis=1), dtype=np.float32)
    return np.asarray(values[:, axis], dtype=np.float32)


def winning_features(found: Explained) -> NDArray[np.int64]:
    """Feature with the longest contribution to each item, shape (n_samples,); -1 without any."""
    rows = np.arange(len(found.ids))
    size = found.n_features * found.sums(rows[:1])[0].shape[1] if len(rows) else 1
    won = np.full(len(rows), -1, dtype=np.int64)
    for part in _parts(rows, size):
        C = found.block(part)
        lengths = np.einsum("nkd,nkd->nd", C, C)
        best = lengths.argmax(axis=1)
        won[part] = np.where(lengths[np.arange(len(part)), best] > 0, best, -1)
    return won


def feature_shares(found: Explained) -> NDArray[np.float64]:
    """Mean length of each feature's contribution, as shares that add up to 1; (n_features,)."""
    rows = np.arange(len(found.ids))
    if len(rows) > SHARE_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), SHARE_ROWS, replace=False))
    total = np.zeros(found.n_features)
    size = found.n_features * found.sums(rows[:1])[0].shape[1] if len(rows) else 1
    for part in _parts(rows, size):
        C = found.block(part)
        total += np.sqrt(np.einsum("nkd,nkd->nd", C, C)).sum(axis=0)
    whole = total.sum()
    return total / whole if whole > 0 else total


def _parts(rows: NDArray[np.intp], values: int) -> Iterator[NDArray[np.intp]]:
    size = max(1, BLOCK_VALUES // max(1, values))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _axis(
    values: NDArray[np.float64],
    offset: float,
    rest: float,
    there: float,
    names: Sequence[str],
    top: int,
) -> dict[str, Any]:
    order = np.argsort(-np.abs(values), kind="stable")
    listed = [int(j) for j in order[:top] if values[j] != 0]
    total = float(values.sum()) + float(rest)
    return {
        "coordinate": float(there),
        "sum": total + float(offset),
        "offset": float(offset),
        "rest": total - float(values[listed].sum()),
        "features": [
            {"name": names[j], "index": j, "contribution": float(values[j])} for j in listed
        ],
    }
