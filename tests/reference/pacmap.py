"""PaCMAP's pairs and losses as one would define them."""

import numpy as np


def pair_forces(Y, indices, offset):
    """Sum of (y_j - y_i) / (offset + d²)², each pair felt at both its ends."""
    forces = np.zeros_like(Y)
    for i, row in enumerate(indices):
        for j in row:
            force = (Y[j] - Y[i]) / (offset + np.sum((Y[j] - Y[i]) ** 2)) ** 2
            forces[i] += force
            forces[j] -= force
    return forces


def loss(Y, near, midnear, further, weights):
    """Weighted sum of d/(10 + d), d/(10000 + d) and 1/(1 + d), with d = 1 + distance²."""

    def d(indices):
        return 1 + ((Y[:, None] - Y[indices]) ** 2).sum(axis=2)

    parts = (
        d(near) / (10 + d(near)),
        d(midnear) / (10000 + d(midnear)),
        1 / (1 + d(further)),
    )
    return sum(weight * part.sum() for weight, part in zip(weights, parts, strict=True))


def nearest(indices, distances, k):
    """Neighbours by d² over the product of both points' mean distance to neighbours 4 to 6."""
    unit = distances[:, 3:6].astype(np.float64).mean(axis=1)
    chosen = []
    for i, row in enumerate(indices):
        scaled = distances[i].astype(np.float64) ** 2 / (unit[i] * unit[row])
        chosen.append(row[np.argsort(scaled, kind="stable")[:k]])
    return np.array(chosen)


def nearby_forces(Y, indices, offset):
    """As `pair_forces`, each over the root of 1 + d²."""
    forces = np.zeros_like(Y)
    for i, row in enumerate(indices):
        for j in row:
            squared = np.sum((Y[j] - Y[i]) ** 2)
            force = (Y[j] - Y[i]) / ((offset + squared) ** 2 * np.sqrt(1 + squared))
            forces[i] += force
            forces[j] -= force
    return forces
