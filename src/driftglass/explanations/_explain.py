"""Contributions of every feature to every coordinate of some rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError, ShapeError
from ._attribution import Attribution
from ._maps import ExplainedMap, as_map

__all__ = ["as_baseline", "block_rows", "explain", "model_of"]

MAX_BYTES = 1 << 30
WORKING = 1 << 26
"""Bytes of the contributions that are made together."""


def explain(
    model: Any,
    X: Any,
    *,
    attribution: Literal["local", "path", "frozen"] = "local",
    baseline: Any = "mean",
    precision: Literal["float32", "float64"] = "float64",
    coordinates: Any = None,
    feature_names: Sequence[str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Attribution:
    """Split coordinates into contributions of the features.

    Contributions and offset of a row add up to its coordinates; the residual says how well.

    Parameters
    ----------
    model : GlassBoxUMAP, PCA, Surrogate or a fitted estimator with ``embedding_``
        The map. A fitted network and PCA are explained themselves. For any other fitted
        estimator a network stands in, fitted to X and its map; see `fit_surrogate`.
    X : array-like of shape (n_samples, n_features)
        Rows to explain.
    attribution : {"local", "path", "frozen"}
        "local": derivative at the row times its difference from the baseline, which says what a
        small change would do. "path": the derivative averaged on the way from the baseline, which
        says what made the difference; exact, piece by piece. "frozen": the derivative that takes
        normalisers for constants, as published; only the encoder "published" has any.
    baseline : "mean", or array-like of shape (n_features,) or (n_samples, n_features)
        Where contributions are zero. With "path", give the row itself at an earlier step, or the
        mean of another group, to explain the difference between the two.
    precision : {"float32", "float64"}
        Of derivatives and contributions.
    coordinates : array-like of shape (n_samples, n_components), optional
        Where the map itself has the rows, if a network stands in for it: the residual then is
        what the network misses.
    feature_names : sequence of str, optional
        Names; those of the model by default.
    max_bytes : int
        Largest result. `explain_groups` and `top_contributions` need no memory per row, feature
        and coordinate.

    Returns
    -------
    attribution : Attribution
        Contributions, offset, coordinates and residual.

    Raises
    ------
    InvalidInputError
        An unknown choice, rows that are not finite, or a result larger than `max_bytes`.
    ShapeError
        Rows or baseline do not fit the map.

    See Also
    --------
    explain_groups, top_contributions : the same in bounded memory.

    References
    ----------
    .. [1] Sundararajan, Taly and Yan (2017). Axiomatic attribution for deep networks. ICML.

    Examples
    --------
    >>> from driftglass.projections import PCA
    >>> X = np.random.default_rng(0).normal(size=(20, 3))
    >>> explained = explain(PCA().fit(X), X)
    >>> explained.contributions.shape, explained.exact
    ((20, 2, 3), True)
    """
    explained = model_of(model, X)
    if coordinates is None and explained is not model:
        coordinates = getattr(model, "embedding_", None)
    found = as_map(explained, attribution, precision)
    rows = found.rows_of(X)
    n, d, k = len(rows), rows.shape[1], found.n_components
    needed = n * k * d * np.dtype(precision).itemsize
    if needed > max_bytes:
        raise InvalidInputError(
            f"The contributions of {n} rows, {k} coordinates and {d} features take "
            f"{needed / 1e9:.1f} GB, more than max_bytes ({max_bytes / 1e9:.1f} GB). Use "
            f"explain_groups or top_contributions, explain fewer rows, or raise max_bytes."
        )
    start = as_baseline(baseline, found, rows)
    contributions = np.empty((n, k, d), dtype=precision)
    offset, there = np.empty((n, k), dtype=precision), np.empty((n, k), dtype=precision)
    for block in found.blocks(rows, start, block_rows(k, d)):
        contributions[block.rows] = block.contributions
        offset[block.rows], there[block.rows] = block.offset, block.coordinates
    if coordinates is not None:
        there = np.asarray(coordinates, dtype=precision)
    return Attribution(
        contributions,
        offset,
        there,
        start,
        method=found.method,
        derived_exactly=found.derived_exactly,
        scale=found.scale,
        note=found.note,
        fidelity=found.fidelity,
        feature_names=names_of(feature_names, found),
    )


def model_of(model: Any, X: Any) -> Any:
    """The model itself if it can be explained, else a network that stands in for its map."""
    if hasattr(model, "network"):
        return model.network
    explained = hasattr(model, "encoder_") or hasattr(model, "components_")
    if explained or not hasattr(model, "embedding_"):
        return model
    from ._surrogate import fit_surrogate

    if len(model.embedding_) != len(X):
        raise ShapeError(
            f"X has {len(X)} rows, the map has {len(model.embedding_)}. Let a network stand in "
            f"for it first: surrogate = fit_surrogate(X_fitted, model.embedding_)."
        )
    return fit_surrogate(X, model.embedding_).network


def as_baseline(baseline: Any, found: ExplainedMap, rows: NDArray[Any]) -> NDArray[np.float64]:
    """Baseline for all rows, or one for each."""
    if isinstance(baseline, str):
        if baseline != "mean":
            raise InvalidInputError(f"baseline is {baseline!r}; 'mean' or an array is needed.")
        return found.mean
    start = np.asarray(baseline, dtype=np.float64)
    # Images are flattened, as the rows are.
    if start.ndim > 2:
        start = start.reshape(len(start), -1)
    if start.shape not in ((rows.shape[1],), rows.shape):
        raise ShapeError(
            f"baseline has shape {start.shape}; ({rows.shape[1]},) for all rows or {rows.shape} "
            f"for each is needed."
        )
    if not np.isfinite(start).all():
        raise InvalidInputError("baseline is not finite; every feature needs a value.")
    return start


def block_rows(n_components: int, n_features: int, max_bytes: int | None = None) -> int:
    """Rows to explain together, so that all that is made on the way stays within `max_bytes`."""
    budget = WORKING if max_bytes is None else min(WORKING, max_bytes // 8)
    return int(np.clip(budget // max(1, n_components * n_features * 8), 1, 8192))


def names_of(names: Sequence[str] | None, found: ExplainedMap) -> tuple[str, ...]:
    """Given names, or those of the map."""
    return found.feature_names if names is None else tuple(str(name) for name in names)
