"""What bad or thin input to UMAP gives: a finite map, or a refusal with a remedy."""

from __future__ import annotations

import numpy as np
import pytest

from driftglass import DriftglassWarning, InvalidInputError
from driftglass.projections import UMAP


def quick(**options):
    return UMAP(**{"n_epochs": 20, "init": "pca", "random_state": 0, **options})


def test_one_row_lies_at_the_origin():
    assert quick().fit_transform([[5.0, 6.0, 7.0]]).tolist() == [[0, 0]]


@pytest.mark.parametrize("n", [2, 3])
def test_two_and_three_rows_keep_their_distances(rng, n):
    X = rng.normal(size=(n, 40)) * 100

    Y = quick().fit_transform(X)

    for a in range(n):
        for b in range(n):
            assert np.linalg.norm(Y[a] - Y[b]) == pytest.approx(
                np.linalg.norm(X[a] - X[b]), rel=1e-5
            )


def test_equal_rows_are_one_stacked_point():
    estimator = quick()

    with pytest.warns(DriftglassWarning, match="all 50 rows are equal: one stacked point"):
        Y = estimator.fit_transform(np.full((50, 6), 3.5))

    assert not Y.any()
    assert estimator.transform(np.full((2, 6), 3.5)).tolist() == [[0, 0]] * 2


def test_half_equal_rows_share_a_place(rng):
    X = rng.normal(size=(80, 6))
    X[::2] = X[0]

    Y = quick().fit_transform(X)

    np.testing.assert_array_equal(Y[::2], np.tile(Y[0], (40, 1)))
    assert len(np.unique(Y, axis=0)) == 41


def test_fewer_rows_than_neighbours_are_said_once(rng):
    estimator = quick()

    with pytest.warns(DriftglassWarning, match="n_neighbors 15 lowered to 9") as caught:
        estimator.fit(rng.normal(size=(9, 4)))

    assert len(caught) == 1
    assert estimator.n_neighbors_ == 9
    assert np.isfinite(estimator.embedding_).all()


def test_one_feature_is_enough(rng):
    Y = quick().fit_transform(rng.normal(size=(50, 1)))

    assert Y.shape == (50, 2)
    assert np.isfinite(Y).all()


def test_more_coordinates_than_features_are_allowed(rng):
    Y = quick(n_components=5).fit_transform(rng.normal(size=(50, 3)))

    assert Y.shape == (50, 5)
    assert (Y.std(axis=0) > 0).all()


def test_rows_of_zeros_are_said_where_direction_counts(rng):
    X = rng.normal(size=(50, 4))
    X[:3] = 0

    with pytest.warns(DriftglassWarning, match="rows are all zeros"):
        Y = quick(metric="cosine").fit_transform(X)

    assert np.isfinite(Y).all()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_the_unit_does_not_matter(rng, scale):
    X = rng.normal(size=(60, 4))

    Y = quick().fit_transform(X * scale)

    assert np.isfinite(Y).all()
    assert Y.std() > 0.1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int8, np.int64, bool])
def test_takes_any_real_dtype(rng, dtype):
    X = rng.integers(0, 2 if dtype is bool else 90, size=(60, 12)).astype(dtype)

    np.testing.assert_allclose(
        quick().fit_transform(X), quick().fit_transform(X.astype(np.float64)), atol=1e-3
    )


def test_constant_columns_change_nothing(rng):
    X = rng.normal(size=(60, 4)).astype(np.float32)
    graph = quick().fit(X).graph_

    padded = quick().fit(np.column_stack([X, np.full(60, 9.0, np.float32)])).graph_

    np.testing.assert_allclose(padded.toarray(), graph.toarray(), atol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_values_that_are_not_finite(rng, bad):
    X = rng.normal(size=(30, 3))
    X[2, 1] = bad

    with pytest.raises(ValueError, match=r"UMAP does not accept|contains infinity"):
        quick().fit(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.empty((0, 3)), "minimum of 1"),
        (np.zeros(5), "Expected 2D"),
        (np.zeros((2, 2, 2)), "Pool the other axes"),
        (np.zeros((5, 3), complex), "Complex"),
        ([[1, 2], [3]], "ragged"),
    ],
)
def test_refuses_what_is_not_a_table_of_numbers(X, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_neighbors": 1}, "n_neighbors is 1; an integer from 2 to 4097"),
        ({"n_neighbors": 2.5}, "n_neighbors is 2.5"),
        ({"n_components": 0}, "n_components is 0; an integer from 1 to 64"),
        ({"n_components": True}, "n_components is True"),
        ({"n_epochs": -1}, "n_epochs is -1"),
        ({"negative_sample_rate": -1}, "negative_sample_rate is -1"),
        ({"metric": "taxi"}, "metric is 'taxi'; one of euclidean"),
        ({"init": "middle"}, "init is 'middle'; spectral"),
        ({"init": np.zeros((3, 2))}, r"init has shape \(3, 2\); \(30, 2\)"),
        ({"min_dist": 2.0}, "min_dist is 2.0; a number from 0 to spread"),
        ({"spread": 0.0}, "spread is 0.0; a positive number"),
        ({"set_op_mix_ratio": 1.5}, "set_op_mix_ratio is 1.5; a number from 0 to 1"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0; a number of at least 0"),
        ({"precomputed_knn": [1, 2]}, "precomputed_knn is list; a NeighborGraph"),
    ],
)
def test_names_the_parameter_that_cannot_be(rng, options, message):
    with pytest.raises(InvalidInputError, match=message):
        quick(**options).fit(rng.normal(size=(30, 3)))


@pytest.mark.parametrize("y", [np.zeros(5), np.zeros((30, 2))])
def test_labels_come_one_to_a_row(rng, y):
    with pytest.raises(InvalidInputError, match="one label per row"):
        quick().fit(rng.normal(size=(30, 3)), y)


def test_distances_are_a_square_that_is_not_negative(rng):
    with pytest.raises(InvalidInputError, match="a square matrix"):
        quick(metric="precomputed").fit(np.ones((5, 4)))
    with pytest.raises(InvalidInputError, match="not negative"):
        quick(metric="precomputed").fit(-np.ones((5, 5)))
