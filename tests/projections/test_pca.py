from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA as SklearnPCA
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import DriftglassWarning, InvalidInputError
from driftglass.projections import PCA, Projector, SupportsTransform, _moments


@parametrize_with_checks([PCA(n_components=1)])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("shape", [(200, 12), (30, 80), (50, 50)])
def test_equals_scikit_learn(rng, shape):
    X = rng.normal(size=shape) @ np.diag(np.linspace(3, 0.1, shape[1]))

    ours, theirs = PCA(n_components=5).fit(X), SklearnPCA(n_components=5, svd_solver="full").fit(X)

    for name in ("components_", "explained_variance_", "explained_variance_ratio_", "mean_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-10)
    np.testing.assert_allclose(ours.singular_values_, theirs.singular_values_)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-10)
    np.testing.assert_allclose(
        ours.inverse_transform(ours.transform(X)),
        theirs.inverse_transform(theirs.transform(X)),
        atol=1e-10,
    )


def test_many_features_take_the_iterative_way_to_the_same_axes(rng, monkeypatch):
    X = rng.normal(size=(400, 60)) @ np.diag(np.linspace(3, 0.1, 60))
    exact = PCA(n_components=3).fit(X)
    monkeypatch.setattr(_moments, "ITERATIVE_FEATURES", 50)

    iterated = PCA(n_components=3).fit(X)

    np.testing.assert_allclose(iterated.components_, exact.components_, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1), n_parts=st.integers(1, 9))
def test_parts_give_the_axes_of_the_whole(seed, n_parts):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(90, 7)) * np.linspace(5, 1, 7) + 1e3
    whole = PCA(n_components=3).fit(X)

    streamed = PCA(n_components=3)
    for part in np.array_split(X, n_parts):
        streamed.partial_fit(part) if len(part) >= 3 else None

    assert streamed.n_samples_seen_ == 90
    np.testing.assert_allclose(streamed.mean_, whole.mean_)
    np.testing.assert_allclose(streamed.components_, whole.components_, atol=1e-8)
    np.testing.assert_allclose(streamed.explained_variance_, whole.explained_variance_)


def test_a_large_offset_costs_no_digits(rng):
    X = rng.normal(size=(300, 10)) * np.linspace(4, 1, 10)
    plain = PCA().fit(X)

    moved = PCA()
    for part in np.array_split(X + 1e8, 6):
        moved.partial_fit(part)

    np.testing.assert_allclose(moved.explained_variance_, plain.explained_variance_, rtol=1e-6)
    np.testing.assert_allclose(moved.transform(X + 1e8), plain.transform(X), atol=1e-5)


def test_fit_forgets_what_partial_fit_saw(rng):
    X = rng.normal(size=(50, 4))
    estimator = PCA().partial_fit(X + 100)

    estimator.fit(X).partial_fit(X)

    assert estimator.n_samples_seen_ == 50
    np.testing.assert_allclose(estimator.mean_, X.mean(axis=0))


def test_equal_data_give_equal_signs(rng):
    X = rng.normal(size=(100, 6))

    first, second = PCA(n_components=3).fit(X), PCA(n_components=3).fit(-X)

    largest = np.argmax(np.abs(first.components_), axis=1)
    assert (first.components_[np.arange(3), largest] > 0).all()
    np.testing.assert_allclose(first.components_, second.components_)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64, bool])
def test_takes_any_real_dtype(rng, dtype):
    X = rng.integers(0, 2 if dtype is bool else 50, size=(60, 5)).astype(dtype)

    Y = PCA().fit_transform(X)

    expected = SklearnPCA(n_components=2).fit_transform(X.astype(np.float64))
    assert Y.dtype == (np.float64 if dtype is np.float64 else np.float32)
    np.testing.assert_allclose(np.abs(Y), np.abs(expected), rtol=1e-4, atol=1e-4)


def test_too_many_components_are_lowered_and_said(rng):
    X = rng.normal(size=(10, 3))

    with pytest.warns(DriftglassWarning, match="n_components 5 lowered to 3.*10 rows and 3 feat"):
        estimator = PCA(n_components=5).fit(X)

    assert estimator.n_components_ == 3
    assert estimator.transform(X).shape == (10, 3)
    assert estimator.get_feature_names_out().tolist() == ["pca0", "pca1", "pca2"]


@pytest.mark.parametrize("n_components", [0, -1, 1.5, "two", True, None])
def test_refuses_components_that_cannot_be_counted(rng, n_components):
    with pytest.raises(InvalidInputError, match="an integer of at least 1"):
        PCA(n_components=n_components).fit(rng.normal(size=(10, 3)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_values_that_are_not_finite(rng, bad):
    X = rng.normal(size=(10, 3))
    X[2, 1] = bad

    with pytest.raises(ValueError, match=r"PCA does not accept|contains infinity"):
        PCA().fit(X)


@pytest.mark.parametrize("X", [np.empty((0, 3)), np.zeros(5), np.zeros((2, 2, 2))])
def test_refuses_what_is_not_a_table(X):
    with pytest.raises(ValueError, match=r"minimum of 1|Expected 2D|dim 3"):
        PCA().fit(X)


def test_refuses_complex_numbers(rng):
    with pytest.raises(ValueError, match="Complex data not supported"):
        PCA().fit(rng.normal(size=(5, 3)) + 1j)


def test_equal_rows_have_no_variance_and_lie_at_the_origin():
    estimator = PCA().fit(np.full((20, 4), 7.0))

    assert not estimator.explained_variance_ratio_.any()
    assert not estimator.transform(np.full((20, 4), 7.0)).any()


def test_constant_columns_change_nothing(rng):
    X = rng.normal(size=(40, 3))
    padded = np.column_stack([X, np.full(40, 5.0)])

    np.testing.assert_allclose(PCA().fit_transform(padded), PCA().fit_transform(X), atol=1e-12)


def test_huge_values_stay_in_range(rng):
    X = rng.normal(size=(40, 3)).astype(np.float32)

    Y = PCA().fit_transform(X * np.float32(1e30))

    np.testing.assert_allclose(Y / np.float32(1e30), PCA().fit_transform(X), rtol=1e-4)


def test_values_whose_squares_overflow_are_named(rng):
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(InvalidInputError, match="beyond double precision"),
    ):
        PCA().fit(rng.normal(size=(40, 3)) * 1e200)


def test_a_covariance_that_cannot_fit_in_memory_is_refused():
    with pytest.raises(InvalidInputError, match="9000 features"):
        PCA().partial_fit(np.zeros((3, 9000)))


def test_is_a_projector_that_can_transform():
    assert isinstance(PCA(), Projector)
    assert isinstance(PCA(), SupportsTransform)


def test_inverse_transform_needs_coordinates_of_its_map(rng):
    estimator = PCA().fit(rng.normal(size=(10, 4)))

    with pytest.raises(InvalidInputError, match=r"\(n_samples, 2\) is needed"):
        estimator.inverse_transform(np.zeros((5, 3)))
