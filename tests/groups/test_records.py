import numpy as np
import pytest

from driftglass.errors import InvalidInputError, NotFoundError
from driftglass.groups import (
    RULES,
    group_names,
    labels_in,
    map_labels,
    n_labels,
    names_elsewhere,
    records_from,
    select,
)

AF = {"group": "rhythm", "name": "AF"}
FLUTTER = {"group": "rhythm/fast", "name": "flutter"}
WIDE = {"group": "shape", "name": "LBBB"}
ROWS = [[AF], [AF, FLUTTER], [AF, WIDE], [WIDE], [], None, [FLUTTER, WIDE, WIDE]]
EXPECTED = {
    "any": [1, 1, 1, 0, 0, 0, 1],
    "one": [1, 0, 1, 0, 0, 0, 1],
    "several": [0, 1, 0, 0, 0, 0, 0],
    "only": [1, 1, 0, 0, 0, 0, 0],
    "exclusive": [1, 0, 0, 0, 0, 0, 0],
    "multi": [0, 0, 1, 0, 0, 0, 1],
    "none": [0, 0, 0, 1, 1, 1, 0],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_selects_what_its_words_say(rule):
    mask = select(records_from(ROWS), "rhythm", rule)

    np.testing.assert_array_equal(mask, np.array(EXPECTED[rule], dtype=bool))


def test_every_rule_is_tested():
    assert set(EXPECTED) == set(RULES)


def test_a_nested_group_is_part_of_the_outer_one_and_a_group_of_its_own():
    records = records_from(ROWS)

    assert group_names(records) == ("rhythm", "rhythm/fast", "shape")
    np.testing.assert_array_equal(n_labels(records, "rhythm"), [1, 2, 1, 0, 0, 0, 1])
    np.testing.assert_array_equal(n_labels(records, "rhythm/fast"), [0, 1, 0, 0, 0, 0, 1])


def test_a_group_is_not_one_whose_name_only_begins_alike():
    records = records_from([[{"group": "rhythmic", "name": "a"}], [AF]])

    np.testing.assert_array_equal(select(records, "rhythm", "any"), [False, True])


def test_the_first_label_in_a_group_is_the_one_taken():
    column = labels_in(records_from(ROWS), "rhythm")

    assert [column.value(row) for row in range(7)] == [
        "AF", "AF", "AF", None, None, None, "flutter",
    ]  # fmt: skip


def test_names_elsewhere_come_once_and_in_order():
    other = names_elsewhere(records_from(ROWS), "rhythm")

    assert [other.value(row) for row in range(7)] == [
        [], [], ["LBBB"], ["LBBB"], [], None, ["LBBB"],
    ]  # fmt: skip


def test_a_label_twice_in_a_row_counts_once():
    assert n_labels(records_from([[AF, WIDE, AF]])).tolist() == [2]


def test_labels_keep_the_order_they_came_in():
    records = records_from([[WIDE, AF], [AF, WIDE]])

    assert [label["name"] for label in records.value(0)] == ["LBBB", "AF"]
    assert [label["name"] for label in records.value(1)] == ["AF", "LBBB"]


def test_a_label_without_a_name_is_unknown_or_left_out():
    rows = [[{"group": "rhythm"}, {"group": "rhythm", "name": float("nan")}]]

    assert records_from(rows).value(0) == [{"group": "rhythm", "name": "Unknown"}]
    assert records_from(rows, unnamed=None).value(0) == []


def test_missing_labels_are_not_an_empty_list():
    records = records_from([None, float("nan"), []])

    assert records.present.tolist() == [False, False, True]


def test_other_keys_are_read_where_they_are_named():
    records = records_from([[{"family": "a", "code": 7}]], group_key="family", name_key="code")

    assert records.value(0) == [{"group": "a", "name": "7"}]


def test_labels_are_renamed_merged_and_dropped():
    records = records_from([[AF, FLUTTER], [WIDE], None])

    mapped = map_labels(records, {"AF": ("sinus", "irregular"), "flutter": ("sinus", "irregular")})

    assert mapped.value(0) == [{"group": "sinus", "name": "irregular"}]
    assert mapped.value(1) == []
    assert mapped.value(2) is None


def test_unmapped_labels_are_kept_or_refused_when_asked():
    records = records_from([[AF, WIDE]])

    kept = map_labels(records, {"AF": "atrial fibrillation"}, unmapped="keep")

    assert [label["name"] for label in kept.value(0)] == ["atrial fibrillation", "LBBB"]
    with pytest.raises(NotFoundError, match="LBBB"):
        map_labels(records, {"AF": "x"}, unmapped="raise")


def test_a_group_that_nobody_has_is_named_with_what_there_is():
    with pytest.raises(NotFoundError, match="Did you mean 'rhythm'"):
        select(records_from(ROWS), "rythm")


def test_without_any_label_every_group_is_empty():
    records = records_from([None, []])

    assert not select(records, "rhythm", "any").any()
    assert names_elsewhere(records, "rhythm").value(1) == []


def test_a_label_that_is_no_mapping_is_refused_with_its_row():
    with pytest.raises(InvalidInputError, match="'AF' of row 1"):
        records_from([[AF], ["AF"]])


def test_an_unknown_rule_is_refused():
    with pytest.raises(InvalidInputError, match="exclusive"):
        select(records_from(ROWS), "rhythm", "exactly")
