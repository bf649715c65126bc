"""Dimension in all its senses, on data whose dimension is known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from driftglass.diagnostics import (
    effective_rank,
    eigenspectrum_alpha,
    eigenvalues,
    hubness,
    participation_ratio,
    rankme,
    two_nn,
    uniformity,
    uniformity_floor,
)
from driftglass.errors import InvalidInputError, ShapeError


@pytest.mark.parametrize("shape", [(80, 12), (12, 80)])
def test_eigenvalues_are_those_of_scikit_learn(rng, shape):
    X = rng.normal(size=shape) + 5

    expected = PCA(5).fit(X).explained_variance_
    np.testing.assert_allclose(eigenvalues(X, n_components=5), expected, rtol=1e-10)


def test_figures_of_a_round_cloud(rng):
    X = rng.normal(size=(1000, 100))

    assert rankme(X) == pytest.approx(98.7, abs=0.2)
    assert effective_rank(X) == pytest.approx(95.1, abs=0.3)
    assert rankme(X + 10) == pytest.approx(19.2, abs=0.5)
    assert effective_rank(X + 10) == pytest.approx(effective_rank(X), abs=1e-6)


def test_rankme_is_its_published_formula(rng):
    X = rng.normal(size=(60, 20)) @ rng.normal(size=(20, 20))
    singular = np.linalg.svd(X, compute_uv=False)
    shares = singular / singular.sum() + 1e-7

    assert rankme(X) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-6)


@pytest.mark.parametrize("measure", [effective_rank, participation_ratio])
def test_points_on_a_line_have_one_direction(rng, measure):
    X = rng.normal(size=(200, 1)) * np.array([[1.0, 2.0, -1.0]])

    assert measure(X) == pytest.approx(1.0, abs=0.05)


def test_the_participation_ratio_does_not_depend_on_few_rows(rng):
    X = rng.normal(size=(256, 2048))

    assert participation_ratio(X) == pytest.approx(2048, abs=30)
    assert participation_ratio(X, debiased=False) == pytest.approx(226.6, abs=1)


def test_alpha_recovers_the_exponent_where_the_range_is_right(rng):
    X = rng.normal(size=(1000, 512)) * np.arange(1, 513) ** -0.5

    found = eigenspectrum_alpha(X)
    assert found.alpha == pytest.approx(0.97, abs=0.03)
    assert found.ranks == (11, 100)
    assert found.r_squared > 0.99
    assert eigenspectrum_alpha(X, ranks=(1, 512)).alpha == pytest.approx(1.32, abs=0.03)


def test_alpha_of_too_few_directions_is_refused(rng):
    with pytest.raises(InvalidInputError, match="12 eigenvalues are not zero"):
        eigenspectrum_alpha(rng.normal(size=(100, 12)))


@pytest.mark.parametrize(("d", "expected"), [(2, 1.9), (5, 4.86), (10, 9.66)])
def test_two_nearest_neighbours_tell_the_dimension(rng, d, expected):
    X = rng.normal(size=(2000, d))

    assert two_nn(X) == pytest.approx(expected, rel=0.06)


def test_two_nn_survives_duplicates(rng):
    X = rng.normal(size=(1000, 5))
    with_twins = np.vstack([X, X[:50]])

    assert two_nn(with_twins) == pytest.approx(two_nn(X), rel=0.15)


def test_two_nn_of_duplicates_alone_is_refused():
    with pytest.raises(InvalidInputError, match="0 rows differ"):
        two_nn(np.zeros((30, 2)))


@pytest.mark.parametrize(("d", "floor"), [(8, -3.083), (128, -3.938), (2048, -3.996)])
def test_the_floor_of_uniformity(d, floor):
    assert uniformity_floor(d) == pytest.approx(floor, abs=1e-3)


def test_even_directions_reach_the_floor_and_equal_ones_are_zero(rng):
    assert uniformity(rng.normal(size=(1500, 8))) == pytest.approx(uniformity_floor(8), abs=0.02)
    assert uniformity(np.ones((5, 3))) == 0.0
    assert np.isnan(uniformity(np.zeros((5, 3))))


def test_hubs_appear_with_the_number_of_dimensions(rng):
    flat, deep = (hubness(rng.random(size=(4000, d)), n_neighbors=5) for d in (3, 100))

    assert flat.skewness == pytest.approx(0.12, abs=0.1)
    assert flat.antihub_share < 0.01
    assert deep.antihub_share > 0.1


def test_one_row_in_the_middle_is_everybodys_neighbour():
    X = np.vstack([np.zeros(7), 10 * np.eye(7)])

    found = hubness(X, n_neighbors=1)
    assert found.antihub_share == pytest.approx(6 / 8)


@pytest.mark.parametrize("measure", [effective_rank, rankme, participation_ratio])
def test_equal_rows_have_no_direction(measure):
    assert measure(np.zeros((10, 4))) == 0.0


def test_digits_have_the_known_dimension():
    X = load_digits().data

    assert 6 < two_nn(X) < 12
    assert effective_rank(X) < 40


@pytest.mark.parametrize("measure", [effective_rank, rankme, eigenvalues, participation_ratio])
def test_one_row_is_too_few(measure):
    with pytest.raises(ShapeError, match="at least"):
        measure([[1.0, 2.0]])
