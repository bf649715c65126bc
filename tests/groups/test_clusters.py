"""Crowds of a map: found where there are some, and not where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from driftglass import InvalidInputError, ShapeError
from driftglass.groups import map_clusters


def blobs(n, k, centers, seed=0):
    rng = np.random.default_rng(seed)
    of = rng.integers(len(centers), size=n)
    return np.asarray(centers, dtype=float)[of][:, :k] * 12 + rng.normal(size=(n, k)), of


CORNERS = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize("n", [200, 2_000, 100_000])
@pytest.mark.parametrize("k", [2, 3])
def test_crowds_that_lie_apart_are_found(n, k):
    Y, of = blobs(n, k, CORNERS)

    found = map_clusters(Y)

    assert found.max() + 1 == 4
    assert adjusted_rand_score(of, found) > 0.98


def test_a_line_has_crowds_too():
    Y, of = blobs(300, 1, [[0], [1], [2]])

    assert adjusted_rand_score(of, map_clusters(Y)) > 0.98


@pytest.mark.parametrize("n", [60, 500, 20_000])
@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_chance_is_one_crowd(n, kind):
    for seed in range(3):
        Y = getattr(np.random.default_rng(seed), kind)(size=(n, 2))

        assert map_clusters(Y).max() == 0


def test_the_largest_is_the_first_and_stray_points_belong_to_none():
    rng = np.random.default_rng(0)
    Y = np.concatenate([rng.normal(size=(50, 2)), rng.normal(size=(200, 2)) + 20, [[60.0, -60.0]]])

    found = map_clusters(Y)

    assert np.bincount(found[:250]).tolist() == [200, 50]
    assert found[250] == -1


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e9])
def test_the_unit_of_the_map_does_not_matter(factor):
    Y, _ = blobs(400, 2, CORNERS)

    assert map_clusters(Y * factor + 3 * factor).tolist() == map_clusters(Y).tolist()


def test_rows_without_a_place_belong_to_none():
    Y, _ = blobs(400, 2, CORNERS)
    Y[[3, 9]] = np.nan

    found = map_clusters(Y)

    assert found[[3, 9]].tolist() == [-1, -1]
    assert found.max() == 3


@pytest.mark.parametrize("Y", [np.zeros((0, 2)), np.full((3, 2), np.nan)])
def test_of_nothing_come_no_crowds(Y):
    assert (map_clusters(Y) == -1).all()


def test_points_in_one_place_are_one_crowd():
    assert map_clusters(np.ones((30, 2))).tolist() == [0] * 30


def test_a_map_has_at_most_three_axes():
    with pytest.raises(ShapeError, match="Y has 4 coordinates; 1 to 3"):
        map_clusters(np.ones((5, 4)))


def test_a_crowd_has_at_least_a_point():
    with pytest.raises(InvalidInputError, match="least is 0"):
        map_clusters(np.ones((5, 2)), least=0)
