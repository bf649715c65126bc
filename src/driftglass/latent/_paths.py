"""Paths through a latent space, with what lies on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ._modules import Decoder, decoded

__all__ = ["LatentPath", "interpolate", "move", "traverse"]

NEARLY_PARALLEL = 1e-6


@dataclass(frozen=True, eq=False)
class LatentPath:
    """Latent vectors in order, and the items they decode to.

    Parameters
    ----------
    positions : ndarray of shape (n_steps,)
        Where on the path: the share of the way, the value of a coordinate, or the strength.
    vectors : ndarray of shape (n_steps, n_latent)
        Latent vectors.
    items : ndarray of shape (n_steps, ...)
        What they decode to.
    label : str
        What the path is, for a title.
    """

    positions: NDArray[np.float64]
    vectors: NDArray[np.float64]
    items: NDArray[Any]
    label: str

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def roughness(self) -> float:
        """Largest step between neighbouring items over the mean one; 1 is perfectly even.

        A path across a gap of the space changes suddenly; nan if nothing changes.
        """
        flat = self.items.reshape(len(self.items), -1).astype(np.float64)
        steps = np.linalg.norm(np.diff(flat, axis=0), axis=1)
        mean = steps.mean() if len(steps) else 0.0
        return float(steps.max() / mean) if mean > 0 else float("nan")


def interpolate(
    decode: Decoder, a: Any, b: Any, *, n_steps: int = 10, how: str = "linear"
) -> LatentPath:
    """Walk from one latent vector to another.

    Parameters
    ----------
    decode : callable
        Latent vectors of shape (n, n_latent) to items.
    a, b : array-like of shape (n_latent,)
        Ends of the path; encode two items to get them.
    n_steps : int
        Points on the path, its ends among them.
    how : {"linear", "spherical"}
        A straight line; or an arc around the origin with the norm changing evenly, which keeps to
        where the vectors of a normal prior lie. Ends that point the same or opposite ways have no
        one arc: the line is taken.

    Returns
    -------
    path : LatentPath
        With positions from 0 to 1.

    Raises
    ------
    InvalidInputError
        Fewer than two steps, or another word for `how`.

    Examples
    --------
    >>> path = interpolate(lambda Z: Z, [1.0, 0.0], [0.0, 1.0], n_steps=3, how="spherical")
    >>> path.vectors[1].round(3)
    array([0.707, 0.707])
    """
    start, end = _vector(a, "a"), _vector(b, "b")
    if len(start) != len(end):
        raise ShapeError(
            f"a has {len(start)} coordinates and b has {len(end)}; as many are needed."
        )
    if how not in ("linear", "spherical"):
        raise InvalidInputError(f"how is {how!r}; 'linear' or 'spherical' is needed.")
    shares = np.linspace(0.0, 1.0, _steps(n_steps))
    vectors = start + shares[:, None] * (end - start)
    if how == "spherical":
        vectors = _arc(start, end, shares, vectors)
    return LatentPath(shares, vectors, decoded(decode, vectors), f"{how} interpolation")


def traverse(
    decode: Decoder,
    z: Any,
    coordinate: int,
    *,
    Z: Any = None,
    values: Any = None,
    n_steps: int = 10,
) -> LatentPath:
    """Change one latent coordinate and hold the others.

    Parameters
    ----------
    decode : callable
        Latent vectors of shape (n, n_latent) to items.
    z : array-like of shape (n_latent,)
        Where to start from.
    coordinate : int
        The one to change, from 0.
    Z : array-like of shape (n_samples, n_latent), optional
        Latent vectors of the data: the walk goes from the 2nd to the 98th percentile of the
        coordinate among them. From -3 to 3 without them, as a standard normal prior has it.
    values : array-like of shape (n_steps,), optional
        Values of the coordinate, instead.
    n_steps : int
        Points on the path.

    Returns
    -------
    path : LatentPath
        With the coordinate's values as positions.
    """
    base = _vector(z, "z")
    if not 0 <= coordinate < len(base):
        raise InvalidInputError(
            f"coordinate is {coordinate}; z has {len(base)}, so 0 to {len(base) - 1} is needed."
        )
    if values is None:
        low, high = -3.0, 3.0
        if Z is not None:
            low, high = np.percentile(as_vectors(Z, name="Z")[:, coordinate], [2, 98])
        values = np.linspace(low, high, _steps(n_steps))
    steps = _vector(values, "values")
    vectors = np.tile(base, (len(steps), 1))
    vectors[:, coordinate] = steps
    return LatentPath(steps, vectors, decoded(decode, vectors), f"coordinate {coordinate}")


def move(
    decode: Decoder, z: Any, direction: Any, *, strengths: Any = (-2, -1, 0, 1, 2)
) -> LatentPath:
    """Add a direction to a latent vector, more and more of it.

    Parameters
    ----------
    decode : callable
        Latent vectors of shape (n, n_latent) to items.
    z : array-like of shape (n_latent,)
        Where to start from.
    direction : Direction or array-like of shape (n_latent,)
        From `attribute_direction`, or the difference of two latent vectors.
    strengths : array-like of shape (n_steps,)
        How often the direction is added; 0 is the start itself.

    Returns
    -------
    path : LatentPath
        With the strengths as positions.
    """
    base = _vector(z, "z")
    step = _vector(getattr(direction, "vector", direction), "direction")
    if len(base) != len(step):
        raise ShapeError(
            f"z has {len(base)} coordinates and direction has {len(step)}; as many are needed."
        )
    amounts = _vector(strengths, "strengths")
    vectors = base + amounts[:, None] * step
    name = getattr(direction, "name", "")
    return LatentPath(amounts, vectors, decoded(decode, vectors), f"towards {name}" if name else "")


def _arc(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    shares: NDArray[np.float64],
    line: NDArray[np.float64],
) -> NDArray[np.float64]:
    norms = np.linalg.norm(start), np.linalg.norm(end)
    if min(norms) == 0:
        return line
    angle = np.arccos(np.clip(start @ end / (norms[0] * norms[1]), -1.0, 1.0))
    if np.sin(angle) < NEARLY_PARALLEL:
        return line
    toward = np.sin((1 - shares) * angle)[:, None] * start / norms[0]
    toward += np.sin(shares * angle)[:, None] * end / norms[1]
    length = norms[0] + shares * (norms[1] - norms[0])
    return np.asarray(toward / np.sin(angle) * length[:, None], dtype=np.float64)


def _vector(values: Any, name: str) -> NDArray[np.float64]:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{name} is {values!r:.60}; numbers are needed.") from error
    if vector.ndim != 1 or not len(vector):
        raise ShapeError(f"{name} has shape {vector.shape}; one row of numbers is needed.")
    if not np.isfinite(vector).all():
        raise InvalidInputError(f"{name} holds values that are not finite.")
    return vector


def _steps(n_steps: int) -> int:
    if n_steps < 2:
        raise InvalidInputError(f"n_steps is {n_steps}; a path has at least 2, its ends.")
    return n_steps
