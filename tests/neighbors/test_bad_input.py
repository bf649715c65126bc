"""What every search does with input that is bad, or only unusual."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass.neighbors import (
    _exact,
    approximate_neighbors,
    exact_neighbors,
    nearest_neighbors,
    query_neighbors,
)

METRICS = ["euclidean", "cosine", "correlation", "manhattan", "inner_product"]


def by_rounding(X, n_neighbors, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_exact, "rounding_pays", lambda n, d: True)
        patch.setattr(_exact, "ROUNDED_QUERIES", 1)
        return exact_neighbors(X, n_neighbors, **options)


SEARCHES = {
    "exact": exact_neighbors,
    "exact by rounding": by_rounding,
    "approximate": approximate_neighbors,
    "nearest": nearest_neighbors,
}


def query(X, n_neighbors, **options):
    return query_neighbors(X, X, n_neighbors, **options)


every_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES.keys())
every_function = pytest.mark.parametrize(
    "search", [*SEARCHES.values(), query], ids=[*SEARCHES.keys(), "query"]
)
every_metric = pytest.mark.parametrize("metric", METRICS)


def quietly(search, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DriftglassWarning)
        return search(*arguments, **options)


def assert_sound(graph, n, k):
    assert graph.indices.shape == graph.distances.shape == (n, k)
    assert ((graph.indices >= 0) & (graph.indices < n)).all()
    assert not (graph.indices == np.arange(n)[:, None]).any()
    assert np.isfinite(graph.distances).all()
    assert (np.diff(graph.distances, axis=1) >= 0).all()
    if k > 1:
        ordered = np.sort(graph.indices, axis=1)
        assert (np.diff(ordered, axis=1) > 0).all()


@every_function
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_named(rng, search, bad):
    X = rng.normal(size=(10, 3))
    X[4, 1] = bad

    with pytest.raises(InvalidInputError, match=r"1 of 10 rows of . are not finite.* row 4"):
        search(X, 2)


@every_function
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.ones((5, 2)) * 1j, InvalidInputError, "complex"),
        (np.array([["a", "b"], ["c", "d"]]), InvalidInputError, "numbers are needed"),
        (np.array([[1, "b"], [2, 3]], dtype=object), InvalidInputError, "must be a number"),
        ([[1.0, 2.0], [3.0]], ShapeError, "ragged"),
        (np.ones(4), ShapeError, "one dimension"),
        (np.ones((4, 3, 2)), ShapeError, "Pool the other axes"),
        (np.ones((4, 0)), ShapeError, "no features"),
        (None, InvalidInputError, "an array of shape"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(search, X, error, message):
    with pytest.raises(error, match=message):
        search(X, 2)


@every_search
@pytest.mark.parametrize("n_neighbors", [-1, 2.5, "3", None, True])
def test_a_number_of_neighbours_that_is_none_is_refused(rng, search, n_neighbors):
    with pytest.raises(InvalidInputError, match="n_neighbors is"):
        search(rng.normal(size=(10, 3)), n_neighbors)


@every_search
@every_metric
@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_rows_have_few_neighbours(rng, search, metric, n):
    X = rng.normal(size=(n, 4)).astype(np.float32)

    with pytest.warns(DriftglassWarning, match=f"lowered to {max(n - 1, 0)}"):
        graph = search(X, 15, metric=metric)

    assert_sound(graph, n, max(n - 1, 0))


@every_search
@every_metric
@pytest.mark.parametrize("kind", ["all", "half", "one value", "zeros"])
def test_duplicates_and_constants_have_finite_neighbours(rng, search, metric, kind):
    X = rng.normal(size=(200, 5)).astype(np.float32)
    if kind == "all":
        X[:] = X[0]
    elif kind == "half":
        X[::2] = X[0]
    elif kind == "one value":
        X[:] = 3.0
    else:
        X[::3] = 0.0

    graph = quietly(search, X, 7, metric=metric)

    assert_sound(graph, 200, 7)
    if metric in ("euclidean", "manhattan") and kind != "zeros":
        equal = (X[graph.indices] == X[:, None]).all(axis=2)
        assert not graph.distances[equal].any()
        assert equal[::2].all()


@every_search
@every_metric
def test_columns_that_are_constant_change_nothing_but_direction(rng, search, metric):
    X = rng.normal(size=(150, 3)).astype(np.float32)
    wide = np.hstack([X, np.full((150, 2), 7.0, dtype=np.float32)])

    graph = search(wide, 5, metric=metric)

    assert_sound(graph, 150, 5)
    if metric in ("euclidean", "manhattan"):
        np.testing.assert_array_equal(graph.indices, search(X, 5, metric=metric).indices)


@every_search
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "inner_product", "cosine"])
def test_one_feature_is_enough(rng, search, metric):
    X = rng.normal(size=(150, 1)).astype(np.float32)

    graph = search(X, 5, metric=metric)

    assert_sound(graph, 150, 5)
    if metric in ("euclidean", "manhattan"):
        true = np.sort(np.abs(X - X.T), axis=1)[:, 1:6]
        np.testing.assert_allclose(graph.distances, true, rtol=1e-5)


@every_search
@every_metric
@pytest.mark.parametrize("scale", [1e-30, 1e17, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_and_tiny_values_are_as_good_as_others(rng, search, metric, scale, dtype):
    X = rng.normal(size=(150, 6)).astype(np.float32)
    expected = search(X, 5, metric=metric)

    if metric == "inner_product" and scale == 1e30:
        with pytest.raises(InvalidInputError, match="beyond float32"):
            search((X * dtype(scale)).astype(dtype), 5, metric=metric)
        return
    graph = search((X * dtype(scale)).astype(dtype), 5, metric=metric)

    assert_sound(graph, 150, 5)
    assert (graph.indices == expected.indices).mean() > 0.98


@every_search
@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.uint8, np.int64, np.bool_, ">f4"])
def test_any_real_dtype_is_taken(rng, search, dtype):
    X = rng.integers(0, 2 if dtype is np.bool_ else 50, size=(120, 9))

    graph = search(X.astype(dtype), 6)

    assert_sound(graph, 120, 6)
    expected = exact_neighbors(X, 6)
    np.testing.assert_allclose(graph.distances, expected.distances, rtol=1e-5)


@every_search
@pytest.mark.parametrize("layout", ["F", "strided", "read-only", "list", "object"])
def test_any_layout_is_taken_and_left_alone(rng, search, layout):
    X = rng.normal(size=(100, 4)).astype(np.float32)
    given = {
        "F": np.asfortranarray(X),
        "strided": np.repeat(X, 2, axis=0)[::2],
        "read-only": X.copy(),
        "list": X.tolist(),
        "object": X.astype(object),
    }[layout]
    if layout == "read-only":
        given.flags.writeable = False
    before = np.array(given, dtype=np.float64)

    graph = search(given, 5)

    np.testing.assert_array_equal(graph.indices, search(X, 5).indices)
    np.testing.assert_array_equal(np.array(given, dtype=np.float64), before)


@every_function
def test_an_unknown_metric_is_refused_with_those_there_are(rng, search):
    with pytest.raises(InvalidInputError, match=r"metric is 'taxi'; one of euclidean, cosine"):
        search(rng.normal(size=(10, 3)), 2, metric="taxi")


def test_vectors_in_a_mapped_file_are_read_where_they_are(rng, tmp_path):
    X = rng.normal(size=(300, 8)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")

    for search in SEARCHES.values():
        np.testing.assert_array_equal(search(mapped, 5).indices, search(X, 5).indices)


def test_contiguous_float32_is_not_copied(rng, monkeypatch):
    X = rng.normal(size=(300, 8)).astype(np.float32)
    seen = []
    real = _exact.ExactSearch.__init__
    monkeypatch.setattr(
        _exact.ExactSearch,
        "__init__",
        lambda self, base, *rest: (seen.append(base), real(self, base, *rest))[1],
    )

    exact_neighbors(X, 5)

    assert seen[0] is X or np.shares_memory(seen[0], X)
