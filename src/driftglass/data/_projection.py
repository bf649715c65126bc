"""Coordinates of one snapshot, and of several in one frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import as_ids
from ..errors import InvalidInputError, NotFoundError, ShapeError
from ._ids import positions, union_ids
from ._provenance import Provenance

__all__ = ["Projection", "ProjectionSequence", "Quality"]


@dataclass(frozen=True, eq=False)
class Quality:
    """How far a projection can be trusted, measured against the vectors themselves.

    Parameters
    ----------
    trustworthiness : float
        In [0, 1]; 1 when every neighbour in the map is a neighbour in the vectors.
    continuity : float
        In [0, 1]; 1 when every neighbour in the vectors is a neighbour in the map.
    null : float
        Trustworthiness of the same map with its rows shuffled: what chance gives.
    n_neighbors : int
        Neighbours looked at.
    n_anchors : int
        Rows ranked against all others; n_samples when nothing was sampled.
    ids : ndarray of shape (n_anchors,)
        Ids of the anchor rows.
    point_trust : ndarray of shape (n_anchors,), dtype float32
        Trustworthiness of each anchor row alone, in [0, 1].
    """

    trustworthiness: float
    continuity: float
    null: float
    n_neighbors: int
    n_anchors: int
    ids: NDArray[Any]
    point_trust: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Projection:
    """Coordinates of one snapshot.

    Parameters
    ----------
    ids : ndarray of shape (n_samples,)
        Ids of the placed rows.
    coordinates : ndarray of shape (n_samples, n_components), dtype float32
        Always finite.
    space : str
        Space of the snapshot.
    step : int
        Step of the snapshot.
    excluded : ndarray of shape (n_excluded,)
        Ids whose vectors were not finite and that therefore have no place in the map.
    provenance : Provenance
        What made it.
    quality : Quality or None
        None until it has been measured.
    notes : tuple of str
        What a reader should know: clamped parameters, degenerate data.

    Raises
    ------
    ShapeError
        The numbers of ids and of rows differ.
    InvalidInputError
        A coordinate is not finite.
    """

    ids: NDArray[Any]
    coordinates: NDArray[np.float32]
    space: str = "vectors"
    step: int = 0
    excluded: NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    provenance: Provenance = field(default_factory=lambda: Provenance("unknown"))
    quality: Quality | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", as_ids(self.ids))
        coordinates = np.ascontiguousarray(self.coordinates, dtype=np.float32)
        object.__setattr__(self, "coordinates", coordinates)
        if coordinates.ndim != 2 or len(coordinates) != len(self.ids):
            raise ShapeError(
                f"{len(self.ids)} ids for coordinates of shape {coordinates.shape}; "
                f"(n_samples, n_components) with one id per row is needed."
            )
        if not np.isfinite(coordinates).all():
            bad = int(np.argmin(np.isfinite(coordinates).all(axis=1)))
            raise InvalidInputError(
                f"The projection of step {self.step} placed id {self.ids[bad].item()!r} at "
                f"{coordinates[bad].tolist()}; coordinates must be finite. "
                f"Scale the vectors (for example to unit variance) and project again."
            )

    @property
    def n_components(self) -> int:
        """Number of coordinates per row."""
        return int(self.coordinates.shape[1])


@dataclass(frozen=True, eq=False)
class ProjectionSequence:
    """Coordinates of several snapshots of one space, in one frame.

    Points are joined by id: they may come in another order, appear and vanish.

    Parameters
    ----------
    frames : tuple of Projection
        In ascending order of step.
    provenance : Provenance
        What made all of them.
    model : mapping of str to ndarray
        What is needed to place another snapshot, for example mean and components.
    """

    frames: tuple[Projection, ...]
    provenance: Provenance
    model: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[Projection]:
        return iter(self.frames)

    def __getitem__(self, index: int) -> Projection:
        return self.frames[index]

    @property
    def steps(self) -> list[int]:
        """Steps of the frames."""
        return [frame.step for frame in self.frames]

    @property
    def coordinates(self) -> list[NDArray[np.float32]]:
        """Coordinates of each frame, arrays of shape (n_t, n_components)."""
        return [frame.coordinates for frame in self.frames]

    @property
    def n_components(self) -> int:
        """Number of coordinates per row; 0 for an empty sequence."""
        return self.frames[0].n_components if self.frames else 0

    @property
    def ids(self) -> NDArray[Any]:
        """Every id that appears in a frame, in order of first appearance."""
        return union_ids([frame.ids for frame in self.frames])

    def at(self, step: int) -> Projection:
        """Frame of exactly this step."""
        for frame in self.frames:
            if frame.step == step:
                return frame
        raise NotFoundError.for_name("step", step, self.steps)

    def aligned(self, ids: Any = None) -> NDArray[np.float32]:
        """All frames as one array, rows joined by id.

        Parameters
        ----------
        ids : sequence of ids, optional
            Rows wanted; all ids by default.

        Returns
        -------
        coordinates : ndarray of shape (n_snapshots, n_ids, n_components)
            nan where a frame does not have the id.
        """
        wanted = self.ids if ids is None else as_ids(ids)
        result = np.full((len(self), len(wanted), self.n_components), np.nan, dtype=np.float32)
        for plane, frame in zip(result, self.frames, strict=True):
            where = positions(wanted, frame.ids)
            plane[where >= 0] = frame.coordinates[where[where >= 0]]
        return result
