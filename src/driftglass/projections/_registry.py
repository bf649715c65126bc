"""Methods by name, for the command line and the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._progress import Progress, silent
from ..errors import InvalidInputError, NotFoundError
from ._base import Projector
from ._continuing import ContinuedTSNE
from ._fitting import FittedFromMoments, FittedFromRows, Fitting
from ._snapshots import Snapshots

__all__ = ["fitting_for", "methods"]


def methods() -> tuple[str, ...]:
    """Names that `project_sequence` takes as its method."""
    return ("pca", "tsne", "umap")


def fitting_for(
    method: Any,
    snapshots: Snapshots,
    n_components: int,
    random_state: int = 0,
    progress: Progress = silent,
    parameters: Mapping[str, Any] | None = None,
) -> Fitting:
    """How a method, given by name or as an object, learns from snapshots."""
    parameters = dict(parameters or {})
    if isinstance(method, str):
        if method.lower() not in methods():
            raise NotFoundError.for_name("method", method, methods())
        if method.lower() == "umap":
            parameters |= {"n_components": n_components, "random_state": random_state}
            estimator = _umap(parameters)
            return FittedFromRows(snapshots, estimator, n_components, name="umap", report=progress)
        _refuse(method, parameters)
        if method.lower() == "tsne":
            return ContinuedTSNE(snapshots, n_components, random_state, progress)
        return FittedFromMoments(snapshots, n_components)
    if isinstance(method, type) or not isinstance(method, Projector):
        hint = f"Make one first: {method.__name__}()." if isinstance(method, type) else ""
        raise InvalidInputError(
            f"method is {method!r:.80}; a name ({', '.join(methods())}) or an object with "
            f"fit_transform is needed. {hint}".rstrip()
        )
    _refuse(type(method).__name__, parameters)
    return FittedFromRows(snapshots, method, n_components)


def _umap(parameters: Mapping[str, Any]) -> Projector:
    from ._umap import UMAP

    known = UMAP().get_params()
    for parameter in parameters:
        if parameter not in known:
            raise NotFoundError.for_name("parameter of umap", parameter, sorted(known))
    return UMAP(**parameters)


def _refuse(name: str, parameters: Mapping[str, Any]) -> None:
    if parameters:
        raise InvalidInputError(
            f"{name} takes no parameter {sorted(parameters)[0]!r} here. Pass an object made with "
            f"it as the method."
        )
