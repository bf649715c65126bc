from __future__ import annotations

import numpy as np
import pytest
from reference import neighbors as reference

from driftglass.diagnostics._ranks import neighbor_ranks
from driftglass.parallel import Threads


def all_ranks(X, anchors=None):
    n = len(X)
    anchors = np.arange(n, dtype=np.int32) if anchors is None else anchors
    others = np.tile(np.arange(n, dtype=np.int32), (len(anchors), 1))
    with Threads(2) as executor:
        return neighbor_ranks(X, anchors, others, executor)


@pytest.mark.parametrize("d", [1, 2, 33])
def test_ranks_equal_those_by_sorting(rng, d):
    X = rng.normal(size=(70, d))

    ranks, expected = all_ranks(X), reference.ranks(X)

    away = ~np.eye(70, dtype=bool)
    np.testing.assert_array_equal(ranks[away], expected[away])


def test_rows_at_equal_distance_share_the_lowest_rank(rng):
    X = rng.integers(0, 4, size=(60, 2)).astype(np.float32)

    ranks, expected = all_ranks(X), reference.ranks(X)

    away = ~np.eye(60, dtype=bool)
    np.testing.assert_array_equal(ranks[away], expected[away])


def test_equal_rows_far_from_the_origin_still_tie(rng):
    X = np.repeat(rng.normal(size=(20, 30)) * 1e4 + 1e6, 3, axis=0)

    ranks, expected = all_ranks(X), reference.ranks(X)

    away = ~np.eye(60, dtype=bool)
    np.testing.assert_array_equal(ranks[away], expected[away])


def test_anchors_may_be_any_rows_in_any_order(rng):
    X = rng.normal(size=(50, 4))
    anchors = np.array([49, 3, 20], dtype=np.int32)

    np.testing.assert_array_equal(all_ranks(X, anchors), all_ranks(X)[anchors])
