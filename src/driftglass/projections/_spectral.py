"""Leading eigenvectors of a neighbour graph, as good as a start needs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _kernels

__all__ = ["spectral_coordinates"]

Block = NDArray[np.float32]

DENSE_UP_TO = 128
"""Rows up to which all eigenvectors are computed; a block needs more rows than vectors."""
DEGREE = 20
"""Of the polynomial between two looks at the vectors."""
MOST_ROUNDS = 20
GOOD_ENOUGH = 0.1
"""Residual, as a share of the distance of an eigenvalue to the trivial one, at which a vector
leans towards no other by more than a few degrees."""
LEAST_RESIDUAL = 2e-6
"""What single precision leaves."""


def spectral_coordinates(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    n_components: int,
    *,
    guess: NDArray[Any] | None = None,
    n_threads: int = 1,
) -> NDArray[np.float64]:
    """Leading eigenvectors of a symmetric graph's normalized weights, but for the trivial one.

    A block of vectors goes through Chebyshev polynomials of the matrix that damp everything
    below the block's own eigenvalues; between them the block is turned to the best vectors in its
    span (Zhou, Saad, Tiago and Chelikowsky 2006). A start is scaled and moved about afterwards,
    so a few degrees do not matter, and are many times cheaper than none.

    Parameters
    ----------
    starts : ndarray of shape (n_samples + 1,), dtype int64
        Where the edges of each row begin.
    columns, weights : ndarray of shape (n_edges,)
        Their other ends, and positive weights.
    n_components : int
        Vectors wanted; those beyond the rows are zero.
    guess : ndarray of shape (n_samples, n_components), optional
        Coordinates to begin with in place of random numbers, such as those on principal axes.
        Groups that hardly any edge joins have nearly equal eigenvalues, and any mixture of their
        vectors is as good to the graph: this one says more about how the groups lie.
    n_threads : int
        Changes the time and not the result.

    Returns
    -------
    vectors : ndarray of shape (n_samples, n_components)
        Of length one, the largest entry positive.
    """
    n = len(starts) - 1
    degrees = np.add.reduceat(np.append(weights, 0).astype(np.float64), starts[:-1])
    degrees[np.diff(starts) == 0] = 0.0
    root = np.sqrt(np.maximum(degrees, 1e-30))
    rows = np.repeat(np.arange(n, dtype=np.int32), np.diff(starts))
    normalized = (weights / (root[rows] * root[columns])).astype(np.float32)
    del rows
    # With the trivial vector, and one more to keep the last wanted from mixing with the rest.
    width = -(-(n_components + 2) // 4) * 4
    if n <= max(DENSE_UP_TO, 2 * width):
        vectors = _dense(starts, columns, normalized)
    else:
        graph = (starts, columns, normalized)
        vectors = _filtered(graph, root, width, n_components, guess, n_threads)
    vectors = vectors[:, 1 : n_components + 1]
    largest = np.abs(vectors).argmax(axis=0)
    Y = np.zeros((n, n_components))
    Y[:, : vectors.shape[1]] = vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return Y


def _dense(
    starts: NDArray[np.int64], columns: NDArray[np.int32], weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    n = len(starts) - 1
    matrix = np.zeros((n, n))
    matrix[np.repeat(np.arange(n), np.diff(starts)), columns] = weights
    vectors: NDArray[np.float64] = np.linalg.eigh(matrix)[1][:, ::-1]
    return vectors


def _filtered(
    graph: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    root: NDArray[np.float64],
    width: int,
    n_components: int,
    guess: NDArray[Any] | None,
    n_threads: int,
) -> NDArray[np.float64]:
    n = len(root)

    def product(V: Block) -> Block:
        return _kernels.graph_product(*graph, V, n_threads=n_threads)

    block = np.random.default_rng(0).standard_normal((n, width), dtype=np.float32)
    block *= root[:, None].astype(np.float32)
    block[:, 0] = root
    if guess is not None:
        spread = guess.std(axis=0)
        told = np.flatnonzero(spread > 1e-6 * np.abs(guess).max(initial=1e-30))
        # Axes without extent keep their random numbers.
        told_rows = (guess[:, told] - guess[:, told].mean(axis=0)) / spread[told]
        block[:, 1 + told] = (told_rows * root[:, None]).astype(np.float32)
    wanted = slice(1, n_components + 1)
    for turn in range(MOST_ROUNDS + 1):
        block = _orthonormal(block)
        image = product(block)
        small = (block.T @ image).astype(np.float64)
        values, turns = np.linalg.eigh((small + small.T) / 2)
        values, turned = values[::-1], turns[:, ::-1].astype(np.float32)
        block, image = block @ turned, image @ turned
        residuals = np.linalg.norm(image - block * values.astype(np.float32), axis=0)[wanted]
        limits = np.maximum(GOOD_ENOUGH * (1.0 - values[wanted]), LEAST_RESIDUAL)
        if turn == MOST_ROUNDS or (residuals <= limits).all():
            break
        block = _damped(product, block, image, float(values[-1]))
    return block.astype(np.float64)


def _damped(product: Callable[[Block], Block], block: Block, image: Block, high: float) -> Block:
    """Chebyshev polynomial of the matrix, small from -1 to `high`, times the block."""
    high = min(max(high, -0.9), 0.9999)
    half, centre = np.float32((high + 1.0) / 2), np.float32((high - 1.0) / 2)
    # Scaled to be 1 at the trivial eigenvalue 1, so that no number grows.
    first = scale = half / (np.float32(1.0) - centre)
    before, now = block, (image - centre * block) * (first / half)
    for _ in range(DEGREE - 1):
        following = np.float32(1.0) / (np.float32(2.0) / first - scale)
        image = product(now)
        image -= centre * now
        image *= np.float32(2.0) * following / half
        image -= (scale * following) * before
        before, now, scale = now, image, following
    return now


def _orthonormal(block: Block) -> Block:
    """Columns of the same span, orthonormal in single precision; twice is enough."""
    for _ in range(2):
        norms = np.maximum(np.linalg.norm(block, axis=0), 1e-30)
        block = block / norms
        gram = block.T.astype(np.float32) @ block
        values, vectors = np.linalg.eigh(gram.astype(np.float64))
        block = block @ (vectors / np.sqrt(np.maximum(values, 1e-7))).astype(np.float32)
    return block
