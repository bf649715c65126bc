"""What the native kernels compute, as one would define it."""

import numpy as np


def smallest(values, k):
    """The k smallest of each row, ascending, ties by lower column; nan counts as +inf."""
    values = np.where(np.isnan(values), np.inf, values)
    columns = np.argsort(values, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(values, columns, axis=1), columns


def selection_values(products, offsets):
    """What a selection ranks: a squared distance less the row's own squared norm."""
    return (offsets - np.float32(2) * products).astype(np.float32)


def count_below(values, limits):
    """How many values of each row are below each of the row's limits."""
    return (values[:, None, :] < limits[:, :, None]).sum(axis=2)


def nearest_candidates(X, rows, candidates, k, metric, queries=None):
    """The k nearest of each row's candidates, by distance and then by row."""
    X = X.astype(np.float64)
    Q = X if queries is None else queries.astype(np.float64)
    distances = np.full((len(rows), k), np.inf)
    indices = np.full((len(rows), k), -1)
    for i, row in enumerate(rows):
        others = candidates[i][candidates[i] >= 0]
        found = sorted((distance(Q[row], X[other], metric), other) for other in others)[:k]
        for j, (value, other) in enumerate(found):
            distances[i, j], indices[i, j] = value, other
    return distances, indices


def distance(a, b, metric):
    """Squared Euclidean distance, or one minus the cosine of the angle (1 if it has none)."""
    if metric == "sqeuclidean":
        return np.sum((a - b) ** 2)
    scale = np.linalg.norm(a) * np.linalg.norm(b)
    return max(0.0, 1 - a @ b / scale) if scale > 0 else 1.0
