"""The curve of low-dimensional affinity that `min_dist` and `spread` ask for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError

__all__ = ["curve_parameters"]

N_PLACES = 300
"""Distances from 0 to three spreads at which the curve is compared."""


def curve_parameters(min_dist: float, spread: float) -> tuple[float, float]:
    """Return a and b of ``1 / (1 + a d**(2 b))``, nearest to the affinity wanted.

    That is 1 up to `min_dist` and falls by a factor e with every further `spread`.

    Parameters
    ----------
    min_dist : float
        From 0 to `spread`.
    spread : float
        Positive.

    Returns
    -------
    a, b : float
        The least-squares fit, by Gauss-Newton steps on (log a, b).

    Raises
    ------
    InvalidInputError
        Out of range.

    Examples
    --------
    >>> a, b = curve_parameters(0.1, 1.0)
    >>> round(a, 3), round(b, 3)
    (1.577, 0.895)
    """
    if not (np.isfinite(spread) and spread > 0):
        raise InvalidInputError(f"spread is {spread!r}; a positive number is needed.")
    if not 0 <= min_dist <= spread:
        raise InvalidInputError(
            f"min_dist is {min_dist!r}; a number from 0 to spread ({spread!r}) is needed."
        )
    distance = np.linspace(0.0, 3.0 * spread, N_PLACES)
    wanted = np.where(distance < min_dist, 1.0, np.exp(-(distance - min_dist) / spread))
    logs = np.log(distance[1:])
    wanted = wanted[1:]  # both are 1 at distance zero
    parameters = np.array([-2.0 * np.log(spread), 1.0])
    loss, damping = _loss(parameters, logs, wanted), 1e-3
    for _ in range(200):
        value = _curve(parameters, logs)
        slope = -value * (1.0 - value)
        jacobian = np.stack([slope, 2.0 * logs * slope], axis=1)
        normal = jacobian.T @ jacobian
        gradient = jacobian.T @ (wanted - value)
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), gradient)
        attempt = _loss(parameters + step, logs, wanted)
        if attempt > loss:
            damping *= 10.0
            if damping > 1e12:
                break
            continue
        parameters, damping = parameters + step, damping / 10.0
        if loss - attempt <= 1e-14 * loss:
            break
        loss = attempt
    return float(np.exp(parameters[0])), float(parameters[1])


def _curve(parameters: NDArray[np.float64], logs: NDArray[np.float64]) -> NDArray[np.float64]:
    exponent = np.clip(parameters[0] + 2.0 * parameters[1] * logs, -500.0, 500.0)
    curve: NDArray[np.float64] = 1.0 / (1.0 + np.exp(exponent))
    return curve


def _loss(
    parameters: NDArray[np.float64], logs: NDArray[np.float64], wanted: NDArray[np.float64]
) -> float:
    return float(((wanted - _curve(parameters, logs)) ** 2).sum())
