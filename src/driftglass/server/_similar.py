"""What a user's own function finds for a text: a vector to look near, or a ranking of items."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DriftglassError, InvalidInputError, NotFoundError
from ._library import Reading

__all__ = ["Search", "ranked"]

logger = logging.getLogger("driftglass.server")

Search = Callable[[str], Any]
"""Text to a vector of the space on screen, to ids (the best first), to ids and scores, or to a
mapping from id to score."""
ROWS_AT_ONCE = 65_536


def ranked(
    search: Search, reading: Reading, text: str, space: str, step: int | None, most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows and their scores, the best first, at most `most` of them."""
    try:
        answer = search(text)
    except DriftglassError:
        raise
    except Exception as error:
        logger.warning("The search function failed.", exc_info=True)
        raise InvalidInputError(
            f"The search function failed: {type(error).__name__}: {error}"[:500]
        ) from error
    if hasattr(answer, "detach"):
        answer = answer.detach().cpu().numpy()
    if _is_vector(answer):
        return _nearest(reading, np.asarray(answer, dtype=np.float64), space, step, most)
    return _by_id(reading, answer, most)


def _is_vector(answer: Any) -> bool:
    if isinstance(answer, (Mapping, str, bytes)) or answer is None:
        return False
    if isinstance(answer, np.ndarray):
        return answer.ndim == 1 and answer.dtype.kind == "f"
    several = isinstance(answer, (list, tuple)) and len(answer) > 0
    return several and all(isinstance(value, (float, np.floating)) for value in answer)


def _nearest(
    reading: Reading, vector: NDArray[np.float64], space: str, step: int | None, most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of largest cosine similarity to the vector."""
    run = reading.run
    if space not in run.spaces:
        raise NotFoundError.for_name("space", space, list(run.spaces))
    steps = run.steps(space)
    at = step if step is not None else steps[-1]
    if at not in steps:
        raise NotFoundError.for_name("step", at, steps)
    snapshot = run.snapshot(space, at)
    if len(vector) != snapshot.vectors.shape[1]:
        raise InvalidInputError(
            f"The search function gave a vector of {len(vector)} values, and the space {space!r} "
            f"has {snapshot.vectors.shape[1]} features. Use the model that made the space."
        )
    size = np.linalg.norm(vector)
    if not np.isfinite(size) or size == 0:
        raise InvalidInputError(
            "The search function gave a vector that is zero or not finite, which points nowhere."
        )
    scores = np.full(len(snapshot.ids), -np.inf)
    for start in range(0, len(scores), ROWS_AT_ONCE):
        block = np.asarray(snapshot.vectors[start : start + ROWS_AT_ONCE], dtype=np.float64)
        lengths = np.linalg.norm(block, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = block @ (vector / size) / lengths
        scores[start : start + len(block)] = np.where(np.isfinite(found), found, -np.inf)
    order = np.argsort(-scores, kind="stable")[:most]
    order = order[np.isfinite(scores[order])]
    return _rows_of(reading, snapshot.ids[order], scores[order])


def _by_id(
    reading: Reading, answer: Any, most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if isinstance(answer, Mapping):
        ids, scores = list(answer), np.array([float(s) for s in answer.values()])
        order = np.argsort(-scores, kind="stable")
        ids, scores = [ids[i] for i in order.tolist()], scores[order]
    elif (
        isinstance(answer, tuple)
        and len(answer) == 2
        and np.ndim(answer[0]) == 1
        and np.shape(answer[0]) == np.shape(answer[1])
    ):
        ids, scores = list(answer[0]), np.asarray(answer[1], dtype=np.float64)
    elif isinstance(answer, (list, tuple, np.ndarray)) and np.ndim(answer) == 1:
        ids, scores = list(answer), np.linspace(1.0, 0.0, len(answer), endpoint=False)
    else:
        raise InvalidInputError(
            f"The search function gave {type(answer).__name__}; a vector of floats, ids in order, "
            f"(ids, scores) or a mapping from id to score is needed."
        )
    if not ids:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    return _rows_of(reading, np.asarray(ids)[:most], scores[:most])


def _rows_of(
    reading: Reading, ids: NDArray[Any], scores: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of ids in their order; ids that the run does not have are an error."""
    where = reading.rows.where(ids)
    row_of = np.full(len(ids), -1, dtype=np.int64)
    shown = np.flatnonzero(where >= 0)
    row_of[where[shown]] = shown
    if (row_of < 0).any():
        strange = ids[row_of < 0][0]
        raise InvalidInputError(
            f"The search function gave the id {strange!r:.60}, which run {reading.run.name!r} does "
            f"not have, or gave an id twice."
        )
    return row_of, scores
