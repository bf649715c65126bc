import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftglass import NotFoundError, ShapeError, Snapshot
from driftglass.data._ids import positions, union_ids
from driftglass.errors import InvalidInputError


def snapshot(ids, step=0):
    return Snapshot(ids, np.arange(2.0 * len(ids)).reshape(-1, 2), space="hidden", step=step)


def test_select_follows_the_asked_order():
    chosen = snapshot(["a", "b", "c"]).select(["c", "a"])

    assert chosen.ids.tolist() == ["c", "a"]
    assert chosen.vectors.tolist() == [[4.0, 5.0], [0.0, 1.0]]


def test_select_names_a_missing_id_and_its_neighbour():
    with pytest.raises(NotFoundError, match=r"'bb'.*Did you mean"):
        snapshot(["a", "b"]).select(["bb"])


def test_intersect_keeps_what_both_have_in_the_first_order():
    first, second = snapshot(["a", "b", "c"]).intersect(snapshot(["c", "x", "b"]))

    assert first.ids.tolist() == second.ids.tolist() == ["b", "c"]
    assert second.vectors.tolist() == [[4.0, 5.0], [0.0, 1.0]]


def test_sort_orders_by_id():
    assert snapshot([3, 1, 2]).sort().vectors.tolist() == [[2.0, 3.0], [4.0, 5.0], [0.0, 1.0]]


def test_rows_and_ids_must_pair():
    with pytest.raises(ShapeError, match="2 ids for 3 rows"):
        Snapshot([1, 2], np.zeros((3, 2)))


def test_a_diverging_snapshot_can_be_held():
    vectors = np.array([[1.0, np.nan], [0.0, 1.0]])

    assert Snapshot([1, 2], vectors).finite.tolist() == [False, True]


def test_an_empty_snapshot_can_be_held():
    assert Snapshot([], np.zeros((0, 4))).n_features == 4


def test_integer_and_text_ids_do_not_join():
    with pytest.raises(InvalidInputError, match="two kinds"):
        snapshot([1, 2]).intersect(snapshot(["1", "2"]))


@given(
    ids=st.lists(st.integers(-50, 50), unique=True),
    wanted=st.lists(st.integers(-60, 60), unique=True),
)
def test_positions_find_each_id_or_say_minus_one(ids, wanted):
    found = positions(np.array(wanted, dtype=np.int64), np.array(ids, dtype=np.int64))

    assert found.tolist() == [ids.index(item) if item in ids else -1 for item in wanted]


def test_union_keeps_first_appearance():
    parts = [np.array(["b", "a"]), np.array(["c", "a"]), np.array(["b"])]

    assert union_ids(parts).tolist() == ["b", "a", "c"]
