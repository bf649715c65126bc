import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from driftglass.data import Metadata, Projection
from driftglass.errors import InvalidInputError, NotFoundError, ShapeError
from driftglass.plots import scatter
from driftglass.plots._labels import label_places

SQUARE = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=float)


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def offsets(ax):
    return np.concatenate([np.asarray(artist.get_offsets()) for artist in ax.collections])


def test_a_group_is_one_artist_however_many_points_it_has():
    Y = np.random.default_rng(0).normal(size=(3000, 2))

    ax = scatter(Y, np.arange(3000) % 3)

    assert len(ax.collections) == 3
    assert sum(len(artist.get_offsets()) for artist in ax.collections) == 3000


def test_a_class_keeps_the_colour_that_the_viewer_gives_it():
    from driftglass._palette import THEMES

    ax = scatter(SQUARE, ["b", "a", "a", "a"])

    colors = {mpl.colors.to_hex(a.get_facecolor()[0]): len(a.get_offsets()) for a in ax.collections}
    first, second = (f"#{color.lower()}" for color in THEMES["light"].categories[:2])
    assert colors == {first: 3, second: 1}


def test_a_dark_style_gets_the_dark_colours():
    from driftglass._palette import THEMES

    with plt.style.context("dark_background"):
        ax = scatter(SQUARE)

    color = mpl.colors.to_hex(ax.collections[0].get_facecolor()[0])
    assert color == f"#{THEMES['dark'].categories[0].lower()}"


def test_a_projection_is_joined_to_metadata_by_id():
    Y = Projection(np.array([7, 3]), SQUARE[:2].astype(np.float32), space="s", step=0)
    metadata = Metadata.from_table({"kind": ["three", "seven"]}, ids=[3, 7])

    ax = scatter(Y, "kind", metadata=metadata)

    placed = dict(zip(texts(ax.get_legend()), map(tuple, offsets(ax)), strict=True))
    assert placed == {"seven  1": (0.0, 0.0), "three  1": (1.0, 0.0)}


def test_colours_and_markers_have_a_legend_each():
    ax = scatter(SQUARE, ["a", "a", "b", "b"], marker=["x", "y", "x", "y"])

    first, second = (child for child in ax.get_children() if isinstance(child, mpl.legend.Legend))
    assert texts(first) == ["a  2", "b  2"]
    assert texts(second) == ["x  2", "y  2"]
    assert len(ax.collections) == 4


def test_more_than_ten_groups_differ_in_marker_as_well():
    names = [f"class {i}" for i in range(40)]
    Y = np.random.default_rng(0).normal(size=(40, 2))

    ax = scatter(Y, names)

    handles = ax.get_legend().legend_handles
    looks = {(handle.get_color(), handle.get_marker()) for handle in handles}
    assert len(looks) == 40
    assert len({marker for _, marker in looks}) == 4


def test_missing_values_are_grey_and_counted():
    ax = scatter(SQUARE, ["a", None, "a", None])

    assert texts(ax.get_legend()) == ["a  2", "missing  2"]


def test_rows_that_are_not_finite_are_left_out_and_counted():
    Y = SQUARE.copy()
    Y[1] = np.nan

    ax = scatter(Y)

    assert len(offsets(ax)) == 3
    assert texts(ax.get_legend()) == ["not finite, left out  1"]


def test_numbers_get_a_colour_bar():
    ax = scatter(SQUARE, [0.5, 1.5, 2.5, np.nan])

    bar = ax.figure.axes[1]
    assert bar.get_ylim() == (0.5, 2.5)


def test_sizes_follow_a_column_of_numbers():
    ax = scatter(SQUARE, size="n", metadata={"n": [0.0, 1.0, 2.0, 4.0]})

    areas = ax.collections[0].get_sizes()
    assert areas[0] < areas[1] < areas[3]


def test_many_points_are_rasterized_and_few_are_not():
    Y = np.zeros((10_000, 2))

    assert scatter(Y).collections[0].get_rasterized()
    assert not scatter(Y[:9_999]).collections[0].get_rasterized()


def test_three_columns_are_drawn_in_three_dimensions():
    ax = scatter(np.column_stack([SQUARE, SQUARE[:, 0]]))

    assert ax.name == "3d"


def test_names_are_written_on_the_map_without_touching():
    Y = np.repeat([[0.0, 0.0], [0.01, 0.0], [1.0, 1.0]], 5, axis=0)

    ax = scatter(Y, np.repeat(["first group", "second group", "third"], 5), labels=True)

    ax.figure.draw_without_rendering()
    # that of an annotation would hold its line as well
    boxes = [mpl.text.Text.get_window_extent(text) for text in ax.texts]
    assert len(boxes) == 3
    assert not any(boxes[i].overlaps(boxes[j]) for i in range(3) for j in range(i))


def test_a_name_without_room_is_left_out():
    places = np.zeros((500, 2))

    offsets = label_places(places, np.full((500, 2), 10.0), np.arange(500.0))

    kept = ~np.isnan(offsets).any(axis=1)
    assert 0 < kept.sum() < 500
    assert kept[499]  # the heaviest


def test_given_axes_are_drawn_on_and_no_figure_is_left_open():
    figure = mpl.figure.Figure()
    ax = figure.add_subplot()
    before = plt.get_fignums()

    drawn = scatter(SQUARE, ["a", "b", "a", "b"], ax=ax, labels=True)

    assert drawn is ax
    assert plt.get_fignums() == before


@pytest.mark.parametrize("style", ["default", "ggplot", "grayscale"])
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_any_style_is_saved_as_any_kind(style, kind, tmp_path):
    with plt.style.context(style):
        ax = scatter(SQUARE, ["a", "b", "a", "b"], title="A title", caption="four points")
        ax.figure.savefig(tmp_path / f"map.{kind}")

    assert (tmp_path / f"map.{kind}").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"Y": [1, 2]}, ShapeError, "(2,)"),
        ({"Y": [[1, 2, 3, 4]]}, ShapeError, "(1, 4)"),
        ({"Y": [["a", "b"]]}, InvalidInputError, "table of numbers"),
        ({"color": ["a", "b"]}, ShapeError, "2 values for 4 points"),
        ({"color": "kind"}, InvalidInputError, "metadata"),
        (
            {"color": "knd", "metadata": {"kind": list("abcd")}},
            NotFoundError,
            "Did you mean 'kind'",
        ),
        ({"metadata": {"kind": ["a"]}, "color": "kind"}, ShapeError, "1 rows for 4 points"),
        ({"marker": [0.1, 0.2, 0.3, 0.4]}, InvalidInputError, "markers need"),
        ({"size": ["a", "b", "a", "b"]}, InvalidInputError, "areas need numbers"),
        ({"color": [f"{i}" for i in range(4)], "Y": SQUARE[:3]}, ShapeError, "4 values"),
        ({"color": [f"text {i}" for i in range(65)]}, InvalidInputError, "free text"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, error, says):
    arguments = {"Y": SQUARE, **arguments}

    with pytest.raises(error) as caught:
        scatter(**arguments)

    assert says in str(caught.value)
