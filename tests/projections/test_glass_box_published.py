"""The published examples of glass-box UMAP run here with the import changed."""

# ruff: noqa: E402
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pyplot = pytest.importorskip("matplotlib.pyplot")

from sklearn.datasets import make_swiss_roll
from sklearn.preprocessing import StandardScaler

from driftglass.projections import GlassBoxUMAP


@pytest.fixture(autouse=True)
def _quietly():
    before, backend = torch.get_num_threads(), pyplot.get_backend()
    torch.set_num_threads(1)
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(backend)
    torch.set_num_threads(before)


def test_parameters_are_set_at_construction_or_afterwards():
    reducer = GlassBoxUMAP(n_neighbors=25)
    reducer.n_neighbors = 20

    assert reducer.get_params()["n_neighbors"] == 20


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lr": 1e-1},
        {"batch_size": 512},
        {"encoder_kwargs": {"hidden_size": 64, "n_hidden_layers": 1}},
        {"lr": 1e-1, "batch_size": 512},
        {
            "lr": 1e-1,
            "batch_size": 512,
            "encoder_kwargs": {"hidden_size": 64, "n_hidden_layers": 1},
        },
    ],
)
def test_the_swiss_roll_study_runs_with_each_of_its_settings(settings):
    X_raw, t = make_swiss_roll(n_samples=300, random_state=0)
    X = StandardScaler().fit_transform(X_raw).astype(np.float32)

    emb = GlassBoxUMAP(**settings, epochs=5, random_state=0, quiet=True).fit_transform(X)
    _, ax = pyplot.subplots(figsize=(4, 4))
    ax.scatter(emb[:, 0], emb[:, 1], c=t, cmap="turbo", s=4, linewidths=0)

    assert emb.shape == (300, 2)
    assert np.isfinite(emb).all()


def test_every_published_argument_has_its_name_and_default():
    defaults = GlassBoxUMAP().get_params()

    published = {
        "n_neighbors": 15,
        "min_dist": 0.1,
        "metric": "euclidean",
        "n_components": 2,
        "negative_sample_rate": 5,
        "repulsion_strength": 1.0,
        "pca_components": None,
        "encoder_name": "default",
        "lr": 0.001,
        "epochs": 200,
        "batch_size": 10000,
        "num_batches": None,
        "num_workers": 0,
        "checkpoint_dir": None,
        "restore_best_weights": True,
        "random_state": None,
        "quiet": False,
    }
    assert {name: defaults[name] for name in published} == published
    # Empty, but scikit-learn asks that a default cannot be changed by accident.
    assert defaults["encoder_kwargs"] is None
    assert defaults["extra_callbacks"] is None
