"""A real ``fit`` of Keras 3 on its torch back end, with a tiny network."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what a package warns of while it loads is not ours
    keras = pytest.importorskip("keras")

import driftglass as dg  # noqa: E402 - after the check that it is there
from driftglass.errors import DriftglassWarning  # noqa: E402
from driftglass.integrations import Schedule, keras_callback  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning:keras")
N = 48


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, 6, 6, 1)).astype(np.float32), np.arange(N) % 3


def fitted(data, callbacks, epochs=2):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.layers.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(3, name="head"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss=loss, metrics=["accuracy"])
    model.fit(*data, batch_size=8, epochs=epochs, verbose=0, callbacks=callbacks)
    return model


def test_a_fit_is_recorded(data, tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("net", ids=np.arange(N)) as run:
        callback = keras_callback(run, data[0], layers=["conv", "output"])
        model = fitted(data, [callback])

    run = store.run("net")
    assert callback.recorder.report().messages == ()
    assert run.steps("conv") == [0, 1, 2, 4, 8, 12]
    assert run.snapshot("conv", 4).vectors.shape == (N, 4)
    assert {"loss", "accuracy", "learning_rate", "gradient_norm", "epoch"} <= set(run.scalars())
    expected = keras.ops.convert_to_numpy(model(data[0], training=False))
    np.testing.assert_allclose(run.predictions(12).values, expected, atol=1e-6)


def test_the_model_ends_bit_identical(data, tmp_path):
    alone = fitted(data, [])
    with dg.open(tmp_path / "runs").create("net", ids=np.arange(N)) as run:
        callback = keras_callback(run, data[0], schedule=Schedule(every=1))
        watched = fitted(data, [callback])

    assert callback.recorder.report().n_recorded >= 13
    for one, other in zip(alone.get_weights(), watched.get_weights(), strict=True):
        assert (one == other).all()


def test_the_default_is_what_goes_into_the_last_dense_layer(data, tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("net", ids=np.arange(N)) as run:
        fitted(data, [keras_callback(run, data[0])], epochs=1)

    assert store.run("net").spaces == ["penultimate"]
    assert store.run("net").snapshot("penultimate", 0).vectors.shape == (N, 64)


def test_a_layer_that_is_not_there_is_named_and_training_goes_on(data, tmp_path):
    with dg.open(tmp_path / "runs").create("net", ids=np.arange(N)) as run:
        callback = keras_callback(run, data[0], layers="convolution")
        with pytest.warns(DriftglassWarning, match="convolution"):
            fitted(data, [callback], epochs=1)

    assert callback.recorder.report().n_recorded == 0
