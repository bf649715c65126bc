from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import tsne as reference

from driftglass import InvalidInputError
from driftglass.neighbors import exact_neighbors
from driftglass.projections._affinities import (
    affinity_rows,
    as_perplexities,
    effective_perplexities,
    joint_affinities,
)


@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(3, 120),
    share=st.floats(0.1, 0.9),
    unit=st.sampled_from([1e-12, 1.0, 1e12]),
)
def test_rows_have_the_entropy_asked_for(seed, k, share, unit):
    rng = np.random.default_rng(seed)
    distances = (np.sort(rng.gamma(3.0, size=(4, k)), axis=1) * unit).astype(np.float32)
    perplexity = 1 + share * (k - 1)

    weights = affinity_rows(distances, (perplexity,))

    for row in weights.astype(np.float64):
        assert reference.entropy(row) == pytest.approx(np.log(perplexity), abs=1e-5)
        assert row.sum() == pytest.approx(1.0, abs=1e-5)


def test_rows_equal_the_definition(rng):
    distances = np.sort(rng.gamma(2.0, size=(20, 60)), axis=1).astype(np.float32)

    weights = affinity_rows(distances, (15.0,))

    for row, d in zip(weights, distances.astype(np.float64), strict=True):
        np.testing.assert_allclose(row, reference.conditional(d**2, 15.0), atol=1e-6)


def test_several_perplexities_give_the_mean_of_their_rows(rng):
    distances = np.sort(rng.gamma(2.0, size=(20, 90)), axis=1).astype(np.float32)

    mixed = affinity_rows(distances, (5.0, 30.0))

    apart = (affinity_rows(distances, (5.0,)) + affinity_rows(distances, (30.0,))) / 2
    np.testing.assert_allclose(mixed, apart, atol=1e-7)


@pytest.mark.parametrize("distance", [0.0, 3.0])
def test_equal_distances_give_equal_weights(distance):
    weights = affinity_rows(np.full((3, 10), distance, dtype=np.float32), (4.0,))

    np.testing.assert_allclose(weights, 0.1, rtol=1e-6)


def test_ties_for_the_nearest_that_outnumber_the_perplexity_share_the_weight():
    distances = np.array([[0.0] * 8 + [1.0] * 8], dtype=np.float32)

    weights = affinity_rows(distances, (2.0,))

    np.testing.assert_allclose(weights[0], [0.125] * 8 + [0.0] * 8, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_weights_do_not_depend_on_the_unit(rng, scale):
    distances = np.sort(rng.gamma(2.0, size=(5, 40)), axis=1).astype(np.float32)

    scaled = affinity_rows(distances * np.float32(scale), (10.0,))

    np.testing.assert_allclose(scaled, affinity_rows(distances, (10.0,)), atol=1e-4)


@pytest.mark.parametrize("n", [2, 5, 400])
def test_joint_affinities_equal_the_definition(rng, n):
    graph = exact_neighbors(rng.normal(size=(n, 4)), min(n - 1, 12))
    weights = affinity_rows(graph.distances, (1.0 if n < 9 else 4.0,))

    P = joint_affinities(graph, (1.0 if n < 9 else 4.0,))

    dense = P.to_sparse().toarray()
    np.testing.assert_allclose(dense, reference.joint(graph.indices, weights), atol=1e-8)
    np.testing.assert_array_equal(dense, dense.T)
    assert dense.sum() == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(P.columns)[np.setdiff1d(np.arange(len(P.columns) - 1), P.starts - 1)] > 0).all()


@pytest.mark.parametrize("n_jobs", [2, 8])
def test_threads_do_not_change_affinities(rng, n_jobs):
    graph = exact_neighbors(rng.normal(size=(3000, 6)), 30)

    one, many = joint_affinities(graph, (10.0,), 1), joint_affinities(graph, (10.0,), n_jobs)

    assert one.values.tobytes() == many.values.tobytes()
    assert one.columns.tobytes() == many.columns.tobytes()


def test_a_graph_of_some_rows_only_is_refused(rng):
    graph = exact_neighbors(rng.normal(size=(30, 3)), 5, queries=[1, 2])

    with pytest.raises(InvalidInputError, match="has 2 of 30 rows"):
        joint_affinities(graph, (2.0,))


def test_perplexities_that_rows_cannot_give_are_lowered():
    assert effective_perplexities((5.0, 30.0, 300.0), 61) == (5.0, 20.0)
    assert effective_perplexities((30.0,), 2) == (1.0,)
    assert effective_perplexities((0.5,), 200) == (1.0,)


@pytest.mark.parametrize("perplexity", [0, -3, np.nan, np.inf, "30", True, [], [30, 0]])
def test_a_perplexity_that_cannot_be_is_named(perplexity):
    with pytest.raises(InvalidInputError, match="perplexity is"):
        as_perplexities(perplexity)
