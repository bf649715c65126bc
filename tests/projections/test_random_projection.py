from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import pdist
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import InvalidInputError
from driftglass.projections import RandomProjection

from .bad_tables import REFUSED, odd_tables


@parametrize_with_checks([RandomProjection(), RandomProjection(kind="sparse", density=0.5)])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("options", [{}, {"kind": "sparse"}, {"kind": "sparse", "density": 0.2}])
def test_distances_are_kept_within_the_bound(rng, options):
    n, eps = 60, 0.3
    X = rng.normal(size=(n, 4000))
    n_components = int(np.ceil(4 * np.log(n) / (eps**2 / 2 - eps**3 / 3)))

    Y = RandomProjection(n_components, random_state=0, **options).fit_transform(X)

    ratios = pdist(Y, "sqeuclidean") / pdist(X, "sqeuclidean")
    assert ((ratios > 1 - eps) & (ratios < 1 + eps)).all()
    assert abs(ratios.mean() - 1) < 0.05


def test_a_sparse_projection_has_the_density_asked_for():
    estimator = RandomProjection(400, kind="sparse", random_state=0).fit(np.zeros((1, 2500)))

    assert estimator.density_ == 0.02
    assert estimator.components_.nnz / (400 * 2500) == pytest.approx(0.02, rel=0.05)
    assert set(np.abs(estimator.components_.data).round(6)) == {round(1 / np.sqrt(8), 6)}


@pytest.mark.parametrize("kind", ["gaussian", "sparse"])
def test_sparse_rows_give_the_map_of_dense_ones(rng, kind):
    X = rng.normal(size=(30, 50)) * (rng.random((30, 50)) < 0.2)
    estimator = RandomProjection(5, kind=kind, density=None, random_state=0).fit(X)

    Y = estimator.transform(csr_array(X))

    np.testing.assert_allclose(Y, estimator.transform(X), atol=1e-12)
    expected = (X - X.mean(axis=0)) @ np.asarray(estimator.components_.T @ np.eye(5))
    np.testing.assert_allclose(Y, expected, atol=1e-12)


def test_a_seed_decides_the_directions(rng):
    X = rng.normal(size=(30, 8))

    first, again, other = (
        RandomProjection(random_state=seed).fit_transform(X) for seed in (0, 0, 1)
    )

    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_there_may_be_more_components_than_features(rng):
    assert RandomProjection(9).fit_transform(rng.normal(size=(5, 2))).shape == (5, 9)


@pytest.mark.parametrize("kind", ["gaussian", "sparse"])
@pytest.mark.parametrize("name", odd_tables())
def test_odd_tables_give_a_finite_map(name, kind):
    assert np.isfinite(RandomProjection(kind=kind).fit_transform(odd_tables()[name])).all()


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_is_not_a_table(name):
    X, message = REFUSED[name]

    with pytest.raises(ValueError, match=message):
        RandomProjection().fit(X)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components is 0"),
        ({"kind": "rademacher"}, "kind is 'rademacher'"),
        ({"kind": "sparse", "density": 0}, "density is 0; a number above 0 and at most 1"),
        ({"kind": "sparse", "density": 2}, "density is 2"),
    ],
)
def test_names_the_parameter_that_cannot_be(rng, options, message):
    with pytest.raises(InvalidInputError, match=message):
        RandomProjection(**options).fit(rng.normal(size=(20, 3)))
