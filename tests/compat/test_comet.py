"""Scripts written for Comet's embedding logger run with one import changed."""

from __future__ import annotations

import io
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import driftglass as dg
from driftglass.compat.comet import Experiment
from driftglass.errors import DriftglassWarning

# The examples of Comet's page on embeddings; only the import of Experiment differs.
FOUR_POINTS = """
from driftglass.compat.comet import Experiment

experiment = Experiment()

vectors = [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
]
labels = ["one", "two", "three", "four"]

experiment.log_embedding(vectors, labels)
"""
GROUPED = """
for epoch in range(max_epoch):
    model.train()
    experiment.log_embedding(vectors, labels, title="epoch-%s" % epoch, group="hidden-layer-1")
"""
PICTURES = """
image_data = [
    [[255, 0], [0, 0]],
    [[0, 255], [0, 0]],
    [[0, 0], [255, 0]],
    [[0, 0], [0, 255]],
]
image_size = (2, 2)

# Log the images with the vectors:

experiment.log_embedding(vectors, labels, image_data, image_size)
image, image_url = experiment.create_embedding_image(image_data, image_size)
experiment.log_embedding(vectors, labels, image_data=image_url, image_size=image_size)
"""
DIGITS = """
from keras.datasets import mnist
import numpy as np

def get_dataset():
    num_classes = 10

    # the data, shuffled and split between train and test sets
    (x_train, y_train), (x_test, y_test) = mnist.load_data()

    x_train = x_train.reshape(60000, 784)
    x_test = x_test.reshape(10000, 784)
    x_train = x_train.astype("float32")
    x_test = x_test.astype("float32")
    x_train /= 255
    x_test /= 255
    print(x_train.shape[0], "train samples")
    print(x_test.shape[0], "test samples")

    # convert class vectors to binary class matrices
    y_train = keras.utils.to_categorical(y_train, num_classes)
    y_test = keras.utils.to_categorical(y_test, num_classes)

    return x_train, y_train, x_test, y_test

x_train, y_train, x_test, y_test = get_dataset()

def label_to_color(index):
    label = labels[index]
    if label == 0:
        return (255, 0, 0)
    elif label == 1:
        return (0, 255, 0)
    elif label == 2:
        return (0, 0, 255)
    elif label == 3:
        return (255, 255, 0)
    elif label == 4:
        return (0, 255, 255)
    elif label == 5:
        return (128, 128, 0)
    elif label == 6:
        return (0, 128, 128)
    elif label == 7:
        return (128, 0, 128)
    elif label == 8:
        return (255, 0, 255)
    elif label == 9:
        return (255, 255, 255)

image_data = x_test
labels = y_test
image_size = (28, 28)

# And use the optional arguments:

image, image_ = experiment.create_embedding_image(
    image_data,
    image_size,
    # we round the pixels to 0 and 1, and multiple by 2
    # to keep the non-zero colors dark (if they were 1, they
    # would get distributed between 0 and 255):
    image_preprocess_function=lambda matrix: np.round(matrix, 0) * 2,
    # Set the transparent color:
    image_transparent_color=(0, 0, 0),
    # Fill in the transparent color with a background color:
    image_background_color_function=label_to_color,
)
"""
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DRIFTGLASS_DIR", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def experiment(folder):
    with Experiment(experiment_key="one") as made:
        yield made


def digits_as_mnist(one_hot):
    """The parts of Keras the example uses, with scikit-learn's digits on MNIST's canvas."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = (digits.images * (255 / 16)).astype(np.uint8)
    large = np.zeros((len(small), 28, 28), np.uint8)
    large[:, 2:26, 2:26] = small.repeat(3, axis=1).repeat(3, axis=2)
    rows = np.arange(60_000) % len(large)
    train = (large[rows], digits.target[rows].astype(np.uint8))
    test = (train[0][:10_000], train[1][:10_000])
    keras, datasets = ModuleType("keras"), ModuleType("keras.datasets")
    datasets.mnist = SimpleNamespace(load_data=lambda: (train, test))
    keras.datasets = datasets
    keras.utils = SimpleNamespace(
        to_categorical=lambda y, n: np.eye(n)[y] if one_hot else y,
    )
    return keras


def run_of(folder):
    return dg.open(folder).runs()[0]


def test_the_example_of_four_points_runs_as_it_is_written(folder):
    names = {}
    exec(FOUR_POINTS, names)
    names["experiment"].end()
    run = run_of(folder)

    assert run.spaces == ["Comet Embedding"]
    assert np.array_equal(run.snapshot("Comet Embedding", 0).vectors, np.eye(4))
    assert run.metadata["label"].kind == "categorical"
    assert [run.metadata.row(n)["label"] for n in range(4)] == ["one", "two", "three", "four"]


def test_the_example_of_groups_makes_one_space_with_titled_steps(folder):
    names = {"max_epoch": 3, "model": SimpleNamespace(train=lambda: None)}
    exec(FOUR_POINTS, names)
    exec(GROUPED, names)
    names["experiment"].end()
    run = run_of(folder)

    assert run.spaces == ["Comet Embedding", "hidden-layer-1"]
    assert run.titles("hidden-layer-1") == {0: "epoch-0", 1: "epoch-1", 2: "epoch-2"}
    assert run.snapshot("hidden-layer-1", 2).ids.tolist() == [0, 1, 2, 3]
    assert not [note for note in run.notes() if "epoch-" in note]


def test_the_example_of_pictures_gives_every_point_its_thumbnail(folder):
    names = {}
    exec(FOUR_POINTS, names)
    exec(PICTURES, names)
    names["experiment"].end()
    run = run_of(folder)

    assert names["image"].size == (4, 4)
    assert np.asarray(names["image"])[:, :, 0].tolist() == [
        [255, 0, 0, 255],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [255, 0, 0, 255],
    ]
    assert run.images.crop(1)[:, :, 0].tolist() == [[0, 255], [0, 0]]
    assert len(run.ids) == 4
    assert run.spaces == ["Comet Embedding", "Comet Embedding 2", "Comet Embedding 3"]


@pytest.mark.slow
def test_the_example_of_digits_paints_the_class_behind_each_picture(experiment, capsys):
    keras = digits_as_mnist(one_hot=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "keras", keras)
        patch.setitem(sys.modules, "keras.datasets", keras.datasets)
        names = {"experiment": experiment, "keras": keras}
        exec(DIGITS, names)
    accepted = experiment.log_embedding(
        names["x_test"], names["labels"].tolist(), names["image_"], names["image_size"]
    )
    run = experiment.run

    assert accepted
    assert "10000 test samples" in capsys.readouterr().out
    assert names["image"].size == (2800, 2800)
    for digit, colour in enumerate(COLOURS):
        row = int(np.argmax(names["labels"] == digit))
        assert tuple(run.images.crop(row)[0, 0]) == (*colour, 255)
        darkest = run.images.crop(row)[:, :, :3].max(axis=2).min()
        assert darkest == 2


@pytest.mark.slow
def test_the_example_of_digits_runs_with_one_hot_labels_and_says_what_failed(experiment):
    keras = digits_as_mnist(one_hot=True)
    names = {"experiment": experiment, "keras": keras}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "keras", keras)
        patch.setitem(sys.modules, "keras.datasets", keras.datasets)
        with pytest.warns(DriftglassWarning, match=r"failed for 10,000 of 10,000 images"):
            exec(DIGITS, names)
    with pytest.warns(DriftglassWarning, match="read as class numbers"):
        experiment.log_embedding(names["x_test"][:, :3], names["labels"], names["image_"])
    run = experiment.run

    assert names["image"].getpixel((0, 0)) == (0, 0, 0, 0)
    assert set(run.metadata["label"].categories) == {str(digit) for digit in range(10)}


def test_a_list_of_rows_has_its_header_first(experiment):
    table = [["word", "length"], ["ant", 3], ["horse", 5]]

    assert experiment.log_embedding(np.eye(2), table)
    assert experiment.run.metadata.row(1) == {"word": "horse", "length": "5"}


def test_a_table_without_a_header_is_refused_instead_of_losing_its_first_row(experiment):
    with pytest.warns(DriftglassWarning, match="cannot be a header"):
        accepted = experiment.log_embedding(np.eye(2), [["ant", 3], ["horse", 5]])

    assert not accepted
    assert experiment.run.spaces == []


def test_options_of_the_original_are_taken(folder):
    made = Experiment(api_key="secret", project_name="x", workspace="y", auto_metric_logging=True)
    made.log_metric("loss", 0.5, step=3)
    made.log_metrics({"loss": 0.25}, prefix="train", step=3)
    made.end()

    assert made.get_key().startswith("experiment-")
    assert made.run.scalars().at("train_loss", 3) == 0.25
    assert "secret" not in "".join(
        path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()
    )


def test_two_experiments_made_at_once_have_two_names(folder):
    first, second = Experiment(), Experiment()

    assert first.get_key() != second.get_key()
    first.end()
    second.end()


def test_pillow_images_are_taken_and_resized(experiment):
    images = [Image.new("RGB", (10, 6), colour) for colour in ("red", "blue")]
    image, address = experiment.create_embedding_image(images, image_size=(5, 3))
    experiment.log_embedding(np.eye(2), ["a", "b"], address, image_size=(5, 3))

    assert image.size == (10, 6)
    assert tuple(experiment.run.images.crop(1)[0, 0]) == (0, 0, 255, 255)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    assert stream.getvalue()
