"""How far classes lie apart in a space, with what chance and the choice of rows would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors, finite_rows
from ..data import CategoricalColumn
from ..data._infer import column_from
from ..data._table import Table
from ..errors import InvalidInputError, ShapeError
from ._measures import NAMES, ClassSpace, silhouettes
from ._sample import sample

__all__ = ["compare_separation", "separation"]

MIN_PER_CLASS = 2
LARGER_IS_BETTER = {"silhouette": True, "davies_bouldin": False, "centroid_ratio": False}
LEVEL = 0.95


def separation(
    X: Any,
    labels: Any,
    *,
    Y: Any = None,
    max_rows: int = 2000,
    n_bootstrap: int = 300,
    n_permutations: int = 200,
    random_state: int = 0,
) -> Table:
    """Silhouette, Davies-Bouldin index and centroid ratio of labelled vectors.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Vectors of the space itself, not of a map.
    labels : array-like of length n_samples, or CategoricalColumn
        One class per row. Rows without one are left out, as are classes of a single row.
    Y : array-like of shape (n_samples, n_components), optional
        A map of the same rows; its values are put beside.
    max_rows : int
        More rows than this are sampled by class; the caption says so.
    n_bootstrap, n_permutations : int
        Draws for the intervals and for the p-values.
    random_state : int
        Seed of all draws.

    Returns
    -------
    table : Table
        Columns measure, class, value, low, high, p_value, in_map and n. ``silhouette`` is in
        [-1, 1], larger is better; ``davies_bouldin`` and ``centroid_ratio`` (mean distance to the
        own centroid over the mean distance to the other centroids) are positive, smaller is
        better.

    Raises
    ------
    InvalidInputError
        Fewer than two classes of two rows are left.

    References
    ----------
    .. [1] Rousseeuw (1987). Silhouettes. Journal of Computational and Applied Mathematics 20.
    .. [2] Davies and Bouldin (1979). A cluster separation measure. IEEE TPAMI 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.repeat([[0.0, 0.0], [5.0, 0.0]], 30, axis=0) + rng.normal(size=(60, 2))
    >>> table = separation(X, ["a"] * 30 + ["b"] * 30)
    >>> round(table["value"][0], 2), table["p_value"][0] < 0.01
    (0.67, True)
    """
    rows, codes, names, how = _classes(X, labels, max_rows, random_state)
    space = ClassSpace.of(_rows_of(X, rows, "X"))
    weights = np.ones(len(rows))
    value = space.values(codes, len(names), weights)
    in_map = None
    if Y is not None:
        _same_rows(X, Y)
        in_map = ClassSpace.of(_rows_of(Y, rows, "Y")).values(codes, len(names), weights)
    rng = np.random.default_rng(random_state)
    low, high = _interval(
        [space.values(codes, len(names), w) for w in _weights(codes, n_bootstrap, rng)], value
    )
    p_values = _p_values(space, codes, len(names), value, n_permutations, rng)
    counts = np.bincount(codes, minlength=len(names))
    table = []
    for i, (name, group) in enumerate(_rows_of_table(names)):
        n = len(rows) if group == "all" else int(counts[names.index(group)])
        beside = None if in_map is None else float(in_map[i])
        cells = (float(value[i]), float(low[i]), float(high[i]), float(p_values[i]), beside, n)
        table.append((name, group, *cells))
    columns = ("measure", "class", "value", "low", "high", "p_value", "in_map", "n")
    return Table(columns, tuple(table), _caption(how, n_bootstrap, n_permutations))


def compare_separation(
    spaces: Mapping[str, Any],
    labels: Any,
    *,
    max_rows: int = 2000,
    n_bootstrap: int = 300,
    n_permutations: int = 2000,
    random_state: int = 0,
) -> Table:
    """How much better classes lie apart in one space than in another, for the same rows.

    Parameters
    ----------
    spaces : mapping of str to array-like of shape (n_samples, n_features)
        Two or more spaces of the same rows in the same order; all are compared with the first.
    labels : array-like of length n_samples, or CategoricalColumn
        One class per row.
    max_rows, n_bootstrap, random_state
        As in `separation`.
    n_permutations : int
        Draws for the p-values.

    Returns
    -------
    table : Table
        Columns measure, class, space, baseline, value, difference, low, high, p_value and n.
        ``low`` and ``high`` bound the difference (rows drawn again, the same in both spaces). The
        p-value is that of the hypothesis of no difference: for silhouettes by exchanging the two
        spaces row by row at random, for the others from the bootstrap.

    Raises
    ------
    ShapeError
        The spaces differ in their number of rows.
    """
    if len(spaces) < 2:
        raise InvalidInputError(f"spaces holds {len(spaces)}; two or more are needed to compare.")
    titles = list(spaces)
    for title in titles[1:]:
        _same_rows(spaces[titles[0]], spaces[title], (titles[0], title))
    rows, codes, names, how = _classes(spaces[titles[0]], labels, max_rows, random_state)
    measured = [ClassSpace.of(_rows_of(X, rows, title)) for title, X in spaces.items()]
    ones = np.ones(len(rows))
    values = [space.values(codes, len(names), ones) for space in measured]
    rng = np.random.default_rng(random_state)
    drawn = [
        [space.values(codes, len(names), weights) for space in measured]
        for weights in _weights(codes, n_bootstrap, rng)
    ]
    by_row = [silhouettes(space.distances, codes, len(names), ones) for space in measured]
    table: list[tuple[Any, ...]] = []
    for s, title in enumerate(titles[1:], start=1):
        difference = values[s] - values[0]
        draws = [draw[s] - draw[0] for draw in drawn]
        low, high = _interval(draws, difference)
        from_rows = _exchanged(by_row[s] - by_row[0], codes, len(names), n_permutations, rng)
        for i, (name, group) in enumerate(_rows_of_table(names)):
            if name == "silhouette":
                p_value = from_rows[0 if group == "all" else 1 + names.index(group)]
            else:
                p_value = _two_sided(np.array([draw[i] for draw in draws]))
            n = len(rows) if group == "all" else int((codes == names.index(group)).sum())
            cells = (values[0][i], values[s][i], difference[i], low[i], high[i], p_value)
            table.append((name, group, title, *(float(cell) for cell in cells), n))
    columns = ("measure", "class", "space", "baseline", "value", "difference", "low", "high")
    caption = f"Baseline: {titles[0]}. {_caption(how, n_bootstrap, n_permutations)}"
    return Table((*columns, "p_value", "n"), tuple(table), caption)


def _classes(
    X: Any, labels: Any, max_rows: int, random_state: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...], str]:
    """Rows to use, their classes from 0, the names of the classes, and how rows were chosen."""
    if isinstance(labels, CategoricalColumn):
        column: Any = labels
    else:
        column = column_from(labels, name="labels", kind="categorical")
    if len(column) != len(X):
        raise ShapeError(f"labels has {len(column):,} values for {len(X):,} rows of X.")
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.categories))
    kept = [i for i, count in enumerate(counts) if count >= MIN_PER_CLASS]
    if len(kept) < 2:
        raise InvalidInputError(
            f"labels has {len(kept)} classes of {MIN_PER_CLASS} rows or more; two are needed to "
            f"say how far classes lie apart."
        )
    place = np.full(len(counts) + 1, -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    codes = place[column.codes]
    rows = np.flatnonzero(codes >= 0)
    names = tuple(column.categories[i] for i in kept)
    drawn = sample(
        len(rows),
        max(max_rows, MIN_PER_CLASS * len(kept)),
        how="stratified",
        strata=codes[rows],
        random_state=random_state,
    )
    rows = rows[drawn.rows]
    present = np.bincount(codes[rows], minlength=len(names)) >= MIN_PER_CLASS
    rows = rows[present[codes[rows]]]
    again = np.cumsum(present) - 1
    return rows, again[codes[rows]], tuple(np.array(names)[present].tolist()), drawn.how


def _rows_of(X: Any, rows: NDArray[np.int64], name: str) -> NDArray[Any]:
    vectors = as_vectors(X, name=name)[rows]
    bad = np.flatnonzero(~finite_rows(vectors))
    if len(bad):
        raise InvalidInputError(
            f"{len(bad)} rows of {name} are not finite, the first is row {rows[bad[0]]}. Leave "
            f"them out of vectors and labels."
        )
    return vectors


def _same_rows(X: Any, Y: Any, names: tuple[str, str] = ("X", "Y")) -> None:
    if len(X) != len(Y):
        raise ShapeError(
            f"{names[0]} has {len(X):,} rows and {names[1]} has {len(Y):,}; the same rows in the "
            f"same order are needed. Select the ids that both have."
        )


def _rows_of_table(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        *((name, "all") for name in NAMES),
        *(("silhouette", name) for name in names),
        *(("centroid_ratio", name) for name in names),
    ]


def _weights(
    codes: NDArray[np.int64], n_draws: int, rng: np.random.Generator
) -> list[NDArray[np.float64]]:
    """How often each row is drawn when every class is drawn again."""
    members = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
    draws = []
    for _ in range(n_draws):
        weights = np.zeros(len(codes))
        for rows in members:
            weights[rows] = np.bincount(rng.integers(0, len(rows), len(rows)), minlength=len(rows))
        draws.append(weights)
    return draws


def _interval(
    draws: list[NDArray[np.float64]], value: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not draws:
        return np.full_like(value, np.nan), np.full_like(value, np.nan)
    table = np.where(np.isnan(draws), value, draws)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(table, tails, axis=0)
    return low, high


def _p_values(
    space: ClassSpace,
    codes: NDArray[np.int64],
    n_classes: int,
    value: NDArray[np.float64],
    n_permutations: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    measures = [name for name, _ in _rows_of_table(tuple(map(str, range(n_classes))))]
    sign = np.where([LARGER_IS_BETTER[name] for name in measures], 1.0, -1.0)
    ones = np.ones(len(codes))
    as_good = np.ones(len(value))
    for _ in range(n_permutations):
        shuffled = space.values(rng.permutation(codes), n_classes, ones)
        as_good += ~(sign * shuffled < sign * value)
    return as_good / (n_permutations + 1)


def _exchanged(
    differences: NDArray[np.float64],
    codes: NDArray[np.int64],
    n_classes: int,
    n_permutations: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """P-value of the mean difference of all rows, then of each class, with signs at random."""
    known = np.isfinite(differences)
    values, of_class = differences[known], codes[known]
    masks = np.stack([np.ones(len(values), bool), *(of_class == c for c in range(n_classes))])
    sums = masks * values
    observed = np.abs(sums.sum(axis=1))
    as_large = np.ones(len(masks))
    for _ in range(n_permutations):
        signs = rng.integers(0, 2, len(values)) * 2.0 - 1.0
        as_large += np.abs(sums @ signs) >= observed * (1 - 1e-12)
    return as_large / (n_permutations + 1)


def _two_sided(draws: NDArray[np.float64]) -> float:
    known = draws[np.isfinite(draws)]
    if not len(known):
        return float("nan")
    below, above = (known <= 0).sum() + 1, (known >= 0).sum() + 1
    return float(min(1.0, 2.0 * min(below, above) / (len(known) + 1)))


def _caption(how: str, n_bootstrap: int, n_permutations: int) -> str:
    return (
        f"Rows: {how}. low, high: {LEVEL:.0%} of {n_bootstrap:,} bootstrap draws; p_value from "
        f"{n_permutations:,} permutations."
    )
