from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group, spearmanr
from sklearn.manifold import trustworthiness

from driftglass import InvalidInputError, ShapeError
from driftglass.diagnostics import (
    mean_step,
    neighbor_overlap,
    published_scores,
    sequence_scores,
    speed_scores,
    still_test,
)
from driftglass.projections import project_sequence

PUBLISHED = Path(__file__).parents[3] / "shared" / "data" / "cifar10cnn.npz"
needs_published = pytest.mark.skipif(not PUBLISHED.exists(), reason="needs the published outputs")
# F, who, when, J; and the benchmark's Pearson, Spearman, neighbourhoods of 5 %.
FIGURES = {
    "map_ae": ((0.423, 0.731, 0.639, 0.048), (0.5978, 0.7502, 0.6069)),
    "map_vae": ((0.552, 0.882, 0.960, 0.028), (0.8161, 0.8897, 0.7574)),
    "map_dynamic_tsne": ((0.492, 0.254, 0.299, 0.006), (0.3171, 0.2839, 0.7328)),
    "map_pca_each": ((0.371, -0.172, 0.070, 0.520), (-0.1150, -0.1372, 0.5127)),
    "map_pca_all": ((0.349, 0.636, 0.670, 0.033), (0.6959, 0.6543, 0.4807)),
    "map_tsne_each": ((0.657, -0.223, 0.015, 0.443), (-0.1362, -0.1576, 0.7836)),
    "map_tsne_all": ((0.533, 0.623, 0.922, 0.048), (0.5214, 0.6419, 0.6189)),
    "map_umap_each": ((0.570, -0.112, 0.159, 0.311), (-0.0483, -0.0648, 0.7552)),
    "map_umap_all": ((0.565, 0.700, 0.945, 0.032), (0.6828, 0.7110, 0.7166)),
}


@pytest.fixture
def walk(rng):
    """Vectors of 90 points over six snapshots, some faster than others."""
    X, speed = rng.normal(size=(90, 6)), rng.lognormal(-2, 1, size=(90, 1))
    return [X + t * speed * rng.normal(size=X.shape) for t in range(6)]


def plain_faithfulness(X, Y):
    """F by the definition: all neighbourhood sizes, one after the other."""
    n = len(X)
    order = [np.argsort(cdist(Z, Z) + np.diag([-1.0] * n), axis=1)[:, 1:] for Z in (X, Y)]
    K = np.arange(1, n - 1)
    kept = [
        np.mean([len(set(a[:k]) & set(b[:k])) for a, b in zip(*order, strict=True)]) / k for k in K
    ]
    R = ((n - 1) * np.array(kept) - K) / (n - 1 - K)
    return (R / K).sum() / (1 / K).sum()


def test_faithfulness_is_its_definition(rng):
    X, Y = rng.normal(size=(40, 5)), rng.normal(size=(40, 2))
    Y[:, 0] += 2 * X[:, 0]

    assert pytest.approx(plain_faithfulness(X, Y), abs=1e-12) == sequence_scores([X], [Y]).F


def test_faithfulness_is_one_for_the_vectors_and_zero_by_chance(rng):
    X = rng.normal(size=(500, 2))
    scores = sequence_scores([X, X], [3 * X + 1, rng.normal(size=(500, 2))])

    assert scores.faithfulness[0] == pytest.approx(1.0, abs=1e-6)
    assert scores.faithfulness[1] == pytest.approx(0.0, abs=0.01)


def test_anchors_among_all_rows_estimate_what_a_subset_alone_would_flatter(rng):
    X = rng.normal(size=(3000, 8))
    Y = X[:, :2]
    full = sequence_scores([X], [Y], n_anchors=3000).F

    assert pytest.approx(full, abs=0.003) == sequence_scores([X], [Y], n_anchors=300).F
    assert full + 0.01 < sequence_scores([X[:300]], [Y[:300]]).F


def test_who_and_when_are_rank_correlations_of_steps(rng, walk):
    Ys = [X[:, :2] + 0.1 * rng.normal(size=(90, 2)) for X in walk]
    v = np.linalg.norm(np.diff(walk, axis=0), axis=2)
    u = np.linalg.norm(np.diff(Ys, axis=0), axis=2)

    scores = sequence_scores(walk, Ys)

    who = [spearmanr(a, b)[0] for a, b in zip(v, u, strict=True)]
    np.testing.assert_allclose(scores.who_of_steps, who, atol=1e-12)
    assert scores.when == pytest.approx(spearmanr(v.mean(axis=1), u.mean(axis=1))[0])
    assert scores.pooled == pytest.approx(spearmanr(v.ravel(), u.ravel())[0])
    assert pytest.approx((np.mean(who) + scores.when) / 2) == scores.C


def test_false_motion_is_the_share_jumped_over_without_cause(rng):
    X, Y = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))
    X2, Y2 = X + 0.5 * rng.normal(size=X.shape), Y + 0.5 * rng.normal(size=Y.shape)
    jumped = []
    for before, after in ((X, X2), (Y, Y2)):
        distances = cdist(before, before)
        step = np.linalg.norm(after - before, axis=1)
        jumped.append(((distances < step[:, None]).sum(axis=1) - (step > 0)) / 49)

    scores = sequence_scores([X, X2], [Y, Y2])

    assert pytest.approx(np.maximum(jumped[1] - jumped[0], 0).mean(), abs=1e-12) == scores.J
    assert scores.missed == pytest.approx(np.maximum(jumped[0] - jumped[1], 0).mean(), abs=1e-12)


def test_a_frozen_picture_has_no_motion_at_all(walk):
    scores = sequence_scores(walk, [walk[0][:, :2]] * 6)

    assert scores.J == scores.who == scores.when == scores.C == 0.0
    assert scores.missed > 0.01


def test_where_the_vectors_give_nothing_to_follow_scores_are_undefined_and_say_why(rng):
    X = rng.normal(size=(200, 6))
    turn = ortho_group.rvs(6, random_state=rng)
    steady = 0.3 * rng.lognormal(size=(200, 1)) * rng.normal(size=(200, 6))
    sequences = {
        "do not move": [X] * 5,
        "only tremble": [X + 0.01 * rng.normal(size=X.shape) for _ in range(6)],
        "equally fast": [X + t * steady for t in range(6)],
        "too few": [X, X + rng.normal(size=X.shape)],
        "mean lengths": [(X @ np.linalg.matrix_power(turn, t)).astype("f4") for t in range(5)],
    }
    undefined = {
        name: sequence_scores(Xs, [Z[:, :2] for Z in Xs]).undefined
        for name, Xs in sequences.items()
    }

    assert {name: sorted(found) for name, found in undefined.items()} == {
        "do not move": ["C", "when", "who"],
        "only tremble": ["C", "when", "who"],
        "equally fast": ["when"],
        "too few": ["when"],
        "mean lengths": ["when"],
    }
    assert all(name in undefined[name]["when"] for name in sequences)


def test_undefined_scores_are_nan_and_are_named_where_scores_are_printed(rng):
    X = rng.normal(size=(60, 4))
    scores = sequence_scores([X] * 4, [X[:, :2]] * 4)

    assert np.isnan([scores.who, scores.when, scores.C]).all()
    assert "C undefined" in str(scores)
    assert "who: the vectors do not move" in str(scores)


def test_points_that_tremble_more_than_others_can_be_followed(rng):
    X, much = rng.normal(size=(150, 5)), rng.lognormal(-3, 1, size=(150, 1))
    Xs = [X + much * rng.normal(size=X.shape) for _ in range(7)]

    scores = sequence_scores(Xs, [Z[:, :2] for Z in Xs])

    assert scores.taken_back == pytest.approx(1.0, abs=0.1)
    assert scores.undefined.keys() == {"when"}
    assert scores.who > 0.5


def test_rounding_of_single_precision_is_no_motion_relative_to_the_whole(rng):
    X = rng.normal(size=(100, 3))
    turn = ortho_group.rvs(3, random_state=rng)
    Xs = [(X @ np.linalg.matrix_power(turn, t)).astype(np.float32) for t in range(4)]

    scores = sequence_scores(Xs, [Z[:, :2] for Z in Xs])

    assert scores.speed_relational.max() == 0.0
    assert np.isnan(scores.C_relational)
    assert scores.who > 0.3


def test_a_rotating_cloud_does_not_change(rng):
    X = rng.normal(size=(200, 6))
    turn = ortho_group.rvs(6, random_state=rng)
    Xs = [X, X @ turn, 2 * X @ turn @ turn + 5]

    scores = sequence_scores(Xs, Xs)

    assert scores.speed_relational.max() <= 1e-12
    assert scores.rigid_share == pytest.approx(1.0, abs=1e-12)
    assert scores.J == 0.0


def test_wide_vectors_are_turned_as_narrow_ones_are(rng):
    X, X2 = rng.normal(size=(2, 20, 3))
    wide = ortho_group.rvs(90, random_state=rng)[:3]
    narrow = sequence_scores([X, X2], [X, X2])

    scores = sequence_scores([X @ wide, X2 @ wide], [X, X2])

    assert scores.rigid_share == pytest.approx(narrow.rigid_share, abs=1e-9)


def test_rows_permuted_in_one_frame_spoil_that_frame_only(rng):
    X = rng.normal(size=(1500, 2))
    Ys = [X.copy() for _ in range(5)]
    Ys[2] = X[rng.permutation(1500)]

    scores = sequence_scores([X] * 5, Ys)

    assert scores.faithfulness[2] == pytest.approx(0.0, abs=0.01)
    assert scores.faithfulness[[0, 1, 3, 4]].min() > 0.999
    assert scores.false_motion[[1, 2]].min() > 0.3
    assert scores.false_motion[[0, 3]].max() == 0.0


def test_points_are_followed_by_id(rng, walk):
    orders = [rng.permutation(90)[: 70 + 2 * t] for t in range(6)]
    Xs = [X[order] for X, order in zip(walk, orders, strict=True)]
    sequence = project_sequence(Xs, ids=orders, method="pca")

    scores = sequence_scores(Xs, sequence, ids=orders)

    shared = [rows for rows in orders[0] if rows in set(orders[1])]
    v = np.linalg.norm(walk[1][shared] - walk[0][shared], axis=1)
    planes = sequence.aligned(shared).astype(float)
    u = np.linalg.norm(planes[1] - planes[0], axis=1)
    assert scores.who_of_steps[0] == pytest.approx(spearmanr(v, u)[0], abs=1e-9)
    assert [len(ids) for ids in scores.anchors] == [len(order) for order in orders]


def test_anchors_are_the_same_ids_in_all_frames(walk):
    scores = sequence_scores(walk, [X[:, :2] for X in walk], n_anchors=10)

    assert all(ids.tolist() == scores.anchors[0].tolist() for ids in scores.anchors)
    assert all(len(values) == 10 for values in scores.point_false_motion)
    assert np.isnan(scores.point_false_motion[-1]).all()


def test_scores_are_the_same_to_the_last_bit_at_any_number_of_threads(walk):
    Ys = [X[:, :2] for X in walk]
    results = [sequence_scores(walk, Ys, n_jobs=n_jobs) for n_jobs in (1, 2, 8)]

    for other in results[1:]:
        assert other.faithfulness.tobytes() == results[0].faithfulness.tobytes()
        assert other.false_motion.tobytes() == results[0].false_motion.tobytes()


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_few_rows_give_what_is_defined(rng, rows):
    X = rng.normal(size=(rows, 3))

    scores = sequence_scores([X, X + 1], [X[:, :2], X[:, :2]])

    assert np.isnan(scores.F) == (rows < 3)
    assert "F" in str(scores)


def test_duplicates_and_equal_rows_give_numbers():
    X = np.ones((20, 3))

    scores = sequence_scores([X, X], [X[:, :2], X[:, :2]])

    assert np.isfinite(scores.F)
    assert scores.J == 0.0


def test_names_what_does_not_fit(walk):
    Ys = [X[:, :2] for X in walk]
    with pytest.raises(ShapeError, match="6 snapshots and 5 maps"):
        sequence_scores(walk, Ys[:5])
    with pytest.raises(ShapeError, match=r"shape \(89, 2\).*90 rows"):
        sequence_scores(walk, [Y[1:] for Y in Ys])
    with pytest.raises(InvalidInputError, match="n_anchors is 0"):
        sequence_scores(walk, Ys, n_anchors=0)
    with pytest.raises(InvalidInputError, match="not finite"):
        sequence_scores(walk, [Y * np.nan for Y in Ys])


def test_mean_step_is_in_radii_of_the_map():
    square = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])

    assert mean_step([square, square + np.array([0.0, np.sqrt(2)])]) == pytest.approx(1.0)
    assert mean_step([square] * 3) == 0.0


def test_the_still_test_sees_what_a_method_makes_up(rng):
    X = rng.normal(size=(60, 4))

    def jittery(Xs):
        return [X[:, :2] + 0.1 * rng.normal(size=(60, 2)) for X in Xs]

    assert still_test(jittery, X) > 0.05
    assert still_test(lambda Xs: [X[:, :2] for X in Xs], X) == 0.0
    assert still_test(lambda Xs: [X[:, :2] for X in Xs], X, noise=0.1) > 0.0
    with pytest.raises(InvalidInputError, match="n_snapshots is 1"):
        still_test(jittery, X, n_snapshots=1)


def test_published_trust_is_the_standard_one_under_its_own_name(walk):
    Ys = [X[:, :2] for X in walk]
    scores = published_scores(walk, Ys, share=0.1)

    pairs = list(zip(walk, Ys, strict=True))
    expected = np.mean([trustworthiness(X, Y, n_neighbors=9) for X, Y in pairs])
    swapped = np.mean([trustworthiness(Y, X, n_neighbors=9) for X, Y in pairs])
    assert scores.trustworthiness == pytest.approx(expected, abs=1e-12)
    assert scores.continuity == pytest.approx(swapped, abs=1e-12)


def test_published_measures_of_the_vectors_themselves_are_perfect(walk):
    scores = published_scores(walk, walk)

    for six in (scores.stability, scores.space):
        assert six["pearson"] == pytest.approx(1.0)
        assert six["kendall"] == pytest.approx(1.0)
        assert six["kl"] == six["stress_n"] == six["stress_s"] == pytest.approx(0.0, abs=1e-12)
    assert scores.neighbor_preservation == 1.0


def test_speed_scores_are_blind_to_where_points_are(rng, walk):
    Ys = [X[:, :2] for X in walk]
    order = rng.permutation(90)

    plain, permuted = speed_scores(walk, Ys), speed_scores(walk, [Y[order] for Y in Ys])

    assert permuted.drift == pytest.approx(plain.drift)
    assert permuted.cka == pytest.approx(plain.cka)
    assert speed_scores(walk, walk).drift == pytest.approx(1.0)
    assert np.isnan(plain.drift_by_skip[16])


def test_measures_that_cannot_join_ask_for_the_same_rows(walk):
    with pytest.raises(ShapeError, match="the same rows in every snapshot"):
        published_scores([walk[0], walk[1][1:]], [walk[0], walk[1]])


@needs_published
@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_gives_the_published_figures(name):
    published = np.load(PUBLISHED)
    Xs, Ys = published["vectors"], published[name]
    (F, who, when, J), (pearson, spearman, kept) = FIGURES[name]

    scores = sequence_scores(Xs, Ys)

    assert pytest.approx(F, abs=1e-3) == scores.F
    assert (scores.who, scores.when) == pytest.approx((who, when), abs=1e-3)
    assert pytest.approx(J, abs=1e-3) == scores.J
    stability = published_scores(Xs, Ys, every=10).stability
    assert (stability["pearson"], stability["spearman"]) == pytest.approx(
        (pearson, spearman), abs=1e-4
    )
    assert spearman == pytest.approx(scores.pooled, abs=1e-4)
    overlaps = [neighbor_overlap(X, Y, n_neighbors=50).mean() for X, Y in zip(Xs, Ys, strict=True)]
    assert np.mean(overlaps) == pytest.approx(kept, abs=1e-4)


@needs_published
def test_the_published_trust_and_continuity_are_exchanged():
    published = np.load(PUBLISHED)

    scores = published_scores(published["vectors"], published["map_tsne_each"], every=6)

    assert scores.trustworthiness == pytest.approx(0.9883, abs=1e-4)
    assert scores.continuity == pytest.approx(0.9788, abs=1e-4)
