"""Classes: neighbours that vote, neural collapse, predictions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mode
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors

from driftglass import Predictions
from driftglass.diagnostics import (
    confusion_matrix,
    knn_accuracy,
    neural_collapse,
    prediction_similarity,
)
from driftglass.diagnostics._classes import silhouette_estimate
from driftglass.errors import InvalidInputError, ShapeError


@pytest.fixture
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300], y[:300]


def simplex(n_classes, per_class, n_features, seed=0):
    corners = np.eye(n_classes) - 1 / n_classes
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(n_features, n_classes)))[0]
    return np.repeat(corners @ turn.T, per_class, axis=0), np.repeat(
        np.arange(n_classes), per_class
    )


def test_votes_are_those_of_scikit_learn(digits):
    X, y = digits
    near = NearestNeighbors(n_neighbors=20).fit(X).kneighbors(return_distance=False)
    expected = (mode(y[near], axis=1).mode == y).mean()

    # Rows at equal distance may be taken in another order.
    assert knn_accuracy(X, y) == pytest.approx(expected, abs=0.01)


def test_the_silhouette_is_scikit_learns(digits):
    X, y = digits

    assert silhouette_estimate(X, y).value == pytest.approx(silhouette_score(X, y), abs=1e-9)


def test_names_work_as_well_as_numbers(digits):
    X, y = digits
    names = np.array([f"digit {label}" for label in y])

    assert knn_accuracy(X, names) == knn_accuracy(X, y)


def test_a_simplex_of_points_is_full_collapse():
    X, y = simplex(5, 20, 30)

    found = neural_collapse(X, y)
    for value in (found.nc1, found.nc1_quotient, found.cdnv, found.nc2_norms, found.nc2_angles):
        assert value == pytest.approx(0.0, abs=1e-12)


def test_the_quotients_are_those_of_dense_matrices(digits):
    X, y = digits
    means = np.stack([X[y == c].mean(axis=0) for c in range(10)])
    between = means - means.mean(axis=0)
    S_B = between.T @ between / 10
    S_W = np.mean([np.cov(X[y == c], rowvar=False, bias=True) for c in range(10)], axis=0)

    found = neural_collapse(X, y)
    expected = np.trace(S_W @ np.linalg.pinv(S_B, rcond=1e-8)) / 10
    assert found.nc1 == pytest.approx(expected, rel=1e-6)
    assert found.nc1_quotient == pytest.approx(np.trace(S_W) / np.trace(S_B), rel=1e-9)


def test_noise_within_classes_raises_the_first_and_not_the_second():
    X, y = simplex(4, 500, 40)
    noisy = X + 0.05 * np.random.default_rng(0).normal(size=X.shape)

    found = neural_collapse(noisy, y)
    assert found.nc1 == pytest.approx(3 / 4 * 0.05**2 * 4, rel=0.05)
    assert found.nc2_angles < 0.01


def test_more_features_than_rows_do_not_blow_up():
    X, y = simplex(3, 10, 500)
    noisy = X + 0.01 * np.random.default_rng(0).normal(size=X.shape)

    assert neural_collapse(noisy, y).nc1 < 1.0


def test_weights_along_the_means_are_dual_to_them():
    X, y = simplex(4, 10, 20)
    means = X[::10]

    assert neural_collapse(X, y, weights=3 * means).nc3 == pytest.approx(0.0, abs=1e-12)
    assert neural_collapse(X, y, weights=-means).nc3 == pytest.approx(2.0, abs=1e-12)


def test_a_classifier_that_is_the_nearest_mean_agrees_with_it():
    X, y = simplex(4, 10, 20)
    wrong = np.where(np.arange(40) < 10, (y + 1) % 4, y)

    assert neural_collapse(X, y, predicted=y).nc4 == 0.0
    assert neural_collapse(X, y, predicted=wrong).nc4 == 0.25


def test_equal_class_means_are_refused():
    with pytest.raises(InvalidInputError, match="means of all classes are equal"):
        neural_collapse(np.zeros((4, 2)), [0, 0, 1, 1])


def test_one_class_is_refused(digits):
    with pytest.raises(InvalidInputError, match="1 class"):
        knn_accuracy(digits[0], np.zeros(300))


def test_weights_of_another_shape_are_refused(digits):
    with pytest.raises(ShapeError, match=r"\(10, 64\) is needed"):
        neural_collapse(*digits, weights=np.ones((10, 3)))


def test_confusion_is_scikit_learns(rng):
    y, said = rng.integers(0, 4, size=(2, 100))

    np.testing.assert_array_equal(confusion_matrix(y, said), sklearn_confusion(y, said))


def test_rows_without_a_class_are_left_out():
    assert confusion_matrix([0, -1, 1], [0, 1, -1], n_classes=3).sum() == 1


def test_a_class_beyond_the_size_is_refused():
    with pytest.raises(InvalidInputError, match="n_classes=4"):
        confusion_matrix([3], [0], n_classes=2)


def test_similarity_of_predictions_by_hand():
    P = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    Q = np.array([[0.0, 1.0], [0.5, 0.5], [0.0, 1.0]])

    assert prediction_similarity(P, Q) == pytest.approx(2 / 3)
    assert prediction_similarity(P, Q, kind="cosine") == pytest.approx(2 / 3)
    assert prediction_similarity(P, Q, kind="jensen_shannon") == pytest.approx(2 / 3)


def test_predictions_of_a_run_are_accepted():
    P = Predictions(["a", "b"], [[4.0, 0.0], [0.0, 4.0]])

    assert prediction_similarity(P, [0, 1]) == 1.0


def test_an_unknown_kind_is_refused():
    with pytest.raises(InvalidInputError, match="'agreement', 'cosine'"):
        prediction_similarity([0, 1], [0, 1], kind="overlap")
