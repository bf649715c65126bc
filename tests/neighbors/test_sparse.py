from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass.neighbors import _nearest, _sparse, exact_neighbors, nearest_neighbors


@pytest.fixture(autouse=True)
def _never_dense(monkeypatch):
    monkeypatch.setattr(_nearest, "DENSE_BYTES", 0)


@pytest.fixture
def X(rng):
    return sparse.random(700, 300, density=0.05, random_state=1, format="csr", dtype=np.float64)


@pytest.mark.parametrize("metric", _sparse.SPARSE_METRICS)
@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_sparse_rows_have_the_neighbours_of_dense_ones(X, metric, kind, monkeypatch):
    monkeypatch.setattr(_sparse, "BLOCK_VALUES", 700 * 64)  # several blocks

    graph = nearest_neighbors(X.asformat(kind), 8, metric=metric)

    expected = exact_neighbors(X.toarray(), 8, metric=metric)
    np.testing.assert_allclose(graph.distances, expected.distances, rtol=1e-5, atol=1e-6)
    assert (graph.indices == expected.indices).mean() > 0.99  # but for ties
    assert (graph.method, graph.recall) == ("exact", 1.0)


def test_no_more_than_a_block_is_dense(X, monkeypatch):
    monkeypatch.setattr(_sparse, "BLOCK_VALUES", 700 * 10)
    shapes = []
    real = sparse.csr_matrix.toarray
    monkeypatch.setattr(
        sparse.csr_matrix, "toarray", lambda self: shapes.append(self.shape) or real(self)
    )

    nearest_neighbors(sparse.csr_matrix(X), 3)

    assert shapes
    assert set(shapes) <= {(10, 700)}


def test_jobs_change_no_byte(X):
    first, *others = (nearest_neighbors(X, 8, n_jobs=n) for n in (1, 2, 8))

    for other in others:
        assert other.indices.tobytes() == first.indices.tobytes()
        assert other.distances.tobytes() == first.distances.tobytes()


def test_small_sparse_rows_are_searched_densely(X, monkeypatch):
    monkeypatch.setattr(_nearest, "DENSE_BYTES", 1 << 30)

    graph = nearest_neighbors(X.astype(np.float32), 5, metric="correlation")

    assert graph.metric == "correlation"


def test_empty_rows_are_said_where_direction_counts(X):
    some = X.tolil()
    some[[3, 9]] = 0

    with pytest.warns(DriftglassWarning, match=r"2 rows are all zeros \(3, 9\)"):
        graph = nearest_neighbors(some.tocsr(), 4, metric="cosine")

    np.testing.assert_allclose(graph.distances[[3, 9]], 1.0)


def test_equal_rows_go_to_the_lower_row():
    X = sparse.csr_matrix(np.tile([0.0, 1.0, 2.0], (40, 1)))

    graph = nearest_neighbors(X, 3)

    assert graph.indices[:2].tolist() == [[1, 2, 3], [0, 2, 3]]
    assert not graph.distances.any()


def test_few_rows_have_few_neighbours():
    with pytest.warns(DriftglassWarning, match="lowered to 1"):
        assert nearest_neighbors(sparse.eye(2, format="csr"), 5).indices.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("X", "options", "error", "message"),
    [
        (sparse.csr_matrix([[1.0], [np.nan]]), {}, InvalidInputError, "the first is row 1"),
        (sparse.csr_matrix([[1j], [2]]), {}, InvalidInputError, "real numbers are needed"),
        (sparse.csr_matrix((3, 0)), {}, ShapeError, "no features"),
        (sparse.eye(3), {"metric": "correlation"}, InvalidInputError, "sparse rows have one of"),
        (sparse.eye(3), {"n_neighbors": -1}, InvalidInputError, "n_neighbors is -1"),
    ],
)
def test_names_what_cannot_be(X, options, error, message, monkeypatch):
    monkeypatch.setattr(_nearest, "DENSE_BYTES", -1)

    with pytest.raises(error, match=message):
        nearest_neighbors(X, **{"n_neighbors": 1, **options})
