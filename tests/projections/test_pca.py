from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array
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
    with pytest.raises(ValueError, match=r"minimum of 1|Expected 2D|Pool the other axes"):
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


@pytest.mark.parametrize("solver", ["full", "covariance_eigh", "randomized"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_solver_finds_the_axes_of_scikit_learn(rng, solver, dtype, monkeypatch):
    monkeypatch.setattr(_moments, "SINGLE_FROM", 0)
    X = (rng.normal(size=(300, 40)) * 0.7 ** np.arange(40)).astype(dtype)

    ours = PCA(4, svd_solver=solver, random_state=0).fit(X)

    theirs = SklearnPCA(4, svd_solver="full").fit(X.astype(np.float64))
    assert ours.solver_ == solver
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=2e-4)
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-4)
    np.testing.assert_allclose(
        ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-4
    )
    np.testing.assert_allclose(ours.fit_transform(X), theirs.transform(X), atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "solver"),
    [((300, 40), "covariance_eigh"), ((40, 300), "full"), ((2100, 2300), "randomized")],
)
def test_the_solver_is_chosen_by_shape(rng, shape, solver):
    assert PCA(iterated_power=0).fit(rng.normal(size=shape)).solver_ == solver


def test_sparse_rows_give_the_axes_of_dense_ones(rng):
    X = rng.normal(size=(200, 30)) * (rng.random((200, 30)) < 0.1) * np.linspace(3, 1, 30)
    sparse = csr_array(X)

    dense = PCA(3, svd_solver="full").fit(X)

    for solver in ("covariance_eigh", "randomized"):
        found = PCA(3, svd_solver=solver, iterated_power=40, random_state=0).fit(sparse)
        np.testing.assert_allclose(found.components_, dense.components_, atol=1e-5)
        np.testing.assert_allclose(found.transform(sparse), dense.transform(X), atol=1e-4)
        np.testing.assert_allclose(
            found.explained_variance_ratio_, dense.explained_variance_ratio_, rtol=1e-5
        )


def test_very_wide_sparse_rows_need_no_covariance_matrix(rng):
    X = random_array((60, 20_000), density=0.01, rng=rng, format="csr")

    estimator = PCA(2, random_state=0).fit(X)

    assert estimator.solver_ == "randomized"
    assert estimator.transform(X).shape == (60, 2)


def test_sparse_rows_have_no_full_decomposition(rng):
    with pytest.raises(InvalidInputError, match=r"needs dense rows.*X\.toarray"):
        PCA(svd_solver="full").fit(csr_array(rng.normal(size=(9, 4))))


def test_a_mapped_file_is_read_and_not_copied(rng, tmp_path, monkeypatch):
    monkeypatch.setattr(_moments, "BLOCK_VALUES", 1 << 14)
    X = rng.normal(size=(40_000, 100)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    tracemalloc.start()

    Y = PCA(3).fit_transform(mapped)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(Y, PCA(3).fit_transform(X))
    assert Y.nbytes < peak < X.nbytes / 3


def test_whitened_coordinates_have_variance_one_and_go_back(rng):
    X = rng.normal(size=(200, 5)) @ rng.normal(size=(5, 5)) + 3

    estimator = PCA(5, whiten=True).fit(X)
    Y = estimator.transform(X)

    np.testing.assert_allclose(np.cov(Y.T), np.eye(5), atol=1e-9)
    np.testing.assert_allclose(estimator.inverse_transform(Y), X, atol=1e-9)
    assert not PCA(2, whiten=True).fit_transform(np.full((9, 3), 2.0)).any()


def test_loadings_are_covariances_with_unit_coordinates(rng):
    X = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6))

    estimator = PCA(3, whiten=True).fit(X)

    expected = np.cov(np.concatenate([X.T, estimator.transform(X).T]))[6:, :6]
    np.testing.assert_allclose(estimator.loadings_, expected, atol=1e-9)


def test_single_precision_far_from_zero_keeps_its_digits(rng, monkeypatch):
    monkeypatch.setattr(_moments, "SINGLE_FROM", 0)
    X = (rng.normal(size=(500, 8)) * np.linspace(4, 1, 8) + 1e4).astype(np.float32)

    Y = PCA(3).fit_transform(X)

    wide = X.astype(np.float64)
    np.testing.assert_allclose(Y, PCA(3).fit_transform(wide), atol=1e-3)


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_single_precision_neither_vanishes_nor_overflows(rng, monkeypatch, factor):
    monkeypatch.setattr(_moments, "SINGLE_FROM", 0)
    X = rng.normal(size=(100, 4)).astype(np.float32)

    Y = PCA(2).fit_transform(X * np.float32(factor))

    np.testing.assert_allclose(Y / factor, PCA(2).fit_transform(X), rtol=1e-3, atol=1e-5)


def test_rows_that_are_not_finite_are_named(rng):
    X = rng.normal(size=(30, 4))
    X[[7, 11], 1] = np.inf

    with pytest.raises(InvalidInputError, match=r"PCA does not accept NaN or inf: 2 of 30.*7, 11"):
        PCA().fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"svd_solver": "arpack"}, "svd_solver is 'arpack'; one of auto, full"),
        ({"n_oversamples": -1}, "n_oversamples is -1"),
        ({"iterated_power": "auto"}, "iterated_power is 'auto'"),
    ],
)
def test_names_the_parameter_that_cannot_be(rng, options, message):
    with pytest.raises(InvalidInputError, match=message):
        PCA(**options).fit(rng.normal(size=(20, 3)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_of_a_large_table_that_is_not_finite_is_named(rng, bad):
    X = rng.normal(size=(90_000, 100)).astype(np.float32)
    X[70_001, 3] = bad

    with pytest.raises(ValueError, match="row 70001"):
        PCA().fit(X)


@pytest.mark.parametrize("n_components", [1, 2, 7])
def test_few_axes_of_many_features_are_the_leading_ones(rng, n_components):
    X = rng.normal(size=(900, 400)) * np.linspace(3, 0.1, 400)
    X[:, :3] = X[:, [0]] + X[:, 1:4]  # and nearly equal variances among them

    pca = PCA(n_components).fit(X)

    _, values, axes = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(pca.singular_values_, values[:n_components], rtol=1e-9)
    np.testing.assert_allclose(
        np.abs((pca.components_ * axes[:n_components]).sum(axis=1)), 1.0, rtol=1e-9
    )


def test_equal_variances_in_many_directions_are_all_found():
    X = np.vstack([np.eye(400), -np.eye(400)])

    pca = PCA(3).fit(X)

    np.testing.assert_allclose(pca.explained_variance_, 2 / 799, rtol=1e-9)
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(3), atol=1e-9)
