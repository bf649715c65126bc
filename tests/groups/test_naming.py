"""Names of groups: made of words that tell them apart, and of no others."""

from __future__ import annotations

import numpy as np
import pytest

from driftglass import InvalidInputError, Metadata, NotFoundError, ShapeError
from driftglass.groups import name_groups, rename_groups

SIZES = (120, 90, 60)
CODES = np.repeat([0, 1, 2], SIZES)


def columns(**values):
    kinds = {name: "text" for name in values if name.startswith("text")}
    table = {name: list(value) for name, value in values.items()}
    return Metadata.from_table(table, ids=np.arange(len(CODES)), kinds=kinds).columns


def texts(*parts, seed=0):
    """One text per item: words all share, and those of its group."""
    rng = np.random.default_rng(seed)
    common = ["the", "of", "scan", "batch"]
    return [
        " ".join([*rng.permutation(common), *np.atleast_1d(parts[code])]) + f" n{i}"
        for i, code in enumerate(CODES)
    ]


def test_a_category_that_fills_a_group_is_its_name():
    kinds = np.array(["cat", "dog", "owl"])[CODES]
    kinds[::9] = "dog"

    groups = name_groups(CODES, columns(kind=kinds))

    assert [group.name for group in groups] == ["cat", "dog", "owl"]
    word = groups[0].words[0]
    assert (word.text, word.source) == ("cat", "kind")
    assert word.share == np.mean(kinds[CODES == 0] == "cat")
    assert word.elsewhere == 0
    assert [group.count for group in groups] == list(SIZES)


def test_words_of_texts_name_groups_and_words_that_all_have_do_not():
    groups = name_groups(CODES, columns(text=texts("Ångström", "naïve", "東京")))

    assert [group.name for group in groups] == ["ångström", "naïve", "東京"]
    for group in groups:
        assert not {"the", "of", "scan", "batch"} & {word.text for word in group.words}


def test_several_words_make_a_name_where_none_is_enough():
    rng = np.random.default_rng(1)
    words = [rng.choice(["red", "round"] if code == 0 else ["blue", "long"]) for code in CODES]

    told = columns(text=[f"a thing {word}" for word in words])

    groups = name_groups(np.minimum(CODES, 1), told)

    assert set(groups[0].name.split(" · ")) == {"red", "round"}
    assert set(groups[1].name.split(" · ")) == {"blue", "long"}


def test_labels_of_sets_count_once_per_item():
    tags = [["wild", "wild"] if code == 0 else ["tame"] for code in CODES]

    groups = name_groups(CODES, columns(tags=tags))

    assert groups[0].words[0].text == "wild"
    assert groups[0].words[0].share == 1


def test_noise_names_nothing():
    rng = np.random.default_rng(0)
    kinds = rng.choice(["a", "b", "c", "d"], size=len(CODES))

    groups = name_groups(CODES, columns(kind=kinds))

    assert [group.name for group in groups] == ["group 1", "group 2", "group 3"]
    assert all(group.words == () for group in groups)


def test_features_name_a_group_that_words_do_not():
    X = np.random.default_rng(0).normal(size=(len(CODES), 6))
    X[CODES == 1, 4] += 9

    groups = name_groups(CODES, {}, vectors=X)

    assert groups[1].name.startswith("+4")
    assert groups[1].words[0].source == "features"
    assert groups[1].words[0].share > 1


def test_no_two_names_are_the_same():
    kinds = np.array(["cat", "cat", "owl"])[CODES]

    names = [group.name for group in name_groups(CODES, columns(kind=kinds))]

    assert names == ["cat", "cat (2)", "owl"]


def test_one_group_is_named_by_what_it_has_most_of():
    codes = np.zeros(len(CODES), dtype=int)

    assert name_groups(codes, columns(kind=["cat"] * len(codes)))[0].name == "cat"


def test_items_of_no_group_are_left_out():
    codes = np.where(CODES == 2, -1, CODES)
    kinds = np.array(["cat", "dog", "owl"])[CODES]

    assert [group.name for group in name_groups(codes, columns(kind=kinds))] == ["cat", "dog"]


def test_the_same_input_gives_the_same_names_however_large_it_is(monkeypatch):
    from driftglass.groups import _naming

    monkeypatch.setattr(_naming, "SAMPLE", 100)
    told = columns(text=texts("alpha", "beta", "gamma"))

    first, second = name_groups(CODES, told), name_groups(CODES, told)

    assert first == second
    assert [group.name for group in first] == ["alpha", "beta", "gamma"]


def test_no_groups_have_no_names():
    assert name_groups(np.empty(0, dtype=int), {}) == ()
    assert name_groups([-1, -1], {}) == ()


def test_a_name_can_be_given_and_taken_back():
    groups = name_groups(CODES, columns(kind=np.array(["cat", "dog", "owl"])[CODES]))

    renamed = rename_groups(groups, {1: " hounds "})

    assert [group.name for group in renamed] == ["cat", "hounds", "owl"]
    assert renamed[1].automatic == "dog"
    assert rename_groups(renamed, {1: ""}) == groups


def test_names_that_fit_nothing_are_refused():
    groups = name_groups(CODES, {})

    with pytest.raises(NotFoundError, match="No group named 3"):
        rename_groups(groups, {3: "x"})
    with pytest.raises(InvalidInputError, match="text is needed"):
        rename_groups(groups, {0: 3})


def test_columns_of_another_length_are_refused():
    with pytest.raises(ShapeError, match="Column 'kind' has 270 rows for 4 codes"):
        name_groups([0, 0, 1, 1], columns(kind=["a"] * len(CODES)))
