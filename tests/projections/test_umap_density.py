"""densMAP: where the data are dense, the map is dense."""

from __future__ import annotations

import numpy as np
import pytest

from driftglass.neighbors import exact_neighbors
from driftglass.projections import UMAP, fuzzy_graph
from driftglass.projections._density import edge_distances, log_radii

SCALES = (0.3, 1.0, 3.0)


@pytest.fixture(scope="module")
def clouds():
    """Three clouds of unequal density."""
    rng = np.random.default_rng(0)
    parts = [
        rng.normal(size=(150, 8)) * scale + 40 * np.eye(3, 8)[i] for i, scale in enumerate(SCALES)
    ]
    return np.concatenate(parts).astype(np.float32)


def quick(**options):
    return UMAP(**{"n_epochs": 200, "init": "pca", "random_state": 0, **options})


def sizes(Y):
    """How far points of each cloud lie from the cloud's middle, typically."""
    clouds = Y.reshape(3, 150, -1)
    return np.median(
        np.linalg.norm(clouds - np.median(clouds, axis=1, keepdims=True), axis=2), axis=1
    )


def test_dense_clouds_are_small_in_the_map_only_with_densmap(clouds):
    plain, plain_data, plain_map = quick(output_dens=True).fit_transform(clouds)
    dense, data, in_map = quick(output_dens=True, densmap=True).fit_transform(clouds)

    np.testing.assert_array_equal(data, plain_data)
    assert np.corrcoef(plain_data, plain_map)[0, 1] < 0.5
    assert np.corrcoef(data, in_map)[0, 1] > 0.8
    assert sizes(plain)[2] < 1.5 * sizes(plain)[0]
    assert sizes(dense)[2] > 2.5 * sizes(dense)[0]


def test_a_weight_of_zero_is_plain_umap(clouds):
    plain = quick().fit_transform(clouds)

    np.testing.assert_array_equal(quick(densmap=True, dens_lambda=0.0).fit_transform(clouds), plain)
    np.testing.assert_array_equal(quick(densmap=True, dens_frac=0.0).fit_transform(clouds), plain)


def test_the_same_seed_gives_the_same_bytes_at_any_number_of_jobs(clouds):
    maps = [quick(densmap=True, n_epochs=40, n_jobs=n).fit_transform(clouds) for n in (1, 2, 8)]

    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])


def test_radii_are_the_mean_squares_along_edges(rng):
    X = rng.normal(size=(80, 3)).astype(np.float32)
    found = exact_neighbors(X, 6)
    graph = fuzzy_graph(found)
    W = graph.to_sparse().toarray()
    D = np.linalg.norm(X[:, None] - X[None], axis=2)

    radii = log_radii(graph, edge_distances(graph, found))

    expected = np.log((W * D**2).sum(axis=1) / W.sum(axis=1))
    np.testing.assert_allclose(radii, expected, atol=1e-4)


@pytest.mark.parametrize("n_components", [1, 3, 10])
def test_any_number_of_coordinates_will_do(clouds, n_components):
    estimator = quick(densmap=True, n_components=n_components, output_dens=True).fit(clouds)

    assert np.isfinite(estimator.embedding_).all()
    assert np.corrcoef(estimator.rad_orig_, estimator.rad_emb_)[0, 1] > 0.6


def test_equal_rows_and_very_few_have_radii(rng):
    X = rng.normal(size=(30, 3))
    twice = quick(densmap=True, output_dens=True).fit(np.concatenate([X, X]))
    few = quick(output_dens=True).fit(X[:3])

    np.testing.assert_array_equal(twice.rad_orig_[:30], twice.rad_orig_[30:])
    assert np.isfinite(twice.rad_emb_).all()
    assert few.rad_orig_.shape == (3,)


def test_targets_do_not_change_the_radii_of_the_data(clouds):
    plain = quick(n_epochs=10, output_dens=True).fit(clouds)

    told = quick(n_epochs=10, densmap=True).fit(clouds, np.arange(len(clouds)) % 2)

    np.testing.assert_array_equal(told.rad_orig_, plain.rad_orig_)
