"""Sequences of maps as kept results of a run.

A sequence is one small result that lists its frames; every frame is a result of its own, so that
placing one more snapshot writes one more frame and moves nothing that is kept.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .data import Projection, ProjectionSequence, Provenance, Quality

if TYPE_CHECKING:
    from .store import Run

__all__ = ["keep_sequence", "kept_sequences", "read_frame", "read_sequence"]

PREFIX = "projection"


def kept_sequences(run: Run, request_key: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Keys and descriptions of what is kept for a request, newest first."""
    prefix = f"{PREFIX}-{request_key[:12]}-"
    found = []
    for key in run.cache.keys():  # noqa: SIM118 - a cache, not a mapping
        if key.startswith(prefix):
            kept = run.cache.get(key)
            if kept is not None:
                found.append((key, kept.description))
    return sorted(found, key=lambda item: item[1]["made"], reverse=True)


def sequence_key(request_key: str, provenance: Provenance) -> str:
    """Key of the sequence that this provenance makes."""
    return f"{PREFIX}-{request_key[:12]}-{provenance.key[:20]}"


def keep_sequence(
    run: Run,
    request_key: str,
    sequence: ProjectionSequence,
    *,
    contents: Sequence[str],
    fitted_steps: Sequence[int],
    extendable: bool,
) -> str:
    """Keep a sequence with its run; returns its key.

    Parameters
    ----------
    run : Run
        Where to keep it.
    request_key : str
        Key of the request it answers.
    sequence : ProjectionSequence
        What to keep.
    contents : sequence of str
        Content hash of each frame's snapshot.
    fitted_steps : sequence of int
        Steps that the basis has seen.
    extendable : bool
        Whether another snapshot can be placed with the model.
    """
    model = Provenance("model", {"fitted": list(fitted_steps)}, _hashes(sequence.model)).key
    frames = [
        _keep_frame(run, sequence.provenance, model, frame, content)
        for frame, content in zip(sequence, contents, strict=True)
    ]
    key = sequence_key(request_key, sequence.provenance)
    description = {
        "kind": "projection",
        "made": time.time(),
        "provenance": sequence.provenance.to_dict(),
        "fitted_steps": list(fitted_steps),
        "extendable": extendable,
        "frames": frames,
    }
    run.cache.put(key, description, dict(sequence.model))
    return key


def read_sequence(run: Run, key: str) -> ProjectionSequence | None:
    """Kept sequence, or None if it or one of its frames is not there any more."""
    kept = run.cache.get(key)
    if kept is None:
        return None
    provenance = Provenance.from_dict(kept.description["provenance"])
    frames = [read_frame(run, entry["key"], provenance) for entry in kept.description["frames"]]
    if any(frame is None for frame in frames):
        return None
    there = tuple(frame for frame in frames if frame is not None)
    return ProjectionSequence(there, provenance, dict(kept.arrays))


def read_frame(run: Run, key: str, provenance: Provenance) -> Projection | None:
    """One kept frame, or None if it is not there any more."""
    kept = run.cache.get(key)
    if kept is None:
        return None
    entry, arrays = kept.description, kept.arrays
    quality = None
    if entry["quality"] is not None:
        quality = Quality(
            **entry["quality"], ids=arrays["anchors"], point_trust=arrays["point_trust"]
        )
    return Projection(
        ids=arrays["ids"],
        coordinates=arrays["coordinates"],
        space=entry["space"],
        step=entry["step"],
        excluded=arrays["excluded"],
        provenance=provenance,
        quality=quality,
        notes=tuple(entry["notes"]),
    )


def _keep_frame(
    run: Run, provenance: Provenance, model: str, frame: Projection, content: str
) -> dict[str, Any]:
    """Keep one frame unless it is there; returns what the sequence says of it."""
    # The coordinates are hashed too: frames of methods without a model differ by nothing else.
    placed = _hashes({"coordinates": frame.coordinates})
    made = Provenance(provenance.method, {"model": model, "step": frame.step}, (content, *placed))
    key = f"frame-{made.key}"
    quality = frame.quality
    measured = None
    arrays: dict[str, NDArray[Any]] = {
        "ids": frame.ids,
        "coordinates": frame.coordinates,
        "excluded": frame.excluded,
    }
    if quality is not None:
        measured = {
            "trustworthiness": quality.trustworthiness,
            "continuity": quality.continuity,
            "null": quality.null,
            "n_neighbors": quality.n_neighbors,
            "n_anchors": quality.n_anchors,
        }
        arrays |= {"anchors": quality.ids, "point_trust": quality.point_trust}
    if run.cache.get(key) is None:
        description = {
            "kind": "frame",
            "step": frame.step,
            "space": frame.space,
            "notes": list(frame.notes),
            "quality": measured,
        }
        run.cache.put(key, description, arrays)
    return {
        "key": key,
        "step": frame.step,
        "content": content,
        "n_samples": len(frame.ids),
        "n_excluded": len(frame.excluded),
        "low": frame.coordinates.min(axis=0).tolist() if len(frame.ids) else None,
        "high": frame.coordinates.max(axis=0).tolist() if len(frame.ids) else None,
        "notes": list(frame.notes),
        "quality": measured,
    }


def _hashes(arrays: Mapping[str, NDArray[Any]]) -> tuple[str, ...]:
    import xxhash

    return tuple(
        xxhash.xxh3_128_hexdigest(np.ascontiguousarray(arrays[name]).view(np.uint8).data)
        if arrays[name].size
        else "empty"
        for name in sorted(arrays)
    )
