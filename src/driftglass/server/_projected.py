"""Projections that a run keeps: what they say of themselves, and their coordinates by row.

A run may come from a stranger, and derived results carry checksums but no signature. So what they
say is converted to the types below before anything is done with it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from .._project import Plan, ProjectionRequest, plan
from .._sequence_cache import read_frame
from ..data import Projection, Provenance
from ..errors import DriftglassError, FormatError, NotFoundError
from ._library import Reading

__all__ = [
    "NO_SEQUENCE",
    "KeptFrame",
    "KeptQuality",
    "KeptSequence",
    "coordinates_of",
    "kept_sequence",
    "plan_of",
]

NO_TRUST = 255
MOST_TRUST = 254
MOST_TABLED = 1 << 28


class KeptQuality(msgspec.Struct, frozen=True):
    """How far a frame can be trusted; see `driftglass.data.Quality`."""

    trustworthiness: float
    continuity: float
    null: float
    n_neighbors: int
    n_anchors: int


class KeptFrame(msgspec.Struct, frozen=True):
    """What a sequence says of one of its frames."""

    key: str
    step: int
    n_samples: int
    n_excluded: int
    low: list[float] | None
    high: list[float] | None
    notes: list[str]
    quality: KeptQuality | None


class KeptProvenance(msgspec.Struct, frozen=True):
    """What made a sequence; see `driftglass.data.Provenance`."""

    method: str
    parameters: dict[str, Any]
    inputs: list[str]
    random_state: int | None
    version: str


class KeptSequence(msgspec.Struct, frozen=True):
    """What a kept projection says of itself."""

    frames: list[KeptFrame]
    fitted_steps: list[int]
    provenance: KeptProvenance
    made: float = 0.0

    @property
    def n_components(self) -> int:
        """Coordinates per row, as they were asked for."""
        return 3 if self.provenance.parameters.get("n_components") == 3 else 2

    @property
    def bounds(self) -> tuple[list[float], list[float]] | None:
        """Lowest and highest coordinates of all frames; None where all are empty."""
        lows = [self._padded(frame.low) for frame in self.frames if frame.low is not None]
        highs = [self._padded(frame.high) for frame in self.frames if frame.high is not None]
        if not lows or not highs:
            return None
        return np.min(lows, axis=0).tolist(), np.max(highs, axis=0).tolist()

    def _padded(self, values: list[float]) -> list[float]:
        return (values + [0.0] * self.n_components)[: self.n_components]


NO_SEQUENCE = KeptSequence([], [], KeptProvenance("", {}, [], None, ""))


def plan_of(reading: Reading, request: ProjectionRequest) -> Plan:
    """What is kept for a request and what an update would cost; see `driftglass._project.plan`."""
    try:
        return plan(reading.run, request)
    except DriftglassError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _misshapen(reading) from error


def kept_sequence(reading: Reading, key: str) -> KeptSequence:
    """Description of a kept projection, if the run's cache lists this key."""
    cache = reading.run.cache

    def make() -> KeptSequence:
        kept = cache.get(key) if key in cache.keys() else None  # noqa: SIM118 - not a mapping
        if kept is None or kept.description.get("kind") != "projection":
            raise NotFoundError(
                f"There is no projection {key[:80]!r} in run {reading.run.name!r}. "
                f"Ask for the projection again to learn its present key."
            )
        try:
            return msgspec.convert(kept.description, KeptSequence)
        except msgspec.ValidationError as error:
            raise _misshapen(reading) from error

    return reading.kept.get((reading.run.name, "sequence", key), make)


def coordinates_of(
    reading: Reading, key: str, step: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Coordinates (n_items, n_components) and trust (n_items,) of one frame, by row.

    Coordinates are nan where the step lacks the item. Trust is 0 to 254 for 0 to 1, and 255 where
    it was not measured.
    """
    sequence = kept_sequence(reading, key)
    frames = {frame.step: frame for frame in sequence.frames}
    if step not in frames:
        raise NotFoundError.for_name("step", step, list(frames))
    frame_key = frames[step].key

    def make() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        as_kept = _as_kept(reading, frame_key, sequence.n_components)
        if as_kept is not None:
            return as_kept
        try:
            frame = read_frame(reading.run, frame_key, Provenance(sequence.provenance.method))
        except DriftglassError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise _misshapen(reading) from error
        if frame is None:
            raise NotFoundError(
                f"The map of step {step} is not kept any more. Project again to get it back."
            )
        return _by_row(reading, frame, sequence.n_components)

    # Keyed by content, not by revision: a kept frame never changes while the run grows.
    return reading.kept.get((reading.run.name, reading.rows.hash, frame_key), make)


def _as_kept(
    reading: Reading, frame_key: str, n_components: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]] | None:
    """A frame whose rows are those on the wire, in their order: its file serves as it is."""
    if not reading.rows.as_logged:
        return None
    kept = reading.run.cache.get(frame_key)
    arrays = kept.arrays if kept is not None else {}
    ids, coordinates = arrays.get("ids"), arrays.get("coordinates")
    if ids is None or coordinates is None or not np.array_equal(ids, reading.rows.logged):
        return None
    if coordinates.shape != (len(ids), n_components) or coordinates.dtype != np.float32:
        return None
    if not np.isfinite(coordinates).all():
        return None
    trust = np.full(len(ids), NO_TRUST, dtype=np.uint8)
    anchors, measured = arrays.get("anchors"), arrays.get("point_trust")
    if anchors is not None and measured is not None and 0 < len(anchors) == len(measured):
        by_id = np.argsort(anchors, kind="stable")
        # A table of what is looked for: sorting ten million ids would take seconds.
        tabled = ids.dtype.kind in "iu" and np.ptp(anchors) < MOST_TABLED
        kind: Literal["table"] | None = "table" if tabled else None
        rows = np.flatnonzero(np.isin(ids, anchors, kind=kind))
        at = by_id[np.searchsorted(anchors, ids[rows], sorter=by_id)]
        trust[rows] = np.round(np.clip(measured[at], 0, 1) * MOST_TRUST).astype(np.uint8)
    return coordinates, trust


def _by_row(
    reading: Reading, frame: Projection, n_components: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    where = reading.rows.where(frame.ids)
    coordinates = np.full((len(where), n_components), np.nan, dtype=np.float32)
    trust = np.full(len(where), NO_TRUST, dtype=np.uint8)
    if len(frame.ids):
        # Vectors of one feature have a map of one axis; the others are 0 there.
        width = min(n_components, frame.n_components)
        coordinates[:, width:] = 0
        coordinates[:, :width] = frame.coordinates[where, :width]
        coordinates[where < 0] = np.nan
    quality = frame.quality
    if quality is not None and len(quality.ids):
        anchor = reading.rows.where(quality.ids)
        known = anchor >= 0
        scaled = np.round(np.clip(quality.point_trust, 0, 1) * MOST_TRUST)
        trust[known] = scaled[anchor[known]].astype(np.uint8)
    return coordinates, trust


def _misshapen(reading: Reading) -> FormatError:
    return FormatError(
        f"A kept projection of run {reading.run.name!r} is not what it claims to be. Delete the "
        f"folder 'derived' inside the run; it holds nothing that cannot be computed again."
    )
