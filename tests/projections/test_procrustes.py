from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import procrustes as scipy_procrustes
from scipy.stats import ortho_group

from driftglass import InvalidInputError, ShapeError
from driftglass.projections import procrustes


@given(
    seed=st.integers(0, 2**32 - 1),
    dim=st.integers(2, 5),
    scale=st.floats(1e-6, 1e6),
    size=st.sampled_from([1e-20, 1.0, 1e30]),
)
def test_recovers_rotation_reflection_scale_and_shift(seed, dim, scale, size):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(20, dim)) * size
    rotation = ortho_group.rvs(dim, random_state=rng)
    shift = rng.normal(size=dim) * size
    target = scale * X @ rotation + shift

    fit = procrustes(X, target, scale=True)

    np.testing.assert_allclose(fit.rotation, rotation, atol=1e-9)
    assert fit.scale == pytest.approx(scale)
    assert fit.residual < 1e-12
    np.testing.assert_allclose(fit.apply(X), target, atol=1e-9 * np.abs(target).max())


def test_equals_scipy(rng):
    X, Y = rng.normal(size=(2, 30, 3))

    _, _, disparity = scipy_procrustes(Y, X)

    assert procrustes(X, Y, scale=True).residual == pytest.approx(disparity)


def test_residual_is_what_the_transform_leaves(rng):
    X, Y = rng.normal(size=(2, 30, 3))

    for options in ({}, {"scale": True}, {"shift": False}, {"reflection": False}):
        fit = procrustes(X, Y, **options)
        origin = Y.mean(axis=0) if options.get("shift", True) else 0
        left = np.sum((fit.apply(X) - Y) ** 2) / np.sum((Y - origin) ** 2)
        assert fit.residual == pytest.approx(left)


def test_without_reflection_the_rotation_is_proper(rng):
    X = rng.normal(size=(30, 3))
    mirrored = X * [1, 1, -1]

    assert np.linalg.det(procrustes(X, mirrored).rotation) == pytest.approx(-1)
    fit = procrustes(X, mirrored, reflection=False)
    assert np.linalg.det(fit.rotation) == pytest.approx(1)
    assert fit.residual > 0.01


def test_no_other_rotation_fits_better(rng):
    X, Y = rng.normal(size=(2, 15, 2))
    best = procrustes(X, Y, reflection=False).residual

    for angle in np.linspace(0, 2 * np.pi, 50):
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        centred = (X - X.mean(0)) @ turn
        left = np.sum((centred - (Y - Y.mean(0))) ** 2) / np.sum((Y - Y.mean(0)) ** 2)
        assert left >= best - 1e-12


def test_points_in_place_are_left_there(rng):
    X = rng.normal(size=(10, 2))

    np.testing.assert_allclose(procrustes(X, X).apply(X), X, atol=1e-14)


@pytest.mark.parametrize(
    "X", [np.array([[2.0, 5.0]]), np.outer(np.arange(5.0), [1, 2]), np.ones((4, 2))]
)
def test_what_the_points_do_not_determine_is_left_unturned(X):
    fit = procrustes(X, X)

    np.testing.assert_allclose(fit.rotation, np.eye(2), atol=1e-9)
    assert fit.residual == pytest.approx(0, abs=1e-20)


def test_one_point_is_shifted_onto_its_target():
    fit = procrustes([[1.0, 2.0]], [[5.0, 5.0]], scale=True)

    np.testing.assert_allclose(fit.apply([[1.0, 2.0]]), [[5.0, 5.0]])
    assert fit.scale == 1
    assert fit.residual == 0


@pytest.mark.parametrize(
    ("X", "Y", "error", "message"),
    [
        (np.zeros((3, 2)), np.zeros((4, 2)), ShapeError, "3 and 4 rows"),
        (np.zeros((3, 2)), np.zeros((3, 3)), ShapeError, "2 columns and the target 3"),
        (np.zeros((0, 2)), np.zeros((0, 2)), InvalidInputError, "at least one shared row"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), InvalidInputError, "not finite"),
    ],
)
def test_refuses_points_that_cannot_be_aligned(X, Y, error, message):
    with pytest.raises(error, match=message):
        procrustes(X, Y)
