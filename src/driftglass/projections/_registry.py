"""Methods by name, for the command line and the server."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._progress import Progress, silent
from ..errors import InvalidInputError, NotFoundError
from ._affine import AffineMap
from ._axes import FixedAxes
from ._base import Projector
from ._continuing import ContinuedTSNE
from ._fitting import FittedFromMoments, FittedFromRows, Fitting, Place, Targets
from ._snapshots import Snapshots

__all__ = [
    "WholeSequence",
    "fitting_for",
    "going_on",
    "has_own_basis",
    "kept_place",
    "kept_shape",
    "made",
    "methods",
    "sequence_method",
]

ESTIMATORS = {
    "axes": ("._custom_axes", "CustomAxes"),
    "glassbox": ("._glassbox._glass_box", "GlassBoxUMAP"),
    "localmap": ("._localmap", "LocalMAP"),
    "mds": ("._mds", "MDS"),
    "pacmap": ("._pacmap", "PaCMAP"),
    "phate": ("._phate", "PHATE"),
    "random": ("._random_projection", "RandomProjection"),
    "tsne": ("._tsne", "TSNE"),
    "umap": ("._umap", "UMAP"),
}
"""Loaded when asked for: scikit-learn takes longer to import than all of driftglass."""

SEQUENCES = {
    "aligned_umap": ("._aligned_umap", "AlignedUMAP"),
    "blended_tsne": ("._alone", "BlendedTSNE"),
    "dynamic_tsne": ("._dynamic_tsne", "DynamicTSNE"),
    "independent": ("._alone", "Independent"),
    "joint": ("._joint", "Joint"),
    "mphate": ("._mphate", "MPHATE"),
    "online_umap": ("._alone", "OnlineUMAP"),
    "refine": ("._refine", "Refine"),
    "warm": ("._warm", "Warm"),
}
"""Methods that look at all snapshots before they place the first."""


def methods() -> tuple[str, ...]:
    """Names that `project_sequence` takes as its method."""
    return tuple(sorted(("linear", "pca", *ESTIMATORS, *SEQUENCES)))


class WholeSequence(Protocol):
    """Lays out all snapshots of a sequence at once."""

    @property
    def name(self) -> str:
        """Name of the method."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What makes the result, as JSON can hold it."""
        ...

    def lay_out(
        self, snapshots: Snapshots, n_components: int, random_state: int, report: Progress
    ) -> list[NDArray[np.float64]]:
        """Coordinates of each snapshot, rows in ascending order of id."""
        ...


def sequence_method(method: Any, parameters: Mapping[str, Any]) -> WholeSequence | None:
    """Return the method for whole sequences of that name or class, if it is one."""
    if not isinstance(method, str):
        return method if hasattr(method, "lay_out") and not isinstance(method, type) else None
    name = method.lower()
    if name not in SEQUENCES:
        return None
    kind = _kind(name)
    known = [field.name for field in dataclasses.fields(kind)]
    for parameter in parameters:
        if parameter not in known:
            raise NotFoundError.for_name(f"parameter of {name}", parameter, sorted(known))
    whole: WholeSequence = kind(**parameters)
    return whole


def going_on(method: Any, parameters: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a method can follow a sequence it began, and whether to the same result.

    The first is true of methods that place later snapshots without moving earlier ones; the
    second where a frame depends on the past alone.
    """
    if not isinstance(method, str) or method.lower() not in SEQUENCES:
        return False, False
    known = {field.name for field in dataclasses.fields(_kind(method))}
    own = {name: value for name, value in parameters.items() if name in known}
    whole = _kind(method)(**own)
    return getattr(whole, "extendable", False), getattr(whole, "causal", False)


def has_own_basis(method: Any) -> bool:
    """Whether the method for whole sequences of that name says itself what it is fitted to."""
    if not isinstance(method, str) or method.lower() not in SEQUENCES:
        return False
    return any(field.name == "basis" for field in dataclasses.fields(_kind(method)))


def _kind(method: str) -> Any:
    module, class_name = SEQUENCES[method.lower()]
    return getattr(import_module(module, __package__), class_name)


def fitting_for(
    method: Any,
    snapshots: Snapshots,
    n_components: int,
    random_state: int = 0,
    progress: Progress = silent,
    parameters: Mapping[str, Any] | None = None,
    targets: Targets | None = None,
) -> Fitting:
    """How a method, given by name or as an object, learns from snapshots."""
    parameters = dict(parameters or {})
    if isinstance(method, str):
        if method.lower() not in methods():
            raise NotFoundError.for_name("method", method, methods())
        name = method.lower()
        if name == "linear" and parameters.get("axes") is not None:
            axes = parameters.pop("axes")
            _refuse(method, parameters)
            return FixedAxes(snapshots, axes, n_components)
        if name == "linear":
            parameters.pop("axes", None)
        if name not in ESTIMATORS:
            _refuse(method, parameters)
            _require_supervised(name, None, targets)
            return FittedFromMoments(snapshots, n_components)
        estimator = made(name, parameters, n_components, random_state)
        _require_supervised(name, estimator, targets)
        if name == "tsne":
            return ContinuedTSNE(snapshots, estimator, progress, targets)
        if name == "glassbox":
            network: Fitting = _network_file().FittedNetwork(
                snapshots, estimator, n_components, report=progress
            )
            return network
        return FittedFromRows(
            snapshots, estimator, n_components, name=name, report=progress, targets=targets
        )
    if isinstance(method, type) or not isinstance(method, Projector):
        hint = f"Make one first: {method.__name__}()." if isinstance(method, type) else ""
        raise InvalidInputError(
            f"method is {method!r:.80}; a name ({', '.join(methods())}) or an object with "
            f"fit_transform is needed. {hint}".rstrip()
        )
    _refuse(type(method).__name__, parameters)
    return FittedFromRows(snapshots, method, n_components, report=progress, targets=targets)


def made(name: str, parameters: Mapping[str, Any], n_components: int, random_state: int) -> Any:
    """Return an estimator by name."""
    module, estimator = ESTIMATORS[name]
    estimated = getattr(import_module(module, __package__), estimator)()
    known = estimated.get_params()
    for parameter in parameters:
        if parameter not in known:
            raise NotFoundError.for_name(f"parameter of {name}", parameter, sorted(known))
    # Chosen axes are as many as they are, and draw nothing.
    common = {"n_components": n_components, "random_state": random_state}
    common = {name: value for name, value in common.items() if name in known}
    return estimated.set_params(**common, **parameters)


def _network_file() -> Any:
    # By name, because whoever reads runs must be able to without torch.
    return import_module("._glassbox._placing", __package__)


def kept_place(model: Mapping[str, NDArray[Any]]) -> Place:
    """What places vectors, from the model of a sequence."""
    if "network" in model:
        place: Place = _network_file().NetworkPlace.from_arrays(model)
        return place
    return AffineMap.from_arrays(model)


def kept_shape(place: Place) -> tuple[int, int]:
    """Coordinates and features of a place that was kept."""
    if isinstance(place, AffineMap):
        n_components, n_features = place.components.shape
        return n_components, n_features
    shape: tuple[int, int] = place.shape  # type: ignore[attr-defined]
    return shape


def _require_supervised(name: str, estimator: Any, targets: Targets | None) -> None:
    if targets is not None and not (name == "axes" or hasattr(estimator, "target_weight")):
        raise InvalidInputError(
            f"{name} takes no labels, so y cannot supervise it. Use 'umap', 'tsne' or 'axes', or "
            f"leave y out."
        )


def _refuse(name: str, parameters: Mapping[str, Any]) -> None:
    if parameters:
        raise InvalidInputError(
            f"{name} takes no parameter {sorted(parameters)[0]!r} here. Pass an object made with "
            f"it as the method."
        )
