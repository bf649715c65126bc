from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist, squareform
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass.projections import MDS, PCA, Projector, SupportsTransform, procrustes

from .bad_tables import odd_tables


@pytest.mark.filterwarnings("ignore::driftglass.DriftglassWarning")
@parametrize_with_checks([MDS(), MDS(kind="classical"), MDS(kind="nonmetric", max_iter=20)])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", ["metric", "classical", "nonmetric"])
@pytest.mark.parametrize("n_landmarks", [None, 40])
def test_distances_of_points_in_a_plane_give_the_points(rng, kind, n_landmarks):
    X = rng.normal(size=(120, 2)) * [3, 1]
    D = squareform(pdist(X))

    estimator = MDS(
        kind=kind,
        metric="precomputed",
        n_landmarks=n_landmarks,
        eps=1e-9,
        max_iter=2000,
        random_state=0,
    ).fit(D)

    fit = procrustes(estimator.embedding_, X, scale=kind == "nonmetric")
    assert fit.residual < (2e-3 if kind == "nonmetric" else 1e-6)
    assert estimator.stress_ < 0.02


def test_classical_scaling_of_euclidean_distances_is_pca(rng):
    X = rng.normal(size=(80, 6)) * np.linspace(3, 1, 6)

    Y = MDS(3, kind="classical").fit_transform(X)

    np.testing.assert_allclose(np.abs(Y), np.abs(PCA(3).fit_transform(X)), atol=1e-4)


def test_the_stress_is_what_it_says(rng):
    X = rng.normal(size=(70, 6))

    estimator = MDS().fit(X)

    wanted, found = pdist(X), pdist(estimator.embedding_)
    raw = ((wanted - found) ** 2).sum()
    assert estimator.raw_stress_ == pytest.approx(raw, rel=1e-4)
    assert estimator.stress_ == pytest.approx(np.sqrt(raw / (wanted**2).sum()), rel=1e-4)
    assert estimator.converged_


def test_with_landmarks_the_stress_is_over_pairs_with_one(rng):
    X = rng.normal(size=(90, 6))

    estimator = MDS(n_landmarks=30, random_state=0).fit(X)

    Y, marks = estimator.embedding_, estimator.landmarks_
    wanted, found = cdist(X, X[marks]), cdist(Y, Y[marks])
    raw = ((wanted - found) ** 2).sum()
    assert len(marks) == 30
    assert estimator.stress_ == pytest.approx(np.sqrt(raw / (wanted**2).sum()), rel=0.02)


def test_least_stress_has_less_of_it_than_classical_scaling(rng):
    X = rng.normal(size=(100, 8))

    metric, classical = (MDS(kind=kind).fit(X).stress_ for kind in ("metric", "classical"))

    assert metric < 0.95 * classical


def test_only_the_order_of_dissimilarities_counts_if_nonmetric(rng):
    X = rng.normal(size=(50, 3))
    D = squareform(pdist(X))

    plain, bent = (
        MDS(kind="nonmetric", metric="precomputed", init=X[:, :2]).fit_transform(bend(D))
        for bend in (np.asarray, np.square)
    )

    assert procrustes(plain, bent, scale=True).residual < 1e-3


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "manhattan"])
def test_metrics_are_those_of_scipy(rng, metric):
    X = rng.normal(size=(60, 5)) + 1
    names = {"manhattan": "cityblock"}

    ours = MDS(metric=metric).fit(X)

    D = squareform(pdist(X, names.get(metric, metric)))
    given = MDS(metric="precomputed").fit(D)
    np.testing.assert_allclose(ours.embedding_, given.embedding_, atol=1e-3)


@pytest.mark.parametrize("n_landmarks", [None, 60])
def test_threads_do_not_change_a_single_byte(rng, n_landmarks):
    X = rng.normal(size=(300, 7))

    maps = {
        MDS(n_landmarks=n_landmarks, random_state=0, n_jobs=n_jobs).fit_transform(X).tobytes()
        for n_jobs in (1, 2, 8)
    }

    assert len(maps) == 1


@pytest.mark.parametrize("kind", ["metric", "classical"])
def test_new_rows_are_placed_by_their_distances(rng, kind):
    X = rng.normal(size=(150, 2)) @ rng.normal(size=(2, 9))
    estimator = MDS(kind=kind).fit(X[:120])

    Y = estimator.transform(X[120:])

    together = np.concatenate([estimator.embedding_, Y])
    np.testing.assert_allclose(pdist(together), pdist(X), rtol=5e-2, atol=5e-2)
    np.testing.assert_array_equal(estimator.transform(X[:120:7]), estimator.embedding_[::7])
    alone = np.concatenate([estimator.transform(row[None]) for row in X[120:]])
    np.testing.assert_allclose(Y, alone, atol=1e-4)


def test_new_rows_of_given_dissimilarities_need_those_to_all_fitted_ones(rng):
    X = rng.normal(size=(60, 2))
    estimator = MDS(metric="precomputed").fit(squareform(pdist(X[:50])))

    Y = estimator.transform(cdist(X[50:], X[:50]))

    together = np.concatenate([estimator.embedding_, Y])
    np.testing.assert_allclose(pdist(together), pdist(X), atol=2e-2)


def test_a_callback_can_stop_it(rng):
    estimator = MDS(init="random", random_state=0, callback=lambda *_: True, callback_every=2)

    estimator.fit(rng.normal(size=(60, 5)))

    assert estimator.stopped_
    assert estimator.n_iter_ == 2


def test_equal_rows_are_one_stacked_point():
    with pytest.warns(DriftglassWarning, match="all 20 rows are equal: one stacked point"):
        assert not MDS().fit_transform(np.full((20, 4), 2.5)).any()


@pytest.mark.parametrize("n", [2, 3])
def test_two_and_three_rows_keep_their_distances(rng, n):
    X = rng.normal(size=(n, 30))

    np.testing.assert_allclose(pdist(MDS().fit_transform(X)), pdist(X), rtol=1e-3)


@pytest.mark.filterwarnings("ignore::driftglass.DriftglassWarning")
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "manhattan"])
@pytest.mark.parametrize("kind", ["metric", "classical", "nonmetric"])
@pytest.mark.parametrize("name", odd_tables())
def test_odd_tables_give_a_finite_map(name, kind, metric):
    X = odd_tables()[name]

    estimator = MDS(kind=kind, metric=metric, max_iter=30).fit(X)

    assert np.isfinite(estimator.embedding_).all()
    assert np.isfinite(estimator.transform(X[:3])).all()
    assert 0 <= estimator.stress_ < 2


@pytest.mark.parametrize(
    ("D", "error", "message"),
    [
        (np.zeros((3, 2)), ShapeError, r"shape \(3, 2\).*a square matrix"),
        ([[0, -1], [-1, 0]], InvalidInputError, "-1 at row 0, column 1.*not negative"),
        ([[1, 0.2], [0.2, 1]], InvalidInputError, "1 on the diagonal at row 0.*X.max"),
        ([[0, 1], [2, 0]], InvalidInputError, "not symmetric: 1 from row 0 to 1, and 2 back"),
    ],
)
def test_names_what_is_no_dissimilarity(D, error, message):
    with pytest.raises(error, match=message):
        MDS(metric="precomputed").fit(D)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components is 0"),
        ({"kind": "sammon"}, "kind is 'sammon'; one of metric, classical, nonmetric"),
        ({"metric": "hamming"}, "metric is 'hamming'"),
        ({"n_landmarks": 1}, "n_landmarks is 1"),
        ({"init": "pca"}, "init is 'pca'"),
        ({"init": np.zeros((3, 2))}, r"init has shape \(3, 2\); \(20, 2\) is needed"),
        ({"max_iter": -1}, "max_iter is -1"),
        ({"eps": "small"}, "eps is 'small'; a number of at least 0"),
    ],
)
def test_names_the_parameter_that_cannot_be(rng, options, message):
    with pytest.raises(InvalidInputError, match=message):
        MDS(**options).fit(rng.normal(size=(20, 3)))


def test_survives_pickling_and_is_a_projector(rng):
    X = rng.normal(size=(40, 5))
    estimator = MDS().fit(X)

    again = pickle.loads(pickle.dumps(estimator))

    np.testing.assert_array_equal(again.transform(X[:5] + 1), estimator.transform(X[:5] + 1))
    assert isinstance(estimator, Projector)
    assert isinstance(estimator, SupportsTransform)
    assert estimator.get_feature_names_out().tolist() == ["mds0", "mds1"]
