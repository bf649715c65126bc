import numpy as np
import pytest

from driftglass.errors import InvalidInputError, ShapeError
from driftglass.latent import interpolate, move, traverse


def as_it_is(Z):
    return Z


def test_a_line_has_even_steps_from_end_to_end():
    path = interpolate(as_it_is, [0.0, 0.0], [1.0, 2.0], n_steps=5)

    np.testing.assert_allclose(path.positions, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(path.vectors, path.positions[:, None] * [1.0, 2.0])
    assert path.roughness == pytest.approx(1.0)


def test_an_arc_keeps_the_norm_between_those_of_its_ends():
    a, b = np.array([3.0, 0.0, 0.0]), np.array([0.0, 5.0, 0.0])

    path = interpolate(as_it_is, a, b, n_steps=5, how="spherical")

    np.testing.assert_allclose(np.linalg.norm(path.vectors, axis=1), [3, 3.5, 4, 4.5, 5])
    np.testing.assert_allclose(path.vectors[[0, -1]], [a, b], atol=1e-12)
    np.testing.assert_allclose(path.vectors[2, 0], path.vectors[2, 1])


@pytest.mark.parametrize("b", [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
def test_ends_without_an_arc_are_joined_by_a_line(b):
    path = interpolate(as_it_is, [1.0, 0.0], b, n_steps=3, how="spherical")

    np.testing.assert_allclose(path.vectors[1], (np.array([1.0, 0.0]) + b) / 2)


def test_a_traversal_changes_one_coordinate_over_the_range_of_the_data():
    Z = np.column_stack([np.zeros(101), np.arange(101.0)])

    path = traverse(as_it_is, [7.0, 7.0], 1, Z=Z, n_steps=3)

    np.testing.assert_allclose(path.vectors, [[7, 2], [7, 50], [7, 98]])
    np.testing.assert_allclose(path.positions, [2, 50, 98])


def test_without_data_a_traversal_spans_a_normal_prior():
    path = traverse(as_it_is, [0.0, 0.0], 0, n_steps=7)

    np.testing.assert_allclose(path.positions, np.arange(-3, 4))


def test_moving_adds_a_direction():
    path = move(as_it_is, [1.0, 1.0], [0.0, 2.0], strengths=[0, 1, -1])

    np.testing.assert_allclose(path.vectors, [[1, 1], [1, 3], [1, -1]])


def test_a_jump_of_the_decoder_shows_as_roughness():
    path = interpolate(lambda Z: (Z > 0.5).astype(float), [0.0], [1.0], n_steps=11)

    assert path.roughness == pytest.approx(10.0)


def test_items_may_have_any_shape():
    path = interpolate(lambda Z: np.ones((len(Z), 8, 8)), [0.0], [1.0], n_steps=4)

    assert path.items.shape == (4, 8, 8)
    assert np.isnan(path.roughness)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: interpolate(as_it_is, [0.0], [1.0], n_steps=1), InvalidInputError, "at least 2"),
        (lambda: interpolate(as_it_is, [0.0], [1.0, 2.0]), ShapeError, "1 coordinates and b has 2"),
        (lambda: interpolate(as_it_is, [0.0], [1.0], how="arc"), InvalidInputError, "'spherical'"),
        (lambda: interpolate(as_it_is, [np.nan], [1.0]), InvalidInputError, "not finite"),
        (lambda: interpolate(as_it_is, ["a"], [1.0]), InvalidInputError, "numbers are needed"),
        (lambda: interpolate(lambda Z: Z[:2], [0.0], [1.0]), ShapeError, "one item for each"),
        (
            lambda: interpolate(lambda Z: Z / 0, [1.0], [2.0]),
            InvalidInputError,
            "decode gave values",
        ),
        (lambda: traverse(as_it_is, [0.0], 1), InvalidInputError, "0 to 0 is needed"),
        (lambda: move(as_it_is, [0.0], [1.0, 2.0]), ShapeError, "z has 1"),
    ],
)
def test_what_cannot_be_walked_is_refused(call, error, says):
    with np.errstate(divide="ignore"), pytest.raises(error, match=says):
        call()
