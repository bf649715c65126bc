"""Rows rounded to 8-bit integers and the values of their pairs, written to be read."""

from __future__ import annotations

import numpy as np


def rounded(X, mean, factor=1.0, centered=False, normalized=False):
    """Integers, scales and residuals of the moved rows, and products of the rows with the mean."""
    V = X.astype(np.float64)
    if centered:
        V = V - V.mean(axis=1, keepdims=True)
    if normalized:
        lengths = np.linalg.norm(V, axis=1, keepdims=True)
        V = np.divide(V, lengths, out=np.zeros_like(V), where=lengths > 0)
    projections = V @ mean
    V = (V - mean) * factor
    scales = (np.abs(V).max(axis=1) / 127.0).astype(np.float32)
    wide = scales.astype(np.float64)[:, None]
    integers = np.rint(np.divide(V, wide, out=np.zeros_like(V), where=wide > 0))
    integers = np.clip(integers, -127, 127)
    residuals = np.linalg.norm(V - integers * wide, axis=1)
    return integers.astype(np.int64), scales, residuals, projections


def pair_values(asked, asked_scales, asked_offsets, integers, scales, offsets):
    """``offset + offset - 2 scale scale product`` in single precision."""
    products = (asked @ integers.T).astype(np.float32)
    both = (np.float32(2) * asked_scales[:, None]) * scales
    return (asked_offsets[:, None] + offsets) - both * products


def smallest(values, k, limits=None):
    """The k smallest of each row up to its limit, ties by lower column; (inf, -1) if fewer."""
    if limits is not None:
        values = np.where(values <= limits[:, None], values, np.inf)
    columns = np.argsort(values, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(values, columns, axis=1)
    return found, np.where(np.isfinite(found), columns, -1)
