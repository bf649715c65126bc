"""A few leading eigenvectors of a symmetric matrix, for less than all of them cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["leading_pairs"]

SPARE = 6
"""Vectors of a block beyond those wanted: so many more equal eigenvalues are told apart."""
STEPS = 24
TOLERANCE = 1e-13


def leading_pairs(
    A: NDArray[np.float64], k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Largest eigenvalues of A and their vectors, by block Lanczos (Golub and Underwood 1977).

    All blocks are kept orthogonal to each other, so no eigenvalue appears twice that is single.

    Parameters
    ----------
    A : ndarray of shape (d, d)
        Symmetric and positive semidefinite.
    k : int
        How many.

    Returns
    -------
    values, vectors : ndarray of shape (k,) and (d, k), or None
        Falling; none where they lie so close together that a factorization comes sooner.
    """
    d = len(A)
    width = k + SPARE
    steps = min(STEPS, d // width)
    if steps < 2:
        return None
    basis = np.empty((d, steps * width))
    image = np.empty_like(basis)
    # A fixed start, so that equal matrices give equal axes.
    block, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(d, width)))
    for step in range(steps):
        now = slice(step * width, (step + 1) * width)
        basis[:, now], image[:, now] = block, A @ block
        so_far, there = basis[:, : now.stop], image[:, : now.stop]
        if step >= 2 and step % 2 == 0:
            values, turns = np.linalg.eigh(so_far.T @ there)
            values, turns = values[: -k - 1 : -1], turns[:, : -k - 1 : -1]
            vectors = so_far @ turns
            missed = np.linalg.norm(there @ turns - vectors * values, axis=0)
            if missed.max() <= TOLERANCE * values[0]:
                return values, vectors
        block = image[:, now].copy()
        for _ in range(2):  # twice is enough (Kahan)
            block -= so_far @ (so_far.T @ block)
        block, _ = np.linalg.qr(block)
        block -= so_far @ (so_far.T @ block)  # where hardly anything was left, its rounding is
        block, _ = np.linalg.qr(block)
    return None
