"""Memory that is used again, because getting it from the system costs more than a copy does."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BufferPool"]

SMALLEST = 1 << 16
"""The allocator keeps smaller blocks itself."""
IDLE_SECONDS = 30.0


class BufferPool:
    """Blocks of memory by size.

    Fresh memory is zeroed page by page while it is first written, which takes two to five times
    as long as copying into memory that was used before.
    """

    def __init__(self) -> None:
        self._blocks: deque[tuple[float, NDArray[np.uint8]]] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def copy(self, array: NDArray[Any]) -> NDArray[Any]:
        """Copy an array into memory of the pool, C-contiguous."""
        if array.nbytes < SMALLEST:
            return np.array(array, order="C", copy=True)
        result = self._block(array.nbytes).view(array.dtype).reshape(array.shape)
        np.copyto(result, array)
        return result

    def _block(self, nbytes: int) -> NDArray[np.uint8]:
        with self._lock:
            for place, (_, block) in enumerate(self._blocks):
                if block.nbytes == nbytes:
                    del self._blocks[place]
                    self._bytes -= nbytes
                    return block
        return np.empty(nbytes, np.uint8)

    def take_back(self, array: NDArray[Any], room: int) -> None:
        """Keep the memory of an array that `copy` made; nobody may use the array any more.

        `room` is how many bytes the pool may hold afterwards.
        """
        block = array
        while isinstance(block.base, np.ndarray):
            block = block.base
        if block.dtype != np.uint8 or block.ndim != 1 or not block.nbytes >= SMALLEST:
            return
        with self._lock:
            self._blocks.append((time.monotonic(), block))
            self._bytes += block.nbytes
            while self._bytes > room:
                self._drop_oldest()

    def trim(self) -> None:
        """Give memory that was not used for a while back to the system."""
        with self._lock:
            limit = time.monotonic() - IDLE_SECONDS
            while self._blocks and self._blocks[0][0] < limit:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, block = self._blocks.popleft()
        self._bytes -= block.nbytes
