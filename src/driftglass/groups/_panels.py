"""Maps of several spaces that may be put side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_vectors
from ..errors import InvalidInputError, ShapeError
from ..projections import procrustes, project_sequence

__all__ = ["comparable_maps"]

HOW = ("joint", "procrustes", "refine", "aligned_umap")


def comparable_maps(
    spaces: Mapping[str, Any],
    make: Callable[[], Any] | None = None,
    *,
    how: str = "joint",
    random_state: int = 0,
) -> dict[str, NDArray[np.float32]]:
    """Project several spaces so that a place means the same in every panel.

    Maps that were fitted separately have no common axes: a point that seems to move between them
    may only have been turned.

    Parameters
    ----------
    spaces : mapping of str to array-like of shape (n_samples, n_features)
        Vectors by title, of the same rows in the same order unless ``how="joint"``.
    make : callable, optional
        Estimator with ``fit_transform``, made anew for each fit; ``UMAP(random_state=...)`` by
        default. Not for "refine" and "aligned_umap".
    how : {"joint", "procrustes", "refine", "aligned_umap"}
        - "joint": one fit of all rows of all spaces, which need the same features: also for two
          data sets with other rows;
        - "procrustes": a fit for each, turned, shifted and scaled onto the first: also for
          spaces of other features;
        - "refine": one rough map, refined space by space and held where neighbours are the same;
        - "aligned_umap": one layout of all spaces, in which a row is drawn towards its own places
          in the spaces beside (both as in `driftglass.projections.project_sequence`).
    random_state : int
        Seed where `make` is not given.

    Returns
    -------
    maps : dict of str to ndarray of shape (n_samples, n_components)
        In the order of `spaces`, for `driftglass.plots.map_grid`.

    Raises
    ------
    ShapeError
        The spaces do not have the same rows, or for "joint" the same features.

    Examples
    --------
    >>> from driftglass.projections import PCA
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 4))
    >>> maps = comparable_maps({"base": X, "turned": X[:, ::-1]}, PCA, how="procrustes")
    >>> bool(np.abs(maps["base"] - maps["turned"]).max() < 1e-5)
    True
    """
    if how not in HOW:
        raise InvalidInputError(f"how is {how!r}; one of {', '.join(HOW)} is needed.")
    if not spaces:
        raise InvalidInputError("spaces is empty; a mapping of titles to vectors is needed.")
    vectors = {title: as_vectors(X, name=str(title)) for title, X in spaces.items()}
    if how == "joint":
        _same(vectors, 1, "features", "Use how='procrustes' for spaces of other features.")
        return _joint(vectors, _maker(make, random_state))
    _same(vectors, 0, "rows", "Use how='joint' for data sets with other rows.")
    if how in ("refine", "aligned_umap"):
        made = project_sequence(list(vectors.values()), method=how, random_state=random_state)
        frames = made.coordinates
        return {
            title: np.asarray(Y, dtype=np.float32) for title, Y in zip(vectors, frames, strict=True)
        }
    fitted = _maker(make, random_state)
    maps = {title: np.asarray(fitted().fit_transform(X)) for title, X in vectors.items()}
    target = next(iter(maps.values()))
    return {
        title: procrustes(Y, target, scale=True).apply(Y).astype(np.float32)
        for title, Y in maps.items()
    }


def _maker(make: Callable[[], Any] | None, random_state: int) -> Callable[[], Any]:
    if make is not None:
        return make
    from ..projections import UMAP

    return lambda: UMAP(random_state=random_state)


def _joint(
    vectors: Mapping[str, NDArray[Any]], make: Callable[[], Any]
) -> dict[str, NDArray[np.float32]]:
    together = np.asarray(make().fit_transform(np.concatenate(list(vectors.values()))))
    ends = np.cumsum([len(X) for X in vectors.values()])
    return {
        title: np.ascontiguousarray(part, dtype=np.float32)
        for title, part in zip(vectors, np.split(together, ends[:-1]), strict=True)
    }


def _same(vectors: Mapping[str, NDArray[Any]], axis: int, what: str, remedy: str) -> None:
    sizes = {title: X.shape[axis] for title, X in vectors.items()}
    if len(set(sizes.values())) > 1:
        raise ShapeError(f"The spaces have other numbers of {what}: {sizes}. {remedy}")
