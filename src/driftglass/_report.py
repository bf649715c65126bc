"""`Run.report`: the tracks of every space as one table, kept with the run.

The method belongs to the run, where people look for it; the numbers belong to the diagnostics,
which the store may not know. This file, above both, brings them together.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ._progress import Progress, silent
from .data import Provenance
from .errors import DriftglassWarning, NotFoundError, StoreError

if TYPE_CHECKING:
    from .store import Run

__all__ = ["report"]

VERSION = "1"
"""Changes when the numbers of a kept report would."""
TEXTS = ("space", "track", "against")


def report(
    run: Run,
    *,
    spaces: Sequence[str] | None = None,
    labels: str | None = None,
    n_probe: int = 1000,
    random_state: int = 0,
    refresh: bool = False,
    n_jobs: int | None = None,
    progress: Progress = silent,
) -> dict[str, NDArray[Any]]:
    """Tracks of every space as one table; see `driftglass.Run.report`."""
    there = list(run.spaces)
    chosen = there if spaces is None else list(spaces)
    for space in chosen:
        if space not in there:
            raise NotFoundError.for_name("space", space, there)
    if not chosen:
        raise NotFoundError(
            f"The run {run.name!r} has no snapshots yet. Log one with "
            f"run.log(step, spaces={{'hidden': vectors}})."
        )
    parameters = {"spaces": chosen, "labels": labels, "n_probe": n_probe}
    # The revision stands for everything logged: vectors, predictions and their attempts.
    made = Provenance("tracks", parameters, (str(run.revision),), random_state, VERSION)
    if not refresh:
        kept = run.cache.get(made.key)
        if kept is not None:
            return _restored(kept.description, kept.arrays)
    from .diagnostics import tracks
    from .diagnostics._track_table import table_of

    table = table_of(
        [
            tracks(
                run,
                space=space,
                labels=labels,
                n_probe=n_probe,
                random_state=random_state,
                n_jobs=n_jobs,
                progress=progress,
            )
            for space in chosen
        ]
    )
    try:
        run.cache.put(made.key, *_storable(table))
    except StoreError as error:  # what was computed is not thrown away over a full disk
        message = f"The report was made but cannot be kept with the run: {error}"
        warnings.warn(message, DriftglassWarning, stacklevel=3)
    return table


def _storable(
    table: dict[str, NDArray[Any]],
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    words: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for name, values in table.items():
        if name in TEXTS:
            found, codes = np.unique(values.astype(str), return_inverse=True)
            words[name] = found.tolist()
            arrays[name] = codes.astype(np.int32)
        else:
            arrays[name] = values
    return {"kind": "report", "words": words}, arrays


def _restored(description: dict[str, Any], arrays: Any) -> dict[str, NDArray[Any]]:
    table = {}
    for name, values in arrays.items():
        if name in TEXTS:
            table[name] = np.array(description["words"][name], dtype=object)[values]
        else:
            table[name] = np.array(values)
    order = ("space", "track", "against", "step", "reference", "value", "standard_error", "n")
    return {name: table[name] for name in order}
