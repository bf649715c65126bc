"""Rows that a question names: a few by number, many as one bit each."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._question import Question

__all__ = ["chosen_rows", "rows_of_bits"]


def chosen_rows(question: Question, n_rows: int, *, most: int | None = None) -> NDArray[np.int64]:
    """Rows named by `rows`, a list, or by `bits`, a base64 bit set, lowest bit first.

    Parameters
    ----------
    question : Question
        With one of the two.
    n_rows : int
        Rows there are.
    most : int, optional
        Rows that may be named.

    Returns
    -------
    rows : ndarray of shape (n_chosen,), dtype int64
        As they were listed, or rising; at least one.
    """
    listed, bits = question.parameters.get("rows"), question.parameters.get("bits")
    if (listed is None) == (bits is None):
        raise InvalidInputError("Name the rows by one of 'rows', a list, and 'bits', a bit set.")
    rows = _listed(listed, n_rows) if bits is None else rows_of_bits(bits, n_rows)
    if len(rows) == 0:
        raise InvalidInputError("No rows are named; at least one is needed.")
    if most is not None and len(rows) > most:
        raise InvalidInputError(f"{len(rows)} rows are named; at most {most} are answered at once.")
    return rows


def _listed(value: Any, n_rows: int) -> NDArray[np.int64]:
    whole = isinstance(value, list) and all(type(row) is int for row in value)
    if not whole or not all(0 <= row < n_rows for row in value):
        raise InvalidInputError(
            f"The parameter 'rows' is {value!r:.60}; a list of whole numbers from 0 to "
            f"{n_rows - 1} is expected."
        )
    return np.array(value, dtype=np.int64)


def rows_of_bits(value: Any, n_rows: int) -> NDArray[np.int64]:
    """Rows whose bits are set in base64 text, lowest bit first."""
    try:
        data = base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise InvalidInputError("The parameter 'bits' is not base64.") from error
    if len(data) != (n_rows + 7) // 8:
        raise InvalidInputError(
            f"The parameter 'bits' has {len(data)} bytes; {(n_rows + 7) // 8} are expected for "
            f"{n_rows} rows."
        )
    flags = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    return np.flatnonzero(flags[:n_rows])
