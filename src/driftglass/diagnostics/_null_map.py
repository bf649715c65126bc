"""What a method draws when there is nothing to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._faithfulness import Faithfulness, faithfulness
from ._quality import _checked

__all__ = ["NullTest", "adjusted_p_values", "null_test", "permuted_columns"]

WELL_PLACED = 0.5
N_SCALES = 8
"""Sizes of neighbourhood to compare; each further one costs every p-value a little."""


@dataclass(frozen=True, eq=False)
class NullTest:
    """Points of a map against points of maps of structureless data.

    Parameters
    ----------
    rows : ndarray of shape (n_anchors,), dtype int32
        Rows that were tested.
    scales : ndarray of shape (n_scales,)
        Sizes of the neighbourhoods that were compared.
    kept : ndarray of shape (n_anchors, n_scales)
        Share of each point's neighbourhoods that the map keeps.
    null_kept : ndarray of shape (n_null, n_scales)
        The same of points in maps of the permuted data.
    p_values : ndarray of shape (n_anchors,)
        Share of the null that is kept at least as well, at the scale where it is smallest, times
        the number of scales; at most 1.
    adjusted : ndarray of shape (n_anchors,)
        p-values after Benjamini and Hochberg's correction for testing many points.
    points : ndarray of shape (n_anchors,)
        F of each point alone, from the map itself.
    n_maps : int
        Null maps that were made.
    """

    rows: NDArray[np.int32]
    scales: NDArray[np.int64]
    kept: NDArray[np.float64]
    null_kept: NDArray[np.float64]
    p_values: NDArray[np.float64]
    adjusted: NDArray[np.float64]
    points: NDArray[np.float64]
    n_maps: int

    def like_noise(self, level: float = 0.05) -> float:
        """Share of the points that are not better placed than points of noise are.

        A point whose neighbourhoods are kept well, F of a half or more, is not one of them: with
        few features a map draws noise well too, as noise.
        """
        return float(self.noisy(level).mean())

    def noisy(self, level: float = 0.05) -> NDArray[np.bool_]:
        """Which points those are, shape (n_anchors,)."""
        return np.asarray((self.adjusted > level) & (self.points < WELL_PLACED), dtype=bool)


def null_test(
    X: Any,
    Y: Any,
    project: Callable[[NDArray[Any]], Any],
    *,
    n_maps: int = 1,
    n_anchors: int | None = 1000,
    random_state: int = 0,
    n_jobs: int | None = None,
    known: Faithfulness | None = None,
) -> NullTest:
    """Compare each point's surroundings with what the same method makes of noise.

    Every column of the vectors is permuted by itself, which keeps each feature's values and
    destroys how they go together, and is projected in the same way. The test is of "more structure
    than independent features", not of "these clusters are real". It looks at several sizes of
    neighbourhood, because clusters show in large ones and curves in small ones.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Their map.
    project : callable
        Vectors to a map, by the method and with the parameters that made `Y`, for example
        ``UMAP(random_state=0).fit_transform``.
    n_maps : int
        Null maps to make; each costs as much as the map.
    n_anchors, random_state, n_jobs
        As in `faithfulness`; the seed is also that of the permutations.
    known : Faithfulness, optional
        That of the map itself, if it was computed before with the same anchors.

    Returns
    -------
    test : NullTest
        One p-value per anchor.

    References
    ----------
    .. [1] Johnson, Kath and Mani (2022). EMBEDR: distinguishing signal from noise in single-cell
       omics data. Patterns 3.
    .. [2] Xia, Lee and Li (2024). Statistical method scDEED for detecting dubious 2D single-cell
       embeddings. Nature Communications 15.
    """
    X, Y = _checked(X, Y)
    if n_maps < 1:
        raise InvalidInputError(f"n_maps is {n_maps}; at least 1 is needed.")
    settings: dict[str, Any] = {
        "n_anchors": n_anchors,
        "random_state": random_state,
        "n_jobs": n_jobs,
    }
    own = faithfulness(X, Y, **settings) if known is None else known
    compared = np.unique(np.linspace(0, len(own.scales) - 1, N_SCALES).round().astype(int))
    null = []
    for number in range(n_maps):
        noise = permuted_columns(X, np.random.default_rng([random_state, 3, number]))
        null.append(faithfulness(noise, np.asarray(project(noise)), **settings).kept[:, compared])
    kept, null_kept = own.kept[:, compared], np.concatenate(null)
    by_scale = np.stack(
        [_shares(kept[:, i], null_kept[:, i]) for i in range(len(compared))], axis=1
    )
    p_values = np.minimum(1.0, by_scale.min(axis=1) * len(compared))
    adjusted = adjusted_p_values(p_values)
    return NullTest(
        own.rows, own.scales[compared], kept, null_kept, p_values, adjusted, own.points, n_maps
    )


def _shares(own: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the null that is at least as large, the point's own counted in."""
    ordered = np.sort(null)
    as_large = len(ordered) - np.searchsorted(ordered, own, side="left")
    return np.asarray((as_large + 1.0) / (len(ordered) + 1.0), dtype=np.float64)


def permuted_columns(X: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """The same values in every column, each column in an order of its own."""
    return rng.permuted(X, axis=0)


def adjusted_p_values(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Benjamini and Hochberg's: the false discovery rate at which each would be found."""
    n = len(p_values)
    order = np.argsort(p_values, kind="stable")
    raised = p_values[order] * n / np.arange(1, n + 1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum.accumulate(raised[::-1])[::-1]
    return np.minimum(adjusted, 1.0)
