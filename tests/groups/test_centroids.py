import numpy as np
import pytest

from driftglass.errors import InvalidInputError, NotFoundError, ShapeError
from driftglass.groups import class_overlap, label_spread, records_from

FEW = {"n_bootstrap": 50}


def labelled(n_exclusive, n_multi, name="AF"):
    own, other = {"group": "rhythm", "name": name}, {"group": "shape", "name": "LBBB"}
    return [[own]] * n_exclusive + [[own, other]] * n_multi


def test_multi_label_records_farther_out_are_told_from_those_that_are_not():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    far = X.copy()
    far[100:] *= 2

    same, wider = (
        label_spread(Z, records_from(labelled(100, 100)), "rhythm", n_permutations=199, **FEW)
        for Z in (X, far)
    )

    assert same["p_value"][0] > 0.05
    assert same["low"][0] < 1 < same["high"][0]
    assert wider["p_value"][0] == 1 / 200
    assert wider["low"][0] > 1.5
    assert wider["n_exclusive"] == [100]


def test_the_distances_are_to_the_centre_of_the_exclusive_records():
    X = np.concatenate([np.tile([[0.0], [2.0]], (3, 1)), np.full((5, 1), 4.0)])

    table = label_spread(X, records_from(labelled(6, 5)), "rhythm", Y=2 * X, **FEW)

    assert table["multi"][0] == pytest.approx(3.0)
    assert table["exclusive"][0] == pytest.approx(1.2)  # each leaves itself out of the centre
    assert table["in_map"][0] == pytest.approx(table["ratio"][0])


def test_classes_with_too_few_records_are_left_out_and_counted():
    records = records_from(labelled(10, 10) + labelled(10, 2, "AFLT"))

    table = label_spread(np.random.default_rng(0).normal(size=(32, 3)), records, "rhythm", **FEW)

    assert table["class"] == ["AF"]
    assert "1 classes with fewer than 5" in table.caption


def test_classes_apart_do_not_overlap_and_equal_ones_do():
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(200, 4)), np.repeat(["a", "b"], 100)
    apart = X + 8.0 * (labels == "b")[:, None]

    none = class_overlap(apart, labels, "a", "b", Y=X[:, :2])
    much = class_overlap(X, labels, "a", "b")

    assert none["overlap"] == [0.0, 0.0, 0.0]
    assert none["silhouette_low"][2] > 0.5
    assert none["p_value"] == [1 / 201] * 3
    assert none["in_map"][2] == pytest.approx(0.5, abs=0.1)
    assert much["p_value"][2] > 0.05
    assert much["in_map"] == [None] * 3
    assert much["overlap"][2] == pytest.approx(0.5, abs=0.1)
    assert much["overlap_low"][2] < much["overlap"][2] < much["overlap_high"][2]


def test_what_cannot_be_measured_is_refused():
    X, records = np.eye(12), records_from(labelled(6, 6))

    with pytest.raises(ShapeError, match="3 rows"):
        label_spread(X[:3], records, "rhythm")
    with pytest.raises(NotFoundError, match="rhytm"):
        label_spread(X, records, "rhytm")
    with pytest.raises(InvalidInputError, match="'b' has 0 rows"):
        class_overlap(X, ["a"] * 12, "a", "b")
    with pytest.raises(ShapeError, match="2 values"):
        class_overlap(X, ["a", "b"], "a", "b")
    with pytest.raises(ShapeError, match="Y has 3 rows"):
        class_overlap(X, ["a", "b"] * 6, "a", "b", Y=X[:3])
