"""Vectors and maps of the same rows, snapshot by snapshot, and which rows are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import ProjectionSequence
from ..data._ids import positions
from ..errors import InvalidInputError, ShapeError
from ..projections._snapshots import Loaded, Snapshots

__all__ = ["Anchors", "PairedFrame", "PairedFrames"]


@dataclass(frozen=True, eq=False)
class PairedFrame:
    """Rows of one snapshot that have a place in its map."""

    ids: NDArray[Any]
    X: NDArray[Any]
    Y: NDArray[np.float64]


class PairedFrames:
    """Vectors and maps of the same rows, one snapshot at a time."""

    def __init__(self, Xs: Any, Ys: Any, ids: Any) -> None:
        self._maps = Ys if isinstance(Ys, ProjectionSequence) else list(Ys)
        steps = Ys.steps if isinstance(Ys, ProjectionSequence) else None
        sources = list(Xs)
        if len(sources) != len(self._maps):
            raise ShapeError(
                f"{len(sources)} snapshots and {len(self._maps)} maps; one map per snapshot is "
                f"needed. Select the steps that were projected."
            )
        self._snapshots = Snapshots(sources, ids, steps)
        self.steps = self._snapshots.steps

    def __len__(self) -> int:
        return len(self._snapshots)

    def load(self, number: int) -> PairedFrame:
        """Read one snapshot and join its map to it."""
        loaded = self._snapshots.load(number)
        if isinstance(self._maps, ProjectionSequence):
            frame = self._maps[number]
            return self._joined(loaded, frame.ids, frame.coordinates, number)
        Y = np.asarray(self._maps[number], dtype=np.float64)
        n_rows = len(loaded.ids) + len(loaded.excluded)
        if Y.ndim != 2 or len(Y) != n_rows:
            raise ShapeError(
                f"The map of step {self.steps[number]} has shape {Y.shape}, its snapshot has "
                f"{n_rows} rows; one pair of coordinates per row is needed."
            )
        if len(loaded.excluded):
            raise InvalidInputError(
                f"{len(loaded.excluded)} rows of step {self.steps[number]} are not finite. Pass "
                f"the ProjectionSequence, which lists who has a place, or drop them from both."
            )
        return self._checked(PairedFrame(loaded.ids, loaded.vectors, Y), number)

    def _joined(self, loaded: Loaded, ids: NDArray[Any], Y: Any, number: int) -> PairedFrame:
        rows = positions(ids, loaded.ids)
        if (rows < 0).any():
            raise ShapeError(
                f"The map of step {self.steps[number]} places id "
                f"{ids[int(np.argmin(rows))].item()!r}, which its snapshot does not have. Pass "
                f"ids=, the ids of the rows of Xs."
            )
        return self._checked(PairedFrame(ids, loaded.vectors[rows], Y.astype(np.float64)), number)

    def _checked(self, frame: PairedFrame, number: int) -> PairedFrame:
        if not np.isfinite(frame.Y).all():
            raise InvalidInputError(
                f"The map of step {self.steps[number]} has values that are not finite; drop those "
                f"rows from vectors and map."
            )
        return frame


class Anchors:
    """Which rows are anchors: the same ids in every frame, as far as they are there."""

    def __init__(self, n_anchors: int, random_state: int) -> None:
        self._n_anchors = n_anchors
        self._seed = random_state

    def rows(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Positions of the anchors among these ids, ascending."""
        if len(ids) <= self._n_anchors:
            return np.arange(len(ids))
        import xxhash

        # By the id itself, so that the choice does not depend on what other frames hold.
        text = [str(name).encode() for name in ids.tolist()]
        seed = self._seed % (1 << 64)
        keys = np.array([xxhash.xxh3_64_intdigest(name, seed) for name in text], dtype=np.uint64)
        chosen = np.argpartition(keys, self._n_anchors)[: self._n_anchors]
        return np.sort(chosen)
