from __future__ import annotations

import numpy as np
import pytest

from driftglass import InvalidInputError
from driftglass.diagnostics import denoise, mean_step, sequence_scores
from driftglass.projections import project_sequence


@pytest.fixture
def jumping(rng):
    """Vectors of 80 points over nine snapshots, and their linear maps."""
    Xs = [rng.normal(size=(80, 5)) + t for t in range(9)]
    return Xs, project_sequence(Xs, method="pca")


def planes(sequence):
    return sequence.aligned().astype(float)


def test_a_causal_window_is_the_mean_of_frames_up_to_now(jumping):
    _, sequence = jumping
    Y = planes(sequence)

    smooth = planes(denoise(sequence, blend=0.9, window=3).sequence)

    np.testing.assert_allclose(smooth[0], Y[0], atol=1e-5)
    np.testing.assert_allclose(smooth[5], 0.1 * Y[5] + 0.9 * Y[3:6].mean(axis=0), atol=1e-5)


def test_a_centered_window_does_not_lag(jumping):
    _, sequence = jumping
    Y = planes(sequence)

    smooth = planes(denoise(sequence, blend=1.0, window=3, centered=True).sequence)

    np.testing.assert_allclose(smooth[4], Y[3:6].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(smooth[8], Y[7:9].mean(axis=0), atol=1e-5)


def test_exponential_smoothing_takes_from_the_smoothed_frame_before(jumping):
    _, sequence = jumping
    Y = planes(sequence)

    smooth = planes(denoise(sequence, blend=0.5, mode="exponential").sequence)

    np.testing.assert_allclose(smooth[1], (Y[0] + Y[1]) / 2, atol=1e-5)
    np.testing.assert_allclose(smooth[2], Y[0] / 4 + Y[1] / 4 + Y[2] / 2, atol=1e-5)


def test_what_it_costs_is_measured_against_the_raw_vectors_and_printed(jumping, capsys):
    Xs, sequence = jumping

    denoised = denoise(sequence, Xs, window=5)

    assert denoised.before.F == sequence_scores(Xs, sequence).F
    assert denoised.after.F == sequence_scores(Xs, denoised.sequence).F
    assert denoised.after.F < denoised.before.F - 0.05
    assert f"F {denoised.before.F:.3f} -> {denoised.after.F:.3f}" in capsys.readouterr().out


def test_points_are_averaged_over_the_frames_they_are_in(rng):
    ids = [np.arange(40), np.arange(30), np.arange(40)]
    Xs = [rng.normal(size=(len(i), 4)) for i in ids]
    sequence = project_sequence(Xs, ids=ids, method="pca")

    smooth = denoise(sequence, blend=1.0, window=3).sequence

    expected = (sequence[0].coordinates[35] + sequence[2].coordinates[35]) / 2
    np.testing.assert_allclose(smooth[2].coordinates[35], expected, atol=1e-5)


def test_says_what_it_is_and_is_not_done_twice(jumping):
    _, sequence = jumping
    denoised = denoise(sequence)

    assert denoised.sequence.provenance.method == "denoised pca"
    assert "smoothed over time" in denoised.sequence[0].notes[-1]
    assert "not measured" in str(denoised)
    assert mean_step(denoised.sequence) < mean_step(sequence)
    with pytest.raises(InvalidInputError, match="smoothed already"):
        denoise(denoised.sequence)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"blend": 1.5}, "blend is 1.5"), ({"window": 0}, "window is 0"), ({"mode": "x"}, "'x'")],
)
def test_names_what_is_wrong_with_a_parameter(jumping, parameters, message):
    with pytest.raises(InvalidInputError, match=message):
        denoise(jumping[1], **parameters)
