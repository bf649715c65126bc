from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neighbors as reference
from sklearn.manifold import trustworthiness as sklearn_trustworthiness

from driftglass import InvalidInputError, ShapeError
from driftglass.diagnostics import continuity, quality, trustworthiness


@pytest.fixture
def X(rng):
    return rng.normal(size=(300, 10))


@pytest.mark.parametrize("k", [1, 5, 15, 20, 149])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equals_scikit_learn_when_every_row_is_an_anchor(X, k, dtype):
    X = X.astype(dtype)
    Y = X[:, :2] ** 3

    measured = quality(X, Y, n_neighbors=k)

    trust = sklearn_trustworthiness(X.astype(float), Y.astype(float), n_neighbors=k)
    cont = sklearn_trustworthiness(Y.astype(float), X.astype(float), n_neighbors=k)
    assert measured.trustworthiness == pytest.approx(trust, abs=1e-12)
    assert measured.continuity == pytest.approx(cont, abs=1e-12)
    assert trustworthiness(X, Y, n_neighbors=k) == pytest.approx(trust, abs=1e-12)
    assert continuity(X, Y, n_neighbors=k) == pytest.approx(cont, abs=1e-12)


def test_equals_the_published_value_on_the_first_two_columns():
    """0.67988 and continuity from seed 0, 300 x 10, k = 20: also what zadu gives."""
    X = np.random.default_rng(0).normal(size=(300, 10))

    assert trustworthiness(X, X[:, :2], n_neighbors=20) == pytest.approx(0.67988, abs=1e-5)


def test_trust_of_points_equals_the_definition(X):
    Y = X[:, :2]

    measured = quality(X, Y, n_neighbors=12)

    np.testing.assert_allclose(measured.point_trust, reference.point_trust(X, Y, 12), rtol=1e-6)
    assert measured.point_trust.mean() == pytest.approx(measured.trustworthiness)


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 20))
@settings(max_examples=20, deadline=None)
def test_an_unchanged_space_is_wholly_trusted(seed, k):
    X = np.random.default_rng(seed).normal(size=(50, 4))

    measured = quality(X, 3 * X - 7, n_neighbors=k)

    assert measured.trustworthiness == measured.continuity == 1
    assert (measured.point_trust == 1).all()


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_ignores_rotation_scale_and_order_of_rows(seed):
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(80, 5)), rng.normal(size=(80, 2))
    turn, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    order = rng.permutation(80)

    plain, moved = quality(X, Y), quality(1e3 * (X @ turn)[order] + 5, 0.1 * Y[order])

    assert moved.trustworthiness == pytest.approx(plain.trustworthiness)
    assert moved.continuity == pytest.approx(plain.continuity)
    np.testing.assert_array_equal(moved.point_trust, plain.point_trust[order])


def test_the_worst_map_has_no_trust_at_its_points():
    """Each row's map neighbours are the rows farthest from it in the vectors."""
    X = np.concatenate([np.arange(5.0), 1000 + np.arange(5.0)])[:, None]
    Y = np.concatenate([np.arange(0.0, 10, 2), np.arange(1.0, 11, 2)])[:, None]

    measured = quality(X, Y, n_neighbors=1)

    assert measured.point_trust.min() >= 0
    assert measured.trustworthiness < 0.6


def test_null_is_near_one_half_and_below_a_good_map(X):
    measured = quality(X, X[:, :3])

    assert 0.45 < measured.null < 0.55
    assert measured.trustworthiness > measured.null + 0.1


def test_continuity_is_trust_with_the_spaces_exchanged(X):
    Y = X[:, :2]

    assert continuity(X, Y) == trustworthiness(Y, X)


def test_anchors_estimate_what_all_rows_give(rng):
    X = rng.normal(size=(3000, 12)) * np.linspace(3, 0.3, 12)
    Y = X[:, :2]

    every, some = quality(X, Y, n_anchors=3000), quality(X, Y, n_anchors=300)

    assert every.n_anchors == 3000
    assert some.n_anchors == 300
    assert some.trustworthiness == pytest.approx(every.trustworthiness, abs=0.01)
    assert some.continuity == pytest.approx(every.continuity, abs=0.01)


def test_anchors_are_ranked_against_all_rows(rng):
    X = rng.normal(size=(500, 6))
    Y = X[:, :2]

    some = quality(X, Y, ids=np.arange(500) * 10, n_anchors=40)

    rows = some.ids // 10
    np.testing.assert_allclose(some.point_trust, reference.point_trust(X, Y, 15)[rows], rtol=1e-6)


def test_equal_seeds_draw_equal_anchors(X):
    first, again, other = (
        quality(X, X[:, :2], n_anchors=50, random_state=seed) for seed in (3, 3, 4)
    )

    np.testing.assert_array_equal(first.ids, again.ids)
    assert first.null == again.null
    assert (first.ids != other.ids).any()


@pytest.mark.parametrize("n_jobs", [2, 5])
def test_threads_change_the_time_and_not_the_numbers(rng, n_jobs):
    X = rng.normal(size=(2000, 40)).astype(np.float32)

    one, many = (quality(X, X[:, :2], n_anchors=500, n_jobs=jobs) for jobs in (1, n_jobs))

    assert one.point_trust.tobytes() == many.point_trust.tobytes()
    assert (one.trustworthiness, one.continuity, one.null) == (
        many.trustworthiness,
        many.continuity,
        many.null,
    )


def test_work_is_done_in_blocks_without_changing_the_numbers(rng, monkeypatch):
    from driftglass.diagnostics import _ranks

    X = rng.normal(size=(700, 5))
    whole = quality(X, X[:, :2])
    monkeypatch.setattr(_ranks, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(_ranks, "MIN_COLUMNS", 64)

    assert quality(X, X[:, :2]).trustworthiness == whole.trustworthiness


def test_equal_rows_are_not_held_against_a_map_that_stacks_them(rng):
    """Half of the rows are one vector, as when units die; which is nearest means nothing."""
    X = rng.normal(size=(400, 3))
    X[rng.permutation(400)[:200]] = 0.7

    measured = quality(X, X)

    assert measured.trustworthiness == 1
    assert measured.continuity == 1


def test_a_common_offset_changes_nothing(X):
    plain = quality(X, X[:, :2])

    moved = quality(X + 1e6, X[:, :2])

    assert moved.trustworthiness == pytest.approx(plain.trustworthiness, abs=1e-6)


@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_huge_and_tiny_values_stay_in_range(X, scale):
    X = X.astype(np.float32)

    scaled = quality(X * np.float32(scale), X[:, :2])

    plain = quality(X, X[:, :2])
    assert scaled.trustworthiness == pytest.approx(plain.trustworthiness, abs=1e-4)


@pytest.mark.parametrize(("n", "k"), [(3, 1), (4, 1), (10, 4), (31, 15), (32, 15)])
def test_few_rows_lower_the_neighbours_and_record_it(rng, n, k):
    X = rng.normal(size=(n, 4))

    measured = quality(X, X[:, :2])

    assert measured.n_neighbors == k
    assert 0 <= measured.trustworthiness <= 1


@pytest.mark.parametrize("X", [np.empty((0, 3)), np.ones((1, 3)), np.eye(2), np.ones((50, 3))])
def test_where_there_is_nothing_to_judge_there_is_no_quality(X):
    assert quality(X, np.zeros((len(X), 2))) is None


def test_a_collapsed_map_is_no_better_than_chance(X):
    measured = quality(X, np.zeros((300, 2)))

    assert measured.trustworthiness == pytest.approx(0.5, abs=0.05)


def test_fewer_than_three_rows_have_no_number():
    assert np.isnan(trustworthiness(np.eye(2), np.eye(2)))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"Y": np.zeros((299, 2))}, ShapeError, "X has 300 rows and Y has 299"),
        ({"ids": [1, 2]}, ShapeError, "2 ids for 300 rows"),
        ({"n_neighbors": 0}, InvalidInputError, "n_neighbors is 0"),
        ({"n_anchors": 0}, InvalidInputError, "n_anchors is 0"),
        ({"Y": np.full((300, 2), np.nan)}, InvalidInputError, "300 rows of Y are not finite"),
        ({"Y": np.zeros(300)}, ShapeError, "Y has one dimension"),
    ],
)
def test_names_what_cannot_be_measured(X, change, error, message):
    with pytest.raises(error, match=message):
        quality(**{"X": X, "Y": X[:, :2], **change})
