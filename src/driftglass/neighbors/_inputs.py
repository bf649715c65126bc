"""What a search accepts, said once: finite vectors, and how many neighbours."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors, finite_rows
from ..errors import DriftglassWarning, InvalidInputError, ShapeError
from ._graph import NeighborGraph

__all__ = [
    "as_finite_float32",
    "as_float32",
    "checked_graph",
    "checked_vectors",
    "clamped",
    "is_sparse",
    "largest_value",
    "query_rows",
    "report_zero_rows",
    "require_finite",
    "said",
]

EXACT_IN_FLOAT32 = {"float16", "float32", "bool", "int8", "uint8", "int16", "uint16"}


def checked_vectors(X: Any, name: str = "X") -> NDArray[Any]:
    """Finite vectors with at least one feature, with the dtype they came with."""
    vectors = as_vectors(X, name=name)
    if vectors.shape[1] == 0:
        raise ShapeError(
            f"{name} has shape {vectors.shape} and so no features; distances need at least one."
        )
    require_finite(vectors, name)
    return vectors


def require_finite(X: NDArray[Any], name: str = "X") -> None:
    """Name the rows that are not."""
    finite = finite_rows(X)
    if not finite.all():
        bad = np.flatnonzero(~finite)
        raise InvalidInputError(
            f"{len(bad)} of {len(X)} rows of {name} are not finite, the first is row {bad[0]}. "
            f"Distances need finite values; keep {name}[np.isfinite({name}).all(axis=1)]."
        )


def query_rows(queries: Any, n_samples: int) -> NDArray[np.int32]:
    """Row numbers as an array; all rows where none are given."""
    if queries is None:
        return np.arange(n_samples, dtype=np.int32)
    rows = np.asarray(queries)
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise InvalidInputError(
            f"queries has shape {rows.shape} and dtype {rows.dtype}; a flat list of row numbers "
            f"is needed. Turn a mask into one with np.flatnonzero."
        )
    if rows.size and (rows.min() < 0 or rows.max() >= n_samples):
        raise InvalidInputError(
            f"queries holds {rows.min()} to {rows.max()}; rows of X are 0 to {n_samples - 1}."
        )
    return np.ascontiguousarray(rows, dtype=np.int32)


def is_sparse(X: Any) -> bool:
    """Tell a SciPy sparse matrix or array without loading SciPy."""
    return hasattr(X, "tocsr") and hasattr(X, "nnz")


def checked_graph(graph: Any, n_samples: int) -> NDArray[np.int32]:
    """Neighbours of all rows in order, given as a graph of the same rows."""
    if not isinstance(graph, NeighborGraph):
        raise InvalidInputError(
            f"init is {type(graph).__name__}; a NeighborGraph is needed, as these functions return."
        )
    in_order = len(graph.queries) == n_samples and bool(
        (graph.queries == np.arange(n_samples)).all()
    )
    if graph.n_samples != n_samples or not in_order:
        raise ShapeError(
            f"init holds {len(graph.queries)} of {graph.n_samples} rows; the {n_samples} rows of "
            f"X, in order, are needed. Join the two snapshots on their ids first."
        )
    if graph.indices.size and not 0 <= graph.indices.min() <= graph.indices.max() < n_samples:
        raise InvalidInputError(
            f"init names rows {graph.indices.min()} to {graph.indices.max()}; rows of X are 0 to "
            f"{n_samples - 1}."
        )
    return graph.indices


def clamped(n_neighbors: Any, most: int, notes: list[str]) -> int:
    """As many neighbours as there can be; a note says if those are fewer."""
    if isinstance(n_neighbors, bool) or not isinstance(n_neighbors, (int, np.integer)):
        raise InvalidInputError(
            f"n_neighbors is {n_neighbors!r}; a whole number of at least 0 is needed."
        )
    if n_neighbors < 0:
        raise InvalidInputError(f"n_neighbors is {n_neighbors}; at least 0 is needed.")
    if n_neighbors <= most:
        return int(n_neighbors)
    most = max(most, 0)
    notes.append(f"n_neighbors {n_neighbors} lowered to {most}: there are no more other rows.")
    return most


def as_float32(X: NDArray[Any], *, moves: bool) -> tuple[NDArray[np.float32], float]:
    """Vectors as float32, and what to multiply their distances by.

    Where a common shift of all rows `moves` no distance, values that float32 cannot hold are
    centred first. Contiguous float32 whose squares neither overflow nor vanish is passed through.
    """
    if len(X) == 0:
        return np.ascontiguousarray(X, dtype=np.float32), 1.0
    if X.dtype.kind in "iu" and X.dtype.name not in EXACT_IN_FLOAT32 and moves:
        lowest = X.min(axis=0)
        if (X.max(axis=0).astype(np.float64) - lowest.astype(np.float64)).max() < 2**24:
            # Counts and pixels tie often, and exact differences keep the ties.
            return np.ascontiguousarray(X - lowest, dtype=np.float32), 1.0
    if X.dtype.name in EXACT_IN_FLOAT32 or _fits_float32(X):
        narrow = np.ascontiguousarray(X, dtype=np.float32)
        scale = _power_of_two(largest_value(narrow))
        if 2.0**-40 < scale < 2.0**40:
            return narrow, 1.0
        scale = min(scale, 2.0**127)
        return np.asarray(narrow / np.float32(scale)), scale
    # In blocks: mapped files may be larger than what fits in double precision.
    parts = [slice(first, first + 4096) for first in range(0, len(X), 4096)]
    mean: Any = 0.0
    if moves:
        # Scaled while it is added up, as the sum of huge values is beyond double precision.
        mean = np.sum([X[part].astype(np.float64).sum(axis=0) / len(X) for part in parts], axis=0)
    scale = _power_of_two(max(float(np.abs(X[part] - mean).max()) for part in parts))
    narrow = np.empty(X.shape, dtype=np.float32)
    for part in parts:
        narrow[part] = (X[part].astype(np.float64) - mean) / scale
    return narrow, scale


def largest_value(X: NDArray[Any]) -> float:
    """Largest magnitude in X, found without a copy."""
    parts = [X[first : first + 4096] for first in range(0, len(X), 4096)]
    return max((max(float(part.max()), -float(part.min())) for part in parts), default=0.0)


def _power_of_two(largest: float) -> float:
    """One of at least this size, so that scaling with it rounds nothing."""
    return float(2.0 ** min(np.ceil(np.log2(largest)), 1023.0)) if largest > 0 else 1.0


def _fits_float32(X: NDArray[Any]) -> bool:
    if X.dtype.kind != "f":
        return False
    with np.errstate(over="ignore"):
        parts = (X[first : first + 4096] for first in range(0, len(X), 4096))
        return all(bool((part.astype(np.float32) == part).all()) for part in parts)


def report_zero_rows(
    base: NDArray[np.float32], notes: list[str], *, constant: bool = False
) -> None:
    """Note rows whose direction is undefined: all zeros or, for the correlation, constant."""
    rows = [base[first : first + 4096] for first in range(0, len(base), 4096)]
    if constant:
        none = [(part == part[:, :1]).all(axis=1) for part in rows]
    else:
        none = [~part.any(axis=1) for part in rows]
    zero = np.flatnonzero(np.concatenate(none)) if none else np.empty(0, dtype=np.intp)
    if len(zero):
        listed = ", ".join(str(row) for row in zero[:5]) + (", …" if len(zero) > 5 else "")
        what = "constant" if constant else "all zeros"
        name = "correlation" if constant else "cosine"
        notes.append(
            f"{len(zero)} rows are {what} ({listed}): they have no direction, and their {name} "
            f"distance to every row is taken as 1."
        )


def as_finite_float32(distances: NDArray[np.floating]) -> NDArray[np.float32]:
    """Distances as they are given out, or a message where they are too large for it."""
    largest = float(np.abs(distances).max(initial=0.0))
    if largest > float(np.finfo(np.float32).max):
        raise InvalidInputError(
            f"A distance is {largest:.3g}, beyond float32. Divide X by {largest:.0e} first."
        )
    return distances.astype(np.float32)


def said(notes: list[str]) -> tuple[str, ...]:
    """Warn of each note, on behalf of the caller of a public function."""
    for note in notes:
        warnings.warn(note, DriftglassWarning, stacklevel=3)
    return tuple(notes)
