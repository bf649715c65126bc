from __future__ import annotations

import pickle

import numpy as np
import pytest
from reference import pacmap as reference
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import DriftglassWarning, InvalidInputError, _kernels
from driftglass.neighbors import exact_neighbors
from driftglass.projections import PaCMAP, Projector, SupportsTransform
from driftglass.projections._pacmap_layout import PairLosses, Weights, gradient, loss, weights_at
from driftglass.projections._pairs import further, midnear, nearest, symmetric


@pytest.fixture(scope="module")
def digits():
    return load_digits().data.astype(np.float32)


@pytest.fixture(scope="module")
def fitted(digits):
    return PaCMAP(random_state=0, n_jobs=2).fit(digits)


def quick(**options):
    return PaCMAP(**{"num_iters": (20, 20, 30), "random_state": 0, **options})


def groups(rng, n=120, d=6):
    return np.repeat(12 * np.eye(3, d), n // 3, axis=0) + rng.normal(size=(n, d))


@pytest.mark.filterwarnings("ignore::driftglass.DriftglassWarning")
@parametrize_with_checks([PaCMAP(num_iters=(5, 5, 5))])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_digits_are_faithful(digits, fitted):
    shuffled = np.random.default_rng(0).permutation(fitted.embedding_)

    assert trustworthiness(digits, fitted.embedding_, n_neighbors=15) >= 0.978
    assert trustworthiness(fitted.embedding_, digits, n_neighbors=15) >= 0.975
    assert trustworthiness(digits, shuffled, n_neighbors=15) < 0.6


@pytest.mark.parametrize("variant", _kernels.cpu_features())
@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_pair_forces_equal_the_definition(rng, variant, n_components):
    indices = rng.integers(0, 80, size=(80, 7)).astype(np.int32)
    indices[indices == np.arange(80)[:, None]] = 0
    Y = rng.normal(size=(80, n_components)).astype(np.float32)
    pairs = symmetric(indices, 1)

    found = _kernels.pair_forces(
        Y, Y, pairs.starts, pairs.columns, pairs.values, 11.0, variant=variant
    )

    expected = reference.pair_forces(Y.astype(np.float64), indices, 11.0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_gradient_equals_finite_differences_of_the_loss(rng):
    n, h = 50, 1e-2
    draw = lambda k: symmetric((np.arange(n)[:, None] + rng.integers(1, n, (n, k))) % n, 1)  # noqa: E731
    losses, weights = PairLosses(draw(5), draw(3), draw(9)), Weights(3.0, 500.0, 1.0)
    Y = rng.normal(size=(n, 2)).astype(np.float32)

    found = gradient(Y, losses, weights, 1)

    for i, d in [(0, 0), (17, 1), (49, 0)]:
        up, down = Y.copy(), Y.copy()
        up[i, d] += h
        down[i, d] -= h
        slope = (loss(up, losses, weights) - loss(down, losses, weights)) / (up[i, d] - down[i, d])
        assert found[i, d] == pytest.approx(slope, rel=2e-3, abs=1e-3)


def test_the_loss_equals_the_definition(rng):
    kinds = [rng.integers(1, 40, size=(40, k)) + np.arange(40)[:, None] for k in (4, 2, 6)]
    kinds = [(kind % 40).astype(np.int32) for kind in kinds]
    Y = rng.normal(size=(40, 2)).astype(np.float32)
    losses = PairLosses(*(symmetric(kind, 1) for kind in kinds))

    found = loss(Y, losses, Weights(2.0, 7.0, 1.5))

    assert found == pytest.approx(reference.loss(Y.astype(float), *kinds, (2.0, 7.0, 1.5)))


def test_weights_pass_from_the_whole_to_the_neighbours():
    phases = (100, 100, 250)

    assert weights_at(0, phases) == Weights(2.0, 1000.0, 1.0)
    assert weights_at(50, phases) == Weights(2.0, 501.5, 1.0)
    assert weights_at(100, phases) == Weights(3.0, 3.0, 1.0)
    assert weights_at(200, phases) == Weights(1.0, 0.0, 1.0)


def test_near_pairs_are_nearest_in_local_units(rng):
    X = np.concatenate([rng.normal(size=(60, 3)), 50 * rng.normal(size=(60, 3))])
    graph = exact_neighbors(X, 30)

    found = nearest(graph, 10)

    expected = reference.nearest(graph.indices, graph.distances, 10)
    np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(expected, axis=1))


def test_midnear_pairs_are_nearer_than_chance_and_further_pairs_are_not_neighbours(rng):
    X = rng.normal(size=(400, 5)).astype(np.float32)
    near = nearest(exact_neighbors(X, 60), 10)

    middle, far = midnear(X, 5, "euclidean", rng, 1), further(near, 20, rng)

    def distance(pairs):
        return np.linalg.norm(X[pairs] - X[:, None], axis=2).mean()

    assert distance(near) < distance(middle) < 0.95 * distance(far)
    assert not (far[:, :, None] == near[:, None, :]).any()
    for pairs in (middle, far):
        assert not (pairs == np.arange(400)[:, None]).any()


def test_threads_do_not_change_a_single_byte(rng):
    X = groups(rng, 900)

    maps = {quick(n_jobs=n_jobs).fit_transform(X).tobytes() for n_jobs in (1, 2, 8)}

    assert len(maps) == 1


def test_a_seed_decides_the_pairs(rng):
    X = groups(rng)

    first = quick(random_state=1).fit_transform(X)

    np.testing.assert_array_equal(quick(random_state=1).fit_transform(X), first)
    assert not np.allclose(quick(random_state=2).fit_transform(X), first)


def test_a_callback_sees_the_loss_fall_and_can_stop_it(rng):
    calls = []

    def callback(n_iter, loss, Y):
        calls.append((n_iter, loss, Y))
        return n_iter >= 60

    estimator = quick(callback=callback, callback_every=10).fit(groups(rng))

    assert [n_iter for n_iter, _, _ in calls] == [10, 20, 30, 40, 50, 60]
    assert estimator.stopped_
    assert calls[3][1] < calls[2][1]
    np.testing.assert_array_equal(estimator.embedding_, calls[-1][2])


def test_fitted_rows_take_their_places_and_new_ones_land_among_their_own(digits, rng):
    labels = load_digits().target
    new = np.zeros(len(digits), dtype=bool)
    new[rng.choice(len(digits), 300, replace=False)] = True
    estimator = PaCMAP(random_state=0, n_jobs=2).fit(digits[~new])

    Y = estimator.transform(digits[new])

    np.testing.assert_array_equal(estimator.transform(digits[~new][::9]), estimator.embedding_[::9])
    distances = np.linalg.norm(Y[:, None] - estimator.embedding_[None], axis=2)
    near = labels[~new][np.argsort(distances, axis=1)[:, :10]]
    majority = np.array([np.bincount(row).argmax() for row in near])
    assert (majority == labels[new]).mean() > 0.95
    assert (rng.permutation(majority) == labels[new]).mean() < 0.25


def test_many_features_are_projected_first(rng):
    X = groups(rng, 150, 6) @ rng.normal(size=(6, 300))

    estimator = quick().fit(X)

    assert estimator._fitted.shape == (150, 100)
    np.testing.assert_array_equal(estimator.transform(X[:9]), estimator.embedding_[:9])


def test_more_neighbours_than_rows_are_lowered_and_said(rng):
    with pytest.warns(DriftglassWarning, match="n_neighbors 10 lowered to 7: only 8 samples"):
        estimator = quick().fit(rng.normal(size=(8, 4)))

    assert estimator.effective_n_neighbors_ == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 4}, "n_components is 4"),
        ({"n_neighbors": 0.5}, "n_neighbors is 0.5"),
        ({"n_neighbors": -2}, "n_neighbors is -2"),
        ({"MN_ratio": 0}, "MN_ratio is 0"),
        ({"FP_ratio": "2"}, "FP_ratio is '2'"),
        ({"metric": "hamming"}, "metric is 'hamming'"),
        ({"init": "spectral"}, "init is 'spectral'"),
        ({"num_iters": 450}, "num_iters is 450"),
        ({"num_iters": (1, 2)}, r"num_iters is \(1, 2\)"),
    ],
)
def test_names_the_parameter_that_cannot_be(rng, options, message):
    with pytest.raises(InvalidInputError, match=message):
        PaCMAP(**options).fit(groups(rng))


def test_survives_pickling_and_is_a_projector(rng):
    estimator = quick().fit(groups(rng))

    again = pickle.loads(pickle.dumps(estimator))

    X = groups(rng)[:5]
    np.testing.assert_array_equal(again.transform(X), estimator.transform(X))
    assert isinstance(estimator, Projector)
    assert isinstance(estimator, SupportsTransform)
    assert estimator.get_feature_names_out().tolist() == ["pacmap0", "pacmap1"]
