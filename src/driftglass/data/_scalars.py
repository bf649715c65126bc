"""Training records: loss, learning rate, accuracy, by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import NotFoundError

__all__ = ["Scalars"]

T = TypeVar("T")
Series = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Scalars(Mapping[str, Series]):
    """Training records by name.

    ``scalars["loss"]`` is ``(steps, values)``, two arrays of shape (n_records,), in ascending
    order of step; where a step was logged twice the newest value is kept. Values may be nan or
    infinite: a diverging run is recorded as it was.

    Examples
    --------
    >>> scalars = Scalars({"loss": (np.array([0, 10]), np.array([2.3, 0.4]))})
    >>> scalars.at("loss", 10)
    0.4
    """

    series: Mapping[str, Series] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Series:
        try:
            return self.series[name]
        except KeyError:
            raise NotFoundError.for_name("scalar", name, list(self.series)) from None

    def __contains__(self, name: object) -> bool:
        # Mapping's own asks for KeyError, which a LookupError with a hint is not.
        return name in self.series

    @overload
    def get(self, name: str, /) -> Series | None: ...
    @overload
    def get(self, name: str, default: Series | T, /) -> Series | T: ...
    def get(self, name: str, default: Any = None, /) -> Any:
        """Steps and values of `name`, or `default` where there is none."""
        return self.series.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)

    def at(self, name: str, step: int) -> float | None:
        """Value of `name` at exactly `step`, or None."""
        steps, values = self[name]
        where = int(np.searchsorted(steps, step))
        if where < len(steps) and steps[where] == step:
            return float(values[where])
        return None
