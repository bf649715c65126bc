from __future__ import annotations

import json
import weakref
from functools import partial

import numpy as np
import pytest
from sklearn.decomposition import PCA as SklearnPCA

from driftglass import InvalidInputError, NotFoundError, ShapeError, projections
from driftglass._progress import Cancelled
from driftglass.projections import (
    extend_sequence,
    procrustes,
)

project_sequence = partial(projections.project_sequence, method="pca")


def pooled_axes(Xs):
    return SklearnPCA(n_components=2, svd_solver="full").fit(np.concatenate(Xs).astype(float))


@pytest.mark.parametrize(
    ("basis", "numbers"),
    [("all", range(10)), ("first", [0]), ("last", [9]), (1, range(10)), (4, [0, 4, 8])],
)
def test_one_map_is_learnt_from_the_basis_and_places_all(Xs, basis, numbers):
    sequence = project_sequence(Xs, basis=basis)

    expected = pooled_axes([Xs[number] for number in numbers])
    for X, Y in zip(Xs, sequence.coordinates, strict=True):
        np.testing.assert_allclose(np.abs(Y), np.abs(expected.transform(X)), atol=1e-4)
    np.testing.assert_allclose(
        sequence.model["variance_ratio"], expected.explained_variance_ratio_, rtol=1e-6
    )


def test_a_window_map_is_the_pooled_one_turned_to_the_frame_before(Xs):
    sequence = project_sequence(Xs, basis="window", window=3)

    for t, X in enumerate(Xs):
        axes = pooled_axes(Xs[max(0, t - 2) : t + 1])
        turned = procrustes(axes.transform(X), sequence[t].coordinates, shift=False)
        assert turned.residual < 1e-10
    for before, after in zip(sequence, list(sequence)[1:], strict=False):
        best = procrustes(after.coordinates, before.coordinates, shift=False)
        np.testing.assert_allclose(best.rotation, np.eye(2), atol=1e-5)


def test_a_window_of_everything_spans_the_same_plane_as_all(Xs):
    window = project_sequence(Xs, basis="window", window=10)
    everything = project_sequence(Xs, basis="all")

    fit = procrustes(window[9].coordinates, everything[9].coordinates, shift=False)
    assert fit.residual < 1e-10


def test_what_does_not_change_does_not_move(Xs, basis):
    sequence = project_sequence([Xs[0]] * 6, basis=basis, window=3)

    for frame in sequence:
        np.testing.assert_allclose(
            frame.coordinates, sequence[0].coordinates, atol=1e-5 * np.abs(Xs[0]).max()
        )


def test_order_of_rows_does_not_change_the_picture(rng, Xs, basis):
    ids = [f"item-{i}" for i in range(60)]
    orders = [rng.permutation(60) for _ in Xs]
    shuffled = project_sequence(
        [X[order] for X, order in zip(Xs, orders, strict=True)],
        ids=[np.array(ids)[order] for order in orders],
        basis=basis,
    )

    plain = project_sequence(Xs, ids=ids, basis=basis)

    np.testing.assert_allclose(shuffled.aligned(ids), plain.aligned(ids), atol=1e-4)


def test_points_appear_and_vanish_without_shifting_others(Xs, basis):
    ids = np.arange(60)
    present = [ids[: 30 + 3 * t] if t != 4 else ids[20:] for t in range(10)]

    sequence = project_sequence(
        [X[rows] for X, rows in zip(Xs, present, strict=True)], ids=present, basis=basis
    )

    aligned = sequence.aligned(ids)
    for t, rows in enumerate(present):
        assert np.isfinite(aligned[t, rows]).all()
        assert np.isnan(aligned[t, np.setdiff1d(ids, rows)]).all()


def test_window_frames_are_joined_by_id(rng, Xs):
    """Aligned on shared ids alone: wrong joins would turn the second frame at random."""
    orders = [np.arange(60), rng.permutation(60)[:25]]

    sequence = project_sequence([Xs[0], Xs[0][orders[1]]], ids=orders, basis="window", window=2)

    aligned = sequence.aligned()
    shared = orders[1]
    fit = procrustes(aligned[1][shared], aligned[0][shared], shift=False)
    np.testing.assert_allclose(fit.rotation, np.eye(2), atol=1e-5)


def test_frames_without_a_shared_id_are_said_not_to_be_aligned(Xs):
    sequence = project_sequence(
        [Xs[0][:30], Xs[1][30:]], ids=[np.arange(30), np.arange(30, 60)], basis="window"
    )

    assert any("no id is shared" in note for note in sequence[1].notes)


def test_reads_one_snapshot_at_a_time(Xs, basis):
    counts = {"now": 0, "most": 0}

    def reader(X):
        def read():
            vectors = X.copy()
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
            weakref.finalize(vectors, lambda: counts.update(now=counts["now"] - 1))
            return vectors

        return read

    project_sequence([reader(X) for X in Xs], basis=basis)

    # A loop variable holds the one before while the next is read.
    assert counts["most"] <= 2


@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_extending_places_rows_where_the_last_map_does(Xs, basis, n_components):
    sequence = project_sequence(Xs, basis=basis, n_components=n_components, steps=range(0, 100, 10))

    placed = extend_sequence(sequence, Xs[-1], ids=np.arange(60) + 7)

    np.testing.assert_allclose(placed.coordinates, sequence[-1].coordinates, atol=1e-4)
    assert placed.step == 91
    assert placed.ids[0] == 7
    assert placed.provenance == sequence.provenance


def test_extending_leaves_out_rows_that_are_not_finite(Xs):
    X = Xs[0].copy()
    X[3] = np.nan

    placed = extend_sequence(project_sequence(Xs), X, ids=[f"x{i}" for i in range(60)], step=40)

    assert placed.excluded.tolist() == ["x3"]
    assert len(placed.ids) == 59


def test_extending_by_other_features_is_a_new_version_of_the_space(Xs):
    with pytest.raises(ShapeError, match="7 features, the sequence has 8: this is a new version"):
        extend_sequence(project_sequence(Xs), Xs[0][:, :7])


def test_another_number_of_features_is_a_new_version_of_the_space(Xs):
    with pytest.raises(ShapeError, match="Step 20 has 5 features, step 10 has 8: these are two"):
        project_sequence([Xs[0], Xs[1][:, :5]], steps=[10, 20])


def test_provenance_names_what_was_used(Xs):
    sequence = project_sequence(Xs, basis="window", window=4, random_state=7)

    assert sequence.provenance.method == "pca"
    assert sequence.provenance.parameters == {
        "n_components": 2,
        "nan": "drop",
        "basis": "window",
        "window": 4,
    }
    assert sequence.provenance.random_state == 7
    counted = project_sequence(Xs, basis=np.int64(2), n_components=np.int32(2))
    assert json.loads(counted.provenance.to_json())["parameters"]["basis"] == 2


def test_reports_progress_to_the_end_and_can_be_stopped(Xs):
    seen = []
    project_sequence(Xs, progress=lambda *call: seen.append(call))

    class StoppedError(Exception):
        pass

    def stop(done, total, what):
        if done == 3:
            raise StoppedError

    assert seen[0] == (0, 10, "fitting pca")
    assert seen[-1] == (10, 10, "placing snapshots")
    with pytest.raises(StoppedError):
        project_sequence(Xs, progress=stop)


@pytest.mark.parametrize("basis", ["all", "last", "window"])
def test_umap_goes_by_name(Xs, basis):
    sequence = project_sequence(Xs[:3], method="umap", basis=basis, window=2, random_state=1)

    again = project_sequence(Xs[:3], method="umap", basis=basis, window=2, random_state=1)
    assert sequence.provenance.method == "umap"
    assert [frame.coordinates.shape for frame in sequence] == [(60, 2)] * 3
    for frame, same in zip(sequence, again, strict=True):
        np.testing.assert_array_equal(frame.coordinates, same.coordinates)


def test_a_row_that_does_not_change_keeps_its_place(Xs):
    frozen = [Xs[0], Xs[1], Xs[0]]

    sequence = project_sequence(frozen, method="umap", n_epochs=30)

    np.testing.assert_array_equal(sequence[0].coordinates, sequence[2].coordinates)


def test_parameters_of_a_method_are_passed_on_and_recorded(Xs):
    sequence = project_sequence(Xs[:2], method="umap", n_neighbors=7, n_epochs=10)

    assert sequence.provenance.parameters["n_neighbors"] == 7
    with pytest.raises(
        NotFoundError, match=r"parameter of umap named 'n_neighbours'.*Did you mean"
    ):
        project_sequence(Xs[:2], method="umap", n_neighbours=7)
    with pytest.raises(InvalidInputError, match="pca takes no parameter 'n_neighbors'"):
        project_sequence(Xs[:2], n_neighbors=7)


def test_a_fit_can_be_stopped_from_outside(Xs):
    def stop(done, total, what):
        if "rounds" in what:
            raise Cancelled

    with pytest.raises(Cancelled):
        project_sequence(Xs[:2], method="umap", progress=stop)
