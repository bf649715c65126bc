"""Rows that are larger than memory, read partition by partition and never gathered.

What belongs here reads a partition, returns a small result, and adds results up in order, so that
threads, processes and a Dask cluster give the same numbers. Algorithms on arrays belong in the
folders below.
"""

from ._index import ShardedIndex
from ._moments import pca
from ._open import open_partitions
from ._partition import Partition, Partitions, Source, Trouble
from ._project import LargeMap, project_large
from ._sampling import LargeSample, sample
from ._search import Found, neighbors
from ._tracks import LargeTracks, linear_cka, tracks

__all__ = [
    "Found",
    "LargeMap",
    "LargeSample",
    "LargeTracks",
    "Partition",
    "Partitions",
    "ShardedIndex",
    "Source",
    "Trouble",
    "linear_cka",
    "neighbors",
    "open_partitions",
    "pca",
    "project_large",
    "sample",
    "tracks",
]
