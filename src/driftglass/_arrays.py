"""What input is acceptable, said once: vectors, ids, labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._containers import plain_array
from .errors import InvalidInputError, ShapeError

__all__ = ["as_ids", "as_vectors", "check_paired", "finite_rows", "is_reserved_text"]

MAX_ID_LENGTH = 512
"""Ids are kept as fixed-width text, so one long id would widen all."""

_NUMERIC_KINDS = "fiub"


def as_vectors(values: Any, *, name: str = "vectors", copy: bool = False) -> NDArray[Any]:
    """Turn `values` into a two-dimensional numeric array, keeping its dtype.

    Parameters
    ----------
    values : array-like of shape (n_samples, n_features)
        NumPy arrays, nested lists, tensors on any device (DLPack or ``__array__``), embedding
        layers, SciPy sparse matrices, tables that narwhals takes, loaders of batches. Object
        arrays are accepted when every element is a number.
    name : str
        What to call it in messages.
    copy : bool
        Always return memory of its own, C-contiguous.

    Returns
    -------
    vectors : ndarray of shape (n_samples, n_features)
        float16, float32, float64, integer or bool as given; bfloat16 becomes float32.

    Raises
    ------
    ShapeError
        Not two-dimensional, or rows of different lengths.
    InvalidInputError
        Not numbers, or complex numbers.
    """
    array = _to_array(values, name)
    if array.dtype.kind == "O":
        array = _from_objects(array, name)
    if array.dtype.kind == "c":
        raise InvalidInputError(
            f"{name} holds complex numbers ({array.dtype}); real numbers are needed. "
            f"Pass its real part, its magnitude, or both side by side as features."
        )
    if array.dtype.kind not in _NUMERIC_KINDS:
        raise InvalidInputError(
            f"{name} has dtype {array.dtype}; numbers are needed. "
            f"Encode text or dates as numbers first, or pass them as metadata."
        )
    if array.ndim == 1:
        raise ShapeError(
            f"{name} has one dimension ({array.shape[0]} values); (n_samples, n_features) is "
            f"needed. Use {name}.reshape(-1, 1) if each value is a sample of one feature, "
            f"{name}.reshape(1, -1) if it is one sample."
        )
    if array.ndim != 2:
        raise ShapeError(
            f"{name} has shape {array.shape}; (n_samples, n_features) is needed. Pool the other "
            f"axes first: {name}.mean(axis=1), {name}[:, 0] (the class token), or "
            f"{name}.reshape(len({name}), -1)."
        )
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    if copy:
        return np.array(array, order="C", copy=True)
    return array


def _to_array(values: Any, name: str) -> NDArray[Any]:
    if isinstance(values, np.ndarray):
        return values
    values = plain_array(values, name)
    if hasattr(values, "toarray") and hasattr(values, "tocsr"):
        return np.asarray(values.toarray())
    if isinstance(values, (str, bytes)) or values is None:
        raise InvalidInputError(
            f"{name} is {type(values).__name__} {values!r:.40}; an array of shape "
            f"(n_samples, n_features) is needed."
        )
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ShapeError(_ragged_message(values, name)) from error


def _ragged_message(values: Any, name: str) -> str:
    lengths = [len(row) if hasattr(row, "__len__") else None for row in values]
    for row, length in enumerate(lengths):
        if length != lengths[0]:
            return (
                f"{name} is ragged: row 0 has {lengths[0]} values, row {row} has {length}. "
                f"Every row needs the same number of features; pad or pool them first."
            )
    return f"{name} is ragged below its rows. Pool each row to a flat list of numbers first."


def _from_objects(array: NDArray[Any], name: str) -> NDArray[Any]:
    flat = array.ravel()
    if all(hasattr(row, "__len__") and not isinstance(row, (str, bytes)) for row in flat):
        raise ShapeError(_ragged_message(list(flat), name))
    for position, value in enumerate(flat):
        number = isinstance(value, (int, float, np.number, np.bool_))
        if not number or isinstance(value, complex):
            raise InvalidInputError(
                f"{name} is an object array and holds {value!r:.60} "
                f"({type(value).__name__}) at position {position}; every element must be a number."
            )
    return array.astype(np.float64)


def as_ids(ids: Any, *, name: str = "ids") -> NDArray[Any]:
    """Turn `ids` into a one-dimensional array of unique int64 or text.

    Parameters
    ----------
    ids : sequence of int or of str, shape (n_samples,)
        Stable names of items. Integers stay integers; text is at most 512 characters.
    name : str
        What to call it in messages.

    Returns
    -------
    ids : ndarray of shape (n_samples,)
        dtype int64 or ``<U``.

    Raises
    ------
    ShapeError
        Not one-dimensional.
    InvalidInputError
        Neither all integers nor all text, repeated, or too long.
    """
    values = list(ids) if not isinstance(ids, (np.ndarray, Sequence)) else ids
    array = np.asarray(values)
    if array.ndim != 1:
        raise ShapeError(f"{name} has shape {array.shape}; a flat list of ids is needed.")
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    # A list that mixes 1 and "1" would silently become text, and two items one.
    if array.dtype.kind in "OU" and not isinstance(values, np.ndarray):
        kinds = {type(item).__name__ for item in values}
        if not all(isinstance(item, str) for item in values):
            raise InvalidInputError(
                f"{name} holds {sorted(kinds)}; ids are all integers or all text. "
                f"Convert them with [str(i) for i in {name}]."
            )
    if array.dtype.kind == "O":
        if not all(isinstance(item, str) for item in array):
            kinds = {type(item).__name__ for item in array}
            raise InvalidInputError(
                f"{name} holds {sorted(kinds)}; ids are all integers or all text. "
                f"Convert them with [str(i) for i in {name}]."
            )
        array = array.astype(str)
    if array.dtype.kind == "u" and array.max() > np.iinfo(np.int64).max:
        raise InvalidInputError(
            f"{name} holds {array.max()}, beyond 2**63 - 1. Convert the ids to text with str()."
        )
    if array.dtype.kind in "iu":
        array = array.astype(np.int64)
    elif array.dtype.kind != "U":
        raise InvalidInputError(
            f"{name} has dtype {array.dtype}; integers or text are needed. "
            f"Convert them with [str(i) for i in {name}]."
        )
    elif array.dtype.itemsize // 4 > MAX_ID_LENGTH:
        longest = max(range(len(array)), key=lambda i: len(array[i]))
        if len(array[longest]) > MAX_ID_LENGTH:
            raise InvalidInputError(
                f"{name}[{longest}] has {len(array[longest])} characters; at most "
                f"{MAX_ID_LENGTH} are allowed. Keep long text in a metadata column."
            )
        array = array.astype(f"<U{MAX_ID_LENGTH}")
    _refuse_repeats(array, name)
    return array


def _refuse_repeats(array: NDArray[Any], name: str) -> None:
    if len(array) and array.dtype.kind == "i" and 0 <= array.min() <= array.max() < 2 * len(array):
        there = np.zeros(2 * len(array), dtype=bool)  # row numbers: no need to sort them
        there[array] = True
        if int(np.count_nonzero(there)) == len(array):
            return
    unique, counts = np.unique(array, return_counts=True)
    if len(unique) == len(array):
        return
    repeated = unique[counts > 1]
    examples = ", ".join(repr(item.item()) for item in repeated[:3])
    raise InvalidInputError(
        f"{name} repeats {len(repeated)} of its {len(unique)} values: {examples}"
        f"{', …' if len(repeated) > 3 else ''}. Ids join snapshots, so each must be unique; "
        f"append a counter or drop the repeated rows."
    )


def check_paired(X: Any, Y: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both sets of vectors as float64, or say that their rows do not pair up."""
    X = as_vectors(X, name="X")
    Y = as_vectors(Y, name="Y")
    if len(X) != len(Y):
        raise ShapeError(
            f"X and Y have {len(X)} and {len(Y)} rows; the same samples in the same order are "
            f"needed. Use Snapshot.intersect to keep the ids that both have."
        )
    return X.astype(np.float64), Y.astype(np.float64)


def finite_rows(X: NDArray[Any], *, block: int = 1 << 16) -> NDArray[np.bool_]:
    """Tell for each row of X of shape (n_samples, n_features) whether all of it is finite."""
    if X.dtype.kind != "f":
        return np.ones(len(X), dtype=bool)
    result = np.empty(len(X), dtype=bool)
    summed = X.dtype in (np.float32, np.float64)
    ones = np.ones(X.shape[1], dtype=X.dtype)
    for start in range(0, len(X), block):  # in blocks: a mapped file is never copied whole
        part = X[start : start + block]
        if summed:
            # The sum of a row is finite only if all of it is, and costs a third of a look at each.
            with np.errstate(over="ignore", invalid="ignore"):
                found = np.isfinite(part @ ones)
            unsure = np.flatnonzero(~found)
            found[unsure] = np.isfinite(part[unsure]).all(axis=1)
            result[start : start + block] = found
        else:
            result[start : start + block] = np.isfinite(part).all(axis=1)
    return result


def is_reserved_text(text: str) -> bool:
    """Tell whether text holds control characters that could act on a terminal."""
    return any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text)
