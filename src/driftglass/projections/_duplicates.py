"""Equal rows, found by hash: they share one place in a map."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._fuzzy import FuzzyGraph

__all__ = ["Groups", "group_rows", "row_keys"]


def row_keys(X: Any) -> NDArray[np.uint64]:
    """Hash of the values of each row of X, in double precision for float64, else in single."""
    import xxhash

    if not isinstance(X, np.ndarray):
        return _sparse_keys(X)
    wide = X.dtype == np.float64 or X.dtype.kind in "iu"
    # Adding zero turns -0 into +0, so that equal values are equal bytes.
    keys = np.empty(len(X), dtype=np.uint64)
    for first in range(0, len(X), 4096):
        block: Any = np.array(
            X[first : first + 4096], np.float64 if wide else np.float32, order="C"
        )
        block += 0
        width = block.shape[1] * block.itemsize
        flat = memoryview(block).cast("B")
        keys[first : first + len(block)] = [
            xxhash.xxh3_64_intdigest(flat[start : start + width])
            for start in range(0, len(flat), width)
        ]
    return keys


def _sparse_keys(X: Any) -> NDArray[np.uint64]:
    """The same for sparse rows: a hash of their columns and values, without stored zeros."""
    import xxhash

    X = X.tocsr().copy()
    X.sum_duplicates()
    X.eliminate_zeros()
    wide = X.dtype == np.float64 or X.dtype.kind in "iu"
    values = np.asarray(X.data, dtype=np.float64 if wide else np.float32)
    columns = X.indices.astype(np.int64)
    keys = np.empty(X.shape[0], dtype=np.uint64)
    for i, (first, last) in enumerate(itertools.pairwise(X.indptr)):
        row = columns[first:last].tobytes() + values[first:last].tobytes()
        keys[i] = xxhash.xxh3_64_intdigest(row)
    return keys


@dataclass(frozen=True, eq=False)
class Groups:
    """Which rows are equal.

    Parameters
    ----------
    first : ndarray of shape (n_groups,)
        First row of each group, ascending.
    group : ndarray of shape (n_samples,)
        The group of each row.
    keys : ndarray of shape (n_groups,), dtype uint64
        Hash of the rows of each group.
    """

    first: NDArray[np.intp]
    group: NDArray[np.intp]
    keys: NDArray[np.uint64]

    @property
    def all_differ(self) -> bool:
        """Whether no two rows are equal."""
        return len(self.first) == len(self.group)

    @classmethod
    def all_different(cls, n_samples: int, keys: NDArray[np.uint64] | None = None) -> Groups:
        """Every row by itself."""
        everyone = np.arange(n_samples)
        return cls(everyone, everyone, everyone.astype(np.uint64) if keys is None else keys)

    def spread(self, graph: FuzzyGraph) -> FuzzyGraph:
        """The graph of all rows, of one of the groups: equal rows hang on the first of them."""
        if self.all_differ:
            return graph
        from scipy.sparse import csr_array

        n = len(self.group)
        rows, columns = self.first[graph.rows], self.first[graph.columns]
        later = np.setdiff1d(np.arange(n), self.first)
        leaders, ones = self.first[self.group[later]], np.ones(len(later), dtype=np.float32)
        weights = np.concatenate([graph.weights, ones, ones])
        ends = (np.concatenate([rows, later, leaders]), np.concatenate([columns, leaders, later]))
        return FuzzyGraph.from_sparse(csr_array((weights, ends), shape=(n, n)))


def group_rows(X: Any) -> Groups:
    """Group the equal rows of X of shape (n_samples, n_features), dense or sparse."""
    keys = row_keys(X)
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return Groups(first[order], rank[group.ravel()], keys[first[order]])
