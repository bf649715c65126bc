"""The network as a map: its quality, its derivatives, its files and what it refuses."""

# ruff: noqa: E402
from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.datasets import load_digits, load_wine, make_swiss_roll
from sklearn.manifold import trustworthiness
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import DriftglassWarning, FormatError, InvalidInputError, NotFoundError, ShapeError
from driftglass.projections import (
    GlassBoxUMAP,
    ParametricUMAP,
    create_encoder,
    register_encoder,
    view_registry,
)
from driftglass.projections._glassbox import _files


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """Small products on a busy machine: threads that wait for each other cost more than they do."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def wine():
    return StandardScaler().fit_transform(load_wine().data).astype(np.float32)


@pytest.fixture(scope="module")
def quick(wine):
    return GlassBoxUMAP(epochs=15, random_state=0).fit(wine)


@pytest.fixture(scope="module")
def roll():
    raw, along = make_swiss_roll(n_samples=1000, random_state=0)
    X = StandardScaler().fit_transform(raw).astype(np.float32)
    return X, along, GlassBoxUMAP(random_state=0, quiet=True).fit(X)


@pytest.mark.filterwarnings("ignore:n_neighbors .* lowered")
@parametrize_with_checks([GlassBoxUMAP(n_neighbors=4, epochs=1, random_state=0, quiet=True)])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_the_swiss_roll_unrolls_with_the_defaults(roll):
    X, along, model = roll
    Y = model.embedding_

    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=15).fit(Y).kneighbors(return_distance=False)
    assert np.mean(np.abs(along[near] - along[:, None]) > np.pi) <= 0.01
    assert trustworthiness(X, Y, n_neighbors=15) >= 0.97


def test_new_rows_lie_among_their_neighbours(roll):
    _, along, model = roll
    raw, there = make_swiss_roll(n_samples=300, random_state=1)
    scaled = StandardScaler().fit(make_swiss_roll(n_samples=1000, random_state=0)[0]).transform(raw)

    Y = model.transform(scaled)

    nearest = np.linalg.norm(Y[:, None] - model.embedding_, axis=2).argmin(axis=1)
    assert np.mean(np.abs(along[nearest] - there) > np.pi) <= 0.01


def test_each_row_has_its_place_whatever_comes_with_it(quick, wine):
    everyone = quick.transform(wine)

    np.testing.assert_array_equal(quick.transform(wine[[3]]), everyone[[3]])
    np.testing.assert_array_equal(quick.transform(wine[::-1]), everyone[::-1])
    np.testing.assert_array_equal(quick.embedding_, everyone)
    np.testing.assert_allclose(quick.transform(wine, batch_size=7), everyone, atol=1e-5)


def test_the_mean_lies_at_the_origin(quick, wine):
    mean = wine.astype(np.float64).mean(axis=0, keepdims=True)

    assert np.abs(quick.transform(mean)).max() < 1e-5


def test_one_seed_gives_one_map_and_leaves_the_random_numbers_of_others_alone(wine):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)

    first = GlassBoxUMAP(epochs=3, random_state=1).fit(wine)
    drawn = torch.rand(3)
    second = GlassBoxUMAP(epochs=3, random_state=1).fit(wine)

    np.testing.assert_array_equal(first.embedding_, second.embedding_)
    assert torch.equal(drawn, expected)
    assert first == second
    assert first != GlassBoxUMAP(epochs=3, random_state=2).fit(wine)


def test_the_number_of_threads_that_torch_has_changes_nothing(wine):
    maps = []
    for n_threads in (1, 2, 8):
        torch.set_num_threads(n_threads)
        model = GlassBoxUMAP(epochs=3, random_state=0).fit(np.tile(wine, (2, 1)))
        maps.append(model.transform(wine))
        assert torch.get_num_threads() == n_threads
    torch.set_num_threads(1)

    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])


@pytest.mark.parametrize("options", [{}, {"pca_components": 5}, {"n_components": 3}])
def test_contributions_are_the_derivative_times_the_difference_from_the_mean(wine, options):
    model = GlassBoxUMAP(epochs=5, random_state=0, **options).fit(wine)
    mean = wine.astype(np.float64).mean(axis=0)
    rng = np.random.default_rng(0)

    C = model.compute_contributions(wine)

    step = 1e-4
    rows, features = rng.integers(len(wine), size=40), rng.integers(wine.shape[1], size=40)
    ahead, behind = wine[rows].astype(np.float64), wine[rows].astype(np.float64)
    ahead[np.arange(40), features] += step
    behind[np.arange(40), features] -= step
    difference = (_double(model, ahead) - _double(model, behind)) / (2 * step)
    expected = difference * (wine[rows, features] - mean[features])[:, None]
    errors = np.abs(C[rows, :, features] - expected).max(axis=1)
    # A step may cross a kink, where the derivative jumps.
    assert np.quantile(errors / np.abs(C).max(), 0.9) < 1e-4


def _double(model, X):
    """Coordinates in double precision."""
    encoder = model._double()
    with torch.no_grad():
        return encoder(torch.from_numpy(model.prepare(X))).numpy() - model.origin_


def test_the_jacobian_of_prepared_rows_agrees_with_the_contributions(quick, wine):
    J = quick.compute_jacobian(torch.from_numpy(quick.prepare(wine)))

    back = J.numpy() * quick.preparation_.scale
    expected = back * (wine - quick.preparation_.mean)[:, None]
    np.testing.assert_allclose(quick.compute_contributions(wine), expected, atol=1e-5)


def test_the_reduction_is_the_length_over_the_coordinates(quick, wine):
    C = quick.compute_contributions(wine)

    reduced = quick.compute_contributions(wine, batch_size=10, reduction="l2")

    assert C.shape == (178, 2, 13)
    assert C.dtype == reduced.dtype == np.float32
    np.testing.assert_allclose(reduced, np.linalg.norm(C, axis=1), atol=1e-5)


@pytest.mark.parametrize("pca_components", [None, 4])
def test_a_constant_feature_contributes_nothing_and_moves_nothing(wine, pca_components):
    X = np.column_stack([wine, np.full(len(wine), 0.1)])
    model = GlassBoxUMAP(epochs=3, pca_components=pca_components, random_state=0).fit(X)
    moved = X.copy()
    moved[:, -1] = 5.0

    assert not model.compute_contributions(moved)[:, :, -1].any()
    np.testing.assert_array_equal(model.transform(moved), model.embedding_)


def test_images_go_through_a_convolution_and_pixels_get_the_contributions():
    images = load_digits().images[:200, None].astype(np.float32)
    model = GlassBoxUMAP(
        encoder_name="default_conv", encoder_kwargs={"hidden_dims": [32]}, epochs=2
    )

    Y = model.fit_transform(images)
    C = model.compute_contributions(images)

    assert Y.shape == (200, 2)
    assert C.shape == (200, 2, 64)
    assert model.transform(images[:3]).shape == (3, 2)
    with pytest.raises(ShapeError, match=r"\(64,\).*fitted to samples of shape \(1, 8, 8\)"):
        model.transform(images.reshape(200, 64))
    with pytest.raises(InvalidInputError, match="principal axes need flat rows"):
        GlassBoxUMAP(pca_components=3).fit(images)


def test_arguments_can_be_changed_and_count_from_the_next_fit(wine):
    model = GlassBoxUMAP(epochs=2, random_state=0)
    model.n_components = 3
    model.encoder_kwargs = {"hidden_size": 8, "n_hidden_layers": 1}
    assert model.fit_transform(wine).shape == (178, 3)

    model.pca_components = 4
    model.fit(wine)
    model.pca_components = None

    assert model.transform(wine[:2]).shape == (2, 3)
    assert model.fit(wine).preparation_.components is None


def test_an_encoder_of_ones_own_is_known_by_its_name(wine):
    @register_encoder("test_lines")
    class Lines(torch.nn.Module):
        def __init__(self, input_dims, n_components, width=4):
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.Linear(input_dims[0], width), torch.nn.ReLU(),
                torch.nn.Linear(width, n_components),
            )  # fmt: skip

        def forward(self, x):
            return self.layers(x)

    model = GlassBoxUMAP(encoder_name="test_lines", encoder_kwargs={"width": 6}, epochs=2).fit(wine)

    assert model.encoder_.layers[0].out_features == 6
    assert view_registry()["test_lines"] is Lines
    assert isinstance(create_encoder("test_lines", (3,), 2), Lines)
    with pytest.raises(InvalidInputError, match="registered already"):
        register_encoder("test_lines")(torch.nn.Linear)
    with pytest.raises(NotFoundError, match=r"'defualt'\. Did you mean 'default'"):
        GlassBoxUMAP(encoder_name="defualt").fit(wine)
    with pytest.raises(InvalidInputError, match="hidden_sizes"):
        GlassBoxUMAP(encoder_kwargs={"hidden_sizes": 3}).fit(wine)


def test_a_feature_that_the_network_cannot_see_contributes_nothing(wine):
    @register_encoder("test_blind")
    class Blind(torch.nn.Module):
        def __init__(self, input_dims, n_components):
            super().__init__()
            self.inner = create_encoder("default", (input_dims[0] - 1,), n_components)

        def forward(self, x):
            return self.inner(x[:, 1:])

    model = GlassBoxUMAP(encoder_name="test_blind", epochs=2, random_state=0).fit(wine)

    C = model.compute_contributions(wine)
    assert not C[:, :, 0].any()
    assert C[:, :, 1:].any(axis=(0, 1)).all()


def test_a_saved_model_is_the_same_model(quick, wine, tmp_path):
    quick.save(tmp_path / "deep" / "model.safetensors")
    loaded = GlassBoxUMAP.load(tmp_path / "deep" / "model.safetensors")

    assert loaded == quick
    np.testing.assert_array_equal(loaded.transform(wine), quick.embedding_)
    np.testing.assert_array_equal(
        loaded.compute_contributions(wine), quick.compute_contributions(wine)
    )
    assert loaded.get_params()["epochs"] == 15
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["model.safetensors"]


def test_a_file_is_a_length_a_json_header_and_arrays(quick, tmp_path):
    path = tmp_path / "model.safetensors"
    quick.save(path)
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")

    header = json.loads(data[8 : 8 + length])

    assert header["encoder.layers.1.weight"]["shape"] == [128, 13]
    assert header["encoder.layers.1.weight"]["dtype"] == "F32"
    parameters = json.loads(header["__metadata__"]["driftglass"])["parameters"]
    assert parameters["epochs"] == 15
    assert b"__reduce__" not in data


@pytest.mark.parametrize("bad", ["empty", "cut", "pickle", "long", "shape", "missing", "newer"])
def test_a_file_that_is_not_a_model_is_refused(quick, tmp_path, bad):
    path = tmp_path / "model.safetensors"
    arrays, description = quick.to_arrays()
    data = _files.pack(arrays, description)
    if bad == "empty":
        data = b""
    elif bad == "cut":
        data = data[:-100]
    elif bad == "pickle":
        data = pickle.dumps({"weights": [1, 2]})
    elif bad == "long":
        data = (2**62).to_bytes(8, "little") + data[8:]
    elif bad == "shape":
        arrays["encoder.layers.1.weight"] = np.zeros((3, 3), np.float32)
        data = _files.pack(arrays, description)
    elif bad == "missing":
        del arrays["preparation.mean"]
        data = _files.pack(arrays, description)
    else:
        data = _files.pack(arrays, {**description, "version": 99})
    path.write_bytes(data)

    with pytest.raises(FormatError):
        GlassBoxUMAP.load(path)


def test_what_cannot_be_written_as_json_is_said(wine, tmp_path):
    model = GlassBoxUMAP(epochs=1, random_state=0).fit(wine)
    model._encoder_kwargs = {"activation": torch.nn.ReLU()}

    with pytest.raises(InvalidInputError, match="cannot be written"):
        model.save(tmp_path / "model")


def test_equality_looks_at_what_a_model_is(quick):
    other = pickle.loads(pickle.dumps(quick))
    assert other == quick
    other.quiet, other.num_workers, other.checkpoint_dir = True, 3, "somewhere"
    assert other == quick

    other.n_neighbors = 20
    assert other != quick
    assert GlassBoxUMAP() == GlassBoxUMAP()
    assert GlassBoxUMAP() != quick
    assert GlassBoxUMAP() != ParametricUMAP()


class Watcher:
    """A callback by structure, with the hooks that Lightning's have."""

    def __init__(self, stop_after=None):
        self.calls, self.losses, self.stop_after = [], [], stop_after

    def on_train_start(self, trainer, module):
        self.calls.append("start")

    def on_train_epoch_end(self, trainer, module):
        self.losses.append(float(trainer.callback_metrics["train_loss"]))
        assert module(torch.zeros(2, 13)).shape == (2, 2)
        if trainer.current_epoch + 1 == self.stop_after:
            trainer.should_stop = True

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.calls.append(batch_idx)

    def on_train_end(self, trainer, module):
        self.calls.append("end")


def test_a_callback_of_lightning_hears_of_the_fit_and_may_end_it(wine):
    watcher = Watcher(stop_after=3)

    model = GlassBoxUMAP(epochs=9, random_state=0, extra_callbacks=[watcher]).fit(wine)

    assert model.n_iter_ == len(watcher.losses) == 3
    assert watcher.calls[0] == "start"
    assert watcher.calls[-1] == "end"
    assert watcher.losses == pytest.approx([epoch["loss"] for epoch in model.history_])


def test_callbacks_of_lightning_itself_watch_and_end_a_fit(wine):
    callbacks = pytest.importorskip("lightning.pytorch.callbacks")

    class Counter(callbacks.Callback):
        epochs = 0

        def on_train_epoch_end(self, trainer, pl_module):
            self.epochs += 1

    counter = Counter()
    patient = callbacks.EarlyStopping("train_loss", patience=2, min_delta=100.0)
    started = []
    first = callbacks.LambdaCallback(on_train_start=lambda trainer, _: started.append(trainer))

    model = GlassBoxUMAP(
        epochs=20, random_state=0, extra_callbacks=[first, counter, patient, callbacks.Timer()]
    ).fit(wine)

    assert started[0].max_epochs == 40
    assert model.n_iter_ == counter.epochs == 3
    assert patient.stopped_epoch == 2


def test_a_callback_that_needs_all_of_lightning_is_refused_with_its_name(wine, tmp_path):
    callbacks = pytest.importorskip("lightning.pytorch.callbacks")
    checkpoint = callbacks.ModelCheckpoint(tmp_path, monitor="train_loss")

    with pytest.raises(InvalidInputError, match=r"ModelCheckpoint asks for .* of Lightning"):
        GlassBoxUMAP(epochs=2, random_state=0, extra_callbacks=[checkpoint]).fit(wine)


def test_a_callback_without_hooks_is_refused(wine):
    for callback in (3, Watcher):
        with pytest.raises(InvalidInputError, match="none of the hooks"):
            GlassBoxUMAP(extra_callbacks=[callback]).fit(wine)


def test_ctrl_c_keeps_the_map_as_it_is(wine):
    class Impatient:
        def on_train_epoch_end(self, trainer, module):
            if trainer.current_epoch == 2:
                raise KeyboardInterrupt

    with pytest.warns(DriftglassWarning, match="Interrupted after 3 epochs: the map is kept"):
        model = GlassBoxUMAP(epochs=50, random_state=0, extra_callbacks=[Impatient()]).fit(wine)

    assert model.interrupted_
    assert np.isfinite(model.transform(wine)).all()


def test_a_fit_can_be_watched_as_a_run(wine, tmp_path):
    import driftglass as dg

    seen = []

    class Visitor:
        """Somebody else who looks at the store meanwhile."""

        def on_train_epoch_end(self, trainer, module):
            run.flush()
            visited = dg.open(tmp_path).run("fit")
            seen.append(len(visited.describe("map")) if visited.spaces else 0)

    with dg.open(tmp_path).create("fit", ids=np.arange(178)) as run:
        model = GlassBoxUMAP(
            epochs=40, num_batches=1, random_state=0, monitor=run, extra_callbacks=[Visitor()]
        ).fit(wine)

    run = dg.open(tmp_path).run("fit")
    steps = [info.step for info in run.describe("map")]
    assert 30 <= len(steps) <= 51
    last = run.snapshot("map", steps[-1])
    np.testing.assert_allclose(last.vectors, model.embedding_, atol=1e-6)
    assert seen[0] == 0
    assert seen[-1] >= 30
    epochs, _ = run.scalars()["loss"]
    assert len(epochs) == model.n_iter_ == 80


def test_checkpoints_hold_the_best_weights_and_the_model(wine, tmp_path):
    model = GlassBoxUMAP(epochs=4, random_state=0, checkpoint_dir=tmp_path).fit(wine)

    assert GlassBoxUMAP.load(tmp_path / "last.safetensors") == model
    arrays, _ = _files.read_tensors(tmp_path / "best.safetensors")
    for name, weights in model.encoder_.state_dict().items():
        np.testing.assert_array_equal(arrays[f"encoder.{name}"], weights.numpy())


def test_the_loss_falls_and_early_stopping_saves_epochs(wine):
    model = GlassBoxUMAP(epochs=60, batch_size="auto", random_state=0).fit(wine)

    by_phase = {}
    for epoch in model.history_:
        by_phase.setdefault(epoch["phase"], []).append(epoch["loss"])
    assert set(by_phase) == {"copying the layout", "descending the loss"}
    assert all(np.mean(losses[-3:]) < np.mean(losses[:3]) for losses in by_phase.values())


def test_a_layout_of_ones_own_is_copied(wine):
    layout = wine[:, :2].astype(np.float64)
    model = GlassBoxUMAP(init=layout, epochs=40, jitter=0.0, random_state=0)
    model.num_batches = 4

    history = model.fit(wine).history_

    copied = [epoch["loss"] for epoch in history if epoch["phase"].startswith("copying")]
    assert copied[-1] < 0.4 * copied[0]
    with pytest.raises(ShapeError, match=r"init has shape \(178, 3\)"):
        GlassBoxUMAP(init=wine[:, :3]).fit(wine)


def test_a_random_start_only_descends(wine):
    model = GlassBoxUMAP(init="random", epochs=2, random_state=0).fit(wine)

    assert {epoch["phase"] for epoch in model.history_} == {"descending the loss"}


def test_takes_tensors_of_any_precision(wine):
    model = GlassBoxUMAP(epochs=2, random_state=0).fit(torch.from_numpy(wine).double())

    np.testing.assert_allclose(
        model.transform(torch.from_numpy(wine)), model.transform(wine), atol=1e-6
    )
    assert model.transform(torch.from_numpy(wine).bfloat16()).shape == (178, 2)


def test_equal_rows_are_one_point_and_few_rows_are_placed():
    with pytest.warns(DriftglassWarning, match="one stacked point"):
        Y = GlassBoxUMAP(epochs=1, random_state=0).fit_transform(np.full((20, 3), 0.1))

    assert np.ptp(Y, axis=0).max() == 0
    few = np.random.default_rng(0).normal(size=(3, 4))
    assert np.isfinite(GlassBoxUMAP(epochs=2, random_state=0).fit_transform(few)).all()


def test_fewer_rows_than_neighbours_are_said(rng):
    with pytest.warns(DriftglassWarning, match="n_neighbors 15 lowered to 9"):
        GlassBoxUMAP(epochs=1, random_state=0).fit(rng.normal(size=(9, 4)))
    with pytest.warns(DriftglassWarning, match="pca_components 30 lowered to 5"):
        GlassBoxUMAP(epochs=1, random_state=0, pca_components=30).fit(rng.normal(size=(40, 5)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_neighbors": 1}, "n_neighbors is 1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"lr": 0}, "lr is 0; a number above 0"),
        ({"lr": "fast"}, "lr is 'fast'"),
        ({"batch_size": 0.5}, "batch_size is 0.5; an integer of at least 1, or 'auto'"),
        ({"jitter": -1}, "jitter is -1"),
        ({"min_dist": 2.0}, "min_dist is 2.0"),
        ({"metric": "precomputed"}, "learns from vectors"),
        ({"init": "pca"}, "init is 'pca'; 'umap', 'random' or an array"),
        ({"device": "abacus"}, "device is 'abacus'"),
        ({"pca_components": 0}, "pca_components is 0"),
        ({"n_components": 2.5}, "n_components is 2.5"),
        ({"encoder_kwargs": {"hidden_size": 0}}, "hidden_size is 0"),
        ({"lr": 1e12, "epochs": 30, "jitter": 0}, "The loss became"),
    ],
)
def test_names_the_argument_that_cannot_be(wine, options, message):
    with pytest.raises(InvalidInputError, match=message):
        GlassBoxUMAP(random_state=0, **options).fit(wine)


def test_unknown_ways_to_explain_are_refused(quick, wine):
    with pytest.raises(InvalidInputError, match="reduction is 'l1'"):
        quick.compute_contributions(wine, reduction="l1")
    with pytest.raises(InvalidInputError, match=r"driftglass.explanations.explain"):
        quick.compute_contributions(wine, attribution="path")
    with pytest.raises(ShapeError, match=r"network takes \(13,\)"):
        quick.compute_jacobian(torch.zeros(3, 4))


def test_the_device_is_where_the_network_is_trained_and_used(wine):
    model = GlassBoxUMAP(epochs=2, random_state=0, device=torch.device("cpu", 0)).fit(wine)

    assert next(model.encoder_.parameters()).device.type == "cpu"
    assert model.to("cpu").device == "cpu"
    np.testing.assert_array_equal(
        model.embedding_, GlassBoxUMAP(epochs=2, random_state=0).fit(wine).embedding_
    )
    if not torch.cuda.is_available():
        with pytest.raises(
            InvalidInputError, match=r"finds no such device here\. Use device='cpu'"
        ):
            model.to("cuda")


def test_progress_says_how_far_and_how_long(wine, capsys, monkeypatch):
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    GlassBoxUMAP(epochs=3, random_state=0).fit(wine)
    shown = capsys.readouterr().err
    GlassBoxUMAP(epochs=3, random_state=0, quiet=True).fit(wine)

    assert "copying the layout" in shown
    assert "6/6 [" in shown or "5/6 [" in shown
    assert "loss=" in shown
    assert "<00:" in shown
    assert capsys.readouterr().err == ""


def test_the_weights_of_the_epoch_with_the_lowest_loss_are_kept(wine, tmp_path):
    class Breaker:
        """Spoils the weights at the end of the last epoch."""

        def __init__(self):
            self.seen = []

        def on_train_epoch_end(self, trainer, module):
            weights = module.encoder.layers[1].weight
            self.seen.append(weights.detach().clone())
            if trainer.current_epoch == 3:
                weights.data.zero_()

    kept, last = Breaker(), Breaker()
    options = {"init": "random", "epochs": 4, "random_state": 0}
    best = GlassBoxUMAP(**options, extra_callbacks=[kept]).fit(wine)
    spoilt = GlassBoxUMAP(**options, extra_callbacks=[last], restore_best_weights=False).fit(wine)

    lowest = int(np.argmin([epoch["loss"] for epoch in best.history_]))
    assert torch.equal(best.encoder_.layers[1].weight, kept.seen[lowest])
    assert not spoilt.encoder_.layers[1].weight.any()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_kind_of_map(wine):
    model = GlassBoxUMAP(epochs=20, random_state=0, device="cuda").fit(wine)

    assert next(model.encoder_.parameters()).is_cuda
    np.testing.assert_allclose(model.to("cpu").transform(wine), model.embedding_, atol=1e-3)
