"""A few more candidates than neighbours wanted, and a proof that they are enough."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import _kernels
from .._device import Device
from .._progress import Progress, silent
from ..parallel import Threads

__all__ = ["Candidates", "Centered", "candidates", "candidates_again"]

BLOCK = 512
"""Rows and columns of a block of products: 1 MiB, which stays in a core's second-level cache."""
MIRRORED_ROWS = 200_000
"""Up to here every row keeps a list at the same time (at most 128 MB at k = 15)."""
SINGLE = 2.0**-24
DOUBLE = 2.0**-53


@dataclass(frozen=True, eq=False)
class Centered:
    """Vectors moved to their mean and scaled, so that products lose few digits.

    Parameters
    ----------
    vectors : ndarray of shape (n_samples, n_features), dtype float32
        ``(base - mean) * scale``; of unit vectors for the cosine.
    norms : ndarray of shape (n_samples,), dtype float64
        Squared norms of the rows.
    offsets : ndarray of shape (n_samples,), dtype float64
        The norms, plus what is known to be missing from the distance to that row.
    mean : ndarray of shape (n_features,), dtype float64
        What was subtracted.
    scale : float
        A power of two, 1 for the cosine.
    """

    vectors: NDArray[np.float32]
    norms: NDArray[np.float64]
    offsets: NDArray[np.float64]
    mean: NDArray[np.float64]
    scale: float

    @classmethod
    def of(cls, base: NDArray[np.float32], metric: str, executor: Threads) -> Centered:
        """Centre vectors of shape (n_samples, n_features)."""
        parts = _slices(len(base))
        sums = executor.map(lambda part: _widened(base[part], metric).sum(axis=0), parts)
        mean = np.sum(sums, axis=0) / len(base)
        scale = 1.0
        if metric == "euclidean":
            reach = executor.map(lambda part: float(np.abs(base[part] - mean).max()), parts)
            # A power of two, so that scaling rounds nothing. Squares of values near 1 neither
            # overflow nor vanish.
            scale = float(2.0 ** -np.ceil(np.log2(max(reach)))) if max(reach) > 0 else 1.0
        vectors = np.empty_like(base)
        norms = np.empty(len(base))

        def fill(part: slice) -> None:
            vectors[part] = (_widened(base[part], metric) - mean) * scale
            norms[part] = np.einsum("ij,ij->i", vectors[part], vectors[part], dtype=np.float64)

        executor.map(fill, parts)
        offsets = norms.copy()
        if metric == "cosine":
            # A zero row is at squared distance 1 from a unit vector, but 2 stands for a
            # cosine distance of 1.
            offsets[~base.any(axis=1)] += 1.0
        return cls(vectors, norms, offsets, mean, scale)


def _widened(block: NDArray[np.float32], metric: str) -> NDArray[np.float64]:
    """Rows in double precision, for the cosine scaled to norm 1; rows of zeros stay zero."""
    wide = block.astype(np.float64)
    if metric == "cosine":
        norms = np.linalg.norm(wide, axis=1, keepdims=True)
        np.divide(wide, norms, out=wide, where=norms > 0)
    return wide


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidates of each row, and how near an outsider can be.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_candidates), dtype int32
        Rows of the data.
    outside : ndarray of shape (n_rows,)
        No row that is not a candidate has a smaller squared distance than this.
    """

    columns: NDArray[np.int32]
    outside: NDArray[np.float64]

    def certifies(self, farthest: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether k candidates up to this squared distance are the k nearest rows of all.

        Strictly: a row outside at the same distance might have a lower index.
        """
        return farthest < self.outside


def candidates(
    data: Centered,
    rows: NDArray[np.int32],
    k: int,
    executor: Threads,
    device: Device | None = None,
    report: Progress = silent,
) -> Candidates:
    """Candidates from single-precision products; all rows if there are few."""
    n_samples = len(data.vectors)
    wanted = k + max(8, k // 2)
    if wanted >= n_samples:
        return _everyone(len(rows), n_samples)
    offsets = data.offsets.astype(np.float32)
    if device is not None:
        from .._device import smallest_values

        values, columns = smallest_values(
            data.vectors, offsets, rows, wanted, device, progress=report
        )
    elif len(rows) == n_samples <= MIRRORED_ROWS and np.array_equal(rows, np.arange(n_samples)):
        values, columns = _select_mirrored(data.vectors, offsets, wanted, executor)
    else:
        values, columns = _select(data.vectors, offsets, rows, wanted, executor)
    own = np.sqrt(data.norms[rows])
    largest = float(np.sqrt(data.norms.max()))
    d = data.vectors.shape[1]
    # The product errs by at most d·u·|q||x| and counts twice; then come the rounding of the
    # offset, of the difference, and of the centred vectors themselves.
    error = (
        1.1
        * SINGLE
        * (
            2.0 * d * own * largest
            + 2.0 * (data.offsets.max() + own * largest)
            + 2.0 * (own + largest) ** 2
        )
    )
    return Candidates(columns, values[:, -1].astype(np.float64) + own**2 - error)


def candidates_again(
    data: Centered,
    base: NDArray[np.float32],
    rows: NDArray[np.int32],
    k: int,
    metric: str,
    executor: Threads,
) -> Candidates:
    """More candidates, from double-precision products, where the first were too close to call.

    That happens when many rows are equally far, or when clusters are tight and far apart, so
    that centring helps nobody.
    """
    n_samples = len(base)
    wanted = 8 * (k + 16)
    if wanted >= n_samples:
        return _everyone(len(rows), n_samples)

    def centered(block: NDArray[np.float32]) -> NDArray[np.float64]:
        moved: NDArray[np.float64] = (_widened(block, metric) - data.mean) * data.scale
        return moved

    missing = data.offsets - data.norms
    values = np.empty((len(rows), wanted))
    columns = np.empty((len(rows), wanted), dtype=np.int32)
    norms = np.concatenate(
        [np.einsum("ij,ij->i", *[centered(base[part])] * 2) for part in _slices(n_samples)]
    )

    def run(part: slice) -> None:
        queries = centered(base[rows[part]])
        own = np.einsum("ij,ij->i", queries, queries)
        zero = np.zeros(n_samples, dtype=np.float32)
        selection = _kernels.Selection(len(queries), wanted, zero)
        for columns_part in _slices(n_samples):
            squared = (
                own[:, None] + norms[columns_part] - 2.0 * queries @ centered(base[columns_part]).T
            )
            squared = np.maximum(squared, 0.0) + missing[columns_part]
            halved = np.ascontiguousarray(-0.5 * squared, dtype=np.float32)
            selection.update(halved, 0, columns_part.start)
        values[part], columns[part] = selection.smallest()

    executor.map(run, _slices(len(rows)))
    largest = float(norms.max())
    d = base.shape[1]
    error = 8.0 * DOUBLE * (d + 8) * largest
    return Candidates(columns, values[:, -1] * (1.0 - 2.0 * SINGLE) - error)


def _everyone(n_rows: int, n_samples: int) -> Candidates:
    columns = np.broadcast_to(np.arange(n_samples, dtype=np.int32), (n_rows, n_samples))
    return Candidates(np.ascontiguousarray(columns), np.full(n_rows, np.inf))


def _select(
    vectors: NDArray[np.float32],
    offsets: NDArray[np.float32],
    rows: NDArray[np.int32],
    k: int,
    executor: Threads,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Each thread takes some rows and goes through all columns with them."""
    values = np.empty((len(rows), k), dtype=np.float32)
    columns = np.empty((len(rows), k), dtype=np.int32)
    room = _Room()

    def run(part: slice) -> None:
        queries = vectors[rows[part]]
        selection = _kernels.Selection(len(queries), k, offsets)
        for columns_part in _slices(len(vectors)):
            products = room.product(queries, vectors[columns_part])
            selection.update(products, 0, columns_part.start)
        values[part], columns[part] = selection.smallest()

    executor.map(run, _slices(len(rows)))
    return values, columns


class _Room(threading.local):
    """Memory of a thread's own for its products; fresh pages for each block cost a tenth."""

    def __init__(self) -> None:
        self.memory = np.empty(BLOCK * BLOCK, dtype=np.float32)

    def product(self, A: NDArray[np.float32], B: NDArray[np.float32]) -> NDArray[np.float32]:
        result = self.memory[: len(A) * len(B)].reshape(len(A), len(B))
        return np.matmul(A, B.T, out=result)


def _select_mirrored(
    vectors: NDArray[np.float32], offsets: NDArray[np.float32], k: int, executor: Threads
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """All rows against all: every product is computed once and serves both of its rows."""
    n_samples = len(vectors)
    selection = _kernels.Selection(n_samples, k, offsets, n_threads=executor.n_workers)
    parts = _slices(n_samples)
    room = _Room()

    def run(pair: tuple[int, int]) -> None:
        upper, lower = parts[min(pair)], parts[max(pair)]
        products = room.product(vectors[upper], vectors[lower])
        selection.update(products, upper.start, lower.start, mirrored=pair[0] != pair[1])

    for pairs in _rounds(len(parts)):
        executor.map(run, pairs)
    return selection.smallest()


def _rounds(n: int) -> Iterator[list[tuple[int, int]]]:
    """Every pair of n blocks once, in rounds in which no block appears twice.

    So threads never touch the same rows and need no locks: the circle method by which
    round-robin tournaments are drawn up.
    """
    yield [(block, block) for block in range(n)]
    even = n + n % 2
    for turn in range(even - 1):
        pairs = [(even - 1, turn)]
        pairs += [((turn + i) % (even - 1), (turn - i) % (even - 1)) for i in range(1, even // 2)]
        yield [pair for pair in pairs if max(pair) < n]


def _slices(n: int) -> list[slice]:
    return [slice(first, min(first + BLOCK, n)) for first in range(0, n, BLOCK)]
