from __future__ import annotations

import numpy as np
import pytest
from reference import descent as reference
from sklearn.metrics import pairwise_distances

from driftglass import DriftglassWarning, InvalidInputError, ShapeError, _kernels
from driftglass._progress import Cancelled
from driftglass.neighbors import approximate_neighbors, exact_neighbors, nearest_neighbors

METRICS = ["euclidean", "cosine", "correlation", "manhattan", "inner_product"]


@pytest.fixture(scope="module")
def mixture():
    """Three thousand rows of thirty groups in a hundred dimensions."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(30, 100)) * 1.5
    X = centers[rng.integers(0, 30, 3000)] + rng.normal(size=(3000, 100))
    return X.astype(np.float32)


def all_distances(X, metric):
    if metric == "inner_product":
        return -(X.astype(np.float64) @ X.T.astype(np.float64))
    return pairwise_distances(X.astype(np.float64), metric=metric)


def true_neighbors(X, k, metric):
    D = all_distances(X, metric)
    np.fill_diagonal(D, np.inf)
    return np.argsort(D, axis=1, kind="stable")[:, :k]


def shared(first, second):
    return (first[:, :, None] == second[:, None, :]).any(axis=2).mean()


@pytest.mark.parametrize("metric", METRICS)
def test_finds_nearly_all_neighbours(mixture, metric):
    graph = approximate_neighbors(mixture, 15, metric=metric)

    recall = shared(true_neighbors(mixture, 15, metric), graph.indices)
    assert recall > 0.98
    assert graph.recall == pytest.approx(recall, abs=0.01)
    assert graph.method == "approximate"


@pytest.mark.parametrize("metric", METRICS)
def test_looking_at_every_pair_finds_all(mixture, metric):
    X = mixture[:500]

    graph = nearest_neighbors(X, 10, metric=metric, method="exact")

    assert shared(true_neighbors(X, 10, metric), graph.indices) > 0.9999
    assert (graph.method, graph.recall) == ("exact", 1.0)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_are_those_of_the_metric(mixture, metric):
    graph = approximate_neighbors(mixture[:800], 10, metric=metric)

    D = all_distances(mixture[:800], metric)
    expected = np.take_along_axis(D, graph.indices.astype(int), axis=1)
    np.testing.assert_allclose(graph.distances, expected, rtol=1e-4, atol=1e-5)
    assert (np.diff(graph.distances, axis=1) >= 0).all()
    assert not (graph.indices == np.arange(800)[:, None]).any()


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_the_same_seed_gives_the_same_graph_at_any_number_of_jobs(mixture, metric):
    graphs = [approximate_neighbors(mixture, 15, metric=metric, n_jobs=n) for n in (1, 2, 8)]

    for graph in graphs[1:]:
        np.testing.assert_array_equal(graph.indices, graphs[0].indices)
        np.testing.assert_array_equal(graph.distances, graphs[0].distances)
        assert graph.recall == graphs[0].recall


@pytest.mark.parametrize("measure", ["sqeuclidean", "inner_product", "manhattan"])
def test_every_processor_gives_the_same_lists(mixture, measure):
    X = np.ascontiguousarray(np.pad(mixture[:700], ((0, 0), (0, 12))))
    norms = (X**2).sum(axis=1)
    orders, ends = _kernels.grow_trees(X, 2, 60, seed=1)

    found = []
    for variant in _kernels.cpu_features():
        descent = _kernels.Descent(X, norms, measure, 12, 10, seed=1, variant=variant)
        descent.meet_in_leaves(orders[0].copy(), ends)
        descent.meet_at_neighbors()
        found.append(descent.lists())

    for values, rows in found[1:]:
        np.testing.assert_array_equal(values, found[0][0])
        np.testing.assert_array_equal(rows, found[0][1])


def test_rounds_end_where_the_lists_are_those_of_all_pairs(rng):
    X = rng.normal(size=(300, 16)).astype(np.float32)
    norms = (X**2).sum(axis=1)
    orders, ends = _kernels.grow_trees(X, 4, 50)
    descent = _kernels.Descent(X, norms, "manhattan", 20, 64)
    for order in orders:
        descent.meet_in_leaves(order.copy(), ends)

    while descent.meet_at_neighbors():
        pass

    values, rows = descent.lists()
    true = true_neighbors(X, 20, "manhattan")
    assert shared(true, rows) > 0.99
    np.testing.assert_allclose(
        values, np.take_along_axis(all_distances(X, "manhattan"), rows.astype(int), 1), rtol=1e-5
    )


def test_leaves_hold_every_row_once(rng):
    sketch = rng.normal(size=(1000, 8)).astype(np.float32)

    orders, ends = _kernels.grow_trees(sketch, 3, 40, n_threads=2)

    sizes = np.diff(np.concatenate([[0], ends]))
    assert np.array_equal(np.sort(orders, axis=1), np.tile(np.arange(1000), (3, 1)))
    assert sizes.min() > 19
    assert sizes.max() <= 40
    assert not np.array_equal(orders[0], orders[1])
    first = sketch[orders[0][: ends[0]]]
    assert first.var(axis=0).sum() < 0.8 * sketch.var(axis=0).sum()


def test_few_rows_are_searched_exactly_and_many_are_not(rng, monkeypatch):
    X = rng.normal(size=(300, 4))

    few = nearest_neighbors(X, 5)
    monkeypatch.setattr("driftglass.neighbors._work.GATHERED", 1e-9)
    many = nearest_neighbors(X, 5)

    assert (few.method, many.method) == ("exact", "approximate")
    np.testing.assert_array_equal(few.indices, exact_neighbors(X, 5).indices)
    assert shared(few.indices, many.indices) > 0.99


@pytest.mark.parametrize("n", [2, 3, 20])
def test_fewer_rows_than_neighbours_are_said(rng, n):
    with pytest.warns(DriftglassWarning, match=f"lowered to {n - 1}"):
        graph = approximate_neighbors(rng.normal(size=(n, 3)), 25)

    assert graph.indices.shape == (n, n - 1)
    assert graph.recall == 1.0


def test_one_row_has_no_neighbours():
    with pytest.warns(DriftglassWarning, match="lowered to 0"):
        assert approximate_neighbors([[1.0, 2.0]], 3).indices.shape == (1, 0)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_rows_are_neighbours_of_each_other(metric):
    X = np.tile(np.array([2.0, 1.0, 5.0]), (300, 1))

    graph = approximate_neighbors(X, 10, metric=metric)

    assert (graph.indices >= 0).all()
    assert graph.recall == 1.0  # others would be as near
    assert np.isfinite(graph.distances).all()


def test_rows_of_zeros_are_said_where_direction_counts(mixture):
    X = mixture[:400].copy()
    X[:3] = 0

    with pytest.warns(DriftglassWarning, match="3 rows are all zeros"):
        graph = approximate_neighbors(X, 5, metric="cosine")

    np.testing.assert_allclose(graph.distances[:3], 1.0)


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_the_unit_does_not_matter(mixture, scale):
    X = mixture[:600]

    graph = approximate_neighbors(X.astype(np.float64) * scale, 5)

    reference = approximate_neighbors(X, 5)
    assert shared(graph.indices, reference.indices) > 0.99
    np.testing.assert_allclose(graph.distances / scale, reference.distances, rtol=1e-3)


def test_a_search_can_be_stopped_from_outside(mixture):
    def stop(done, total, what):
        assert 0 <= done <= total
        if "neighbours" in what:
            raise Cancelled

    with pytest.raises(Cancelled):
        approximate_neighbors(mixture[:500], 5, progress=stop)


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        (np.ones((5, 2)), {"metric": "taxi"}, InvalidInputError, "metric is 'taxi'; one of"),
        (np.ones((5, 2)), {"n_neighbors": -1}, InvalidInputError, "n_neighbors is -1"),
        (np.full((5, 2), np.nan), {}, InvalidInputError, "5 of 5 rows of X are not finite"),
        (np.ones((5, 0)), {}, ShapeError, "no features"),
        (np.ones(5), {}, ShapeError, "one dimension"),
    ],
)
def test_names_what_cannot_be(X, options, error, message):
    with pytest.raises(error, match=message):
        approximate_neighbors(X, **{"n_neighbors": 2, **options})


def test_refuses_a_method_that_is_not_there(mixture):
    with pytest.raises(InvalidInputError, match="method is 'guess'"):
        nearest_neighbors(mixture, 3, method="guess")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"order": np.array([0, 9], np.int32)}, "a leaf has rows that are not there"),
        ({"ends": np.array([1], np.int32)}, "a leaf has rows that are not there"),
        ({"ends": np.array([2, 2], np.int32)}, "a leaf has rows that are not there"),
    ],
)
def test_the_kernel_refuses_what_would_read_past_the_end(change, message):
    X = np.zeros((4, 16), np.float32)
    descent = _kernels.Descent(X, np.zeros(4, np.float32), "sqeuclidean", 2, 2)
    arguments = {"order": np.array([0, 1], np.int32), "ends": np.array([2], np.int32), **change}

    with pytest.raises(ValueError, match=message):
        descent.meet_in_leaves(**arguments)


@pytest.mark.parametrize("measure", ["sqeuclidean", "inner_product", "manhattan"])
def test_rounds_equal_the_reference(rng, measure):
    X = rng.integers(-9, 10, size=(150, 16)).astype(np.float32)  # exact, and often tied
    norms = (X**2).sum(axis=1)
    product = X @ X.T
    D = {
        "sqeuclidean": norms[:, None] + norms - 2 * product,
        "inner_product": -product,
        "manhattan": np.abs(X[:, None] - X).sum(axis=2),
    }[measure]
    orders, ends = _kernels.grow_trees(X, 2, 20, seed=5)
    descent = _kernels.Descent(X, norms, measure, 9, 6, seed=5, n_threads=2)
    expected = reference.Lists(D, 9, 6, 5)

    for order in orders:
        descent.meet_in_leaves(order.copy(), ends)
        expected.meet_in_leaves(order, ends)
    for turn in range(3):
        assert descent.meet_at_neighbors() == expected.meet_at_neighbors(turn)

        assert descent.lists()[1].tolist() == expected.rows()


def test_rows_without_structure_get_a_second_effort(rng, monkeypatch):
    X = rng.normal(size=(4000, 40)).astype(np.float32)
    true = true_neighbors(X, 10, "euclidean")

    graph = approximate_neighbors(X, 10)
    monkeypatch.setattr("driftglass.neighbors._descent.GOOD_RECALL", 0.0)
    with pytest.warns(DriftglassWarning, match=r"Only \d\d% of the true neighbours"):
        once = approximate_neighbors(X, 10)

    assert shared(true, once.indices) < 0.95
    assert shared(true, graph.indices) > 0.97
    assert graph.recall == pytest.approx(shared(true, graph.indices), abs=0.015)


def test_neighbours_given_are_compared(rng):
    X = rng.normal(size=(50, 16)).astype(np.float32)
    given = rng.integers(-1, 50, size=(50, 6)).astype(np.int32)
    descent = _kernels.Descent(X, (X**2).sum(axis=1), "manhattan", 6, 4)

    descent.meet_given(given)

    values, rows = descent.lists()
    for i in range(50):
        others = sorted(set(given[i].tolist()) - {-1, i})
        assert sorted(rows[i][rows[i] >= 0].tolist()) == others
        expected = sorted(np.abs(X[i] - X[others]).sum(axis=1))
        np.testing.assert_allclose(values[i][: len(others)], expected, rtol=1e-5)
    with pytest.raises(ValueError, match="a neighbour is not a row"):
        descent.meet_given(np.full((50, 1), 50, np.int32))


@pytest.fixture
def moved(mixture):
    """The same rows a training step later."""
    return mixture + np.random.default_rng(1).normal(size=mixture.shape).astype(np.float32) * 0.2


@pytest.mark.parametrize("metric", METRICS)
def test_neighbours_of_before_are_a_start(mixture, moved, metric):
    before = approximate_neighbors(mixture, 15, metric=metric)

    graph = approximate_neighbors(moved, 15, metric=metric, init=before)

    assert shared(true_neighbors(moved, 15, metric), graph.indices) > 0.97
    assert graph.recall > 0.97


def test_a_warm_start_compares_fewer_pairs(mixture, moved, monkeypatch):
    seen = []
    real = _kernels.Descent

    class Counting:
        def __init__(self, *arguments, **options):
            self.descent = real(*arguments, **options)
            seen.append({"leaves": 0, "rounds": 0})

        def __getattr__(self, name):
            seen[-1]["leaves"] += name == "meet_in_leaves"
            seen[-1]["rounds"] += name == "meet_at_neighbors"
            return getattr(self.descent, name)

    before = approximate_neighbors(mixture, 15)
    monkeypatch.setattr("driftglass.neighbors._descent._kernels.Descent", Counting)
    approximate_neighbors(moved, 15)
    approximate_neighbors(moved, 15, init=before)

    cold, warm = seen[0], seen[-1]
    assert warm["leaves"] < cold["leaves"]
    assert warm["rounds"] <= cold["rounds"]


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "inner_product"])
def test_all_pairs_of_rounded_rows_miss_hardly_any(mixture, moved, metric, monkeypatch):
    monkeypatch.setattr("driftglass.neighbors._exact.rounding_pays", lambda n, d: True)
    monkeypatch.setattr("driftglass.neighbors._approximate.work_of_rounding", lambda n, d: 0.0)
    monkeypatch.setattr("driftglass.neighbors._rounded.SAMPLED", 256)

    before = approximate_neighbors(mixture, 15, metric=metric)
    warm = [approximate_neighbors(moved, 15, metric=metric, init=before, n_jobs=n) for n in (1, 8)]

    assert shared(true_neighbors(mixture, 15, metric), before.indices) > 0.999
    assert shared(true_neighbors(moved, 15, metric), warm[0].indices) > 0.999
    assert warm[0].recall > 0.999
    assert warm[0].indices.tobytes() == warm[1].indices.tobytes()


@pytest.mark.parametrize(
    ("init", "error", "message"),
    [
        (7, InvalidInputError, "init is int; a NeighborGraph is needed"),
        (exact_neighbors(np.eye(4), 2), ShapeError, "init holds 4 of 4 rows; the 5 rows of X"),
        (exact_neighbors(np.eye(5), 2, queries=[1]), ShapeError, "init holds 1 of 5 rows"),
    ],
)
def test_a_start_of_other_rows_is_refused(init, error, message):
    with pytest.raises(error, match=message):
        approximate_neighbors(np.eye(5), 2, init=init)


def test_the_choice_is_said(rng, monkeypatch):
    X = rng.normal(size=(300, 4))

    assert "Exact search was chosen" in nearest_neighbors(X, 5).notes[-1]
    monkeypatch.setattr("driftglass.neighbors._work.GATHERED", 1e-9)
    assert "Approximate search was chosen" in nearest_neighbors(X, 5).notes[-1]
    assert nearest_neighbors(X, 5, method="exact").notes == ()
