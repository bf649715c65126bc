"""An index of rows larger than memory: one for each partition, made once and asked many times."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from .._arrays import as_vectors
from .._progress import Progress, silent
from ..errors import InvalidInputError, ShapeError, StoreError
from ..neighbors import NeighborGraph, NeighborIndex, nearest_neighbors
from ..parallel import opened
from ._moments import Totals, totals_of
from ._open import open_partitions
from ._partition import Partition, Partitions, Trouble, read_block
from ._search import Found, Questions, found_by
from ._work import Arrays, Late, Work

__all__ = ["ShardedIndex"]

N_LINKS = 15
"""Neighbours of each row that a walk may go to."""
LINKED_FROM = 20_000
"""Rows from which a partition gets links: fewer are all looked at."""
MORE = 2
"""What the number of neighbours is multiplied by in each partition, of which none is certain."""
STAGE, MOMENTS = "links", "moments"


@dataclass(frozen=True, eq=False)
class ShardedIndex:
    """Rows in partitions, each with an index of its own, to be asked for the nearest to others.

    Partitions are asked side by side, by whichever executor, and their answers are merged. Each
    answers as an approximate `driftglass.neighbors.NeighborIndex`, which walks along the links that
    were made of its rows or goes through rounded rows, so that it may miss some; how much is
    missed is measured with every question. Links and sums are kept in a folder: an index that was
    built is opened by building it again, and so is one whose building was cut short.

    Parameters
    ----------
    parts : Partitions
        Rows that can be found; none of the partitions that cannot be used.
    folder : path
        Where links are kept.
    totals : Totals
        Sums over all rows.
    used : tuple of Partition
        Partitions that are asked.
    troubles : tuple of Trouble
        Partitions and rows that are not in it.

    Examples
    --------
    >>> import tempfile
    >>> index = ShardedIndex.build([[[0.0], [1.0]], [[5.0]]], tempfile.mkdtemp())
    >>> found = index.query([[4.0]], 2)
    >>> found.rows.tolist(), found.recall
    ([[2, 1]], 1.0)
    """

    parts: Partitions
    folder: Path
    totals: Totals
    used: tuple[Partition, ...]
    troubles: tuple[Trouble, ...]

    @classmethod
    def build(
        cls,
        source: Any,
        folder: Any,
        *,
        executor: Any = None,
        n_jobs: int | None = None,
        progress: Progress = silent,
        strict: bool = False,
        **opening: Any,
    ) -> Self:
        """Make the links of each partition, or go on where that was cut short.

        Parameters
        ----------
        source : Partitions or what `open_partitions` takes
            Rows to be found.
        folder : path
            Where links are kept: about 120 bytes a row in partitions of 20,000 rows and more.
        executor, n_jobs
            As in `driftglass.parallel.opened`.
        progress : callable
            Called with (done, total, what); may raise to stop.
        strict : bool
            Raise when a partition or a row cannot be used.
        **opening
            Arguments of `open_partitions`.

        Returns
        -------
        index : ShardedIndex
            Ready to be asked.

        Raises
        ------
        InvalidInputError
            No partition can be used.
        StoreError
            The folder cannot be made.
        """
        parts = open_partitions(source, **opening)
        kept = Path(folder).expanduser() / parts.fingerprint
        try:
            kept.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{kept} cannot be made: {error.strerror}.") from error
        with opened(executor, n_jobs=n_jobs) as running, Work(
            running, kept, progress, strict
        ) as work:  # fmt: skip
            totals = totals_of(parts, work, stage=MOMENTS)
            used = tuple(parts.parts[number] for number in sorted(totals.used))
            items = [(part, parts.n_features) for part in used]
            work.run(STAGE, linked, items, what="linking rows")
            return cls(parts, kept, totals, used, tuple(work.troubles))

    def query(
        self,
        Q: Any,
        n_neighbors: int = 15,
        *,
        n_checked: int = 20,
        executor: Any = None,
        n_jobs: int | None = None,
    ) -> Found:
        """Nearest rows of all partitions, and the share of them that was measured to be right.

        Parameters
        ----------
        Q : array-like of shape (n_queries, n_features)
            Finite vectors.
        n_neighbors : int
            How many, from 1 to the number of rows.
        n_checked : int
            Queries for which the recall is measured, with a pass over all rows.
        executor, n_jobs
            As in `driftglass.parallel.opened`.

        Returns
        -------
        found : Found
            Rows, distances and the measured recall; the same with every executor.

        Raises
        ------
        ShapeError
            Q has another number of features.
        InvalidInputError
            There are not as many rows.
        """
        Q = as_vectors(Q, name="Q")
        width = self.parts.n_features
        if Q.shape[1] != width:
            raise ShapeError(f"Q has {Q.shape[1]} features and the partitions have {width}.")
        if not 1 <= n_neighbors <= self.totals.n_samples:
            raise InvalidInputError(
                f"n_neighbors is {n_neighbors}; 1 to {self.totals.n_samples} can be found."
            )
        names = ("indices", "distances")
        with opened(executor, n_jobs=n_jobs) as running, Work(running) as work:
            items = [
                (part, width, Late(self.folder / STAGE / f"{number:06d}.npz", names))
                for number, part in enumerate(self.used)
            ]
            return found_by(
                near_by_links, items, self.used, Q, n_neighbors, n_checked, self.totals, work
            )

    def delete(self) -> None:
        """Remove what is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)


def linked(item: tuple[Partition, int]) -> Arrays:
    """Links of the rows of a partition: its own neighbours, approximately."""
    block = read_block(*item)
    if len(block.X) < LINKED_FROM:
        return {"indices": np.empty((0, 0), dtype=np.int32), "distances": np.empty((0, 0))}
    graph = nearest_neighbors(block.X, N_LINKS, method="approximate", n_jobs=1)
    return {"indices": graph.indices, "distances": graph.distances}


def near_by_links(item: tuple[Partition, int, Late], by: Questions) -> Arrays:
    """Nearest rows of one partition, found along its links."""
    part, width, late = item
    block = read_block(part, width)
    links = late.load()
    graph = None
    if len(links["indices"]) == len(block.X):
        everyone = np.arange(len(block.X), dtype=np.int32)
        graph = NeighborGraph(
            links["indices"], links["distances"], "euclidean", everyone, len(block.X)
        )
    index = NeighborIndex(block.X, graph=graph)
    k = min(MORE * by.n_neighbors, len(block.X))
    indices, distances = index.query(by.Q, k, proven=False, n_jobs=1)
    return {"data_rows": block.rows[indices], "data_distances": distances}
