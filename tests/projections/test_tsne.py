from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import DriftglassWarning, InvalidInputError, ShapeError
from driftglass.neighbors import exact_neighbors
from driftglass.projections import PCA, TSNE, Projector, SupportsTransform
from driftglass.projections._repulsion import EXACT_UP_TO


@pytest.fixture(scope="module")
def digits():
    return load_digits().data.astype(np.float32)


@pytest.fixture(scope="module")
def fitted(digits):
    return TSNE(n_jobs=2).fit(digits)


def quick(**options):
    return TSNE(**{"perplexity": 8, "early_exaggeration_iter": 60, "n_iter": 60, **options})


def groups(rng, n=120, d=6):
    centers = 12 * np.eye(3, d)
    return np.repeat(centers, n // 3, axis=0) + rng.normal(size=(n, d))


@pytest.mark.filterwarnings("ignore::driftglass.DriftglassWarning")
@parametrize_with_checks([TSNE(early_exaggeration_iter=20, n_iter=20)])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_digits_are_as_faithful_as_the_best_peers(digits, fitted):
    shuffled = fitted.embedding_[np.random.default_rng(0).permutation(len(digits))]

    assert trustworthiness(digits, fitted.embedding_, n_neighbors=15) >= 0.985
    assert trustworthiness(fitted.embedding_, digits, n_neighbors=15) >= 0.975  # continuity
    assert trustworthiness(digits, shuffled, n_neighbors=15) < 0.6
    assert fitted.kl_divergence_ < 0.8


@pytest.mark.parametrize("n_components", [1, 3])
def test_maps_of_one_and_three_components_are_faithful(digits, n_components):
    X = digits[:600]

    Y = TSNE(n_components, n_jobs=2).fit_transform(X)

    assert Y.shape == (600, n_components)
    assert trustworthiness(X, Y, n_neighbors=15) > {1: 0.93, 3: 0.98}[n_components]


@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_all_pairs_and_what_is_cheaper_give_maps_of_the_same_quality(
    digits, monkeypatch, n_components
):
    X = digits[:500]
    exact = TSNE(n_components, n_jobs=2).fit(X)
    monkeypatch.setitem(EXACT_UP_TO, n_components, 100)

    quicker = TSNE(n_components, n_jobs=2).fit(X)

    assert quicker.kl_divergence_ == pytest.approx(exact.kl_divergence_, rel=0.1)


@pytest.mark.parametrize("n_components", [1, 2, 3])
@pytest.mark.parametrize("exact", [True, False])
def test_threads_do_not_change_a_single_byte(rng, monkeypatch, n_components, exact):
    monkeypatch.setitem(EXACT_UP_TO, n_components, 10_000 if exact else 100)
    X = groups(rng, 600)

    maps = {
        quick(n_components=n_components, n_iter=40, early_exaggeration_iter=10, n_jobs=n_jobs)
        .fit_transform(X)
        .tobytes()
        for n_jobs in (1, 2, 8)
    }

    assert len(maps) == 1


def test_a_seed_decides_the_random_start(rng):
    X = groups(rng)

    first = quick(init="random", random_state=1).fit_transform(X)

    np.testing.assert_array_equal(quick(init="random", random_state=1).fit_transform(X), first)
    assert not np.allclose(quick(init="random", random_state=2).fit_transform(X), first)


@pytest.mark.parametrize("init", ["pca", "random", "spectral"])
def test_groups_come_apart_from_every_start(rng, init):
    X = groups(rng)

    Y = quick(init=init, random_state=0, n_iter=250).fit_transform(X)

    centers = Y.reshape(3, 40, 2).mean(axis=1)
    widest = np.linalg.norm(Y.reshape(3, 40, 2) - centers[:, None], axis=2).max()
    apart = min(np.linalg.norm(centers[a] - centers[b]) for a, b in [(0, 1), (0, 2), (1, 2)])
    assert apart > 1.2 * widest


def test_permuted_rows_give_the_same_forces_and_as_good_a_map(rng):
    X = groups(rng)
    order = rng.permutation(len(X))

    plain, permuted = quick(n_iter=300).fit(X), quick(n_iter=300).fit(X[order])

    assert permuted.kl_divergence_ == pytest.approx(plain.kl_divergence_, rel=0.1)
    dense = plain.affinities_.to_sparse().toarray()[np.ix_(order, order)]
    np.testing.assert_allclose(permuted.affinities_.to_sparse().toarray(), dense, atol=1e-7)


def test_a_map_can_be_continued(digits, fitted):
    options = {"init": fitted.embedding_, "early_exaggeration_iter": 0, "n_jobs": 2}

    none = TSNE(n_iter=0, **options).fit(digits)
    some = TSNE(n_iter=30, **options).fit(digits)

    np.testing.assert_allclose(none.embedding_, fitted.embedding_, atol=1e-4)
    moved = np.linalg.norm(some.embedding_ - fitted.embedding_, axis=1)
    assert np.median(moved) < 0.05 * np.ptp(fitted.embedding_)
    assert some.kl_divergence_ <= fitted.kl_divergence_ + 0.02


def test_a_callback_sees_the_map_and_can_stop_it(rng):
    calls = []

    def callback(n_iter, divergence, Y):
        calls.append((n_iter, divergence, Y))
        return n_iter >= 30

    estimator = quick(callback=callback, callback_every=10).fit(groups(rng))

    assert [n_iter for n_iter, _, _ in calls] == [10, 20, 30]
    assert estimator.stopped_
    assert estimator.n_iter_ == 30
    np.testing.assert_array_equal(estimator.embedding_, calls[-1][2])
    assert estimator.kl_divergence_ == calls[-1][1]
    assert not np.array_equal(calls[0][2], calls[1][2])


def test_an_exception_in_a_callback_reaches_the_caller(rng):
    def callback(n_iter, divergence, Y):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        quick(callback=callback).fit(groups(rng))


def test_fitted_rows_take_their_places(digits, fitted):
    some = digits[::7]

    np.testing.assert_array_equal(fitted.transform(some), fitted.embedding_[::7])


def test_new_rows_land_among_their_own(digits, rng):
    labels = load_digits().target
    new = np.zeros(len(digits), dtype=bool)
    new[rng.choice(len(digits), 300, replace=False)] = True
    estimator = TSNE(n_jobs=2).fit(digits[~new])

    Y = estimator.transform(digits[new])

    distances = np.linalg.norm(Y[:, None] - estimator.embedding_[None], axis=2)
    nearest = labels[~new][np.argsort(distances, axis=1)[:, :10]]
    majority = np.array([np.bincount(row).argmax() for row in nearest])
    assert (majority == labels[new]).mean() > 0.95
    assert (rng.permutation(majority) == labels[new]).mean() < 0.25


def test_a_new_row_does_not_depend_on_the_others(digits, fitted, rng):
    new = digits[:40] + rng.normal(size=(40, 64)).astype(np.float32)

    together = fitted.transform(new)

    alone = np.concatenate([fitted.transform(row[None]) for row in new])
    np.testing.assert_array_equal(together, alone)


def test_the_cosine_metric_ignores_lengths(rng):
    X = groups(rng) + 1.0
    lengths = rng.uniform(0.5, 20.0, size=(len(X), 1))

    plain = quick(metric="cosine", n_iter=250).fit(X)
    stretched = quick(metric="cosine", n_iter=250).fit(X * lengths)

    np.testing.assert_allclose(
        plain.affinities_.to_sparse().toarray(),
        stretched.affinities_.to_sparse().toarray(),
        atol=1e-6,
    )
    np.testing.assert_array_equal(plain.transform(3 * X[:5]), plain.transform(X[:5]))


def test_the_correlation_metric_ignores_lengths_and_offsets(rng):
    X = groups(rng)

    plain = quick(metric="correlation").fit(X)
    moved = quick(metric="correlation").fit(2 * X + rng.normal(size=(len(X), 1)))

    np.testing.assert_allclose(
        plain.affinities_.to_sparse().toarray(),
        moved.affinities_.to_sparse().toarray(),
        atol=1e-6,
    )
    np.testing.assert_array_equal(plain.transform(X[:5]), plain.embedding_[:5])


def test_neighbours_can_be_given(rng):
    X = groups(rng)
    graph = exact_neighbors(X, 24)

    given = quick(precomputed_knn=graph).fit(X)

    np.testing.assert_array_equal(given.embedding_, quick().fit(X).embedding_)
    with pytest.warns(DriftglassWarning, match="lowered to 4: precomputed_knn has only 12"):
        fewer = quick(precomputed_knn=graph.restrict(12)).fit(X)
    assert fewer.effective_perplexity_ == 4.0
    assert np.isfinite(fewer.embedding_).all()


def test_several_perplexities_are_kept(rng):
    estimator = quick(perplexity=(5, 15)).fit(groups(rng))

    assert estimator.effective_perplexity_ == (5.0, 15.0)


def test_a_perplexity_beyond_the_rows_is_lowered_and_said(rng):
    with pytest.warns(DriftglassWarning, match="perplexity 30 lowered to 13: only 40 samples"):
        estimator = TSNE(n_iter=50).fit(rng.normal(size=(40, 4)))

    assert estimator.effective_perplexity_ == 13.0
    assert "lowered to 13" in estimator.notes_[0]


def test_a_perplexity_below_one_is_raised_and_said(rng):
    with pytest.warns(DriftglassWarning, match="perplexity 0.5 raised to 1"):
        estimator = quick(perplexity=0.5).fit(groups(rng))

    assert estimator.effective_perplexity_ == 1.0


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("value", [0.0, 3.5])
def test_equal_rows_are_one_stacked_point(metric, value):
    X = np.full((50, 6), value)

    with pytest.warns(DriftglassWarning, match="all 50 rows are equal: one stacked point"):
        estimator = TSNE(metric=metric).fit(X)

    assert not estimator.embedding_.any()
    assert np.isfinite(estimator.transform(X + 1)).all()


def test_rows_of_one_direction_are_one_point_for_cosine(rng):
    X = rng.uniform(1, 5, size=(50, 1)) * np.array([[1.0, 2.0, 3.0]])

    with pytest.warns(DriftglassWarning, match="one stacked point"):
        assert not TSNE(metric="cosine").fit_transform(X).any()


@pytest.mark.parametrize("n", [1, 2, 3])
def test_up_to_three_rows_keep_their_distances(rng, n):
    X = rng.normal(size=(n, 9)) * 50

    Y = TSNE().fit_transform(X)

    for a in range(n):
        for b in range(n):
            expected = np.linalg.norm(X[a] - X[b])
            assert np.linalg.norm(Y[a] - Y[b]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 4}, "n_components is 4; t-SNE makes maps of 1, 2 or 3. Use PCA"),
        ({"n_components": True}, "n_components is True"),
        ({"perplexity": 0}, "perplexity is 0"),
        ({"metric": "hamming"}, "metric is 'hamming'"),
        ({"init": "umap"}, "init is 'umap'"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'"),
        ({"learning_rate": -1}, "learning_rate is -1"),
        ({"early_exaggeration": 0}, "early_exaggeration is 0"),
        ({"n_iter": -1}, "n_iter is -1"),
        ({"callback_every": 0}, "callback_every is 0"),
        ({"n_jobs": 0}, "n_jobs is 0"),
    ],
)
def test_names_the_parameter_that_cannot_be(rng, options, message):
    with pytest.raises(InvalidInputError, match=message):
        TSNE(**{"perplexity": 8, **options}).fit(groups(rng))


@pytest.mark.parametrize(
    ("init", "error", "message"),
    [
        (np.zeros((5, 2)), ShapeError, r"init has shape \(5, 2\); \(120, 2\) is needed"),
        (np.full((120, 2), np.nan), InvalidInputError, "init is not finite in row 0"),
    ],
)
def test_names_what_is_wrong_with_a_start(rng, init, error, message):
    with pytest.raises(error, match=message):
        quick(init=init).fit(groups(rng))


def test_works_in_a_pipeline_and_survives_pickling(rng):
    X = groups(rng)
    pipeline = make_pipeline(StandardScaler(), PCA(4), quick()).set_output(transform="pandas")

    frame = pipeline.fit_transform(X)
    again = pickle.loads(pickle.dumps(pipeline))

    assert list(frame.columns) == ["tsne0", "tsne1"]
    np.testing.assert_allclose(again.transform(X[:5]), frame.to_numpy()[:5], atol=1e-3)


def test_is_a_projector_that_can_transform():
    assert isinstance(TSNE(), Projector)
    assert isinstance(TSNE(), SupportsTransform)
