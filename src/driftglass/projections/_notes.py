"""What a reader of a map should know, and what of it deserves a warning."""

from __future__ import annotations

import warnings

from ..errors import DriftglassWarning

__all__ = ["Notes"]


class Notes(list[str]):
    """Sentences about a map; each is also a warning, unless it was added by `remark`."""

    def __init__(self) -> None:
        super().__init__()
        self._remarks: set[str] = set()

    def remark(self, note: str) -> None:
        """Add what is normal, but good to know."""
        self.append(note)
        self._remarks.add(note)

    def take(self, others: Notes) -> None:
        """Add the notes of a stage, each as what it was there."""
        self.extend(others)
        self._remarks |= others._remarks

    def published(self, *, stacklevel: int = 3) -> tuple[str, ...]:
        """Warn on behalf of the caller of a public method, and keep all."""
        for note in self:
            if note not in self._remarks:
                warnings.warn(note, DriftglassWarning, stacklevel=stacklevel)
        return tuple(self)
