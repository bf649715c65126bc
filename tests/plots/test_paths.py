import matplotlib as mpl
import numpy as np
import pytest

from driftglass.errors import ShapeError
from driftglass.latent import interpolate
from driftglass.plots import image_strip, path_over_map, scatter


def test_a_path_is_drawn_as_one_picture_with_its_positions():
    path = interpolate(lambda Z: np.ones((len(Z), 64)) * Z[:, :1], [0.0], [1.0], n_steps=3)

    ax = image_strip(path)

    assert len(ax.images) == 1
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "0.5", "1"]
    shown = np.ma.filled(ax.images[0].get_array(), np.nan)
    assert shown.shape == (8, 3 * 8 + 2)
    assert np.isnan(shown[:, 8]).all()


@pytest.mark.parametrize("shape", [(4, 6, 5), (4, 6, 5, 3), (4, 1, 6, 5), (4, 3, 6, 5), (4, 16)])
def test_images_of_any_layout_are_taken(shape):
    ax = image_strip(np.full(shape, 0.5))

    assert ax.images[0].get_array().shape[0] in (6, 4)


def test_items_that_are_no_images_are_refused():
    with pytest.raises(ShapeError, match=r"\(4, 7\)"):
        image_strip(np.zeros((4, 7)))


def test_a_walk_is_drawn_over_a_map():
    ax = scatter(np.random.default_rng(0).normal(size=(50, 2)))

    path_over_map([[0, 0], [1, 1], [2, 0]], ax=ax)

    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), [[0, 0], [1, 1], [2, 0]])
    assert len(ax.collections) == 3
    assert mpl.colors.to_hex(line.get_color()) == "#161b22"


def test_a_walk_that_was_not_placed_is_refused():
    with pytest.raises(ShapeError, match="transform"):
        path_over_map(np.zeros((3, 16)), ax=scatter(np.zeros((3, 2))))
