from __future__ import annotations

import numpy as np
import pytest

from driftglass import DriftglassWarning
from driftglass.neighbors import _approximate, _blocks, approximate_neighbors, exact_neighbors


@pytest.fixture(scope="module")
def mixture():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(30, 24)) * 2
    return (centers[rng.integers(0, 30, 9000)] + rng.normal(size=(9000, 24))).astype(np.float32)


@pytest.fixture(autouse=True)
def _always_blocks(monkeypatch):
    monkeypatch.setattr("driftglass.neighbors._exact.rounding_pays", lambda n, d: True)
    monkeypatch.setattr(_approximate, "work_of_rounding", lambda n, d: np.inf)
    monkeypatch.setattr(_approximate, "work_of_blocks", lambda n, d: 0.0)
    monkeypatch.setattr(_blocks, "N_NEAR", 4)
    monkeypatch.setattr(_blocks, "AT_ONCE", 5)


def shared(first, second):
    return (first[:, :, None] == second[:, None, :]).any(axis=2).mean()


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
def test_near_blocks_hold_nearly_all_neighbours(mixture, metric):
    graph = approximate_neighbors(mixture, 12, metric=metric)

    true = exact_neighbors(mixture, 12, metric=metric)
    recall = shared(true.indices, graph.indices)
    assert recall > 0.97
    assert graph.recall == pytest.approx(recall, abs=0.015)
    kept = (graph.indices == true.indices).all(axis=1)
    np.testing.assert_allclose(graph.distances[kept], true.distances[kept], rtol=1e-6)
    assert not (graph.indices == np.arange(9000)[:, None]).any()
    assert (np.diff(np.sort(graph.indices, axis=1), axis=1) > 0).all()


def test_jobs_change_no_byte(mixture):
    first, *others = (approximate_neighbors(mixture, 12, n_jobs=n) for n in (1, 2, 8))

    for other in others:
        assert other.indices.tobytes() == first.indices.tobytes()
        assert other.distances.tobytes() == first.distances.tobytes()


def test_a_further_tree_finds_more(mixture, monkeypatch):
    found = approximate_neighbors(mixture, 12)
    monkeypatch.setattr(_blocks, "MAX_TREES", 1)
    monkeypatch.setattr(_approximate, "GOOD_RECALL", 0.0)

    with pytest.warns(DriftglassWarning, match="Only"):
        once = approximate_neighbors(mixture, 12)

    assert once.recall < found.recall


def test_rows_that_no_block_keeps_together_are_searched_otherwise(rng, monkeypatch):
    X = rng.normal(size=(3000, 40)).astype(np.float32)
    monkeypatch.setattr(_blocks, "N_NEAR", 1)

    graph = approximate_neighbors(X, 10)

    assert graph.recall > 0.97
