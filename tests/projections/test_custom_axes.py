from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import InvalidInputError, NotFoundError, ShapeError
from driftglass.projections import Between, CustomAxes

from .bad_tables import odd_tables

NAMES = ["width", "height", "depth"]


@parametrize_with_checks([CustomAxes()])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_a_feature_is_read_in_its_own_unit(rng):
    X = rng.normal(size=(30, 3))

    estimator = CustomAxes(["depth", 0], feature_names=NAMES).fit(X)

    np.testing.assert_array_equal(estimator.transform(X), X[:, [2, 0]])
    assert estimator.axis_names_ == ("depth", "width")
    assert estimator.units_ == ("depth", "width")


def test_names_come_from_a_data_frame(rng):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rng.normal(size=(30, 3)), columns=NAMES)

    Y = CustomAxes(["height"]).fit_transform(frame)

    np.testing.assert_array_equal(Y[:, 0], frame["height"])


def test_a_mapping_is_a_weighted_sum(rng):
    X = rng.normal(size=(30, 3))

    estimator = CustomAxes([{"width": 2.0, "depth": -1.0}], feature_names=NAMES).fit(X)

    np.testing.assert_allclose(estimator.transform(X)[:, 0], 2 * X[:, 0] - X[:, 2])
    assert estimator.get_feature_names_out().tolist() == ["2 width + -1 depth"]


def test_a_vector_is_a_distance_from_the_mean(rng):
    X = rng.normal(size=(30, 3)) + 5

    Y = CustomAxes([[0.0, 3.0, 4.0]]).fit_transform(X)

    np.testing.assert_allclose(Y[:, 0], (X - X.mean(axis=0)) @ [0, 0.6, 0.8])


@pytest.mark.parametrize("given", ["labels", "rows", "masks"])
def test_one_group_lies_at_zero_and_the_other_at_one(rng, given):
    X = rng.normal(size=(60, 4)) + np.repeat([[0.0], [5.0], [9.0]], 20, axis=0)
    y = np.repeat(["cat", "dog", "eel"], 20)
    groups = {
        "labels": ("cat", "dog"),
        "rows": (np.arange(20), np.arange(20, 40)),
        "masks": (y == "cat", y == "dog"),
    }[given]

    estimator = CustomAxes([Between(*groups, name="tame")]).fit(X, y)

    Y = estimator.transform(X)[:, 0]
    assert Y[:20].mean() == pytest.approx(0, abs=1e-12)
    assert Y[20:40].mean() == pytest.approx(1)
    assert Y[40:].mean() > 1.5
    assert "tame" in estimator.units_[0]


def test_labels_name_their_axis(rng):
    estimator = CustomAxes([Between(0, 1)]).fit(
        rng.normal(size=(9, 2)), [0, 0, 0, 1, 1, 1, 2, 2, 2]
    )

    assert estimator.axis_names_ == ("0 → 1",)


def test_orthogonal_axes_count_only_what_is_new(rng):
    X = rng.normal(size=(60, 4))
    y = np.repeat([0, 1, 2], 20)
    X[:, 0] += 4 * y
    X[:, 1] += 3 * (y == 2)

    estimator = CustomAxes([Between(0, 1), Between(0, 2)], orthogonal=True).fit(X, y)

    first, second = estimator.components_
    assert first @ second == pytest.approx(0, abs=1e-12)
    Y = estimator.transform(X)
    assert Y[y == 0].mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert Y[y == 1, 0].mean() == pytest.approx(1)
    assert Y[y == 2, 1].mean() == pytest.approx(1)


def test_by_default_the_first_two_features_are_shown(rng):
    X = rng.normal(size=(9, 5))

    np.testing.assert_array_equal(CustomAxes().fit_transform(X), X[:, :2])
    assert CustomAxes().fit_transform(X[:, :1]).shape == (9, 1)


@pytest.mark.parametrize("name", odd_tables())
def test_odd_tables_give_a_finite_map(name):
    X = odd_tables()[name]

    Y = CustomAxes([np.ones(np.shape(X)[1]), 0]).fit_transform(X)

    assert np.isfinite(Y).all()


@pytest.mark.parametrize(
    ("axes", "error", "message"),
    [
        ([], InvalidInputError, "an entry per coordinate"),
        ("width", InvalidInputError, "an entry per coordinate"),
        (["weight"], NotFoundError, "No feature named 'weight'. Did you mean 'height'"),
        ([7], NotFoundError, "No feature 7: X has features 0 to 2"),
        ([[1.0, 2.0]], ShapeError, r"Axis 0 has shape \(2,\); \(3,\) is needed"),
        ([[0.0, 0.0, 0.0]], InvalidInputError, "Axis 0 has no direction"),
        ([[np.nan, 0.0, 1.0]], InvalidInputError, "Axis 0 has no direction"),
        ([Between([0, 1], [0, 1])], InvalidInputError, "Axis 0 has no direction"),
        ([Between([], [1])], InvalidInputError, "has no rows"),
        ([Between([0], [99])], InvalidInputError, "names a row that is not"),
        ([Between([True], [False])], ShapeError, "A mask has shape"),
        ([Between("a", "z")], NotFoundError, "No label named 'z'"),
    ],
)
def test_names_the_axis_that_cannot_be(rng, axes, error, message):
    X, y = rng.normal(size=(10, 3)), np.array(["a", "b"] * 5)

    with pytest.raises(error, match=message):
        CustomAxes(axes, feature_names=NAMES).fit(X, y)


def test_labels_are_needed_for_groups_that_are_given_by_them(rng):
    with pytest.raises(InvalidInputError, match=r"Pass them as y: fit\(X, y\)"):
        CustomAxes([Between("a", "b")]).fit(rng.normal(size=(10, 3)))


def test_names_must_be_as_many_as_features(rng):
    with pytest.raises(ShapeError, match="2 names and X 3 features"):
        CustomAxes(feature_names=["a", "b"]).fit(rng.normal(size=(10, 3)))


def test_an_axis_in_the_span_of_others_is_named(rng):
    with pytest.raises(InvalidInputError, match=r"Axis 1 \(width\) lies in the span"):
        CustomAxes([{"width": 3.0}, "width"], feature_names=NAMES, orthogonal=True).fit(
            rng.normal(size=(10, 3))
        )
