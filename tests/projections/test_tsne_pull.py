"""Points of a t-SNE map drawn to given places while it is continued."""

from __future__ import annotations

import numpy as np
import pytest
from reference import tsne as reference

from driftglass import InvalidInputError, ShapeError, _kernels
from driftglass.neighbors import exact_neighbors
from driftglass.projections._affinities import joint_affinities
from driftglass.projections._tsne_layout import Phase, Pull, lay_out


@pytest.fixture(scope="module")
def affinities():
    rng = np.random.default_rng(0)
    return joint_affinities(exact_neighbors(rng.normal(size=(200, 5)), 30), (10.0,))


@pytest.fixture(scope="module")
def begun(affinities):
    start = np.random.default_rng(1).normal(size=(200, 2)).astype(np.float32)
    return lay_out(start, affinities, [Phase.continued(300, 200)]).coordinates


def continued(start, affinities, pull=None, n_iter=150, **options):
    phases = [Phase.continued(n_iter, len(start))]
    return lay_out(start, affinities, phases, pull=pull, **options).coordinates


@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_a_step_with_springs_equals_the_definition(rng, n_components):
    shape = (70, n_components)
    Y, velocity, anchors, attraction = (rng.normal(size=shape).astype(np.float32) for _ in "yvaf")
    field = rng.normal(size=(70, n_components + 1)).astype(np.float32)
    gains = rng.uniform(0.5, 2.0, size=shape).astype(np.float32)
    stiffness = rng.choice([0.0, 0.1, 50.0], size=70).astype(np.float32)
    force = attraction + field[:, 1:] / 50.0
    expected = reference.step(
        *(a.astype(np.float64) for a in (Y, velocity, gains, force)),
        3.0,
        0.8,
        5.0,
        anchors,
        stiffness[:, None].astype(np.float64),
    )

    _kernels.tsne_step(
        Y,
        velocity,
        gains,
        attraction,
        field,
        exaggeration=1.0,
        normalization=50.0,
        learning_rate=3.0,
        momentum=0.8,
        longest=5.0,
        anchors=anchors,
        stiffness=stiffness,
    )

    for found, wanted in zip((Y, velocity, gains), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_stronger_the_pull_the_nearer_points_stay(affinities, begun, rng):
    anchors = begun + rng.normal(size=begun.shape)

    def missed(strength):
        Y = continued(begun, affinities, Pull(anchors, strength))
        return np.linalg.norm(Y - anchors, axis=1).mean()

    away = [missed(strength) for strength in (0.001, 0.1, 10.0)]
    assert away == sorted(away, reverse=True)
    assert away[2] < 0.1 < away[0]


def test_a_point_that_is_held_lies_at_its_anchor(affinities, begun):
    strength = np.zeros(200)
    strength[7], strength[8] = np.inf, 1e20

    Y = continued(begun, affinities, Pull(begun + 3, strength))

    np.testing.assert_array_equal(Y[[7, 8]], (begun + 3)[[7, 8]])
    assert np.isfinite(Y).all()
    assert not np.allclose(Y[:7], begun[:7] + 3, atol=0.5)


def test_where_a_pulled_map_rests_forces_balance(affinities, begun, rng):
    from driftglass.projections._repulsion import exact_field
    from driftglass.projections._tsne_layout import forces

    anchors = (begun + rng.normal(size=begun.shape)).astype(np.float32)

    Y = continued(begun, affinities, Pull(anchors, 0.5), n_iter=3000)

    force = forces(Y, affinities, exact_field(Y, Y, 1))
    spring = 0.5 / 200 * (anchors - Y)
    assert np.abs(force + spring).max() < 0.02 * np.abs(spring).max()


def test_a_pull_of_nothing_changes_nothing_but_the_frame(affinities, begun):
    anchors = np.full(begun.shape, np.nan)

    pulled = continued(begun + 100, affinities, Pull(anchors, 0.0), n_iter=5)

    free = continued(begun, affinities, n_iter=5)
    np.testing.assert_allclose(pulled - pulled.mean(axis=0), free, atol=0.01)
    np.testing.assert_allclose(pulled.mean(axis=0), begun.mean(axis=0) + 100, atol=0.01)


def test_threads_do_not_change_a_pulled_map(affinities, begun, rng):
    pull = Pull(begun, rng.uniform(0, 2, size=200))

    maps = {continued(begun, affinities, pull, n_threads=n).tobytes() for n in (1, 2, 8)}

    assert len(maps) == 1


@pytest.mark.parametrize(
    ("anchors", "strength", "error", "message"),
    [
        (np.zeros(3), 1.0, ShapeError, "do not belong together"),
        (np.zeros((3, 2)), np.ones(2), ShapeError, "do not belong together"),
        (np.zeros((3, 2)), -1.0, InvalidInputError, "strength is -1.0 in row 0"),
        (np.zeros((3, 2)), [0, np.nan, 1], InvalidInputError, "strength is nan in row 1"),
        (np.full((3, 2), np.nan), 1.0, InvalidInputError, "anchor of row 0"),
    ],
)
def test_names_what_is_wrong_with_a_pull(anchors, strength, error, message):
    with pytest.raises(error, match=message):
        Pull(anchors, strength)


def test_refuses_a_pull_of_another_shape(affinities, begun):
    with pytest.raises(ShapeError, match=r"anchors have shape \(3, 2\) and the start \(200, 2\)"):
        continued(begun, affinities, Pull(np.zeros((3, 2)), 1.0))
