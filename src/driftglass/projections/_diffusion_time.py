"""How many steps a walk by chance shall take: where the entropy of its eigenvalues levels off."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._diffusion import Diffusion

__all__ = ["knee", "von_neumann_entropy"]

MAX_TIME = 100
N_EXACT, N_PROBES, N_STEPS = 100, 32, 30
"""Eigenvalues found one by one, and the probes and steps that tell of all the others."""
DENSE_UP_TO = 512


def von_neumann_entropy(
    walk: Diffusion, n_times: int = MAX_TIME, *, seed: int = 0
) -> NDArray[np.float64]:
    """Entropy of the eigenvalues after 1 to `n_times` steps, their sizes taken as chances.

    Of a large operator, leading eigenvalues are found one by one; sums over all the others are
    estimated with random probes and Lanczos' quadrature, to a per mille of them or so.
    """
    values, weights = _spectrum(walk, seed)
    kept = values > 1e-12
    logs, weights = np.log(values[kept]), weights[kept]
    entropies = np.empty(n_times)
    for t in range(1, n_times + 1):
        powers = weights * np.exp(t * (logs - logs.max()))
        total = powers.sum()
        # -sum p log p, where p is a power over the total, in as many copies as its weight says.
        mean_log = float((powers * t * (logs - logs.max())).sum() / total)
        entropies[t - 1] = np.log(total) - mean_log
    return entropies


def _spectrum(walk: Diffusion, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sizes of eigenvalues, and how many there are of each."""
    n = walk.operator.shape[0]
    factor = walk.factor
    crossed = walk.to_landmarks is not None

    def times(V: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(factor.T @ (factor @ V)) if crossed else np.asarray(factor @ V)

    if n <= DENSE_UP_TO:
        dense = times(np.eye(n))
        found = np.abs(np.linalg.eigvalsh((dense + dense.T) / 2))
        return np.minimum(found, 1.0), np.ones(n)
    from scipy.sparse.linalg import LinearOperator, eigsh

    rng = np.random.default_rng(seed)
    operator = LinearOperator((n, n), matvec=times, matmat=times, dtype=np.float64)
    exact, vectors = eigsh(operator, k=N_EXACT, which="LM", v0=rng.normal(size=n), tol=1e-6)
    nodes, weights = _quadrature(times, vectors, rng)
    values = np.concatenate([np.abs(exact), np.abs(nodes)])
    return np.minimum(values, 1.0), np.concatenate([np.ones(len(exact)), weights])


def _quadrature(
    times: Any, known: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights that stand for all eigenvalues but those with known vectors."""
    n = len(known)
    V = rng.choice([-1.0, 1.0], size=(n, N_PROBES))
    V -= known @ (known.T @ V)
    norms = np.linalg.norm(V, axis=0)
    V /= norms
    before = np.zeros_like(V)
    diagonal, beside = np.empty((N_STEPS, N_PROBES)), np.zeros((N_STEPS, N_PROBES))
    for step in range(N_STEPS):
        W = times(V)
        W -= known @ (known.T @ W)
        diagonal[step] = np.einsum("ij,ij->j", V, W)
        W -= V * diagonal[step] + before * (beside[step - 1] if step else 0.0)
        beside[step] = np.linalg.norm(W, axis=0)
        before, V = V, W / np.maximum(beside[step], 1e-300)
    T = np.zeros((N_PROBES, N_STEPS, N_STEPS))
    steps = np.arange(N_STEPS)
    T[:, steps, steps] = diagonal.T
    T[:, steps[1:], steps[:-1]] = T[:, steps[:-1], steps[1:]] = beside[:-1].T
    nodes, vectors = np.linalg.eigh(T)
    weights = vectors[:, 0, :] ** 2 * (norms**2 / N_PROBES)[:, None]
    return nodes.ravel(), weights.ravel()


def knee(heights: NDArray[np.float64]) -> int:
    """Position, from 1, at which two straight lines fit a falling curve best.

    Each line is of least squares, and the pair is best whose sum of absolute errors is least. The
    point at the knee belongs to both.
    """
    n = len(heights)
    if n < 5:
        return max(1, (n + 1) // 2)
    x = np.arange(n, dtype=np.float64)
    errors = [
        _line_error(x[: at + 1], heights[: at + 1]) + _line_error(x[at:], heights[at:])
        for at in range(2, n - 2)
    ]
    return int(np.argmin(errors)) + 3


def _line_error(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    x, y = x - x.mean(), y - y.mean()
    return float(np.abs(y - x * (x @ y / (x @ x))).sum())
