"""One call logs vectors, labels and pictures, and checks all of them first."""

from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import DriftglassWarning, InvalidInputError, NotFoundError, ShapeError

RED, GREEN = (255, 0, 0), (0, 255, 0)


@pytest.fixture
def run(local):
    with local.create("run", strict=True) as made:
        yield made


@pytest.fixture
def lenient(local):
    with local.create("lenient") as made:
        yield made


def test_a_preprocess_function_is_applied_to_each_element(run):
    seen = []

    def note(matrix):
        seen.append(matrix.shape)
        return matrix

    run.create_embedding_image(np.zeros((3, 4)), (2, 2), image_preprocess_function=note)

    assert seen == [(4,), (4,), (4,)]


def test_floats_in_the_unit_range_are_spread_and_others_are_cut(run):
    spread, _ = run.create_embedding_image(np.full((1, 1, 1), 0.5), (1, 1))
    cut, _ = run.create_embedding_image(np.array([[[2.0]], [[300.0]]]), (1, 1))

    assert spread.getpixel((0, 0))[0] == 127
    assert [cut.getpixel((place, 0))[0] for place in (0, 1)] == [2, 255]


def test_a_colour_becomes_clear_and_another_stands_behind_it(run):
    image, _ = run.create_embedding_image(
        [[[0, 9]], [[0, 9]]],
        (2, 1),
        image_transparent_color=(0, 0, 0),
        image_background_color_function=lambda index: (RED, GREEN)[index],
    )

    assert [image.getpixel((x, 0)) for x in range(4)] == [
        (*RED, 255),
        (9, 9, 9, 255),
        (*GREEN, 255),
        (9, 9, 9, 255),
    ]


def test_images_that_fail_are_left_out_and_counted(run):
    images = [np.zeros((2, 2)), "no image", np.zeros(7)]
    with pytest.warns(DriftglassWarning, match=r"2 of 3 images could not be used"):
        run.log_embedding(np.eye(3), image_data=images, image_size=(2, 2))

    assert run.images.tiles.tolist() == [0, -1, -1]
    assert [item for item, _ in run.images.failed] == [1, 2]


def test_flat_pixels_need_a_size(run):
    with pytest.raises(InvalidInputError, match="image_size is missing"):
        run.log_embedding(np.eye(2), image_data=np.zeros((2, 4)))


@pytest.mark.parametrize("size", [(0, 4), "big", (2,), (1, 2, 3), (9999, 1)])
def test_an_impossible_size_is_refused(run, size):
    with pytest.raises(InvalidInputError, match="image_size is"):
        run.create_embedding_image(np.zeros((2, 4)), size)


def test_an_address_of_another_run_is_refused(run, lenient):
    _, address = lenient.create_embedding_image(np.zeros((2, 1, 1)))

    with pytest.raises(NotFoundError, match="create_embedding_image"):
        run.log_embedding(np.eye(2), image_data=address)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": ["a"]}, "1 labels for 2 vectors"),
        ({"image_data": np.zeros((3, 2, 2))}, "3 images for 2 vectors"),
        ({"ids": [1]}, "1 ids for 2 vectors"),
        ({"labels": [["a", 1], ["b"]]}, "ragged"),
        ({"labels": [["h"], ["a"], ["b"]]}, "labels_header=True"),
        ({"labels": [["a"], ["b"]], "labels_header": True}, "cannot be a header"),
    ],
)
def test_nothing_is_written_when_lengths_differ(run, arguments, message):
    with pytest.raises(ShapeError, match=message):
        run.log_embedding(np.eye(2), **arguments)

    assert (run.spaces, run.metadata, run.images) == ([], None, None)


def test_training_goes_on_when_an_embedding_is_refused(lenient):
    with pytest.warns(DriftglassWarning, match="1 labels for 2 vectors"):
        accepted = lenient.log_embedding(np.eye(2), ["a"])

    assert not accepted
    assert lenient.write_report().n_refused == 1


def test_tensors_of_higher_rank_are_flattened(run):
    run.log_embedding(np.zeros((2, 3, 4)), group="layer")

    assert run.snapshot("layer", 0).vectors.shape == (2, 12)


def test_a_table_names_its_columns(run):
    run.log_embedding(np.eye(2), {"word": ["a", "b"], "size": [1.5, None]})

    assert run.metadata.row(0) == {"word": "a", "size": 1.5}
    assert run.metadata.row(1)["size"] is None


def test_an_embedding_of_other_items_gets_numbers_of_its_own(run):
    run.log_embedding(np.eye(2), ["a", "b"], group="words")
    run.log_embedding(np.eye(3), ["x", "y", "z"], group="letters")

    assert run.snapshot("letters", 0).ids.tolist() == [2, 3, 4]
    assert [run.metadata.row(n)["label"] for n in range(5)] == ["a", "b", "x", "y", "z"]


def test_pictures_of_several_embeddings_are_kept_side_by_side(run):
    run.log_embedding(np.eye(2), ["a", "b"], np.full((2, 2, 2), 9, np.uint8), group="words")
    run.log_embedding(np.eye(2), ["x", "y"], np.full((2, 3, 3), 7, np.uint8), group="letters")

    assert [int(run.images.crop(n).max(axis=2)[1, 1]) for n in (0, 1)] == [255, 255]
    assert [int(run.images.crop(n)[1, 1, 0]) for n in range(4)] == [9, 9, 7, 7]


def test_labels_that_change_are_replaced_with_a_warning(run):
    run.log_embedding(np.eye(2), ["a", "b"], group="g")
    with pytest.warns(DriftglassWarning, match="pass ids="):
        run.log_embedding(np.eye(2), ["b", "b"], group="g")

    assert run.metadata.row(0)["label"] == "b"


def test_equal_labels_and_pictures_are_written_once(run):
    images = np.zeros((2, 2, 2), np.uint8)
    _, address = run.create_embedding_image(images)
    for _ in range(5):
        run.log_embedding(np.eye(2), ["a", "b"], address, group="g")
    run.flush()

    assert len(list((run.path / "columns").iterdir())) == 1
    assert len(list((run.path / "images").glob("*.png"))) == 1
    assert run.steps("g") == [0, 1, 2, 3, 4]


def test_a_resumed_run_goes_on_where_it_stopped(local):
    with local.create("r", strict=True) as first:
        first.log_embedding(np.eye(2), ["a", "b"], group="g", ids=[7, 8], title="one")
    with local.resume("r", strict=True) as again:
        again.log_embedding(np.eye(2) * 2, ["a", "b"], group="g", title="two")
    read = dg.open(local.path).run("r")

    assert read.steps("g") == [0, 1]
    assert read.snapshot("g", 1).ids.tolist() == [7, 8]
    assert read.titles("g") == {0: "one", 1: "two"}


def test_items_with_names_need_ids(local, run):
    run.log_embedding(np.eye(2), ids=["a", "b"], group="g")

    with pytest.raises(InvalidInputError, match="need ids="):
        run.log_embedding(np.eye(3), group="h")


def test_a_damaged_title_is_no_title(run):
    run.log_embedding(np.eye(2), group="g", title="first")
    run._note("title", "no json", 0)
    run._note("title", "[1]", 0)
    run.flush()

    assert run.titles("g") == {0: "first"}


def test_works_without_a_disk(store):
    with store.create("r", strict=True) as run:
        run.log_embedding(np.eye(2), ["a", "b"], np.zeros((2, 2, 2)), group="g", title="t")

    assert store.run("r").titles("g") == {0: "t"}
    assert len(store.run("r").images) == 2
