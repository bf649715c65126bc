"""Every estimator of `driftglass.projections`, found by itself, in settings that are quick."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np

import driftglass.projections
from driftglass import DriftglassWarning, MissingDependencyError

QUICK = {
    "n_epochs": 20,
    "n_iter": 20,
    "early_exaggeration_iter": 20,
    "max_iter": 20,
    "callback_every": 5,
    "random_state": 0,
}
"""Taken by whichever estimator has a parameter of that name."""


def found() -> dict[str, type]:
    """Classes with scikit-learn's face that learn from one table, by name."""
    classes = {}
    for name in driftglass.projections.__all__:
        try:
            value = getattr(driftglass.projections, name)
        except MissingDependencyError:
            continue
        if not (inspect.isclass(value) and hasattr(value, "get_params")):
            continue
        if "_glassbox" in value.__module__:  # training a network a hundred times takes minutes
            continue
        if "X" in inspect.signature(value.fit).parameters:
            classes[name] = value
    return classes


CLASSES = found()
NAMES = sorted(CLASSES)


def parameters_of(name: str) -> dict[str, Any]:
    """Parameters with their defaults; empty where there is none."""
    signature = inspect.signature(CLASSES[name].__init__)
    return {key: value.default for key, value in list(signature.parameters.items())[1:]}


def make(name: str, *, d: int = 6, **options: Any) -> Any:
    """An estimator for tables of d columns, quick and seeded."""
    known = parameters_of(name)
    chosen = {key: value for key, value in QUICK.items() if key in known}
    if isinstance(known.get("num_iters"), tuple):
        chosen["num_iters"] = (5,) * len(known["num_iters"])
    if "axes" in known:
        chosen["axes"] = np.eye(min(2, d), d)
    return CLASSES[name](**{**chosen, **options})


def having(*parameters: str) -> list[str]:
    """Names of the estimators that have one of these parameters."""
    return [name for name in NAMES if set(parameters) & set(parameters_of(name))]


def fitted(estimator: Any, X: Any) -> Any:
    """The map of X; what the library itself warns of is expected, anything else is not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DriftglassWarning)
        return estimator.fit_transform(X)


def groups(rng: Any, n: int = 90, d: int = 6) -> Any:
    """Three groups that lie apart, float32."""
    centers = 12 * np.eye(3, d)[np.arange(n) % 3]
    return (rng.normal(size=(n, d)) + centers).astype(np.float32)
