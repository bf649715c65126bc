import numpy as np
import pytest
from scipy.stats import false_discovery_control
from sklearn.datasets import load_digits, make_blobs

from driftglass.diagnostics import (
    density_preservation,
    distance_scores,
    faithfulness,
    label_trust,
    multiverse,
    null_test,
    point_errors,
    stability,
    steadiness_cohesiveness,
    trust_report,
)
from driftglass.diagnostics._cautions import cautions_of_distances
from driftglass.diagnostics._null_map import adjusted_p_values, permuted_columns
from driftglass.errors import InvalidInputError, ShapeError
from driftglass.projections import PCA, UMAP


@pytest.fixture(scope="module")
def oracle():
    """Data of which zadu 0.5 gave the figures below."""
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 4
    X = rng.normal(size=(300, 8)) + 5 * rng.normal(size=(4, 8))[labels]
    noise = rng.normal(size=(300, 2))
    u, s, _ = np.linalg.svd(X - X.mean(0), full_matrices=False)
    return X, labels, {"id": X[:, :2], "rand": noise, "pca": (u * s)[:, :2]}


def brute_faithfulness(X, Y):
    n = len(X)
    order = [
        np.argsort(
            np.where(np.eye(n, dtype=bool), np.inf, np.linalg.norm(A[:, None] - A, axis=2)),
            axis=1,
            kind="stable",
        )[:, :-1]
        for A in (X, Y)
    ]
    sizes = np.arange(1, n - 1)
    kept = [
        np.mean([len(set(a[:K]) & set(b[:K])) for a, b in zip(*order, strict=True)]) / K
        for K in sizes
    ]
    R = ((n - 1) * np.array(kept) - sizes) / (n - 1 - sizes)
    return (R / sizes).sum() / (1 / sizes).sum(), dict(zip(sizes.tolist(), R, strict=True))


def test_faithfulness_is_its_definition():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 5)), rng.normal(size=(60, 2))
    Y[:, 0] = X[:, 0]

    found = faithfulness(X, Y)

    value, curve = brute_faithfulness(X, Y)
    assert found.value == pytest.approx(value, abs=1e-9)
    for K, R in zip(found.scales.tolist(), found.curve, strict=True):
        assert pytest.approx(curve[K], abs=1e-9) == R


def test_a_perfect_map_keeps_all_and_a_shuffled_one_what_chance_keeps():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 2))

    perfect, shuffled = faithfulness(X, 3 * X), faithfulness(X, rng.permutation(X))

    assert perfect.value == pytest.approx(1.0)
    assert shuffled.value == pytest.approx(0.0, abs=0.01)
    assert np.abs(shuffled.curve).max() < 0.02


def test_anchors_give_what_all_rows_give():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3000, 20))

    full, some = faithfulness(X, X[:, :2]), faithfulness(X, X[:, :2], n_anchors=300)

    assert some.value == pytest.approx(full.value, abs=0.003)
    assert some.standard_error < 0.003
    assert full.standard_error == 0


def test_false_and_missing_neighbours_are_those_beyond_twice_the_neighbourhood():
    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(80, 4)), rng.normal(size=(80, 2))
    k = 5
    order = [np.argsort(np.linalg.norm(A[:, None] - A, axis=2), axis=1)[:, 1:] for A in (X, Y)]

    errors = point_errors(X, Y, n_neighbors=k)

    for row in range(80):
        data, drawn = order[0][row], order[1][row]
        assert errors.false[row] == pytest.approx(np.mean(~np.isin(drawn[:k], data[: 2 * k])))
        assert errors.missing[row] == pytest.approx(np.mean(~np.isin(data[:k], drawn[: 2 * k])))
        assert errors.kept[row] == pytest.approx(np.mean(np.isin(data[:k], drawn[:k])))


@pytest.mark.parametrize(
    ("name", "spearman", "pearson", "stress"),
    [
        ("id", 0.7452771185944739, 0.8220915104521326, 0.28474283762545544),
        ("rand", 0.0027810707668663648, 0.0017906880292001067, 0.5976268980429985),
        ("pca", 0.97316092175322, 0.9493487696509241, 0.19058390436699188),
    ],
)
def test_distances_agree_with_zadu(oracle, name, spearman, pearson, stress):
    X, _, maps = oracle

    scores = distance_scores(X, maps[name])

    assert scores.spearman == pytest.approx(spearman, abs=1e-9)
    assert scores.pearson == pytest.approx(pearson, abs=1e-9)
    assert scores.stress == pytest.approx(stress, abs=1e-9)
    assert scores.n_pairs == 300 * 299 // 2


def test_stress_does_not_depend_on_the_unit_of_the_map(oracle):
    X, _, maps = oracle

    one, thousand = (distance_scores(X, unit * maps["pca"]).stress for unit in (1, 1000))

    assert one == pytest.approx(thousand, rel=1e-9)


def test_drawn_pairs_give_what_all_pairs_give(oracle):
    X, _, maps = oracle

    drawn = distance_scores(X, maps["id"], n_pairs=20_000)

    assert drawn.n_pairs == 20_000
    assert drawn.spearman == pytest.approx(0.745, abs=0.02)


@pytest.mark.parametrize(
    ("name", "trust", "whole"), [("id", 1.0, 1.0), ("rand", 0.54, 1.0), ("pca", 1.0, 1.0)]
)
def test_label_trust_agrees_with_zadu(oracle, name, trust, whole):
    X, labels, maps = oracle

    found = label_trust(X, maps[name], labels)

    assert found.trustworthiness == pytest.approx(trust, abs=1e-9)
    assert found.continuity == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "steady", "whole"),
    [("id", 0.859, 0.712), ("rand", 0.179, 0.275), ("pca", 0.855, 0.751)],
)
def test_steadiness_agrees_with_zadu_within_its_draws(oracle, name, steady, whole):
    X, _, maps = oracle

    found = steadiness_cohesiveness(X, maps[name], n_rounds=60)

    assert found.steadiness == pytest.approx(steady, abs=0.03)
    assert found.cohesiveness == pytest.approx(whole, abs=0.04)
    assert 0 < found.steadiness_error < 0.02


def test_density_is_kept_by_a_copy_and_not_by_an_even_map():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(200, 2)) * 0.1, rng.normal(size=(200, 2)) + 9])

    assert density_preservation(X, X) == pytest.approx(1.0)
    assert abs(density_preservation(X, rng.uniform(size=(400, 2)))) < 0.2


def test_adjusted_p_values_are_those_of_scipy():
    p_values = np.random.default_rng(0).random(50) ** 3

    np.testing.assert_allclose(adjusted_p_values(p_values), false_discovery_control(p_values))


def test_a_permuted_column_keeps_its_values():
    X = np.arange(20.0).reshape(10, 2)

    noise = permuted_columns(X, np.random.default_rng(0))

    np.testing.assert_array_equal(np.sort(noise, axis=0), X)
    assert not np.array_equal(noise[:, 0] + 1, noise[:, 1])


def project(X):
    return UMAP(init="pca", random_state=0).fit_transform(X)


def test_noise_is_called_noise_and_clusters_are_not():
    noise = np.random.default_rng(0).uniform(size=(300, 10)).astype(np.float32)
    blobs = make_blobs(300, 20, centers=4, cluster_std=3, random_state=0)[0].astype(np.float32)

    of_noise = null_test(noise, project(noise), project)
    of_blobs = null_test(blobs, project(blobs), project)

    assert of_noise.like_noise() > 0.9
    assert of_blobs.like_noise() < 0.1


def test_maps_that_are_equal_agree_and_unrelated_ones_do_not():
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(400, 2))

    same = stability([Y, 2 * Y, Y])
    other = stability([Y, rng.permutation(Y)])

    np.testing.assert_allclose(same.points, 1.0)
    assert other.points.mean() == pytest.approx(0.0, abs=0.02)


def test_a_group_that_stays_together_is_counted_in_every_map():
    X, labels = make_blobs(200, 8, centers=3, random_state=0)
    maps = multiverse(X, UMAP, {"n_neighbors": [10, 20], "init": ["pca"]}, seeds=(0, 1))

    found = stability(maps, labels=labels)

    assert [dict(chosen) for chosen in maps.settings][:2] == [
        {"n_neighbors": 10, "init": "pca", "random_state": 0},
        {"n_neighbors": 10, "init": "pca", "random_state": 1},
    ]
    assert found.together == {"0": (3, 3), "1": (3, 3), "2": (3, 3)}
    assert found.reading("1") == "stable"
    assert 0 <= found.seed_spread <= 1
    assert 0 <= found.setting_spread <= 1


def test_a_gap_that_is_not_drawn_as_it_is_raises_a_caution():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4
    X = rng.normal(size=(200, 2)) + 10 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])[labels]
    far = X + 200 * (labels == 3)[:, None]

    faithful, arbitrary = (
        cautions_of_distances(far, far, labels),
        cautions_of_distances(far, X, labels),
    )

    assert faithful == []
    assert any("3 is not a measurement" in caution.text for caution in arbitrary)


@pytest.fixture(scope="module")
def report():
    X, labels = load_digits(return_X_y=True)
    X = X[:600].astype(np.float32)
    maps = multiverse(X, UMAP, {"n_neighbors": [10, 30], "init": ["pca"]}, seeds=(1,))
    return trust_report(
        X,
        project(X),
        labels=labels[:600],
        project=project,
        maps=maps,
        method="umap",
        parameters={"n_neighbors": 15},
        n_anchors=300,
    )


def test_the_report_holds_every_number(report):
    measures = report.table()["measure"]

    assert len(measures) == 14
    assert report.quality.trustworthiness > 0.95
    assert report.labels.trustworthiness > 0.97
    assert report.null.like_noise() < 0.1
    assert all(np.isfinite(report.table()["value"]))


def test_the_report_writes_its_caption_and_its_badge(report):
    assert report.caption.startswith(
        "umap (n_neighbors 15) · n = 600, d = 64 · trustworthiness 0.9"
    )
    assert report.caption.endswith("from 300 rows against all")
    assert report.badge.startswith("trust 0.9")


def test_the_report_says_what_not_to_conclude(report):
    kinds = {caution.kind for caution in report.cautions}

    assert "density" in kinds  # UMAP evens densities out
    assert "noise" not in kinds
    assert all(caution.text for caution in report.cautions)


def test_duplicates_and_large_neighbourhoods_raise_a_caution():
    X = np.repeat(np.random.default_rng(0).normal(size=(20, 4)), 3, axis=0)

    report = trust_report(X, PCA(n_components=2).fit_transform(X), parameters={"perplexity": 30})

    assert {"duplicates", "neighborhood"} <= {caution.kind for caution in report.cautions}


def test_the_report_can_be_stopped():
    class Stopped(Exception):
        pass

    def stop(done, total, text):
        if done == 2:
            raise Stopped

    X = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.raises(Stopped):
        trust_report(X, X[:, :2], progress=stop)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: trust_report(np.ones((9, 2)), np.ones((9, 2))), InvalidInputError, "nothing to"),
        (lambda: faithfulness([[0.0], [1.0]], [[0.0], [1.0]]), InvalidInputError, "4 are needed"),
        (lambda: point_errors([[0.0]], [[0.0]]), InvalidInputError, "fewer than 3"),
        (lambda: label_trust(np.eye(4), np.eye(4), [1, 1, 1, 1]), InvalidInputError, "one class"),
        (lambda: label_trust(np.eye(4), np.eye(4), [1, 2]), ShapeError, r"\(4,\)"),
        (lambda: steadiness_cohesiveness(np.eye(4), np.eye(4)), InvalidInputError, "at least 10"),
        (lambda: stability([np.eye(4)]), InvalidInputError, "two are needed"),
        (lambda: stability([np.eye(4), np.eye(3)]), ShapeError, "Map 1 has 3 rows"),
        (
            lambda: null_test(np.eye(9), np.eye(9), np.asarray, n_maps=0),
            InvalidInputError,
            "least 1",
        ),
        (lambda: multiverse(np.eye(9), UMAP, {"n_neighbors": []}), InvalidInputError, "no setting"),
    ],
)
def test_what_cannot_be_judged_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()
