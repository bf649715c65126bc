"""Methods by name, for the command line and the server."""

from __future__ import annotations

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
    return ("pca", "tsne")


def fitting_for(
    method: Any,
    snapshots: Snapshots,
    n_components: int,
    random_state: int = 0,
    progress: Progress = silent,
) -> Fitting:
    """How a method, given by name or as an object, learns from snapshots."""
    if isinstance(method, str):
        if method.lower() not in methods():
            raise NotFoundError.for_name("method", method, methods())
        if method.lower() == "tsne":
            return ContinuedTSNE(snapshots, n_components, random_state, progress)
        return FittedFromMoments(snapshots, n_components)
    if isinstance(method, type) or not isinstance(method, Projector):
        hint = f"Make one first: {method.__name__}()." if isinstance(method, type) else ""
        raise InvalidInputError(
            f"method is {method!r:.80}; a name ({', '.join(methods())}) or an object with "
            f"fit_transform is needed. {hint}".rstrip()
        )
    return FittedFromRows(snapshots, method, n_components)
