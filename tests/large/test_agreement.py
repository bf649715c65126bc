"""Every executor gives the same bits, and those of algorithms that have all rows in memory."""

from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg
from driftglass import diagnostics
from driftglass.large import linear_cka, neighbors, open_partitions, pca, sample, tracks
from driftglass.neighbors import query_neighbors
from driftglass.parallel import opened
from driftglass.projections import PCA

from .conftest import clusters

X, LABELS = clusters(1500)
Z = (X @ np.random.default_rng(1).normal(size=(8, 8)) + 3).astype(np.float32)


@pytest.fixture(scope="module", params=["threads", "processes", "dask"])
def executor(request):
    with opened(request.param, n_jobs=2) as running:
        yield running


@pytest.fixture(scope="module")
def parts():
    return open_partitions(X, rows=400)


def test_pca_is_that_of_all_rows(executor, parts):
    found, whole = pca(parts, 3, executor=executor), PCA(3).fit(X)

    np.testing.assert_allclose(found.components_, whole.components_, atol=1e-6)
    np.testing.assert_allclose(found.explained_variance_, whole.explained_variance_, rtol=1e-6)
    assert found.components_.tobytes() == pca(parts, 3).components_.tobytes()


def test_cka_is_that_of_all_rows(executor, parts):
    other = open_partitions(Z, rows=400)

    found = linear_cka(parts, other, executor=executor)

    assert found == pytest.approx(diagnostics.linear_cka(X, Z), abs=1e-9)
    assert found == linear_cka(parts, other)


def test_tracks_are_those_of_all_rows(executor, parts):
    found = tracks({0: parts, 5: open_partitions(Z, rows=400)}, executor=executor)
    whole = diagnostics.tracks([X, Z], steps=[0, 5], n_probe=1500)

    there = {track.name for track in whole.all}
    for name, values in found.values.items():
        if name not in there:  # eight features are too few for an exponent
            assert np.isnan(values).all(), name
        else:
            np.testing.assert_allclose(values, whole[name].values, rtol=1e-6, err_msg=name)
    np.testing.assert_allclose(found.cka, whole.cka, atol=1e-6)


def test_neighbours_are_those_of_all_rows(executor, parts):
    found = neighbors(parts, X[:40], 7, executor=executor)
    rows, distances = query_neighbors(X[:40], X, 7)

    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-6)
    assert found.recall == 1.0
    assert found.n_checked == 20


def test_trust_with_every_row_as_an_anchor_is_that_of_all_rows(executor, parts, tmp_path):
    made = dg.project_large(parts, tmp_path, method="pca", n_anchors=1500, executor=executor)
    frame = dg.project(made.run, method="pca")[0]
    Y = frame.coordinates[np.argsort(frame.ids)]
    quality = made.quality[0]

    assert quality.n_anchors == 1500
    assert quality.trustworthiness == pytest.approx(diagnostics.trustworthiness(X, Y), abs=1e-9)
    assert quality.continuity == pytest.approx(diagnostics.continuity(X, Y), abs=1e-9)
    assert quality.null == pytest.approx(0.5, abs=0.03)


def test_a_sample_is_the_same_and_keeps_the_shares(executor, parts):
    found, again = sample(parts, 300, executor=executor), sample(parts, 300)

    np.testing.assert_array_equal(found.rows, again.rows)
    np.testing.assert_array_equal(found.X, X[found.rows])
    assert abs(len(found.rows) - 300) <= 4


def test_a_map_has_the_same_bits(executor, parts, tmp_path):
    made = dg.project_large(parts, tmp_path / "a", n_fitted=400, n_anchors=50, executor=executor)
    plain = dg.project_large(parts, tmp_path / "b", n_fitted=400, n_anchors=50)

    first, second = (dg.project(one.run, method="umap")[0] for one in (made, plain))
    np.testing.assert_array_equal(first.ids, second.ids)
    assert first.coordinates.tobytes() == second.coordinates.tobytes()
    assert made.quality[0].trustworthiness == plain.quality[0].trustworthiness


def test_a_coreset_stands_for_sums_over_all_rows(parts):
    found = sample(parts, 500, how="coreset")
    squares = ((X - X.mean(axis=0)) ** 2).sum()
    own = (((found.X - X.mean(axis=0)) ** 2).sum(axis=1) * found.weights).sum()

    assert abs(len(found.rows) - 500) < 80
    assert own == pytest.approx(squares, rel=0.1)
    assert found.weights.sum() == pytest.approx(1500, rel=0.15)
