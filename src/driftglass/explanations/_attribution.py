"""Contributions that add up to coordinates, and the check that they do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError

__all__ = ["Attribution", "Fidelity"]

TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-10}
"""Largest residual, relative to the size of the map, of what calls itself exact."""


@dataclass(frozen=True)
class Fidelity:
    """How well a network that stands in for a map agrees with it, on rows it has not seen.

    Parameters
    ----------
    r2 : float
        Share of the map's variance that it predicts; at most 1.
    neighbors : float
        In [0, 1]: share of the nearest points that a predicted place has in common with the true.
    n_held_out : int
        Rows that were held out.
    least_r2, least_neighbors : float
        What both must reach.
    """

    r2: float
    neighbors: float
    n_held_out: int
    least_r2: float = 0.8
    least_neighbors: float = 0.2

    @property
    def knows(self) -> bool:
        """Whether explanations of the stand-in may be taken for explanations of the map."""
        return self.r2 >= self.least_r2 and self.neighbors >= self.least_neighbors

    def __str__(self) -> str:
        """One sentence for a reader."""
        verdict = (
            "" if self.knows else " This is too little: it does not know why points are there."
        )
        return (
            f"A network stands in for the map: R² {self.r2:.3f} and {self.neighbors:.0%} of the "
            f"neighbours on {self.n_held_out} rows it has not seen.{verdict}"
        )


@dataclass(frozen=True, eq=False)
class Attribution:
    """Contributions of features to coordinates, which with the offset add up to them.

    Parameters
    ----------
    contributions : ndarray of shape (n_samples, n_components, n_features)
        In units of the map, signed.
    offset : ndarray of shape (n_samples, n_components)
        What no feature accounts for: where the map of each sample puts the baseline.
    coordinates : ndarray of shape (n_samples, n_components)
        Where the map has the samples, computed on its own.
    baseline : ndarray of shape (n_features,) or (n_samples, n_features)
        Where contributions are zero.
    method : str
        "local", "path", "frozen" or "linear".
    derived_exactly : bool
        Whether the method is exact for this map, but for rounding.
    scale : float
        Size of the map, which residuals are relative to; at least the largest coordinate here.
    note : str
        What a reader should know.
    fidelity : Fidelity or None
        If a network stood in for the map.
    feature_names : tuple of str
        Names of the features; numbers by default.

    Attributes
    ----------
    residual : ndarray of shape (n_samples,)
        Largest difference of sum and coordinate, relative to `scale`.

    Raises
    ------
    ShapeError
        The arrays do not fit together.
    InvalidInputError
        A value is not finite.
    """

    contributions: NDArray[Any]
    offset: NDArray[Any]
    coordinates: NDArray[Any]
    baseline: NDArray[Any]
    method: str = "local"
    derived_exactly: bool = True
    scale: float = 0.0
    note: str = ""
    fidelity: Fidelity | None = None
    feature_names: tuple[str, ...] = ()
    residual: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        n, k, d = _shape(self.contributions)
        if self.offset.shape != (n, k) or self.coordinates.shape != (n, k):
            raise ShapeError(
                f"contributions of shape {(n, k, d)} need offset and coordinates of shape "
                f"{(n, k)}, not {self.offset.shape} and {self.coordinates.shape}."
            )
        names = self.feature_names or tuple(str(number) for number in range(d))
        if len(names) != d:
            raise ShapeError(f"{len(names)} feature_names for {d} features; one each is needed.")
        for name in ("contributions", "offset", "coordinates"):
            if not np.isfinite(getattr(self, name)).all():
                raise InvalidInputError(
                    f"The {name} are not finite. Scale the features to similar sizes and fit the "
                    f"map again."
                )
        largest = float(np.abs(self.coordinates).max(initial=0.0))
        scale = max(float(self.scale), largest, np.finfo(np.float64).tiny)
        sums = self.contributions.sum(axis=2, dtype=np.float64) + self.offset
        difference = np.abs(sums - self.coordinates).max(axis=1, initial=0.0)
        object.__setattr__(self, "feature_names", names)
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "residual", difference / scale)

    @property
    def tolerance(self) -> float:
        """Largest residual of an exact attribution: 1e-5 in float32, 1e-10 in float64."""
        return TOLERANCE[self.contributions.dtype]

    @property
    def exact(self) -> bool:
        """Whether the method is exact for this map and every row adds up."""
        return self.derived_exactly and bool((self.residual <= self.tolerance).all())

    @property
    def label(self) -> str:
        """What this is, in words."""
        if self.exact:
            return f"exact ({self.method})"
        worst = float(self.residual.max(initial=0.0))
        reason = self.note or f"residual {worst:.1e} is above {self.tolerance:.0e}"
        return f"approximate ({self.method}): {reason}"

    def l2(self) -> NDArray[Any]:
        """Length of each feature's contribution over the coordinates, (n_samples, n_features)."""
        return np.asarray(np.linalg.norm(self.contributions, axis=1))

    def shares(self) -> NDArray[Any]:
        """Lengths that add up to 1 for each row; zero where nothing contributes."""
        lengths = self.l2()
        totals = lengths.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(lengths, totals, out=np.zeros_like(lengths), where=totals > 0))

    def describe(self, rows: Any = None, top: int = 12) -> dict[str, Any]:
        """Explanation of one row, or of the mean of several, as JSON can hold it.

        Parameters
        ----------
        rows : int or sequence of int, optional
            All by default.
        top : int
            Features listed per axis, largest first; the others are added up as "rest".

        Returns
        -------
        explanation : dict
            ``label``, ``exact``, ``knows``, ``residual``, ``fidelity``, ``n_rows`` and, per axis,
            ``coordinate``, ``sum``, ``offset``, ``rest`` and ``features``: each with ``name``,
            ``index`` and ``contribution``.
        """
        n = len(self.coordinates)
        chosen = np.arange(n) if rows is None else np.atleast_1d(np.asarray(rows, dtype=np.intp))
        if len(chosen) == 0 or chosen.min() < -n or chosen.max() >= n:
            raise InvalidInputError(
                f"rows are {chosen.tolist()[:5]}; at least one from 0 to {n - 1} is needed."
            )
        means = self.contributions[chosen].mean(axis=0, dtype=np.float64)
        offset = self.offset[chosen].mean(axis=0, dtype=np.float64)
        there = self.coordinates[chosen].mean(axis=0, dtype=np.float64)
        axes = [
            _axis(means[k], float(offset[k]), float(there[k]), self.feature_names, top)
            for k in range(len(means))
        ]
        fidelity = None
        if self.fidelity is not None:
            fidelity = {
                "r2": self.fidelity.r2,
                "neighbors": self.fidelity.neighbors,
                "n_held_out": self.fidelity.n_held_out,
                "text": str(self.fidelity),
            }
        return {
            "method": self.method,
            "label": self.label,
            "exact": self.exact,
            "knows": self.fidelity is None or self.fidelity.knows,
            "note": self.note,
            "n_rows": len(chosen),
            "residual": float(self.residual[chosen].max()),
            "fidelity": fidelity,
            "axes": axes,
        }


def _axis(
    values: NDArray[np.float64], offset: float, there: float, names: tuple[str, ...], top: int
) -> dict[str, Any]:
    order = np.argsort(-np.abs(values), kind="stable")
    listed = [j for j in order[:top] if values[j] != 0]
    shown = sum(float(values[j]) for j in listed)
    total = float(values.sum())
    return {
        "coordinate": there,
        "sum": total + offset,
        "offset": offset,
        "rest": total - shown,
        "features": [
            {"name": names[j], "index": int(j), "contribution": float(values[j])} for j in listed
        ],
    }


def _shape(contributions: NDArray[Any]) -> tuple[int, int, int]:
    if contributions.ndim != 3:
        raise ShapeError(
            f"contributions has shape {contributions.shape}; (n_samples, n_components, "
            f"n_features) is needed."
        )
    if contributions.dtype not in TOLERANCE:
        raise InvalidInputError(
            f"contributions has dtype {contributions.dtype}; float32 or float64 is needed."
        )
    n, k, d = contributions.shape
    return n, k, d
