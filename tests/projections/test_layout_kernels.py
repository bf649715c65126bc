from __future__ import annotations

import numpy as np
import pytest
from reference import umap as reference

from driftglass import _kernels
from driftglass.neighbors import exact_neighbors

VARIANTS = _kernels.cpu_features()
FORCES = {"a": 1.577, "b": 0.895, "repulsion": 1.0, "rate": 1.0, "negatives": 5}


@pytest.fixture
def graph(rng):
    """Fuzzy graph of 300 rows."""
    neighbors = exact_neighbors(rng.normal(size=(300, 6)), 14)
    weights, _, _ = _kernels.fuzzy_memberships(neighbors.distances, 1.0)
    return _kernels.fuzzy_union(neighbors.indices, weights, 1.0)


def laid_out(start, graph, *, first_epoch=0, last_epoch=20, n_epochs=20, **options):
    starts, columns, weights = graph
    Y = start.astype(np.float32)
    _kernels.optimize_layout(
        Y,
        Y,
        starts,
        columns,
        weights,
        first_epoch=first_epoch,
        last_epoch=last_epoch,
        n_epochs=n_epochs,
        **{**FORCES, "seed": 7, **options},
    )
    return Y


@pytest.mark.parametrize("connectivity", [0.0, 0.5, 1.0, 1.5, 2.0, 40.0])
def test_memberships_equal_the_reference(rng, connectivity):
    X = rng.normal(size=(60, 4))
    X[:5] = X[0]
    distances = exact_neighbors(X, 9).distances

    found = _kernels.fuzzy_memberships(distances, connectivity)

    for ours, theirs in zip(found, reference.memberships(distances, connectivity), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_memberships_add_up_to_the_logarithm_of_the_neighbours(rng):
    distances = exact_neighbors(rng.normal(size=(200, 5)), 14).distances

    memberships, _, _ = _kernels.fuzzy_memberships(distances, 1.0)

    np.testing.assert_allclose(memberships.sum(axis=1), np.log2(15), rtol=1e-5)
    assert (memberships[:, 0] == 1).all()


def test_equal_rows_are_full_neighbours():
    memberships, units, free = _kernels.fuzzy_memberships(np.zeros((6, 3), np.float32), 1.0)

    assert (memberships == 1).all()
    assert not units.any()
    assert not free.any()


@pytest.mark.parametrize("mix", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_union_equals_the_reference(rng, mix, n_threads):
    from scipy.sparse import csr_array

    indices = np.argsort(rng.random((80, 80)), axis=1)[:, :9].astype(np.int32)  # some are own rows
    weights = rng.random((80, 9)).astype(np.float32)

    starts, columns, joined = _kernels.fuzzy_union(indices, weights, mix, n_threads=n_threads)

    dense = csr_array((joined, columns, starts), shape=(80, 80)).toarray()
    np.testing.assert_allclose(dense, reference.union(indices, weights, mix), atol=1e-6)
    np.testing.assert_array_equal(dense, dense.T)
    for i in range(80):
        assert (np.diff(columns[starts[i] : starts[i + 1]]) > 0).all()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("n_components", [1, 2, 3, 5])
@pytest.mark.parametrize("n_blocks", [1, 8])
def test_an_epoch_equals_the_reference(rng, graph, variant, n_components, n_blocks):
    starts, columns, weights = graph
    start = rng.normal(size=(300, n_components)) * 3
    expected = start.astype(np.float32)
    forces = tuple(FORCES.values())

    Y = laid_out(start, graph, first_epoch=3, last_epoch=4, variant=variant, n_blocks=n_blocks)

    reference.epoch_of_layout(
        expected, expected, starts, columns, weights, forces, 3, 20, 7, np.arange(300), n_blocks
    )
    # Points went many units; forces are taken from a table.
    np.testing.assert_allclose(Y, expected, rtol=2e-4, atol=3e-2)


def losses(place, target):
    """Of an edge and of a random point: minus logarithms of the affinity and of its complement."""
    power = FORCES["a"] * ((place - target) ** 2).sum() ** FORCES["b"]
    return np.log1p(power), np.log1p(1 / power)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("n_components", [1, 2, 3, 6])
@pytest.mark.parametrize("distance", [0.6, 1.0, 2.5, 12.0])
def test_forces_equal_finite_differences(rng, variant, n_components, distance):
    target = rng.normal(size=n_components)
    away = rng.normal(size=n_components)
    place = target + distance * away / np.linalg.norm(away)
    slopes = np.empty((2, n_components))
    for c in range(n_components):
        h = 1e-5 * np.eye(n_components)[c]
        higher, lower = losses(place + h, target), losses(place - h, target)
        slopes[:, c] = (np.array(higher) - lower) / 2e-5
    rate = 1e-3

    def step(negatives):
        start = place[None].astype(np.float32)
        found = start.copy()
        _kernels.optimize_layout(
            found,
            target[None].astype(np.float32),
            np.array([0, 1], np.int64),
            np.zeros(1, np.int32),
            np.ones(1, np.float32),
            first_epoch=0,
            last_epoch=1,
            n_epochs=10,
            seed=1,
            variant=variant,
            **{**FORCES, "rate": rate, "negatives": negatives},
        )
        return (found - start)[0].astype(np.float64) / rate

    pull, both = step(0), step(20)

    largest = np.abs(slopes).max(axis=1)
    np.testing.assert_allclose(pull, -slopes[0], rtol=0.01, atol=0.01 * largest[0])
    np.testing.assert_allclose(
        (both - pull) / 20, -slopes[1], rtol=0.02, atol=0.02 * largest[1] + 2e-5
    )


def test_placing_equals_the_reference(rng):
    targets = rng.normal(size=(50, 2)).astype(np.float32)
    start = rng.normal(size=(20, 2)).astype(np.float32)
    columns = rng.integers(0, 50, size=20 * 4).astype(np.int32)
    shares = rng.random(80).astype(np.float32)
    starts = np.arange(21, dtype=np.int64) * 4
    keys = rng.integers(0, 2**63, size=20).astype(np.uint64)
    places, expected = start.copy(), start.copy()
    options = {"n_epochs": 9, "seed": 5, "n_blocks": 1}

    _kernels.optimize_layout(
        places,
        targets,
        starts,
        columns,
        shares,
        first_epoch=2,
        last_epoch=3,
        keys=keys,
        **FORCES,
        **options,
    )

    forces = tuple(FORCES.values())
    reference.epoch_of_layout(expected, targets, starts, columns, shares, forces, 2, 9, 5, keys, 1)
    np.testing.assert_allclose(places, expected, rtol=2e-4, atol=1e-3)


@pytest.mark.parametrize("n_components", [2, 3, 4])
def test_every_processor_and_thread_count_gives_the_same_bytes(rng, graph, n_components):
    start = rng.normal(size=(300, n_components))

    maps = [
        laid_out(start, graph, variant=variant, n_threads=n_threads)
        for variant in VARIANTS
        for n_threads in (1, 2, 8)
    ]

    for Y in maps:
        np.testing.assert_array_equal(Y, maps[0])


def test_many_points_give_the_same_bytes_at_any_thread_count(rng):
    neighbors = exact_neighbors(rng.normal(size=(9000, 4)), 5)  # several chunks to a block
    weights, _, _ = _kernels.fuzzy_memberships(neighbors.distances, 1.0)
    graph = _kernels.fuzzy_union(neighbors.indices, weights, 1.0)
    start = rng.normal(size=(9000, 2))

    maps = [laid_out(start, graph, n_threads=n_threads) for n_threads in (1, 2, 8)]

    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])


def test_epochs_in_two_calls_are_the_same_as_in_one(rng, graph):
    start = rng.normal(size=(300, 2))

    first = laid_out(start, graph, last_epoch=8)
    both = laid_out(first, graph, first_epoch=8)

    np.testing.assert_array_equal(both, laid_out(start, graph))


def test_another_seed_gives_another_map(rng, graph):
    start = rng.normal(size=(300, 2))

    assert not np.array_equal(laid_out(start, graph), laid_out(start, graph, seed=8))


def test_points_in_one_place_stay_there(graph):
    assert not laid_out(np.zeros((300, 2)), graph).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": np.array([0, 3], np.int32)}, "an edge leads nowhere"),
        ({"starts": np.array([0, 2, 1, 2], np.int64)}, "an edge leads nowhere"),
        ({"starts": np.array([0, 1, 2], np.int64)}, "starts has one entry more"),
        ({"shares": np.ones(1, np.float32)}, "one share per edge"),
        ({"targets": np.zeros((3, 1), np.float32)}, "one number of components"),
        ({"n_epochs": 0, "last_epoch": 0}, "epochs or blocks are missing"),
        ({"keys": np.zeros(2, np.uint64)}, "one key per position"),
    ],
)
def test_refuses_what_would_read_past_the_end(change, message):
    arguments = {
        "positions": np.zeros((3, 2), np.float32),
        "targets": np.zeros((3, 2), np.float32),
        "starts": np.array([0, 1, 2, 2], np.int64),
        "columns": np.array([1, 0], np.int32),
        "shares": np.ones(2, np.float32),
        **FORCES,
        "first_epoch": 0,
        "last_epoch": 1,
        "n_epochs": 1,
        "seed": 0,
    }

    with pytest.raises(ValueError, match=message):
        _kernels.optimize_layout(**{**arguments, **change})
