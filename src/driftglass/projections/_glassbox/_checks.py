"""What the network projectors accept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._containers import plain_array
from ...errors import InvalidInputError, ShapeError

__all__ = ["as_samples", "check_parameters"]

METRICS = ("euclidean", "cosine", "correlation", "manhattan")
"""Distances by which neighbours of single vectors can be found."""


def as_samples(X: Any) -> Any:
    """Tensors, loaders and tables as arrays; everything else as it is."""
    return plain_array(X)


def check_parameters(estimator: Any) -> None:
    """Refuse parameters out of range, with what would do."""
    counts = {"n_neighbors": 2, "n_components": 1, "negative_sample_rate": 0, "epochs": 1}
    optional = {"pca_components": 1, "num_batches": 1, "n_jobs": 1}
    for name, least in (counts | optional).items():
        value = getattr(estimator, name)
        if value is None and name in optional:
            continue
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < least:
            raise InvalidInputError(
                f"{name} is {value!r}; an integer of at least {least} is needed."
            )
    for name, above in (("lr", True), ("repulsion_strength", False), ("min_dist", False)):
        value = getattr(estimator, name)
        real = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not real or not np.isfinite(value) or value < 0 or (above and value == 0):
            limits = "above 0" if above else "of at least 0"
            raise InvalidInputError(f"{name} is {value!r}; a number {limits} is needed.")
    if estimator.min_dist > 1:
        raise InvalidInputError(f"min_dist is {estimator.min_dist!r}; at most 1 is possible.")
    _check_choice("batch_size", estimator.batch_size, "auto", least=1)
    _check_choice("jitter", estimator.jitter, "auto", least=0)
    if estimator.metric not in METRICS:
        known = [metric for metric in METRICS if metric != "precomputed"]
        raise InvalidInputError(
            f"metric is {estimator.metric!r}; one of {', '.join(known)} is needed: an encoder "
            f"learns from vectors."
        )
    if isinstance(estimator.init, str) and estimator.init not in ("umap", "random"):
        raise InvalidInputError(
            f"init is {estimator.init!r}; 'umap', 'random' or an array is needed."
        )


def _check_choice(name: str, value: Any, word: str, *, least: int) -> None:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if name == "batch_size":
        number = number and isinstance(value, (int, np.integer))
    if value != word and not (number and np.isfinite(value) and value >= least):
        kind = "an integer" if name == "batch_size" else "a number"
        raise InvalidInputError(
            f"{name} is {value!r}; {kind} of at least {least}, or {word!r}, is needed."
        )


def flattened(X: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Rows of numbers, or what is wrong with the shape of the samples."""
    if tuple(X.shape[1:]) != tuple(shape):
        raise ShapeError(
            f"X has samples of shape {tuple(X.shape[1:])}; the model was fitted to samples of "
            f"shape {tuple(shape)}. Give it the same features in the same order."
        )
    return X.reshape(len(X), -1)
