"""A real Trainer of transformers, with a tiny BERT made on the spot."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what a package warns of while it loads is not ours
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")

import driftglass as dg  # noqa: E402 - after the check that it is there
from driftglass.integrations import transformers_callback  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
N = 24


def tiny():
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=16,
        num_labels=3,
    )
    return transformers.BertForSequenceClassification(config)


@pytest.fixture
def texts():
    rng = np.random.default_rng(0)
    lengths = rng.integers(3, 9, size=N)
    mask = (np.arange(8) < lengths[:, None]).astype(np.int64)
    return {
        "input_ids": torch.as_tensor(rng.integers(1, 50, size=(N, 8)) * mask),
        "attention_mask": torch.as_tensor(mask),
    }


class Texts(torch.utils.data.Dataset):
    def __init__(self, texts):
        self.texts = texts

    def __len__(self):
        return N

    def __getitem__(self, row):
        return {**{name: values[row] for name, values in self.texts.items()}, "labels": row % 3}


def trained(texts, tmp_path, callbacks):
    model = tiny()
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"),
        max_steps=9,
        per_device_train_batch_size=8,
        logging_steps=3,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        seed=3,
    )
    transformers.Trainer(
        model=model, args=arguments, train_dataset=Texts(texts), callbacks=callbacks
    ).train()
    return model


def test_a_training_is_recorded_and_the_model_ends_bit_identical(texts, tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("bert", ids=np.arange(N)) as run:
        callback = transformers_callback(
            run, texts, layers=["bert.encoder.layer.?", "output"], pool="mean"
        )
        watched = trained(texts, tmp_path, [callback])
    alone = trained(texts, tmp_path, [])

    run = store.run("bert")
    assert callback.recorder.report().messages == ()
    assert run.spaces == ["bert.encoder.layer.0", "bert.encoder.layer.1", "output"]
    assert run.steps() == [0, 1, 2, 4, 8, 9]
    assert run.snapshot("bert.encoder.layer.1", 9).vectors.shape == (N, 16)
    assert run.predictions(9).values.shape == (N, 3)
    assert {"loss", "gradient_norm"} <= set(run.scalars())
    for one, other in zip(alone.state_dict().values(), watched.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_the_pooled_tokens_are_those_of_the_model(texts, tmp_path):
    store = dg.open(tmp_path / "runs")
    with store.create("bert", ids=np.arange(N)) as run:
        callback = transformers_callback(run, texts, layers="bert.encoder", batch_size=5)
        model = trained(texts, tmp_path, [callback]).eval()

    with torch.no_grad():
        hidden = model.bert(**texts).last_hidden_state
    mask = texts["attention_mask"][:, :, None]
    expected = ((hidden * mask).sum(dim=1) / mask.sum(dim=1)).numpy()
    found = store.run("bert").snapshot("bert.encoder", 9).vectors
    np.testing.assert_allclose(found, expected, atol=1e-5)
