import matplotlib as mpl
import numpy as np
import pytest

from driftglass.errors import InvalidInputError, ShapeError
from driftglass.plots import density_contours, facets, joint_map
from driftglass.plots._facets import within


@pytest.fixture
def two():
    rng = np.random.default_rng(0)
    Y = np.concatenate([rng.normal(size=(60, 2)), rng.normal(size=(40, 2)) + 8])
    return Y, ["left"] * 60 + ["right"] * 40


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_group_has_a_panel_with_all_others_behind_it(two):
    figure, axes = facets(*two)

    assert [ax.get_title() for ax in axes] == ["left  60", "right  40"]
    assert [len(artist.get_offsets()) for artist in axes[1].collections] == [100, 40]
    assert len(figure.axes) == 2


def test_panels_are_in_the_order_asked_for_and_too_many_are_counted(two):
    Y, by = two

    _, axes = facets(Y, by, names=["right", "left", "nobody"], max_panels=1)

    assert [ax.get_title() for ax in axes] == ["right  40 (and 1 more groups)"]


def test_panels_may_be_coloured_by_numbers(two):
    Y, by = two

    figure, axes = facets(Y, by, np.arange(100.0))

    assert len(figure.axes) == len(axes) + 1  # a colour bar


def test_numbers_are_cut_into_quarters(two):
    Y, _ = two

    _, axes = facets(Y, np.arange(100) / 8)

    assert [int(ax.get_title().split()[-1]) for ax in axes] == [25, 25, 25, 25]
    assert {ax.get_title().split("  ")[0] for ax in axes} >= {"0 to 3.094"}


def test_contours_leave_out_outliers_by_one_rule_and_say_so(two):
    Y, by = two
    Y[0] = 100.0

    ax = density_contours(Y, by)

    assert texts(ax) == ["left  60 (1 outliers)", "right  40"]
    assert ax.collections  # filled


def test_a_group_too_small_for_a_density_is_drawn_as_points():
    Y = np.random.default_rng(0).normal(size=(24, 2))
    Y[20:, 1] = 0.0

    ax = density_contours(Y, ["many"] * 20 + ["few"] * 4)

    points = [a for a in ax.collections if isinstance(a, mpl.collections.PathCollection)]
    assert [len(a.get_offsets()) for a in points] == [4]


def test_the_outlier_rule_is_the_norm_of_the_scores():
    Y = np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, -1.0], [0.5, -0.5]] * 10 + [[30.0, 0.0]])
    scores = (Y - Y.mean(axis=0)) / Y.std(axis=0)

    np.testing.assert_array_equal(within(Y), np.linalg.norm(scores, axis=1) <= 3)
    assert not within(Y)[-1]


def test_equal_points_are_no_outliers():
    assert within(np.ones((5, 2))).all()


def test_data_sets_share_a_map_and_have_their_margins(two):
    Y, by = two

    figure, (ax, top, right) = joint_map({"A": Y[:60], "B": Y[60:]}, labels={"A": by[:60]})

    assert texts(right) == ["A  60", "B  40"]
    assert len(top.collections) == len(right.collections) == 2
    assert figure is ax.figure


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: facets(np.zeros((3, 2)), [np.nan] * 3), InvalidInputError, "no group"),
        (lambda: facets(np.zeros((3, 2)), ["a", "b"]), ShapeError, "2 values for 3 points"),
        (lambda: facets(np.zeros((3, 2)), [None] * 3), InvalidInputError, "no group"),
        (lambda: facets(np.zeros((2, 2)), ["a", "a"], [1.0]), ShapeError, "color has 1"),
        (lambda: joint_map({}), InvalidInputError, "empty"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()
