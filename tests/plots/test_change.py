import numpy as np
import pytest

from driftglass import InvalidInputError, NotFoundError, ShapeError
from driftglass.data import Scalars
from driftglass.diagnostics import cka_map, curvature, sequence_scores, tracks
from driftglass.plots import (
    cka_curves,
    confusion_matrix,
    curvature_bands,
    drift_curves,
    eigenvalue_curves,
    movement_scatter,
    scalar_curves,
    sequence_grid,
    similarity_map,
    track_curves,
    training_records,
)
from driftglass.projections import project_sequence


@pytest.fixture(scope="module")
def Xs():
    rng = np.random.default_rng(0)
    X, directions = rng.normal(size=(60, 5)), rng.normal(size=(60, 5))
    return [X + t * directions + 0.1 * rng.normal(size=X.shape) for t in range(9)]


@pytest.fixture(scope="module")
def measured(Xs):
    y = np.arange(60) % 3
    said = [np.where(np.arange(60) < 6 * t, y, 0) for t in range(9)]
    return tracks(Xs, steps=[10 * t for t in range(9)], labels=y, predictions=said)


def lines(ax):
    return {line.get_label(): line for line in ax.lines}


def test_drift_has_a_line_per_skip_with_the_tracks_values(measured):
    ax = drift_curves(measured)

    drawn = lines(ax)["4 snapshots"]
    track = measured.track("drift_l2", "skip 4")
    np.testing.assert_array_equal(drawn.get_xdata(), track.steps)
    np.testing.assert_array_equal(drawn.get_ydata(), track.values)
    assert ax.get_ylabel() == "drift of an item, L2"


def test_twice_a_drift_is_compared_with_that_over_twice_as_many_snapshots(measured):
    ax = drift_curves(measured, norm="l1")

    dashed = [line for line in ax.lines if line.get_linestyle() == "--"]
    track = measured.track("drift_l1", "skip 2")
    np.testing.assert_array_equal(dashed[1].get_ydata(), 2 * track.values)
    assert dashed[1].get_color() == lines(ax)["4 snapshots"].get_color()
    assert len(dashed) == 3  # of 1, 2 and 4; there is no drift over 16 of nine snapshots


def test_the_first_snapshots_have_no_change_instead_of_a_full_one(measured):
    ax = cka_curves(measured, doubled=False)

    for line in ax.lines:
        assert line.get_xdata()[0] > 0
    np.testing.assert_allclose(
        lines(ax)["1 snapshot"].get_ydata(), 1 - measured.track("cka", "skip 1").values
    )
    assert "n = 60" in ax.get_ylabel()


def test_the_published_form_of_cka_is_named_biased(measured):
    ax = cka_curves(measured, biased=True, flip=False)

    assert ax.get_ylabel().startswith("biased CKA")
    np.testing.assert_array_equal(
        lines(ax)["2 snapshots"].get_ydata(), measured.track("cka_biased", "skip 2").values
    )


def test_limits_are_those_asked_for(measured):
    assert cka_curves(measured, y_lim=0.3).get_ylim() == (0.0, 0.3)
    assert drift_curves(measured, y_lim=7.0).get_ylim() == (0.0, 7.0)


def test_eigenvalues_are_drawn_from_the_first_direction_on(measured):
    ax = eigenvalue_curves(measured, n=3)

    assert [line.get_label() for line in ax.lines] == ["1", "2", "3"]
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), measured["eigenvalue_3"].values)


def test_a_band_is_two_standard_errors_wide(measured):
    ax = track_curves(measured, "effective_rank")

    track = measured["effective_rank"]
    corners = ax.collections[0].get_paths()[0].vertices
    at = corners[np.isclose(corners[:, 0], track.steps[4]), 1]
    assert np.ptp(at) == pytest.approx(4 * track.standard_errors[4])


def test_a_track_that_is_absent_says_why(Xs):
    with pytest.raises(NotFoundError, match="no labels"):
        track_curves(tracks(Xs[:2]), "knn_accuracy")
    with pytest.raises(NotFoundError):
        drift_curves(tracks(Xs[:1]))


def test_steps_that_began_densely_get_a_logarithmic_axis(Xs):
    sparse = tracks(Xs[:5], steps=[0, 1, 10, 100, 1000])

    assert drift_curves(sparse).get_xscale() == "symlog"
    assert drift_curves(tracks(Xs[:5])).get_xscale() == "linear"


def test_the_median_turn_is_drawn_between_first_and_last_step(Xs):
    angles = curvature(Xs)

    ax = curvature_bands(angles, [10 * t for t in range(9)])

    np.testing.assert_allclose(lines(ax)["median"].get_ydata(), np.nanmedian(angles, axis=1))
    np.testing.assert_array_equal(lines(ax)["median"].get_xdata(), np.arange(10, 80, 10))
    with pytest.raises(ShapeError, match="rows of angles"):
        curvature_bands(angles, [0, 1])
    with pytest.raises(InvalidInputError, match="No item moved"):
        curvature_bands(np.full((2, 3), np.nan))


def test_counts_are_written_into_their_cells_and_zeros_are_not():
    ax = confusion_matrix([[5, 0], [2, 1]], ["cat", "dog"], annotate=True)

    assert {(t.get_position(), t.get_text()) for t in ax.texts} == {
        ((0, 0), "5"), ((0, 1), "2"), ((1, 1), "1"),
    }  # fmt: skip
    assert ax.get_title(loc="left") == "75.0% right"
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cat", "dog"]


def test_matrices_to_be_compared_share_their_largest_count():
    ax = confusion_matrix([[1, 0], [0, 1]], largest=100)

    assert ax.images[0].norm.vmax == 100


@pytest.mark.parametrize(
    ("counts", "classes", "message"),
    [
        ([[1, 2, 3]], None, "one row and one column per class"),
        ([[1, 0], [0, 1]], ["a", "b", "c"], "3 classes for 2 rows"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(counts, classes, message):
    with pytest.raises(ShapeError, match=message):
        confusion_matrix(counts, classes)


def test_the_map_of_steps_shows_every_pair(measured):
    ax = similarity_map(measured.cka, measured.steps, n=measured.n_probe)

    np.testing.assert_array_equal(ax.images[0].get_array(), measured.cka)
    assert [t.get_text() for t in ax.get_xticklabels()] == [str(s) for s in measured.steps]
    assert any("n = 60" in other.get_ylabel() for other in ax.figure.axes)


def test_layers_and_runs_have_maps_too(Xs):
    layers = similarity_map(cka_map(Xs[:3]), ["conv1", "conv2", "head"], annotate=True)
    runs = similarity_map(cka_map(Xs[:3], Xs[3:5]), [0, 1, 2], [7, 1000], column_name="other run")

    assert len(layers.texts) == 9
    assert [t.get_text() for t in layers.get_yticklabels()] == ["conv1", "conv2", "head"]
    assert runs.images[0].get_array().shape == (3, 2)
    assert [t.get_text() for t in runs.get_xticklabels()] == ["7", "1,000"]


def test_what_is_not_known_is_hatched_and_negative_values_are_in_range():
    ax = similarity_map([[1.0, np.nan], [-0.2, 1.0]])

    assert ax.images[0].get_array().mask.tolist() == [[False, True], [False, False]]
    assert ax.patch.get_hatch()
    assert ax.images[0].get_clim() == (-0.2, 1.0)


def test_frames_of_a_grid_share_limits_and_show_their_steps(Xs):
    sequence = project_sequence(Xs, steps=[10 * t for t in range(9)], method="pca")
    scores = sequence_scores(Xs, sequence)

    figure = sequence_grid(sequence, np.arange(60) % 3, n_frames=3, scores=scores)

    panels = [ax for ax in figure.axes if ax.collections]
    assert [ax.get_title(loc="left")[:7] for ax in panels] == ["step 0 ", "step 40", "step 80"]
    assert f"F {scores.faithfulness[4]:.2f}" in panels[1].get_title(loc="left")
    assert len({(*ax.get_xlim(), *ax.get_ylim()) for ax in panels}) == 1
    with pytest.raises(NotFoundError, match="step"):
        sequence_grid(sequence, steps=[5])


def test_a_point_keeps_its_colour_when_others_come_and_go(Xs):
    ids = [np.arange(60), np.arange(10, 60)]
    sequence = project_sequence([Xs[0], Xs[1][10:]], ids=ids, method="pca")
    kinds = {name: "few" if name >= 55 else "many" for name in range(60)}

    figure = sequence_grid(sequence, kinds)

    first, second = ([tuple(c.get_facecolor()[0]) for c in ax.collections] for ax in
                     [ax for ax in figure.axes if ax.collections])  # fmt: skip
    assert set(first) == set(second)


def test_steps_as_long_as_in_the_vectors_lie_on_the_diagonal(Xs):
    ax = movement_scatter(Xs, [3 * X for X in Xs])

    places = ax.collections[0].get_offsets()
    np.testing.assert_allclose(places[:, 0], places[:, 1])
    assert len(places) == 8 * 60
    assert ax.get_title(loc="left") == "rank correlation 1.00"


def test_movement_is_joined_by_id_over_any_number_of_snapshots(Xs, rng):
    order = rng.permutation(60)
    sequence = project_sequence([X[order] for X in Xs], ids=order, method="pca")

    one = movement_scatter([X[order] for X in Xs], sequence, ids=order, skip=2)
    other = movement_scatter(Xs, sequence, skip=2)

    assert len(one.collections[0].get_offsets()) == 7 * 60
    assert one.get_title(loc="left") == other.get_title(loc="left")


def test_a_frozen_map_has_no_movement_to_draw(Xs):
    with pytest.raises(InvalidInputError, match="frozen"):
        movement_scatter(Xs, [Xs[0][:, :2]] * 9)


def records():
    steps = np.arange(50)
    return Scalars(
        {
            "train_loss": (steps, 1 / (1 + steps)),
            "val_acc": (steps[::10], np.linspace(0, 1, 5)),
            "gradient_norm": (steps, 1 + (steps % 2).astype(float)),
            "lr": (steps, np.full(50, 0.1)),
            "temperature": (steps, np.ones(50)),
        }
    )


def test_records_are_sorted_into_panels_by_their_names(measured):
    figure = training_records(records(), measured)

    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[:4] == ["loss and accuracy", "gradients", "learning rate", "drift of 'vectors'"]
    twin = next(ax for ax in figure.axes if ax.get_ylabel() == "accuracy")
    np.testing.assert_array_equal(twin.lines[0].get_ydata(), np.linspace(0, 1, 5))


def test_a_panel_without_records_is_left_out():
    only = Scalars({"lr": (np.arange(3), np.ones(3))})

    assert len(training_records(only).axes) == 1
    with pytest.raises(NotFoundError, match="no records"):
        training_records(Scalars({"temperature": (np.arange(3), np.ones(3))}))


def test_a_moving_average_lies_over_the_records_it_is_made_of():
    ax = scalar_curves(records(), "gradient_norm", window=2)

    faint, mean = ax.lines
    np.testing.assert_array_equal(faint.get_ydata(), records()["gradient_norm"][1])
    np.testing.assert_allclose(mean.get_ydata()[:-1], 1.5)


def test_records_that_are_not_finite_leave_a_gap():
    values = np.array([1.0, np.inf, 0.5])

    ax = scalar_curves(Scalars({"loss": (np.arange(3), values)}), "loss")

    assert np.isnan(ax.lines[0].get_ydata()[1])
