from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import neighbors as reference

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass.neighbors import _candidates, exact_neighbors


@pytest.fixture
def again(monkeypatch):
    """Rows that the first pass could not certify, call by call."""
    rows = []
    real = _candidates.candidates_again

    def counting(data, base, leaders, *arguments):
        rows.append(len(leaders))
        return real(data, base, leaders, *arguments)

    monkeypatch.setattr("driftglass.neighbors._exact.candidates_again", counting)
    return rows


def assert_exact(X, k, metric="euclidean", atol=0.0, **options):
    graph = exact_neighbors(X, k, metric=metric, **options)
    indices, distances = reference.exact_neighbors(X, k, metric)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-6, atol=atol)


@pytest.mark.parametrize("d", [1, 2, 49, 50, 768])
def test_equals_brute_force(rng, d):
    assert_exact(rng.normal(size=(1100, d)).astype(np.float32), 15)


@pytest.mark.parametrize("d", [2, 49, 50, 768])
def test_cosine_equals_brute_force(rng, d):
    assert_exact(rng.normal(size=(1100, d)).astype(np.float32), 15, metric="cosine", atol=1e-7)


@pytest.mark.parametrize("offset", [1e4, -3e6])
def test_a_common_offset_costs_nothing(rng, offset, again):
    X = (rng.normal(size=(1100, 49)) + offset).astype(np.float32)

    assert_exact(X, 15)
    # Coarse values tie often; that they are centred shows in how few rows remain in doubt.
    assert sum(again) < 110


def test_tight_clusters_far_apart_stay_exact(rng, again):
    centers = rng.normal(size=(4, 50)) * 1e4
    X = (np.repeat(centers, 275, axis=0) + rng.normal(size=(1100, 50))).astype(np.float32)

    assert_exact(X, 15)
    assert again == [1100]


def test_float64_is_centred_before_it_is_rounded(rng):
    X = rng.normal(size=(600, 20))

    moved = exact_neighbors(X + 1e9, 10)

    np.testing.assert_array_equal(moved.indices, exact_neighbors(X, 10).indices)


def test_large_integers_are_not_rounded_away(rng):
    X = rng.integers(-1000, 1000, size=(300, 20)) + 2**55

    np.testing.assert_array_equal(
        exact_neighbors(X, 5).indices, exact_neighbors(X - 2**55, 5).indices
    )


@pytest.mark.parametrize("scale", [1e30, 1e-30])
def test_huge_and_tiny_values_neither_overflow_nor_vanish(rng, scale):
    X = rng.normal(size=(700, 30)).astype(np.float32)

    graph = exact_neighbors(X * np.float32(scale), 5)

    plain = exact_neighbors(X, 5)
    np.testing.assert_allclose(graph.distances / scale, plain.distances, rtol=1e-4)
    assert (graph.indices == plain.indices).mean() > 0.999


def test_distances_beyond_float32_name_the_remedy():
    X = np.array([[3e38, 0], [-3e38, 0]], dtype=np.float32)

    with pytest.raises(InvalidInputError, match=r"beyond float32\. Divide X by"):
        exact_neighbors(X, 1)


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.uint8, np.bool_, np.int32])
def test_takes_any_real_dtype(rng, dtype):
    X = rng.integers(0, 2 if dtype is np.bool_ else 100, size=(300, 12)).astype(dtype)

    assert_exact(X, 7)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_equal_rows_are_neighbours_by_lower_row(metric):
    X = np.ones((5000, 3), dtype=np.float32)

    graph = exact_neighbors(X, 4, metric=metric)

    assert graph.indices[0].tolist() == [1, 2, 3, 4]
    assert graph.indices[2].tolist() == [0, 1, 3, 4]
    assert graph.indices[4999].tolist() == [0, 1, 2, 3]
    assert not graph.distances.any()


def test_thousands_of_equal_rows_among_others_stay_exact(rng, again):
    X = rng.normal(size=(1500, 10)).astype(np.float32)
    X[rng.permutation(1500)[:700]] = 0

    assert_exact(X, 15)
    # The equal rows are settled once for all of them.
    assert sum(again) < 100


def test_ties_on_a_grid_go_to_the_lower_row(rng):
    X = rng.permutation(np.stack(np.mgrid[:30, :30], axis=-1).reshape(-1, 2)).astype(np.float32)

    assert_exact(X, 6)


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_neighbours_do_not_depend_on_the_order_of_rows(seed, k):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 8)).astype(np.float32)
    order = rng.permutation(600)

    plain, shuffled = exact_neighbors(X, k), exact_neighbors(X[order], k)

    np.testing.assert_array_equal(order[shuffled.indices], plain.indices[order])
    np.testing.assert_array_equal(shuffled.distances, plain.distances[order])


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_threads_change_the_time_and_not_the_numbers(rng, metric):
    X = rng.normal(size=(2100, 33)).astype(np.float32)

    one = exact_neighbors(X, 15, metric=metric, n_jobs=1)

    for n_jobs in (2, 5):
        many = exact_neighbors(X, 15, metric=metric, n_jobs=n_jobs)
        assert many.indices.tobytes() == one.indices.tobytes()
        assert many.distances.tobytes() == one.distances.tobytes()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_queries_get_their_rows_of_the_whole_graph(rng, metric):
    X = rng.normal(size=(1300, 16)).astype(np.float32)
    rows = rng.permutation(1300)[:700]

    some = exact_neighbors(X, 9, metric=metric, queries=rows)

    np.testing.assert_array_equal(some.indices, exact_neighbors(X, 9, metric=metric).indices[rows])
    np.testing.assert_array_equal(some.queries, rows)


def test_many_rows_are_done_without_mirroring(rng, monkeypatch):
    X = rng.normal(size=(1300, 16)).astype(np.float32)
    expected = exact_neighbors(X, 9).indices
    monkeypatch.setattr(_candidates, "MIRRORED_ROWS", 1000)

    np.testing.assert_array_equal(exact_neighbors(X, 9).indices, expected)


def test_a_row_can_be_its_own_neighbour(rng):
    X = rng.normal(size=(100, 4)).astype(np.float32)

    graph = exact_neighbors(X, 3, exclude_self=False)

    np.testing.assert_array_equal(graph.indices[:, 0], np.arange(100))
    np.testing.assert_array_equal(graph.indices[:, 1:], exact_neighbors(X, 2).indices)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10])
def test_fewer_rows_than_neighbours_lowers_their_number_and_says_so(rng, n):
    X = rng.normal(size=(n, 4)).astype(np.float32)

    with pytest.warns(DriftglassWarning, match=f"n_neighbors 15 lowered to {max(n - 1, 0)}"):
        graph = exact_neighbors(X, 15)

    assert graph.indices.shape == (n, max(n - 1, 0))
    assert graph.n_neighbors == max(n - 1, 0)
    assert "lowered" in graph.notes[0]


def test_rows_of_zeros_have_no_direction(rng):
    X = rng.normal(size=(900, 6)).astype(np.float32)
    X[[5, 600]] = 0

    with pytest.warns(DriftglassWarning, match=r"2 rows are all zeros \(5, 600\)"):
        graph = exact_neighbors(X, 10, metric="cosine")

    indices, distances = reference.exact_neighbors(X, 10, "cosine")
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances[5], 1)
    np.testing.assert_allclose(graph.distances, distances, atol=1e-7)


def test_only_zeros_under_the_cosine_tie_everywhere():
    with pytest.warns(DriftglassWarning, match="40 rows are all zeros"):
        graph = exact_neighbors(np.zeros((40, 3)), 2, metric="cosine")

    assert graph.indices[:3].tolist() == [[1, 2], [0, 2], [0, 1]]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_named(rng, bad):
    X = rng.normal(size=(10, 3))
    X[4, 1] = bad

    with pytest.raises(InvalidInputError, match=r"1 of 10 rows of X are not finite.*row 4"):
        exact_neighbors(X, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_neighbors": -1}, "n_neighbors is -1"),
        ({"metric": "taxi"}, "metric is 'taxi'; one of"),
        ({"queries": [0, 10]}, "rows of X are 0 to 9"),
        ({"queries": [True, False]}, "np.flatnonzero"),
        ({"n_jobs": 0}, "n_jobs is 0"),
    ],
)
def test_names_the_parameter_that_cannot_be(rng, options, message):
    with pytest.raises(InvalidInputError, match=message):
        exact_neighbors(rng.normal(size=(10, 3)), **{"n_neighbors": 2, **options})


def test_vectors_without_features_are_refused():
    with pytest.raises(ShapeError, match="no features"):
        exact_neighbors(np.empty((5, 0)), 2)


def test_leaves_its_input_alone(rng):
    X = rng.normal(size=(50, 3))
    X.flags.writeable = False

    exact_neighbors(X, 2)
    exact_neighbors(X, 2, metric="cosine")


def test_is_silent_when_there_is_nothing_to_say(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = exact_neighbors(rng.normal(size=(50, 3)), 2)

    assert graph.notes == ()
