"""The stages of a UMAP fit: each can be watched, stopped, and used on its own."""

from __future__ import annotations

import numpy as np
import pytest

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass._progress import Cancelled
from driftglass.neighbors import exact_neighbors, nearest_neighbors
from driftglass.projections import TSNE, UMAP, fuzzy_graph, initial_positions, lay_out
from driftglass.projections._watch import Watch

STAGES = ["neighbors", "affinities", "initialization", "layout"]


@pytest.fixture
def X(rng):
    """Three groups of forty rows."""
    labels = np.repeat([0, 1, 2], 40)
    return (rng.normal(size=(120, 6)) + 4 * np.eye(3, 6)[labels]).astype(np.float32)


def quick(**options):
    return UMAP(**{"n_epochs": 60, "random_state": 0, **options})


def test_the_stages_one_by_one_make_the_map(X):
    estimator = quick().fit(X)

    neighbors = nearest_neighbors(X, 14)
    graph = fuzzy_graph(neighbors)
    seed = estimator.forces_.seed
    start = initial_positions("spectral", X, graph, 2, random_state=seed)
    positions, n_done = lay_out(start, graph, estimator.forces_, 60)

    np.testing.assert_array_equal(estimator.neighbors_.indices, neighbors.indices)
    np.testing.assert_array_equal(estimator.affinities_.weights, graph.weights)
    np.testing.assert_array_equal(estimator.initial_, start)
    np.testing.assert_array_equal(estimator.embedding_, positions)
    assert n_done == 60


def test_a_search_serves_several_maps(X):
    searched = TSNE(perplexity=10, random_state=0).fit(X).neighbors_

    again = quick(precomputed_knn=searched).fit(X)

    np.testing.assert_array_equal(again.embedding_, quick().fit_transform(X))
    assert TSNE(perplexity=4, precomputed_knn=again.neighbors_).fit(X).n_features_in_ == 6


@pytest.mark.parametrize("with_itself", [True, False])
def test_neighbours_may_be_given_as_umap_learn_takes_them(X, with_itself):
    found = exact_neighbors(X, 14)
    indices, distances = found.indices, found.distances
    if with_itself:
        indices = np.column_stack([np.arange(120), indices])
        distances = np.column_stack([np.zeros(120), distances])

    given = quick(precomputed_knn=(indices, distances, None)).fit_transform(X)

    np.testing.assert_array_equal(given, quick().fit_transform(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda i, d: (i[:5], d[:5]), r"indices \(5, 14\).*\(120, k\) twice"),
        (lambda i, d: (i + 100, d), "no rows; integers from 0 to 119"),
        (lambda i, d: (i.astype(float), d), "no rows"),
        (lambda i, d: (i, d - 100), "negative or not finite"),
        (lambda i, d: (i, d[:, ::-1]), "not sorted"),
    ],
)
def test_refuses_neighbours_that_are_none(X, change, message):
    found = exact_neighbors(X, 14)

    with pytest.raises(InvalidInputError, match=message):
        quick(precomputed_knn=change(found.indices, found.distances)).fit(X)


def test_whoever_watches_hears_of_every_stage_in_turn(X):
    seen = []

    quick(progress=lambda now: seen.append(now)).fit(X)

    assert list(dict.fromkeys(now.stage for now in seen)) == STAGES
    assert seen == sorted(seen, key=lambda now: now.seconds)
    assert all(0 <= now.done <= now.total for now in seen)
    assert all(np.isnan(now.seconds_left) or now.seconds_left >= 0 for now in seen)
    assert seen[-1].done == seen[-1].total == 60
    assert seen[-1].seconds_left == 0


def test_whoever_watches_sees_the_map_move(X):
    X = np.concatenate([X, X[:10]])
    seen = []

    def watch(now):
        if now.positions is not None:
            seen.append(now.positions.copy())

    estimator = quick(progress=watch).fit(X)

    assert len(seen) == 60
    assert seen[0].shape == (130, 2)
    assert not np.array_equal(seen[0], seen[-1])
    np.testing.assert_array_equal(seen[-1], estimator.embedding_)


@pytest.mark.parametrize("stage", STAGES[:3])
def test_a_fit_stopped_before_the_map_has_none(X, stage):
    estimator = quick(progress=lambda now: now.stage == stage)

    with pytest.raises(Cancelled, match=f"stopped in the stage '{stage}'"):
        estimator.fit(X)

    assert not hasattr(estimator, "embedding_")


@pytest.mark.parametrize("densmap", [False, True])
def test_a_layout_that_is_stopped_keeps_its_map(X, densmap):
    estimator = quick(
        densmap=densmap, progress=lambda now: now.stage == "layout" and now.done >= 50
    )
    estimator.fit(X)

    assert estimator.n_iter_ == 50
    assert np.isfinite(estimator.embedding_).all()
    np.testing.assert_array_equal(estimator.transform(X), estimator.embedding_)


def test_watching_changes_nothing(X):
    np.testing.assert_array_equal(
        quick(progress=lambda now: None, callback=lambda done, Y: None).fit_transform(X),
        quick().fit_transform(X),
    )


def test_the_time_left_follows_from_what_stages_cost():
    times = iter([0.0, 2.0, 5.0, 8.0])
    seen = []
    watch = Watch(seen.append, {"neighbors": 5.0, "layout": 15.0}, clock=lambda: next(times))

    watch("neighbors", 0, 1)
    watch("neighbors", 1, 1)
    watch("layout", 1, 2)

    assert np.isnan(seen[0].seconds_left)
    assert seen[1].seconds_left == pytest.approx(5.0 * 15 / 5)
    assert seen[2].seconds_left == pytest.approx(8.0 * 7.5 / 12.5)


def test_neighbours_too_far_are_left_out_and_rows_without_any_put_aside(X):
    X = np.concatenate([X, [[1000.0] * 6, [-1000.0] * 6]]).astype(np.float32)

    with pytest.warns(DriftglassWarning, match="2 rows have no neighbour nearer than"):
        estimator = quick(disconnection_distance=50.0, init="pca").fit(X)

    Y = estimator.embedding_
    reach = np.linalg.norm(Y[:120] - Y[:120].mean(axis=0), axis=1).max()
    assert np.isfinite(Y).all()
    assert (np.diff(estimator.graph_.indptr)[120:] == 0).all()
    assert (np.linalg.norm(Y[120:] - Y[:120].mean(axis=0), axis=1) > reach).all()


@pytest.mark.parametrize("n_components", [1, 3])
def test_a_map_without_any_edge_is_a_ring(X, n_components):
    with pytest.warns(DriftglassWarning):
        Y = quick(disconnection_distance=1e-9, n_components=n_components).fit_transform(X)

    assert np.isfinite(Y).all()


def test_many_parts_start_from_principal_axes(rng):
    X = np.repeat(np.arange(120.0) * 100, 5)[:, None] + rng.normal(size=(600, 3))

    with pytest.warns(DriftglassWarning, match="parts: starting from 'pca'"):
        Y = quick(n_neighbors=3).fit_transform(X)

    assert np.isfinite(Y).all()


def test_fifty_coordinates_are_possible(X):
    Y = quick(n_components=50, n_epochs=20).fit_transform(X)

    assert Y.shape == (120, 50)
    assert (Y.std(axis=0) > 0).all()


def test_the_curve_may_be_given(X):
    estimator = quick(a=1.2, b=0.9).fit(X)

    assert (estimator.a_, estimator.b_) == (1.2, 0.9)
    with pytest.raises(InvalidInputError, match="give both, or neither"):
        quick(a=1.2).fit(X)


def test_permuted_rows_have_the_same_graph(X, rng):
    order = rng.permutation(120)

    graph = quick(n_epochs=0).fit(X).graph_.toarray()
    permuted = quick(n_epochs=0).fit(X[order]).graph_.toarray()

    np.testing.assert_allclose(permuted, graph[np.ix_(order, order)], atol=1e-5)


def test_new_rows_may_be_given_by_their_distances(X, rng):
    new = X[:20] + 0.1 * rng.normal(size=(20, 6)).astype(np.float32)
    D = np.linalg.norm(X[:, None] - X[None], axis=2)
    towards = np.linalg.norm(new[:, None] - X[None], axis=2)
    estimator = quick(metric="precomputed", init="random").fit(D)

    Y = estimator.transform(towards)

    nearest = np.linalg.norm(Y[:, None] - estimator.embedding_[None], axis=2).argmin(axis=1)
    assert (nearest // 40 == 0).all()
    with pytest.raises(ValueError, match="expecting 120"):
        estimator.transform(towards[:, :5])


def test_a_mapped_file_gives_the_same_map(X, tmp_path):
    np.save(tmp_path / "X.npy", X)

    Y = quick().fit_transform(np.load(tmp_path / "X.npy", mmap_mode="r"))

    np.testing.assert_array_equal(Y, quick().fit_transform(X))


def test_distances_other_than_a_square_are_refused(X):
    with pytest.raises(ShapeError, match="a square matrix"):
        quick(metric="precomputed").fit(np.abs(X))
