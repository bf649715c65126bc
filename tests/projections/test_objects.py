"""Objects as methods of a sequence."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin

from driftglass import InvalidInputError, ShapeError
from driftglass.projections import PCA, extend_sequence, methods, procrustes, project_sequence


class Doubling(TransformerMixin, BaseEstimator):
    """Fits a mean; places the first columns, doubled."""

    def __init__(self, columns=2):
        self.columns = columns

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        self.n_rows_ = len(X)
        return self

    def transform(self, X):
        return 2 * (X - self.mean_)[:, : self.columns]


class Turning:
    """Has no transform, and turns its picture further every time it is asked."""

    def __init__(self):
        self.calls = []

    def fit_transform(self, X):
        self.calls.append(len(X))
        angle = float(np.abs(X).sum())
        turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
        return X[:, :2] @ turn + angle


def test_an_object_is_fitted_to_the_basis_and_places_all(Xs):
    method = Doubling()

    sequence = project_sequence(Xs, method=method, basis=5)

    mean = np.concatenate([Xs[0], Xs[5]]).mean(axis=0)
    for X, frame in zip(Xs, sequence, strict=True):
        np.testing.assert_allclose(frame.coordinates, 2 * (X - mean)[:, :2], atol=1e-4)
    assert sequence.provenance.method == "Doubling"
    assert sequence.provenance.parameters["columns"] == 2
    assert sequence.provenance.random_state is None
    assert not hasattr(method, "mean_")


def test_our_estimator_as_an_object_equals_the_name(Xs):
    for by_object, by_name in zip(
        project_sequence(Xs, method=PCA()), project_sequence(Xs, method="pca"), strict=True
    ):
        np.testing.assert_allclose(by_object.coordinates, by_name.coordinates, atol=1e-4)


def test_an_object_without_transform_is_turned_to_the_frame_before(Xs):
    sequence = project_sequence(Xs, method=Turning())

    for before, after in zip(sequence, list(sequence)[1:], strict=False):
        best = procrustes(after.coordinates, before.coordinates)
        np.testing.assert_allclose(best.rotation, np.eye(2), atol=1e-4)
        np.testing.assert_allclose(before.coordinates.mean(0), after.coordinates.mean(0), rtol=1e-4)
    for X, frame in zip(Xs, sequence, strict=True):
        assert procrustes(X[:, :2], frame.coordinates).residual < 1e-6
    assert "basis" not in sequence.provenance.parameters


def test_an_object_sequence_cannot_be_extended(Xs):
    for method in (Doubling(), Turning()):
        sequence = project_sequence(Xs, method=method)
        assert sequence.model == {}
        with pytest.raises(InvalidInputError, match="without a model"):
            extend_sequence(sequence, Xs[0])


@pytest.mark.parametrize("X", [np.ones((1, 5)), np.ones((9, 5)), np.eye(3), np.empty((0, 5))])
def test_objects_are_not_asked_about_rows_that_need_no_method(X):
    class Failing:
        def fit_transform(self, X):
            raise AssertionError("asked")

    frame = project_sequence([X], method=Failing())[0]

    assert frame.coordinates.shape == (len(X), 2)


def test_an_object_that_gives_another_shape_is_named(Xs):
    class Wrong:
        def fit_transform(self, X):
            return X[:3]

    with pytest.raises(ShapeError, match=r"placed 60 rows of step 0 as an array of shape \(3, 8\)"):
        project_sequence(Xs, method=Wrong())


def test_an_object_that_gives_nan_is_named(Xs):
    class Wrong:
        def fit_transform(self, X):
            return X[:, :2] * np.nan

    with pytest.raises(InvalidInputError, match=r"60 of 60 rows of step 0 .* first row 0: \[nan"):
        project_sequence(Xs, method=Wrong())


def test_methods_are_listed_and_each_works(Xs):
    for name in methods():
        assert len(project_sequence(Xs, method=name)) == 10


def test_importing_projections_does_not_import_scikit_learn():
    import subprocess

    code = "import driftglass.projections, sys; print('sklearn' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "False"
