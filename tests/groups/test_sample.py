import numpy as np
import pytest

from driftglass.errors import InvalidInputError, ShapeError
from driftglass.groups import records_from, sample


def test_few_items_are_all_taken():
    drawn = sample(5, 10)

    np.testing.assert_array_equal(drawn.rows, np.arange(5))
    assert drawn.how == "all 5"


def test_a_draw_is_repeatable_without_repetition_and_said():
    drawn = sample(1000, 100, random_state=3)

    assert len(np.unique(drawn.rows)) == 100
    np.testing.assert_array_equal(drawn.rows, sample(1000, 100, random_state=3).rows)
    assert not np.array_equal(drawn.rows, sample(1000, 100, random_state=4).rows)
    assert drawn.how == "100 of 1,000, drawn at random (seed 3)"


def test_those_with_the_fewest_labels_come_first_and_ties_keep_their_order():
    label = {"group": "g", "name": "a"}
    other = {"group": "g", "name": "b"}
    labels = records_from([[label, other], [label], [label, other], [label]])

    drawn = sample(4, 3, how="fewest_labels", labels=labels)

    np.testing.assert_array_equal(drawn.rows, [0, 1, 3])


def test_each_stratum_keeps_its_share_and_none_disappears():
    strata = np.repeat(["common", "usual", "rare"], [800, 199, 1])

    drawn = sample(1000, 50, how="stratified", strata=strata)

    counts = {name: int((strata[drawn.rows] == name).sum()) for name in np.unique(strata)}
    assert len(drawn) == 50
    assert counts["rare"] == 1
    assert abs(counts["common"] - 40) <= 1


def test_more_strata_than_places_still_draws_as_many_as_asked():
    drawn = sample(100, 7, how="stratified", strata=np.arange(100))

    assert len(np.unique(drawn.rows)) == 7


def test_thin_regions_keep_more_than_their_share():
    rng = np.random.default_rng(0)
    thick = rng.normal(size=(9_000, 2)) * 0.02
    thin = rng.uniform(1, 3, size=(1_000, 2))
    Y = np.concatenate([thick, thin])

    drawn = sample(10_000, 500, how="density", coordinates=Y)

    assert len(drawn) == 500
    assert (drawn.rows >= 9_000).mean() > 0.3


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"max_items": 0}, InvalidInputError, "at least 1"),
        ({"how": "some"}, InvalidInputError, "'some'"),
        ({"how": "stratified"}, InvalidInputError, "strata"),
        ({"how": "density", "coordinates": np.zeros((3, 2))}, ShapeError, "3 rows for 10 items"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, error, says):
    with pytest.raises(error, match=says):
        sample(**{"n_items": 10, "max_items": 5, **arguments})
