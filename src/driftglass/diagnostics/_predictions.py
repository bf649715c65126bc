"""What a model predicts: against the labels, and against another model or step."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..data import Predictions
from ..errors import InvalidInputError, ShapeError
from ._estimates import Estimate, of_mean

__all__ = ["confusion_matrix", "prediction_agreement", "prediction_similarity"]

Kind = Literal["agreement", "cosine", "jensen_shannon"]


def confusion_matrix(
    labels: Any, predicted: Any, *, n_classes: int | None = None
) -> NDArray[np.int64]:
    """How often each class was predicted for rows of each class.

    Parameters
    ----------
    labels : sequence of int of shape (n_samples,)
        Class number of each row; rows below 0 are left out.
    predicted : sequence of int of shape (n_samples,)
        Predicted class number; rows below 0 are left out.
    n_classes : int, optional
        Size of the matrix; by default as large as the numbers need.

    Returns
    -------
    counts : ndarray of shape (n_classes, n_classes), dtype int64
        Rows are labels, columns predictions.

    Raises
    ------
    ShapeError
        Not one prediction per label.
    InvalidInputError
        A number is not below `n_classes`, or not whole.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1], [0, 1, 1]).tolist()
    [[1, 1], [0, 1]]
    """
    y, said = np.asarray(labels), np.asarray(predicted)
    if y.ndim != 1 or y.shape != said.shape:
        raise ShapeError(
            f"labels has shape {y.shape} and predicted {said.shape}; one of each per row is needed."
        )
    for name, values in (("labels", y), ("predicted", said)):
        if values.size and values.dtype.kind not in "iub":
            raise InvalidInputError(
                f"{name} has dtype {values.dtype}; class numbers are needed. Turn names into "
                f"numbers with np.unique(names, return_inverse=True)[1]."
            )
    known = (y >= 0) & (said >= 0)
    y, said = y[known].astype(np.int64), said[known].astype(np.int64)
    needed = int(max(y.max(initial=-1), said.max(initial=-1))) + 1
    size = needed if n_classes is None else n_classes
    if needed > size:
        raise InvalidInputError(
            f"Class {needed - 1} occurs, but n_classes is {size}. Pass n_classes={needed}."
        )
    return np.bincount(y * size + said, minlength=size * size).reshape(size, size)


def prediction_similarity(P: Any, Q: Any, *, kind: Kind = "agreement") -> float:
    """How alike the predictions of two models, or of one at two steps, are.

    Parameters
    ----------
    P : array-like of shape (n_samples,) or (n_samples, n_classes), or Predictions
        Class numbers, or scores; scores that are no probabilities become them by softmax.
    Q : array-like of shape (n_samples,) or (n_samples, n_classes), or Predictions
        For the same rows in the same order.
    kind : {"agreement", "cosine", "jensen_shannon"}
        Share of equal classes; mean cosine of the probabilities; or 1 minus the mean
        Jensen-Shannon divergence in bits.

    Returns
    -------
    similarity : float
        In [0, 1]; 1 for equal predictions. nan if no row has both.

    Raises
    ------
    ShapeError
        Rows or classes differ in number.
    InvalidInputError
        An unknown `kind`.

    Examples
    --------
    >>> prediction_similarity([0, 1, 1, 2], [0, 1, 2, 2])
    0.75
    """
    estimate = prediction_agreement(_as_predictions(P), _as_predictions(Q), kind)
    return float("nan") if estimate is None else estimate.value


def prediction_agreement(P: Predictions, Q: Predictions, kind: Kind) -> Estimate | None:
    """Similarity with its standard error; None if no row has both predictions."""
    if len(P.values) != len(Q.values):
        raise ShapeError(
            f"There are predictions for {len(P.values)} and {len(Q.values)} rows; the same rows "
            f"in the same order are needed."
        )
    known = (P.predicted >= 0) & (Q.predicted >= 0)
    if not known.any():
        return None
    if kind == "agreement":
        return of_mean((P.predicted[known] == Q.predicted[known]).astype(np.float64))
    if kind not in ("cosine", "jensen_shannon"):
        raise InvalidInputError(
            f"kind is {kind!r}; 'agreement', 'cosine' or 'jensen_shannon' is needed."
        )
    p, q = P.probabilities.astype(np.float64), Q.probabilities.astype(np.float64)
    width = max(p.shape[1], q.shape[1])
    if p.shape[1] != q.shape[1] and "classes" not in (P.kind, Q.kind):
        raise ShapeError(
            f"There are scores for {p.shape[1]} and {q.shape[1]} classes; the same are needed."
        )
    p, q = (np.pad(z, ((0, 0), (0, width - z.shape[1])))[known] for z in (p, q))
    if kind == "cosine":
        lengths = np.linalg.norm(p, axis=1) * np.linalg.norm(q, axis=1)
        return of_mean(np.einsum("ij,ij->i", p, q) / np.where(lengths > 0, lengths, 1.0))
    middle = (p + q) / 2
    return of_mean(1 - (_divergence(p, middle) + _divergence(q, middle)) / 2)


def _divergence(p: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    return np.asarray((p * np.log2(ratio)).sum(axis=1))


def _as_predictions(values: Any) -> Predictions:
    if isinstance(values, Predictions):
        return values
    array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    return Predictions(np.arange(len(array)), array)
