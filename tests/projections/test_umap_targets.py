"""Targets that a UMAP map follows: labels, and numbers that are near or far."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from driftglass import InvalidInputError
from driftglass.neighbors import exact_neighbors
from driftglass.projections import UMAP, fuzzy_graph
from driftglass.projections._umap_targets import Numbers


def quick(**options):
    return UMAP(**{"n_epochs": 100, "init": "pca", "random_state": 0, **options})


def follows(Y, values):
    """How well the values of neighbours in the map tell a point's own."""
    near = exact_neighbors(Y, 5).indices
    return spearmanr(values[near].mean(axis=1), values).statistic


@pytest.fixture
def noise(rng):
    """Rows that say nothing of the values beside them."""
    return rng.normal(size=(200, 5)), rng.normal(size=200)


@pytest.mark.parametrize("metric", ["euclidean", "l2", "l1"])
def test_numbers_arrange_rows(noise, metric):
    X, values = noise

    plain = quick().fit_transform(X)
    told = quick(target_metric=metric, target_weight=0.9).fit_transform(X, values)

    assert follows(plain, values) < 0.5
    assert follows(told, values) > 0.9


def test_several_numbers_to_a_row_arrange_rows(noise, rng):
    X, _ = noise
    values = rng.normal(size=(200, 2))

    told = quick(target_metric="l2", target_weight=0.9).fit_transform(X, values)

    assert follows(told, values[:, 0]) > 0.8
    assert follows(told, values[:, 1]) > 0.8


def test_a_weight_of_zero_leaves_the_neighbourhoods_of_the_data(noise):
    X, values = noise
    graph = quick(n_epochs=0).fit(X).graph_

    told = quick(n_epochs=0, target_metric="l2", target_weight=0.0).fit(X, values).graph_

    strong = graph.toarray() > 0.1
    assert np.corrcoef(graph.toarray()[strong], told.toarray()[strong])[0, 1] > 0.9


def test_more_target_neighbours_make_more_edges(noise):
    X, values = noise
    edges = [
        quick(n_epochs=0, target_metric="l2", target_n_neighbors=k).fit(X, values).graph_.nnz
        for k in (3, -1, 40)
    ]

    assert edges == sorted(edges)
    assert len(set(edges)) == 3


def test_numbers_may_be_missing(noise):
    X, values = noise
    values[::4] = np.nan

    Y = quick(target_metric="l2", target_weight=0.9).fit_transform(X, values)

    known = ~np.isnan(values)
    assert np.isfinite(Y).all()
    assert follows(Y[known], values[known]) > 0.85


def test_only_missing_numbers_change_nothing(noise):
    X, values = noise

    Y = quick(target_metric="l2").fit_transform(X, np.full_like(values, np.nan))

    np.testing.assert_array_equal(Y, quick().fit_transform(X))


def test_the_mixture_is_the_product_of_powers(rng):
    graph = fuzzy_graph(exact_neighbors(rng.normal(size=(60, 3)), 5))
    values = rng.normal(size=(60, 1)).astype(np.float32)
    theirs = fuzzy_graph(exact_neighbors(values, 5)).to_sparse().toarray()
    ours = graph.to_sparse().toarray()

    mixed = Numbers(values, "euclidean").sharpen(graph, 0.25, 6, 1).to_sparse().toarray()

    there = (ours > 0) | (theirs > 0)
    left = np.where(ours > 0, ours, ours[ours > 0].min() / 2)
    right = np.where(theirs > 0, theirs, theirs[theirs > 0].min() / 2)
    product = np.where(there, left * right ** (0.25 / 0.75), 0)
    product /= product.max(axis=1, keepdims=True)
    expected = product + product.T - product * product.T
    np.testing.assert_allclose(mixed, expected, atol=1e-5)


def test_equal_rows_share_the_mean_of_their_numbers(rng):
    X = np.repeat(rng.normal(size=(40, 4)), 2, axis=0)
    values = rng.normal(size=80)
    means = np.repeat(values.reshape(40, 2).mean(axis=1), 2)

    Y = quick(target_metric="l2").fit_transform(X, values)

    np.testing.assert_allclose(Y, quick(target_metric="l2").fit_transform(X, means), atol=1e-3)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(5), r"y has shape \(5,\) for 200 rows"),
        (np.zeros((200, 2, 2)), "one target per row"),
        (["red"] * 200, "can't be read as numbers.*target_metric='categorical'"),
        (np.full(200, np.inf), "y is infinite in row 0; use NaN"),
    ],
)
def test_refuses_numbers_that_are_none(noise, y, message):
    with pytest.raises(InvalidInputError, match=message):
        quick(target_metric="l2").fit(noise[0], y)


def test_huge_numbers_are_as_good_as_small_ones(noise):
    X, values = noise

    Y = quick(target_metric="l2", target_weight=0.9).fit_transform(X, values * 1e200)

    assert follows(Y, values) > 0.9
