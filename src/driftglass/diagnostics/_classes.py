"""How well labelled classes are told apart in a space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ..neighbors import exact_neighbors
from ._checks import checked_labels, checked_vectors
from ._estimates import Estimate, jackknife, of_mean

__all__ = [
    "NeuralCollapse",
    "collapse_estimates",
    "knn_accuracy",
    "knn_hits",
    "neural_collapse",
    "silhouette_estimate",
]

N_GROUPS = 10
ROUNDING = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class NeuralCollapse:
    """How far classes have shrunk to points at the corners of a regular simplex.

    Parameters
    ----------
    nc1 : float
        ``tr(S_W S_B^+) / c``: variance within classes in units of that between them; 0 when
        every class is one point.
    nc1_quotient : float
        ``tr(S_W) / tr(S_B)``, which does not weigh directions.
    cdnv : float
        Mean over pairs of classes of their mean variance over the squared distance of their
        means.
    nc2_norms : float
        Coefficient of variation of the distances of class means from the mean of all; 0 for a
        simplex.
    nc2_angles : float
        Mean of ``|cos + 1 / (c - 1)|`` over pairs of class means; 0 for a simplex.
    nc3 : float or None
        Distance of the weights of the last layer from the class means, both of length 1; None
        without weights.
    nc4 : float or None
        Share of rows where the classifier differs from the nearest class mean; None without
        predictions.
    """

    nc1: float
    nc1_quotient: float
    cdnv: float
    nc2_norms: float
    nc2_angles: float
    nc3: float | None = None
    nc4: float | None = None


def knn_accuracy(X: Any, labels: Any, *, n_neighbors: int = 20, n_jobs: int | None = None) -> float:
    """Share of rows whose nearest neighbours vote for their label, leaving the row itself out.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors.
    labels : sequence of shape (n_samples,)
        Class of each row.
    n_neighbors : int
        Voters per row; fewer than n_samples. A tie goes to the class that sorts first.
    n_jobs : int or None
        Threads; None uses every core.

    Returns
    -------
    accuracy : float
        In [0, 1].

    Raises
    ------
    ShapeError
        Not one label per row.
    InvalidInputError
        Fewer than two classes, too many neighbours, or a value is not finite.
    """
    X = checked_vectors(X)
    classes, numbers = checked_labels(labels, len(X))
    if not 1 <= n_neighbors < len(X):
        raise InvalidInputError(
            f"n_neighbors is {n_neighbors} for {len(X)} rows; a number from 1 to {len(X) - 1} is "
            f"needed."
        )
    table = exact_neighbors(X, n_neighbors, n_jobs=n_jobs).indices
    return float(knn_hits(table, numbers, len(classes)).mean())


def knn_hits(
    table: NDArray[np.integer], numbers: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """1 for each row whose neighbours vote for its class, 0 for the others."""
    votes = np.zeros((len(table), n_classes), dtype=np.int32)
    np.add.at(votes, (np.arange(len(table))[:, None], numbers[table]), 1)
    return np.asarray(votes.argmax(axis=1) == numbers, dtype=np.float64)


def silhouette_estimate(X: NDArray[Any], numbers: NDArray[np.int64]) -> Estimate:
    """Mean silhouette of rows whose class has others: in [-1, 1], from all distances."""
    rows = X.astype(np.float64)
    rows -= rows.mean(axis=0)
    squares = np.einsum("ij,ij->i", rows, rows)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * (rows @ rows.T), 0.0))
    np.fill_diagonal(distances, 0.0)
    sizes = np.bincount(numbers)
    sums = distances @ np.eye(len(sizes))[numbers]
    own = sizes[numbers]
    here = np.arange(len(rows))
    inside = sums[here, numbers] / np.maximum(own - 1, 1)
    others = sums / np.maximum(sizes, 1)
    others[here, numbers] = np.inf
    others[:, sizes == 0] = np.inf
    nearest = others.min(axis=1)
    larger = np.maximum(inside, nearest)
    width = np.divide(nearest - inside, larger, out=np.zeros(len(rows)), where=larger > 0)
    return of_mean(np.where(own > 1, width, 0.0))


def neural_collapse(
    X: Any, labels: Any, *, weights: Any = None, predicted: Any = None
) -> NeuralCollapse:
    """How far classes have shrunk to points at the corners of a regular simplex.

    Every class counts the same, whatever its size.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite vectors, of the layer before the last.
    labels : sequence of shape (n_samples,)
        Class of each row.
    weights : array-like of shape (n_classes, n_features), optional
        Weights of the last layer, in the order of the sorted labels.
    predicted : sequence of shape (n_samples,), optional
        What the classifier says, in the same words as the labels.

    Returns
    -------
    measured : NeuralCollapse
        All 0 at full collapse.

    Raises
    ------
    ShapeError
        Labels, weights or predictions do not fit.
    InvalidInputError
        Fewer than two classes, class means all equal, or a value is not finite.

    References
    ----------
    .. [1] Papyan, Han and Donoho (2020). Prevalence of neural collapse during the terminal phase
       of deep learning training. PNAS.
    .. [2] Galanti, György and Hutter (2022). On the role of neural collapse in transfer
       learning. ICLR.

    Examples
    --------
    >>> corners = np.eye(3)[[0, 0, 1, 1, 2, 2]]
    >>> collapsed = neural_collapse(corners, [0, 0, 1, 1, 2, 2])
    >>> round(collapsed.nc1, 9), round(collapsed.nc2_angles, 9)
    (0.0, 0.0)
    """
    X = checked_vectors(X, at_least=2)
    classes, numbers = checked_labels(labels, len(X))
    means = _Means.of(X.astype(np.float64), numbers, len(classes))
    nc3 = None if weights is None else means.self_duality(_as_weights(weights, means))
    nc4 = None
    if predicted is not None:
        said = np.asarray(predicted)
        if said.shape != (len(X),):
            raise ShapeError(
                f"predicted has shape {said.shape} for {len(X)} rows; one class per row is needed."
            )
        nc4 = float((said.astype(classes.dtype) != classes[means.nearest()]).mean())
    return NeuralCollapse(
        means.nc1(), means.quotient(), means.cdnv(), *means.simplex(), nc3=nc3, nc4=nc4
    )


def collapse_estimates(
    X: NDArray[Any],
    numbers: NDArray[np.int64],
    n_classes: int,
    *,
    weights: NDArray[Any] | None = None,
    predicted: NDArray[np.int64] | None = None,
) -> dict[str, Estimate]:
    """The same as estimates by name, leaving out a tenth of every class at a time."""
    rows = X.astype(np.float64)
    whole = _Means.of(rows, numbers, n_classes)
    order = np.argsort(numbers, kind="stable")
    group = np.empty(len(rows), dtype=np.int64)
    group[order] = np.arange(len(rows)) % N_GROUPS
    parts = []
    for number in range(N_GROUPS):
        kept = group != number
        if len(np.unique(numbers[kept])) == n_classes:
            parts.append(_Means.of(rows[kept], numbers[kept], n_classes))
    measures: dict[str, Callable[[_Means], float]] = {
        "nc1": _Means.nc1,
        "nc1_quotient": _Means.quotient,
        "cdnv": _Means.cdnv,
        "nc2_norms": lambda means: means.simplex()[0],
        "nc2_angles": lambda means: means.simplex()[1],
    }
    if weights is not None:
        W = _as_weights(weights, whole)
        measures["nc3"] = lambda means: means.self_duality(W)
    estimates = {}
    for name, measure in measures.items():
        left = [measure(part) for part in parts]
        estimates[name] = jackknife(measure(whole), left.__getitem__, len(left), len(rows))
    if predicted is not None:
        differs = predicted != whole.nearest()
        estimates["nc4"] = of_mean(differs.astype(np.float64))
    return estimates


def _as_weights(weights: Any, means: _Means) -> NDArray[np.float64]:
    W = checked_vectors(weights, name="weights").astype(np.float64)
    if W.shape != means.centers.shape:
        raise ShapeError(
            f"weights has shape {W.shape}; {means.centers.shape} is needed: one row per class, "
            f"one column per feature. torch.nn.Linear keeps them so, as .weight."
        )
    return W


@dataclass(frozen=True, eq=False)
class _Means:
    """Class means about the mean of all classes, and rows about the mean of their class."""

    centers: NDArray[np.float64]
    left: NDArray[np.float64]
    numbers: NDArray[np.int64]
    balance: NDArray[np.float64]

    @classmethod
    def of(cls, X: NDArray[np.float64], numbers: NDArray[np.int64], n_classes: int) -> _Means:
        sizes = np.bincount(numbers, minlength=n_classes).astype(np.float64)
        rows = X - X.mean(axis=0)
        one_hot = (np.arange(n_classes)[:, None] == numbers).astype(np.float64)
        means = one_hot @ rows / sizes[:, None]
        # Weight of a row so that every class counts as much as any other.
        balance = 1.0 / (n_classes * sizes[numbers])
        centers = means - means.mean(axis=0)
        if np.abs(centers).max() <= ROUNDING * max(1.0, float(np.abs(X).max())):
            raise InvalidInputError(
                "The means of all classes are equal, so nothing lies between them to measure by."
            )
        return cls(centers, rows - means[numbers], numbers, balance)

    def variances(self) -> NDArray[np.float64]:
        """Mean squared distance of each class's rows from its mean."""
        squares = np.einsum("ij,ij->i", self.left, self.left)
        n_classes = len(self.centers)
        sums = np.bincount(self.numbers, self.balance * squares, n_classes)
        return np.asarray(sums * n_classes, dtype=np.float64)

    def nc1(self) -> float:
        n_classes = len(self.centers)
        _, lengths, axes = np.linalg.svd(self.centers / np.sqrt(n_classes), full_matrices=False)
        # Class means have at most c - 1 directions; what rounding adds would be divided by.
        lengths = lengths[: n_classes - 1]
        kept = lengths > lengths[0] * 1e-10
        along = self.left @ axes[: n_classes - 1][kept].T
        within = self.balance @ along**2
        return float((within / lengths[kept] ** 2).sum() / n_classes)

    def quotient(self) -> float:
        return float(self.variances().mean() / (self.centers**2).sum(axis=1).mean())

    def cdnv(self) -> float:
        first, second = np.triu_indices(len(self.centers), 1)
        apart = ((self.centers[first] - self.centers[second]) ** 2).sum(axis=1)
        variances = self.variances()
        pairs = apart > 0
        between = (variances[first] + variances[second])[pairs] / (2 * apart[pairs])
        return float(between.mean())

    def simplex(self) -> tuple[float, float]:
        lengths = np.linalg.norm(self.centers, axis=1)
        variation = float(lengths.std() / lengths.mean())
        units = self.centers / np.where(lengths > 0, lengths, 1.0)[:, None]
        first, second = np.triu_indices(len(units), 1)
        cosines = np.einsum("ij,ij->i", units[first], units[second])
        return variation, float(np.abs(cosines + 1 / (len(units) - 1)).mean())

    def self_duality(self, weights: NDArray[np.float64]) -> float:
        length = float(np.linalg.norm(weights))
        if length == 0:
            raise InvalidInputError("weights are all zero, so they point nowhere.")
        unit_means = self.centers / np.linalg.norm(self.centers)
        return float(np.linalg.norm(weights / length - unit_means))

    def nearest(self) -> NDArray[np.int64]:
        """Class whose mean is nearest to each row."""
        rows = self.left + self.centers[self.numbers]
        scores = rows @ self.centers.T - (self.centers**2).sum(axis=1) / 2
        return np.asarray(scores.argmax(axis=1))
