"""t-SNE by its definition, over all pairs."""

import numpy as np


def conditional(squared, perplexity):
    """Weights exp(-beta d²) of one row, adding up to one, with the entropy log(perplexity)."""
    squared = np.asarray(squared, dtype=np.float64)
    squared = squared - squared.min()
    low, high = -80.0, 160.0
    for _ in range(200):
        beta = np.exp((low + high) / 2) / max(squared.max(), 1e-300)
        weights = np.exp(-beta * squared)
        weights /= weights.sum()
        if entropy(weights) > np.log(perplexity):
            low = (low + high) / 2
        else:
            high = (low + high) / 2
    return weights


def entropy(weights):
    """Of a row that adds up to one, in nats."""
    positive = weights[weights > 0]
    return -np.sum(positive * np.log(positive))


def joint(indices, weights):
    """(W + Wᵀ) / 2n as a dense matrix."""
    n = len(indices)
    W = np.zeros((n, n))
    np.put_along_axis(W, indices.astype(int), weights, axis=1)
    return (W + W.T) / (2 * n)


def kernel(Y):
    """Student's t kernel of all pairs, and their differences."""
    steps = Y[:, None, :] - Y[None, :, :]
    q = 1 / (1 + (steps**2).sum(axis=2))
    return q, steps


def divergence(P, Y):
    """Kullback-Leibler divergence of the map from the joint probabilities."""
    q, _ = kernel(Y)
    np.fill_diagonal(q, 0)
    Q = q / q.sum()
    there = P > 0
    return np.sum(P[there] * np.log(P[there] / Q[there]))


def attraction(P, Y):
    """Sum of p q (y_j - y_i)."""
    q, steps = kernel(Y)
    return -((P * q)[:, :, None] * steps).sum(axis=1)


def field(points, sources):
    """Sums of q and of q² (point - source)."""
    steps = points[:, None, :] - sources[None, :, :]
    q = 1 / (1 + (steps**2).sum(axis=2))
    return np.column_stack([q.sum(axis=1), (q[:, :, None] ** 2 * steps).sum(axis=1)])


def step(Y, velocity, gains, force, learning_rate, momentum, longest, anchors=0, stiffness=0):
    """One step with momentum and gains: map, velocity and gains after it.

    The springs' part is implicit: their force is that of the place where the step ends.
    """
    onward = (force + stiffness * (anchors - Y) > 0) == (velocity > 0)
    gains = np.maximum(np.where(onward, gains + 0.2, gains * 0.8), 0.01)
    velocity = momentum * velocity + learning_rate * gains * force
    stiff = learning_rate * gains * stiffness
    velocity = (velocity + stiff * (anchors - Y)) / (1 + stiff)
    lengths = np.linalg.norm(velocity, axis=1, keepdims=True)
    velocity = velocity * np.minimum(1, longest / np.maximum(lengths, 1e-300))
    return Y + velocity, velocity, gains
