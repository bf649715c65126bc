from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from driftglass import ShapeError
from driftglass.diagnostics import quality
from driftglass.neighbors import exact_neighbors
from driftglass.projections import UMAP, Projector, SupportsTransform
from driftglass.projections._curve import curve_parameters


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


@pytest.fixture
def groups(rng):
    """Three groups of forty rows, far apart."""
    labels = np.repeat([0, 1, 2], 40)
    return (rng.normal(size=(120, 6)) + 12 * np.eye(3, 6)[labels]).astype(np.float32), labels


def purity(Y, labels):
    """Share of points whose nearest neighbour in the map has their label."""
    return (labels[exact_neighbors(Y, 1).indices[:, 0]] == labels).mean()


@parametrize_with_checks([UMAP(n_neighbors=4, n_epochs=20, init="pca")])
def test_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("init", ["spectral", "pca", "random"])
def test_digits_keep_their_neighbours(digits, init):
    X, labels = digits
    random = np.random.default_rng(0).normal(size=(len(X), 2))

    Y = UMAP(init=init, random_state=0).fit_transform(X)

    measured = quality(X, Y, n_neighbors=15, n_anchors=len(X))
    assert quality(X, random, n_neighbors=15, n_anchors=len(X)).trustworthiness < 0.6
    assert measured.trustworthiness >= 0.98
    assert measured.continuity >= 0.97
    assert purity(Y, labels) > 0.97


def test_the_same_seed_gives_the_same_bytes_at_any_number_of_jobs(digits):
    X = digits[0][:600]

    maps = [
        UMAP(random_state=3, n_epochs=50, n_jobs=n_jobs).fit_transform(X) for n_jobs in (1, 2, 8)
    ]

    np.testing.assert_array_equal(maps[0], maps[1])
    np.testing.assert_array_equal(maps[0], maps[2])
    assert not np.array_equal(maps[0], UMAP(random_state=4, n_epochs=50).fit_transform(X))


@pytest.mark.parametrize("n_components", [1, 2, 3, 10])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
def test_groups_stay_apart(groups, n_components, metric):
    X, labels = groups

    Y = UMAP(
        n_components=n_components, metric=metric, init="pca", n_epochs=100, random_state=0
    ).fit_transform(X)

    assert Y.shape == (120, n_components)
    assert Y.dtype == np.float32
    assert purity(Y, labels) == 1.0


def test_new_rows_come_to_lie_among_their_own(digits):
    X, labels = digits
    estimator = UMAP(random_state=0).fit(X[:1500])

    Y = estimator.transform(X[1500:])

    nearest = ((Y[:, None] - estimator.embedding_[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (labels[:1500][nearest] == labels[1500:]).mean() > 0.93


def test_fitted_rows_take_their_own_places(groups):
    X, _ = groups
    X = np.concatenate([X, X[:20]])
    estimator = UMAP(n_epochs=50, init="pca", random_state=0).fit(X)

    np.testing.assert_array_equal(estimator.transform(X), estimator.embedding_)
    np.testing.assert_array_equal(estimator.transform(X[::-1]), estimator.embedding_[::-1])


def test_a_new_row_does_not_depend_on_its_company(groups, rng):
    X, _ = groups
    estimator = UMAP(n_epochs=50, init="pca", random_state=0).fit(X)
    new = rng.normal(size=(30, 6)).astype(np.float32) + X[:30]

    together = estimator.transform(new)

    np.testing.assert_array_equal(estimator.transform(new[7:9]), together[7:9])


def test_labels_pull_rows_of_one_kind_together(rng):
    X = rng.normal(size=(200, 5))
    labels = np.arange(200) % 2

    plain = UMAP(init="pca", random_state=0).fit_transform(X)
    told = UMAP(init="pca", random_state=0, target_weight=0.9).fit_transform(X, labels)

    assert purity(plain, labels) < 0.7
    assert purity(told, labels) > 0.9


@pytest.mark.parametrize("unknown", [-1, None, float("nan")])
def test_labels_may_be_missing(rng, unknown):
    X = rng.normal(size=(60, 5))
    labels = np.array([0, 1] * 30, dtype=object)
    labels[::3] = unknown
    numbers = np.where(np.arange(60) % 3 == 0, -1, np.arange(60) % 2)

    Y = UMAP(init="pca", random_state=0, n_epochs=30).fit_transform(X, labels)

    expected = UMAP(init="pca", random_state=0, n_epochs=30).fit_transform(X, numbers)
    np.testing.assert_array_equal(Y, expected)


def test_distances_given_make_the_same_graph(groups):
    X, _ = groups
    D = np.sqrt(((X[:, None] - X[None]) ** 2).sum(axis=2))

    ours = UMAP(init="random", n_epochs=10, random_state=0).fit(X)
    given = UMAP(init="random", n_epochs=10, random_state=0, metric="precomputed").fit(D)

    np.testing.assert_allclose(given.graph_.toarray(), ours.graph_.toarray(), atol=1e-4)
    np.testing.assert_array_equal(given.transform(D), given.embedding_)


def test_neighbours_given_are_used(groups):
    X, _ = groups
    neighbors = exact_neighbors(X, 20)

    ours = UMAP(init="pca", n_epochs=30, random_state=0)
    given = UMAP(init="pca", n_epochs=30, random_state=0, precomputed_knn=neighbors)

    np.testing.assert_array_equal(given.fit_transform(X), ours.fit_transform(X))
    with pytest.raises(ShapeError, match="the 60 rows of X"):
        given.fit(X[:60])


def test_starting_places_can_be_given(groups, rng):
    X, _ = groups
    start = rng.normal(size=(120, 2))

    Y = UMAP(init=start, n_epochs=0).fit_transform(X)

    np.testing.assert_array_equal(Y, start.astype(np.float32))


def test_whoever_watches_sees_the_map_move_and_may_stop_it(groups):
    X, _ = groups
    seen = []

    def watch(done, Y):
        seen.append((done, Y.copy()))
        return done >= 50

    estimator = UMAP(n_epochs=200, init="pca", random_state=0, callback=watch).fit(X)

    assert [done for done, _ in seen] == list(range(5, 55, 5))
    assert estimator.n_iter_ == 50
    np.testing.assert_array_equal(estimator.embedding_, seen[-1][1])


def test_an_exception_in_the_callback_ends_the_fit(groups):
    def stop(done, Y):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        UMAP(init="pca", callback=stop).fit(groups[0])


def test_a_pickled_map_places_rows_as_before(groups):
    X, _ = groups
    estimator = UMAP(n_epochs=20, init="pca", random_state=0).fit(X)

    again = pickle.loads(pickle.dumps(estimator))

    np.testing.assert_array_equal(again.transform(X + 0.1), estimator.transform(X + 0.1))


def test_works_in_a_pipeline_and_names_its_columns(groups):
    X, _ = groups
    pipeline = make_pipeline(StandardScaler(), UMAP(n_epochs=10, init="pca", random_state=0))

    frame = pipeline.set_output(transform="pandas").fit_transform(X)

    assert list(frame.columns) == ["umap0", "umap1"]


def test_is_a_projector():
    assert isinstance(UMAP(), Projector)
    assert isinstance(UMAP(), SupportsTransform)


@pytest.mark.parametrize(("min_dist", "spread"), [(0.0, 1.0), (0.1, 1.0), (0.5, 1.0), (0.1, 3.0)])
def test_the_curve_is_the_least_squares_fit(min_dist, spread):
    from scipy.optimize import curve_fit

    x = np.linspace(0, 3 * spread, 300)
    wanted = np.where(x < min_dist, 1.0, np.exp(-(x - min_dist) / spread))

    expected, _ = curve_fit(lambda x, a, b: 1 / (1 + a * x ** (2 * b)), x, wanted)

    np.testing.assert_allclose(curve_parameters(min_dist, spread), expected, rtol=1e-4)


def test_parts_without_a_link_are_arranged_each_on_its_own(rng):
    X = np.concatenate([rng.normal(size=(30, 3)), rng.normal(size=(30, 3)) + 1000])

    umap = UMAP(n_neighbors=5, random_state=0).fit(X)  # which is normal, and warns of nothing

    Y = umap.embedding_
    assert np.isfinite(Y).all()
    assert any("falls into 2 parts: each is arranged on its own" in note for note in umap.notes_)
    assert purity(Y, np.repeat([0, 1], 30)) == 1.0
