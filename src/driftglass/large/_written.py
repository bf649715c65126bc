"""A large map as a run of a store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._npy import load_npy
from .._ordered import keep_order
from .._projection_plan import ProjectionRequest, infos_for
from .._sequence_cache import keep_sequence
from ..data import CategoricalColumn, Metadata, Projection, ProjectionSequence, Quality
from ..errors import InvalidInputError
from ._sorted import MapFiles

if TYPE_CHECKING:
    from ..store import Run, Store

__all__ = ["Written", "write_run"]


@dataclass(frozen=True, eq=False)
class Written:
    """Where a map will be, and what it answers.

    Parameters
    ----------
    store : Store
        The store.
    name : str
        Of the run.
    request : ProjectionRequest
        What map it is.
    """

    store: Store
    name: str
    request: ProjectionRequest

    @classmethod
    def at(
        cls,
        store: Any,
        name: str,
        space: str,
        method: str,
        n_components: int,
        random_state: int,
        parameters: Mapping[str, Any],
    ) -> Written:
        """Check that a run can be made there."""
        from ..store import Store
        from ..store import open as open_store

        opened: Store = store if isinstance(store, Store) else open_store(store)
        if name in [run.name for run in opened.runs()]:
            raise InvalidInputError(
                f"There is a run {name!r} in {opened.path.name} already. Say name=, or delete it."
            )
        request = ProjectionRequest(
            space, method.lower(), n_components, random_state, dict(parameters)
        )
        return cls(opened, name, request)

    @property
    def folder(self) -> Path:
        """Folder of the store."""
        return Path(self.store.path)


def write_run(
    written: Written,
    files: MapFiles,
    samples: Mapping[int, tuple[NDArray[np.int64], NDArray[Any]]],
    categories: tuple[str, ...],
    quality: Mapping[int, Quality | None],
    notes: list[str],
    folder: Path,
) -> Run:
    """Make the run aside, and give it its place when it is whole."""
    from ..store import open as open_store

    request = written.request
    aside = folder / "run"
    shutil.rmtree(aside, ignore_errors=True)
    rows = load_npy(files.rows)
    codes = load_npy(files.codes)
    column = CategoricalColumn(np.asarray(codes), categories) if categories else None
    metadata = None if column is None else Metadata(rows, {"label": column})
    run = open_store(aside).create(
        written.name, ids=rows, metadata=metadata, strict=True, when_full="block"
    )
    with run:
        for step, (ids, X) in samples.items():
            run.log(step, {request.space: X}, ids=ids, wait=True)
    run = open_store(aside).run(written.name)
    infos = infos_for(run, request)
    n_fitted = sum(info.n_samples for info in infos)
    said = [f"Fitted to {n_fitted:,} rows, a fair sample; the others were placed among them."]
    if request.method == "pca":
        said = ["Axes from all rows; the run keeps the vectors of a sample."]
    provenance = request.provenance([info.content for info in infos])
    frames = []
    for (step, measured), path in zip(quality.items(), files.places, strict=True):
        Y = load_npy(path)
        there = np.isfinite(Y[:, 0])
        whole = bool(there.all())
        frames.append(
            Projection(
                ids=rows if whole else rows[there],
                coordinates=Y if whole else Y[there],
                space=request.space,
                step=step,
                excluded=rows[:0] if whole else rows[~there],
                provenance=provenance,
                quality=measured,
                notes=(*said, *notes),
            )
        )
    keep_sequence(
        run,
        request.key,
        ProjectionSequence(tuple(frames), provenance),
        contents=[info.content for info in infos],
        fitted_steps=[info.step for info in infos],
        extendable=False,
    )
    keep_order(run, rows, column)
    del run
    os.rename(aside / written.name, written.folder / written.name)
    return written.store.run(written.name)
