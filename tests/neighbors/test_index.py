from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array
from sklearn.metrics import pairwise_distances

from driftglass import InvalidInputError, ShapeError
from driftglass.neighbors import NeighborIndex, _cells, _index, query_neighbors

ROUNDED = ["euclidean", "cosine", "correlation", "inner_product"]


@pytest.fixture(scope="module")
def mixture():
    """Rows in groups, 80 of which ask the others."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(20, 40)) * 1.5
    X = centers[rng.integers(0, 20, 1500)] + rng.normal(size=(1500, 40)) + 3.0
    return X[:80].astype(np.float32), X[80:].astype(np.float32)


@pytest.fixture
def by_rounding(monkeypatch):
    """Round even where rows are few and the processor is slow at it."""
    monkeypatch.setattr(_index, "rounding_pays", lambda n, d: True)


def nearest(Q, X, metric, k):
    Q, X = Q.astype(np.float64), X.astype(np.float64)
    D = -(Q @ X.T) if metric == "inner_product" else pairwise_distances(Q, X, metric=metric)
    order = np.argsort(D, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(D, order, axis=1)


@pytest.mark.parametrize("metric", ROUNDED)
def test_rounded_rows_find_the_nearest(mixture, by_rounding, metric):
    Q, X = mixture
    wanted, far = nearest(Q, X, metric, 9)

    indices, distances = NeighborIndex(X, metric=metric).query(Q, 9)

    np.testing.assert_array_equal(indices, wanted)
    np.testing.assert_allclose(distances, far, rtol=1e-5, atol=1e-6)


def test_more_rows_as_near_as_the_last_than_candidates_are_looked_at_again(by_rounding):
    rng = np.random.default_rng(1)
    near = rng.normal(size=(120, 30))
    X = np.vstack([near / np.linalg.norm(near, axis=1, keepdims=True), 9 + near])
    X[:120] *= 1 + 1e-5 * np.arange(120)[:, None]  # apart by less than rounding moves them
    Q = np.zeros((1, 30))

    indices, _ = NeighborIndex(X).query(Q, 5)

    assert indices.ravel().tolist() == [0, 1, 2, 3, 4]


def test_without_proof_hardly_any_is_missed_and_company_does_not_matter(mixture, by_rounding):
    Q, X = mixture
    index = NeighborIndex(X)
    wanted, _ = nearest(Q, X, "euclidean", 9)

    indices, distances = index.query(Q, 9, proven=False)

    assert (indices == wanted).mean() > 0.99
    alone = index.query(Q[7:8], 9, proven=False)
    np.testing.assert_array_equal(alone[0], indices[7:8])
    np.testing.assert_array_equal(alone[1], distances[7:8])


@pytest.fixture
def in_cells(by_rounding, monkeypatch):
    """Look for cells also where rows are few, and in as few of them as is enough."""
    monkeypatch.setattr(_index, "CELLS_FROM", 0)
    monkeypatch.setattr(_cells, "LARGEST_SHARE", 1.0)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
def test_cells_nearby_hold_nearly_all_neighbors(mixture, in_cells, metric):
    Q, X = mixture
    index = NeighborIndex(X, metric=metric)
    wanted, _ = nearest(Q, X, metric, 9)

    indices, distances = index.query(Q, 9, proven=False)

    cells = index._ready._cells
    assert cells.shares[cells.n_near(9) - 1] < 0.8
    assert np.mean([len({*a} & {*b}) for a, b in zip(indices, wanted, strict=True)]) > 0.98 * 9
    assert index.recall(9) > 0.98
    for row in (0, 40, 79):
        alone = index.query(Q[row : row + 1], 9, proven=False, n_jobs=1)
        np.testing.assert_array_equal(alone[0][0], indices[row])
        np.testing.assert_array_equal(alone[1][0], distances[row])


def test_a_proof_does_not_depend_on_what_was_asked_before(mixture, in_cells):
    Q, X = mixture
    index = NeighborIndex(X)
    before = index.query(Q, 9)

    index.query(Q, 9, proven=False)

    np.testing.assert_array_equal(index.query(Q, 9)[0], before[0])
    np.testing.assert_array_equal(index.query(Q, 9)[1], before[1])


def test_cells_that_hold_too_few_rows_are_not_the_end(in_cells):
    rng = np.random.default_rng(2)
    X = np.vstack([rng.normal(size=(900, 5)), 1e3 + rng.normal(size=(2, 5))])
    index = NeighborIndex(X)

    indices, _ = index.query(X[900:], 6, proven=False)

    np.testing.assert_array_equal(indices, index.query(X[900:], 6)[0])


def test_rows_without_groups_are_all_looked_at(by_rounding, monkeypatch):
    monkeypatch.setattr(_index, "CELLS_FROM", 0)
    X = np.random.default_rng(3).normal(size=(600, 40))
    index = NeighborIndex(X)

    indices, _ = index.query(X[:50] + 0.1, 6, proven=False)

    np.testing.assert_array_equal(indices, index.query(X[:50] + 0.1, 6)[0])


@pytest.mark.parametrize("X", [np.ones((300, 4)), np.repeat(np.eye(3), 100, axis=0)])
def test_equal_rows_share_a_cell(in_cells, X):
    indices, distances = NeighborIndex(X).query(X[:2], 80, proven=False)

    assert (indices >= 0).all()
    assert not distances.any()


def test_recall_is_whole_where_all_rows_are_looked_at(mixture):
    _, X = mixture

    assert NeighborIndex(X).recall(5) == 1.0
    assert NeighborIndex(X[:30], metric=lambda a, b: abs(a - b).sum()).recall(5) == 1.0


def test_an_answer_does_not_depend_on_company(mixture, by_rounding):
    Q, X = mixture
    index = NeighborIndex(X)

    indices, distances = index.query(Q, 7, n_jobs=8)

    for row in (0, 40, 79):
        alone = index.query(Q[row : row + 1], 7, n_jobs=1)
        np.testing.assert_array_equal(alone[0][0], indices[row])
        np.testing.assert_array_equal(alone[1][0], distances[row])


def test_what_is_prepared_is_kept_but_not_pickled(mixture, by_rounding):
    Q, X = mixture
    index = NeighborIndex(X)
    assert index.nbytes == 0

    before = index.query(Q, 3)
    again = pickle.loads(pickle.dumps(index))

    assert 0 < index.nbytes <= 2 * X.nbytes
    assert again.nbytes == 0
    np.testing.assert_array_equal(again.query(Q, 3)[0], before[0])


def test_contiguous_single_precision_is_not_copied(mixture, by_rounding):
    Q, X = mixture
    index = NeighborIndex(X)

    index.query(Q, 3)

    assert index._ready.base is X


@pytest.mark.parametrize("scale", [1e-42, 1e-30, 1e30])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan"])
def test_the_unit_does_not_matter(mixture, scale, metric):
    Q, X = (part.astype(np.float64) for part in mixture)

    indices, _ = NeighborIndex(X * scale, metric=metric).query(Q * scale, 5)

    np.testing.assert_array_equal(indices, NeighborIndex(X, metric=metric).query(Q, 5)[0])


def test_distances_beyond_single_precision_are_refused_with_the_remedy(mixture):
    Q, X = (part.astype(np.float64) * 1e200 for part in mixture)

    assert NeighborIndex(X, metric="cosine").query(Q, 5)[0].shape == (80, 5)
    with pytest.raises(InvalidInputError, match="Divide X"):
        NeighborIndex(X).query(Q, 5)


def test_rows_far_from_the_origin_keep_their_digits(mixture):
    Q, X = (part.astype(np.float64) for part in mixture)

    _, distances = NeighborIndex(X + 1e7).query(Q + 1e7, 5)

    np.testing.assert_allclose(distances, NeighborIndex(X).query(Q, 5)[1], rtol=1e-5)


def test_a_query_may_be_larger_than_all_rows(by_rounding):
    X = np.eye(5, dtype=np.float32)

    _, distances = NeighborIndex(X).query(np.array([[0, 3e37, 0, 0, 0]], np.float32), 1)

    np.testing.assert_allclose(distances, 3e37, rtol=1e-6)


def test_constant_rows_have_no_correlation(mixture, by_rounding):
    _, X = mixture

    _, distances = NeighborIndex(X, metric="correlation").query(np.full((1, 40), 0.1), 4)

    np.testing.assert_array_equal(distances, 1.0)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "manhattan", "inner_product"])
def test_large_sparse_rows_stay_sparse(monkeypatch, metric):
    monkeypatch.setattr(_index, "DENSE_BYTES", 0)
    rng = np.random.default_rng(0)
    X = random_array((200, 50), density=0.2, format="csr", rng=rng)
    Q = random_array((9, 50), density=0.3, format="csr", rng=rng)
    wanted, far = nearest(Q.toarray(), X.toarray(), metric, 6)

    for asked in (Q, Q.toarray()):
        indices, distances = query_neighbors(asked, X, 6, metric=metric)
        np.testing.assert_array_equal(indices, wanted)
        np.testing.assert_allclose(distances, far, rtol=1e-5, atol=1e-6)


def test_sparse_rows_that_fit_are_searched_as_dense_ones(mixture):
    Q, X = mixture

    indices, _ = query_neighbors(csr_array(Q), csr_array(X), 4)

    np.testing.assert_array_equal(indices, query_neighbors(Q, X, 4)[0])


def test_large_sparse_rows_have_no_correlation(monkeypatch):
    monkeypatch.setattr(_index, "DENSE_BYTES", 0)

    with pytest.raises(InvalidInputError, match="sparse rows have one of euclidean"):
        query_neighbors(csr_array(np.eye(4)), csr_array(np.eye(4)), 1, metric="correlation")


def test_a_function_is_asked_for_every_pair():
    words = ["cat", "cart", "dog", "dig"]

    indices, distances = query_neighbors(
        ["cast", "dug"], words, 2, metric=lambda a, b: len(set(a) ^ set(b))
    )

    assert indices.tolist() == [[0, 1], [2, 3]]
    assert distances.tolist() == [[1, 2], [2, 2]]


def test_a_function_that_gives_no_number_is_named():
    def odd(a, b):
        return np.nan

    with pytest.raises(InvalidInputError, match="metric odd gave a distance from row 0"):
        query_neighbors([[1.0]], [[1.0]], 1, metric=odd)


@pytest.mark.parametrize("k", [0, 5, 2.5, True, None])
def test_numbers_of_neighbours_that_cannot_be_are_refused(k):
    with pytest.raises(InvalidInputError, match="1 to 4 can be found"):
        NeighborIndex(np.eye(4)).query(np.eye(4), k)


def test_rows_of_another_width_are_refused():
    with pytest.raises(ShapeError, match="Q has 3 features and X has 4"):
        NeighborIndex(np.eye(4)).query(np.eye(3), 1)
