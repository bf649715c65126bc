"""The plain PyTorch loop: what is recorded, and that the model does not notice."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import driftglass as dg  # noqa: E402 - after the check that torch is there
from driftglass.errors import DriftglassWarning  # noqa: E402
from driftglass.integrations import Schedule, torch_recorder  # noqa: E402
from driftglass.integrations._capture import (  # noqa: E402
    capture,
    gradient_scalars,
    unwrapped,
)

nn = torch.nn
torch.set_num_threads(1)  # models this small only wait for more
N = 40


class Noisy(nn.Module):
    """A layer that is nobody's ideal: it counts its calls in a buffer and draws numbers."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        random.random()
        np.random.rand()  # noqa: NPY002 - a model may
        return x + 0 * torch.rand(1)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.5),
        Noisy(),
        nn.Flatten(),
        nn.Linear(4 * 6 * 6, 10),
    )


@pytest.fixture
def images():
    return torch.as_tensor(np.random.default_rng(0).normal(size=(N, 1, 8, 8)).astype(np.float32))


@pytest.fixture
def store(tmp_path):
    return dg.open(tmp_path / "runs")


def train(model, images, n_steps, after=lambda loss, optimizer: None):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    labels = torch.arange(N) % 10
    torch.manual_seed(1)
    for _ in range(n_steps):
        batch = torch.randperm(N)[:16]
        loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        after(loss, optimizer)


def states(model):
    parts = [*model.parameters(), *model.buffers()]
    return [part.detach().clone() for part in parts]


def test_three_lines_record_a_loop(store, images):
    model = network()
    with store.create("net", ids=np.arange(N)) as run:
        recorder = torch_recorder(run, model, images, labels=np.arange(N) % 10)
        train(model, images, 12, lambda loss, sgd: recorder.step(loss=loss, optimizer=sgd))

    run = store.run("net")
    assert run.steps("penultimate") == [0, 1, 2, 4, 8]
    assert run.snapshot("penultimate", 4).vectors.shape == (N, 144)
    assert run.predictions(8).values.shape == (N, 10)
    scalars = run.scalars()
    assert {"loss", "learning_rate", "gradient_norm", "gradient_max", "gradient_ratio"} <= set(
        scalars
    )
    assert scalars.at("learning_rate", 8) == pytest.approx(0.1)
    assert "probe_accuracy" in scalars
    assert recorder.report().n_failed == 0


def test_training_is_bit_identical_with_and_without_recording(store, images):
    alone, watched = network(), network()
    train(alone, images, 10)
    with store.create("net", ids=np.arange(N)) as run:
        recorder = torch_recorder(run, watched, images, schedule=Schedule(every=1))
        train(watched, images, 10, lambda loss, sgd: recorder.step(loss=loss, optimizer=sgd))

    assert recorder.report().n_recorded == 11
    for one, other in zip(states(alone), states(watched), strict=True):
        assert torch.equal(one, other)


def test_a_probe_leaves_everything_as_it_was(store, images):
    model = network()
    model[1].eval()  # a frozen layer among training ones
    model[5].register_forward_hook(lambda *_: None)
    train(model, images, 1)
    before = states(model)
    gradients = [p.grad.clone() for p in model.parameters()]
    modes = [module.training for module in model.modules()]
    hooks = [len(module._forward_hooks) for module in model.modules()]
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002

    with store.create("net", ids=np.arange(N)) as run:
        torch_recorder(run, model, images, layers=["0", "6", "output"])
    assert store.run("net").spaces == ["0", "6", "output"]
    assert all(torch.equal(a, b) for a, b in zip(before, states(model), strict=True))
    assert all(torch.equal(a, p.grad) for a, p in zip(gradients, model.parameters(), strict=True))
    assert [module.training for module in model.modules()] == modes
    assert [len(module._forward_hooks) for module in model.modules()] == hooks
    assert all(not module._forward_pre_hooks for module in model.modules())
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert random.getstate() == python_state
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002


def test_a_probe_that_fails_leaves_everything_as_it_was_too(store, images):
    model = network()
    before = states(model)
    with store.create("net", ids=np.arange(N)) as run:
        with pytest.warns(DriftglassWarning, match="failed at step 0"):
            recorder = torch_recorder(run, model, images[:, :, :4])

        train(model, images, 1, lambda loss, sgd: recorder.step(loss=loss, optimizer=sgd))
    assert recorder.report().n_failed == 2
    assert model.training
    assert all(not module._forward_pre_hooks for module in model.modules())
    assert not torch.equal(before[0], states(model)[0])


def test_evaluation_mode_is_used(images):
    model = network().train()
    captured = capture(model, images, _recorder(layers="output"))
    with torch.no_grad():
        expected = copy.deepcopy(model).eval()(images)

    np.testing.assert_array_equal(captured.spaces["output"], expected.numpy())


def test_batches_of_the_probe_make_no_difference_but_rounding(images):
    model = network()
    whole, parts = (
        capture(model, images, _recorder(), batch_size=size).spaces["penultimate"]
        for size in (N, 7)
    )

    np.testing.assert_allclose(parts, whole, atol=1e-6)


def test_tokens_are_pooled_over_what_the_mask_leaves():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(20, 6)
            self.head = nn.Linear(6, 3)

        def forward(self, input_ids, attention_mask=None):
            return {"logits": self.head(self.embed(input_ids))}

    torch.manual_seed(0)
    model = Tagger()
    ids = torch.randint(0, 20, (5, 4))
    mask = torch.tensor([[1, 1, 1, 0]] * 5)
    probe = {"input_ids": ids, "attention_mask": mask}

    found = capture(model, probe, _recorder(layers="embed")).spaces["embed"]
    expected = model.embed(ids)[:, :3].mean(dim=1).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_loader_may_be_the_probe(images):
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(images), batch_size=9, shuffle=False
    )

    assert capture(network(), loader, _recorder()).spaces["penultimate"].shape == (N, 144)


def test_wrappers_are_seen_through():
    model = network()

    assert unwrapped(nn.DataParallel(model)) is model
    assert unwrapped(torch.compile(model, backend="eager")) is model


def test_gradient_scalars_are_those_of_the_whole_gradient():
    layer = nn.Linear(3, 2)
    (layer(torch.ones(1, 3)) ** 2).sum().backward()
    gradients = [p.grad for p in layer.parameters()]

    found = gradient_scalars(layer.parameters())
    flat = torch.cat([g.ravel() for g in gradients])
    assert found["gradient_norm"] == pytest.approx(float(flat.norm()), rel=1e-6)
    assert found["gradient_max"] == pytest.approx(float(flat.abs().max()), rel=1e-6)
    ratios = [float(p.grad.norm() / p.detach().norm()) for p in layer.parameters()]
    assert found["gradient_ratio"] == pytest.approx(np.mean(ratios), rel=1e-6)
    assert gradient_scalars(nn.Linear(2, 2).parameters()) == {}


def test_weights_go_to_a_run_of_their_own(store, images):
    model = network()
    with store.create("net", ids=np.arange(N)) as run, store.create("w", ids=["all"]) as flat:
        torch_recorder(run, model, images, weights=flat)

    vectors = store.run("w").snapshot("weights", 0).vectors
    assert vectors.shape == (1, sum(p.numel() for p in model.parameters()))


def test_only_the_first_process_records(store, images, tmp_path):
    place = f"file://{tmp_path / 'meeting'}"
    torch.distributed.init_process_group("gloo", init_method=place, rank=0, world_size=1)
    try:
        with store.create("first", ids=np.arange(N)) as run:
            assert torch_recorder(run, network(), images).recorder.active
            wrapped = nn.parallel.DistributedDataParallel(network())
            assert torch_recorder(run, wrapped, images).report().n_recorded == 1
    finally:
        torch.distributed.destroy_process_group()
    with store.create("other", ids=np.arange(N)) as run:
        recorder = torch_recorder(run, network(), images, active=False)
        recorder.step(loss=1.0)
    assert store.run("other").steps() == []


def _recorder(**options):
    from driftglass.integrations import Recorder

    class Nowhere:
        name = "nowhere"

    return Recorder(Nowhere(), **options)


RANK = """
import sys
import numpy as np
import torch
import driftglass as dg
from driftglass.integrations import Schedule, torch_recorder

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
torch.distributed.init_process_group(
    "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
)
torch.manual_seed(0)
model = torch.nn.parallel.DistributedDataParallel(
    torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
X = torch.as_tensor(np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32))
run = dg.open(f"{folder}/runs").create(f"rank{rank}", ids=np.arange(40))
recorder = torch_recorder(run, model, X, schedule=Schedule(every=1))
own = X[rank::2]
for step in range(4):
    loss = model(own).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    recorder.step(loss=loss, optimizer=optimizer)
run.close()
torch.save([p.detach() for p in model.module.parameters()], f"{folder}/weights{rank}.pt")
if rank == 0:
    rows = recorder.report()
    assert rows.n_recorded == 5 and not rows.messages, rows
torch.distributed.destroy_process_group()
"""


@pytest.mark.slow
def test_of_two_training_processes_the_first_records_and_neither_waits(tmp_path):
    import subprocess
    import sys

    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), str(tmp_path)], stderr=subprocess.PIPE
        )
        for rank in (0, 1)
    ]
    said = [process.communicate(timeout=110)[1].decode() for process in ranks]

    assert [process.returncode for process in ranks] == [0, 0], said
    store = dg.open(tmp_path / "runs")
    assert store.run("rank0").steps("penultimate") == [0, 1, 2, 3, 4]
    assert store.run("rank1").steps() == []
    first, second = (torch.load(tmp_path / f"weights{rank}.pt") for rank in (0, 1))
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
    last = store.run("rank0").snapshot("penultimate", 4).vectors
    X = np.random.default_rng(0).normal(size=(N, 6)).astype(np.float32)
    hidden = np.maximum(X @ first[0].numpy().T + first[1].numpy(), 0)
    np.testing.assert_allclose(last, hidden, rtol=1e-5, atol=1e-5)


def test_a_network_that_diverges_is_recorded_to_its_end(store, images):
    model = network()
    with store.create("lost", ids=np.arange(N)) as run:
        recorder = torch_recorder(run, model, images, schedule=Schedule(every=1))
        with torch.no_grad():
            model[0].weight[0, 0, 0, 0] = float("nan")
        recorder.step(loss=float("nan"))
        with torch.no_grad():
            model[0].weight.fill_(float("inf"))
        recorder.step(loss=float("inf"))

    lost = store.run("lost")
    assert recorder.report().messages == ()
    assert lost.steps() == [0, 1, 2]
    assert np.isnan(lost.scalars()["loss"][1][0])
    assert not lost.snapshot("penultimate", 1).finite.any()
    assert (lost.predictions(1).predicted == -1).all()
    table = lost.report()
    assert np.isfinite(table["value"]).all()
    assert set(table["step"].tolist()) == {0}
    sequence = dg.project(lost, method="pca")
    assert [len(frame.ids) for frame in sequence] == [N, 0, 0]
