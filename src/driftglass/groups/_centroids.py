"""Distances to the centres of classes: multi-label records, and two classes that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..data import RecordsColumn, Table
from ..errors import InvalidInputError, ShapeError
from ._measures import ClassSpace, silhouettes
from ._records import labels_in
from ._select import select

__all__ = ["class_overlap", "label_spread"]

MIN_ROWS = 5
LEVELS = (0.025, 0.975)


def label_spread(
    X: Any,
    records: RecordsColumn,
    group: str,
    *,
    Y: Any = None,
    n_bootstrap: int = 500,
    n_permutations: int = 1000,
    random_state: int = 0,
) -> Table:
    """Whether records with further labels lie farther from the centre of their class.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_features)
        Vectors of the space itself.
    records : RecordsColumn
        Labels of the same rows.
    group : str
        The classes are the names in this group, of records with exactly one label in it.
    Y : array-like of shape (n_rows, n_components), optional
        A map of the same rows; its ratio is put beside.
    n_bootstrap, n_permutations : int
        Draws for the intervals and for the p-values.
    random_state : int
        Seed.

    Returns
    -------
    table : Table
        Per class the mean distance of exclusive and of multi-label records to the centre of the
        exclusive ones, their ratio with its 95 % bootstrap interval, the p-value of no difference
        (labels exchanged at random), and the ratio in the map. Classes with fewer than five of
        either are left out, and counted in the caption.
    """
    vectors = np.asarray(as_vectors(X, name="X"), dtype=np.float64)
    if len(vectors) != len(records):
        raise ShapeError(f"X has {len(vectors):,} rows and records has {len(records):,}.")
    drawn = None if Y is None else _beside(Y, len(vectors))
    names = labels_in(records, group)
    sides = [select(records, group, rule) for rule in ("exclusive", "multi")]
    rng = np.random.default_rng(random_state)
    rows, left_out = [], 0
    for code, name in enumerate(names.categories):
        members = [np.flatnonzero(side & (names.codes == code)) for side in sides]
        if min(map(len, members)) < MIN_ROWS:
            left_out += 1
            continue
        distances = _distances(vectors, members[0], members[1])
        ratio = distances[1].mean() / max(distances[0].mean(), np.finfo(float).tiny)
        low, high = _ratio_interval(distances, n_bootstrap, rng)
        p_value = _exchanged(distances, n_permutations, rng)
        means = (float(distances[0].mean()), float(distances[1].mean()))
        counts = (len(members[0]), len(members[1]))
        in_map = None
        if drawn is not None:
            there = _distances(drawn, members[0], members[1])
            in_map = float(there[1].mean() / max(there[0].mean(), np.finfo(float).tiny))
        rows.append((name, *counts, *means, float(ratio), low, high, p_value, in_map))
    columns = ("class", "n_exclusive", "n_multi", "exclusive", "multi", "ratio", "low", "high")
    caption = f"Distances to the centre of the exclusive records of each class in {group!r}."
    if left_out:
        caption += f" {left_out} classes with fewer than {MIN_ROWS} of either are left out."
    return Table((*columns, "p_value", "in_map"), tuple(rows), caption)


def class_overlap(
    X: Any,
    labels: Any,
    a: Any,
    b: Any,
    *,
    Y: Any = None,
    n_bootstrap: int = 500,
    n_permutations: int = 200,
    random_state: int = 0,
) -> Table:
    """How far two classes overlap in a space.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors of the space itself.
    labels : array-like of shape (n_samples,)
        Class of each row.
    a, b : object
        The two classes.
    Y : array-like of shape (n_samples, n_components), optional
        A map of the same rows; its overlap is put beside.
    n_bootstrap, n_permutations : int
        Draws for the intervals and for the p-values.
    random_state : int
        Seed.

    Returns
    -------
    table : Table
        A row for each class and one for both: share nearer to the other's centre than to the own
        (each row leaves its own vector out of its centre), and the silhouette of the two, with
        95 % bootstrap intervals; the share of label permutations that overlap no more; and the
        overlap in the map.

    Raises
    ------
    InvalidInputError
        A class has fewer than two rows.
    """
    vectors = np.asarray(as_vectors(X, name="X"), dtype=np.float64)
    values = np.asarray(labels)
    if len(values) != len(vectors):
        raise ShapeError(f"labels has {len(values):,} values for {len(vectors):,} rows.")
    members = [np.flatnonzero(values == name) for name in (a, b)]
    for name, rows in zip((a, b), members, strict=True):
        if len(rows) < 2:
            raise InvalidInputError(f"Class {name!r} has {len(rows)} rows; two are needed.")
    points = vectors[np.concatenate(members)]
    codes = np.repeat([0, 1], [len(rows) for rows in members])
    wrong = _nearer_to_other(points, codes).astype(np.float64)
    own = silhouettes(ClassSpace.of(points).distances, codes, 2, np.ones(len(codes)))
    rng = np.random.default_rng(random_state)
    sides = ((a, codes == 0), (b, codes == 1), ("both", codes >= 0))
    p_values = _no_more_overlap(points, codes, [wrong[side].mean() for _, side in sides],
                                n_permutations, rng)  # fmt: skip
    in_map = None
    if Y is not None:
        drawn = _beside(Y, len(vectors))[np.concatenate(members)]
        in_map = _nearer_to_other(drawn, codes)
    table: list[tuple[Any, ...]] = []
    for (name, chosen), p_value in zip(sides, p_values, strict=True):
        cells = []
        for figure in (wrong[chosen], own[chosen]):
            draws = rng.integers(0, len(figure), (n_bootstrap, len(figure)))
            means = figure[draws].mean(axis=1)
            cells += [float(figure.mean()), *map(float, np.quantile(means, LEVELS))]
        beside = None if in_map is None else float(in_map[chosen].mean())
        table.append((str(name), int(chosen.sum()), *cells, p_value, beside))
    columns = ("class", "n", "overlap", "overlap_low", "overlap_high")
    more = ("silhouette", "silhouette_low", "silhouette_high")
    caption = "Rows drawn again for the intervals; labels exchanged for the p-values."
    return Table((*columns, *more, "p_value", "in_map"), tuple(table), caption)


def _beside(Y: Any, n_rows: int) -> NDArray[np.float64]:
    drawn = np.asarray(as_vectors(Y, name="Y"), dtype=np.float64)
    if len(drawn) != n_rows:
        raise ShapeError(f"Y has {len(drawn):,} rows and X has {n_rows:,}; the same are needed.")
    return drawn


def _no_more_overlap(
    X: NDArray[np.float64],
    codes: NDArray[np.int64],
    observed: list[Any],
    n_draws: int,
    rng: np.random.Generator,
) -> list[float]:
    """Share of label permutations that overlap no more, for both classes and for each."""
    as_little = np.ones(3)
    for _ in range(n_draws):
        mixed = rng.permutation(codes)
        wrong = _nearer_to_other(X, mixed)
        shares = (wrong[mixed == 0].mean(), wrong[mixed == 1].mean(), wrong.mean())
        as_little += np.array(shares) <= np.array(observed)
    return [float(share) for share in as_little / (n_draws + 1)]


def _distances(
    X: NDArray[np.float64], own: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances to the centre of `own`; each of them leaves itself out of the centre."""
    total, n = X[own].sum(axis=0), len(own)
    without = (total - X[own]) / (n - 1)
    return (
        np.linalg.norm(X[own] - without, axis=1),
        np.linalg.norm(X[other] - total / n, axis=1),
    )


def _ratio_interval(
    distances: tuple[NDArray[np.float64], NDArray[np.float64]],
    n_draws: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    means = [
        side[rng.integers(0, len(side), (n_draws, len(side)))].mean(axis=1) for side in distances
    ]
    low, high = np.quantile(means[1] / np.maximum(means[0], np.finfo(float).tiny), LEVELS)
    return float(low), float(high)


def _exchanged(
    distances: tuple[NDArray[np.float64], NDArray[np.float64]],
    n_draws: int,
    rng: np.random.Generator,
) -> float:
    together, n = np.concatenate(distances), len(distances[0])
    observed = abs(distances[1].mean() - distances[0].mean())
    as_large = 1
    for _ in range(n_draws):
        mixed = rng.permutation(together)
        as_large += bool(abs(mixed[n:].mean() - mixed[:n].mean()) >= observed * (1 - 1e-12))
    return as_large / (n_draws + 1)


def _nearer_to_other(X: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    sums = [X[codes == code].sum(axis=0) for code in (0, 1)]
    sizes = np.bincount(codes)
    own = np.stack(sums)[codes]
    without = (own - X) / (sizes[codes] - 1)[:, None]
    other = (np.stack(sums) / sizes[:, None])[1 - codes]
    nearer = np.linalg.norm(X - other, axis=1) < np.linalg.norm(X - without, axis=1)
    return np.asarray(nearer, dtype=bool)
