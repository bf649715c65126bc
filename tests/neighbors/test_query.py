from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from driftglass import InvalidInputError, ShapeError, _kernels
from driftglass.neighbors import _index, approximate_neighbors, query_neighbors

METRICS = ["euclidean", "cosine", "correlation", "manhattan", "inner_product"]


@pytest.fixture(scope="module")
def mixture():
    """Four thousand rows of forty groups, a hundred of which ask the others."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(40, 50)) * 1.5
    X = centers[rng.integers(0, 40, 4000)] + rng.normal(size=(4000, 50))
    return X[:100].astype(np.float32), X[100:].astype(np.float32)


def all_distances(Q, X, metric):
    if metric == "inner_product":
        return -(Q.astype(np.float64) @ X.T.astype(np.float64))
    return pairwise_distances(Q.astype(np.float64), X.astype(np.float64), metric=metric)


@pytest.mark.parametrize("metric", METRICS)
def test_looking_at_all_finds_the_nearest(mixture, metric):
    Q, X = mixture
    D = all_distances(Q, X, metric)

    indices, distances = query_neighbors(Q, X, 7, metric=metric)

    np.testing.assert_array_equal(indices, np.argsort(D, axis=1, kind="stable")[:, :7])
    np.testing.assert_allclose(distances, np.sort(D, axis=1)[:, :7], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_a_walk_finds_nearly_all(mixture, metric, monkeypatch):
    Q, X = mixture
    monkeypatch.setattr(_index, "WALK_FROM", 0)
    monkeypatch.setattr(_index, "N_ENTRIES", 300)
    graph = approximate_neighbors(X, 15, metric=metric)
    true = np.argsort(all_distances(Q, X, metric), axis=1)[:, :10]

    indices, _ = query_neighbors(Q, X, 10, metric=metric, graph=graph)

    assert (true[:, :, None] == indices[:, None, :]).any(axis=2).mean() > 0.97


def test_an_answer_depends_neither_on_company_nor_on_jobs(mixture, monkeypatch):
    Q, X = mixture
    monkeypatch.setattr(_index, "WALK_FROM", 0)
    graph = approximate_neighbors(X, 15)

    for known in (None, graph):
        indices, distances = query_neighbors(Q, X, 10, graph=known, n_jobs=1)
        some, near = query_neighbors(Q[40:43], X, 10, graph=known, n_jobs=8)
        np.testing.assert_array_equal(some, indices[40:43])
        np.testing.assert_array_equal(near, distances[40:43])


def test_every_processor_gives_the_same_lists(mixture):
    Q, X = (np.ascontiguousarray(np.pad(part, ((0, 0), (0, 14)))) for part in mixture)
    links = approximate_neighbors(X, 8).indices
    found = [
        _kernels.search(
            Q,
            (Q**2).sum(axis=1),
            X,
            (X**2).sum(axis=1),
            np.arange(50, dtype=np.int32),
            np.arange(len(X) + 1, dtype=np.int64) * 8,
            links.ravel(),
            12,
            "sqeuclidean",
            variant=variant,
        )
        for variant in _kernels.cpu_features()
    ]

    for values, rows in found[1:]:
        np.testing.assert_array_equal(values, found[0][0])
        np.testing.assert_array_equal(rows, found[0][1])


def test_a_known_row_finds_itself(mixture):
    _, X = mixture

    indices, distances = query_neighbors(X[5:9], X, 1)

    assert indices.ravel().tolist() == [5, 6, 7, 8]
    assert not distances.any()


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_the_unit_does_not_matter(mixture, scale):
    Q, X = (part.astype(np.float64) for part in mixture)

    indices, distances = query_neighbors(Q * scale, X * scale, 5)

    expected = query_neighbors(Q, X, 5)
    np.testing.assert_array_equal(indices, expected[0])
    np.testing.assert_allclose(distances / scale, expected[1], rtol=1e-4)


def test_no_queries_have_no_answers(mixture):
    assert query_neighbors(np.empty((0, 50)), mixture[1], 3)[0].shape == (0, 3)


@pytest.mark.parametrize(
    ("Q", "options", "error", "message"),
    [
        (np.ones((2, 3)), {}, ShapeError, "Q has 3 features and X has 2"),
        (np.ones((2, 2)), {"n_neighbors": 9}, InvalidInputError, "n_neighbors is 9; 1 to 5"),
        (np.ones((2, 2)), {"n_neighbors": 0}, InvalidInputError, "n_neighbors is 0"),
        (np.ones((2, 2)), {"metric": "taxi"}, InvalidInputError, "metric is 'taxi'"),
        (np.full((2, 2), np.nan), {}, InvalidInputError, "not finite"),
    ],
)
def test_names_what_cannot_be(Q, options, error, message):
    with pytest.raises(error, match=message):
        query_neighbors(Q, np.ones((5, 2)), **{"n_neighbors": 2, **options})


@pytest.mark.parametrize(
    ("entries", "starts", "columns"),
    [
        (np.array([4], np.int32), np.empty(0, np.int64), np.empty(0, np.int32)),
        (np.array([0], np.int32), np.array([0, 1, 1, 1, 1], np.int64), np.array([9], np.int32)),
        (np.array([0], np.int32), np.array([0, 1], np.int64), np.array([1], np.int32)),
        (np.array([0], np.int32), np.array([0, 2, 1, 1, 1], np.int64), np.array([1], np.int32)),
    ],
)
def test_the_kernel_refuses_what_would_read_past_the_end(entries, starts, columns):
    X, norms = np.zeros((4, 16), np.float32), np.zeros(4, np.float32)

    with pytest.raises(ValueError, match="leads nowhere"):
        _kernels.search(X, norms, X, norms, entries, starts, columns, 2, "sqeuclidean")
