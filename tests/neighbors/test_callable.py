from __future__ import annotations

import numpy as np
import pytest

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass._progress import Cancelled
from driftglass.neighbors import _callable, exact_neighbors, nearest_neighbors


def straight(a, b):
    return float(np.sqrt(((a - b) ** 2).sum()))


def unlike(a, b):
    """Gower's distance of an age and two categories."""
    return (abs(a[0] - b[0]) / 80 + (a[1] != b[1]) + (a[2] != b[2])) / 3


def test_every_pair_is_asked_for_once_where_rows_are_few(rng):
    X, calls = rng.normal(size=(60, 3)), []

    graph = nearest_neighbors(X, 5, metric=lambda a, b: calls.append(1) or straight(a, b))

    assert len(calls) == 60 * 59 // 2
    np.testing.assert_array_equal(graph.indices, exact_neighbors(X, 5).indices)
    assert (graph.method, graph.recall) == ("exact", 1.0)


def test_neighbours_of_neighbours_are_asked_for_where_rows_are_many(rng, monkeypatch):
    monkeypatch.setattr(_callable, "ALL_PAIRS_UP_TO", 50)
    centers = rng.normal(size=(8, 5)) * 4
    X = centers[rng.integers(0, 8, 500)] + rng.normal(size=(500, 5))
    calls = []

    with pytest.warns(DriftglassWarning, match="would call <lambda> 124,750 times"):
        graph = nearest_neighbors(X, 10, metric=lambda a, b: calls.append(1) or straight(a, b))

    true = exact_neighbors(X, 10).indices
    recall = (true[:, :, None] == graph.indices[:, None, :]).any(axis=2).mean()
    assert recall > 0.95
    assert graph.recall == pytest.approx(recall, abs=0.05)
    assert graph.method == "approximate"
    assert len(calls) < 124_750


def test_the_same_seed_gives_the_same_neighbours(rng, monkeypatch):
    monkeypatch.setattr(_callable, "ALL_PAIRS_UP_TO", 10)
    X = rng.normal(size=(80, 2))

    with pytest.warns(DriftglassWarning):
        first, second = (nearest_neighbors(X, 4, metric=straight) for _ in range(2))

    np.testing.assert_array_equal(first.indices, second.indices)


def test_rows_may_be_anything_the_function_takes():
    people = [(30, "red", "cat"), (31, "red", "cat"), (70, "blue", "dog"), (69, "blue", "dog")]

    graph = nearest_neighbors(people, 1, metric=unlike)

    assert graph.indices.ravel().tolist() == [1, 0, 3, 2]
    assert graph.metric == "unlike"


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_rows_have_few_neighbours(n):
    with pytest.warns(DriftglassWarning, match=f"lowered to {max(n - 1, 0)}"):
        graph = nearest_neighbors(np.arange(n)[:, None], 5, metric=straight)

    assert graph.indices.shape == (n, max(n - 1, 0))


@pytest.mark.parametrize(
    ("X", "metric", "error", "message"),
    [
        (np.ones((3, 2)), lambda a, b: np.nan, InvalidInputError, "not one finite number"),
        (np.ones((3, 2)), lambda a, b: a - b, InvalidInputError, "not one finite number|not give"),
        (np.ones((3, 2)), lambda a, b: "far", InvalidInputError, "did not give a number"),
        (np.ones((3, 2)), lambda a, b: None, InvalidInputError, "not one finite|not give"),
        (7, straight, ShapeError, "int, which has no rows"),
    ],
)
def test_names_what_the_function_or_the_rows_lack(X, metric, error, message):
    with pytest.raises(error, match=message):
        nearest_neighbors(X, 1, metric=metric)


def test_a_search_can_be_stopped(rng):
    def stop(done, total, what):
        raise Cancelled

    with pytest.raises(Cancelled):
        nearest_neighbors(rng.normal(size=(9, 2)), 2, metric=straight, progress=stop)
