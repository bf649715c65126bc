"""Results worth keeping in memory, within a byte limit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import numpy as np

__all__ = ["Kept", "nbytes_of"]

Value = TypeVar("Value")


class Kept:
    """Values by key, the least recently used dropped when they exceed `max_bytes`.

    Safe to use from several threads. While one thread makes a value, others that ask for the
    same key wait for it instead of making it again.

    Parameters
    ----------
    max_bytes : int
        Bytes to keep at most; a single value larger than this is handed out but not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._nbytes = 0
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Value of `key`, made by `make` unless it is kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return cast(Value, self._values[key][0])
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    return cast(Value, self._values[key][0])
            try:
                value = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            self._keep(key, value)
            return value

    @property
    def nbytes(self) -> int:
        """Bytes kept now, as far as they are arrays or bytes."""
        return self._nbytes

    def _keep(self, key: Hashable, value: Any) -> None:
        size = nbytes_of(value)
        if size > self.max_bytes:
            return
        with self._lock:
            if key in self._values:
                return
            self._values[key] = (value, size)
            self._nbytes += size
            while self._nbytes > self.max_bytes:
                _, (_, dropped) = self._values.popitem(last=False)
                self._nbytes -= dropped


def nbytes_of(value: Any) -> int:
    """Memory of the arrays and bytes that a value consists of, with a little for the rest."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes) + 128
    if isinstance(value, (bytes, bytearray, str)):
        return len(value) + 64
    if isinstance(value, dict):
        return 256 + sum(nbytes_of(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return 64 + sum(nbytes_of(item) for item in value)
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if hasattr(value, "__dict__"):
        return 256 + nbytes_of(vars(value))
    return 64
