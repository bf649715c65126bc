"""What every method for whole sequences does, and what each does of its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from driftglass import InvalidInputError, NotFoundError, ShapeError
from driftglass.diagnostics import mean_step, sequence_scores, still_test
from driftglass.projections import (
    AlignedUMAP,
    BlendedTSNE,
    DynamicTSNE,
    Independent,
    Joint,
    OnlineUMAP,
    Refine,
    Warm,
    methods,
    procrustes,
    project_sequence,
)
from driftglass.projections._aligned_umap import temporal_links
from driftglass.projections._mphate import MPHATE, multislice_kernel
from driftglass.projections._registry import SEQUENCES

WHOLE = sorted(SEQUENCES)
SHORT = {
    "aligned_umap": {"n_epochs": 40},
    "blended_tsne": {"n_iter": 30},
    "dynamic_tsne": {"n_iter": 50},
    "online_umap": {"n": 2},
}
STILL = {"refine", "warm", "joint", "aligned_umap", "dynamic_tsne"}


@pytest.fixture(scope="module")
def drifting():
    """Three clusters of 40, one of which drifts to another."""
    rng = np.random.default_rng(0)
    centers, kinds = 6 * rng.normal(size=(3, 8)), np.arange(120) % 3
    noise = rng.normal(size=(120, 8))
    Xs = []
    for s in np.linspace(0, 0.8, 4):
        moved = centers.copy()
        moved[1] += s * (centers[0] - centers[1])
        Xs.append((moved[kinds] + noise).astype(np.float32))
    return Xs


@pytest.mark.parametrize("method", WHOLE)
def test_makes_a_map_that_keeps_more_than_chance(method, drifting):
    sequence = project_sequence(drifting, method=method, **SHORT.get(method, {}))

    assert sequence.provenance.method == method
    assert [Y.shape for Y in sequence.coordinates] == [(120, 2)] * 4
    assert sequence_scores(drifting, sequence).F > 0.15


@pytest.mark.parametrize("method", WHOLE)
def test_is_the_same_to_the_last_bit_at_any_number_of_threads(method, drifting):
    settings = SHORT.get(method, {})
    threads = [{"n_jobs": n} for n in (1, 2, 8)]
    if method == "independent":
        threads = [{"settings": given} for given in threads]
    results = [project_sequence(drifting[:3], method=method, **settings, **n) for n in threads]

    assert len({sequence.aligned().tobytes() for sequence in results}) == 1


@pytest.mark.parametrize("method", WHOLE)
def test_points_come_and_go_and_rows_come_in_any_order(method, rng, drifting):
    kept = [rng.permutation(120)[: 90 + 5 * t] for t in range(4)]
    sequence = project_sequence(
        [X[rows] for X, rows in zip(drifting, kept, strict=True)],
        ids=kept,
        method=method,
        **SHORT.get(method, {}),
    )

    assert [frame.ids.tolist() for frame in sequence] == [rows.tolist() for rows in kept]
    for frame, X in zip(sequence, drifting, strict=True):
        near = np.argsort(cdist(frame.coordinates, frame.coordinates), axis=1)[:, 1:6]
        alike = frame.ids[near] % 3 == frame.ids[:, None] % 3
        assert alike.mean() > 0.5
        assert np.isfinite(X).all()


@pytest.mark.parametrize("method", WHOLE)
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 6])
def test_few_rows_have_places(method, rows, rng):
    sequence = project_sequence([rng.normal(size=(rows, 3)) for _ in range(2)], method=method)

    assert [Y.shape for Y in sequence.coordinates] == [(rows, 2)] * 2


@pytest.mark.parametrize("method", WHOLE)
def test_equal_rows_and_empty_frames_have_places(method, rng):
    X = rng.normal(size=(20, 3))

    sequence = project_sequence([X, np.ones((20, 3)), X[:0], X], method=method)

    assert [len(Y) for Y in sequence.coordinates] == [20, 20, 0, 20]


@pytest.mark.parametrize("method", sorted(STILL))
def test_nothing_moves_where_nothing_changed(method, drifting):
    def project(Xs):
        return project_sequence(Xs, method=method, **SHORT.get(method, {}))

    assert still_test(project, drifting[0], n_snapshots=4) == 0.0


def test_every_method_has_a_name_of_its_own():
    assert set(WHOLE) <= set(methods())
    with pytest.raises(NotFoundError, match="'refine'"):
        project_sequence([np.eye(3)], method="refin")


def test_an_object_made_by_hand_is_a_method_too(drifting):
    sequence = project_sequence(drifting, method=Warm(n_iter=10))

    named = project_sequence(drifting, method="warm", n_iter=10)
    assert sequence.aligned().tobytes() == named.aligned().tobytes()


def test_a_warm_frame_does_not_know_the_future(drifting):
    early = project_sequence(drifting[:2], method="warm")

    late = project_sequence(drifting, method="warm")

    assert late.aligned()[:2].tobytes() == early.aligned().tobytes()


def test_a_joint_place_belongs_to_a_vector(drifting):
    sequence = project_sequence([drifting[0], drifting[3], drifting[0]], method="joint")

    assert (sequence[0].coordinates == sequence[2].coordinates).all()


def test_independent_maps_are_those_of_each_frame_turned(drifting):
    together = project_sequence(drifting, method="independent", estimator="umap")

    for X, Y in zip(drifting, together.coordinates, strict=True):
        alone = project_sequence([X], method="independent", estimator="umap").coordinates[0]
        assert procrustes(alone, Y).residual < 1e-8


def test_blending_keeps_a_share_of_the_frame_before(drifting):
    frozen = project_sequence(drifting, method="blended_tsne", update=0.0)
    half = project_sequence(drifting[:2], method="blended_tsne", update=0.5)
    free = project_sequence(drifting[:2], method="blended_tsne", update=1.0)

    assert mean_step(frozen) == 0.0
    expected = (free[0].coordinates + free[1].coordinates) / 2
    np.testing.assert_allclose(half[1].coordinates, expected, atol=1e-4)


@pytest.mark.parametrize("method", ["blended_tsne", "online_umap"])
def test_reverse_begins_with_the_last_snapshot(method, drifting):
    ahead = project_sequence(drifting[::-1], method=method, **SHORT[method])

    back = project_sequence(drifting, method=method, reverse=True, **SHORT[method])

    assert back.aligned()[::-1].tobytes() == ahead.aligned().tobytes()


@pytest.mark.parametrize(
    ("basis", "n", "seen"),
    [
        ("all", 3, [0, 1, 2, 3, 4, 5, 6]),
        ("all_n", 3, [0, 3, 6]),
        ("last_n", 3, [4, 5, 6]),
        ("max_n", 3, [0, 3, 6]),
        ("max_n", 1, [6]),
    ],
)
def test_an_online_fit_sees_the_past_that_was_asked_for(basis, n, seen):
    assert OnlineUMAP(basis=basis, n=n).seen(6) == seen


def test_an_online_frame_does_not_know_the_future(drifting):
    early = project_sequence(drifting[:2], method="online_umap")

    late = project_sequence(drifting, method="online_umap")

    assert late.aligned()[:2].tobytes() == early.aligned().tobytes()


def test_a_penalty_slows_points(drifting):
    steps = [
        mean_step(project_sequence(drifting, method="dynamic_tsne", penalty=p, n_iter=100))
        for p in (0.0, 0.1, 10.0)
    ]

    assert steps[0] > steps[1] > steps[2]


@pytest.mark.parametrize(
    "change",
    [
        {"n_neighbors": 8},
        {"alignment_regularisation": 0.3},
        {"alignment_window_size": 1},
        {"n_epochs": 30},
        {"min_dist": 0.5},
        {"spread": 2.0},
        {"repulsion_strength": 3.0},
        {"negative_sample_rate": 2},
        {"learning_rate": 0.3},
        {"metric": "cosine"},
        {"random_state": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_parameter_of_aligned_umap_acts(change, drifting):
    plain = project_sequence(drifting, method="aligned_umap", n_epochs=40)

    changed = project_sequence(drifting, method="aligned_umap", **{"n_epochs": 40, **change})

    assert np.abs(changed.aligned() - plain.aligned()).max() > 1e-3


def test_alignment_draws_snapshots_together(drifting):
    steps = [
        mean_step(
            project_sequence(
                drifting, method="aligned_umap", alignment_regularisation=r, n_epochs=60
            )
        )
        for r in (0.0, 0.01, 1.0)
    ]

    assert steps[0] > steps[1] > steps[2]


def test_every_adjacent_pair_is_linked_both_ways_the_last_one_too(rng):
    ids = [np.arange(6)] * 5
    near = [np.stack([rng.permutation(6)[:3] for _ in range(6)]) for _ in range(4)]
    near.append(near[-1])

    links = temporal_links(ids, near, window=2)

    assert {(t, t + 1) for t in range(4)} <= set(links.pairs)
    assert max(t - s for s, t in links.pairs) == 2
    assert (links.pairs[3, 4][2] == 1.0).all()
    Y = [np.full((6, 2), float(t), dtype=np.float32) for t in range(5)]
    drawn = links.drawn(Y, 1.0)
    assert (drawn[4] < 4).all()
    assert (drawn[0] >= 0).all()
    assert (drawn[3] != 3).any()


def test_a_multislice_kernel_is_symmetric_and_links_every_time(rng):
    X = rng.normal(size=(8, 3))
    parts = [X + 0.01 * t for t in range(4)]
    kernel = multislice_kernel([np.arange(8)] * 4, parts, 2, 25, 5.0).toarray()

    np.testing.assert_allclose(kernel, kernel.T)
    np.testing.assert_allclose(np.diag(kernel), 1.0)
    for t in range(3):
        assert (np.diag(kernel[8 * t : 8 * t + 8, 8 * t + 8 : 8 * t + 16]) > 0).all()
    between = kernel[:8, 8:16].copy()
    np.fill_diagonal(between, 0)
    assert (between == 0).all()


def test_interslice_affinity_is_gaussian_in_the_mean_unit_of_all_points():
    parts = [np.array([[0.0], [10.0]]), np.array([[1.0], [13.0]])]

    kernel = multislice_kernel([np.arange(2)] * 2, parts, 1, 25, 5.0).toarray()

    assert kernel[0, 2] == pytest.approx(np.exp(-((1.0 / 2.0) ** 2)))
    assert kernel[1, 3] == pytest.approx(np.exp(-((3.0 / 2.0) ** 2)))


@pytest.mark.parametrize("n_snapshots", [1, 2, 3])
def test_mphate_takes_any_number_of_snapshots(n_snapshots, drifting):
    sequence = project_sequence(drifting[:n_snapshots], method="mphate", t=5)

    assert len(sequence) == n_snapshots


@pytest.mark.parametrize(
    "change", [{"t": 3}, {"gamma": 1.0}, {"decay": 20.0}, {"interslice_knn": 1}, {"n_landmark": 50}]
)
def test_every_parameter_of_mphate_acts(change, drifting):
    plain = project_sequence(drifting, method="mphate", t=8)

    changed = project_sequence(drifting, method="mphate", **{"t": 8, **change})

    assert np.abs(changed.aligned() - plain.aligned()).max() > 1e-6


def test_axes_of_the_user_are_taken_as_they_are(drifting):
    axes = np.zeros((2, 8))
    axes[0, 3] = axes[1, 5] = 2.0

    sequence = project_sequence(drifting, method="linear", axes=axes)

    for X, Y in zip(drifting, sequence.coordinates, strict=True):
        np.testing.assert_allclose(Y, 2 * X[:, [3, 5]], rtol=1e-6)
    assert project_sequence(drifting, method="linear").provenance.method == "pca"
    with pytest.raises(ShapeError, match="7 values per row and the vectors have 8"):
        project_sequence(drifting, method="linear", axes=axes[:, :7])
    with pytest.raises(ShapeError, match="1 rows for 2 components"):
        project_sequence(drifting, method="linear", axes=axes[:1])


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Warm(perplexity=0), "perplexity is 0"),
        (lambda: Joint(coarse="mds"), "coarse is 'mds'"),
        (lambda: Independent(estimator="isomap"), "estimator is 'isomap'"),
        (lambda: BlendedTSNE(update=1.5), "update is 1.5"),
        (lambda: OnlineUMAP(basis="some"), "basis is 'some'"),
        (lambda: DynamicTSNE(penalty=-1), "penalty is -1"),
        (lambda: AlignedUMAP(alignment_window_size=0), "alignment_window_size is 0"),
        (lambda: MPHATE(gamma=2), "gamma is 2"),
        (lambda: MPHATE(t="best"), "t is 'best'"),
        (lambda: Refine(carry=float("nan")), "carry is nan"),
    ],
)
def test_names_what_is_wrong_with_a_parameter(made, message):
    with pytest.raises(InvalidInputError, match=message):
        made()


def test_online_umap_is_told_by_name_what_its_fits_see(rng):
    Xs = [rng.normal(size=(30, 4)) + t for t in range(4)]
    given = {"method": "online_umap", "n_neighbors": 5, "n": 2}

    few = project_sequence(Xs, basis="last_n", **given)
    all_ = project_sequence(Xs, basis="all", **given)

    assert few.provenance.parameters["basis"] == "last_n"
    assert not np.allclose(few[3].coordinates, all_[3].coordinates)


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("warm", {"n_iter": 20}),
        ("independent", {"settings": {"n_iter": 60}}),
        ("blended_tsne", {"update": 0.5, "n_iter": 20}),
        ("online_umap", {"n": 2, "n_neighbors": 5}),
    ],
)
def test_methods_of_the_past_go_on_where_they_were(method, more, rng, drifting):
    order = rng.permutation(len(drifting[0]))
    Xs = [drifting[0], *[X[order] for X in drifting[1:]]]
    ids = [np.arange(len(order)), *[order] * (len(Xs) - 1)]
    whole = project_sequence(Xs, ids=ids, method=method, **more)
    first = project_sequence(Xs[:2], ids=ids[:2], method=method, **more)
    unread = [None] * (1 if method != "online_umap" else 0)

    gone_on = project_sequence(
        [*(lambda: pytest.fail("was read") for _ in unread), *Xs[len(unread) :]],
        ids=ids, method=method, begun=first, **more,
    )  # fmt: skip

    assert gone_on.aligned(ids[0]).tobytes() == whole.aligned(ids[0]).tobytes()


def test_only_what_was_begun_with_these_snapshots_can_go_on(drifting):
    first = project_sequence(drifting[:2], method="warm", n_iter=5)

    with pytest.raises(InvalidInputError, match="all snapshots at once"):
        project_sequence(drifting, method="dynamic_tsne", begun=first)
    with pytest.raises(InvalidInputError, match="does not go on"):
        project_sequence(drifting, method="pca", begun=first)
    with pytest.raises(InvalidInputError, match="first of them"):
        project_sequence(drifting, steps=range(5, 5 + len(drifting)), method="warm", begun=first)
    with pytest.raises(InvalidInputError, match="other ids"):
        project_sequence(drifting, np.arange(len(drifting[0])) + 1, method="warm", begun=first)
