"""PHATE with dense matrices, written to be read."""

from __future__ import annotations

import numpy as np


def kernel(X, knn, decay):
    """Mean of both rows' views of how near they are, and one on the diagonal."""
    distances = np.linalg.norm(X[:, None] - X[None], axis=2)
    widths = np.sort(distances, axis=1)[:, knn]
    own = np.exp(-((distances / widths[:, None]) ** decay))
    own[own < 1e-4] = 0.0
    K = (own + own.T) / 2
    np.fill_diagonal(K, 1.0)
    return K


def operator(K):
    """Chances of one step."""
    return K / K.sum(axis=1, keepdims=True)


def entropies(K, n_times):
    """Von Neumann entropy after 1, 2, … steps."""
    degrees = K.sum(axis=1)
    sizes = np.abs(np.linalg.eigvalsh(K / np.sqrt(np.outer(degrees, degrees))))
    found = []
    for t in range(1, n_times + 1):
        chances = sizes**t / (sizes**t).sum()
        chances = chances[chances > 0]
        found.append(-(chances * np.log(chances)).sum())
    return np.array(found)


def potential(P, t, gamma):
    """Where t steps lead, transformed."""
    arrived = np.linalg.matrix_power(P, t)
    if gamma == 1:
        return -np.log(arrived + 1e-7)
    c = (1 - gamma) / 2
    return arrived**c / c
