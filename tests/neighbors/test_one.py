"""Neighbours of one row: what a search for all finds, found for one alone."""

from __future__ import annotations

import numpy as np
import pytest

from driftglass import InvalidInputError
from driftglass.neighbors import exact_neighbors
from driftglass.neighbors._graph import METRICS
from driftglass.neighbors._one import neighbors_of_one


def brute_force(X, row, k, metric):
    """By the definitions, in double precision, without any blocks."""
    X = X.astype(np.float64)
    a = X[row]
    if metric == "correlation":
        X, a = X - X.mean(axis=1, keepdims=True), a - a.mean()
    if metric == "euclidean":
        distances = np.linalg.norm(X - a, axis=1)
    elif metric == "manhattan":
        distances = np.abs(X - a).sum(axis=1)
    elif metric == "inner_product":
        distances = -(X @ a)
    else:
        distances = 1 - (X @ a) / np.linalg.norm(X, axis=1) / np.linalg.norm(a)
    distances[row] = np.inf
    order = np.argsort(distances, kind="stable")[:k]
    return order, distances[order]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_features", [49, 50, 768])
def test_the_neighbours_are_those_of_brute_force(n_features, metric):
    rng = np.random.default_rng(n_features)
    X = (rng.normal(size=(2000, n_features)) + 20).astype(np.float32)

    indices, distances = neighbors_of_one(X, 321, 20, metric=metric)

    expected, expected_distances = brute_force(X, 321, 20, metric)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_they_are_those_that_a_search_for_all_rows_finds(metric):
    X = np.random.default_rng(1).normal(size=(500, 17)).astype(np.float32)
    graph = exact_neighbors(X, 10, metric=metric)

    for row in (0, 99, 499):
        assert (
            neighbors_of_one(X, row, 10, metric=metric)[0].tolist() == graph.indices[row].tolist()
        )


@pytest.mark.parametrize("factor", [1e-9, 1e9, 1e160])
def test_the_size_of_the_numbers_changes_nothing(factor):
    X = np.random.default_rng(2).normal(size=(300, 8))

    indices, distances = neighbors_of_one(X * factor, 5, 12)

    expected, expected_distances = neighbors_of_one(X, 5, 12)
    assert indices.tolist() == expected.tolist()
    np.testing.assert_allclose(distances, expected_distances * factor, rtol=1e-9)


def test_equal_rows_come_in_their_order_and_without_the_row_itself():
    X = np.repeat([[1.0, 2.0]], 7, axis=0)

    indices, distances = neighbors_of_one(X, 3, 4)

    assert indices.tolist() == [0, 1, 2, 4]
    assert distances.tolist() == [0, 0, 0, 0]


def test_rows_that_are_not_finite_are_nobodys_neighbours():
    X = np.arange(12.0).reshape(6, 2)
    X[1], X[4, 0] = np.nan, np.inf

    for metric in METRICS:
        indices, distances = neighbors_of_one(X, 0, 5, metric=metric)

        assert sorted(indices.tolist()) == [2, 3, 5]
        assert np.isfinite(distances).all()


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_a_row_without_a_direction_is_at_one_from_every_other(metric):
    X = np.random.default_rng(0).normal(size=(5, 4))
    X[2] = 0.1 if metric == "correlation" else 0.0

    assert neighbors_of_one(X, 2, 4, metric=metric)[1].tolist() == [1, 1, 1, 1]
    assert 1.0 in neighbors_of_one(X, 0, 4, metric=metric)[1].tolist()


def test_a_mapped_file_is_read_in_pieces(tmp_path, monkeypatch):
    from driftglass.neighbors import _one

    X = np.random.default_rng(3).normal(size=(400, 30)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    expected = neighbors_of_one(X, 7, 9)
    monkeypatch.setattr(_one, "BLOCK_VALUES", 30 * 17)

    found = neighbors_of_one(np.load(tmp_path / "X.npy", mmap_mode="r"), 7, 9)

    assert found[0].tolist() == expected[0].tolist()
    assert found[1].tolist() == expected[1].tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((9, 3), "row is 9; 0 to 3 is needed"),
        ((-1, 3), "row is -1"),
        ((0, 0), "at least 1 is needed"),
        ((1, 3), "Row 1 is not finite"),
    ],
)
def test_a_question_without_an_answer_is_refused(arguments, message):
    X = np.ones((4, 2))
    X[1] = np.nan

    with pytest.raises(InvalidInputError, match=message):
        neighbors_of_one(X, *arguments)


def test_an_unknown_metric_is_refused_by_name():
    with pytest.raises(InvalidInputError, match="metric is 'chebyshev'; one of euclidean"):
        neighbors_of_one(np.ones((4, 2)), 0, 1, metric="chebyshev")
