from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import pairwise_distances

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass.neighbors import exact_neighbors, given_neighbors, nearest_neighbors


@pytest.fixture
def X(rng):
    return rng.normal(size=(120, 4)).astype(np.float32)


def test_a_matrix_of_distances_gives_the_neighbours_it_holds(X):
    D = pairwise_distances(X.astype(np.float64))

    graph = nearest_neighbors(D, 7, metric="precomputed")

    expected = exact_neighbors(X, 7)
    np.testing.assert_array_equal(graph.indices, expected.indices)
    np.testing.assert_allclose(graph.distances, expected.distances, rtol=1e-6)
    assert (graph.metric, graph.method, graph.recall) == ("precomputed", "exact", 1.0)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, sparse.coo_array])
def test_a_sparse_matrix_may_hold_the_small_ones_only(X, kind):
    D = pairwise_distances(X.astype(np.float64))
    reach = np.sort(D, axis=1)[:, [20]]
    D[reach < D] = 0
    stored = kind(D)

    graph = nearest_neighbors(stored, 7, metric="precomputed")

    np.testing.assert_array_equal(graph.indices, exact_neighbors(X, 7).indices)


def test_stored_zeros_are_distances_and_the_diagonal_is_not():
    D = sparse.csr_matrix(
        (np.array([0.0, 5.0, 0.0, 9.0, 5.0, 9.0]), [1, 2, 0, 2, 0, 1], [0, 2, 4, 6])
    )

    graph = nearest_neighbors(D, 1, metric="precomputed")

    assert graph.indices.ravel().tolist() == [1, 0, 0]
    assert graph.distances.ravel().tolist() == [0.0, 0.0, 5.0]


def test_a_row_with_few_stored_distances_lowers_all():
    D = sparse.csr_matrix(np.array([[0, 1, 2], [1, 0, 0], [2, 0, 0]], dtype=float))

    with pytest.warns(DriftglassWarning, match="lowered to 1: row 1 stores distances to no more"):
        graph = nearest_neighbors(D, 2, metric="precomputed")

    assert graph.n_neighbors == 1


def test_equal_distances_go_to_the_lower_row():
    D = np.ones((5, 5)) - np.eye(5)

    assert nearest_neighbors(D, 2, metric="precomputed").indices.tolist() == [
        [1, 2],
        [0, 2],
        [0, 1],
        [0, 1],
        [0, 1],
    ]


@pytest.mark.parametrize(
    ("D", "error", "message"),
    [
        (np.zeros((3, 2)), ShapeError, "square matrix of distances"),
        (sparse.csr_matrix(np.zeros((3, 2))), ShapeError, "square matrix of distances"),
        (np.array([[0, -1.0], [1, 0]]), InvalidInputError, "Row 0 of X holds the distance -1"),
        (np.array([[0, 1.0], [np.nan, 0]]), InvalidInputError, "Row 1 of X holds a distance"),
    ],
)
def test_names_what_is_no_distance(D, error, message):
    with pytest.raises(error, match=message):
        nearest_neighbors(D, 1, metric="precomputed")


def test_lists_found_elsewhere_become_a_graph(X):
    found = exact_neighbors(X, 6)
    turned = found.indices[:, ::-1], found.distances[:, ::-1]

    graph = given_neighbors(*turned, metric="euclidean")

    np.testing.assert_array_equal(graph.indices, found.indices)
    np.testing.assert_array_equal(graph.distances, found.distances)
    assert graph.method == "given"
    assert np.isnan(graph.recall)


def test_a_row_in_its_own_list_is_taken_out(X):
    found = exact_neighbors(X, 6, exclude_self=False)

    graph = given_neighbors(found.indices, found.distances)

    np.testing.assert_array_equal(graph.indices, found.indices[:, 1:])


def test_lists_stay_of_one_length_where_only_some_name_their_row():
    graph = given_neighbors([[0, 1], [0, 2], [2, 1]], [[0.0, 1.0], [1.0, 3.0], [0.0, 3.0]])

    assert graph.indices.tolist() == [[1], [0], [1]]


@pytest.mark.parametrize(
    ("indices", "distances", "error", "message"),
    [
        ([[1], [0]], [[1.0, 2.0], [1.0, 2.0]], ShapeError, r"indices has shape \(2, 1\)"),
        ([[1], [-1]], [[1.0], [1.0]], InvalidInputError, "the first is row 1"),
        ([[1], [2]], [[1.0], [1.0]], InvalidInputError, "Rows are 0 to 1"),
        ([[1], [0]], [[1.0], [np.inf]], InvalidInputError, "not finite, the first is row 1"),
        ([[1.0], [0.0]], [[1.0], [1.0]], InvalidInputError, "row numbers are needed"),
    ],
)
def test_names_what_is_wrong_with_lists(indices, distances, error, message):
    with pytest.raises(error, match=message):
        given_neighbors(indices, distances)
