from __future__ import annotations

import numpy as np
import pytest
from reference import phate as reference
from scipy.spatial.distance import pdist, squareform

from driftglass.projections._diffusion import (
    alpha_decay_kernel,
    diffusion,
    nearest_centres,
    potential,
    potential_distances,
)
from driftglass.projections._diffusion_time import knee, von_neumann_entropy


def cloud(rng, n=150):
    return rng.normal(size=(n, 4)).astype(np.float32)


@pytest.mark.parametrize("decay", [1.0, 2.0, 10.0, 40.0])
def test_the_kernel_equals_the_definition(rng, decay):
    X = cloud(rng)

    found = alpha_decay_kernel(X, 5, decay, n_jobs=1).toarray()

    expected = reference.kernel(X.astype(np.float64), 5, decay)
    near_threshold = np.abs(expected - 5e-5) < 1e-6
    np.testing.assert_allclose(
        np.where(near_threshold, 0, found), np.where(near_threshold, 0, expected), atol=2e-5
    )


def test_without_decay_the_kernel_counts_neighbours(rng):
    X = cloud(rng)

    found = alpha_decay_kernel(X, 5, None).toarray()

    ranks = np.argsort(np.argsort(squareform(pdist(X)), axis=1), axis=1)
    near = (ranks <= 5) & (ranks > 0)
    np.testing.assert_allclose(found, (near + near.T.astype(float)) / 2 + np.eye(150))


def test_duplicates_share_an_affinity_of_one(rng):
    X = cloud(rng)
    X[:20] = X[0]

    kernel = alpha_decay_kernel(X, 5, 40).toarray()

    np.testing.assert_allclose(kernel[:20, :20], 1.0)
    assert np.isfinite(kernel).all()


def test_a_step_leads_somewhere_with_certainty(rng):
    kernel = alpha_decay_kernel(cloud(rng), 5, 40)

    plain = diffusion(kernel, rng=rng)
    grouped = diffusion(kernel, n_landmarks=40, n_svd=10, rng=rng)

    np.testing.assert_allclose(plain.operator, reference.operator(kernel.toarray()))
    for walk in (plain, grouped):
        np.testing.assert_allclose(walk.operator.sum(axis=1), 1)
        assert (walk.operator >= 0).all()
    assert grouped.operator.shape[0] <= 40
    np.testing.assert_allclose(np.asarray(grouped.to_landmarks.sum(axis=1)).ravel(), 1)


def test_the_factor_has_the_eigenvalues_of_the_operator(rng):
    kernel = alpha_decay_kernel(cloud(rng), 5, 40)

    for walk in (diffusion(kernel, rng=rng), diffusion(kernel, n_landmarks=40, n_svd=9, rng=rng)):
        matrix = walk.factor.toarray()
        if walk.to_landmarks is not None:
            matrix = matrix.T @ matrix
        expected = np.sort(np.linalg.eigvals(walk.operator).real)
        np.testing.assert_allclose(np.linalg.eigvalsh(matrix), expected, atol=1e-9)


def test_entropies_equal_the_definition(rng):
    kernel = alpha_decay_kernel(cloud(rng), 5, 40)

    found = von_neumann_entropy(diffusion(kernel, rng=rng), 50)

    np.testing.assert_allclose(found, reference.entropies(kernel.toarray(), 50), rtol=1e-8)


def test_entropies_of_many_rows_are_estimated_closely(rng):
    kernel = alpha_decay_kernel(cloud(rng, 900), 5, 40)

    found = von_neumann_entropy(diffusion(kernel, rng=rng))

    expected = reference.entropies(kernel.toarray(), 100)
    np.testing.assert_allclose(found, expected, atol=0.03)
    assert abs(knee(found) - knee(expected)) <= 1


@pytest.mark.parametrize("at", [5, 20, 60])
def test_the_knee_is_where_two_lines_meet(at):
    t = np.arange(1, 101)

    assert knee(np.where(t <= at, 100 - 3.0 * t, 100 - 3.0 * at - 0.1 * (t - at))) == at


@pytest.mark.parametrize("gamma", [1.0, 0.0, 0.5, -1.0])
@pytest.mark.parametrize("t", [1, 7])
def test_the_potential_equals_the_definition(rng, t, gamma):
    P = reference.operator(reference.kernel(cloud(rng).astype(np.float64), 5, 10))

    found = potential(P, t, gamma)

    np.testing.assert_allclose(found, reference.potential(P, t, gamma), rtol=1e-3, atol=1e-4)


def test_potential_distances_are_distances(rng):
    U = rng.normal(size=(50, 50)) + 1e3

    np.testing.assert_allclose(potential_distances(U), squareform(pdist(U)), atol=1e-8)


def test_groups_are_those_that_can_be_seen(rng):
    X = np.repeat(50 * np.eye(4), 30, axis=0) + rng.normal(size=(120, 4))

    groups = nearest_centres(X.astype(np.float32), 12, rng)

    assert set(groups) == set(range(groups.max() + 1))
    for group in range(groups.max() + 1):
        assert len(set(np.flatnonzero(groups == group) // 30)) == 1
