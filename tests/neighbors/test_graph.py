from __future__ import annotations

import numpy as np
import pytest

from driftglass import InvalidInputError, ShapeError
from driftglass.neighbors import NeighborGraph, exact_neighbors


@pytest.fixture
def graph(rng):
    return exact_neighbors(rng.normal(size=(40, 3)), 6, queries=[7, 0, 39])


def test_restricting_keeps_the_nearest(graph):
    nearer = graph.restrict(2)

    np.testing.assert_array_equal(nearer.indices, graph.indices[:, :2])
    assert nearer.n_neighbors == 2
    assert nearer.queries is graph.queries


def test_cannot_be_restricted_to_more_than_it_has(graph):
    with pytest.raises(InvalidInputError, match="n_neighbors is 7; this graph has 0 to 6"):
        graph.restrict(7)


def test_sparse_form_holds_distances_at_rows_and_columns(graph):
    sparse = graph.to_sparse().toarray()

    assert sparse.shape == (40, 40)
    for row, indices, distances in zip(graph.queries, graph.indices, graph.distances, strict=True):
        np.testing.assert_array_equal(sparse[row, indices], distances)
    assert np.count_nonzero(sparse) == 18


def test_sparse_form_stores_zero_distances():
    graph = exact_neighbors(np.zeros((4, 2)), 2)

    assert graph.to_sparse().nnz == 8


def test_refuses_arrays_that_do_not_belong_together(graph):
    with pytest.raises(ShapeError, match="do not belong together"):
        NeighborGraph(graph.indices, graph.distances[:, :2], "euclidean", graph.queries, 40)
