"""Every native kernel, in every variant this processor has, against its plain NumPy twin."""

from __future__ import annotations

import multiprocessing
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference import select as reference

from driftglass import _kernels

VARIANTS = _kernels.cpu_features()
each_variant = pytest.mark.parametrize("variant", VARIANTS)


def select(products, offsets, k, *, variant="auto", block=(16, 100), n_threads=1, order=1):
    n_rows, n_columns = products.shape
    selection = _kernels.Selection(n_rows, k, offsets, variant=variant, n_threads=n_threads)
    for row in range(0, n_rows, block[0]):
        for column in list(range(0, n_columns, block[1]))[::order]:
            part = products[row : row + block[0], column : column + block[1]]
            selection.update(np.ascontiguousarray(part), row, column)
    return selection.smallest()


def assert_selects_like_the_reference(products, offsets, k, **options):
    values, columns = select(products, offsets, k, **options)
    expected = reference.smallest(reference.selection_values(products, offsets), k)
    np.testing.assert_array_equal(columns, expected[1])
    np.testing.assert_array_equal(values, expected[0])


def test_baseline_is_always_there_and_comes_first():
    assert VARIANTS[0] == "baseline"


@each_variant
@pytest.mark.parametrize("k", [1, 2, 15, 47, 333, 1000])
def test_selects_the_k_smallest(rng, variant, k):
    products = rng.normal(size=(37, 1000)).astype(np.float32)
    offsets = rng.normal(size=1000).astype(np.float32)

    assert_selects_like_the_reference(products, offsets, k, variant=variant)


@each_variant
@pytest.mark.parametrize("n_columns", [1, 7, 31, 32, 33, 63, 64, 65, 129])
def test_selects_from_any_width(rng, variant, n_columns):
    products = rng.normal(size=(5, n_columns)).astype(np.float32)
    offsets = np.zeros(n_columns, dtype=np.float32)

    for k in {1, n_columns}:
        assert_selects_like_the_reference(
            products, offsets, k, variant=variant, block=(5, n_columns)
        )


@each_variant
@pytest.mark.parametrize("order", [1, -1])
def test_breaks_ties_by_lower_column_whatever_the_order_of_blocks(rng, variant, order):
    products = rng.integers(0, 3, size=(20, 700)).astype(np.float32)
    offsets = rng.integers(0, 2, size=700).astype(np.float32)

    for k in (1, 15, 120):
        assert_selects_like_the_reference(products, offsets, k, variant=variant, order=order)


@each_variant
def test_takes_the_first_columns_when_all_are_equal(variant):
    products = np.zeros((3, 5000), dtype=np.float32)
    offsets = np.zeros(5000, dtype=np.float32)

    _, columns = select(products, offsets, 4, variant=variant)

    assert columns.tolist() == [[0, 1, 2, 3]] * 3


@each_variant
def test_orders_infinities_last_and_nan_with_them(variant):
    products = np.full((2, 300), -np.inf, dtype=np.float32)  # values of +inf
    products[0, 200] = np.nan
    products[0, 100] = 5
    products[1, 250] = np.inf  # a value of -inf
    offsets = np.zeros(300, dtype=np.float32)

    for k in (1, 3, 300):
        assert_selects_like_the_reference(products, offsets, k, variant=variant)


@each_variant
def test_treats_zeros_of_both_signs_as_equal(variant):
    products = np.zeros((1, 128), dtype=np.float32)
    offsets = np.where(np.arange(128) % 2, np.float32(-0.0), np.float32(0.0))

    _, columns = select(products, offsets, 10, variant=variant)

    assert columns.tolist() == [list(range(10))]


@given(
    data=arrays(np.float32, (6, 90), elements=st.floats(-4, 4, width=32)),
    k=st.integers(1, 90),
    width=st.integers(1, 90),
)
def test_any_blocks_give_the_same_as_sorting(data, k, width):
    offsets = data[0].copy()

    for variant in VARIANTS:
        assert_selects_like_the_reference(data, offsets, k, variant=variant, block=(4, width))


@each_variant
def test_a_mirrored_block_serves_both_of_its_rows(rng, variant):
    X = rng.integers(-3, 4, size=(260, 5)).astype(np.float32)
    offsets = (X**2).sum(axis=1)
    selection = _kernels.Selection(260, 12, offsets, variant=variant, n_threads=2)
    parts = [slice(0, 100), slice(100, 200), slice(200, 260)]
    for i, upper in reversed(list(enumerate(parts))):
        for lower in parts[i:]:
            selection.update(
                X[upper] @ X[lower].T, upper.start, lower.start, mirrored=lower != upper
            )
    values, columns = selection.smallest()

    expected = reference.smallest(reference.selection_values(X @ X.T, offsets), 12)
    np.testing.assert_array_equal(columns, expected[1])
    np.testing.assert_array_equal(values, expected[0])


@each_variant
@pytest.mark.parametrize("n_threads", [2, 3, 8])
def test_threads_do_not_change_a_selection(rng, variant, n_threads):
    products = rng.normal(size=(200, 900)).astype(np.float32)
    offsets = np.zeros(900, dtype=np.float32)

    one = select(products, offsets, 20, variant=variant, block=(200, 300))
    many = select(products, offsets, 20, variant=variant, block=(200, 300), n_threads=n_threads)

    np.testing.assert_array_equal(one, many)


def test_fills_rows_that_were_offered_too_little():
    selection = _kernels.Selection(2, 3, np.zeros(5, dtype=np.float32))
    selection.update(np.array([[1.0, 2.0]], dtype=np.float32), 1, 3)

    values, columns = selection.smallest()

    assert columns.tolist() == [[-1, -1, -1], [4, 3, -1]]
    assert values.tolist() == [[np.inf] * 3, [-4.0, -2.0, np.inf]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, block: s.update(block, 3, 0), "rows past the end"),
        (lambda s, block: s.update(block, 0, 3), "columns past the end"),
        (lambda s, block: s.update(block, 0, 1, mirrored=True), "above the diagonal"),
        (lambda s, block: _kernels.Selection(1, 0, block[0]), "k must be at least 1"),
        (lambda s, block: _kernels.Selection(1, 1, block[0], variant="mmx"), "Available: auto"),
    ],
)
def test_refuses_what_would_read_past_the_end(call, message):
    selection = _kernels.Selection(4, 1, np.zeros(4, dtype=np.float32))

    with pytest.raises(ValueError, match=message):
        call(selection, np.zeros((2, 2), dtype=np.float32))


def test_refuses_other_dtypes_and_layouts():
    selection = _kernels.Selection(4, 1, np.zeros(4, dtype=np.float32))

    with pytest.raises(TypeError):
        selection.update(np.zeros((2, 2)), 0, 0)
    with pytest.raises(TypeError):
        selection.update(np.zeros((4, 4), dtype=np.float32).T[:2], 0, 0)


@each_variant
@pytest.mark.parametrize("metric", ["sqeuclidean", "cosine"])
@pytest.mark.parametrize("d", [1, 15, 16, 49, 768])
def test_nearest_candidates_equal_the_definition(rng, variant, metric, d):
    X = rng.normal(size=(60, d)).astype(np.float32)
    X[7] = 0
    X[9] = X[8]
    rows = np.array([7, 8, 3], dtype=np.int32)
    candidates = np.stack([rng.permutation(60)[:20] for _ in rows]).astype(np.int32)
    candidates[1, :2] = 9, -1

    distances, indices = _kernels.nearest_candidates(
        X, rows, candidates, 10, metric=metric, variant=variant, n_threads=2
    )

    expected = reference.nearest_candidates(X, rows, candidates, 10, metric)
    np.testing.assert_allclose(distances, expected[0], rtol=1e-12, atol=1e-15)
    assert len(set(indices[0])) == 10
    if metric == "sqeuclidean":
        np.testing.assert_array_equal(indices, expected[1])


@each_variant
@pytest.mark.parametrize("metric", ["sqeuclidean", "cosine"])
def test_queries_may_be_other_rows(rng, variant, metric):
    X, Q = rng.normal(size=(60, 33)), rng.normal(size=(4, 33))
    X, Q = X.astype(np.float32), Q.astype(np.float32)
    Q[2] = 0
    rows = np.array([3, 2, 0], dtype=np.int32)
    candidates = np.tile(np.arange(60, dtype=np.int32), (3, 1))

    distances, indices = _kernels.nearest_candidates(
        X, rows, candidates, 5, queries=Q, metric=metric, variant=variant
    )

    expected = reference.nearest_candidates(X, rows, candidates, 5, metric, Q)
    np.testing.assert_allclose(distances, expected[0], rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(indices, expected[1])


def test_queries_of_another_width_are_refused():
    X, Q = np.zeros((3, 2), dtype=np.float32), np.zeros((3, 4), dtype=np.float32)
    row = np.array([0], dtype=np.int32)

    with pytest.raises(ValueError, match="one width"):
        _kernels.nearest_candidates(X, row, row[None], 1, queries=Q)


@pytest.mark.parametrize("metric", ["sqeuclidean", "cosine"])
def test_every_variant_gives_the_same_bits(rng, metric):
    X = rng.normal(size=(200, 131)).astype(np.float32)
    rows = np.arange(200, dtype=np.int32)
    candidates = np.tile(rows, (200, 1))

    results = [
        _kernels.nearest_candidates(X, rows, candidates, 200, metric=metric, variant=variant)
        for variant in VARIANTS
    ]

    for distances, indices in results:
        assert distances.tobytes() == results[0][0].tobytes()
        assert indices.tobytes() == results[0][1].tobytes()


def test_distance_is_the_same_in_both_directions(rng):
    X = rng.normal(size=(2, 50)).astype(np.float32)
    there, back = (
        _kernels.nearest_candidates(X, np.array([a], "i4"), np.array([[b]], "i4"), 1)[0]
        for a, b in ((0, 1), (1, 0))
    )

    assert there == back


def test_refuses_candidates_outside_the_data():
    X = np.zeros((3, 2), dtype=np.float32)

    with pytest.raises(ValueError, match="not a row of X"):
        _kernels.nearest_candidates(X, np.array([0], "i4"), np.array([[3]], "i4"), 1)
    with pytest.raises(ValueError, match="not a row of X"):
        _kernels.nearest_candidates(X, np.array([-1], "i4"), np.array([[0]], "i4"), 1)


@each_variant
@pytest.mark.parametrize("n_limits", [1, 3, 4, 15])
def test_counts_what_lies_below(rng, variant, n_limits):
    values = rng.integers(0, 50, size=(9, 203)).astype(np.float64)
    values[0, :3] = np.nan, np.inf, -np.inf
    limits = rng.integers(0, 50, size=(9, n_limits)).astype(np.float64)

    counts = _kernels.count_below(values, limits, variant=variant, n_threads=2)

    np.testing.assert_array_equal(counts, reference.count_below(values, limits))


def test_runs_from_several_python_threads_at_once(rng):
    values = rng.normal(size=(64, 2000))
    expected = reference.count_below(values, values[:, :3])
    wrong = []

    def work():
        for _ in range(20):
            counts = _kernels.count_below(values, values[:, :3].copy(), n_threads=3)
            if not np.array_equal(counts, expected):
                wrong.append(counts)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong


def _count_in_child(queue):
    values = np.arange(10000.0).reshape(10, 1000)
    queue.put(_kernels.count_below(values, values[:, 500:501].copy(), n_threads=4).tolist())


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_works_in_a_forked_child_after_use_in_the_parent():
    values = np.zeros((10, 1000))
    _kernels.count_below(values, values[:, :1].copy(), n_threads=4)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_count_in_child, args=(queue,))
    child.start()

    counts = queue.get(timeout=30)

    child.join(timeout=30)
    assert counts == [[500]] * 10
    assert child.exitcode == 0
