from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from driftglass import DriftglassWarning, InvalidInputError, NotFoundError
from driftglass.diagnostics import mean_step, sequence_scores, still_test
from driftglass.projections import Refine, project_sequence
from driftglass.projections._carry import bound, common_path, unchanged
from driftglass.projections._coarse import Sampled, smooth_place

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "cifar10cnn.npz"


@pytest.fixture(scope="module")
def three_clusters():
    rng = np.random.default_rng(0)
    return rng.uniform(-10, 10, size=(3, 10))[np.arange(300) % 3] + rng.normal(size=(300, 10))


@pytest.fixture(scope="module")
def merging():
    """Six clusters, of which two come together while two halves of one part."""
    rng = np.random.default_rng(1)
    centers, kinds = 4 * rng.normal(size=(6, 12)), np.arange(240) % 6
    noise, away, half = rng.normal(size=(240, 12)), 5 * rng.normal(size=12), rng.random(240) < 0.5
    Xs = []
    for s in np.linspace(0, 1, 7):
        moved = centers.copy()
        moved[1] = (1 - s) * centers[1] + s * centers[0]
        X = moved[kinds] + noise
        X[(kinds == 2) & half] += s * away
        Xs.append(X.astype(np.float32))
    return Xs


def test_nothing_moves_where_nothing_changed(three_clusters):
    assert still_test(project_sequence, three_clusters) == 0.0


def test_noise_is_hardly_drawn(three_clusters):
    assert still_test(project_sequence, three_clusters, noise=0.01) < 0.001


def test_is_the_same_to_the_last_bit_at_any_number_of_threads(merging):
    results = [project_sequence(merging, n_jobs=n_jobs).aligned() for n_jobs in (1, 2, 8)]

    assert results[0].tobytes() == results[1].tobytes() == results[2].tobytes()


def test_order_of_rows_does_not_matter(rng, merging):
    orders = [rng.permutation(240) for _ in merging]
    shuffled = project_sequence(
        [X[order] for X, order in zip(merging, orders, strict=True)], ids=orders
    )

    plain = project_sequence(merging)

    assert shuffled.aligned(np.arange(240)).tobytes() == plain.aligned().tobytes()


def test_keeps_more_of_each_frame_than_the_linear_map_and_jumps_less_than_separate_ones(merging):
    refined = sequence_scores(merging, project_sequence(merging))
    linear = sequence_scores(merging, project_sequence(merging, method="pca"))
    separate = sequence_scores(merging, project_sequence(merging, method="tsne"))

    assert refined.F > linear.F + 0.05
    assert refined.C > separate.C
    assert refined.J < separate.J


def test_points_may_come_and_go(rng, merging):
    kept = [np.sort(rng.choice(240, size=180, replace=False)) for _ in merging]
    late = [np.union1d(rows, [0]) if t > 3 else rows[rows > 0] for t, rows in enumerate(kept)]
    sequence = project_sequence([X[rows] for X, rows in zip(merging, late, strict=True)], ids=late)

    scores = sequence_scores(
        [X[rows] for X, rows in zip(merging, late, strict=True)], sequence, ids=late
    )
    assert [frame.ids.tolist() for frame in sequence] == [rows.tolist() for rows in late]
    assert scores.F > 0.35
    # The point that came late lies among its own.
    Y, rows = sequence[-1].coordinates, late[-1]
    nearest = np.argsort(np.linalg.norm(Y - Y[0], axis=1))[1:6]
    assert (rows[nearest] % 6 <= 1).all()


def test_every_parameter_acts(merging):
    plain = project_sequence(merging[:3]).aligned()
    changes = [
        {"perplexity": 5},
        {"carry": 4.0},
        {"n_iter": 20},
        {"coarse": "pca"},
        {"n_neighbors": 5},
        {"metric": "cosine"},
        {"random_state": 1},
    ]
    for change in changes:
        changed = project_sequence(merging[:3], **change).aligned()

        assert np.abs(changed - plain).max() > 1e-3, change


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 7])
def test_few_rows_have_places(rng, rows):
    sequence = project_sequence([rng.normal(size=(rows, 4)) for _ in range(3)])

    assert [Y.shape for Y in sequence.coordinates] == [(rows, 2)] * 3


def test_equal_rows_stay_together_until_they_part(rng):
    collapsed = np.ones((30, 4))
    spread = 5 * rng.normal(size=(30, 4))
    sequence = project_sequence([collapsed, collapsed, spread])

    assert np.ptp(sequence[1].coordinates, axis=0).max() == 0
    assert mean_step([sequence[0].coordinates, sequence[1].coordinates]) == 0
    assert len(np.unique(sequence[2].coordinates, axis=0)) == 30


def test_frames_may_be_empty(rng):
    X = rng.normal(size=(40, 4))
    sequence = project_sequence([X, np.empty((0, 4)), X])

    assert [len(Y) for Y in sequence.coordinates] == [40, 0, 40]


def test_three_components_and_one_are_possible_and_more_are_not(three_clusters):
    for n_components in (1, 3):
        sequence = project_sequence([three_clusters] * 2, n_components=n_components)
        assert sequence.n_components == n_components

    with pytest.raises(InvalidInputError, match=r"1, 2 or 3\. Use 'linear'"):
        project_sequence([three_clusters] * 2, n_components=4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"perplexity": 0}, "perplexity is 0"),
        ({"carry": -1}, "carry is -1"),
        ({"n_iter": 2.5}, "n_iter is 2.5"),
        ({"coarse": "mds"}, "'umap', 'pca'"),
        ({"metric": "weird"}, "'euclidean', 'cosine'"),
        ({"n_neighbors": 1}, "n_neighbors is 1"),
    ],
)
def test_names_what_is_wrong_with_a_parameter(parameters, message):
    with pytest.raises(InvalidInputError, match=message):
        Refine(**parameters)


def test_names_the_parameter_that_was_meant():
    with pytest.raises(NotFoundError, match="perplexity"):
        project_sequence([np.eye(4)], perplexty=3)


def test_the_result_says_what_made_it(merging):
    sequence = project_sequence(merging[:2], carry=3.0, n_jobs=1, random_state=4)

    made = sequence.provenance
    assert made.method == "refine"
    assert made.parameters["carry"] == 3.0
    assert "n_jobs" not in made.parameters
    assert made.random_state == 4


def test_jaccard_similarity_is_that_of_sets(rng):
    before = np.stack([rng.permutation(20)[:6] for _ in range(50)])
    after = np.stack([rng.permutation(20)[:6] for _ in range(50)])

    expected = [
        len(set(a) & set(b)) / len(set(a) | set(b))
        for a, b in zip(before.tolist(), after.tolist(), strict=True)
    ]
    np.testing.assert_allclose(unchanged(before, after), expected)
    assert (unchanged(before, before[:, ::-1]) == 1).all()


def test_bound_offsets_solve_the_least_squares_they_stand_for(rng):
    T, n = 5, 4
    offsets = [rng.normal(size=(n, 2)) for _ in range(T)]
    weights = rng.uniform(0, 0.95, size=(T, n))
    before = [np.where(rng.random(n) < 0.8, np.arange(n), -1) for _ in range(T)]

    found = bound(offsets, list(zip(before, weights, strict=True)))

    for point in range(n):
        system = np.eye(T)
        for t in range(1, T):
            if before[t][point] >= 0:
                k = weights[t, point] / (1 - weights[t, point])
                system[[t, t - 1], [t, t - 1]] += k
                system[[t, t - 1], [t - 1, t]] -= k
        expected = np.linalg.solve(system, np.stack([d[point] for d in offsets]))
        np.testing.assert_allclose(np.stack([e[point] for e in found]), expected, atol=1e-10)


def test_full_weight_makes_offsets_one_number(rng):
    offsets = [rng.normal(size=(3, 2)) for _ in range(4)]
    rows = np.array([2, 0, 1])

    found = bound(offsets, [(rows, np.ones(3))] * 4)

    for t in range(1, 4):
        assert (found[t] == found[t - 1][rows]).all()


def test_steps_are_shared_among_those_that_go_as_far():
    steps = np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 9.0]])
    neighbors = np.array([[1, 2], [0, 2], [0, -1]])

    shared = common_path(steps, np.array([1.0, 1.0, 100.0]), neighbors, np.array([1.0, 0.0, 1.0]))

    assert shared[0] == pytest.approx([2.0, 0.0], abs=1e-3)
    assert shared[1].tolist() == [3.0, 0.0]
    assert shared[2] == pytest.approx([0.0, 9.0], abs=1e-2)


def test_a_point_is_sampled_again_before_it_has_left_its_surroundings_and_noise_is_not():
    sampled = Sampled(100, 0)
    X = np.zeros((2, 1))
    rows, reach = np.arange(2), np.ones(2)
    sampled.add(X, rows, np.array([-1, -1]), reach, 0)
    for frame in range(1, 31):
        trembles = 0.09 * (-1.0) ** frame
        sampled.add(np.array([[trembles], [0.2 * frame]]), rows, rows, reach, frame)
    seen = np.sort(sampled.rows().ravel())

    assert (seen < 0.1).sum() == 2
    assert len(seen) >= 7
    assert 0.2 - 1e-9 <= np.diff(seen[1:]).min() < np.diff(seen[1:]).max() <= 1.2 + 1e-9


def test_points_that_go_at_one_speed_are_sampled_at_different_times():
    sampled = Sampled(10_000, 0)
    rows = np.arange(200)
    for frame in range(6):
        before = rows if frame else np.full(200, -1)
        sampled.add(np.full((200, 1), 0.5 * frame), rows, before, np.ones(200), frame)

    _, counts = np.unique(sampled.rows(), return_counts=True)
    assert len(counts) == 6
    assert counts[1:].min() > 70


def test_clusters_that_go_steadily_are_drawn_going_steadily(rng):
    kinds, place = rng.integers(5, size=250), rng.normal(size=(250, 20))
    start, end = 4 * rng.normal(size=(2, 5, 20))
    Xs = [((1 - s) * start + s * end)[kinds] + place for s in np.linspace(0, 1, 9)]

    scores = sequence_scores(Xs, project_sequence(Xs))

    assert scores.speed_map.max() < 2.0 * scores.speed_map.mean()
    assert scores.J < 0.03


def test_the_sample_is_no_larger_than_wanted(rng):
    sampled = Sampled(50, 0)
    for frame in range(20):
        new = np.full(40, -1)
        sampled.add(rng.normal(size=(40, 2)), np.arange(40), new, np.zeros(40), frame)

    assert sampled.rows().shape == (50, 2)


def test_smooth_places_do_not_depend_on_the_other_rows(rng):
    rows = rng.normal(size=(200, 5))
    place = smooth_place(rows, lambda X: X[:, :2], 2)
    X = rng.normal(size=(30, 5))

    together = place(X)

    assert np.stack([place(X[i : i + 1])[0] for i in range(30)]).tobytes() == together.tobytes()


@pytest.mark.slow
@pytest.mark.skipif(not PUBLISHED.exists(), reason="needs the published outputs")
def test_beats_every_published_map_of_the_benchmark():
    Xs = list(np.load(PUBLISHED)["vectors"])
    scores = [
        sequence_scores(Xs, project_sequence(Xs, random_state=seed), n_anchors=400)
        for seed in range(2)
    ]

    assert np.mean([s.F for s in scores]) >= 0.62
    assert np.mean([s.C for s in scores]) >= 0.84
    assert np.mean([s.J for s in scores]) <= 0.03
    assert still_test(project_sequence, Xs[10], n_snapshots=4) == 0.0


@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", "int64", "uint8", "bool"])
def test_takes_any_real_dtype(rng, dtype):
    Xs = [(10 * rng.random((30, 4))).astype(dtype) for _ in range(3)]

    assert [Y.shape for Y in project_sequence(Xs).coordinates] == [(30, 2)] * 3


@pytest.mark.parametrize("scale", [1e-30, 1e18])
def test_scale_of_the_vectors_does_not_matter(merging, scale):
    Xs = [X.astype(np.float64) for X in merging[:3]]
    scaled = project_sequence([X * scale for X in Xs])

    assert (
        pytest.approx(sequence_scores(Xs, project_sequence(Xs)).F, abs=0.05)
        == sequence_scores(Xs, scaled).F
    )


def test_one_feature_and_many_duplicates_are_possible():
    Xs = [np.repeat(np.arange(5.0), 8)[:, None] + t for t in range(3)]

    sequence = project_sequence(Xs)

    assert [Y.shape for Y in sequence.coordinates] == [(40, 2)] * 3


def test_a_basis_means_a_linear_map_and_does_not_go_with_refine(merging):
    assert project_sequence(merging, basis="first").provenance.method == "pca"
    with pytest.raises(InvalidInputError, match="basis is 'first', but 'refine' learns from all"):
        project_sequence(merging, method="refine", basis="first")


def test_rows_that_are_not_finite_are_left_out(merging):
    broken = merging[1].copy()
    broken[7] = np.nan
    sequence = project_sequence([merging[0], broken, merging[2]])

    assert sequence[1].excluded.tolist() == [7]
    assert len(sequence[1].coordinates) == 239


def test_says_how_far_it_is_and_can_be_stopped(merging):
    heard = []
    project_sequence(merging[:3], progress=lambda done, total, what: heard.append(what))

    assert list(dict.fromkeys(heard)) == [
        "finding neighbours",
        "laying out the rough map",
        "placing all rows in the rough map",
        "refining",
    ]

    class Enough(Exception):
        pass

    def stop(done, total, what):
        if what == "refining":
            raise Enough

    with pytest.raises(Enough):
        project_sequence(merging[:3], progress=stop)


def test_what_does_not_fit_into_memory_is_read_from_disk_with_the_same_result(merging, monkeypatch):
    from driftglass.projections import _shelf

    in_memory = project_sequence(merging)
    made = []
    monkeypatch.setattr(_shelf, "SMALLEST", 1)
    monkeypatch.setattr(_shelf.Shelf, "__init__", _remembered(_shelf.Shelf.__init__, made))

    on_disk = project_sequence(merging)

    assert made[0]._file is not None
    assert made[0]._file.seek(0, 2) > 0
    assert on_disk.aligned().tobytes() == in_memory.aligned().tobytes()


def _remembered(init, made):
    def begin(self, in_memory=1):
        made.append(self)
        init(self, in_memory)

    return begin


def test_without_room_on_disk_frames_stay_in_memory_and_say_so(monkeypatch):
    from driftglass.projections import _shelf

    def fail(**_):
        raise OSError("No space left on device")

    monkeypatch.setattr(_shelf.tempfile, "TemporaryFile", fail)
    shelf, array = _shelf.Shelf(in_memory=0), np.zeros(1 << 16)

    with pytest.warns(DriftglassWarning, match="No space left.*TMPDIR"):
        assert shelf.kept(array) is array
    assert shelf.kept(array) is array
