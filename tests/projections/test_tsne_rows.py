"""What t-SNE takes besides plain vectors: metrics, distances, sparse and mapped rows, labels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass._progress import Cancelled
from driftglass.neighbors import exact_neighbors
from driftglass.projections import TSNE, Affinities


@pytest.fixture(scope="module")
def digits():
    return load_digits().data.astype(np.float32)


def quick(**options):
    return TSNE(**{"perplexity": 8, "early_exaggeration_iter": 60, "n_iter": 60, **options})


def groups(rng, n=120, d=6):
    centers = 12 * np.eye(3, d)
    return np.repeat(centers, n // 3, axis=0) + rng.normal(size=(n, d))


def dense(affinities):
    return affinities.to_sparse().toarray()


def furthest(a, b):
    return np.abs(a - b).max()


def test_manhattan_neighbours_are_those_of_scipy(rng):
    X = groups(rng)

    estimator = quick(metric="manhattan").fit(X)

    D = cdist(X, X, "cityblock")
    np.fill_diagonal(D, np.inf)
    expected = np.sort(D, axis=1)[:, :24]
    np.testing.assert_allclose(estimator.neighbors_.distances, expected, rtol=1e-5)
    np.testing.assert_array_equal(estimator.transform(X[:9]), estimator.embedding_[:9])


def test_a_function_of_two_rows_is_a_metric(rng):
    X = groups(rng)

    ours = quick(metric=furthest).fit(X)

    given = quick(metric="precomputed", init=ours.embedding_).fit(cdist(X, X, "chebyshev"))
    np.testing.assert_allclose(dense(ours.affinities_), dense(given.affinities_), atol=1e-7)
    np.testing.assert_array_equal(ours.transform(X[:5]), ours.embedding_[:5])


def test_distances_give_the_map_of_the_vectors(rng):
    X = groups(rng, 300)
    D = cdist(X, X)

    vectors, distances = quick(n_iter=300).fit(X), quick(n_iter=300, metric="precomputed").fit(D)

    np.testing.assert_allclose(
        dense(distances.affinities_), dense(vectors.affinities_), rtol=1e-3, atol=1e-9
    )
    assert distances.kl_divergence_ == pytest.approx(vectors.kl_divergence_, rel=0.1)
    new = X[:20] + 0.01 * rng.normal(size=(20, 6))
    Y = distances.transform(cdist(new, X))
    assert np.linalg.norm(Y - distances.embedding_[:20], axis=1).max() < 2.0


def test_a_map_of_distances_starts_at_classical_scaling(rng):
    X = rng.normal(size=(80, 2)) * [5.0, 1.0]
    estimator = TSNE(metric="precomputed", perplexity=10, early_exaggeration_iter=0, n_iter=0)

    Y = estimator.fit_transform(cdist(X, X))

    scale = 1e-4 / np.std(Y, axis=0).max()
    np.testing.assert_allclose(cdist(Y, Y) * scale, cdist(Y, Y), rtol=1e-3)
    ratio = cdist(Y, Y)[np.triu_indices(80, 1)] / cdist(X, X)[np.triu_indices(80, 1)]
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-3)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_up_to_three_rows_keep_the_distances_given(rng, n):
    X = rng.normal(size=(n, 9)) * 50
    D = cdist(X, X, "cityblock")

    given = TSNE(metric="precomputed").fit_transform(D)
    by_function = TSNE(metric=lambda a, b: np.abs(a - b).sum()).fit_transform(X)

    np.testing.assert_allclose(cdist(given, given), D, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(cdist(by_function, by_function), D, rtol=1e-4, atol=1e-3)


def test_no_distances_at_all_are_one_stacked_point():
    with pytest.warns(DriftglassWarning, match="all 50 rows are equal: one stacked point"):
        estimator = TSNE(metric="precomputed").fit(np.zeros((50, 50)))

    assert not estimator.embedding_.any()


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "manhattan"])
def test_sparse_rows_give_the_map_of_dense_ones(rng, metric):
    X = groups(rng) * (rng.random((120, 6)) < 0.7) + np.eye(6)[rng.integers(6, size=120)]

    thin, full = quick(metric=metric).fit(sparse.csr_array(X)), quick(metric=metric).fit(X)

    np.testing.assert_allclose(dense(thin.affinities_), dense(full.affinities_), atol=1e-6)
    assert thin.kl_divergence_ == pytest.approx(full.kl_divergence_, rel=0.1)
    Y = thin.transform(sparse.csr_array(X[:7]))
    np.testing.assert_array_equal(Y, thin.embedding_[:7])


def test_wide_sparse_rows_start_on_their_principal_axes(rng):
    X = rng.normal(size=(150, 3)) * [9.0, 4.0, 0.1] @ np.linalg.qr(rng.normal(size=(3000, 3)))[0].T
    options = {"early_exaggeration_iter": 0, "n_iter": 0, "perplexity": 10}

    thin = TSNE(**options).fit_transform(sparse.csr_array(X + 1))

    full = TSNE(**options).fit_transform(X + 1)
    np.testing.assert_allclose(np.abs(thin), np.abs(full), atol=1e-7)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_equal_sparse_rows_are_one_stacked_point(metric):
    X = sparse.csr_array(np.tile([0.0, 3.0, 0.0, 1.0], (50, 1)))

    with pytest.warns(DriftglassWarning, match="all 50 rows are equal: one stacked point"):
        estimator = TSNE(metric=metric).fit(X)

    assert not estimator.embedding_.any()
    assert np.isfinite(estimator.transform(X[:2])).all()


def test_rows_mapped_from_disk_give_the_same_map(rng, tmp_path):
    X = groups(rng).astype(np.float32)
    np.save(tmp_path / "rows.npy", X)

    mapped = quick().fit_transform(np.load(tmp_path / "rows.npy", mmap_mode="r"))

    np.testing.assert_array_equal(mapped, quick().fit_transform(X))


def test_labels_weaken_neighbours_of_other_kinds(rng):
    X = rng.normal(size=(90, 4))
    y = rng.integers(3, size=90)

    plain, pulled = quick().fit(X), quick(target_weight=0.8).fit(X, y)
    cut = quick(target_weight=1.0).fit(X, y)

    other = y[:, None] != y[None, :]
    shares = [dense(fitted.affinities_)[other].sum() for fitted in (plain, pulled, cut)]
    assert shares[0] > 0.6
    assert 0.2 < shares[1] < 0.4
    assert shares[2] < 1e-6
    assert dense(pulled.affinities_).sum() == pytest.approx(1.0, abs=1e-5)


def test_a_row_s_weights_follow_the_formula_of_labels(rng):
    from driftglass.projections._affinities import affinity_rows, by_labels

    X, y = rng.normal(size=(60, 3)), rng.integers(-1, 2, size=60)
    graph = exact_neighbors(X, 20)
    weights = affinity_rows(graph.distances, (6.0,))

    found = by_labels(weights, graph.indices, y, 0.75)

    for i in range(60):
        factor = [
            0.25 if y[i] >= 0 and y[j] >= 0 and y[i] != y[j] else 1.0 for j in graph.indices[i]
        ]
        expected = weights[i] * factor
        np.testing.assert_allclose(found[i], expected / expected.sum(), rtol=1e-5)


@pytest.mark.parametrize("y", [np.full(120, -1), np.full(120, np.nan), [None] * 120])
def test_unknown_labels_change_nothing(rng, y):
    X = groups(rng)

    np.testing.assert_array_equal(quick().fit_transform(X, y), quick().fit_transform(X))


def test_labels_of_no_weight_change_nothing(rng):
    X, y = groups(rng), rng.integers(3, size=120)

    np.testing.assert_array_equal(
        quick(target_weight=0.0).fit_transform(X, y), quick().fit_transform(X)
    )


def test_a_row_whose_neighbours_are_all_of_another_kind_keeps_them(rng):
    X, y = groups(rng), np.zeros(120, dtype=int)
    y[5] = 1

    estimator = quick(target_weight=1.0).fit(X, y)

    assert dense(estimator.affinities_)[5].sum() > 0
    assert np.isfinite(estimator.embedding_).all()


def test_refuses_labels_that_are_not_one_per_row(rng):
    with pytest.raises(ShapeError, match=r"y has shape \(3,\) for 120 rows"):
        quick().fit(groups(rng), [0, 1, 2])


def test_affinities_can_be_used_again(rng):
    X = groups(rng)
    affinities = Affinities.of(X, 8)

    again = quick(precomputed_affinities=affinities).fit(X)

    np.testing.assert_array_equal(again.embedding_, quick().fit_transform(X))
    assert again.affinities_ is affinities
    assert again.neighbors_ is None
    np.testing.assert_array_equal(again.transform(X[:4]), again.embedding_[:4])


def test_affinities_of_a_graph_are_those_of_its_rows(rng):
    X = groups(rng)

    found = Affinities.of(exact_neighbors(X, 24), 8, y=np.arange(120) % 2, target_weight=0.3)

    expected = Affinities.of(X, 8, y=np.arange(120) % 2, target_weight=0.3)
    np.testing.assert_array_equal(found.values, expected.values)
    with pytest.raises(InvalidInputError, match="perplexity is 30; each row has 24 neighbours"):
        Affinities.of(exact_neighbors(X, 24), 30)


def test_several_perplexities_are_the_mean_of_their_rows(rng):
    X = groups(rng)
    graph = exact_neighbors(X, 45)

    both = dense(Affinities.of(graph, (5, 15)))

    each = [dense(Affinities.of(graph, p)) for p in (5, 15)]
    np.testing.assert_allclose(both, (each[0] + each[1]) / 2, atol=1e-9)


def test_refuses_affinities_of_other_rows(rng):
    with pytest.raises(ShapeError, match="are of 120 rows and X has 60"):
        quick(precomputed_affinities=Affinities.of(groups(rng), 8)).fit(groups(rng, 60))


def test_progress_tells_stages_the_time_left_and_the_map(rng):
    heard = []

    estimator = quick(progress=heard.append).fit(groups(rng))

    assert list(dict.fromkeys(state.stage for state in heard)) == [
        "neighbors",
        "affinities",
        "initialization",
        "layout",
    ]
    assert (heard[-1].done, heard[-1].total, heard[-1].seconds_left) == (120, 120, 0)
    assert all(state.seconds_left >= 0 for state in heard if state.stage == "layout")
    np.testing.assert_array_equal(heard[-1].positions, estimator.embedding_)


def test_progress_can_stop_the_layout_and_keep_the_map(rng):
    X = groups(rng)

    def progress(state):
        return state.stage == "layout" and state.done >= 80

    estimator = quick(progress=progress).fit(X)

    assert (estimator.n_iter_, estimator.stopped_) == (80, True)
    np.testing.assert_array_equal(estimator.embedding_, quick(n_iter=20).fit_transform(X))


def test_progress_can_stop_before_there_is_a_map(rng):
    with pytest.raises(Cancelled, match="before there was a map"):
        quick(progress=lambda state: True).fit(groups(rng))


def test_an_exception_in_the_middle_keeps_the_map_as_it_is(rng):
    X = groups(rng)

    def progress(state):
        if state.stage == "layout" and state.done >= 80:
            raise KeyboardInterrupt

    estimator = quick(progress=progress)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X)

    assert (estimator.n_iter_, estimator.stopped_) == (80, True)
    np.testing.assert_array_equal(estimator.embedding_, quick(n_iter=20).fit_transform(X))
    assert np.isfinite(estimator.transform(X[:3])).all()


def test_optimize_goes_on_with_the_map(rng):
    X = groups(rng)
    estimator = quick().fit(X)
    before = estimator.kl_divergence_

    estimator.optimize(200)

    assert estimator.n_iter_ == 320
    assert estimator.kl_divergence_ < before
    assert not estimator.stopped_


def test_optimize_can_draw_points_to_places(rng):
    estimator = quick().fit(groups(rng))
    anchors = estimator.embedding_ + 7
    strength = np.zeros(120)
    strength[:10] = np.inf

    estimator.optimize(60, anchors=anchors, strength=strength)

    np.testing.assert_array_equal(estimator.embedding_[:10], anchors[:10])


@pytest.mark.slow
def test_new_rows_find_their_place_in_three_dimensions(digits, rng):
    X = np.concatenate([digits, digits + rng.normal(size=digits.shape), digits + 0.5])
    estimator = TSNE(3, n_iter=150, n_jobs=2).fit(X.astype(np.float32))

    Y = estimator.transform(digits[:200] + np.float32(0.2))

    assert trustworthiness(X[:200], Y, n_neighbors=10) > 0.9
    alone = np.concatenate([estimator.transform(row[None] + 0.2) for row in digits[:5]])
    np.testing.assert_array_equal(alone, Y[:5])


@pytest.mark.parametrize(
    ("options", "X", "error", "message"),
    [
        ({"metric": "inner_product"}, np.eye(9), InvalidInputError, "A product is no distance"),
        ({"metric": "precomputed"}, np.ones((9, 4)), ShapeError, "distances are a square"),
        ({"metric": "precomputed"}, -np.ones((9, 9)), InvalidInputError, r"holds -1.0 \(row 0\)"),
        ({"metric": lambda a, b: -1.0}, np.eye(9), InvalidInputError, "returns -1.0 for rows 1"),
        ({"metric": lambda a, b: np.nan}, np.eye(9), InvalidInputError, "returns nan for rows"),
        ({"target_weight": 1.5}, np.eye(9), InvalidInputError, "target_weight is 1.5"),
        ({"precomputed_affinities": 3}, np.eye(9), InvalidInputError, "is int; Affinities are"),
    ],
)
def test_names_what_cannot_be(options, X, error, message):
    with pytest.raises(error, match=message):
        TSNE(perplexity=2, **options).fit(X)
