"""The vectors of some items, in one space, at one training step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids, as_vectors, finite_rows
from ..errors import NotFoundError, ShapeError
from ._ids import positions, shared_ids

__all__ = ["Snapshot"]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Vectors of some items, in one space, at one training step.

    Parameters
    ----------
    ids : ndarray of shape (n_samples,)
        Unique integers or text; they join this snapshot with others.
    vectors : ndarray of shape (n_samples, n_features)
        May be memory-mapped and read-only; may hold rows that are not finite.
    space : str
        Where the vectors come from, for example a layer.
    step : int
        Training step.
    attempt : int
        1 for the first time this step was logged, 2 after a resume that repeats it.
    n_duplicates : int
        Rows left out because their id had already appeared, as when a distributed
        sampler pads the last batch.

    Raises
    ------
    ShapeError
        The numbers of ids and of rows differ.

    Examples
    --------
    >>> snapshot = Snapshot(["a", "b"], [[0.0, 1.0], [2.0, 3.0]], space="hidden", step=10)
    >>> snapshot.select(["b"]).vectors
    array([[2., 3.]])
    """

    ids: NDArray[Any]
    vectors: NDArray[Any]
    space: str = "vectors"
    step: int = 0
    attempt: int = 1
    n_duplicates: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", as_ids(self.ids))
        object.__setattr__(self, "vectors", as_vectors(self.vectors))
        if len(self.ids) != len(self.vectors):
            raise ShapeError(
                f"{len(self.ids)} ids for {len(self.vectors)} rows of vectors in space "
                f"{self.space!r} at step {self.step}; one id per row is needed."
            )

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return len(self.vectors)

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return int(self.vectors.shape[1])

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        """For each row, whether every value is finite; shape (n_samples,)."""
        return finite_rows(self.vectors)

    def select(self, ids: Any) -> Snapshot:
        """Rows of the given ids, in that order; NotFoundError if one is missing."""
        wanted = as_ids(ids)
        where = positions(wanted, self.ids)
        if (where < 0).any():
            raise NotFoundError.for_name("id", wanted[where < 0][0].item(), self.ids[:50].tolist())
        return self._take(where)

    def intersect(self, other: Snapshot) -> tuple[Snapshot, Snapshot]:
        """Both snapshots reduced to the ids they share, in this one's order."""
        shared = shared_ids(self.ids, other.ids)
        return self.select(shared), other.select(shared)

    def sort(self) -> Snapshot:
        """The same rows in ascending order of id."""
        return self._take(np.argsort(self.ids, kind="stable"))

    def _take(self, where: NDArray[np.int64]) -> Snapshot:
        return Snapshot(self.ids[where], self.vectors[where], self.space, self.step, self.attempt)
