import warnings

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.metrics import davies_bouldin_score, silhouette_samples, silhouette_score

from driftglass.errors import InvalidInputError, ShapeError
from driftglass.groups import compare_separation, separation
from driftglass.groups._measures import ClassSpace, silhouettes

FEW = {"n_bootstrap": 20, "n_permutations": 39}


@pytest.fixture(scope="module")
def wine():
    data = load_wine()
    return (data.data - data.data.mean(0)) / data.data.std(0), data.target


def cell(table, column, measure, group="all", **where):
    found = [
        row[column]
        for row in table
        if row["measure"] == measure
        and row["class"] == group
        and all(row[name] == value for name, value in where.items())
    ]
    assert len(found) == 1
    return found[0]


def test_the_values_are_those_of_scikit_learn(wine):
    X, labels = wine

    table = separation(X, labels, **FEW)

    assert cell(table, "value", "silhouette") == pytest.approx(
        silhouette_score(X, labels), abs=1e-6
    )
    expected = davies_bouldin_score(X, labels)
    assert cell(table, "value", "davies_bouldin") == pytest.approx(expected, abs=1e-9)
    per_class = silhouette_samples(X, labels)[labels == 2].mean()
    assert cell(table, "value", "silhouette", "2") == pytest.approx(per_class, abs=1e-6)


def test_the_centroid_ratio_is_own_distance_over_that_to_others(wine):
    X, labels = wine
    centers = np.stack([X[labels == c].mean(axis=0) for c in range(3)])
    to = np.linalg.norm(X[labels == 0][:, None] - centers, axis=2).mean(axis=0)

    table = separation(X, labels, **FEW)

    expected = to[0] / to[1:].mean()
    assert cell(table, "value", "centroid_ratio", "0") == pytest.approx(expected, rel=1e-9)


def test_weights_count_rows_as_often_as_copies_would():
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(30, 4)), np.arange(30) % 2
    weights = rng.integers(0, 3, 30).astype(float)
    there = np.repeat(np.arange(30), weights.astype(int))

    weighted = ClassSpace.of(X).values(codes, 2, weights)
    copied = ClassSpace.of(X[there]).values(codes[there], 2, np.ones(len(there)))

    # the Davies-Bouldin index and the ratios know no difference between copies and weights
    np.testing.assert_allclose(weighted[1:3], copied[1:3], rtol=1e-6)
    np.testing.assert_allclose(weighted[5:], copied[5:], rtol=1e-6)


def test_a_copy_of_a_row_is_not_its_neighbour():
    X = np.array([[0.0], [1.0], [5.0], [6.0]])
    space, codes = ClassSpace.of(X), np.array([0, 0, 1, 1])

    once = silhouettes(space.distances, codes, 2, np.array([1.0, 1, 1, 1]))
    often = silhouettes(space.distances, codes, 2, np.array([5.0, 1, 1, 1]))

    assert often[0] == once[0]


def test_separated_classes_are_beyond_chance_and_noise_is_not():
    rng = np.random.default_rng(0)
    noise, labels = rng.normal(size=(120, 8)), np.arange(120) % 3
    apart = noise + 4.0 * np.eye(8)[labels]

    found, none = separation(apart, labels, **FEW), separation(noise, labels, **FEW)

    assert cell(found, "p_value", "silhouette") == 1 / 40
    assert cell(found, "low", "silhouette") > 0.3
    assert cell(none, "p_value", "silhouette") > 0.05


def test_the_interval_holds_the_value(wine):
    table = separation(*wine, **FEW)

    low, value, high = (cell(table, name, "silhouette") for name in ("low", "value", "high"))
    assert low < value < high
    assert high - low < 0.1


def test_values_of_the_map_are_put_beside(wine):
    X, labels = wine

    table = separation(X, labels, Y=X[:, :2], **FEW)

    expected = silhouette_score(X[:, :2], labels)
    assert cell(table, "in_map", "silhouette") == pytest.approx(expected, abs=1e-6)


def test_more_rows_than_asked_are_sampled_by_class_and_said(wine):
    X, labels = wine

    table = separation(X, labels, max_rows=60, **FEW)

    assert cell(table, "n", "silhouette") == 60
    assert "60 of 178, drawn by stratum" in table.caption


def test_a_better_space_is_told_from_an_equal_one():
    rng = np.random.default_rng(1)
    labels = np.arange(150) % 3
    base = rng.normal(size=(150, 6)) + np.eye(6)[labels]
    tuned = base + 3.0 * np.eye(6)[labels]
    same = base @ np.linalg.qr(rng.normal(size=(6, 6)))[0]

    table = compare_separation({"base": base, "tuned": tuned, "turned": same}, labels, **FEW)

    for measure in ("silhouette", "davies_bouldin", "centroid_ratio"):
        assert cell(table, "p_value", measure, space="tuned") <= 0.1
        assert abs(cell(table, "difference", measure, space="turned")) < 1e-6
    assert cell(table, "low", "silhouette", space="tuned") > 0
    assert cell(table, "high", "davies_bouldin", space="tuned") < 0


def test_rows_without_a_class_and_classes_of_one_row_are_left_out(wine):
    X, labels = wine
    names = [None if i < 10 else str(label) for i, label in enumerate(labels)]
    names[20] = "alone"

    table = separation(X, names, **FEW)

    assert cell(table, "n", "silhouette") == 178 - 11
    assert "alone" not in table["class"]


def test_equal_rows_give_numbers_and_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = separation(np.ones((20, 3)), np.arange(20) % 2, **FEW)

    assert cell(table, "value", "silhouette") == 0


def test_the_table_is_written_for_a_report(wine):
    table = separation(*wine, **FEW)

    assert table.to_csv().splitlines()[0] == "measure,class,value,low,high,p_value,in_map,n"
    assert table.to_markdown().splitlines()[2].startswith("| silhouette | all | 0.28")
    assert r"davies\_bouldin & all & " in table.to_latex()
    assert len(table.to_dict()["value"]) == len(table) == 3 + 2 * 3


@pytest.mark.parametrize(
    ("X", "labels", "error", "says"),
    [
        (np.zeros((4, 2)), ["a", "a", "b"], ShapeError, "3 values for 4 rows"),
        (np.zeros((4, 2)), ["a"] * 4, InvalidInputError, "1 classes"),
        (np.full((4, 2), np.nan), ["a", "a", "b", "b"], InvalidInputError, "not finite"),
    ],
)
def test_what_cannot_be_measured_is_refused(X, labels, error, says):
    with pytest.raises(error, match=says):
        separation(X, labels)


def test_spaces_of_other_rows_are_refused(wine):
    X, labels = wine

    with pytest.raises(ShapeError, match="base has 178 rows and tuned has 10"):
        compare_separation({"base": X, "tuned": X[:10]}, labels)
    with pytest.raises(InvalidInputError, match="two or more"):
        compare_separation({"base": X}, labels)
