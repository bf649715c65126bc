import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftglass.server._order import canonical_order, order_hash

sizes = st.lists(st.integers(1, 60), min_size=1, max_size=12)


def groups_of(group_sizes, seed):
    groups = np.repeat(np.arange(len(group_sizes)), group_sizes)
    return np.random.default_rng(seed).permutation(groups)


@given(sizes, st.integers(0, 5))
def test_every_row_appears_once(group_sizes, seed):
    groups = groups_of(group_sizes, seed)

    assert sorted(canonical_order(len(groups), groups)) == list(range(len(groups)))


@given(sizes, st.integers(0, 5))
def test_every_prefix_is_a_fair_sample(group_sizes, seed):
    """Every second row at most is spent on showing each group once; the rest is in proportion."""
    groups = groups_of(group_sizes, seed)
    n, n_groups = len(groups), len(group_sizes)
    order = canonical_order(n, groups, seed=seed)

    counts = np.zeros(n_groups)
    for m, row in enumerate(order.tolist(), start=1):
        counts[groups[row]] += 1
        seats = min(-(-m // 2), n_groups)
        share = (m - seats) * np.array(group_sizes) / n
        slack = 2 + seats * np.array(group_sizes) / n
        assert (counts >= np.floor(share - slack)).all()
        assert (counts <= np.ceil(share + slack)).all()
    assert (counts == group_sizes).all()


@given(sizes, st.integers(0, 5))
def test_every_group_has_a_row_early(group_sizes, seed):
    groups = groups_of(group_sizes, seed)

    order = canonical_order(len(groups), groups)

    assert len(set(groups[order[: 2 * len(group_sizes)]].tolist())) == len(group_sizes)


def test_one_dominant_group_leaves_no_burst_of_rare_ones():
    groups = np.concatenate([np.zeros(10_000, int), np.arange(1, 101).repeat(3)])

    order = canonical_order(len(groups), groups)

    rare = np.cumsum(groups[order] > 0)[300:]
    m = np.arange(301, len(groups) + 1)
    expected = 100 + (m - 200) * 200 / 10_100
    assert np.abs(rare - expected).max() < 12


def test_the_same_seed_gives_the_same_order_and_another_seed_another():
    groups = groups_of([50, 20, 3], 0)

    np.testing.assert_array_equal(canonical_order(73, groups), canonical_order(73, groups))
    assert (canonical_order(73, groups, seed=1) != canonical_order(73, groups)).any()


def test_missing_labels_are_a_group_like_the_others():
    groups = np.array([-1] * 5 + [0] * 500)

    order = canonical_order(505, groups)

    assert -1 in groups[order[:4]]


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_rows_without_groups_are_shuffled(n):
    assert sorted(canonical_order(n)) == list(range(n))


def test_a_million_rows_are_ordered_in_under_two_seconds():
    import time

    groups = np.random.default_rng(0).integers(0, 1000, 1_000_000)
    began = time.perf_counter()

    canonical_order(1_000_000, groups)

    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("ids", [np.array([1, 2, 3]), np.array(["a", "b", "c"])])
def test_the_hash_tells_orders_and_ids_apart(ids):
    order = np.array([2, 0, 1])

    assert order_hash(ids, order) == order_hash(ids.copy(), order.copy())
    assert order_hash(ids, order) != order_hash(ids, order[::-1])
    assert order_hash(ids, order) != order_hash(ids[::-1], order)
