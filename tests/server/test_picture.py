import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from driftglass._palette import THEMES, category_slots, rgb
from driftglass.data import (
    BooleanColumn,
    CategoricalColumn,
    DateColumn,
    NumberColumn,
    RecordsColumn,
    SetColumn,
)
from driftglass.server._picture import coloring_of, draw_map

CORNERS = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [np.nan, np.nan]], dtype=np.float32)
BOUNDS = ([0.0, 0.0], [1.0, 1.0])


def drawn(coordinates, coloring, theme="dark", width=200, height=120):
    data = draw_map(coordinates, coloring, BOUNDS, "here", width=width, height=height, theme=theme)
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_each_point_is_drawn_in_its_place_and_colour(theme):
    column = CategoricalColumn(np.array([0, 1, 2, -1, 0], np.int32), ("a", "b", "c"))

    pixels = drawn(CORNERS, coloring_of("label", column, 5, theme), theme)

    look = THEMES[theme]
    # 120 pixels high with a margin of 28: the unit square is 64 pixels, in the middle.
    for (x, y), color in zip(
        [(68, 92), (132, 92), (68, 28), (132, 28)],
        [*look.categories[:3], look.missing],
        strict=True,
    ):
        assert tuple(pixels[y, x]) == rgb(color)
    assert tuple(pixels[60, 100]) == rgb(look.canvas)


def test_edges_are_smooth():
    pixels = drawn(CORNERS[:1], coloring_of("", None, 1, "dark"))

    shades = {tuple(pixel) for pixel in pixels[80:104, 56:80].reshape(-1, 3)}
    assert len(shades) > 3


def test_points_outside_the_bounds_do_no_harm():
    far = np.array([[1e30, -1e30], [0.5, 0.5]], dtype=np.float32)

    pixels = drawn(far, coloring_of("", None, 2, "dark"))

    assert tuple(pixels[60, 100]) == rgb(THEMES["dark"].categories[0])


@pytest.mark.parametrize("n", [0, 1, 3])
def test_few_points_and_none_can_be_drawn(n):
    coordinates = np.zeros((n, 2), dtype=np.float32)

    assert drawn(coordinates, coloring_of("", None, n, "light")).shape == (120, 200, 3)


def test_every_kind_of_column_can_colour():
    offsets, present = np.array([0, 1, 1, 3]), np.array([True, True, False])
    codes = np.array([1, 0, 1], np.int32)
    columns = [
        CategoricalColumn(np.array([0, -1, 0], np.int32), ("a",)),
        NumberColumn(np.array([1.0, np.nan, np.inf])),
        NumberColumn(np.array([np.nan] * 3)),
        BooleanColumn(np.array([0, 1, -1], np.int8)),
        DateColumn(np.array([0, 86_400_000, np.iinfo(np.int64).min])),
        SetColumn(offsets, codes, ("x", "y"), present),
        RecordsColumn(offsets, codes, (("g", "x"), ("g", "y")), present),
    ]

    for column in columns:
        coloring = coloring_of("c", column, 3, "dark")
        assert coloring.colors.shape == (3, 3)
        assert coloring.colors.dtype == np.uint8


def test_a_missing_value_is_grey_in_every_kind():
    grey = rgb(THEMES["dark"].missing)
    number = coloring_of("n", NumberColumn(np.array([0.0, np.nan, 1.0])), 3, "dark")
    date = coloring_of("d", DateColumn(np.array([0, np.iinfo(np.int64).min])), 2, "dark")

    assert tuple(number.colors[1]) == grey
    assert tuple(date.colors[1]) == grey
    assert tuple(number.colors[0]) != tuple(number.colors[2])


def test_the_legend_counts_and_says_what_it_leaves_out():
    codes = np.repeat(np.arange(30), np.arange(30, 0, -1)).astype(np.int32)
    column = CategoricalColumn(codes, tuple(f"class {i}" for i in range(30)))

    entries = coloring_of("label", column, len(codes), "dark").entries

    assert [text for _, text in entries[:2]] == ["class 0  30", "class 1  29"]
    assert entries[-1][1] == "and 18 more"


def test_names_cannot_reach_the_picture_as_control_characters():
    column = CategoricalColumn(np.array([0], np.int32), ("\u202e\x1b[31m" + "x" * 1000,))

    (entry,) = coloring_of("\x07name", column, 1, "dark").entries

    assert "\u202e" not in entry[1]
    assert "\x1b" not in entry[1]
    assert len(entry[1]) < 40


def test_a_colour_belongs_to_the_name_and_not_to_the_order():
    assert category_slots(["class 10", "class 2", "a"], [1, 1, 1], 20) == [2, 1, 0]
    assert category_slots(["b", "a", "c"], [1, 5, 3], 2) == [-1, 0, 1]


def test_the_colours_are_those_of_the_viewer():
    source = Path(__file__).parents[2] / "web" / "src" / "geometry" / "palettes.ts"
    text = source.read_text(encoding="utf-8")

    for theme in ("dark", "light"):
        (table,) = re.findall(theme + r": table\(`([^`]*)`\)", text)
        expected = tuple(table.split())[: len(THEMES[theme].categories)]
        assert THEMES[theme].categories == expected
        assert f'{theme}: "#{THEMES[theme].missing}"' in text
        assert f'{theme}: "#{THEMES[theme].other}"' in text


@pytest.mark.parametrize("color", ["label", "weight", "tags", ""])
def test_the_server_draws_a_step(client, color):
    ready = client.project()

    reply = client.get(
        f"/api/runs/run/picture?projection={ready['key']}&step=10&color={color}&theme=light"
    )

    assert reply.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(reply.body)).size == (960, 640)


@pytest.mark.parametrize(
    "wrong", ["width=63", "width=2049", "height=0", "theme=neon", "color=none", "step=11"]
)
def test_a_picture_that_cannot_be_drawn_is_refused(client, wrong):
    key = client.project()["key"]
    step = "" if wrong.startswith("step") else "&step=10"

    reply = client.get(f"/api/runs/run/picture?projection={key}{step}&{wrong}")

    assert reply.status in (400, 404)
