import numpy as np
import pytest
from sklearn.base import clone

from driftglass.neighbors import nearest_neighbors, remember_neighbors
from driftglass.projections import TSNE, UMAP


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)


def test_equal_vectors_are_searched_once_whatever_array_holds_them(X):
    with remember_neighbors() as graphs:
        first = nearest_neighbors(X, 20)
        again = nearest_neighbors(X.copy(), 20)
        fewer = nearest_neighbors(X, 5)

    assert graphs.n_found == 2
    assert again is first
    np.testing.assert_array_equal(fewer.indices, nearest_neighbors(X, 5).indices)
    np.testing.assert_array_equal(fewer.distances, nearest_neighbors(X, 5).distances)


@pytest.mark.parametrize(
    "other",
    [
        {"metric": "cosine"},
        {"method": "approximate"},
    ],
)
def test_another_question_is_searched_anew(X, other):
    with remember_neighbors() as graphs:
        nearest_neighbors(X, 5)
        nearest_neighbors(X, 5, **other)

    assert graphs.n_found == 0


@pytest.mark.parametrize(("method", "n_found"), [("exact", 1), ("approximate", 0)])
def test_a_seed_counts_where_chance_does(X, method, n_found):
    with remember_neighbors() as graphs:
        nearest_neighbors(X, 5, method=method)
        nearest_neighbors(X, 5, method=method, random_state=1)

    assert graphs.n_found == n_found


def test_other_vectors_are_searched_anew(X):
    changed = X.copy()
    changed[7, 3] += 1e-3

    with remember_neighbors() as graphs:
        nearest_neighbors(X, 5)
        found = nearest_neighbors(changed, 5)

    assert graphs.n_found == 0
    np.testing.assert_array_equal(found.indices, nearest_neighbors(changed, 5).indices)


def test_a_longer_list_is_searched_anew_and_kept(X):
    with remember_neighbors() as graphs:
        nearest_neighbors(X, 5)
        nearest_neighbors(X, 9)
        nearest_neighbors(X, 7)

    assert graphs.n_found == 1


def test_a_part_of_an_approximate_graph_is_not_taken_for_a_shorter_one(X):
    with remember_neighbors() as graphs:
        nearest_neighbors(X, 20, method="approximate")
        nearest_neighbors(X, 5, method="approximate")

    assert graphs.n_found == 0


def test_maps_are_the_same_with_and_without(X):
    alone = [UMAP(random_state=0).fit_transform(X), TSNE(random_state=0).fit_transform(X)]

    with remember_neighbors() as graphs:
        TSNE(random_state=0).fit(X)
        together = [UMAP(random_state=0).fit_transform(X), TSNE(random_state=0).fit_transform(X)]

    assert graphs.n_found == 2
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_more_is_kept_than_allowed(X):
    with remember_neighbors(max_bytes=300 * 5 * 8) as graphs:
        nearest_neighbors(X, 5)
        nearest_neighbors(X + 1, 5)
        nearest_neighbors(X, 5)

    assert graphs.n_found == 0
    assert graphs.nbytes <= 300 * 5 * 8


def test_nothing_is_kept_after_the_block(X):
    with remember_neighbors() as graphs:
        nearest_neighbors(X, 5)

    nearest_neighbors(X, 5)

    assert graphs.n_found == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            UMAP(min_dist=0.5, n_epochs=20, random_state=0),
            UMAP(n_epochs=20, random_state=0),
        ),
        (
            TSNE(init="spectral", n_iter=20, early_exaggeration_iter=10),
            TSNE(init="spectral", n_iter=30, early_exaggeration_iter=10),
        ),
    ],
)
def test_affinities_and_spectral_starts_are_made_once_and_change_no_bit(X, first, second):
    alone = clone(second).fit_transform(X)

    with remember_neighbors() as graphs:
        first.fit(X)
        assert (graphs.n_found, graphs.n_stages_found) == (0, 0)
        after = second.fit_transform(X.copy())

    assert (graphs.n_found, graphs.n_stages_found) == (1, 2)
    np.testing.assert_array_equal(after, alone)


def test_a_stage_of_other_settings_is_made_anew(X):
    with remember_neighbors() as graphs:
        UMAP(n_epochs=5).fit(X)
        UMAP(n_epochs=5, set_op_mix_ratio=0.5, n_components=3).fit(X)
        TSNE(perplexity=20, n_iter=5, early_exaggeration_iter=5).fit(X)
        TSNE(perplexity=10, n_iter=5, early_exaggeration_iter=5).fit(X)

    assert graphs.n_stages_found == 0


def test_later_stages_leave_first_when_room_is_short(X):
    with remember_neighbors() as graphs:
        nearest_neighbors(X, 14)
        nbytes = graphs.nbytes

    with remember_neighbors(max_bytes=nbytes) as graphs:
        for _ in range(2):
            UMAP(n_epochs=5).fit(X)

    assert (graphs.n_found, graphs.n_stages_found) == (1, 0)
    assert graphs.nbytes <= nbytes


def test_what_a_stage_has_to_say_is_said_every_time():
    apart = np.random.default_rng(0).normal(size=(80, 3)) + np.repeat([[0], [1e3]], 40, axis=0)

    with remember_neighbors() as graphs:
        notes = [
            UMAP(n_neighbors=5, n_epochs=5, random_state=0).fit(apart).notes_ for _ in range(2)
        ]

    assert graphs.n_stages_found == 2
    assert notes[0] == notes[1]
    assert "2 parts" in notes[0][0]
