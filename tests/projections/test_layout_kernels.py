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
    made = {key: options.pop(key) for key in ("order", "n_blocks") if key in options}
    seed = options.pop("seed", 7)
    Y = start.astype(np.float32)
    layout = _kernels.EdgeLayout(*graph, Y.shape[1], n_epochs, seed=seed, **made)
    layout.run(Y, first_epoch, last_epoch, **{**FORCES, **options})
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
    start = rng.normal(size=(300, n_components)) * 10
    order = rng.permutation(300).astype(np.int32)
    expected = start.astype(np.float32)
    forces = {**FORCES, "rate": 0.1}  # with long steps, rounding grows from block to block
    options = {"order": order, "n_blocks": n_blocks, "variant": variant, **forces}

    Y = laid_out(start, graph, first_epoch=3, last_epoch=4, **options)

    forces = tuple(forces.values())
    reference.epoch_of_layout(expected, *graph, forces, 3, 20, 7, order, n_blocks)
    # Points went several units; forces are taken from a table.
    np.testing.assert_allclose(Y, expected, rtol=2e-4, atol=1e-2)


def test_edges_are_active_in_their_share_of_the_epochs():
    shares = np.array([1.0, 0.5, 0.25, 0.01], np.float32)

    turns = sum(
        reference.active_edges(shares, epoch, 100, 3, 5).astype(int) for epoch in range(100)
    )

    assert turns[0] == 100
    np.testing.assert_allclose(turns, 100 * shares, atol=1)


def test_a_deck_has_every_point_once():
    assert sorted(reference.deck(37, 4)) == list(range(37))


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
        _kernels.place_points(
            found,
            target[None].astype(np.float32),
            np.array([0, 1], np.int64),
            np.zeros(1, np.int32),
            np.ones(1, np.float32),
            np.zeros(1, np.uint64),
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


@pytest.mark.parametrize("variant", VARIANTS)
def test_placing_equals_the_reference(rng, variant):
    targets = rng.normal(size=(50, 2)).astype(np.float32)
    start = rng.normal(size=(20, 2)).astype(np.float32)
    columns = rng.integers(0, 50, size=20 * 4).astype(np.int32)
    shares = rng.random(80).astype(np.float32)
    starts = np.arange(21, dtype=np.int64) * 4
    keys = rng.integers(0, 2**63, size=20).astype(np.uint64)
    places, expected = start.copy(), start.copy()
    graph = (targets, starts, columns, shares)
    options = {"first_epoch": 2, "last_epoch": 4, "n_epochs": 9, "seed": 5, "variant": variant}

    _kernels.place_points(places, *graph, keys, **FORCES, **options)

    forces = tuple(FORCES.values())
    for epoch in (2, 3):
        reference.epoch_of_placing(expected, *graph, forces, epoch, 9, 5, keys)
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


def test_without_threads_a_racy_layout_is_one_with_turns_of_their_own(rng, graph):
    start = rng.normal(size=(300, 2))

    racy = laid_out(start, graph, racy=True)

    np.testing.assert_array_equal(racy, laid_out(start, graph, racy=True))
    assert not np.array_equal(racy, laid_out(start, graph))
    assert np.isfinite(racy).all()


WRONG_GRAPHS = [
    ({"columns": np.array([0, 3], np.int32)}, "an edge leads nowhere"),
    ({"starts": np.array([0, 2, 1, 2], np.int64)}, "an edge leads nowhere"),
    ({"starts": np.array([1, 1, 2, 2], np.int64)}, "an edge leads nowhere"),
    ({"n_epochs": 0, "last_epoch": 0}, "epochs.* are missing"),
]
GRAPH = {"starts": np.array([0, 1, 2, 2], np.int64), "columns": np.array([1, 0], np.int32)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *WRONG_GRAPHS,
        ({"starts": np.array([0, 1, 2], np.int64)}, "starts has one entry more"),
        ({"shares": np.ones(1, np.float32)}, "one number per edge"),
        ({"targets": np.zeros((3, 1), np.float32)}, "one number of components"),
        ({"keys": np.zeros(2, np.uint64)}, "one key per position"),
    ],
)
def test_placing_refuses_what_would_read_past_the_end(change, message):
    arguments = {
        "positions": np.zeros((3, 2), np.float32),
        "targets": np.zeros((3, 2), np.float32),
        **GRAPH,
        "shares": np.ones(2, np.float32),
        "keys": np.zeros(3, np.uint64),
        **FORCES,
        "first_epoch": 0,
        "last_epoch": 1,
        "n_epochs": 1,
        "seed": 0,
    }

    with pytest.raises(ValueError, match=message):
        _kernels.place_points(**{**arguments, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *((change, message) for change, message in WRONG_GRAPHS),
        ({"weights": np.ones(1, np.float32)}, "one number per edge"),
        ({"n_components": 65}, "1 to 64 components"),
        ({"order": np.array([0, 1], np.int32)}, "one entry per point"),
        ({"order": np.array([0, 1, 1], np.int32)}, "every point once"),
        ({"order": np.array([0, 1, 3], np.int32)}, "every point once"),
        ({"n_blocks": 0}, "blocks are missing"),
        ({"last_epoch": 2}, "not so many epochs"),
        ({"positions": np.zeros((2, 2), np.float32)}, "one row per point"),
    ],
)
def test_a_layout_refuses_what_would_read_past_the_end(change, message):
    given = {
        **GRAPH,
        "weights": np.ones(2, np.float32),
        "n_components": 2,
        "n_epochs": 1,
        "seed": 0,
        "positions": np.zeros((3, 2), np.float32),
        "last_epoch": 1,
        **change,
    }
    positions, last_epoch = given.pop("positions"), given.pop("last_epoch")

    with pytest.raises(ValueError, match=message):
        _kernels.EdgeLayout(**given).run(positions, 0, last_epoch, **FORCES)


@pytest.mark.parametrize("n", [1, 2, 7, 16, 17])
@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_a_few_points_equal_the_reference(rng, n, n_components):
    starts = np.arange(n + 1, dtype=np.int64)
    graph = (starts, np.roll(np.arange(n, dtype=np.int32), 1), np.ones(n, np.float32))
    start = rng.normal(size=(n, n_components))
    expected = start.astype(np.float32)

    Y = laid_out(start, graph, first_epoch=3, last_epoch=4)

    forces = tuple(FORCES.values())
    reference.epoch_of_layout(expected, *graph, forces, 3, 20, 7, np.arange(n), 8)
    np.testing.assert_allclose(Y, expected, rtol=2e-4, atol=3e-2)
