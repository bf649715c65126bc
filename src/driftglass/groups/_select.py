"""Which items belong to a group, in several senses of the word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..data import RecordsColumn
from ..errors import InvalidInputError
from ._records import in_group

__all__ = ["RULES", "n_labels", "select"]

RULES = ("any", "one", "several", "only", "exclusive", "multi", "none")


def select(records: RecordsColumn, group: str, rule: str = "one") -> NDArray[np.bool_]:
    """Items that belong to a group.

    Parameters
    ----------
    records : RecordsColumn
        Labels of n_rows items.
    group : str
        A group; "rhythm" holds "rhythm/fast" as well.
    rule : str
        - "any": at least one label in the group;
        - "one": exactly one label in the group, and any others outside it;
        - "several": two or more labels in the group;
        - "only": at least one label in the group, and none outside it;
        - "exclusive": exactly one label in the group and none outside it;
        - "multi": exactly one label in the group and at least one outside it;
        - "none": no label in the group (items without records as well).

    Returns
    -------
    mask : ndarray of shape (n_rows,), dtype bool
        Items that are meant.

    Raises
    ------
    NotFoundError
        No item has a label in that group.
    InvalidInputError
        There is no such rule.

    Examples
    --------
    >>> from driftglass.groups import records_from, select
    >>> fast = {"group": "rhythm", "name": "AF"}
    >>> wide = {"group": "shape", "name": "LBBB"}
    >>> labels = records_from([[fast], [fast, wide], [wide], []])
    >>> select(labels, "rhythm", "one"), select(labels, "rhythm", "exclusive")
    (array([ True,  True, False, False]), array([ True, False, False, False]))
    """
    inside = n_labels(records, group)
    outside = n_labels(records) - inside
    masks = {
        "any": inside > 0,
        "one": inside == 1,
        "several": inside > 1,
        "only": (inside > 0) & (outside == 0),
        "exclusive": (inside == 1) & (outside == 0),
        "multi": (inside == 1) & (outside > 0),
        "none": inside == 0,
    }
    if rule not in masks:
        raise InvalidInputError(f"rule is {rule!r}; one of {', '.join(RULES)} is needed.")
    return np.asarray(masks[rule], dtype=bool)


def n_labels(records: RecordsColumn, group: str | None = None) -> NDArray[np.int64]:
    """Labels of each item, in all or in one group, shape (n_rows,)."""
    if group is None:
        return np.diff(records.offsets)
    wanted = in_group(records, group)
    if not len(records.codes):
        return np.zeros(len(records), dtype=np.int64)
    before = np.concatenate([[0], np.cumsum(wanted[records.codes])])
    return np.asarray(before[records.offsets[1:]] - before[records.offsets[:-1]], dtype=np.int64)
