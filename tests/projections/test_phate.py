from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import DriftglassWarning, InvalidInputError
from driftglass.projections import PHATE, Projector, SupportsTransform, procrustes
from driftglass.projections._diffusion_time import knee


@pytest.fixture(scope="module")
def digits():
    return load_digits().data.astype(np.float32)


def branches(rng, n=240):
    """Three arms that meet in a point of a ten-dimensional space."""
    along = rng.random(n) * 10
    arm = np.arange(n) % 3
    X = np.eye(3, 10)[arm] * along[:, None] + 0.1 * rng.normal(size=(n, 10))
    return X, arm, along


@pytest.mark.filterwarnings("ignore::driftglass.DriftglassWarning")
@parametrize_with_checks([PHATE(t=3)])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_digits_are_faithful(digits):
    estimator = PHATE(n_jobs=2).fit(digits)
    shuffled = np.random.default_rng(0).permutation(estimator.embedding_)

    assert trustworthiness(digits, estimator.embedding_, n_neighbors=15) >= 0.938
    assert trustworthiness(estimator.embedding_, digits, n_neighbors=15) >= 0.971
    assert trustworthiness(digits, shuffled, n_neighbors=15) < 0.6
    assert estimator.t_ == knee(estimator.von_neumann_entropy_)
    assert 20 <= estimator.t_ <= 32


def test_landmarks_change_the_map_little(rng):
    X, _, _ = branches(rng, 900)
    plain = PHATE(t=20).fit_transform(X)

    grouped = PHATE(t=20, n_landmark=200, random_state=0).fit(X)

    assert grouped.n_landmarks_ <= 200
    assert procrustes(grouped.embedding_, plain, scale=True).residual < 0.1


def test_what_lies_along_a_branch_stays_along_it(rng):
    X, arm, along = branches(rng)

    Y = PHATE().fit_transform(X)

    centre = Y[along < 1].mean(axis=0)
    away = np.linalg.norm(Y - centre, axis=1)
    for number in range(3):
        assert np.corrcoef(away[arm == number], along[arm == number])[0, 1] > 0.8


@pytest.mark.parametrize("n_landmark", [None, 60])
def test_threads_do_not_change_a_single_byte(rng, n_landmark):
    X, _, _ = branches(rng, 300)

    maps = {
        PHATE(n_landmark=n_landmark, random_state=0, n_jobs=n_jobs).fit_transform(X).tobytes()
        for n_jobs in (1, 2, 8)
    }

    assert len(maps) == 1


def test_moved_turned_and_scaled_rows_give_the_same_map(rng):
    X, _, _ = branches(rng)
    turn, _ = np.linalg.qr(rng.normal(size=(10, 10)))

    Y = PHATE(t=10).fit_transform(X)
    moved = PHATE(t=10).fit_transform(7 * X @ turn + 5)

    assert procrustes(moved, Y).residual < 1e-4


def test_permuted_rows_give_the_same_map_permuted(rng):
    X, _, _ = branches(rng)
    order = rng.permutation(len(X))

    Y, permuted = PHATE(t=10).fit_transform(X), PHATE(t=10).fit_transform(X[order])

    assert procrustes(permuted, Y[order]).residual < 1e-4


def test_fitted_rows_take_their_places_and_new_ones_land_among_their_own(digits):
    labels = load_digits().target
    new = np.zeros(len(digits), dtype=bool)
    new[::6] = True
    estimator = PHATE(n_jobs=2).fit(digits[~new])

    Y = estimator.transform(digits[new])

    np.testing.assert_array_equal(estimator.transform(digits[~new][::9]), estimator.embedding_[::9])
    distances = np.linalg.norm(Y[:, None] - estimator.embedding_[None], axis=2)
    near = labels[~new][np.argsort(distances, axis=1)[:, :10]]
    majority = np.array([np.bincount(row).argmax() for row in near])
    assert (majority == labels[new]).mean() > 0.88


def test_new_rows_do_not_depend_on_each_other(rng):
    X, _, _ = branches(rng, 300)
    estimator = PHATE(t=5, n_landmark=60, random_state=0).fit(X[:240])

    together = estimator.transform(X[240:])

    alone = np.concatenate([estimator.transform(X[i : i + 1]) for i in range(240, 300)])
    np.testing.assert_array_equal(together, alone)


def test_many_features_are_projected_first(rng):
    X = branches(rng)[0] @ rng.normal(size=(10, 300))

    estimator = PHATE(t=5).fit(X)

    assert estimator._fitted.shape == (240, 100)
    np.testing.assert_array_equal(estimator.transform(X[:9]), estimator.embedding_[:9])


@pytest.mark.parametrize("mds", ["metric", "classic", "nonmetric"])
@pytest.mark.parametrize("n_components", [1, 2, 5])
def test_any_scaling_gives_any_number_of_components(rng, mds, n_components):
    estimator = PHATE(n_components, t=5, mds=mds).fit(branches(rng, 90)[0])

    assert estimator.embedding_.shape == (90, n_components)
    assert 0 < estimator.stress_ < 1
    assert (estimator.n_iter_ == 0) == (mds == "classic")


def test_stress_is_least_with_metric_scaling(rng):
    X, _, _ = branches(rng)

    metric, classic = (PHATE(t=10, mds=mds).fit(X).stress_ for mds in ("metric", "classic"))

    assert metric < classic


def test_a_callback_can_stop_the_scaling(rng):
    estimator = PHATE(t=5, callback=lambda *_: True, callback_every=2).fit(branches(rng)[0])

    assert estimator.stopped_
    assert estimator.n_iter_ == 2


def test_separate_groups_are_all_in_a_finite_map(rng):
    X = np.repeat(1e4 * np.eye(4, 6), 20, axis=0) + rng.normal(size=(80, 6))

    Y = PHATE().fit_transform(X)

    assert np.isfinite(Y).all()
    centres = Y.reshape(4, 20, 2).mean(axis=1)
    widths = Y.reshape(4, 20, 2).std(axis=1).max()
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)[np.triu_indices(4, 1)]
    assert apart.min() > 3 * widths


def test_more_neighbours_than_rows_are_lowered_and_said(rng):
    with pytest.warns(DriftglassWarning, match="knn 5 lowered to 3: only 4 samples"):
        estimator = PHATE().fit(rng.normal(size=(4, 4)))

    assert estimator.effective_knn_ == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components is 0"),
        ({"n_components": 65}, "an integer from 1 to 64"),
        ({"knn": 0}, "knn is 0"),
        ({"decay": -1}, "decay is -1"),
        ({"t": "knee"}, "t is 'knee'"),
        ({"t": 0}, "t is 0"),
        ({"gamma": 2}, "gamma is 2"),
        ({"n_landmark": 3}, "n_landmark is 3"),
        ({"n_pca": 0.5}, "n_pca is 0.5"),
        ({"mds": "sgd"}, "mds is 'sgd'; one of metric, classic, nonmetric"),
        ({"metric": "hamming"}, "metric is 'hamming'"),
    ],
)
def test_names_the_parameter_that_cannot_be(rng, options, message):
    with pytest.raises(InvalidInputError, match=message):
        PHATE(**options).fit(rng.normal(size=(20, 3)))


def test_survives_pickling_and_is_a_projector(rng):
    X = branches(rng)[0]
    estimator = PHATE(t=5).fit(X)

    again = pickle.loads(pickle.dumps(estimator))

    np.testing.assert_array_equal(again.transform(X[:5]), estimator.transform(X[:5]))
    assert isinstance(estimator, Projector)
    assert isinstance(estimator, SupportsTransform)
    assert estimator.get_feature_names_out().tolist() == ["phate0", "phate1"]
