"""Of very many features a network sees the directions that matter, and still explains features."""

# ruff: noqa: E402
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.datasets import load_digits

from driftglass import InvalidInputError
from driftglass.diagnostics import quality
from driftglass.explanations import explain
from driftglass.projections import GlassBoxUMAP


@pytest.fixture(scope="module")
def rows():
    """Digits of 16 by 16 pixels, each of them a little off."""
    rng = np.random.default_rng(0)
    images = load_digits().images[rng.permutation(1797)[:900]] / 16
    fine = np.kron(images, np.ones((1, 2, 2))).reshape(900, -1)
    return (fine + 0.15 * rng.normal(size=fine.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def model(rows):
    return GlassBoxUMAP(epochs=10, random_state=0, quiet=True).fit(rows[:400])


@pytest.mark.slow
def test_new_rows_are_placed_better_than_where_all_features_are_seen(rows):
    seeing = GlassBoxUMAP(random_state=0, quiet=True)
    seeing_all = GlassBoxUMAP(random_state=0, quiet=True, encoder_kwargs={"n_axes": None})

    def trust(estimator):
        placed = estimator.fit(rows[:400]).transform(rows[400:])
        return quality(rows[400:], placed).trustworthiness

    assert trust(seeing) > trust(seeing_all) + 0.002


def test_contributions_of_features_add_up_all_the_same(rows, model):
    explained = explain(model, rows[400:420])

    assert explained.contributions.shape == (20, 2, 256)
    assert explained.exact
    assert explained.residual.max() < 1e-10


def test_what_no_direction_holds_moves_nothing(rows, model):
    W = model.encoder_.layers[1].weight.detach().numpy().astype(np.float64)
    unseen = np.linalg.svd(W)[2][len(W) :][0]
    moved = rows[:5] + (10 * unseen * np.sqrt(rows.var())).astype(np.float32)

    assert model.encoder_.n_directions == len(W) < 256
    assert np.allclose(model.transform(moved), model.transform(rows[:5]), atol=1e-3)


def test_a_kept_model_sees_the_same_directions(rows, model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    read = GlassBoxUMAP.load(tmp_path / "model.safetensors")

    assert read == model
    assert np.array_equal(read.transform(rows), model.transform(rows))


def test_there_are_as_many_directions_as_told_and_never_more_than_rows(rows):
    few = GlassBoxUMAP(epochs=1, quiet=True, encoder_kwargs={"n_axes": 7}).fit(rows[:100])
    all_of_them = GlassBoxUMAP(epochs=1, quiet=True, encoder_kwargs={"n_axes": 500}).fit(rows[:60])

    assert few.encoder_.n_directions == 7
    assert all_of_them.encoder_.n_directions == 60
    with pytest.raises(InvalidInputError, match="n_axes is -1; an integer of at least 1"):
        GlassBoxUMAP(encoder_kwargs={"n_axes": -1}).fit(rows[:60])


def test_few_features_are_all_seen(rows):
    model = GlassBoxUMAP(epochs=1, quiet=True).fit(rows[:60, :64])

    assert model.encoder_.n_directions == 64
    assert model.encoder_.layers[1].weight.requires_grad


def test_rows_without_any_variance_are_one_point():
    with pytest.warns(UserWarning, match="all 30 rows are equal"):
        model = GlassBoxUMAP(epochs=1, quiet=True).fit(np.ones((30, 150)))

    assert np.ptp(model.embedding_, axis=0).tolist() == [0.0, 0.0]
