"""From places of a UMAP map back to vectors."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from driftglass import InvalidInputError, ShapeError
from driftglass.projections import UMAP


@pytest.fixture(scope="module")
def digits():
    """A fitted map, and rows that were left out."""
    X = load_digits().data.astype(np.float32)
    left_out = np.arange(len(X)) % 6 == 0
    return UMAP(random_state=0).fit(X[~left_out]), X[~left_out], X[left_out]


def error(found, true):
    return np.sqrt(((found - true) ** 2).mean())


def test_places_of_fitted_rows_give_them_back(digits):
    estimator, X, _ = digits

    found = estimator.inverse_transform(estimator.embedding_)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, X, atol=1e-3)


def test_places_of_new_rows_give_nearly_them(digits):
    estimator, X, new = digits

    found = estimator.inverse_transform(estimator.transform(new))

    nearest = ((new[:, None] - X[None]) ** 2).sum(axis=2).min(axis=1)
    assert error(found, new) < 0.6 * error(X.mean(axis=0), new)
    assert error(found, new) < 1.2 * np.sqrt(nearest.mean() / X.shape[1])


def test_a_path_through_the_map_has_no_jumps(digits):
    estimator, _, _ = digits
    first, last = estimator.embedding_[0], estimator.embedding_[1]
    path = first + np.linspace(0, 1, 4000)[:, None] * (last - first)

    steps = np.linalg.norm(np.diff(estimator.inverse_transform(path), axis=0), axis=1)

    assert steps.max() < 0.3 * steps.sum()
    assert np.median(steps) < 1.0


def test_far_from_the_map_there_are_still_means_of_rows(digits):
    estimator, X, _ = digits

    found = estimator.inverse_transform([[1e6, -1e6], [1e30, 0.0]])

    assert np.isfinite(found).all()
    assert found.min() >= X.min()
    assert found.max() <= X.max()


@pytest.mark.parametrize("metric", ["cosine", "correlation", "manhattan"])
def test_any_metric_will_do(rng, metric):
    X = rng.normal(size=(60, 4)).astype(np.float32)
    estimator = UMAP(metric=metric, n_epochs=20, init="pca", random_state=0).fit(X)

    np.testing.assert_allclose(estimator.inverse_transform(estimator.embedding_), X, atol=1e-3)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_rows_come_back(rng, n):
    X = rng.normal(size=(n, 4)).astype(np.float32)
    estimator = UMAP().fit(X)

    np.testing.assert_array_equal(estimator.inverse_transform(estimator.embedding_), X)


def test_refuses_what_is_no_place_of_the_map(rng):
    X = np.abs(rng.normal(size=(20, 20)))
    estimator = UMAP(n_epochs=5, init="pca").fit(X)
    distances = UMAP(n_epochs=5, init="random", metric="precomputed").fit(X + X.T)

    with pytest.raises(ShapeError, match="3 columns; places of this map have 2"):
        estimator.inverse_transform(np.zeros((2, 3)))
    with pytest.raises(InvalidInputError, match="not finite in row 1"):
        estimator.inverse_transform([[0.0, 0.0], [np.nan, 0.0]])
    with pytest.raises(InvalidInputError, match="no vectors to go back to"):
        distances.inverse_transform(distances.embedding_)
    with pytest.raises(ValueError, match="not fitted"):
        UMAP().inverse_transform(np.zeros((2, 2)))
