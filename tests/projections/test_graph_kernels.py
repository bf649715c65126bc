from __future__ import annotations

import numpy as np
import pytest
from reference import umap as reference

from driftglass import _kernels
from driftglass.neighbors import exact_neighbors
from driftglass.projections._spectral import spectral_coordinates

DENSITY = {"a": 1.577, "b": 0.895, "shift": 0.1}


def fuzzy(X, k=10):
    neighbors = exact_neighbors(X, k)
    weights, _, _ = _kernels.fuzzy_memberships(neighbors.distances, 1.0)
    return _kernels.fuzzy_union(neighbors.indices, weights, 1.0)


@pytest.fixture
def graph(rng):
    """Fuzzy graph of 400 rows in one piece."""
    return fuzzy(rng.normal(size=(400, 5)))


def eigenvectors(starts, columns, weights):
    """All of the normalized graph, the largest eigenvalues first."""
    n = len(starts) - 1
    W = np.zeros((n, n))
    W[np.repeat(np.arange(n), np.diff(starts)), columns] = weights
    root = np.sqrt(W.sum(axis=1))
    values, vectors = np.linalg.eigh(W / root[:, None] / root)
    return values[::-1], vectors[:, ::-1]


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_product_equals_the_reference(rng, graph, width, n_threads):
    values = rng.normal(size=(400, width)).astype(np.float32)

    found = _kernels.graph_product(*graph, values, n_threads=n_threads)

    np.testing.assert_allclose(found, reference.product(*graph, values), atol=1e-5)


def test_parts_equal_the_reference(rng):
    far = np.repeat([0, 1, 2], 40)[rng.permutation(120)]
    starts, columns, _ = fuzzy(rng.normal(size=(120, 3)) + 100.0 * far[:, None], 4)

    n_parts, found = _kernels.graph_parts(starts, columns)

    np.testing.assert_array_equal(found, reference.parts(starts, columns))
    assert n_parts == found.max() + 1 >= 3
    assert all(len(np.unique(far[found == part])) == 1 for part in range(n_parts))


@pytest.mark.parametrize("n_components", [1, 2, 3, 5, 7])
def test_spectral_coordinates_are_the_leading_eigenvectors(graph, n_components):
    _, expected = eigenvectors(*graph)

    found = spectral_coordinates(*graph, n_components)

    # Of one length, and nearly in the span of the exact ones.
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), 1, rtol=1e-4)
    inside = np.linalg.svd(expected[:, 1 : n_components + 1].T @ found, compute_uv=False)
    assert inside.min() > 0.97


def test_spectral_coordinates_of_few_rows_are_exact(rng):
    graph = fuzzy(rng.normal(size=(40, 4)), 6)
    _, expected = eigenvectors(*graph)

    found = spectral_coordinates(*graph, 3)

    np.testing.assert_allclose(np.abs((found * expected[:, 1:4]).sum(axis=0)), 1, atol=1e-4)
    assert (found[np.abs(found).argmax(axis=0), range(3)] > 0).all()


def test_spectral_coordinates_are_the_same_bytes_at_any_number_of_threads(rng):
    graph = fuzzy(rng.normal(size=(5000, 4)))

    found = [spectral_coordinates(*graph, 2, n_threads=n) for n in (1, 2, 8)]

    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_a_long_chain_is_found_in_its_order():
    n = 3000  # its eigenvalues are next to each other, so that few rounds can't part them
    columns = np.concatenate(
        [[1], np.stack([np.arange(n - 2), np.arange(2, n)], 1).ravel(), [n - 2]]
    )
    starts = np.concatenate([[0], np.cumsum([1, *[2] * (n - 2), 1])])
    graph = (starts.astype(np.int64), columns.astype(np.int32), np.ones(len(columns), np.float32))

    found = spectral_coordinates(*graph, 2)

    assert np.isfinite(found).all()
    inside = found[1:-1]  # the ends have half as many edges
    assert np.abs(np.diff(inside, axis=0)).max() < 0.1 * np.ptp(inside)


@pytest.mark.parametrize("n_components", [1, 2, 3, 5])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_density_step_goes_along_finite_differences(rng, graph, n_components, n_threads):
    starts, columns, _ = graph
    Y = rng.normal(size=(400, n_components)).astype(np.float32)
    wanted = rng.normal(size=400).astype(np.float32)
    wanted = (wanted - wanted.mean()) / wanted.std()
    forces = (wanted, *DENSITY.values())
    size = 1e-2
    moved = Y.copy()

    before = _kernels.density_step(
        moved, starts, columns, wanted, **DENSITY, step=size, n_threads=n_threads
    )

    wide = Y.astype(np.float64)
    assert before == pytest.approx(
        reference.density_correlation(wide, starts, columns, *forces), abs=1e-5
    )
    step = (moved.astype(np.float64) - wide) / size
    largest = np.argsort(np.abs(step).ravel())[::-1][:6]
    for at in largest:
        ends = []
        for sign in (-1, 1):
            there = wide.copy()
            there.ravel()[at] += sign * 1e-4
            ends.append(reference.density_correlation(there, starts, columns, *forces))
        assert step.ravel()[at] == pytest.approx((ends[1] - ends[0]) / 2e-4, rel=0.02, abs=1e-4)


def test_density_steps_make_radii_follow(rng, graph):
    starts, columns, _ = graph
    Y = rng.normal(size=(400, 2)).astype(np.float32)
    wanted = np.linspace(-1.7, 1.7, 400).astype(np.float32)

    seen = [
        _kernels.density_step(Y, starts, columns, wanted, **DENSITY, step=20.0) for _ in range(60)
    ]

    assert seen[0] < 0.2
    assert seen[-1] > 0.5


def test_points_in_one_place_have_no_density_to_change(graph):
    starts, columns, _ = graph
    Y = np.zeros((400, 2), np.float32)

    _kernels.density_step(Y, starts, columns, np.ones(400, np.float32), **DENSITY, step=1.0)

    assert not Y.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": np.array([0, 3], np.int32)}, "an edge leads nowhere"),
        ({"starts": np.array([0, 2, 1, 2], np.int64)}, "an edge leads nowhere"),
        ({"weights": np.ones(1, np.float32)}, "one weight per edge"),
        ({"values": np.zeros((2, 4), np.float32)}, "one row of values per point"),
        ({"values": np.zeros((3, 3), np.float32)}, "columns come in fours"),
    ],
)
def test_refuses_what_would_read_past_the_end(change, message):
    arguments = {
        "starts": np.array([0, 1, 2, 2], np.int64),
        "columns": np.array([1, 0], np.int32),
        "weights": np.ones(2, np.float32),
        "values": np.zeros((3, 4), np.float32),
    }

    with pytest.raises(ValueError, match=message):
        _kernels.graph_product(**{**arguments, **change})


def test_among_equally_good_eigenvectors_those_near_the_guess_are_found(rng):
    from scipy.sparse import csr_array

    n_groups, size = 40, 20
    group = np.repeat(np.arange(n_groups), size)
    W = 1.0 * (group[:, None] == group)
    firsts = np.arange(n_groups) * size
    W[firsts, np.roll(firsts, 1)] = W[np.roll(firsts, 1), firsts] = 1e-4  # hardly in one piece
    np.fill_diagonal(W, 0.0)
    sparse = csr_array(W)
    graph = (
        sparse.indptr.astype(np.int64),
        sparse.indices.astype(np.int32),
        sparse.data.astype(np.float32),
    )
    guess = rng.normal(size=(n_groups, 2))[group]

    def explained(Y):
        Y = Y - Y.mean(axis=0)
        wanted = guess - guess.mean(axis=0)
        fit = Y @ np.linalg.lstsq(Y, wanted, rcond=None)[0]
        return (fit**2).sum() / (wanted**2).sum()

    # Two directions of forty by chance would explain a twentieth.
    assert explained(spectral_coordinates(*graph, 2, guess=guess)) > 0.4
    assert explained(spectral_coordinates(*graph, 2)) < 0.2


def test_a_guess_without_extent_is_as_good_as_none(graph):
    flat = np.zeros((400, 2))

    found = spectral_coordinates(*graph, 2, guess=flat)

    np.testing.assert_array_equal(found, spectral_coordinates(*graph, 2))
