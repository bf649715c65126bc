"""Nearest neighbours and trustworthiness by sorting every distance."""

import numpy as np


def all_distances(X, metric="euclidean"):
    """Distances of all rows to all rows, from differences in double precision."""
    X = np.asarray(X, dtype=np.float64)
    if metric == "euclidean":
        return np.array([np.sqrt(((X - row) ** 2).sum(axis=1)) for row in X])
    norms = np.linalg.norm(X, axis=1)
    scale = np.outer(norms, norms)
    cosines = np.divide(X @ X.T, scale, out=np.zeros_like(scale), where=scale > 0)
    return np.maximum(0.0, 1 - cosines)


def exact_neighbors(X, k, metric="euclidean", exclude_self=True):
    """Indices and distances of the k nearest rows, ties by lower row."""
    distances = all_distances(X, metric)
    if exclude_self:
        np.fill_diagonal(distances, np.inf)
    indices = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(distances, indices, axis=1)


def ranks(X):
    """Ranks of the other rows seen from each row: 1 is the nearest, ties share the lowest."""
    distances = all_distances(X)
    np.fill_diagonal(distances, np.inf)
    return 1 + (distances[:, None, :] < distances[:, :, None]).sum(axis=2)


def point_trust(X, Y, k):
    """Trustworthiness of each row alone."""
    n = len(X)
    neighbors, _ = exact_neighbors(Y, k)
    excess = np.take_along_axis(ranks(X), neighbors, axis=1) - k
    return 1 - 2 / (k * (2 * n - 3 * k - 1)) * np.maximum(excess, 0).sum(axis=1)
