"""Vectors from files that other tools wrote, and maps as files that they read.

Only what is a table: runs live in `driftglass.store`.
"""

from __future__ import annotations

from ._maps import MAP_SUFFIXES, write_map
from ._vectors import VECTOR_SUFFIXES, VectorFile, read_vectors

__all__ = ["MAP_SUFFIXES", "VECTOR_SUFFIXES", "VectorFile", "read_vectors", "write_map"]
