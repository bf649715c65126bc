import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from driftglass import InvalidInputError, NotFoundError, ShapeError, SpriteSheet


def encoded(picture, kind="PNG"):
    stream = io.BytesIO()
    picture.save(stream, format=kind)
    return stream.getvalue()


def test_each_image_comes_back_pixel_for_pixel(rng):
    images = rng.integers(0, 256, size=(50, 8, 6), dtype=np.uint8)

    sheet = SpriteSheet.pack(images, ids=[f"i{n}" for n in range(50)])

    for number in (0, 7, 49):
        np.testing.assert_array_equal(sheet.crop(f"i{number}")[:, :, 0], images[number])


def test_many_images_fill_several_pages_of_at_most_2048_pixels(rng):
    images = rng.integers(0, 256, size=(70, 256, 256), dtype=np.uint8)

    sheet = SpriteSheet.pack(images, size=256)

    assert len(sheet.pages) == 2
    assert sheet.columns * sheet.tile_width <= 2048
    assert sheet.rows * sheet.tile_height <= 2048
    np.testing.assert_array_equal(sheet.crop(69)[:, :, 1], images[69])


@pytest.mark.parametrize(
    "image",
    [
        np.full((6, 6), 255, dtype=np.uint8),
        np.ones((6, 6)),
        np.ones((6, 6), dtype=bool),
        np.ones((3, 6, 6)),
        np.ones((6, 6, 3)),
        np.ones((6, 6, 1)),
        Image.new("L", (6, 6), 255),
        Image.new("1", (6, 6), 1),
        Image.new("P", (6, 6)).convert("RGB").point(lambda _: 255),
        Image.new("CMYK", (6, 6), (0, 0, 0, 0)),
        Image.new("LA", (6, 6), (255, 255)),
        Image.fromarray(np.full((6, 6), 65535, dtype=np.uint16)),
        encoded(Image.new("RGB", (6, 6), "white")),
        encoded(Image.new("RGB", (6, 6), "white"), "WEBP"),
    ],
)
def test_white_is_white_in_every_form(image):
    sheet = SpriteSheet.pack([image])

    assert sheet.failed == ()
    np.testing.assert_array_equal(sheet.crop(0), np.full((6, 6, 4), 255))


def test_a_batch_with_channels_first_is_read():
    images = np.zeros((2, 3, 10, 10), dtype=np.uint8)
    images[:, 0] = 200

    assert SpriteSheet.pack(images).crop(1)[5, 5].tolist() == [200, 0, 0, 255]


def test_an_odd_range_of_values_is_guessed_and_said():
    images = np.linspace(0, 16, 4 * 8 * 8).reshape(4, 8, 8)

    sheet = SpriteSheet.pack(images)

    assert "[0, 16]" in sheet.notes[0]
    assert sheet.crop(3)[-1, -1, 0] == 255


def test_a_stated_range_is_used():
    sheet = SpriteSheet.pack(np.full((1, 4, 4), 5.0), value_range=(0, 10))

    assert sheet.crop(0)[0, 0, 0] == 128
    assert sheet.notes == ()


def test_large_images_shrink_and_keep_their_proportions():
    sheet = SpriteSheet.pack([np.zeros((100, 50, 3), dtype=np.uint8)], size=32)

    assert (sheet.tile_height, sheet.tile_width) == (32, 16)


def test_mixed_sizes_share_one_tile_centred_on_transparent_ground():
    small, large = np.full((4, 4), 9, dtype=np.uint8), np.full((8, 8), 9, dtype=np.uint8)

    sheet = SpriteSheet.pack([small, large])

    assert sheet.crop(0)[0, 0, 3] == 0
    assert sheet.crop(0)[4, 4].tolist() == [9, 9, 9, 255]


def test_failures_are_counted_and_the_rest_survives():
    good = np.full((6, 6), 7, dtype=np.uint8)
    truncated = encoded(Image.new("RGB", (60, 60), "red"))[:80]
    images = [good, b"<svg onload='x'/>", truncated, None, np.zeros((7, 7, 7)), good]

    sheet = SpriteSheet.pack(images, ids=list("abcdef"))

    assert [item for item, _ in sheet.failed] == ["b", "c", "e"]
    assert sheet.locate("b") is None
    assert sheet.crop("d") is None
    assert sheet.crop("f")[0, 0, 0] == 7


def test_a_picture_bomb_fails_without_being_decoded(monkeypatch):
    monkeypatch.setattr("driftglass.data._images.MAX_PIXELS", 1000)
    sheet = SpriteSheet.pack([encoded(Image.new("1", (100, 100)))])

    assert "over the limit" in sheet.failed[0][1]


def test_a_phone_picture_is_turned_upright():
    picture = Image.new("RGB", (20, 10), "red")
    exif = picture.getexif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    picture.save(stream, format="JPEG", exif=exif)

    sheet = SpriteSheet.pack([stream.getvalue()])

    assert (sheet.tile_width, sheet.tile_height) == (10, 20)


def test_counts_are_named_when_they_differ():
    with pytest.raises(ShapeError, match="2 images for 3 ids"):
        SpriteSheet.pack(np.zeros((2, 4, 4)), ids=[1, 2, 3])


def test_flat_pixels_suggest_reshape():
    with pytest.raises(ShapeError, match="reshape"):
        SpriteSheet.pack(np.zeros((10, 64)))


@pytest.mark.parametrize("size", [0, 3, 1000])
def test_thumbnail_size_is_bounded(size):
    with pytest.raises(InvalidInputError, match="4 to 256"):
        SpriteSheet.pack(np.zeros((2, 4, 4)), size=size)


def test_an_unknown_item_is_named():
    with pytest.raises(NotFoundError, match="9"):
        SpriteSheet.pack(np.zeros((2, 4, 4))).locate(9)


def test_constant_and_nan_images_are_drawn_not_fatal():
    sheet = SpriteSheet.pack([np.full((4, 4), np.nan), np.full((4, 4), 3.0)])

    assert sheet.failed == ()
    assert len(sheet.pages) == 1


def test_a_sheet_of_mixed_sizes_says_how_large_each_image_is(rng):
    tall, wide = rng.integers(0, 255, (12, 6), np.uint8), rng.integers(0, 255, (4, 10), np.uint8)
    sheet = SpriteSheet.pack([tall, None, wide])

    sizes = sheet.sizes()

    assert sizes is not None
    assert sizes.tolist() == [[6, 12], [0, 0], [10, 4]]


def test_a_sheet_of_one_size_says_nothing_about_sizes(rng):
    sheet = SpriteSheet.pack(rng.integers(0, 255, (3, 8, 8), np.uint8))

    assert sheet.sizes() is None


def test_sizes_that_cannot_be_read_are_the_tiles_own(rng):
    sheet = SpriteSheet.pack([np.zeros((8, 4)), np.zeros((8, 8))])
    spoilt = tuple(page.replace(b"4x8", b"4y8") for page in sheet.pages)

    sizes = replace(sheet, pages=spoilt).sizes()

    assert sizes is not None
    assert sizes.tolist() == [[8, 8], [8, 8]]
