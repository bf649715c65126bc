"""One run that holds two, for a common picture.

Two networks that learnt the same thing still lie in rotated, scaled copies of one another's space,
so that their vectors cannot share a picture as they are. One run is turned onto the other, once
for all steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._compare import RunComparison, shared_items, shared_steps, space_of
from .errors import InvalidInputError

if TYPE_CHECKING:
    from .data import Snapshot
    from .store import Run, Store

__all__ = ["combine"]

MAX_NAME = 60
Frame = Literal["aligned", "pooled"]


def combine(
    run_a: Run,
    run_b: Run,
    store: Store,
    *,
    name: str | None = None,
    space: str | None = None,
    space_b: str | None = None,
    frame: Frame = "aligned",
    comparison: RunComparison | None = None,
) -> Run:
    """Write one run that holds two, so that the viewer shows both in one frame.

    Every item is there twice, as ``"a/ITEM"`` and ``"b/ITEM"`` with the runs' names, and the
    columns "run" and "item" tell which is which. With a comparison, the column
    "shared_neighbors" has the share of neighbours that both runs agree on at the last step.

    Parameters
    ----------
    run_a, run_b : Run
        Runs that logged the same items.
    store : Store
        Where to write.
    name : str, optional
        Name of the new run; by default made of both.
    space, space_b : str, optional
        As in `compare`.
    frame : {"aligned", "pooled"}
        "aligned" turns, scales and shifts the second run onto the first at the last shared
        step and does the same at all steps, which keeps its own movement as it is. "pooled"
        leaves vectors as they are, which only makes sense for runs that began equal.
    comparison : RunComparison, optional
        What `compare` found.

    Returns
    -------
    run : Run
        Closed, ready for `driftglass.project` and `driftglass.show`.

    Raises
    ------
    NotFoundError
        No such space, or no step that both runs have.
    InvalidInputError
        The name is taken, or "pooled" was asked for spaces of different widths.
    """
    if frame not in ("aligned", "pooled"):
        raise InvalidInputError(f"frame is {frame!r}; 'aligned' or 'pooled' is needed.")
    names = space_of(run_a, space), space_of(run_b, space_b or space)
    steps = shared_steps(run_a, run_b, names)
    ids = shared_items(run_a, run_b, names, steps)
    both = (run_a, run_b)
    prefixes = ("a", "b") if run_a.name == run_b.name else (run_a.name, run_b.name)
    last = [
        run.snapshot(each, steps[-1]).select(ids) for run, each in zip(both, names, strict=True)
    ]
    turn = _Turn.of(last[0], last[1], frame)
    title = name or f"{run_a.name[:MAX_NAME]}-and-{run_b.name[:MAX_NAME]}"
    made = store.create(
        title,
        ids=[f"{prefix}/{item}" for prefix in prefixes for item in ids.tolist()],
        metadata=_columns(both, prefixes, ids, comparison),
        classes=run_a.classes if run_a.classes == run_b.classes else None,
        when_full="block",
        strict=True,
    )
    with made:
        for step in steps:
            X, Y = (
                run.snapshot(each, step).select(ids).vectors
                for run, each in zip(both, names, strict=True)
            )
            made.log(step, {names[0]: np.vstack(turn.together(X, Y))})
    return store.run(title)


@dataclass(frozen=True, eq=False)
class _Turn:
    """How the second run's vectors get into the frame of the first."""

    width: int
    rotation: NDArray[np.float64] | None = None
    scale: float = 1.0
    shift: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, first: Snapshot, second: Snapshot, frame: Frame) -> _Turn:
        width = max(first.n_features, second.n_features)
        if frame == "pooled":
            if first.n_features != second.n_features:
                raise InvalidInputError(
                    f"The spaces have {first.n_features} and {second.n_features} features, so "
                    f"they cannot be pooled. Use frame='aligned'."
                )
            return cls(width)
        from .projections import procrustes

        fit = procrustes(
            _widened(second.vectors, width), _widened(first.vectors, width), scale=True
        )
        return cls(width, fit.rotation, fit.scale, fit.shift)

    def together(
        self, X: NDArray[Any], Y: NDArray[Any]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        X, Y = _widened(X, self.width), _widened(Y, self.width)
        if self.rotation is not None and self.shift is not None:
            Y = self.scale * (Y @ self.rotation) + self.shift
        return X.astype(np.float32), Y.astype(np.float32)


def _widened(X: NDArray[Any], width: int) -> NDArray[np.float64]:
    return np.pad(X.astype(np.float64), ((0, 0), (0, width - X.shape[1])))


def _columns(
    runs: Sequence[Run],
    prefixes: tuple[str, str],
    ids: NDArray[Any],
    comparison: RunComparison | None,
) -> dict[str, list[Any]]:
    items = ids.tolist()
    table: dict[str, list[Any]] = {
        "run": [prefix for prefix in prefixes for _ in items],
        "item": [str(item) for item in items] * 2,
    }
    if comparison is not None:
        found = dict(zip(comparison.ids.tolist(), comparison.shared_neighbors[-1], strict=True))
        table["shared_neighbors"] = [_known(found.get(item)) for item in items] * 2
    for run in runs:
        if run.metadata is None:
            continue
        chosen = run.metadata.select(ids)
        for column_name, column in chosen.columns.items():
            if column.kind in ("categorical", "number", "boolean", "text"):
                values = [column.value(row) for row in range(len(column))]
                table.setdefault(column_name, values * 2)
    return table


def _known(share: Any) -> float | None:
    return None if share is None else float(share)
