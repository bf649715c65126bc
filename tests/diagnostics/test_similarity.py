"""CKA, mutual neighbours and Procrustes distance, against their definitions and known biases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from scipy.stats import ortho_group

from driftglass.diagnostics import (
    cka_map,
    linear_cka,
    mutual_knn,
    neighbor_overlap,
    procrustes_distance,
)
from driftglass.errors import InvalidInputError, ShapeError


def hsic(K, L):
    """Unbiased HSIC of Song et al., term by term."""
    n = len(K)
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    one = np.ones(n)
    total = np.trace(K @ L)
    total += (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
    total -= 2 / (n - 2) * one @ K @ L @ one
    return total / (n * (n - 3))


@pytest.fixture
def related(rng):
    X = rng.normal(size=(60, 12))
    return X, np.tanh(X[:, :5]) + 0.3 * rng.normal(size=(60, 5))


def test_unbiased_cka_is_the_published_formula(related):
    K, L = (Z @ Z.T for Z in related)

    expected = hsic(K, L) / np.sqrt(hsic(K, K) * hsic(L, L))
    assert linear_cka(*related) == pytest.approx(expected, abs=1e-12)


def test_biased_cka_is_the_feature_form(related):
    X, Y = (Z - Z.mean(axis=0) for Z in related)

    expected = np.linalg.norm(X.T @ Y) ** 2
    expected /= np.linalg.norm(X.T @ X) * np.linalg.norm(Y.T @ Y)
    assert linear_cka(*related, unbiased=False) == pytest.approx(expected, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e3))
def test_cka_ignores_rotation_scale_and_shift(seed, scale):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, 5))
    rotation = ortho_group.rvs(5, random_state=rng)

    assert linear_cka(X, scale * X @ rotation + scale) == pytest.approx(1.0)


@pytest.mark.parametrize(("n", "p", "q"), [(100, 2048, 2048), (1000, 128, 128), (400, 64, 900)])
def test_the_bias_of_plain_cka_follows_its_law_and_the_unbiased_form_has_none(rng, n, p, q):
    X, Y = rng.normal(size=(n, p)), rng.normal(size=(n, q))

    law = 1 / np.sqrt((1 + n / p) * (1 + n / q))
    assert linear_cka(X, Y, unbiased=False) == pytest.approx(law, abs=2e-3)
    assert linear_cka(X, Y) == pytest.approx(0.0, abs=1e-2)


def test_a_large_mean_in_single_precision_changes_nothing(rng):
    X, Y = rng.normal(size=(2, 200, 16)).astype(np.float32)
    Y = Y + X
    moved = X + np.float32(1e3)

    assert linear_cka(moved, Y) == pytest.approx(linear_cka(moved - np.float32(1e3), Y), abs=1e-9)
    assert linear_cka(moved, Y) == pytest.approx(linear_cka(X, Y), abs=1e-4)


@pytest.mark.parametrize("unit", [1e-150, 1e150])
def test_the_unit_of_the_vectors_does_not_matter(related, unit):
    X, Y = related

    assert linear_cka(X * unit, Y) == pytest.approx(linear_cka(X, Y), abs=1e-12)


def test_the_map_has_the_value_of_every_pair(rng):
    Xs = [rng.normal(size=(40, d)) for d in (3, 5, 9)]
    Xs.append(Xs[0] @ rng.normal(size=(3, 4)))

    expected = [[linear_cka(X, Y) for Y in Xs] for X in Xs]
    found = cka_map(Xs)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert (found == found.T).all()
    assert (np.diag(found) == 1).all()
    np.testing.assert_allclose(cka_map(Xs[:2], Xs[1:]), np.array(expected)[:2, 1:], atol=1e-12)


def test_blocks_of_rows_change_nothing_but_rounding(rng, monkeypatch):
    Xs = [rng.normal(size=(50, 4)) for _ in range(3)]
    whole = cka_map(Xs)
    monkeypatch.setattr("driftglass.diagnostics._grams.STACK_BYTES", 8 * 3 * 50 * 7)

    np.testing.assert_allclose(cka_map(Xs), whole, atol=1e-13)


def test_threads_change_no_bit(rng):
    Xs = [rng.normal(size=(80, 6)) for _ in range(40)]

    assert cka_map(Xs, n_jobs=1).tobytes() == cka_map(Xs, n_jobs=4).tobytes()


def test_a_constant_snapshot_is_unknown_and_spoils_no_other(rng):
    X = rng.normal(size=(20, 3)).astype(np.float32)
    found = cka_map([X, np.full((20, 3), 0.1, dtype=np.float32), 2 * X])

    assert np.isnan(found[1]).all()
    assert found[0, 2] == pytest.approx(1.0)


def test_mutual_neighbours_are_all_or_chance(rng):
    X, Y = rng.normal(size=(2, 400, 5))

    assert mutual_knn(X, 3 * X + 1) == 1.0
    assert mutual_knn(X, Y) == pytest.approx(0.0, abs=0.01)
    assert mutual_knn(X, Y, corrected=False) == pytest.approx(10 / 399, abs=0.01)


def test_the_overlap_counts_neighbours_in_common():
    X = np.array([[0.0], [1.0], [2.1], [10.0], [11.0]])
    Y = np.array([[0.0], [1.0], [9.0], [10.0], [11.0]])

    # Row 2 has 0 and 1 for neighbours in X, 3 and 4 in Y; row 3 keeps 4 and changes the other.
    np.testing.assert_array_equal(neighbor_overlap(X, Y, n_neighbors=2), [1.0, 1.0, 0.0, 1.0, 1.0])


def test_procrustes_is_scipys(rng):
    X, Y = rng.normal(size=(2, 50, 6))
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    X, Y = X / np.linalg.norm(X), Y / np.linalg.norm(Y)
    _, similarity = orthogonal_procrustes(X, Y)

    found = procrustes_distance(5 * X + 2, Y)
    assert found.similarity == pytest.approx(similarity, abs=1e-12)
    assert found.distance == pytest.approx(np.sqrt(2 - 2 * similarity), abs=1e-12)


def test_shuffled_rows_say_what_procrustes_gives_for_nothing(rng):
    X, Y = rng.normal(size=(2, 100, 2048))

    found = procrustes_distance(X, Y)
    assert found.similarity == pytest.approx(0.988, abs=0.002)
    assert found.null_similarity == pytest.approx(found.similarity, abs=0.002)


@pytest.mark.parametrize("function", [linear_cka, procrustes_distance, mutual_knn])
def test_rows_that_do_not_pair_up_are_named(function, rng):
    X = rng.normal(size=(50, 3))

    with pytest.raises(ShapeError, match=r"50 and 49 rows.*intersect"):
        function(X, X[1:])
    with pytest.raises(InvalidInputError, match="first is row 7"):
        function(np.where(np.arange(50)[:, None] == 7, np.nan, X), X)


def test_three_rows_are_too_few_for_cka():
    with pytest.raises(ShapeError, match="at least 4"):
        linear_cka(np.eye(3), np.eye(3))


def test_too_many_neighbours_are_refused(rng):
    X = rng.normal(size=(11, 3))

    with pytest.raises(InvalidInputError, match="1 to 9"):
        mutual_knn(X, X, n_neighbors=10)
