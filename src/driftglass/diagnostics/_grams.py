"""Inner products of the centred Gram matrices of many snapshots, a few of their rows at a time.

The Gram matrix ``K = X X'`` of n rows has n² entries, so those of many snapshots do not fit into
memory together. What is needed of them does: their inner products, ``<K_s, K_t>`` for all pairs,
are sums over rows. Each block of rows is computed for every snapshot, and one matrix product
adds its share to all pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._device import Device
from ..parallel import Threads
from ._estimates import Estimate, of_influence

__all__ = ["MIN_ROWS", "GramProducts", "gram_products"]

MIN_ROWS = 4
"""The unbiased estimate divides by n - 3."""
STACK_BYTES = 128 << 20
PRODUCT_ROWS = 32
"""Snapshots per matrix product; fixed, so that the number of threads changes no bit."""
ROUNDING = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class GramProducts:
    """Inner products of Gram matrices, each of a snapshot scaled to mean squared length 1.

    Parameters
    ----------
    unbiased : ndarray of shape (n_snapshots, n_snapshots)
        The estimate HSIC1 of Song et al. (2012) for every pair.
    lengths : ndarray of shape (n_snapshots, n_samples)
        Squared length of each centred row, the diagonals of the Gram matrices.
    rows : dict of (int, int) to ndarray of shape (n_samples,)
        For the pairs asked for and for each snapshot with itself, the share of every row; their
        mean is the entry of `unbiased`.
    constant : ndarray of shape (n_snapshots,), dtype bool
        Snapshots whose rows are all equal: nothing can be said about them.
    """

    unbiased: NDArray[np.float64]
    lengths: NDArray[np.float64]
    rows: dict[tuple[int, int], NDArray[np.float64]]
    constant: NDArray[np.bool_]

    @property
    def n_samples(self) -> int:
        """Rows of every snapshot."""
        return int(self.lengths.shape[1])

    @cached_property
    def cka(self) -> NDArray[np.float64]:
        """Unbiased linear CKA of every pair; nan where a snapshot is constant."""
        return self._normalized(self.unbiased)

    @cached_property
    def biased_cka(self) -> NDArray[np.float64]:
        """Linear CKA of every pair as first published; nan where a snapshot is constant."""
        n = self.n_samples
        traces = self.lengths.sum(axis=1)
        # Adding back what the unbiased estimate takes away costs nothing: both need the same sums.
        plain = self.unbiased * (n * (n - 3.0))
        plain += self.lengths @ self.lengths.T * (n / (n - 2.0))
        plain -= np.outer(traces, traces) / ((n - 1.0) * (n - 2.0))
        return self._normalized(plain)

    def _normalized(self, products: NDArray[np.float64]) -> NDArray[np.float64]:
        own = np.diag(products)
        usable = (own > 0) & ~self.constant
        root = np.sqrt(np.where(usable, own, 1.0))
        result = products / np.outer(root, root)
        result[~usable] = np.nan
        result[:, ~usable] = np.nan
        result[usable, usable] = 1.0
        return np.asarray(result)

    def cka_estimate(self, s: int, t: int) -> Estimate:
        """Unbiased CKA of a pair that was asked for, with its standard error."""
        own_s, own_t = self.rows[s, s], self.rows[t, t]
        root = float(np.sqrt(self.unbiased[s, s] * self.unbiased[t, t]))
        cka = float(self.cka[s, t])
        influence = 2 * self.rows[s, t] / root
        influence -= cka * (own_s / self.unbiased[s, s] + own_t / self.unbiased[t, t])
        return of_influence(cka, influence)

    def participation_ratio(self, t: int) -> Estimate:
        """Participation ratio of a snapshot, without the bias of few rows."""
        n = self.n_samples
        trace = float(self.lengths[t].sum() / (n - 1))
        squares = float(self.unbiased[t, t])
        value = trace**2 / squares
        share = self.lengths[t] / self.lengths[t].mean()
        return of_influence(value, 2 * value * (share - self.rows[t, t] / squares))


def gram_products(
    Xs: Sequence[NDArray[Any]],
    executor: Threads,
    *,
    pairs: Sequence[tuple[int, int]] = (),
    device: Device | None = None,
) -> GramProducts:
    """Inner products of the Gram matrices of snapshots of the same rows.

    Parameters
    ----------
    Xs : sequence of ndarray of shape (n_samples, n_features)
        Finite vectors of the same rows in the same order; widths may differ. At least
        `MIN_ROWS` rows.
    executor : Threads
        Where to work.
    pairs : sequence of (int, int)
        Pairs whose rows are wanted, for standard errors.
    device : Device, optional
        Where torch multiplies, in double precision; equal to about 1e-12.
    """
    n, n_snapshots = len(Xs[0]), len(Xs)
    assert n >= MIN_ROWS
    frames = executor.map(_Centered.of, Xs)
    lengths = np.stack(executor.map(lambda frame: frame.lengths(), frames))
    wanted = {*pairs, *((t, t) for t in range(n_snapshots))}
    constant = np.array([frame.constant for frame in frames])
    if device is not None:
        from .._device import gram_blocks

        centred = [frame.rows() for frame in frames]
        unbiased, sums = gram_blocks(centred, lengths, sorted(wanted), device)
        unbiased /= n * (n - 3.0)
        shares = {pair: total / (n - 3) for pair, total in sums.items()}
        return GramProducts((unbiased + unbiased.T) / 2, lengths, shares, constant)
    rows = {pair: np.empty(n) for pair in wanted}
    unbiased = np.zeros((n_snapshots, n_snapshots))
    size = max(1, STACK_BYTES // (8 * n * n_snapshots))
    parts = [slice(at, at + PRODUCT_ROWS) for at in range(0, n_snapshots, PRODUCT_ROWS)]
    stack = np.empty((n_snapshots, min(size, n), n))
    for start in range(0, n, size):
        block = np.arange(start, min(start + size, n))
        here = stack[:, : len(block)]

        def fill(t: int, block: Any = block, here: Any = here) -> None:
            _u_centered(frames[t], lengths[t], block, here[t])

        def keep(pair: tuple[int, int], block: Any = block, here: Any = here) -> None:
            rows[pair][block] = np.einsum("ij,ij->i", here[pair[0]], here[pair[1]]) / (n - 3)

        executor.map(fill, range(n_snapshots))
        executor.map(keep, sorted(wanted))
        flat = here.reshape(n_snapshots, -1)
        unbiased += np.vstack(executor.map(partial(_products, flat), parts))
    unbiased /= n * (n - 3.0)
    return GramProducts((unbiased + unbiased.T) / 2, lengths, rows, constant)


@dataclass(frozen=True, eq=False)
class _Centered:
    """Vectors with what centres and scales them; made float64 only when they are used."""

    X: NDArray[Any]
    mean: NDArray[np.float64]
    scale: float
    constant: bool

    @classmethod
    def of(cls, X: NDArray[Any]) -> _Centered:
        # A power of two first, so that the squares stay in range whatever the unit.
        reach = float(np.abs(X).max(initial=0.0))
        unit = float(2.0 ** -np.ceil(np.log2(reach))) if reach > 0 else 1.0
        mean = X.mean(axis=0, dtype=np.float64)
        centered = (X - mean) * unit
        spread = float(np.einsum("ij,ij->", centered, centered) / max(1, len(X)))
        constant = spread <= ROUNDING**2 * max(1, X.shape[1])
        return cls(X, mean, 1.0 if constant else unit / float(np.sqrt(spread)), constant)

    def rows(self) -> NDArray[np.float64]:
        centered = self.X.astype(np.float64)
        centered -= self.mean
        centered *= self.scale
        return centered

    def lengths(self) -> NDArray[np.float64]:
        rows = self.rows()
        return np.asarray(np.einsum("ij,ij->i", rows, rows))


def _products(flat: NDArray[np.float64], part: slice) -> NDArray[np.float64]:
    return np.asarray(flat[part] @ flat.T)


def _u_centered(
    frame: _Centered, lengths: NDArray[np.float64], block: NDArray[Any], out: NDArray[np.float64]
) -> None:
    """Write some rows of the U-centred Gram matrix (Székely and Rizzo 2014) to `out`.

    Rows of the centred Gram matrix add up to zero, so its off-diagonal sums, which U-centring
    needs, are minus its diagonal.
    """
    n = len(lengths)
    X = frame.rows()
    np.matmul(X[block], X.T, out=out)
    out += lengths[block, None] / (n - 2)
    out += lengths / (n - 2) - lengths.sum() / ((n - 1.0) * (n - 2.0))
    out[np.arange(len(block)), block] = 0.0
