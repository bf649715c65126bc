"""The rotation, scale and shift that bring one configuration of points closest to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import check_paired
from ..errors import InvalidInputError, ShapeError

__all__ = ["ProcrustesFit", "procrustes"]

UNDETERMINED = 1e-12
"""Weight of the identity against the data: below the rounding of anything the data determine."""


@dataclass(frozen=True, eq=False)
class ProcrustesFit:
    """A similarity transform, ``Y = scale * X @ rotation + shift``.

    Parameters
    ----------
    rotation : ndarray of shape (n_components, n_components)
        Orthogonal; its determinant is -1 if it reflects.
    scale : float
        Positive; 1 unless a scale was allowed.
    shift : ndarray of shape (n_components,)
        Zero unless a shift was allowed.
    residual : float
        What is left of the target's sum of squares (about its mean, if a shift was allowed):
        0 when the fit is perfect, 1 when it explains nothing. 0 for a target without extent.
    """

    rotation: NDArray[np.float64]
    scale: float
    shift: NDArray[np.float64]
    residual: float

    def apply(self, X: Any) -> NDArray[np.float64]:
        """Transform X of shape (n_samples, n_components)."""
        moved: NDArray[np.float64] = (
            self.scale * (np.asarray(X, dtype=np.float64) @ self.rotation) + self.shift
        )
        return moved


def procrustes(
    X: Any, target: Any, *, reflection: bool = True, scale: bool = False, shift: bool = True
) -> ProcrustesFit:
    """Transform that brings X closest to the target in the sense of least squares.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_components)
        Points to move.
    target : array-like of shape (n_samples, n_components)
        Where the same points, in the same order, should come to lie.
    reflection : bool
        Allow a mirror image.
    scale : bool
        Allow one factor for all axes.
    shift : bool
        Allow a translation.

    Returns
    -------
    fit : ProcrustesFit
        The transform and the share of the target that it leaves unexplained.

    Raises
    ------
    ShapeError
        The two differ in rows or columns.
    InvalidInputError
        There are no rows, or a value is not finite.

    References
    ----------
    .. [1] Schönemann (1966). A generalized solution of the orthogonal Procrustes problem.
       Psychometrika.

    Examples
    --------
    >>> X = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    >>> quarter_turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> fit = procrustes(X, 3 * X @ quarter_turn + [5, 5], scale=True)
    >>> round(fit.scale, 6), fit.shift.round(6).tolist(), round(fit.residual, 6)
    (3.0, [5.0, 5.0], 0.0)
    """
    X, target = check_paired(X, target)
    if X.shape[1] != target.shape[1]:
        raise ShapeError(
            f"X has {X.shape[1]} columns and the target {target.shape[1]}; points of the same "
            f"number of coordinates are needed. Pad the narrower with zeros."
        )
    if len(X) == 0:
        raise InvalidInputError("There are no points to align; at least one shared row is needed.")
    if not (np.isfinite(X).all() and np.isfinite(target).all()):
        raise InvalidInputError("X or the target is not finite; drop those rows from both first.")
    x_mean = X.mean(axis=0) if shift else np.zeros(X.shape[1])
    target_mean = target.mean(axis=0) if shift else np.zeros(X.shape[1])
    # Divided by their extent, so that the squares below stay in range.
    x_extent, target_extent = _extent(X - x_mean), _extent(target - target_mean)
    x_unit, target_unit = (X - x_mean) / x_extent, (target - target_mean) / target_extent
    crossed = x_unit.T @ target_unit
    # Directions that the points do not determine (one point, a line) are left unturned.
    nudge = UNDETERMINED * np.abs(crossed).max(initial=0.0) * np.eye(len(crossed))
    left, _, right = np.linalg.svd(crossed + nudge)
    if not reflection and np.linalg.det(left @ right) < 0:
        # The weakest axis is turned round, which costs least.
        left[:, -1] *= -1
    rotation = left @ right
    x_squares, target_squares = float(np.sum(x_unit**2)), float(np.sum(target_unit**2))
    matched = float(np.sum(rotation * crossed))
    factor = target_extent / x_extent
    ratio = matched / x_squares if scale and x_squares > 0 and matched > 0 else 1.0 / factor
    left_over = target_squares - 2 * ratio * matched + ratio**2 * x_squares
    size = ratio * factor
    return ProcrustesFit(
        rotation=rotation,
        scale=size,
        shift=target_mean - size * (x_mean @ rotation),
        residual=max(0.0, left_over / target_squares) if target_squares > 0 else 0.0,
    )


def _extent(X: NDArray[np.float64]) -> float:
    return float(np.abs(X).max(initial=0.0)) or 1.0
