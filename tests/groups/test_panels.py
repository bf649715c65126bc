import numpy as np
import pytest

from driftglass.errors import InvalidInputError, ShapeError
from driftglass.groups import comparable_maps
from driftglass.projections import PCA


@pytest.fixture
def base():
    return np.random.default_rng(0).normal(size=(80, 5)) * [5, 3, 1, 1, 1]


def test_a_joint_fit_puts_equal_rows_at_equal_places(base):
    maps = comparable_maps({"a": base, "b": base[:10]}, PCA, how="joint")

    np.testing.assert_allclose(maps["a"][:10], maps["b"], atol=1e-5)
    assert [len(Y) for Y in maps.values()] == [80, 10]


def test_separate_fits_are_turned_onto_the_first(base):
    turned = base @ np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]

    maps = comparable_maps({"a": base, "b": 3 * turned}, PCA, how="procrustes")

    np.testing.assert_allclose(maps["a"], maps["b"], atol=1e-4)


def test_refined_maps_of_equal_spaces_are_equal(base):
    maps = comparable_maps({"a": base, "b": base}, how="refine")

    np.testing.assert_array_equal(maps["a"], maps["b"])


def test_aligned_maps_of_a_space_and_its_rotation_are_alike(base):
    turned = base @ np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]

    maps = comparable_maps({"a": base, "b": turned}, how="aligned_umap")

    apart = np.linalg.norm(maps["a"] - maps["b"], axis=1).mean()
    assert apart < 0.7 * np.linalg.norm(maps["a"] - maps["a"].mean(axis=0), axis=1).mean()


def test_by_default_one_umap_is_fitted_to_all(base):
    maps = comparable_maps({"a": base, "b": base + 1})

    assert maps["a"].shape == maps["b"].shape == (80, 2)
    assert np.isfinite(maps["b"]).all()


@pytest.mark.parametrize(
    ("spaces", "how", "error", "says"),
    [
        ({}, "joint", InvalidInputError, "empty"),
        ({"a": np.eye(4)}, "side by side", InvalidInputError, "procrustes"),
        ({"a": np.eye(4), "b": np.eye(4)[:, :3]}, "joint", ShapeError, "features"),
        ({"a": np.eye(4), "b": np.eye(4)[:3]}, "procrustes", ShapeError, "rows"),
    ],
)
def test_spaces_that_cannot_be_compared_are_refused(spaces, how, error, says):
    with pytest.raises(error, match=says):
        comparable_maps(spaces, PCA, how=how)
