"""Contributions reduced while they are made: by group, or to the largest of each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ._attribution import Fidelity
from ._explain import MAX_BYTES, as_baseline, block_rows, model_of, names_of
from ._maps import as_map

__all__ = ["GroupContributions", "TopContributions", "explain_groups", "top_contributions"]


@dataclass(frozen=True, eq=False)
class GroupContributions:
    """Mean contributions of the rows of each group.

    Parameters
    ----------
    groups : ndarray of shape (n_groups,)
        Labels.
    counts : ndarray of shape (n_groups,)
        Rows of each.
    mean : ndarray of shape (n_groups, n_components, n_features)
        Signed; with `offset` they add up to `coordinates`.
    l2 : ndarray of shape (n_groups, n_features)
        Mean length over the coordinates.
    shares, share_errors : ndarray of shape (n_groups, n_features)
        Mean share of each row's total length, and the standard error of that mean.
    offset, coordinates : ndarray of shape (n_groups, n_components)
        Means.
    residual : float
        Largest of any row, relative to the size of the map.
    exact : bool
        Whether the method is exact for this map and every row adds up.
    note : str
        What a reader should know.
    fidelity : Fidelity or None
        If a network stood in for the map.
    feature_names : tuple of str
        Names of the features.
    """

    groups: NDArray[Any]
    counts: NDArray[np.int64]
    mean: NDArray[np.float64]
    l2: NDArray[np.float64]
    shares: NDArray[np.float64]
    share_errors: NDArray[np.float64]
    offset: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    residual: float
    exact: bool
    note: str
    fidelity: Fidelity | None
    feature_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TopContributions:
    """The features that contribute most to each row; the rest is added up.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_top), dtype int32
        By falling length over the coordinates.
    contributions : ndarray of shape (n_samples, n_components, n_top), dtype float32
        Signed, in units of the map.
    rest, offset, coordinates : ndarray of shape (n_samples, n_components), dtype float32
        ``contributions.sum(-1) + rest + offset`` are the coordinates.
    feature_names : tuple of str
        Names of the features.
    """

    features: NDArray[np.int32]
    contributions: NDArray[np.float32]
    rest: NDArray[np.float32]
    offset: NDArray[np.float32]
    coordinates: NDArray[np.float32]
    feature_names: tuple[str, ...]


def explain_groups(
    model: Any,
    X: Any,
    groups: Any = None,
    *,
    attribution: Literal["local", "path", "frozen"] = "local",
    baseline: Any = "mean",
    precision: Literal["float32", "float64"] = "float32",
    feature_names: Sequence[str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> GroupContributions:
    """Mean contributions of each group, without keeping those of every row.

    Parameters
    ----------
    model, X, attribution, baseline, feature_names
        As in `explain`.
    groups : array-like of shape (n_samples,), optional
        Label of each row; one group of all rows by default.
    precision : {"float32", "float64"}
        Of derivatives; sums are always kept in double.
    max_bytes : int
        What may be used beside X and the result.

    Returns
    -------
    means : GroupContributions
        One entry per label, sorted.

    Raises
    ------
    ShapeError
        One label per row is needed.
    InvalidInputError
        As in `explain`.
    """
    found = as_map(model_of(model, X), attribution, precision)
    rows = found.rows_of(X)
    n, d, k = len(rows), rows.shape[1], found.n_components
    labels = np.zeros(n, dtype=np.int64) if groups is None else np.asarray(groups)
    if labels.shape != (n,):
        raise ShapeError(f"groups has shape {labels.shape} for {n} rows; one label each is needed.")
    names, group = np.unique(labels, return_inverse=True)
    g = len(names)
    counts = np.bincount(group, minlength=g)
    mean, l2 = np.zeros((g, k, d)), np.zeros((g, d))
    shares, squares = np.zeros((g, d)), np.zeros((g, d))
    offset, coordinates, residual, scale = np.zeros((g, k)), np.zeros((g, k)), 0.0, found.scale
    start = as_baseline(baseline, found, rows)
    for block in found.blocks(rows, start, block_rows(k, d, max_bytes)):
        C, here = block.contributions, group[block.rows]
        lengths = np.sqrt(np.einsum("nkd,nkd->nd", C, C))
        totals = lengths.sum(axis=1, keepdims=True)
        share = np.divide(lengths, totals, out=np.zeros_like(lengths), where=totals > 0)
        for number in np.unique(here):
            mine = here == number
            mean[number] += C[mine].sum(axis=0, dtype=np.float64)
            l2[number] += lengths[mine].sum(axis=0, dtype=np.float64)
            shares[number] += share[mine].sum(axis=0, dtype=np.float64)
            squares[number] += (share[mine].astype(np.float64) ** 2).sum(axis=0)
            offset[number] += block.offset[mine].sum(axis=0, dtype=np.float64)
            coordinates[number] += block.coordinates[mine].sum(axis=0, dtype=np.float64)
        sums = C.sum(axis=2, dtype=np.float64) + block.offset
        residual = max(residual, float(np.abs(sums - block.coordinates).max(initial=0.0)))
        scale = max(scale, float(np.abs(block.coordinates).max(initial=0.0)))
    size = np.maximum(counts, 1)[:, None]
    shares /= size
    variance = np.maximum(squares / size - shares**2, 0.0) * size / np.maximum(size - 1, 1)
    relative = residual / max(scale, np.finfo(np.float64).tiny)
    tolerance = 1e-5 if precision == "float32" else 1e-10
    return GroupContributions(
        names,
        counts,
        mean / size[:, :, None],
        l2 / size,
        shares,
        np.sqrt(variance / size),
        offset / size,
        coordinates / size,
        relative,
        found.derived_exactly and relative <= tolerance,
        found.note,
        found.fidelity,
        names_of(feature_names, found) or tuple(str(j) for j in range(d)),
    )


def top_contributions(
    model: Any,
    X: Any,
    n_top: int = 8,
    *,
    attribution: Literal["local", "path", "frozen"] = "local",
    baseline: Any = "mean",
    precision: Literal["float32", "float64"] = "float32",
    feature_names: Sequence[str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> TopContributions:
    """Return the largest contributions of each row, without keeping the others.

    Parameters
    ----------
    model, X, attribution, baseline, precision, feature_names, max_bytes
        As in `explain_groups`.
    n_top : int
        Features kept per row.

    Returns
    -------
    top : TopContributions
        Features, their contributions, and the sum of the rest.

    Raises
    ------
    InvalidInputError
        As in `explain`.
    """
    if not isinstance(n_top, (int, np.integer)) or isinstance(n_top, bool) or n_top < 1:
        raise InvalidInputError(f"n_top is {n_top!r}; an integer of at least 1 is needed.")
    found = as_map(model_of(model, X), attribution, precision)
    rows = found.rows_of(X)
    n, d, k = len(rows), rows.shape[1], found.n_components
    n_top = min(int(n_top), d)
    features = np.empty((n, n_top), dtype=np.int32)
    kept = np.empty((n, k, n_top), dtype=np.float32)
    rest, offset, coordinates = (np.empty((n, k), dtype=np.float32) for _ in range(3))
    start = as_baseline(baseline, found, rows)
    for block in found.blocks(rows, start, block_rows(k, d, max_bytes)):
        C = block.contributions
        lengths = np.einsum("nkd,nkd->nd", C, C)
        nearly = np.argpartition(-lengths, n_top - 1, axis=1)[:, :n_top]
        order = np.argsort(-np.take_along_axis(lengths, nearly, axis=1), axis=1, kind="stable")
        chosen = np.take_along_axis(nearly, order, axis=1)
        features[block.rows] = chosen
        largest = np.take_along_axis(C, chosen[:, None, :], axis=2)
        kept[block.rows] = largest
        rest[block.rows] = C.sum(axis=2, dtype=np.float64) - largest.sum(axis=2, dtype=np.float64)
        offset[block.rows], coordinates[block.rows] = block.offset, block.coordinates
    names = names_of(feature_names, found) or tuple(str(j) for j in range(d))
    return TopContributions(features, kept, rest, offset, coordinates, names)
