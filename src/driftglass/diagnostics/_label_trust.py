"""Whether classes that are apart in a map are apart in the vectors, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ._quality import _checked

__all__ = ["LabelTrust", "label_trust"]


@dataclass(frozen=True, eq=False)
class LabelTrust:
    """How a map treats the distances between classes.

    Parameters
    ----------
    trustworthiness : float
        1 unless pairs of classes are less separated in the map than in the vectors.
    continuity : float
        1 unless pairs of classes are more separated in the map than in the vectors.
    names : tuple
        Classes, in the order of the tables.
    in_data, in_map : ndarray of shape (n_classes, n_classes)
        Separation of each pair: share of its rows that are nearer to the centroid of their own
        class. Symmetric; 1 on the diagonal.
    """

    trustworthiness: float
    continuity: float
    names: tuple[Any, ...]
    in_data: NDArray[np.float64]
    in_map: NDArray[np.float64]


def label_trust(X: Any, Y: Any, labels: Any) -> LabelTrust:
    """Label trustworthiness and label continuity of a map.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors.
    Y : array-like of shape (n_samples, n_components)
        Coordinates of the same rows.
    labels : array-like of shape (n_samples,)
        Class of each row; two classes at least.

    Returns
    -------
    trust : LabelTrust
        With separation measured by distance consistency.

    Raises
    ------
    InvalidInputError
        There is only one class.

    References
    ----------
    .. [1] Jeon, Kuo, Aupetit, Ma and Seo (2024). Classes are not clusters: improving
       label-based evaluation of dimensionality reduction. IEEE TVCG 30.
    """
    X, Y = _checked(X, Y)
    values = np.asarray(labels)
    if values.shape != (len(X),):
        raise ShapeError(f"labels has shape {values.shape}; ({len(X)},) is needed.")
    names, codes = np.unique(values, return_inverse=True)
    if len(names) < 2:
        raise InvalidInputError("labels holds one class; two are needed to be apart.")
    in_data, in_map = _consistency(X, codes, len(names)), _consistency(Y, codes, len(names))
    above = np.triu_indices(len(names), 1)
    lost = (in_data - in_map)[above]
    return LabelTrust(
        trustworthiness=float(1 - np.maximum(lost, 0).mean()),
        continuity=float(1 - np.maximum(-lost, 0).mean()),
        names=tuple(names.tolist()),
        in_data=in_data,
        in_map=in_map,
    )


def _consistency(X: NDArray[Any], codes: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Share of the rows of each pair of classes that are nearer to their own centroid."""
    points = X.astype(np.float64)
    points -= points.mean(axis=0)
    members = [points[codes == code] for code in range(n)]
    centers = np.stack([rows.mean(axis=0) for rows in members])
    norms = (centers**2).sum(axis=1)
    nearer = np.empty((n, n))
    for code, rows in enumerate(members):
        distances = norms - 2.0 * rows @ centers.T
        own = distances[:, code]
        others = np.arange(n)
        # Of two centroids at the same distance the one of the lower class is taken.
        wins = np.where(others > code, own[:, None] <= distances, own[:, None] < distances)
        nearer[code] = wins.sum(axis=0)
    sizes = np.array([len(rows) for rows in members], dtype=float)
    shares = (nearer + nearer.T) / (sizes[:, None] + sizes[None, :])
    np.fill_diagonal(shares, 1.0)
    return np.asarray(shares, dtype=np.float64)
