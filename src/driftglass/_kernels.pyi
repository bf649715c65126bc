"""The compiled module's typed face: the only door to native code.

Every kernel has a plain NumPy twin in ``tests/reference``, which is its definition. Arrays must
be C-contiguous and of exactly the dtype named; `variant` forces one of `cpu_features()`.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

def cpu_features() -> list[str]:
    """Kernel variants that can run on this processor, narrowest first."""

class Selection:
    """The k smallest values in every row of a matrix that arrives in blocks.

    The value of (row, column) is ``offsets[column] - 2 * product``. Threads may call `update`
    at the same time for blocks that touch different rows.
    """

    def __init__(
        self,
        n_rows: int,
        k: int,
        offsets: NDArray[np.float32],
        *,
        variant: str = "auto",
        n_threads: int = 1,
    ) -> None: ...
    def update(
        self,
        products: NDArray[np.float32],
        row_start: int,
        column_start: int,
        *,
        mirrored: bool = False,
    ) -> None:
        """Offer a block to its rows and, if mirrored, its transpose to its columns as rows."""

    def smallest(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Values and columns, both (n_rows, k), ascending, ties by lower column.

        (inf, -1) fills rows that were offered fewer than k values.
        """

def nearest_candidates(
    X: NDArray[np.float32],
    rows: NDArray[np.int32],
    candidates: NDArray[np.int32],
    k: int,
    *,
    metric: Literal["sqeuclidean", "cosine"] = "sqeuclidean",
    variant: str = "auto",
    n_threads: int = 1,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The k nearest of each row's candidates: distances and rows of X, both (n_rows, k).

    Computed from differences in double precision; the same bits on every processor.
    A candidate of -1 is none; missing neighbours are (inf, -1).
    """

def count_below(
    values: NDArray[np.float64],
    limits: NDArray[np.float64],
    *,
    variant: str = "auto",
    n_threads: int = 1,
) -> NDArray[np.int32]:
    """Count the ``values[i]`` below each of ``limits[i]``; shape of `limits`."""
