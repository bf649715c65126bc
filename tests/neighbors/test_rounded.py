from __future__ import annotations

import numpy as np
import pytest
from reference import neighbors as plain
from reference import rounded as reference

from driftglass import _kernels
from driftglass._progress import Cancelled
from driftglass.neighbors import _exact, _rounded, exact_neighbors
from driftglass.parallel import Threads

UNITS = _kernels.product_units()


@pytest.fixture
def threads():
    with Threads(2) as executor:
        yield executor


@pytest.fixture
def by_rounding(monkeypatch):
    """Round even where rows are few and the processor is slow at it."""
    monkeypatch.setattr(_exact, "rounding_pays", lambda n, d: True)
    monkeypatch.setattr(_exact, "ROUNDED_QUERIES", 1)


def kernel_rows(X, order=None, **options):
    order = np.arange(len(X), dtype=np.int32) if order is None else order
    mean = options.pop("mean", X.mean(axis=0, dtype=np.float64))
    return _kernels.Rounded(X, order, mean, n_threads=2, **options)


@pytest.mark.parametrize("options", [{}, {"normalized": True}, {"centered": True}, {"factor": 0.5}])
def test_rows_are_rounded_as_the_reference_says(rng, options):
    X = rng.normal(size=(50, 70)).astype(np.float32)
    X[7] = 0
    mean, order = rng.normal(size=70), rng.permutation(50).astype(np.int32)

    rows = kernel_rows(X, order, mean=mean, **options)

    integers, scales, residuals, projections = reference.rounded(X[order], mean, **options)
    assert rows.integers.shape == (50, 128)
    assert not rows.integers[:, 70:].any()
    assert (rows.integers[:, :70] != integers).mean() < 1e-3  # halves may round either way
    np.testing.assert_allclose(rows.scales, scales, rtol=1e-6)
    np.testing.assert_allclose(rows.residuals, residuals, rtol=1e-6)
    np.testing.assert_allclose(rows.projections, projections, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"normalized": True, "centered": True}])
@pytest.mark.parametrize("d", [1, 7, 64, 131])
def test_every_instruction_set_rounds_to_the_same_bits(rng, d, options):
    X = rng.normal(size=(40, d)).astype(np.float32)

    made = [kernel_rows(X, variant=name, **options) for name in _kernels.cpu_features()]

    for rows in made[1:]:
        for name in ("integers", "scales", "norms", "residuals", "projections"):
            assert getattr(rows, name).tobytes() == getattr(made[0], name).tobytes()


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("n", [1, 31, 512, 1100])
def test_all_pairs_equal_the_reference(rng, unit, n):
    rows = kernel_rows(rng.normal(size=(n, 130)).astype(np.float32))
    integers, scales, offsets = rows.integers.astype(np.int64), rows.scales, rows.norms
    search = _kernels.AllPairs(rows, offsets, 9, unit=unit, n_threads=2)

    search.run(0, search.n_rounds)
    values, columns = search.smallest()

    expected = reference.pair_values(integers, scales, offsets, integers, scales, offsets)
    np.fill_diagonal(expected, np.inf)
    for found, wanted in zip((values, columns), reference.smallest(expected, 9), strict=True):
        np.testing.assert_array_equal(found[:, : min(n, 9)], wanted)


@pytest.mark.parametrize("unit", UNITS)
def test_some_rows_against_all_equal_the_reference(rng, unit):
    rows = kernel_rows(rng.normal(size=(700, 20)).astype(np.float32))
    which = rng.permutation(700)[:45].astype(np.int32)
    integers, scales, offsets = rows.integers.astype(np.int64), rows.scales, rows.norms
    V = reference.pair_values(
        integers[which], scales[which], offsets[which], integers, scales, offsets
    )
    limits = np.sort(V, axis=1)[np.arange(45), rng.integers(0, 30, 45)]

    found = _kernels.search_rounded(
        rows.take(which), offsets[which], rows, offsets, limits, 12, unit=unit, n_threads=2
    )

    for values, wanted in zip(found, reference.smallest(V, 12, limits), strict=True):
        np.testing.assert_array_equal(values, wanted)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("n", [40, 3000])
def test_rows_of_chosen_cells_equal_the_reference(rng, unit, n):
    rows = kernel_rows(rng.normal(size=(n, 20)).astype(np.float32))
    asked = rows.take(rng.integers(0, n, 70).astype(np.int32))
    cuts = np.sort(rng.integers(0, n + 1, 11))
    starts = np.concatenate([[0], cuts, [n]])
    chosen = np.array([rng.permutation(12)[:3] for _ in range(70)], dtype=np.int32)
    V = reference.pair_values(
        asked.integers.astype(np.int64), asked.scales, asked.norms,
        rows.integers.astype(np.int64), rows.scales, rows.norms,
    )  # fmt: skip
    cell = np.repeat(np.arange(12), np.diff(starts))
    V[~(cell == chosen[:, :, None]).any(axis=1)] = np.inf

    found = _kernels.near_cells(
        asked, asked.norms, rows, rows.norms, starts, chosen, 9, unit=unit, n_threads=2
    )

    for values, wanted in zip(found, reference.smallest(V, 9), strict=True):
        np.testing.assert_array_equal(values, wanted)


@pytest.mark.parametrize(
    ("starts", "chosen", "message"),
    [
        ([0, 10, 40], np.full((40, 1), 2), "a cell is not there"),
        ([0, 10, 40], np.full((40, 1), -1), "a cell is not there"),
        ([0, 50, 40], np.zeros((40, 1)), "a cell is not there"),
        ([0, 10, 41], np.zeros((40, 1)), "cells hold all rows"),
        ([], np.zeros((40, 1)), "cells hold all rows"),
        ([0, 40], np.zeros((39, 1)), "one row of cells per query"),
    ],
)
def test_cells_that_lead_nowhere_are_refused(rng, starts, chosen, message):
    rows = kernel_rows(rng.normal(size=(40, 20)).astype(np.float32))

    with pytest.raises(ValueError, match=message):
        _kernels.near_cells(
            rows, rows.norms, rows, rows.norms,
            np.array(starts, dtype=np.int64), chosen.astype(np.int32), 3,
        )  # fmt: skip


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_bounds_hold_for_every_pair(rng, metric, threads):
    X = (rng.normal(size=(600, 40)) * rng.gamma(1.0, size=(600, 1))).astype(np.float32)
    X[::50] = 0
    wide = X.astype(np.float64)
    D = {
        "euclidean": plain.all_distances(X) ** 2,
        "cosine": plain.all_distances(X, "cosine"),
        "inner_product": -(wide @ wide.T),
    }[metric]

    rows = _rounded.RoundedRows.of(X, metric, threads)
    for found, at in (
        (rows.all_pairs(20, threads), rows.order),
        (rows.against_all(np.arange(0, 600, 7, dtype=np.int32), 20, threads), np.arange(0, 600, 7)),
    ):
        there = np.take_along_axis(D[at], found.columns.astype(int), axis=1)
        assert (found.bounds <= there + 1e-9).all()
        inside = np.zeros((len(at), 600), dtype=bool)
        np.put_along_axis(inside, found.columns.astype(int), True, axis=1)
        assert (np.where(inside, np.inf, D[at]).min(axis=1) >= found.outside - 1e-9).all()


def test_a_reach_leaves_out_only_what_is_farther(rng, threads):
    X = rng.normal(size=(600, 10)).astype(np.float32)
    D = plain.all_distances(X) ** 2
    which = np.arange(0, 600, 11, dtype=np.int32)
    reach = np.sort(D[which], axis=1)[:, 30]

    found = _rounded.RoundedRows.of(X, "euclidean", threads).against_all(
        which, 200, threads, reach=reach
    )

    for row, columns, limit in zip(which, found.columns, reach, strict=True):
        within = set(np.flatnonzero(D[row] <= limit))
        assert within <= set(columns.tolist())
    assert (found.columns < 0).any()
    assert (found.outside > reach).all()


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "inner_product"])
@pytest.mark.parametrize("d", [1, 2, 50, 300])
def test_neighbours_by_rounding_are_exact(rng, by_rounding, metric, d):
    if d < 3 and metric == "correlation":
        pytest.skip("rows of one or two values have all the same correlation")
    X = rng.normal(size=(1300, d)).astype(np.float32)

    graph = exact_neighbors(X, 15, metric=metric)

    wide = X.astype(np.float64)
    if metric == "correlation":
        wide = (wide - wide.mean(axis=1, keepdims=True)).astype(np.float32).astype(np.float64)
    D = (
        -(wide @ wide.T)
        if metric == "inner_product"
        else plain.all_distances(wide, "euclidean" if metric == "euclidean" else "cosine")
    )
    np.fill_diagonal(D, np.inf)
    np.testing.assert_allclose(graph.distances, np.sort(D, axis=1)[:, :15], rtol=1e-5, atol=1e-6)
    same = graph.indices == np.argsort(D, axis=1, kind="stable")[:, :15]
    assert same.mean() > (0.999 if d > 2 or metric == "euclidean" else 0.0)


@pytest.mark.parametrize("kind", ["clusters far apart", "equal rows", "one long row", "a grid"])
def test_neighbours_by_rounding_are_exact_where_it_is_too_coarse(rng, by_rounding, kind):
    X = rng.normal(size=(900, 12)).astype(np.float32)
    if kind == "clusters far apart":
        X[:450] += 1e4
    elif kind == "equal rows":
        X[rng.permutation(900)[:600]] = 1.5
    elif kind == "one long row":
        X[5] *= 1e5
    else:
        X = rng.permutation(np.stack(np.mgrid[:30, :30], axis=-1).reshape(-1, 2))

    graph = exact_neighbors(X, 10)

    indices, distances = plain.exact_neighbors(X, 10)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-6, atol=1e-12)


def test_all_pairs_and_rows_at_a_time_agree(rng, by_rounding, monkeypatch):
    X = rng.normal(size=(1500, 30)).astype(np.float32)
    graph = exact_neighbors(X, 12)
    monkeypatch.setattr(_rounded, "LISTS_BYTES", 1000)

    at_a_time = exact_neighbors(X, 12)

    assert at_a_time.indices.tobytes() == graph.indices.tobytes()
    assert at_a_time.distances.tobytes() == graph.distances.tobytes()


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "inner_product"])
def test_threads_and_rounding_change_no_byte(rng, by_rounding, monkeypatch, metric):
    X = rng.normal(size=(1500, 30)).astype(np.float32)
    graphs = [exact_neighbors(X, 12, metric=metric, n_jobs=n) for n in (1, 2, 8)]
    monkeypatch.setattr(_exact, "rounding_pays", lambda n, d: False)
    graphs.append(exact_neighbors(X, 12, metric=metric))

    for graph in graphs[1:]:
        assert graph.indices.tobytes() == graphs[0].indices.tobytes()
        assert graph.distances.tobytes() == graphs[0].distances.tobytes()


def test_a_search_of_all_pairs_can_be_stopped(rng, by_rounding):
    def stop(done, total, what):
        if done > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        exact_neighbors(rng.normal(size=(20_000, 4)).astype(np.float32), 5, progress=stop)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: _kernels.AllPairs(r, r.norms, 0), "k is at least 1"),
        (lambda r: _kernels.AllPairs(r, r.norms[:3].copy(), 1), "one offset per row"),
        (lambda r: _kernels.AllPairs(r, r.norms, 1, unit="gpu"), "Available: auto, baseline"),
        (lambda r: _kernels.AllPairs(r, r.norms, 1).run(0, 9), "not as many rounds"),
        (lambda r: r.take(np.array([4], np.int32)), "a row is not there"),
    ],
)
def test_the_kernels_refuse_what_would_read_past_the_end(rng, call, message):
    rows = kernel_rows(rng.normal(size=(4, 3)).astype(np.float32))

    with pytest.raises(ValueError, match=message):
        call(rows)


@pytest.mark.parametrize("unit", UNITS)
def test_near_blocks_equal_the_reference(rng, unit):
    rows = kernel_rows(rng.normal(size=(1700, 20)).astype(np.float32))
    integers, scales, offsets = rows.integers.astype(np.int64), rows.scales, rows.norms
    starts, blocks = np.array([0, 1, 3, 3, 5]), np.array([0, 1, 3, 2, 3], dtype=np.int32)
    limits = np.full(1700 - 512, np.inf, dtype=np.float32)

    values, columns = _kernels.near_blocks(
        rows, offsets, starts, blocks, limits, 1, 4, 6, unit=unit, n_threads=2
    )

    V = reference.pair_values(integers, scales, offsets, integers, scales, offsets)
    at = np.arange(1700) // 512
    for block, near in ((1, [1, 3]), (2, []), (3, [2, 3])):
        there = np.where(np.isin(at, near), V[at == block], np.inf)
        here = at[512:] == block
        for found, wanted in zip(
            (values, columns), reference.smallest(there, 6, limits[here]), strict=True
        ):
            np.testing.assert_array_equal(found[here], wanted)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"blocks": np.array([9], np.int32)}, "a block is not there"),
        ({"starts": np.array([0, 2])}, "a block is not there"),
        ({"first": 1, "last": 1}, "not as many blocks"),
        ({"limits": np.zeros(3, np.float32)}, "one limit per row"),
    ],
)
def test_near_blocks_refuse_what_would_read_past_the_end(rng, change, message):
    rows = kernel_rows(rng.normal(size=(4, 3)).astype(np.float32))
    given = {
        "starts": np.array([0, 1]),
        "blocks": np.array([0], np.int32),
        "limits": np.zeros(4, np.float32),
        "first": 0,
        "last": 1,
        **change,
    }

    with pytest.raises(ValueError, match=message):
        _kernels.near_blocks(rows, rows.norms, k=2, **given)
