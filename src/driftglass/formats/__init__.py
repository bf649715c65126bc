"""Vectors from files that other tools wrote, and runs and maps as files that they read.

Everything a file says is checked against its bytes first: paths stay inside its folder, headers ask
for no more than there is, and nothing is unpickled unless somebody asks for it. Runs live in
`driftglass.store`.
"""

from __future__ import annotations

from ._maps import MAP_SUFFIXES, write_map
from ._registry import FORMATS, Format, format_of, read_file, write_file
from ._vectors import VECTOR_SUFFIXES, VectorFile, read_vectors

__all__ = [
    "FORMATS",
    "MAP_SUFFIXES",
    "VECTOR_SUFFIXES",
    "Format",
    "VectorFile",
    "format_of",
    "read_file",
    "read_vectors",
    "write_file",
    "write_map",
]
