"""What UMAP takes besides tables of floats: sparse rows, and distances of any kind."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.sparse import coo_array, csc_matrix, csr_array, csr_matrix

from driftglass import DriftglassError, DriftglassWarning
from driftglass.neighbors import exact_neighbors
from driftglass.projections import UMAP


def quick(**options):
    return UMAP(**{"n_epochs": 40, "random_state": 0, **options})


@pytest.fixture
def X(rng):
    """Rows with many zeros."""
    return rng.random((150, 20)) * (rng.random((150, 20)) < 0.4)


@pytest.mark.parametrize("kind", [csr_array, csr_matrix, csc_matrix, coo_array])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
def test_sparse_rows_have_the_graph_of_dense_ones(X, kind, metric):
    dense = quick(metric=metric).fit(X)

    sparse = quick(metric=metric).fit(kind(X))

    np.testing.assert_allclose(sparse.graph_.toarray(), dense.graph_.toarray(), atol=1e-5)
    np.testing.assert_array_equal(sparse.transform(kind(X)), sparse.embedding_)
    found = sparse.inverse_transform(sparse.embedding_)
    np.testing.assert_allclose(found, X, atol=1e-3)


@pytest.mark.parametrize("init", ["pca", "random"])
def test_sparse_rows_start_anywhere(X, init):
    Y = quick(init=init, n_components=3).fit_transform(csr_array(X))

    assert Y.shape == (150, 3)
    assert np.isfinite(Y).all()


def test_sparse_rows_start_on_their_principal_axes(X):
    X = X * np.linspace(5, 1, 20) ** 2  # so that the axes are far from each other

    dense = quick(init="pca", n_epochs=0).fit_transform(X)
    sparse = quick(init="pca", n_epochs=0).fit_transform(csr_array(X))

    for c in range(2):
        assert abs(np.corrcoef(dense[:, c], sparse[:, c])[0, 1]) > 0.99


def test_equal_sparse_rows_share_a_place(X):
    X[10:20] = X[0]
    rows = csr_array(X)
    rows.data[rows.indptr[12]] += 0.0

    Y = quick().fit_transform(rows)

    np.testing.assert_array_equal(Y[10:20], np.tile(Y[0], (10, 1)))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_sparse_rows_keep_their_distances(X, n):
    Y = quick().fit_transform(csr_array(X[:n]))

    for a in range(n):
        expected = np.linalg.norm(X[a] - X[:n], axis=1)
        np.testing.assert_allclose(np.linalg.norm(Y[a] - Y, axis=1), expected, atol=1e-5)


def test_sparse_rows_without_any_value_are_one_point():
    with pytest.warns(DriftglassWarning, match="all 9 rows are equal"):
        Y = quick().fit_transform(csr_array((9, 4)))

    assert not Y.any()


def test_sparse_values_that_are_not_finite_are_refused(X):
    X[3, 3] = np.nan

    with pytest.raises(ValueError, match="NaN"):
        quick().fit(csr_array(X))


def mixed(u, v, weight=1.0):
    """A number and some kinds."""
    return abs(u[0] - v[0]) + weight * (u[1:] != v[1:]).mean()


@pytest.fixture
def table(rng):
    """Rows of a number and three kinds, in two groups that only the kinds tell apart."""
    kinds = np.repeat([[0, 0, 0], [1, 1, 1]], 40, axis=0)
    return np.column_stack([rng.normal(size=80), kinds])


def test_a_function_may_treat_columns_differently(table):
    estimator = quick(metric=mixed, metric_kwds={"weight": 50.0}, n_neighbors=6).fit(table)

    nearest = exact_neighbors(estimator.embedding_, 1).indices[:, 0]
    assert (nearest // 40 == np.arange(80) // 40).all()


def test_a_function_places_new_rows(table):
    estimator = quick(metric=mixed, init="random", n_neighbors=6).fit(table)
    again = pickle.loads(pickle.dumps(estimator))

    Y = estimator.transform(table + np.array([1e-6, 0, 0, 0]))

    np.testing.assert_array_equal(estimator.transform(table), estimator.embedding_)
    np.testing.assert_array_equal(again.transform(table + np.array([1e-6, 0, 0, 0])), Y)
    assert np.median(np.linalg.norm(Y - estimator.embedding_, axis=1)) < 0.5 * Y.std()


def test_a_function_that_is_a_distance_we_know_gives_its_graph(rng):
    X = rng.normal(size=(60, 4))

    ours = quick(init="random").fit(X)
    given = quick(init="random", metric=lambda u, v: np.linalg.norm(u - v)).fit(X)

    np.testing.assert_allclose(given.graph_.toarray(), ours.graph_.toarray(), atol=1e-4)


@pytest.mark.parametrize("value", [np.nan, -1.0, "far"])
def test_a_function_that_gives_no_distance_is_refused(table, value):
    with pytest.raises((DriftglassError, ValueError, TypeError), match=r"distance|float"):
        quick(metric=lambda u, v: value).fit(table)


def test_distances_of_new_rows_are_not_negative(rng):
    D = np.abs(rng.normal(size=(30, 30)))
    estimator = quick(metric="precomputed", init="random").fit(D + D.T)

    with pytest.raises(DriftglassError, match="negative or not finite"):
        estimator.transform(-D - 1)


def test_keywords_need_a_function(X):
    with pytest.raises(DriftglassError, match=r"metric_kwds is .* only a function"):
        quick(metric_kwds={"p": 3}).fit(X)
