from __future__ import annotations

import json
import sys
import weakref

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA as SklearnPCA

from driftglass import InvalidInputError, NotFoundError, ShapeError
from driftglass.projections import (
    PCA,
    extend_sequence,
    methods,
    procrustes,
    project_sequence,
)

BASES = ["all", "first", "last", 1, 3, "window"]
each_basis = pytest.mark.parametrize("basis", BASES)


@pytest.fixture
def Xs(rng):
    """Ten snapshots that drift and turn a little."""
    X = rng.normal(size=(60, 8)) * np.linspace(4, 0.5, 8)
    drift = rng.normal(size=(60, 8))
    return [(X + 0.2 * t * drift).astype(np.float32) for t in range(10)]


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


@each_basis
def test_what_does_not_change_does_not_move(Xs, basis):
    sequence = project_sequence([Xs[0]] * 6, basis=basis, window=3)

    for frame in sequence:
        np.testing.assert_allclose(
            frame.coordinates, sequence[0].coordinates, atol=1e-5 * np.abs(Xs[0]).max()
        )


@each_basis
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


@each_basis
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


@each_basis
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


@each_basis
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


# What bad or thin input gives.


@each_basis
def test_a_sequence_of_nothing_is_empty(basis):
    sequence = project_sequence([], basis=basis)

    assert len(sequence) == 0
    assert sequence.model == {}


@each_basis
def test_an_empty_snapshot_is_an_empty_frame(Xs, basis):
    sequence = project_sequence([Xs[0][:0], Xs[0], Xs[0][:0], Xs[1], Xs[0][:0]], basis=basis)

    assert [len(frame.ids) for frame in sequence] == [0, 60, 0, 60, 0]
    assert sequence[2].coordinates.shape == (0, 2)
    assert sequence[0].notes == ("no rows to place.",)
    assert sequence.model


@each_basis
def test_nothing_but_empty_snapshots_gives_empty_frames(basis):
    sequence = project_sequence([np.empty((0, 4))] * 3, basis=basis)

    assert [len(frame.ids) for frame in sequence] == [0, 0, 0]
    assert sequence.model == {}


@each_basis
def test_one_row_lies_at_the_origin(basis):
    sequence = project_sequence([np.array([[5.0, 6.0, 7.0]])], basis=basis)

    assert sequence[0].coordinates.tolist() == [[0, 0]]
    assert "one row" in sequence[0].notes[0]


@pytest.mark.parametrize("n", [2, 3])
@each_basis
def test_two_and_three_rows_keep_their_distances(rng, n, basis):
    X = rng.normal(size=(n, 40)) * 100

    Y = project_sequence([X], basis=basis)[0].coordinates

    for a in range(n):
        for b in range(n):
            assert np.linalg.norm(Y[a] - Y[b]) == pytest.approx(
                np.linalg.norm(X[a] - X[b]), rel=1e-5
            )


@each_basis
def test_equal_rows_are_one_stacked_point(basis):
    frame = project_sequence([np.full((50, 6), 3.5)], basis=basis)[0]

    assert not frame.coordinates.any()
    assert frame.notes == ("all 50 rows are equal: one stacked point.",)


@each_basis
def test_half_equal_rows_share_a_place(rng, basis):
    X = rng.normal(size=(50, 6))
    X[:25] = X[0]

    Y = project_sequence([X], basis=basis)[0].coordinates

    np.testing.assert_array_equal(Y[:25], np.tile(Y[0], (25, 1)))


@each_basis
def test_one_feature_is_drawn_on_a_line(rng, basis):
    X = rng.normal(size=(50, 1))

    frame = project_sequence([X, X], basis=basis)[1]

    np.testing.assert_allclose(
        np.abs(frame.coordinates[:, 0]), np.abs(X[:, 0] - X.mean()), atol=1e-5
    )
    assert not frame.coordinates[:, 1].any()
    assert frame.notes == ("1 features for 2 coordinates: the others are zero.",)


def test_coordinates_beyond_the_features_are_zero(rng):
    frame = project_sequence([rng.normal(size=(50, 2))], n_components=3)[0]

    assert frame.coordinates.shape == (50, 3)
    assert not frame.coordinates[:, 2].any()
    assert "2 features for 3 coordinates" in frame.notes[0]


def test_no_features_at_all_stack_every_row(rng):
    frame = project_sequence([np.empty((5, 0))])[0]

    assert frame.coordinates.tolist() == [[0, 0]] * 5


@each_basis
def test_huge_values_stay_finite(Xs, basis):
    plain = project_sequence(Xs, basis=basis)

    huge = project_sequence([X * np.float32(1e30) for X in Xs], basis=basis)

    for frame, reference in zip(huge, plain, strict=True):
        np.testing.assert_allclose(frame.coordinates / 1e30, reference.coordinates, atol=1e-3)


def test_coordinates_beyond_float32_are_refused_with_the_remedy():
    X = np.array([[1e300], [-1e300], [0.0]]) / 1e150

    with pytest.raises(InvalidInputError, match=r"step 0 placed id 0 .* must be finite"):
        project_sequence([X])


def test_constant_columns_change_nothing(Xs):
    padded = [np.column_stack([X, np.full(60, 9.0)]) for X in Xs]

    for plain, with_column in zip(project_sequence(Xs), project_sequence(padded), strict=True):
        np.testing.assert_allclose(with_column.coordinates, plain.coordinates, atol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@each_basis
def test_rows_that_are_not_finite_are_left_out_and_listed(Xs, bad, basis):
    clean = project_sequence([X[5:] for X in Xs], ids=np.arange(5, 60), basis=basis)
    Xs = [X.copy() for X in Xs]
    for X in Xs:
        X[:5, 2] = bad

    sequence = project_sequence(Xs, basis=basis)

    for frame, expected in zip(sequence, clean, strict=True):
        np.testing.assert_array_equal(frame.excluded, np.arange(5))
        np.testing.assert_allclose(frame.coordinates, expected.coordinates, atol=1e-4)
        assert "5 of 60 rows are not finite, first: id 0" in frame.notes[0]


def test_rows_that_are_not_finite_can_be_an_error(Xs):
    Xs[3][7, 0] = np.nan

    with pytest.raises(InvalidInputError, match=r"Step 3: 1 of 60 rows .* first: id 7.*nan='drop'"):
        project_sequence(Xs, nan="raise")


def test_values_that_are_not_finite_can_be_filled_in(Xs):
    X = Xs[0].copy()
    X[4, 1] = np.nan
    filled = Xs[0].copy()
    filled[4, 1] = np.delete(Xs[0][:, 1], 4).mean()

    frame = project_sequence([X], nan="impute")[0]

    np.testing.assert_allclose(
        frame.coordinates, project_sequence([filled])[0].coordinates, atol=1e-5
    )
    assert len(frame.excluded) == 0
    assert "column means stand in" in frame.notes[0]


@pytest.mark.parametrize("nan", ["drop", "impute"])
def test_a_run_that_has_diverged_can_still_be_watched(Xs, nan):
    Xs[6:] = [np.full((60, 8), np.nan)] * 4

    sequence = project_sequence(Xs, nan=nan)

    assert [len(frame.ids) for frame in sequence] == [60] * 6 + [0] * 4
    assert len(sequence[9].excluded) == 60


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8, np.int64, bool])
def test_takes_any_real_dtype(rng, dtype):
    X = rng.integers(0, 2 if dtype is bool else 90, size=(50, 6)).astype(dtype)

    sequence = project_sequence([X, X])

    expected = project_sequence([X.astype(np.float32)])[0].coordinates
    np.testing.assert_allclose(sequence[1].coordinates, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"basis": "middle"}, InvalidInputError, "basis is 'middle'; one of all, first"),
        ({"basis": 0}, InvalidInputError, "basis is 0"),
        ({"basis": True}, InvalidInputError, "basis is True"),
        ({"window": 0}, InvalidInputError, "window is 0"),
        ({"n_components": 0}, InvalidInputError, "n_components is 0"),
        ({"n_components": 2.5}, InvalidInputError, "n_components is 2.5"),
        ({"nan": "ignore"}, InvalidInputError, "nan is 'ignore'"),
        ({"method": "pac"}, NotFoundError, "No method named 'pac'. Did you mean 'pca'"),
        ({"method": PCA}, InvalidInputError, r"Make one first: PCA\(\)"),
        ({"method": 3}, InvalidInputError, "an object with fit_transform"),
        ({"steps": [1, 2]}, ShapeError, "2 steps for 10 snapshots"),
        ({"steps": [0, 1, 2, 3, 4, 5, 6, 7, 9, 9]}, InvalidInputError, "Step 9 follows step 9"),
        ({"ids": np.arange(59)}, ShapeError, "59 ids for 60 rows at step 0"),
        ({"ids": [np.arange(60)] * 9}, ShapeError, "9 lists for 10 snapshots"),
        ({"ids": ["a"] * 60}, InvalidInputError, "repeats 1"),
    ],
)
def test_names_the_parameter_that_cannot_be(Xs, options, error, message):
    with pytest.raises(error, match=message):
        project_sequence(Xs, **options)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(5), "step 0 has one dimension"),
        (np.zeros((2, 3, 4)), r"step 0 has shape \(2, 3, 4\).*mean\(axis=1\)"),
        ([[1, 2], [3]], "ragged"),
        (np.zeros((2, 2), complex), "complex"),
    ],
)
def test_names_the_snapshot_that_cannot_be_used(X, message):
    with pytest.raises(InvalidInputError, match=message):
        project_sequence([X])


def test_one_table_is_not_a_list_of_snapshots(Xs):
    with pytest.raises(ShapeError, match=r"Pass \[X\]"):
        project_sequence(Xs[0])


# Objects as methods.


class Doubling(TransformerMixin, BaseEstimator):
    """Fits a mean; places the first columns, doubled."""

    def __init__(self, columns=2):
        self.columns = columns

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        self.n_rows_ = len(X)
        return self

    def transform(self, X):
        return 2 * (X - self.mean_)[:, : self.columns]


class Turning:
    """Has no transform, and turns its picture further every time it is asked."""

    def __init__(self):
        self.calls = []

    def fit_transform(self, X):
        self.calls.append(len(X))
        angle = float(np.abs(X).sum())
        turn = np.array([[np.cos(angle), np.sin(angle)], [np.sin(angle), -np.cos(angle)]])
        return X[:, :2] @ turn + angle


def test_an_object_is_fitted_to_the_basis_and_places_all(Xs):
    method = Doubling()

    sequence = project_sequence(Xs, method=method, basis=5)

    mean = np.concatenate([Xs[0], Xs[5]]).mean(axis=0)
    for X, frame in zip(Xs, sequence, strict=True):
        np.testing.assert_allclose(frame.coordinates, 2 * (X - mean)[:, :2], atol=1e-4)
    assert sequence.provenance.method == "Doubling"
    assert sequence.provenance.parameters["columns"] == 2
    assert sequence.provenance.random_state is None
    assert not hasattr(method, "mean_")


def test_our_estimator_as_an_object_equals_the_name(Xs):
    for by_object, by_name in zip(
        project_sequence(Xs, method=PCA()), project_sequence(Xs), strict=True
    ):
        np.testing.assert_allclose(by_object.coordinates, by_name.coordinates, atol=1e-4)


def test_an_object_without_transform_is_turned_to_the_frame_before(Xs):
    sequence = project_sequence(Xs, method=Turning())

    for before, after in zip(sequence, list(sequence)[1:], strict=False):
        best = procrustes(after.coordinates, before.coordinates)
        np.testing.assert_allclose(best.rotation, np.eye(2), atol=1e-4)
        np.testing.assert_allclose(before.coordinates.mean(0), after.coordinates.mean(0), rtol=1e-4)
    for X, frame in zip(Xs, sequence, strict=True):
        assert procrustes(X[:, :2], frame.coordinates).residual < 1e-6
    assert "basis" not in sequence.provenance.parameters


def test_an_object_sequence_cannot_be_extended(Xs):
    for method in (Doubling(), Turning()):
        sequence = project_sequence(Xs, method=method)
        assert sequence.model == {}
        with pytest.raises(InvalidInputError, match="without a model"):
            extend_sequence(sequence, Xs[0])


@pytest.mark.parametrize("X", [np.ones((1, 5)), np.ones((9, 5)), np.eye(3), np.empty((0, 5))])
def test_objects_are_not_asked_about_rows_that_need_no_method(X):
    class Failing:
        def fit_transform(self, X):
            raise AssertionError("asked")

    frame = project_sequence([X], method=Failing())[0]

    assert frame.coordinates.shape == (len(X), 2)


def test_an_object_that_gives_another_shape_is_named(Xs):
    class Wrong:
        def fit_transform(self, X):
            return X[:3]

    with pytest.raises(ShapeError, match=r"placed 60 rows of step 0 as an array of shape \(3, 8\)"):
        project_sequence(Xs, method=Wrong())


def test_an_object_that_gives_nan_is_named(Xs):
    class Wrong:
        def fit_transform(self, X):
            return X[:, :2] * np.nan

    with pytest.raises(InvalidInputError, match=r"60 of 60 rows of step 0 .* first row 0: \[nan"):
        project_sequence(Xs, method=Wrong())


def test_methods_are_listed_and_each_works(Xs):
    for name in methods():
        assert len(project_sequence(Xs, method=name)) == 10


def test_importing_projections_does_not_import_scikit_learn():
    import subprocess

    code = "import driftglass.projections, sys; print('sklearn' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "False"
