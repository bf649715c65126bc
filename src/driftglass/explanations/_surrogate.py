"""A network that stands in for a map that has none, and how well it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors, finite_rows
from ..errors import InvalidInputError, ShapeError
from ._attribution import Fidelity

if TYPE_CHECKING:
    from ..projections import GlassBoxUMAP

__all__ = ["Surrogate", "fit_surrogate"]

LEAST_ROWS = 20
N_NEIGHBORS = 15


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A piecewise linear network fitted to the coordinates of a map.

    Parameters
    ----------
    network : GlassBoxUMAP
        What `explain` explains in place of the map.
    fidelity : Fidelity
        How well it agrees with the map on rows it has not seen.
    held_out : ndarray of shape (n_held_out,)
        Those rows.
    """

    network: GlassBoxUMAP
    fidelity: Fidelity
    held_out: NDArray[np.intp]


def fit_surrogate(
    X: Any,
    Y: Any,
    *,
    held_out: float = 0.2,
    n_neighbors: int = N_NEIGHBORS,
    random_state: int = 0,
    epochs: int = 200,
    least_r2: float = 0.8,
    least_neighbors: float = 0.2,
) -> Surrogate:
    """Fit a network to a finished map, and measure it on rows that it has not seen.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Their coordinates in any map.
    held_out : float
        Share of the rows kept for the measure, between 0 and 1.
    n_neighbors : int
        Neighbours in the map that are compared.
    random_state : int
        Seed of the split and of the network.
    epochs : int
        Passes over the rows.
    least_r2, least_neighbors : float
        What the measure must reach for the stand-in to know.

    Returns
    -------
    surrogate : Surrogate
        With its fidelity.

    Raises
    ------
    ShapeError
        X and Y differ in rows, or are too few to hold any out.
    InvalidInputError
        Values that are not finite, or a share that is none.
    """
    from ..projections._glassbox._copied import CopiedMap

    rows, places = as_vectors(X, name="X"), as_vectors(Y, name="Y").astype(np.float64)
    if len(rows) != len(places):
        raise ShapeError(
            f"X and Y have {len(rows)} and {len(places)} rows; the same rows in the same order "
            f"are needed."
        )
    if len(rows) < LEAST_ROWS:
        raise ShapeError(
            f"X has {len(rows)} rows; at least {LEAST_ROWS} are needed to fit a network and to "
            f"hold some out."
        )
    if not (finite_rows(rows).all() and finite_rows(places).all()):
        raise InvalidInputError("X or Y is not finite in some row. Drop such rows first.")
    if not 0 < held_out < 1:
        raise InvalidInputError(f"held_out is {held_out!r}; a share between 0 and 1 is needed.")
    order = np.random.default_rng(random_state).permutation(len(rows))
    n_out = int(np.clip(round(held_out * len(rows)), 5, len(rows) // 2))
    out, kept = np.sort(order[:n_out]), np.sort(order[n_out:])
    network = CopiedMap(init=places[kept], random_state=random_state, epochs=epochs, quiet=True)
    network.fit(rows[kept])
    predicted = network.transform(rows[out]).astype(np.float64)
    fidelity = Fidelity(
        _r2(places[out], predicted),
        _neighbors_kept(places, out, predicted, min(n_neighbors, len(kept) - 1)),
        n_out,
        least_r2,
        least_neighbors,
    )
    network.fidelity_ = fidelity
    return Surrogate(network, fidelity, out)


def _r2(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    total = float(((truth - truth.mean(axis=0)) ** 2).sum())
    missed = float(((truth - predicted) ** 2).sum())
    # A map without extent is predicted by its one place.
    return 1.0 - missed / total if total > 0 else float(missed <= 1e-12)


def _neighbors_kept(
    places: NDArray[np.float64], out: NDArray[np.intp], predicted: NDArray[np.float64], k: int
) -> float:
    """Share of the points nearest to the true place that are nearest to the predicted one."""
    from scipy.spatial import cKDTree

    others = np.delete(np.arange(len(places)), out)
    tree = cKDTree(places[others])
    true = np.asarray(tree.query(places[out], k)[1]).reshape(len(out), -1)
    near = np.asarray(tree.query(predicted, k)[1]).reshape(len(out), -1)
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(true, near, strict=True)]))
