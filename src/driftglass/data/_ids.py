"""Joining by id."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError

__all__ = ["positions", "shared_ids", "union_ids"]


def positions(wanted: NDArray[Any], ids: NDArray[Any]) -> NDArray[np.int64]:
    """Where each wanted id stands in `ids`; -1 where it is missing.

    Parameters
    ----------
    wanted : ndarray of shape (n_wanted,)
        Ids to look up.
    ids : ndarray of shape (n_samples,)
        Unique ids.

    Returns
    -------
    positions : ndarray of shape (n_wanted,), dtype int64
        Positions in `ids`, -1 for an id that is not there.
    """
    if len(ids) == 0 or len(wanted) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    if (ids.dtype.kind == "U") != (wanted.dtype.kind == "U"):
        raise InvalidInputError(
            f"Ids of two kinds cannot be joined: {ids[0].item()!r} and {wanted[0].item()!r}. "
            f"Use integers everywhere or text everywhere."
        )
    if wanted is ids or (len(wanted) == len(ids) and np.array_equal(wanted, ids)):
        return np.arange(len(ids), dtype=np.int64)
    order = np.argsort(ids, kind="stable")
    found = np.searchsorted(ids, wanted, sorter=order)
    candidate = order[np.minimum(found, len(ids) - 1)]
    return np.where(ids[candidate] == wanted, candidate, -1).astype(np.int64)


def shared_ids(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """Ids in both, in the order of the first."""
    return first[positions(first, second) >= 0]


def union_ids(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """Ids of all parts, each once, in the order of first appearance."""
    parts = [part for part in parts if len(part)]
    if not parts:
        return np.empty(0, dtype=np.int64)
    if len({part.dtype.kind == "U" for part in parts}) > 1:
        raise InvalidInputError(
            "Some ids are integers and some are text, so they cannot be joined. "
            "Use integers everywhere or text everywhere."
        )
    first = parts[0]
    rest = [part for part in parts[1:] if not np.array_equal(part, first)]
    if not rest:
        return first
    everything = np.concatenate([first, *rest])
    _, index = np.unique(everything, return_index=True)
    return np.asarray(everything[np.sort(index)])
