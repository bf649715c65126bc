"""Movement of the same items between snapshots of one space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._checks import checked_pair, checked_sequence
from ._estimates import Estimate, of_influence, of_mean

__all__ = ["Drift", "curvature", "drift", "mean_angle", "measured_drift", "turning_angles"]

ROUNDING = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Drift:
    """How far each item moved between two snapshots.

    Parameters
    ----------
    raw : ndarray of shape (n_samples,)
        Euclidean length of each item's step, in the units of the vectors.
    raw_l1 : ndarray of shape (n_samples,)
        The same as a sum of absolute values.
    relational : ndarray of shape (n_samples,)
        Length of what is left of the step after the best rotation, reflection, scale and shift
        of the later snapshot onto the earlier: movement relative to the other items.
    relational_l1 : ndarray of shape (n_samples,)
        The same as a sum of absolute values.
    rigid_share : float
        Share of the squared movement that the transform explains: 1 when the space only turned,
        grew or moved as a whole, 0 when it did not. 0 where nothing moved.
    similarity : float
        Procrustes similarity of the two snapshots, in [0, 1].
    """

    raw: NDArray[np.float64]
    raw_l1: NDArray[np.float64]
    relational: NDArray[np.float64]
    relational_l1: NDArray[np.float64]
    rigid_share: float
    similarity: float

    @property
    def rigid_estimate(self) -> Estimate:
        """The rigid share with its standard error."""
        total = float((self.raw**2).mean())
        if total == 0:
            return Estimate(0.0, 0.0, len(self.raw))
        left = 1 - self.rigid_share
        return of_influence(self.rigid_share, -(self.relational**2 - left * self.raw**2) / total)


def drift(X: Any, Y: Any) -> Drift:
    """How far each item moved from X to Y: as it is, and relative to the other items.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors at the earlier step.
    Y : array-like of shape (n_samples, n_features)
        Vectors of the same items, in the same order, at the later step.

    Returns
    -------
    drift : Drift
        One length per item and norm. Divide by the root of the mean squared distance from the
        mean if the space grows, or growth reads as drift.

    Raises
    ------
    ShapeError
        X and Y differ in rows or columns.
    InvalidInputError
        A value is not finite.

    Examples
    --------
    >>> moved = drift([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [3.0, 0.0], [1.0, 1.0]])
    >>> moved.raw.tolist(), round(moved.rigid_share, 6)
    ([1.0, 1.0, 1.0], 1.0)
    """
    return measured_drift(*checked_pair(X, Y, same_width=True))


def measured_drift(X: NDArray[Any], Y: NDArray[Any]) -> Drift:
    """Drift of finite vectors of the same shape."""
    reach = max(float(np.abs(Z).max(initial=0.0)) for Z in (X, Y))
    # A power of two, so that squares stay in range and nothing is rounded.
    unit = float(2.0 ** np.ceil(np.log2(reach))) if reach > 0 else 1.0
    X, Y = X.astype(np.float64) / unit, Y.astype(np.float64) / unit
    step = Y - X
    x, y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    left, similarity = _left_over(x, y)
    raw, relational = _lengths(step), _lengths(left)
    total = float((raw**2).sum())
    rigid = 1 - float((relational**2).sum()) / total if total > 0 else 0.0
    return Drift(
        raw=raw * unit,
        raw_l1=np.abs(step).sum(axis=1) * unit,
        relational=relational * unit,
        relational_l1=np.abs(left).sum(axis=1) * unit,
        rigid_share=max(0.0, rigid),
        similarity=similarity,
    )


def _left_over(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[Any], float]:
    """Steps that remain after y was brought onto x, both centred; and their similarity."""
    x_length, y_length = np.linalg.norm(x), np.linalg.norm(y)
    if x_length == 0 or y_length == 0 or len(x) == 0:
        return y - x, 0.0
    if len(x) < x.shape[1]:
        # n centred points span less than n dimensions: turn both into those of their own.
        (x_small, x_axes), (y_small, _) = _principal(x), _principal(y)
        fitted, similarity = _fitted(x_small, y_small)
        return (fitted - x_small) @ x_axes, similarity
    fitted, similarity = _fitted(x, y)
    return fitted - x, similarity


def _fitted(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Y after the rotation and scale that bring it closest to x."""
    x_length, y_length = float(np.linalg.norm(x)), float(np.linalg.norm(y))
    left, values, right = np.linalg.svd((y / y_length).T @ (x / x_length))
    similarity = min(1.0, float(values.sum()))
    return (y @ (left @ right)) * (similarity * x_length / y_length), similarity


def _principal(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, values, axes = np.linalg.svd(x, full_matrices=False)
    return left * values, axes


def _lengths(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    # Scaled, so that squares of tiny or huge steps stay in range.
    reach = float(np.abs(steps).max(initial=0.0)) or 1.0
    scaled = steps / reach
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", scaled, scaled)) * reach)


def curvature(Xs: Any) -> NDArray[np.float64]:
    """How sharply each item turns at each step between the first and the last.

    Parameters
    ----------
    Xs : sequence of array-like of shape (n_samples, n_features)
        Vectors of the same items in the same order, at least three snapshots.

    Returns
    -------
    angles : ndarray of shape (n_snapshots - 2, n_samples)
        Angle in radians between the step before and the step after: 0 straight on, pi back.
        Independent steps in many dimensions give pi / 2. nan where an item stood still.

    Raises
    ------
    ShapeError
        Snapshots of different shapes.
    InvalidInputError
        Fewer than three snapshots, or a value is not finite.

    Examples
    --------
    >>> curvature([[[0.0, 0.0]], [[1.0, 0.0]], [[1.0, 1.0]]]).round(4).tolist()
    [[1.5708]]
    """
    frames = checked_sequence(Xs)
    if len(frames) < 3:
        raise InvalidInputError(f"Xs holds {len(frames)} snapshots; a turn needs at least 3.")
    for later in frames[1:]:
        checked_pair(frames[0], later, same_width=True)
    return np.stack([turning_angles(*frames[t : t + 3]) for t in range(len(frames) - 2)])


def turning_angles(
    before: NDArray[Any], here: NDArray[Any], after: NDArray[Any]
) -> NDArray[np.float64]:
    """Angle of each item's turn at the middle of three snapshots; nan where it stood still."""
    first = here.astype(np.float64) - before
    second = after.astype(np.float64) - here
    moved = (_lengths(first) > 0) & (_lengths(second) > 0)
    angles = np.full(len(here), np.nan)
    u, v = first[moved], second[moved]
    u /= _lengths(u)[:, None]
    v /= _lengths(v)[:, None]
    # The half-angle form keeps its precision where steps are nearly parallel; arccos does not.
    angles[moved] = 2 * np.arctan2(_lengths(u - v), _lengths(u + v))
    return angles


def mean_angle(angles: NDArray[np.float64]) -> Estimate | None:
    """Mean of the turns of the items that moved; None if none did."""
    moved = angles[np.isfinite(angles)]
    return of_mean(moved) if len(moved) else None
