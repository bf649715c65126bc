from __future__ import annotations

import numpy as np
import pytest

from driftglass import InvalidInputError, ShapeError
from driftglass.neighbors import exact_neighbors
from driftglass.projections import UMAP
from driftglass.projections._fuzzy import FuzzyGraph
from driftglass.projections._umap_sets import difference, intersection, union


def quick(**options):
    return UMAP(**{"n_neighbors": 10, "n_epochs": 60, "random_state": 0, **options})


@pytest.fixture
def views(rng):
    """Rows seen in two ways: each tells two of four groups from the others."""
    left, right = np.repeat([0, 0, 1, 1], 30), np.repeat([0, 1, 0, 1], 30)
    own = rng.normal(size=(120, 2))
    seen = [np.column_stack([own, 30.0 * group]) for group in (left, right)]
    return *seen, left, right


def purity(Y, groups):
    nearest = exact_neighbors(Y, 5).indices
    return (groups[nearest] == groups[:, None]).mean()


def graph_of(dense):
    from scipy.sparse import csr_array

    return FuzzyGraph.from_sparse(csr_array(np.array(dense, dtype=np.float32)))


def test_what_both_see_tells_all_groups_apart(views):
    A, B, left, right = views

    both = quick().fit(A) * quick().fit(B)

    assert both.embedding_.shape == (120, 2)
    assert purity(both.embedding_, 2 * left + right) > 0.9


def test_what_either_sees_has_the_edges_of_both(views):
    A, B, *_ = views
    first, second = quick().fit(A), quick().fit(B)

    either = first + second

    wanted = (first.graph_ != 0) + (second.graph_ != 0)
    assert ((either.graph_ != 0) != wanted).nnz == 0
    assert np.isfinite(either.embedding_).all()


def test_what_only_one_sees_has_its_edges(views):
    A, B, left, right = views
    first, second = quick().fit(np.hstack([A, B])), quick().fit(A)

    alone = first - second

    rows, columns = alone.graph_.nonzero()
    assert purity(alone.embedding_, 2 * left + right) > 0.9
    assert (first.graph_[rows, columns] > 0).all()


def test_graphs_are_joined_as_the_formulas_say():
    left = graph_of([[0, 0.8, 1.0], [0.8, 0, 0], [1.0, 0, 0]])
    right = graph_of([[0, 0.5, 0], [0.5, 0, 1.0], [0, 1.0, 0]])

    for joined, raw in (
        (union(left, right), [[0, 0.9, 1.0], [0.9, 0, 1.0], [1.0, 1.0, 0]]),
        (intersection(left, right), [[0, 0.4, 0.25], [0.4, 0, 0.4], [0.25, 0.4, 0]]),
        (difference(left, right), [[0, 0.4, 1.0], [0.4, 0, 0], [1.0, 0, 0]]),
    ):
        scaled = np.array(raw) / np.max(raw, axis=1, keepdims=True)
        wanted = scaled + scaled.T - scaled * scaled.T
        np.testing.assert_allclose(joined.to_sparse().toarray(), wanted, atol=1e-6)


def test_the_order_does_not_matter_for_what_both_or_either_see(views):
    A, B, *_ = views
    first, second = quick().fit(A).affinities_, quick().fit(B).affinities_

    for join in (union, intersection):
        there, back = join(first, second).to_sparse(), join(second, first).to_sparse()
        np.testing.assert_allclose(there.toarray(), back.toarray(), atol=1e-6)


def test_a_map_less_itself_keeps_every_row_somewhere(views):
    first = quick().fit(views[0])

    nothing = first - first

    assert np.isfinite(nothing.embedding_).all()
    assert (nothing.graph_.max(axis=1).toarray() > 0).all()


def test_equal_rows_may_differ_from_map_to_map(views):
    A, B, *_ = views
    A = A.copy()
    A[50:60] = A[50]

    both = quick().fit(A) * quick().fit(B)

    assert both.embedding_.shape == (120, 2)
    assert both.graph_.shape == (120, 120)


def test_the_same_seed_gives_the_same_bytes(views):
    A, B, *_ = views

    maps = [(quick(n_jobs=n).fit(A) * quick(n_jobs=n).fit(B)).embedding_ for n in (1, 2, 8)]

    assert maps[0].tobytes() == maps[1].tobytes() == maps[2].tobytes()


def test_a_joined_map_has_no_vectors_to_go_by(views):
    A, B, *_ = views
    both = quick().fit(A) + quick().fit(B)

    with pytest.raises(InvalidInputError, match="combined of others"):
        both.transform(A)
    with pytest.raises(InvalidInputError, match="combined of others"):
        both.inverse_transform(both.embedding_)
    assert both.fit(A).transform(A).shape == (120, 2)


def test_maps_of_other_rows_are_refused(views):
    A, *_ = views

    with pytest.raises(ShapeError, match="maps of 120 and 100 rows"):
        quick().fit(A) * quick().fit(A[:100])
    with pytest.raises(InvalidInputError, match="three rows or fewer"):
        quick().fit(A) - quick().fit(A[:3])
