"""From a file of vectors to a file with their map: read, project, measure, write."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import finite_rows
from ._progress import Progress, silent
from .data import Quality
from .errors import DriftglassWarning, InvalidInputError, StoreError
from .formats import VectorFile, write_map

if TYPE_CHECKING:
    from .projections import Projector

__all__ = ["FileMap", "project_file"]

N_ANCHORS, N_ANCHORS_LARGE, LARGE = 1000, 300, 20_000
"""Rows beyond `LARGE` are ranked from fewer anchors: each costs a pass over all rows."""
ANGULAR = ("cosine", "correlation")
STAGES = {
    "neighbors": "finding neighbours",
    "affinities": "weighing neighbours",
    "initialization": "finding a start",
    "layout": "laying out",
}


@dataclass(frozen=True, eq=False)
class FileMap:
    """A map of the rows of a file.

    Parameters
    ----------
    ids : ndarray of shape (n_placed,)
        Names of the rows that have a place.
    coordinates : ndarray of shape (n_placed, n_components), dtype float32
        Always finite.
    columns : mapping of str to sequence
        What else those rows have.
    excluded : ndarray of shape (n_excluded,)
        Names of the rows that were not finite.
    method : str
        Name of the method.
    parameters : mapping of str to value
        All parameters of the method.
    quality : Quality or None
        None where there is nothing to judge.
    quality_metric : str
        Distance between vectors that `quality` goes by.
    seconds : float
        Time of the fit.
    notes : tuple of str
        What a reader of the map should know.
    """

    ids: NDArray[Any]
    coordinates: NDArray[np.float32]
    columns: Mapping[str, Any]
    excluded: NDArray[Any]
    method: str
    parameters: Mapping[str, Any]
    quality: Quality | None
    quality_metric: str
    seconds: float
    notes: tuple[str, ...] = field(default=())

    def write(self, path: Any) -> tuple[str, ...]:
        """Write the map to a file of the kind that its name says; returns names of columns."""
        if Path(path).suffix.lower() == ".npy":
            refuse_gaps(len(self.excluded))
        about = {
            "method": self.method,
            "parameters": dict(self.parameters),
            "notes": list(self.notes),
            "quality_metric": self.quality_metric,
        }
        if self.quality is not None:
            names = ("trustworthiness", "continuity", "null", "n_neighbors", "n_anchors")
            about |= {name: getattr(self.quality, name) for name in names}
        return write_map(path, self.ids, self.coordinates, self.columns, about=about)


def project_file(
    file: VectorFile,
    *,
    method: str = "umap",
    n_components: int = 2,
    random_state: int = 0,
    nan: str = "drop",
    progress: Progress = silent,
    **parameters: Any,
) -> FileMap:
    """Project the rows of a file, and measure the map.

    Parameters
    ----------
    file : VectorFile
        From `driftglass.formats.read_vectors`.
    method : str
        One of `driftglass.projections.methods`.
    n_components : int
        Coordinates per row.
    random_state : int
        Seed.
    nan : {"drop", "raise", "impute"}
        What becomes of rows that are not finite: they are left out and listed, refused, or
        filled in with column means.
    progress : callable
        Called with (done, total, what); may raise to stop.
    **parameters
        Of the method.

    Returns
    -------
    result : FileMap
        The map, measured.

    Raises
    ------
    NotFoundError
        No such method or parameter.
    InvalidInputError
        Values that the method can't use, or no row that is finite.
    """
    from .projections._make import make_projector

    wanted = {"n_components": n_components, "random_state": random_state}
    estimator: Any = make_projector(method, parameters, wanted)
    X, placed, notes = _usable(file, nan)
    _watch(estimator, progress)
    progress(0, 1, "projecting")
    begin = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DriftglassWarning)
        Y = _fitted(estimator, X, method, n_components)
    seconds = time.perf_counter() - begin
    progress(1, 1, "projecting")
    said = [str(item.message) for item in caught if issubclass(item.category, DriftglassWarning)]
    metric = str(getattr(estimator, "metric", "euclidean"))
    measured_by = metric if metric in ANGULAR else "euclidean"
    progress(0, 1, "measuring trust")
    measured = _quality(X, Y, measured_by, random_state)
    progress(1, 1, "measuring trust")
    if measured_by != metric:
        said.append(f"the quality goes by euclidean distances, the map by {metric} ones.")
    kept = {name: _rows(values, placed) for name, values in file.columns.items()}
    return FileMap(
        ids=file.ids[placed],
        coordinates=Y,
        columns=kept,
        excluded=file.ids[~placed],
        method=method.lower(),
        parameters=_parameters(estimator),
        quality=measured,
        quality_metric=measured_by,
        seconds=seconds,
        notes=tuple(dict.fromkeys([*notes, *said])),
    )


def refuse_gaps(n_excluded: int) -> None:
    """Say that a file without ids can't tell which rows have no place."""
    if n_excluded:
        raise InvalidInputError(
            f"{n_excluded:,} rows are not finite and have no place, and an .npy file cannot say "
            f"which. Write .npz or .csv, or fill them in with --nan impute."
        )


def _usable(file: VectorFile, nan: str) -> tuple[NDArray[Any], NDArray[np.bool_], list[str]]:
    """Finite vectors, which rows they are, and what became of the others."""
    if nan not in ("drop", "raise", "impute"):
        raise InvalidInputError(f"nan is {nan!r}; 'drop', 'raise' or 'impute' is needed.")
    finite = finite_rows(file.X)
    if finite.all():
        return file.X, finite, []
    bad = np.flatnonzero(~finite)
    found = f"{len(bad):,} of {len(finite):,} rows are not finite, first: id {file.ids[bad[0]]}"
    if nan == "raise":
        raise InvalidInputError(f"{found}. Leave them out with --nan drop.")
    if nan == "drop" or not finite.any():
        if not finite.any():
            raise InvalidInputError(f"{found}: there is no row to project.")
        return file.X[finite], finite, [f"{found}; they have no place in the map."]
    X = np.array(file.X)
    means = np.array([column[np.isfinite(column)].mean(dtype=np.float64) if
                      np.isfinite(column).any() else 0.0 for column in X.T])  # fmt: skip
    for row in bad:
        X[row] = np.where(np.isfinite(X[row]), X[row], means)
    return X, np.ones(len(X), dtype=bool), [f"{found}; column means stand in."]


def _watch(estimator: Projector, progress: Progress) -> None:
    """Let the estimator tell how far it is, in whichever way it can."""
    known: Any = getattr(estimator, "get_params", dict)()
    if progress is silent:
        return
    if "progress" in known:

        def heard(*said: Any) -> None:
            if len(said) == 1:
                said = (said[0].done, said[0].total, said[0].stage)
            done, total, stage = said
            progress(done, total, STAGES.get(stage, stage))

        estimator.set_params(progress=heard)  # type: ignore[attr-defined]
    elif "callback" in known:
        total = _rounds(known)

        def counted(done: int, *state: Any) -> None:
            progress(done, total, STAGES["layout"])

        often = {"callback_every": 10} if "callback_every" in known else {}
        estimator.set_params(callback=counted, **often)  # type: ignore[attr-defined]


def _rounds(known: Mapping[str, Any]) -> int:
    """How often the callback's counter will go up; 0, which shows nothing, where unknown."""
    if "num_iters" in known:
        rounds = known["num_iters"]
        return int(sum(rounds)) if isinstance(rounds, (tuple, list)) else 0
    if "n_iter" in known:
        return int(known["n_iter"] or 0) + int(known.get("early_exaggeration_iter") or 0)
    return 0


def _fitted(estimator: Any, X: NDArray[Any], method: str, n_components: int) -> NDArray[np.float32]:
    try:
        Y = np.ascontiguousarray(estimator.fit_transform(X), dtype=np.float32)
    except MemoryError as error:
        raise StoreError(
            f"{method} of {X.shape[0]:,} x {X.shape[1]:,} values needs more memory than there is. "
            f"Project fewer rows, or reduce the features first with --method pca."
        ) from error
    if Y.shape[1] < n_components:  # fewer features than coordinates
        Y = np.hstack([Y, np.zeros((len(Y), n_components - Y.shape[1]), np.float32)])
    if not np.isfinite(Y).all():
        raise InvalidInputError(
            f"{method} gave coordinates that are not finite. Scale the vectors (for example to "
            f"unit variance) and project again."
        )
    return Y


def _quality(
    X: NDArray[Any], Y: NDArray[np.float32], metric: str, random_state: int
) -> Quality | None:
    from .diagnostics import quality

    if metric in ANGULAR:  # of unit rows, euclidean distances rank as angles do
        X = np.array(X, dtype=np.float32)
        if metric == "correlation":
            X -= X.mean(axis=1, keepdims=True)
        X /= np.maximum(np.linalg.norm(X, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    n_anchors = N_ANCHORS if len(X) <= LARGE else N_ANCHORS_LARGE
    return quality(X, Y, n_anchors=n_anchors, random_state=random_state)


def _rows(values: Any, placed: NDArray[np.bool_]) -> Any:
    if placed.all():
        return values
    if isinstance(values, np.ndarray):
        return values[placed]
    return [value for value, there in zip(values, placed, strict=True) if there]


def _parameters(estimator: Any) -> dict[str, Any]:
    plain = (bool, int, float, str, type(None))
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in estimator.get_params().items()
        if isinstance(value, (*plain, tuple, list)) and name not in ("n_jobs", "callback_every")
    }
