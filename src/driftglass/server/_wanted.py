"""What of a run somebody wants to send."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ._recipes import AUTO

__all__ = ["Wanted"]


@dataclass(frozen=True)
class Wanted:
    """What of a run is to be carried.

    Parameters
    ----------
    spaces : collection of str, optional
        Spaces; all by default.
    steps : collection of int, optional
        Steps; all by default.
    columns : collection of str, optional
        Metadata columns; all by default.
    images, predictions : bool
        Whether thumbnails and predictions are carried.
    methods : sequence of str
        Maps of each space, "auto" for what the viewer shows first; those that are not kept are
        made.
    neighbors : int, optional
        How many nearest items of each are carried; by default ten, where that is soon done and
        not large.
    """

    spaces: Collection[str] | None = None
    steps: Collection[int] | None = None
    columns: Collection[str] | None = None
    images: bool = True
    predictions: bool = True
    methods: Sequence[str] = (AUTO,)
    neighbors: int | None = None
