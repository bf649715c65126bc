"""Sets of rows as bits: how a viewer says which items it means, and is told."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidInputError
from ._chosen import rows_of_bits
from ._library import Reading
from ._question import Question
from ._wire import Frame

__all__ = ["frame_of_rows", "rows_asked"]


def frame_of_rows(reading: Reading, rows: NDArray[np.bool_], **meta: Any) -> Frame:
    """One bit per row, the first in the lowest bit; meta says how many are set."""
    bits = np.packbits(rows, bitorder="little")
    described = {"count": int(rows.sum()), "order": reading.rows.hash, **meta}
    return Frame({"bits": bits}, described)


def rows_asked(reading: Reading, question: Question) -> NDArray[np.bool_]:
    """Rows that a body names: by ``ids``, or by ``bits`` under ``order``.

    Bits are base64 of one bit per row. Ids that the run does not have are passed over, because
    they may come from a page that shows another run.
    """
    n_rows = len(reading.rows)
    if "ids" in question.parameters:
        return np.isin(reading.rows.ids, _ids_asked(question.parameters["ids"]))
    if question.text("order") != reading.rows.hash:
        raise InvalidInputError(
            "The rows of this run have changed since they were chosen. Choose them again."
        )
    rows = np.zeros(n_rows, dtype=bool)
    rows[rows_of_bits(question.parameters.get("bits"), n_rows)] = True
    return rows


def _ids_asked(value: Any) -> NDArray[Any]:
    kinds = {type(one) for one in value} if isinstance(value, list) else {type(None)}
    if not kinds <= {str} and not kinds <= {int}:
        raise InvalidInputError(
            f"The parameter 'ids' is {value!r:.60}; a list of texts or of whole numbers is "
            f"expected."
        )
    return np.array(value if value else [], dtype=str if str in kinds else None)
