"""Why every item is where it is, for a page that has no vectors to explain it with."""

from __future__ import annotations

import numpy as np

from .._explained import Way, explained, names_of_features
from .._explained_answers import describe_rows
from ._library import Reading
from ._wire import Frame

__all__ = ["explanations_of_all"]

TOP = 12
"""Features listed per item and axis, as many as the page shows."""
MOST_BYTES = 16 << 20
BLOCK_VALUES = 1 << 22


def explanations_of_all(reading: Reading, projection: str, step: int) -> Frame | None:
    """The largest contributions to every item's place in a map.

    Parameters
    ----------
    reading : Reading
        The run.
    projection : str
        Key of a kept map.
    step : int
        One of its steps.

    Returns
    -------
    frame : Frame or None
        ``features`` and ``contributions`` of shape (n_rows, n_components * n_listed), largest
        first; ``sums`` of shape (n_rows, n_components * 4): coordinate, sum, offset and rest, nan
        for rows without a place; ``residuals`` of shape (n_rows,). None where nothing is kept that
        explains the map, or where it would be too large.
    """
    found = explained(reading.run, Way(projection, step))
    if found is None or len(found.ids) == 0:
        return None
    n = len(found.ids)
    places = np.arange(n)
    offset, kept_rest, there, residual = found.sums(places)
    n_components, n_listed = offset.shape[1], min(TOP, found.n_features)
    n_rows = len(reading.rows)
    if n_rows * n_components * n_listed * 6 > MOST_BYTES:
        return None
    listed = np.zeros((n, n_components, n_listed), dtype=np.int64)
    values = np.zeros((n, n_components, n_listed))
    totals = np.zeros((n, n_components))
    per_block = max(1, BLOCK_VALUES // (n_components * found.n_features))
    for start in range(0, n, per_block):
        part = places[start : start + per_block]
        block = found.block(part)
        order = np.argsort(-np.abs(block), axis=2, kind="stable")[:, :, :n_listed]
        listed[part], values[part] = order, np.take_along_axis(block, order, axis=2)
        totals[part] = block.sum(axis=2)
    totals += kept_rest
    sums = np.stack([there, totals + offset, offset, totals - values.sum(axis=2)], axis=2)
    worst = describe_rows(found, np.array([int(np.argmax(residual))]), [""] * found.n_features)
    about = {name: worst[name] for name in found.about if name in worst}
    where = reading.rows.where(found.ids)
    known = where >= 0
    kind = np.uint16 if found.n_features < 0xFFFF else np.uint32
    frame = {
        "features": np.zeros((n_rows, n_components * n_listed), dtype=kind),
        "contributions": np.zeros((n_rows, n_components * n_listed), dtype=np.float32),
        "sums": np.full((n_rows, n_components * 4), np.nan, dtype=np.float32),
        "residuals": np.zeros(n_rows, dtype=np.float32),
    }
    frame["features"][known] = listed.reshape(n, -1)[where[known]]
    frame["contributions"][known] = values.reshape(n, -1)[where[known]]
    frame["sums"][known] = sums.reshape(n, -1)[where[known]]
    frame["residuals"][known] = residual[where[known]]
    names = list(names_of_features(reading.run, found.n_features))
    meta = {"about": about, "names": names, "step": step, "n_listed": n_listed}
    return Frame(frame, meta)
