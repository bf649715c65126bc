"""What bad or thin input to a sequence gives."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from driftglass import InvalidInputError, NotFoundError, ShapeError, projections
from driftglass.projections import PCA

project_sequence = partial(projections.project_sequence, method="pca")


def test_a_sequence_of_nothing_is_empty(basis):
    sequence = project_sequence([], basis=basis)

    assert len(sequence) == 0
    assert sequence.model == {}


def test_an_empty_snapshot_is_an_empty_frame(Xs, basis):
    sequence = project_sequence([Xs[0][:0], Xs[0], Xs[0][:0], Xs[1], Xs[0][:0]], basis=basis)

    assert [len(frame.ids) for frame in sequence] == [0, 60, 0, 60, 0]
    assert sequence[2].coordinates.shape == (0, 2)
    assert sequence[0].notes == ("no rows to place.",)
    assert sequence.model


def test_nothing_but_empty_snapshots_gives_empty_frames(basis):
    sequence = project_sequence([np.empty((0, 4))] * 3, basis=basis)

    assert [len(frame.ids) for frame in sequence] == [0, 0, 0]
    assert sequence.model == {}


def test_one_row_lies_at_the_origin(basis):
    sequence = project_sequence([np.array([[5.0, 6.0, 7.0]])], basis=basis)

    assert sequence[0].coordinates.tolist() == [[0, 0]]
    assert "one row" in sequence[0].notes[0]


@pytest.mark.parametrize("n", [2, 3])
def test_two_and_three_rows_keep_their_distances(rng, n, basis):
    X = rng.normal(size=(n, 40)) * 100

    Y = project_sequence([X], basis=basis)[0].coordinates

    for a in range(n):
        for b in range(n):
            assert np.linalg.norm(Y[a] - Y[b]) == pytest.approx(
                np.linalg.norm(X[a] - X[b]), rel=1e-5
            )


def test_equal_rows_are_one_stacked_point(basis):
    frame = project_sequence([np.full((50, 6), 3.5)], basis=basis)[0]

    assert not frame.coordinates.any()
    assert frame.notes == ("all 50 rows are equal: one stacked point.",)


def test_half_equal_rows_share_a_place(rng, basis):
    X = rng.normal(size=(50, 6))
    X[:25] = X[0]

    Y = project_sequence([X], basis=basis)[0].coordinates

    np.testing.assert_array_equal(Y[:25], np.tile(Y[0], (25, 1)))


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


def test_more_features_than_a_covariance_can_hold_need_one_snapshot(rng):
    X = rng.normal(size=(3, 9000)).astype(np.float32)

    Y = project_sequence([X, X], basis="last")[0].coordinates

    assert np.linalg.norm(Y[0] - Y[1]) == pytest.approx(np.linalg.norm(X[0] - X[1]), rel=1e-5)
    with pytest.raises(InvalidInputError, match=r"9000 features.*basis='last'"):
        project_sequence([X, X])


def test_no_features_at_all_stack_every_row(rng):
    frame = project_sequence([np.empty((5, 0))])[0]

    assert frame.coordinates.tolist() == [[0, 0]] * 5


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
