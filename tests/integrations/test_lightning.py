"""A real Lightning trainer, with a tiny module made on the spot."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what a package warns of while it loads is not ours
    lightning = pytest.importorskip("lightning.pytorch")

import driftglass as dg  # noqa: E402 - after the check that it is there
from driftglass.integrations import Schedule, lightning_callback  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
N = 64


class Tiny(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = torch.nn.Sequential(
            torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.5)
        )
        self.head = torch.nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.body(x))

    def training_step(self, batch, _):
        return torch.nn.functional.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch, _):
        self.log("val_loss", torch.nn.functional.cross_entropy(self(batch[0]), batch[1]))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = torch.as_tensor(rng.normal(size=(N, 6)).astype(np.float32))
    return torch.utils.data.TensorDataset(X, torch.arange(N) % 3)


def fitted(data, tmp_path, callbacks, **options):
    model = Tiny()
    loader = torch.utils.data.DataLoader(data, batch_size=8)
    trainer = lightning.Trainer(
        max_epochs=2,
        callbacks=callbacks,
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
        **options,
    )
    torch.manual_seed(5)
    trainer.fit(model, loader, torch.utils.data.DataLoader(data, batch_size=8))
    return model


def test_a_fit_is_recorded(data, tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("net", ids=np.arange(N)) as run:
        callback = lightning_callback(run, data.tensors[0], layers=["body", "output"])
        fitted(data, tmp_path, [callback])

    run = store.run("net")
    assert callback.recorder.report().messages == ()
    assert run.steps("body") == [0, 1, 2, 4, 8, 16]
    assert run.predictions(16).values.shape == (N, 3)
    assert {"loss", "learning_rate", "gradient_norm", "val_loss"} <= set(run.scalars())
    assert run.scalars()["val_loss"][0].tolist() == [8, 16]


def test_the_model_ends_bit_identical(data, tmp_path):
    alone = fitted(data, tmp_path, [])
    with dg.open(tmp_path / "runs").create("net", ids=np.arange(N)) as run:
        callback = lightning_callback(run, data.tensors[0], schedule=Schedule(every=1))
        watched = fitted(data, tmp_path, [callback])

    assert callback.recorder.report().n_recorded >= 17
    for one, other in zip(alone.state_dict().values(), watched.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_the_sanity_check_logs_nothing(data, tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("net", ids=np.arange(N)) as run:
        callback = lightning_callback(run, data.tensors[0])
        fitted(data, tmp_path, [callback], num_sanity_val_steps=2)

    assert 0 not in store.run("net").scalars()["val_loss"][0]


def test_accumulated_gradients_count_as_one_step(data, tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("net", ids=np.arange(N)) as run:
        callback = lightning_callback(run, data.tensors[0])
        fitted(data, tmp_path, [callback], accumulate_grad_batches=4)

    assert store.run("net").steps() == [0, 1, 2, 4]
