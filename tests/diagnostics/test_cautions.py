import numpy as np
import pytest

from driftglass.diagnostics import trust_report
from driftglass.diagnostics._cautions import (
    caution_of_collapse,
    caution_of_dimension,
    caution_of_smoothing,
    caution_of_variance,
    cautions_of_motion,
)


@pytest.mark.parametrize(
    ("dimension", "faithful", "said"),
    [(14.2, 0.2, True), (14.2, 0.5, False), (4.0, 0.2, False), (None, 0.2, False)],
)
def test_more_directions_than_can_be_drawn_are_said_where_the_map_suffers(
    dimension, faithful, said
):
    cautions = caution_of_dimension(dimension, faithful, 2)

    assert len(cautions) == said
    if said:
        assert cautions[0].text == "about 14 directions matter here; 2 are drawn"
        assert cautions[0].value > cautions[0].limit


def test_a_linear_map_that_shows_little_says_how_little():
    assert caution_of_variance(0.12, 2)[0].text == "2 axes show 12% of the variance"
    assert caution_of_variance(0.4, 2) == []
    assert caution_of_variance(None, 2) == []


def test_motion_without_cause_and_motion_of_the_whole_are_two_things():
    both = cautions_of_motion(0.09, 0.95)

    assert [caution.kind for caution in both] == ["jumps", "rigid"]
    assert "9% of the cloud" in both[0].text
    assert "95% of the movement" in both[1].text
    assert cautions_of_motion(0.03, 0.5) == []
    assert cautions_of_motion(float("nan"), float("nan")) == []


def test_collapsed_classes_say_that_order_inside_them_is_noise(rng):
    y = np.arange(90) % 3
    corners = 5 * rng.normal(size=(3, 6))
    tight, wide = (corners[y] + width * rng.normal(size=(90, 6)) for width in (0.05, 3.0))

    (said,) = caution_of_collapse(tight, y)
    assert "order inside a group is noise" in said.text
    assert said.value < said.limit == 0.05
    assert caution_of_collapse(wide, y) == []
    report = trust_report(tight, tight[:, :2], labels=y)
    assert "collapse" in [caution.kind for caution in report.cautions]


def test_mixing_with_the_map_before_is_said_with_what_it_costs():
    (said,) = caution_of_smoothing(0.61, 0.42, 0.2)

    assert said.text == "smoothed: each map is 80% the one before; F is 0.420, and 0.610 without"
    assert caution_of_smoothing(0.61, 0.61, 1.0) == []
