"""Forces, field and steps of t-SNE against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from reference import tsne as reference

from driftglass import _kernels
from driftglass.neighbors import exact_neighbors
from driftglass.projections._affinities import joint_affinities
from driftglass.projections._repulsion import (
    EXACT_UP_TO,
    GridField,
    Kernels,
    exact_field,
    own_field,
    tree_field,
)
from driftglass.projections._tsne_layout import divergence, forces

each_variant = pytest.mark.parametrize("variant", _kernels.cpu_features())
each_dimension = pytest.mark.parametrize("n_components", [1, 2, 3])


def bounds_of(Y):
    return np.stack([Y.min(axis=0), Y.max(axis=0)])


def affinities_of(rng, n, k=20):
    return joint_affinities(exact_neighbors(rng.normal(size=(n, 5)), k), (6.0,))


def a_map(rng, n, n_components, width=8.0):
    return (rng.normal(size=(n, n_components)) * width).astype(np.float32)


@each_variant
@each_dimension
def test_attraction_equals_the_definition(rng, variant, n_components):
    P = affinities_of(rng, 150)
    Y = a_map(rng, 150, n_components, 1.5)

    found = _kernels.tsne_attraction(Y, Y, P.starts, P.columns, P.values, variant=variant)

    expected = reference.attraction(P.to_sparse().toarray(), Y.astype(np.float64))
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max() + 1e-9)


@each_variant
@each_dimension
@pytest.mark.parametrize("n_sources", [1, 15, 16, 17, 200])
def test_exact_field_equals_the_definition(rng, variant, n_components, n_sources):
    points, sources = a_map(rng, 40, n_components), a_map(rng, n_sources, n_components)

    found = _kernels.tsne_field(points, sources, variant=variant)

    expected = reference.field(points.astype(np.float64), sources.astype(np.float64))
    np.testing.assert_allclose(found, expected, atol=2e-6 * n_sources**0.5, rtol=2e-5)


def test_every_processor_gives_the_same_bits(rng):
    P, Y = affinities_of(rng, 300), a_map(rng, 300, 2)

    results = {
        (
            _kernels.tsne_attraction(Y, Y, P.starts, P.columns, P.values, variant=v).tobytes(),
            _kernels.tsne_field(Y, Y, variant=v).tobytes(),
        )
        for v in _kernels.cpu_features()
    }

    assert len(results) == 1


@each_variant
@each_dimension
@pytest.mark.parametrize("n", [1, 15, 16, 17, 100, 333])
def test_each_pair_computed_once_gives_what_twice_gives(rng, variant, n_components, n):
    Y = a_map(rng, n, n_components)

    found = _kernels.tsne_own_field(Y, variant=variant)

    np.testing.assert_allclose(found, exact_field(Y, Y, 1), atol=2e-6 * n**0.5, rtol=2e-5)


def test_threads_and_processors_do_not_change_pairs_computed_once(rng):
    Y = a_map(rng, 500, 2)

    fields = {
        _kernels.tsne_own_field(Y, variant=variant, n_threads=n_threads).tobytes()
        for variant in _kernels.cpu_features()
        for n_threads in (1, 2, 8)
    }

    assert len(fields) == 1


def test_points_beyond_all_measure_have_a_finite_field(rng):
    Y = a_map(rng, 40, 2)
    Y[0], Y[1] = [1e15, -1e15], [-3e18, 1e3]

    field = _kernels.tsne_own_field(Y)

    assert np.isfinite(field).all()
    np.testing.assert_allclose(field[2:], exact_field(Y[2:], Y[2:], 1), rtol=1e-4, atol=1e-5)


@each_dimension
def test_forces_are_minus_a_quarter_of_the_gradient(rng, n_components):
    P, Y = affinities_of(rng, 60), a_map(rng, 60, n_components, 1.0)
    dense, wide, h = P.to_sparse().toarray(), Y.astype(np.float64), 1e-5

    found = forces(Y, P, exact_field(Y, Y, 1))

    for i in (0, 17, 59):
        for d in range(n_components):
            shift = np.zeros_like(wide)
            shift[i, d] = h
            slope = reference.divergence(dense, wide + shift)
            slope = (slope - reference.divergence(dense, wide - shift)) / (2 * h)
            assert found[i, d] == pytest.approx(-slope / 4, abs=1e-6, rel=1e-3)


def test_divergence_equals_the_definition(rng):
    P, Y = affinities_of(rng, 120), a_map(rng, 120, 2)

    found = divergence(Y, P, exact_field(Y, Y, 1), 1)

    expected = reference.divergence(P.to_sparse().toarray(), Y.astype(np.float64))
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n_components", "error"), [(1, 0.01), (2, 0.015)], ids=["1D", "2D"])
@pytest.mark.parametrize("width", [1e-4, 0.3, 4.0])
def test_the_grid_agrees_with_all_pairs(rng, n_components, error, width):
    Y = a_map(rng, 3000, n_components, width)
    exact = exact_field(Y, Y, 1)

    found = GridField(Y, bounds_of(Y), Kernels(), 1).at(Y)

    np.testing.assert_allclose(found[:, 0].sum(), exact[:, 0].sum(), rtol=error)
    missed = np.linalg.norm(found[:, 1:] - exact[:, 1:])
    assert missed < error * np.linalg.norm(exact[:, 1:])


def test_the_grid_agrees_on_a_map_that_is_a_line_or_one_far_point(rng):
    Y = a_map(rng, 2000, 2)
    Y[:, 1] = 0.25
    Y[0] = [400.0, -300.0]

    found, exact = GridField(Y, bounds_of(Y), Kernels(), 1).at(Y), exact_field(Y, Y, 1)

    assert np.linalg.norm(found - exact) < 0.03 * np.linalg.norm(exact)


@each_variant
@each_dimension
@pytest.mark.parametrize("n", [1, 15, 16, 17, 1000])
def test_a_tree_that_trusts_no_cell_equals_all_pairs(rng, variant, n_components, n):
    Y = a_map(rng, n, n_components)

    found = _kernels.tsne_tree_field(Y, 0.0, variant=variant)

    np.testing.assert_allclose(found, exact_field(Y, Y, 1), atol=2e-4, rtol=1e-4)


@each_variant
@each_dimension
@pytest.mark.parametrize("n", [1, 15, 16, 17, 1000])
def test_a_tree_walked_alone_that_trusts_no_cell_equals_all_pairs(rng, variant, n_components, n):
    Y, points = a_map(rng, n, n_components), a_map(rng, 33, n_components)

    found = _kernels.tsne_tree_field_at(points, Y, 0.0, variant=variant)

    np.testing.assert_allclose(found, exact_field(points, Y, 1), atol=2e-4, rtol=1e-4)


def test_a_tree_walked_alone_agrees_with_all_pairs_and_with_itself(rng):
    Y, points = a_map(rng, 4000, 3), a_map(rng, 300, 3, 12.0)
    exact = exact_field(points, Y, 1)

    found = tree_field(points, Y, 1)

    missed = np.linalg.norm(found[:, 1:] - exact[:, 1:])
    assert missed < 0.02 * np.linalg.norm(exact[:, 1:])
    np.testing.assert_array_equal(tree_field(points[7:8], Y, 2), found[7:8])


@pytest.mark.parametrize("width", [1e-4, 0.3, 4.0, 40.0])
def test_the_tree_agrees_with_all_pairs(rng, monkeypatch, width):
    monkeypatch.setitem(EXACT_UP_TO, 3, 100)
    Y = a_map(rng, 4000, 3, width)
    Y[:500] = Y[0]  # more than a leaf holds, at one place
    exact = exact_field(Y, Y, 1)

    found = own_field(Y, bounds_of(Y), Kernels(), 1)

    monopole = _kernels.tsne_tree_field(Y, 50.0)
    missed = np.linalg.norm(found[:, 1:] - exact[:, 1:])
    assert found[:, 0].sum() == pytest.approx(exact[:, 0].sum(), rel=0.01)
    assert missed < 0.02 * np.linalg.norm(exact[:, 1:])
    # A map much smaller than the kernel is seen right by its mean alone.
    assert width < 1 or np.linalg.norm(monopole[:, 1:] - exact[:, 1:]) > 2 * missed


@pytest.mark.parametrize(("width", "by_grid"), [(1.0, True), (40.0, False), (400.0, False)])
def test_a_thin_flat_map_is_seen_through_a_tree(rng, width, by_grid):
    Y = a_map(rng, 4000, 2, width)
    Y[:500] = Y[0]
    exact = exact_field(Y, Y, 1)

    found = own_field(Y, bounds_of(Y), Kernels(), 1)

    missed = np.linalg.norm(found[:, 1:] - exact[:, 1:])
    assert found[:, 0].sum() == pytest.approx(exact[:, 0].sum(), rel=0.01)
    assert missed < 0.02 * np.linalg.norm(exact[:, 1:])
    grid = GridField(Y, bounds_of(Y), Kernels(), 1).at(Y)
    assert np.array_equal(found, grid) == by_grid


@each_dimension
def test_a_pile_of_points_is_one_cell(rng, n_components):
    Y = a_map(rng, 2000, n_components, 10.0)
    Y[300:1700] = Y[300]

    # Trusting no cell, only a pile is not taken apart, which changes nothing but the time.
    found = _kernels.tsne_tree_field(Y, 0.0)

    np.testing.assert_allclose(found, exact_field(Y, Y, 1), atol=2e-3, rtol=1e-4)


def test_threads_and_processors_do_not_change_the_tree(rng):
    Y = a_map(rng, 5000, 3)

    fields = {
        (
            n_components,
            _kernels.tsne_tree_field(Z, 0.6, variant=variant, n_threads=n_threads).tobytes(),
        )
        for n_components, Z in ((2, np.ascontiguousarray(Y[:, :2])), (3, Y))
        for variant in _kernels.cpu_features()
        for n_threads in (1, 2, 8)
    }

    assert len(fields) == 2


def test_kept_kernels_give_what_new_ones_give(rng):
    kernels = Kernels()
    for width in (3.0, 3.01, 9.0, 3.0):
        Y = a_map(rng, 1500, 2, width)

        kept = GridField(Y, bounds_of(Y), kernels, 1).at(Y)

        new = GridField(Y, bounds_of(Y), Kernels(), 1).at(Y)
        np.testing.assert_array_equal(kept, new)


@pytest.mark.parametrize("n_components", [1, 2])
@pytest.mark.parametrize("n_threads", [2, 8])
def test_threads_do_not_change_the_grid(rng, n_components, n_threads):
    Y = a_map(rng, 9000, n_components)

    one = GridField(Y, bounds_of(Y), Kernels(), 1).at(Y)

    many = GridField(Y, bounds_of(Y), Kernels(), n_threads).at(Y)
    assert one.tobytes() == many.tobytes()


def test_points_outside_the_grid_are_taken_for_the_nearest_inside(rng):
    Y = a_map(rng, 1500, 2)
    field = GridField(Y, bounds_of(Y), Kernels(), 1)

    far = field.at(np.array([[1e30, -1e30], [np.inf, 0.0]], dtype=np.float32))

    assert np.isfinite(far).all()


@each_dimension
def test_a_step_equals_the_definition(rng, n_components):
    Y, velocity = a_map(rng, 70, n_components), a_map(rng, 70, n_components, 0.1)
    pull, field = a_map(rng, 70, n_components, 0.1), a_map(rng, 70, n_components + 1, 0.1)
    gains = rng.uniform(0.005, 2.0, size=Y.shape).astype(np.float32)
    force = 12.0 * pull + field[:, 1:] / 50.0
    expected = reference.step(
        *(a.astype(np.float64) for a in (Y, velocity, gains, force)), 3.0, 0.8, 5.0
    )

    _kernels.tsne_step(
        Y,
        velocity,
        gains,
        pull,
        field,
        exaggeration=12.0,
        normalization=50.0,
        learning_rate=3.0,
        momentum=0.8,
        longest=5.0,
    )

    for found, wanted in zip((Y, velocity, gains), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_centering_moves_the_mean_to_the_origin_and_tells_the_bounds(rng):
    Y = a_map(rng, 500, 3) + np.float32(40)

    bounds = _kernels.center(Y)

    np.testing.assert_allclose(Y.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_array_equal(bounds, bounds_of(Y))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda Y: _kernels.tsne_field(Y, Y[:, :1].copy()), "same number of components"),
        (lambda Y: _kernels.tsne_field(np.hstack([Y, Y]), np.hstack([Y, Y])), "1, 2 or 3"),
        (lambda Y: _kernels.grid_charges(Y, [0, 0], 0.5, [3, 9]), "at least four nodes"),
        (lambda Y: _kernels.grid_charges(Y, [0], 0.5, [9]), "a corner and a number"),
        (
            lambda Y: _kernels.grid_gather(Y, Y.ravel(), [0, 0], 0.5, [9, 9], 9),
            "a value at each node",
        ),
    ],
)
def test_kernels_refuse_what_does_not_fit(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(a_map(rng, 10, 2))
