"""Trust reports of the maps of files and of runs: read, project again, measure."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import finite_rows
from ._grids import GRIDS, OTHER_ROWS, SEEDS
from ._progress import Progress, silent
from .data import CategoricalColumn, Metadata
from .errors import DriftglassWarning, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from .diagnostics import Multiverse, TrustReport
    from .formats import VectorFile
    from .store import Run

__all__ = ["GRIDS", "MeasuredMap", "trust_of_file", "trust_of_run"]


@dataclass(frozen=True, eq=False)
class MeasuredMap:
    """A map and how far it can be trusted.

    Parameters
    ----------
    coordinates : ndarray of shape (n_samples, n_components)
        The map.
    report : TrustReport
        Measured against the vectors.
    classes : list of str or None
        Class of each row.
    title : str
        What the map is of.
    """

    coordinates: NDArray[np.float32]
    report: TrustReport
    classes: list[str] | None
    title: str


def trust_of_file(
    file: VectorFile,
    *,
    title: str = "",
    method: str = "umap",
    n_components: int = 2,
    random_state: int = 0,
    label: str | None = None,
    noise: bool = True,
    others: bool = False,
    progress: Progress = silent,
    **parameters: Any,
) -> MeasuredMap:
    """Project the rows of a file and report how far the map can be trusted.

    Parameters
    ----------
    file : VectorFile
        From `driftglass.formats.read_vectors`.
    title : str
        What to call it.
    method, n_components, random_state, **parameters
        As in `driftglass.projections.methods`.
    label : str, optional
        Column with classes; "label" or "target" if there is one.
    noise : bool
        Whether to compare with a map of permuted columns, which costs a second map.
    others : bool
        Whether to try other settings and seeds, nine maps of at most 5,000 rows.
    progress : callable
        Called with (done, total, what); may raise to stop.

    Returns
    -------
    measured : MeasuredMap
        Rows that are not finite are left out.
    """
    placed = finite_rows(file.X)
    if not placed.any():
        raise InvalidInputError("No row of the file is finite: there is nothing to project.")
    columns = Metadata.from_table({name: list(values) for name, values in file.columns.items()})
    classes = _classes(columns if file.columns else None, label)
    X = file.X if placed.all() else file.X[placed]
    return _measured(
        np.asarray(X),
        None if classes is None else [c for c, there in zip(classes, placed, strict=True) if there],
        title,
        method,
        {"n_components": n_components, "random_state": random_state},
        parameters,
        noise,
        others,
        progress,
    )


def trust_of_run(
    run: Run,
    *,
    space: str | None = None,
    step: int | None = None,
    method: str = "umap",
    n_components: int = 2,
    random_state: int = 0,
    label: str | None = None,
    noise: bool = True,
    others: bool = False,
    progress: Progress = silent,
    **parameters: Any,
) -> MeasuredMap:
    """Project one snapshot of a run and report how far the map can be trusted.

    Parameters
    ----------
    run : Run
        A run of a store.
    space : str, optional
        Where the vectors come from; the first by default.
    step : int, optional
        The last by default.
    method, n_components, random_state, label, noise, others, progress, **parameters
        As in `trust_of_file`; classes are a column of the run's metadata.

    Returns
    -------
    measured : MeasuredMap
        Of that snapshot alone, fitted to it.
    """
    spaces = list(run.spaces)
    if not spaces:
        raise NotFoundError(f"Run {run.name!r} has no vectors yet.")
    chosen = spaces[0] if space is None else space
    if chosen not in spaces:
        raise NotFoundError.for_name("space", chosen, spaces)
    steps = list(run.steps(chosen))
    at = steps[-1] if step is None else step
    if at not in steps:
        raise NotFoundError.for_name("step", at, steps)
    snapshot = run.snapshot(chosen, at)
    kept = snapshot.select(snapshot.ids[snapshot.finite])
    metadata = run.metadata
    classes = _classes(None if metadata is None else metadata.select(kept.ids), label)
    return _measured(
        np.asarray(kept.vectors),
        classes,
        f"{run.name}, {chosen}, step {at}",
        method,
        {"n_components": n_components, "random_state": random_state},
        parameters,
        noise,
        others,
        progress,
    )


def _measured(
    X: NDArray[Any],
    classes: list[str] | None,
    title: str,
    method: str,
    defaults: Mapping[str, Any],
    parameters: Mapping[str, Any],
    noise: bool,
    others: bool,
    progress: Progress,
) -> MeasuredMap:
    from .diagnostics import trust_report
    from .projections._make import make_projector

    def project(vectors: NDArray[Any]) -> NDArray[np.float32]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DriftglassWarning)
            made = make_projector(method, parameters, defaults).fit_transform(vectors)
        return np.ascontiguousarray(made, dtype=np.float32)

    progress(0, 1, f"projecting with {method}")
    Y = project(X)
    shown = {**_settings(method, parameters), **parameters}
    report = trust_report(
        X,
        Y,
        labels=None if classes is None else np.array(classes),
        project=project if noise else None,
        maps=_others(X, method, defaults, parameters, progress) if others else None,
        method=method,
        parameters=shown,
        random_state=defaults["random_state"],
        progress=progress,
    )
    return MeasuredMap(Y, report, classes, title)


def _others(
    X: NDArray[Any],
    method: str,
    defaults: Mapping[str, Any],
    parameters: Mapping[str, Any],
    progress: Progress,
) -> Multiverse | None:
    from .diagnostics import multiverse
    from .projections._make import make_projector

    if len(X) > OTHER_ROWS:
        raise InvalidInputError(
            f"Other settings are tried on at most {OTHER_ROWS:,} rows, and there are {len(X):,}: "
            f"nine more maps would take long. Take a sample of the rows."
        )
    grid = GRIDS.get(method.lower())
    if grid is None:
        return None
    usable = {
        name: [value for value in values if value < len(X) / 3] or [values[0]]
        for name, values in grid.items()
    }

    def make(random_state: int, **chosen: Any) -> Any:
        wanted = {**defaults, "random_state": random_state}
        return make_projector(method, {**parameters, **chosen}, wanted)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DriftglassWarning)
        return multiverse(X, make, usable, seeds=SEEDS, progress=progress)


def _settings(method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that a caption should name, given or not."""
    from .projections._make import make_projector

    known = make_projector(method, parameters, {}).get_params()
    return {name: known[name] for name in GRIDS.get(method.lower(), {}) if name in known}


def _classes(table: Metadata | None, label: str | None) -> list[str] | None:
    if table is None:
        if label is not None:
            raise NotFoundError(f"There is no column {label!r}: there are no columns.")
        return None
    if label is None:
        for name in ("label", "labels", "target", "class"):
            column = table.columns.get(name)
            if isinstance(column, CategoricalColumn):
                return _names(column)
        return None
    column = table[label]
    if not isinstance(column, CategoricalColumn):
        raise InvalidInputError(
            f"Column {label!r} holds {column.kind} values; classes are needed, one name per row."
        )
    return _names(column)


def _names(column: CategoricalColumn) -> list[str]:
    names = (*column.categories, "missing")  # -1 is the last
    return [names[code] for code in column.codes.tolist()]
