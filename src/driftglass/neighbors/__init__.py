"""Who is near whom, in the vectors or in a map.

Projectors and diagnostics share the `NeighborGraph` made here. What a neighbourhood says about
a map belongs in `driftglass.diagnostics`.
"""

from ._approximate import approximate_neighbors
from ._exact import exact_neighbors
from ._given import given_neighbors
from ._graph import NeighborGraph
from ._index import NeighborIndex
from ._nearest import nearest_neighbors
from ._query import query_neighbors
from ._remembered import RememberedGraphs, remember_neighbors

__all__ = [
    "NeighborGraph",
    "NeighborIndex",
    "RememberedGraphs",
    "approximate_neighbors",
    "exact_neighbors",
    "given_neighbors",
    "nearest_neighbors",
    "query_neighbors",
    "remember_neighbors",
]
