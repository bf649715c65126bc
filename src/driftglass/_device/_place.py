"""Which device torch works on, and how much of its memory a batch may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .._optional import require
from ..errors import InvalidInputError

__all__ = ["Device", "as_device"]

BATCH_BYTES = 1 << 28
"""Of a batch on the processor, whose cache a larger one would leave anyway."""
SHARE = 8
"""A batch takes at most one part in so many of what a graphics card has left."""
KINDS = ("cpu", "cuda")


@dataclass(frozen=True)
class Device:
    """Where torch works.

    Parameters
    ----------
    name : str
        "cpu", "cuda" or "cuda:1", as torch knows it.
    """

    name: str

    @property
    def is_cpu(self) -> bool:
        """Whether it is the processor."""
        return self.name == "cpu"

    @property
    def free_bytes(self) -> int:
        """Memory that is left, of a graphics card; of the processor as much as is sensible."""
        if self.is_cpu:
            return BATCH_BYTES * SHARE
        torch = require("torch", extra="torch")
        return int(torch.cuda.mem_get_info(torch.device(self.name))[0])

    @property
    def batch_bytes(self) -> int:
        """What the largest array of a batch may take."""
        return max(1 << 20, min(self.free_bytes // SHARE, 1 << 31))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Have torch compute as wanted here while the block runs, whatever it was told before.

        Products in single precision are not rounded further. On the processor torch uses one
        thread: loops as small as these lose more by waiting for each other than they gain, and
        sums keep their order.
        """
        _HABITS.begin(self.is_cpu)
        try:
            with require("torch", extra="torch").inference_mode():
                yield
        finally:
            _HABITS.end()


class _Habits:
    """How torch computes, which belongs to the process: the first user sets, the last restores."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: tuple[str, int] = ("highest", 1)

    def begin(self, on_cpu: bool) -> None:
        torch = require("torch", extra="torch")
        with self._lock:
            if self._users == 0:
                self._before = torch.get_float32_matmul_precision(), torch.get_num_threads()
                torch.set_float32_matmul_precision("highest")
            self._users += 1
        if on_cpu:  # of each thread that calls
            torch.set_num_threads(1)

    def end(self) -> None:
        torch = require("torch", extra="torch")
        with self._lock:
            self._users -= 1
            if self._users == 0:
                torch.set_float32_matmul_precision(self._before[0])
                torch.set_num_threads(self._before[1])


_HABITS = _Habits()


def as_device(device: Any) -> Device | None:
    """Where to work: None for the compiled engine, else a device of torch that is there.

    Parameters
    ----------
    device : None, str or torch.device
        "cpu", "cuda" or "cuda:1"; None asks for no torch at all.

    Returns
    -------
    device : Device or None
        Checked.

    Raises
    ------
    MissingDependencyError
        torch is not installed.
    InvalidInputError
        No such device, or torch does not find it here.
    """
    if device is None or isinstance(device, Device):
        return device
    torch = require("torch", extra="torch")
    try:
        place = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise InvalidInputError(
            f"device is {device!r}; for example 'cpu' or 'cuda' is needed."
        ) from error
    if place.type not in KINDS:
        raise InvalidInputError(
            f"device is {device!r}; driftglass works on {' and '.join(KINDS)}. Use device='cpu'."
        )
    if place.type == "cuda":
        found = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (place.index or 0) >= found:
            raise InvalidInputError(
                f"device is {device!r}, but torch finds {found} such devices here. Use "
                f"device='cpu'."
            )
    return Device("cpu" if place.type == "cpu" else str(place))
