from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from reference import stress as reference
from scipy.spatial.distance import cdist, pdist, squareform

from driftglass import _kernels
from driftglass.projections import procrustes
from driftglass.projections._stress import (
    classical_scaling,
    disparities,
    least_stress,
    least_stress_places,
    pair_order,
)


def wanted_between(X):
    return squareform(pdist(X)).astype(np.float32)


@pytest.mark.parametrize("variant", _kernels.cpu_features())
@pytest.mark.parametrize("n_components", [1, 2, 3, 7])
@pytest.mark.parametrize("n_sources", [1, 15, 16, 49])
def test_the_pull_equals_the_definition(rng, variant, n_components, n_sources):
    own = rng.normal(size=(23, n_components)).astype(np.float32)
    Y = rng.normal(size=(n_sources, n_components)).astype(np.float32)
    Y[-1] = own[5]
    wanted = rng.random((23, n_sources)).astype(np.float32)

    pull, stress = _kernels.stress_pull(own, Y, wanted, variant=variant)

    expected = reference.pull_and_stress(own.astype(float), Y.astype(float), wanted.astype(float))
    np.testing.assert_allclose(pull, expected[0], rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(stress, expected[1], rtol=1e-4, atol=1e-5)


def test_the_pull_is_the_same_bytes_on_every_processor_and_any_threads(rng):
    Y = rng.normal(size=(301, 2)).astype(np.float32)
    wanted = wanted_between(rng.normal(size=(301, 4)))

    found = {
        (pull.tobytes(), stress.tobytes())
        for variant in _kernels.cpu_features()
        for n_threads in (1, 2, 8)
        for pull, stress in [
            _kernels.stress_pull(Y, Y, wanted, variant=variant, n_threads=n_threads)
        ]
    }

    assert len(found) == 1


def test_the_pull_is_the_slope_of_the_stress(rng):
    n, h = 30, 1e-5
    Y = rng.normal(size=(n, 2))
    wanted = wanted_between(rng.normal(size=(n, 3))).astype(np.float64)
    Y -= Y.mean(axis=0)

    pull, _ = _kernels.stress_pull(
        Y.astype(np.float32), Y.astype(np.float32), wanted.astype(np.float32)
    )

    for i, d in [(0, 0), (12, 1)]:
        up, down = Y.copy(), Y.copy()
        up[i, d] += h
        down[i, d] -= h
        slope = (reference.stress(up, wanted) - reference.stress(down, wanted)) / (2 * h)
        assert 2 * (n * Y[i, d] - pull[i, d]) == pytest.approx(slope, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 2), (4, 3), (3, 4)), "both maps have one number"),
        (((3, 2), (4, 2), (3, 3)), "one wanted distance per pair"),
        (((3, 65), (4, 65), (3, 4)), "1 to 64 components"),
    ],
)
def test_the_pull_needs_matching_shapes(shapes, message):
    with pytest.raises(ValueError, match=message):
        _kernels.stress_pull(*(np.zeros(shape, np.float32) for shape in shapes))


def test_steps_of_double_length_reach_the_stress_of_single_ones(rng):
    wanted = wanted_between(rng.normal(size=(80, 6)))
    start = rng.normal(size=(80, 2))

    found = least_stress(wanted, start, eps=1e-7, max_iter=2000)

    Y = start - start.mean(axis=0)
    for _ in range(4000):
        Y = reference.pull_and_stress(Y, Y, wanted.astype(np.float64))[0] / 80
    assert found.converged
    assert found.stress <= reference.stress(Y, wanted) * 1.02
    assert found.stress == pytest.approx(reference.stress(found.coordinates, wanted), rel=1e-4)


def test_the_stress_falls_at_every_look(rng):
    stresses = []
    wanted = wanted_between(rng.normal(size=(60, 5)))

    least_stress(
        wanted,
        rng.normal(size=(60, 2)),
        eps=0,
        max_iter=60,
        callback=lambda n_iter, stress, Y: stresses.append(stress),
        callback_every=1,
    )

    assert len(stresses) >= 20
    assert all(after <= before * (1 + 1e-5) for before, after in pairwise(stresses[1:]))


def test_a_callback_can_stop_it(rng):
    wanted = wanted_between(rng.normal(size=(60, 5)))

    found = least_stress(
        wanted, rng.normal(size=(60, 2)), callback=lambda *_: True, callback_every=3
    )

    assert found.stopped
    assert found.n_iter == 3
    assert found.stress == pytest.approx(reference.stress(found.coordinates, wanted), rel=1e-4)


def test_classical_scaling_recovers_the_plane_and_places_new_points_in_it(rng):
    X = rng.normal(size=(700, 2)) * [3, 1]
    new = rng.normal(size=(9, 2))

    scaling = classical_scaling(squareform(pdist(X)), 3)

    np.testing.assert_allclose(pdist(scaling.coordinates), pdist(X), atol=1e-8)
    assert scaling.eigenvalues[2] == 0
    together = np.concatenate([scaling.coordinates, scaling.place(cdist(new, X))])
    np.testing.assert_allclose(pdist(together), pdist(np.concatenate([X, new])), atol=1e-8)


def test_new_points_are_placed_where_their_distances_say(rng):
    X, new = rng.normal(size=(40, 2)), rng.normal(size=(6, 2))

    places, stresses = least_stress_places(
        cdist(new, X).astype(np.float32), X.astype(np.float32), rng.normal(size=(6, 2)), n_iter=500
    )

    np.testing.assert_allclose(places, new, atol=1e-2)
    assert (stresses < 1e-3).all()


def test_disparities_are_monotone_in_the_order_of_the_dissimilarities(rng):
    dissimilarities = squareform(rng.random(190))
    order = pair_order(dissimilarities)

    found = disparities(rng.normal(size=(20, 2)).astype(np.float32), order)

    above = found[np.triu_indices(20, 1)]
    assert (np.diff(above[order]) >= 0).all()
    assert np.mean(above.astype(float) ** 2) == pytest.approx(1)


def test_ordinal_scaling_undoes_a_monotone_change_of_distances(rng):
    X = rng.normal(size=(60, 2))
    bent = squareform(pdist(X)) ** 3
    order = pair_order(bent)

    ordinal = least_stress(
        bent.astype(np.float32),
        classical_scaling(bent, 2).coordinates,
        order=order,
        max_iter=500,
        eps=1e-7,
    )

    metric = least_stress(bent.astype(np.float32), classical_scaling(bent, 2).coordinates)
    assert ordinal.relative < 0.02
    fits = [procrustes(s.coordinates, X, scale=True).residual for s in (ordinal, metric)]
    assert fits[0] < 0.01 < 0.02 < fits[1]
