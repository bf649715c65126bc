"""Maps of the same rows under other settings, other seeds or of other parts of the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._grids import GRIDS, OTHER_ROWS, SEEDS
from .._preparation import prepared
from .._progress import Progress
from .._projection_plan import ProjectionRequest

if TYPE_CHECKING:
    from ..diagnostics import Multiverse

__all__ = ["other_maps"]

PARTS, PART = 5, 0.8
SEQUENCE_GRIDS = {"refine": {"perplexity": (10, 15, 30)}}
LINEAR = ("pca", "linear")


def other_maps(
    X: NDArray[Any],
    made_with: ProjectionRequest,
    project: Callable[..., NDArray[np.float32]],
    progress: Progress,
) -> tuple[NDArray[np.int64], Multiverse, str]:
    """Rows that were used, their other maps, and in words what was changed.

    A method without a seed and without settings is fitted to parts of the rows instead.
    """
    from ..diagnostics import Multiverse

    rows = np.arange(len(X))
    if len(X) > OTHER_ROWS:
        rng = np.random.default_rng(made_with.random_state)
        rows = np.sort(rng.choice(len(X), OTHER_ROWS, replace=False))
    taken = X[rows]
    name = made_with.method.lower()
    if name in LINEAR:
        maps = _of_parts(prepared(made_with, taken), made_with.n_components, progress)
        parts = tuple({"part": number} for number in range(PARTS))
        return rows, Multiverse(parts, maps), f"{PARTS} parts of {PART:.0%} of the rows"
    grid = {**GRIDS, **SEQUENCE_GRIDS}.get(name, {})
    chosen: list[dict[str, Any]] = [
        {parameter: value}
        for parameter, values in grid.items()
        for value in values
        if value < len(taken) / 3
    ] or [{}]
    settings = tuple({**one, "random_state": seed} for one in chosen for seed in SEEDS)
    made = []
    for number, one in enumerate(settings):
        progress(number, len(settings), "mapping with other settings")
        made.append(project(taken, rows=rows, **one))
    what = ", ".join(
        f"{parameter} {', '.join(f'{value:g}' for value in values)}"
        for parameter, values in grid.items()
    )
    seeds = f"seeds {', '.join(map(str, SEEDS))}"
    return rows, Multiverse(settings, tuple(made)), f"{what}; {seeds}" if what else seeds


def _of_parts(
    X: NDArray[Any], n_components: int, progress: Progress
) -> tuple[NDArray[np.float32], ...]:
    from ..projections import PCA

    rng = np.random.default_rng(0)
    size = max(2, round(PART * len(X)))
    maps = []
    for number in range(PARTS):
        progress(number, PARTS, "fitting to a part of the rows")
        part = np.sort(rng.choice(len(X), min(size, len(X)), replace=False))
        maps.append(PCA(n_components=min(n_components, X.shape[1])).fit(X[part]).transform(X))
    return tuple(maps)
