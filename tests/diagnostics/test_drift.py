"""Movement: raw, relative to the other items, and along trajectories."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from driftglass.diagnostics import curvature, drift
from driftglass.errors import InvalidInputError, ShapeError


@pytest.fixture
def X(rng):
    return rng.normal(size=(200, 6))


def test_equal_snapshots_do_not_move(X):
    found = drift(X, X)

    assert found.raw.max() == 0
    assert found.relational.max() < 1e-12
    assert found.rigid_share == 0.0


def test_a_shift_moves_every_item_by_its_length(X):
    found = drift(X, X + np.array([3, 0, 4, 0, 0, 0]))

    np.testing.assert_allclose(found.raw, 5, rtol=1e-12)
    np.testing.assert_allclose(found.raw_l1, 7, rtol=1e-12)
    assert found.relational.max() < 1e-12


@pytest.mark.parametrize("width", [6, 300])
def test_a_rotating_and_growing_cloud_does_not_move_within(rng, width):
    X = rng.normal(size=(200, width))
    Y = 1.7 * X @ ortho_group.rvs(width, random_state=0) - 4

    found = drift(X, Y)
    assert found.relational.max() / np.sqrt((X**2).sum(axis=1).mean()) < 1e-12
    assert found.rigid_share == pytest.approx(1.0, abs=1e-12)
    assert found.similarity == pytest.approx(1.0, abs=1e-12)


def test_what_one_item_does_is_found_under_a_rotation_of_all(rng, X):
    moved = X.copy()
    moved[17] += 8.0
    Y = moved @ ortho_group.rvs(6, random_state=1)

    found = drift(X, Y)
    assert found.relational.argmax() == 17
    assert found.relational[17] > 5 * np.delete(found.relational, 17).max()


def test_more_features_than_rows_give_the_same_as_padding_with_zeros(rng):
    X, Y = rng.normal(size=(2, 30, 20))
    wide = [np.hstack([Z, np.zeros((30, 40))]) for Z in (X, Y)]

    narrow, padded = drift(X, Y), drift(*wide)
    np.testing.assert_allclose(padded.relational, narrow.relational, rtol=1e-9)
    np.testing.assert_allclose(padded.relational_l1, narrow.relational_l1, rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-160, 1e160])
def test_the_unit_of_the_vectors_only_scales_the_result(X, rng, unit):
    Y = X + 0.1 * rng.normal(size=X.shape)

    plain, scaled = drift(X, Y), drift(X * unit, Y * unit)
    np.testing.assert_allclose(scaled.raw / unit, plain.raw, rtol=1e-12)
    np.testing.assert_allclose(scaled.relational / unit, plain.relational, rtol=1e-9)


def test_spaces_of_different_widths_cannot_drift(X):
    with pytest.raises(ShapeError, match="6 features and Y 5"):
        drift(X, X[:, :5])


def test_turns_of_a_known_path():
    path = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [2.0, 0.0]]
    Xs = [np.array([[x, y]]) for x, y in path]

    np.testing.assert_allclose(curvature(Xs).ravel(), [0, np.pi / 2, np.pi], atol=1e-12)


def test_an_item_that_stands_still_has_no_turn():
    Xs = [np.array([[0.0], [0.0]]), np.array([[1.0], [0.0]]), np.array([[2.0], [1.0]])]

    np.testing.assert_array_equal(curvature(Xs), [[0.0, np.nan]])


def test_two_snapshots_do_not_turn(X):
    with pytest.raises(InvalidInputError, match="at least 3"):
        curvature([X, X])
