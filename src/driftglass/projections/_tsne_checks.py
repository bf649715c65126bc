"""What t-SNE accepts: parameters and their ranges."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._device import as_device
from ..errors import InvalidInputError
from ._affinities import Affinities, as_perplexities

__all__ = ["METRICS", "check_metric", "check_parameters"]

METRICS = ("euclidean", "cosine", "correlation", "manhattan", "precomputed")
STARTS = ("pca", "random", "spectral")


def check_parameters(estimator: Any) -> None:
    """Refuse parameters out of range, with what would do."""
    n_components = estimator.n_components
    if isinstance(n_components, bool) or n_components not in (1, 2, 3):
        raise InvalidInputError(
            f"n_components is {n_components!r}; t-SNE makes maps of 1, 2 or 3. Use PCA for more."
        )
    as_device(estimator.device)
    as_perplexities(estimator.perplexity)
    check_metric(estimator.metric)
    if isinstance(estimator.init, str) and estimator.init not in STARTS:
        raise InvalidInputError(
            f"init is {estimator.init!r}; {', '.join(map(repr, STARTS))} or an array is needed."
        )
    given = estimator.precomputed_affinities
    if given is not None and not isinstance(given, Affinities):
        raise InvalidInputError(
            f"precomputed_affinities is {type(given).__name__}; Affinities are needed, "
            f"as Affinities.of(X) or a fitted map's affinities_ gives."
        )
    positive = {"early_exaggeration": estimator.early_exaggeration}
    check_learning_rate(estimator.learning_rate)
    for name, value in positive.items():
        check_positive(name, value)
    counts = (("early_exaggeration_iter", 0), ("n_iter", 0), ("callback_every", 1))
    for name, least in counts:
        check_count(name, getattr(estimator, name), least)
    weight = estimator.target_weight
    if not _is_real(weight) or not 0 <= weight <= 1:
        raise InvalidInputError(f"target_weight is {weight!r}; a number from 0 to 1 is needed.")


def check_metric(metric: Any) -> None:
    """Refuse a metric that makes no affinities."""
    if callable(metric) or metric in METRICS:
        return
    hint = ""
    if metric == "inner_product":
        hint = " A product is no distance: rows need not be nearest to themselves. Use 'cosine'."
    raise InvalidInputError(
        f"metric is {metric!r}; one of {', '.join(METRICS)} or a function of two rows is "
        f"needed.{hint}"
    )


def check_learning_rate(learning_rate: Any) -> None:
    """Refuse what is neither "auto" nor a positive number."""
    if not isinstance(learning_rate, str):
        check_positive("learning_rate", learning_rate)
    elif learning_rate != "auto":
        raise InvalidInputError(
            f"learning_rate is {learning_rate!r}; a number or 'auto' is needed."
        )


def check_positive(name: str, value: Any) -> None:
    """Refuse what is not a positive finite number."""
    if not _is_real(value) or not 0 < value < np.inf:
        raise InvalidInputError(f"{name} is {value!r}; a positive number is needed.")


def check_count(name: str, value: Any, least: int) -> None:
    """Refuse what is not an integer of at least `least`."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:
        raise InvalidInputError(f"{name} is {value!r}; an integer of at least {least} is needed.")


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
