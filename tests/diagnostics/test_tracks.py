"""All tracks of a space: what they hold, how sure they are, and what they do without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import driftglass as dg
from driftglass import Predictions, Snapshot
from driftglass.diagnostics import linear_cka, mutual_knn, neural_collapse, tracks
from driftglass.errors import InvalidInputError, NotFoundError, ShapeError

CIFAR = Path(__file__).parents[3] / "shared" / "data" / "cifar10cnn.npz"


@pytest.fixture(scope="module")
def training():
    """Four classes that move apart over 20 snapshots."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 4
    corners = 4 * rng.normal(size=(4, 24))
    noise = rng.normal(size=(200, 24))
    Xs = [corners[y] * t / 19 + noise + 0.1 * rng.normal(size=(200, 24)) for t in range(20)]
    return Xs, y


@pytest.fixture(scope="module")
def measured(training):
    Xs, y = training
    scores = [np.eye(4)[np.where(np.arange(200) < 10 * t, y, (y + 1) % 4)] for t in range(20)]
    weights = [np.random.default_rng(t).normal(size=(4, 24)) for t in range(20)]
    return tracks(Xs, labels=y, predictions=scores, weights=weights)


def test_everything_has_a_value_an_error_and_a_number_of_rows(measured):
    table = measured.table()

    assert measured.absent == {}
    assert len({len(column) for column in table.values()}) == 1
    assert np.isfinite(table["value"]).all()
    assert (table["standard_error"] >= 0).all()
    assert (table["n"] > 0).all()


def test_drift_is_there_for_every_skip_and_norm(measured):
    for name in ("drift_l2", "drift_l1", "drift_relational_l2", "drift_relational_l1"):
        found = [track.against for track in measured.all if track.name == name]
        assert found == ["skip 1", "skip 2", "skip 4", "skip 8", "skip 16"]

    eight = measured.track("drift_l2", "skip 8")
    np.testing.assert_array_equal(eight.steps - eight.references, 8)


def test_values_are_those_of_the_single_functions(training, measured):
    Xs, y = training

    cka = measured.track("cka", "first")
    assert cka.values[4] == pytest.approx(linear_cka(Xs[0], Xs[5]), abs=1e-12)
    last = measured.track("cka", "last")
    assert (last.steps[3], last.references[3]) == (3, 19)
    assert last.values[3] == pytest.approx(linear_cka(Xs[3], Xs[19]), abs=1e-12)
    biased = measured.track("cka_biased", "skip 4").values[0]
    assert biased == pytest.approx(linear_cka(Xs[0], Xs[4], unbiased=False), abs=1e-12)
    shared = measured.track("mutual_knn", "skip 2").values[0]
    assert shared == pytest.approx(mutual_knn(Xs[0], Xs[2]), abs=1e-12)
    assert measured["nc1"].values[-1] == pytest.approx(neural_collapse(Xs[-1], y).nc1, rel=1e-9)
    assert measured.cka.shape == (20, 20)
    assert measured.cka[0, 5] == cka.values[4]


def test_the_story_of_the_training_is_in_the_tracks(measured):
    assert measured["knn_accuracy"].values[-1] == 1.0
    assert measured["nc1"].values[-1] < 0.1 * measured["nc1"].values[0]
    assert measured["effective_rank"].values[-1] < measured["effective_rank"].values[0]
    assert np.diff(measured["accuracy"].values).min() > 0
    assert measured.confusion.sum(axis=(1, 2)).tolist() == [200] * 20
    assert np.trace(measured.confusion[-1]) == 190
    assert measured.track("prediction_agreement").values == pytest.approx(0.95)
    assert measured["nc4"].values[-1] == pytest.approx(0.05)


def test_threads_change_no_bit(training, measured):
    Xs, y = training
    once, again = (tracks(Xs[:6], labels=y, n_jobs=n_jobs) for n_jobs in (1, 3))

    assert once.cka.tobytes() == again.cka.tobytes()
    assert [t.name for t in once.all] == [t.name for t in again.all]
    assert all(
        a.values.tobytes() == b.values.tobytes()
        and a.standard_errors.tobytes() == b.standard_errors.tobytes()
        for a, b in zip(once.all, again.all, strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "within"),
    [
        ("effective_rank", 2),
        ("rankme", 2),
        ("participation_ratio", 1.5),
        ("variance_share_2", 1.5),
        ("eigenvalue_1", 1.5),
        ("radius", 1.3),
        ("norm_sd", 1.3),
        ("mean_share", 1.3),
        ("mean_cosine", 1.3),
        ("uniformity", 1.5),
        ("two_nn", 2),
        ("drift_l2", 1.3),
        ("rigid_share", 1.5),
        ("cka", 1.5),
        ("procrustes_distance", 2),
        ("curvature", 1.3),
        ("antihub_share", 1.5),
        ("nc1", 2),
        ("cdnv", 2),
    ],
)
def test_standard_errors_are_what_other_rows_would_change(name, within, repeated):
    values, errors = repeated[name]

    ratio = np.mean(errors) / np.std(values, ddof=1)
    assert 1 / within < ratio < within


@pytest.fixture(scope="module")
def repeated():
    """Values and standard errors of 60 draws of 300 rows from the same cloud."""
    found: dict[str, tuple[list[float], list[float]]] = {}
    axes = np.random.default_rng(1).normal(size=(3, 6, 6))
    corners = np.random.default_rng(2).normal(size=(3, 6))
    for seed in range(60):
        rng = np.random.default_rng([seed, 7])
        y = rng.permutation(np.arange(300) % 3)
        Z = rng.normal(size=(300, 6)) + corners[y] + 1
        Xs = [Z + 0.5 * t * np.tanh(Z @ axes[t]) for t in range(3)]
        for track in tracks(Xs, labels=y, n_jobs=1).all:
            if track.against in ("", "skip 1"):
                values, errors = found.setdefault(track.name, ([], []))
                values.append(track.values[0])
                errors.append(track.standard_errors[0])
    return found


def test_items_that_come_and_go_are_joined_by_id(training):
    Xs, y = training
    rng = np.random.default_rng(3)
    ids, frames = [], []
    for t in range(6):
        kept = rng.permutation(200)[: 150 + t]
        ids.append([f"item-{row}" for row in kept])
        frames.append(Xs[t][kept])
    labels = {f"item-{row}": int(y[row]) for row in range(200)}

    found = tracks(frames, ids=ids, labels=labels)
    shared = sorted(set(ids[0]) & set(ids[1]))
    rows = [[names.index(item) for item in shared] for names in ids[:2]]
    moved = np.linalg.norm(frames[1][rows[1]] - frames[0][rows[0]], axis=1)
    assert found["drift_l2"].n[0] == len(shared)
    assert found["drift_l2"].values[0] == pytest.approx(moved.mean(), rel=1e-12)
    expected = mutual_knn(frames[0][rows[0]], frames[1][rows[1]])
    assert found["mutual_knn"].values[0] == pytest.approx(expected, abs=1e-12)
    assert any("No rows are shared by all" in note for note in found.notes)
    expected = linear_cka(frames[0][rows[0]], frames[1][rows[1]])
    assert found["cka"].values[0] == pytest.approx(expected, abs=1e-12)


def test_snapshots_that_share_nothing_leave_their_tracks_out(training):
    Xs, _ = training
    found = tracks([Xs[0][:50], Xs[1][50:100]], ids=[np.arange(50), np.arange(50, 100)])

    assert "fewer than 2 rows are shared" in found.absent["drift_l2"]
    assert "effective_rank" in found
    with pytest.raises(NotFoundError, match="'drift_l2' is absent: fewer than 2 rows"):
        found["drift_l2"]


def test_rows_that_are_not_finite_are_left_out_and_counted(training):
    Xs, y = training
    broken = [X.copy() for X in Xs[:3]]
    broken[1][:5] = np.nan

    found = tracks(broken, labels=y)
    assert found["radius"].n.tolist() == [200, 195, 200]
    assert found["drift_l2"].n.tolist() == [195, 195]
    assert found.notes[0] == "Step 1: 5 rows are not finite and left out."


def test_without_labels_and_predictions_their_tracks_say_why(training):
    found = tracks(training[0][:2])

    assert found.absent["knn_accuracy"] == "There are no labels; pass labels=."
    assert found.absent["accuracy"] == "There are no predictions; pass predictions=."
    assert found.absent["curvature"] == "a turn needs three snapshots"
    assert "nc1" not in found


def test_a_collapsed_snapshot_spoils_no_other(training):
    Xs, y = training
    found = tracks([Xs[0], np.zeros_like(Xs[0]), Xs[1]], labels=y)

    assert found["effective_rank"].steps.tolist() == [0, 2]
    assert found["radius"].values[1] == 0.0
    assert np.isnan(found.cka[1]).all()
    assert any("effective_rank lacks 1 values, the first at step 1" in n for n in found.notes)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 11])
def test_few_rows_give_what_they_can(n):
    rng = np.random.default_rng(0)
    found = tracks([rng.normal(size=(n, 3)) for _ in range(3)], labels=np.arange(n) % 2)

    assert np.isfinite(found.table()["value"]).all()
    assert "mutual_knn" in found.absent


def test_snapshots_keep_their_ids_and_steps(training):
    Xs, _ = training
    snapshots = [Snapshot(np.arange(200), Xs[t], "hidden", 10 * t) for t in (1, 0)]

    found = tracks(snapshots)
    assert found.space == "hidden"
    assert found["drift_l2"].references.tolist() == [0]


def test_spaces_of_different_widths_are_no_sequence(training):
    Xs, _ = training

    with pytest.raises(ShapeError, match=r"\[23, 24\] features.*cka_map"):
        tracks([Xs[0], Xs[1][:, 1:]])


def test_rows_without_names_must_be_as_many(training):
    Xs, _ = training

    with pytest.raises(ShapeError, match="pass ids="):
        tracks([Xs[0], Xs[1][1:]])


def test_nothing_to_look_at_is_refused():
    with pytest.raises(InvalidInputError, match="no snapshots"):
        tracks([])
    with pytest.raises(InvalidInputError, match="source is int"):
        tracks(3)


@pytest.fixture
def run(training, tmp_path):
    Xs, y = training
    names = ["ant", "bee", "cat", "dog"]
    store = dg.open(tmp_path / "runs")
    metadata = {"animal": [names[c] for c in y], "odd": [str(row % 2) for row in range(200)]}
    with store.create("zoo", ids=np.arange(200), metadata=metadata, classes=names) as run:
        for t in range(4):
            scores = np.eye(4)[y] if t else None
            run.log(t, {"hidden": Xs[t], "wide": Xs[t] @ np.ones((24, 30))}, predictions=scores)
    return store.run("zoo")


def test_a_run_has_its_labels_and_predictions_with_it(run, training):
    found = tracks(run, space="hidden")

    assert found.classes == ("ant", "bee", "cat", "dog")
    assert found["accuracy"].values.tolist() == [1.0, 1.0, 1.0]
    assert found.confusion[0].tolist() == (50 * np.eye(4, dtype=int)).tolist()
    alone = tracks([X.astype(np.float32) for X in training[0][:4]], labels=training[1])
    np.testing.assert_array_equal(found["drift_l2"].values, alone["drift_l2"].values)


NAMES = ["dog", "ant", "cat", "bee"]


def test_labels_that_are_names_are_matched_by_the_declared_order_of_the_columns(training):
    Xs, y = training
    labels = [NAMES[c] for c in y]
    scores = [np.eye(4)[y]] * 2

    declared = tracks(Xs[:2], labels=labels, predictions=scores, classes=NAMES)
    said = [Predictions(np.arange(len(y)), P, t, tuple(NAMES)) for t, P in enumerate(scores)]
    of_predictions = tracks(Xs[:2], labels=labels, predictions=said)

    for found in (declared, of_predictions):
        assert found.classes == tuple(NAMES)
        assert found["accuracy"].values.tolist() == [1.0, 1.0]
        assert found.confusion[0].tolist() == (50 * np.eye(4, dtype=int)).tolist()


def test_without_an_order_of_the_columns_nothing_is_compared_and_it_says_why(training, tmp_path):
    Xs, y = training
    labels = [NAMES[c] for c in y]
    scores = np.eye(4)[y]
    with dg.open(tmp_path).create("zoo", metadata={"label": labels}) as run:
        run.log(0, {"hidden": Xs[0]}, predictions=scores)
    weights = [np.ones((4, Xs[0].shape[1]))]

    of_arrays = tracks(Xs[:1], labels=labels, predictions=[scores], weights=weights)
    of_run = tracks(run)

    for found in (of_arrays, of_run):
        assert "which column of the predictions is which" in found.absent["accuracy"]
        assert "classes=" in found.absent["nc4"]
        assert len(found.confusion) == 0
        assert len(found["knn_accuracy"].values) == 1
    assert "classes=" in of_arrays.absent["nc3"]
    assert tracks(run, classes=NAMES)["accuracy"].values.tolist() == [1.0]


def test_labels_that_are_none_of_the_classes_are_named(training):
    Xs, y = training

    found = tracks(
        Xs[:1], labels=[NAMES[c] for c in y], predictions=[np.eye(4)[y]], classes=["x", "y"]
    )

    assert "is none of the classes ['x', 'y']" in found.absent["accuracy"]


def test_predictions_that_name_their_classes_in_two_orders_are_refused(training):
    Xs, y = training
    ids, scores = np.arange(len(y)), np.eye(4)[y]
    said = [Predictions(ids, scores, t, tuple(NAMES[:: 1 - 2 * t])) for t in range(2)]

    with pytest.raises(InvalidInputError, match="in 2 orders"):
        tracks(Xs[:2], labels=[NAMES[c] for c in y], predictions=said)


def test_the_report_is_one_table_of_all_spaces(run):
    table = run.report()

    assert sorted(set(table["space"])) == ["hidden", "wide"]
    assert {"drift_l2", "cka", "knn_accuracy", "accuracy"} <= set(table["track"])
    hidden = (table["space"] == "hidden") & (table["track"] == "radius")
    assert table["step"][hidden].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_every_data_frame_library_reads_the_report(run, library):
    import narwhals as nw

    frame = nw.from_dict(run.report(spaces=["hidden"]), backend=library)
    chosen = frame.filter(nw.col("track") == "cka", nw.col("against") == "skip 1")
    assert len(chosen) == 3


def test_a_report_is_kept_until_more_is_logged(run, monkeypatch, training):
    first = run.report()
    calls = []
    monkeypatch.setattr("driftglass.diagnostics.tracks", lambda *_, **__: calls.append(1))
    again = run.report()

    assert calls == []
    assert all(again[name].tolist() == first[name].tolist() for name in first)
    monkeypatch.undo()
    with dg.open(run.path.parent).resume("zoo") as more:
        more.log(9, {"hidden": training[0][9]})
    assert dg.open(run.path.parent).run("zoo").report()["step"].max() == 9


def test_a_space_that_is_not_there_is_named(run):
    with pytest.raises(NotFoundError, match=r"'hiden'.*'hidden'"):
        run.report(spaces=["hiden"])


def test_a_column_that_is_no_label_is_refused(run):
    with pytest.raises(NotFoundError, match="column"):
        tracks(run, space="hidden", labels="animals")


@pytest.mark.skipif(not CIFAR.exists(), reason="cifar10cnn.npz is not here")
def test_a_recorded_network_settles_while_its_classes_separate():
    data = np.load(CIFAR)
    Xs, y = list(data["vectors"]), data["labels"]

    found = tracks(Xs, labels=y)
    assert found.absent.keys() <= {"alpha", "accuracy", "nc4", "prediction_agreement"}
    assert found["nc1_quotient"].values[-1] < found["nc1_quotient"].values[0]
    assert found["cka"].values[-5:].mean() > found["cka"].values[:5].mean()
