from __future__ import annotations

import numpy as np
import pytest
from reference import pacmap as reference
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import InvalidInputError, _kernels
from driftglass.projections import LocalMAP, PaCMAP
from driftglass.projections._pacmap_layout import PairLosses, Weights, gradient, loss
from driftglass.projections._pairs import symmetric


def quick(**options):
    return LocalMAP(**{"num_iters": (20, 20, 40), "random_state": 0, **options})


@pytest.mark.filterwarnings("ignore::driftglass.DriftglassWarning")
@parametrize_with_checks([LocalMAP(num_iters=(5, 5, 15))])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_digits_are_more_faithful_than_with_pacmap():
    X = load_digits().data.astype(np.float32)

    local, plain = (make(random_state=0).fit_transform(X) for make in (LocalMAP, PaCMAP))

    trust = [trustworthiness(X, Y, n_neighbors=15) for Y in (local, plain)]
    assert trust[0] >= 0.983
    assert trust[0] > trust[1] + 0.003
    assert trustworthiness(local, X, n_neighbors=15) >= 0.972


@pytest.mark.parametrize("variant", _kernels.cpu_features())
@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_nearby_forces_equal_the_definition(rng, variant, n_components):
    indices = ((np.arange(80)[:, None] + rng.integers(1, 80, (80, 7))) % 80).astype(np.int32)
    Y = 3 * rng.normal(size=(80, n_components)).astype(np.float32)
    pairs = symmetric(indices, 1)

    found = _kernels.nearby_forces(
        Y, pairs.starts, pairs.columns, pairs.values, 11.0, variant=variant
    )

    expected = reference.nearby_forces(Y.astype(np.float64), indices, 11.0)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_gradient_equals_finite_differences_of_the_loss(rng):
    n, h = 50, 1e-2
    draw = lambda k: symmetric((np.arange(n)[:, None] + rng.integers(1, n, (n, k))) % n, 1)  # noqa: E731
    losses, weights = PairLosses(draw(5), draw(3), draw(9)), Weights(1.0, 0.0, 1.0)
    Y = 3 * rng.normal(size=(n, 2)).astype(np.float32)

    found = gradient(Y, losses, weights, 1, 5.0)

    for i, d in [(0, 0), (17, 1), (49, 0)]:
        up, down = Y.copy(), Y.copy()
        up[i, d] += h
        down[i, d] -= h
        rise = loss(up, losses, weights, 5.0) - loss(down, losses, weights, 5.0)
        assert found[i, d] == pytest.approx(rise / (up[i, d] - down[i, d]), rel=2e-3, abs=1e-3)


def test_drawn_pairs_are_near_in_the_map_and_no_neighbours(rng):
    Y = rng.uniform(0, 40, size=(500, 2)).astype(np.float32)
    near = ((np.arange(500)[:, None] + np.arange(1, 6)) % 500).astype(np.int32)
    before = np.full((500, 8), 499, dtype=np.int32)
    drawn = before.copy()

    _kernels.draw_nearby(drawn, Y, near, longest=10.0, seed=3)

    kept = drawn == before
    distances = np.linalg.norm(Y[drawn] - Y[:, None], axis=2)
    assert kept.mean() < 0.05
    assert (distances[~kept] <= 10.0).all()
    assert not (drawn[:, :, None] == near[:, None, :])[~kept].any()
    assert not (drawn == np.arange(500)[:, None])[~kept].any()
    # All that lie near are drawn about as often.
    inside = np.linalg.norm(Y - Y[0], axis=1) <= 10
    many = np.repeat(before[:1], 500, axis=0)
    spread = np.repeat(Y[:1], 500, axis=0)
    spread[1:] = Y[1:]
    _kernels.draw_nearby(many, spread, near, longest=10.0, seed=4)
    assert set(many[0]) <= set(np.flatnonzero(inside))


def test_where_nothing_is_near_pairs_stay(rng):
    Y = np.arange(50, dtype=np.float32)[:, None] * 100
    pairs = rng.integers(0, 50, size=(50, 4)).astype(np.int32)
    before = pairs.copy()

    _kernels.draw_nearby(pairs, Y, pairs[:, :1].copy(), longest=10.0)

    np.testing.assert_array_equal(pairs, before)


def test_threads_do_not_change_a_single_byte(rng):
    X = np.repeat(12 * np.eye(3, 6), 300, axis=0) + rng.normal(size=(900, 6))

    maps = {quick(n_jobs=n_jobs).fit_transform(X).tobytes() for n_jobs in (1, 2, 8)}

    assert len(maps) == 1


def test_the_first_phases_are_those_of_pacmap(rng):
    X = np.repeat(12 * np.eye(3, 6), 40, axis=0) + rng.normal(size=(120, 6))

    local = quick(num_iters=(20, 20, 0)).fit_transform(X)

    plain = PaCMAP(num_iters=(20, 20, 0), random_state=0).fit_transform(X)
    np.testing.assert_array_equal(local, plain)


def test_names_the_parameter_that_cannot_be(rng):
    with pytest.raises(InvalidInputError, match="low_dist_thres is 0; a number above 0"):
        LocalMAP(low_dist_thres=0).fit(rng.normal(size=(20, 3)))
