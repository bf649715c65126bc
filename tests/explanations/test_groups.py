"""What is reduced while it is made equals what is reduced afterwards."""

# ruff: noqa: E402
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from driftglass import InvalidInputError, ShapeError
from driftglass.explanations import (
    explain,
    explain_groups,
    rank_features,
    repeat_fits,
    top_contributions,
)
from driftglass.projections import PCA, GlassBoxUMAP


@pytest.mark.parametrize("max_bytes", [1 << 30, 4000])
def test_means_of_groups_are_the_means_of_their_rows(model, wine, max_bytes):
    X, y = wine
    whole = explain(model, X, precision="float32")

    means = explain_groups(model, X, y, max_bytes=max_bytes)

    assert means.groups.tolist() == [0, 1, 2]
    assert means.counts.sum() == len(X)
    assert means.exact
    for number in range(3):
        mine = y == number
        expected = {
            "mean": whole.contributions[mine].mean(axis=0),
            "l2": whole.l2()[mine].mean(axis=0),
            "shares": whole.shares()[mine].mean(axis=0),
            "offset": whole.offset[mine].mean(axis=0),
            "coordinates": whole.coordinates[mine].mean(axis=0),
            "share_errors": whole.shares()[mine].std(axis=0, ddof=1) / np.sqrt(mine.sum()),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(getattr(means, name)[number], value, atol=1e-5, err_msg=name)
    sums = means.mean.sum(axis=2) + means.offset
    np.testing.assert_allclose(sums, means.coordinates, atol=1e-5)


def test_without_groups_there_is_one_of_all_rows(model, wine):
    means = explain_groups(model, wine[0])

    assert means.counts.tolist() == [178]
    with pytest.raises(ShapeError, match=r"groups has shape \(3,\) for 178 rows"):
        explain_groups(model, wine[0], [1, 2, 3])


@pytest.mark.parametrize("max_bytes", [1 << 30, 4000])
def test_the_largest_contributions_and_the_rest_add_up(model, wine, max_bytes):
    X = wine[0]
    whole = explain(model, X, precision="float32")

    top = top_contributions(model, X, 4, max_bytes=max_bytes)

    expected = np.argsort(-whole.l2(), axis=1)[:, :4]
    assert np.mean(top.features == expected) > 0.99
    assert top.contributions.shape == (178, 2, 4)
    sums = top.contributions.sum(axis=2) + top.rest + top.offset
    np.testing.assert_allclose(sums, top.coordinates, atol=1e-5)
    assert top_contributions(model, X, 99).features.shape == (178, 13)
    with pytest.raises(InvalidInputError, match="n_top is 0"):
        top_contributions(model, X, 0)


def test_pca_is_reduced_in_the_same_way(wine):
    X, y = wine
    pca = PCA(2).fit(X)

    means = explain_groups(pca, X, y)

    np.testing.assert_allclose(
        means.mean[1], explain(pca, X).contributions[y == 1].mean(axis=0), atol=1e-5
    )


def test_the_feature_that_tells_groups_apart_ranks_first_in_every_fit():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 60)
    X = rng.normal(size=(120, 6)) * 0.5
    X[y == 1, 2] += 12.0
    estimator = GlassBoxUMAP(epochs=20, quiet=True)
    heard = []

    repeated = repeat_fits(
        estimator, X, y, n_fits=3, progress=lambda done, total, what: heard.append(done)
    )
    ranking = rank_features(repeated, n_top=1)

    assert repeated.per_fit.shape == (3, 2, 6)
    np.testing.assert_allclose(repeated.mean.sum(axis=1), 1, atol=1e-6)
    assert (repeated.standard_error > 0).any()
    assert ranking.features[0] == 2
    assert ranking.names[0] == "2"
    assert ranking.stability[0] == 1.0
    assert (np.diff(ranking.shares) <= 0).all()
    assert heard == [0, 1, 2, 3]
    assert not hasattr(estimator, "encoder_")


def test_rows_are_drawn_anew_where_there_is_one_fit(model, wine):
    explained = explain(model, wine[0], feature_names=list("abcdefghijklm"))

    ranking = rank_features(explained, n_top=5)

    order = np.argsort(-explained.shares().mean(axis=0))
    np.testing.assert_array_equal(ranking.features, order)
    assert ranking.stability[0] > 0.9
    assert ranking.stability.sum() == pytest.approx(5)
    assert set(ranking.names) == set("abcdefghijklm")


def test_refuses_what_cannot_be_ranked(model, wine):
    with pytest.raises(ShapeError, match=r"shares has shape \(3,\)"):
        rank_features(np.ones(3))
    with pytest.raises(InvalidInputError, match="n_fits is 1"):
        repeat_fits(model, wine[0], n_fits=1)
