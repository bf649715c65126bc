"""What every framework shares: when to record, how to pool, and that training goes on."""

from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg
from driftglass.errors import DriftglassWarning, InvalidInputError, NotFoundError, ShapeError
from driftglass.integrations import Captured, Recorder, Schedule, pooled


@pytest.fixture
def run(tmp_path):
    with dg.open(tmp_path / "runs").create("net", ids=np.arange(6)) as run:
        yield run


def test_steps_are_dense_at_first_and_then_regular():
    steps = [step for step in range(4001) if Schedule(per_doubling=2, every=500).due(step)]

    assert steps[:9] == [0, 1, 2, 3, 4, 6, 8, 11, 16]
    assert steps[-5:] == [2000, 2500, 3000, 3500, 4000]
    assert max(np.diff(steps)) <= 500
    assert len(steps) < 35


def test_the_default_is_the_powers_of_two_and_then_every_thousand():
    steps = [step for step in range(4001) if Schedule().due(step)]

    assert steps == [0, *(2**power for power in range(10)), 1000, 2000, 3000, 4000]


@pytest.mark.parametrize("per_doubling", [1, 2, 3, 5])
def test_every_doubling_has_its_number_of_steps(per_doubling):
    schedule = Schedule(per_doubling=per_doubling, every=10_000)

    assert sum(schedule.due(step) for step in range(128, 256)) == per_doubling
    assert schedule.due(256)


@pytest.mark.parametrize("arguments", [{"per_doubling": 0}, {"every": 1.5}])
def test_a_schedule_needs_whole_numbers(arguments):
    with pytest.raises(InvalidInputError, match="whole number from 1 on"):
        Schedule(**arguments)


def test_tokens_are_pooled_as_declared():
    tokens = np.arange(24.0).reshape(2, 3, 4)
    mask = np.array([[1, 1, 0], [1, 0, 0]])

    np.testing.assert_array_equal(pooled(tokens, "cls"), tokens[:, 0])
    np.testing.assert_array_equal(pooled(tokens, "last"), tokens[:, 2])
    np.testing.assert_array_equal(pooled(tokens, "last", mask=mask), tokens[[0, 1], [1, 0]])
    np.testing.assert_array_equal(pooled(tokens, "mean"), tokens.mean(axis=1))
    expected = [tokens[0, :2].mean(axis=0), tokens[1, 0]]
    np.testing.assert_array_equal(pooled(tokens, "mean", mask=mask), expected)
    np.testing.assert_array_equal(pooled(tokens, "flatten"), tokens.reshape(2, 12))


def test_padding_on_the_left_is_left_out_too():
    tokens = np.arange(6.0).reshape(1, 3, 2)

    np.testing.assert_array_equal(pooled(tokens, "last", mask=np.array([[0, 1, 1]])), tokens[:, 2])


def test_an_item_without_tokens_is_zero_and_not_nan():
    assert pooled(np.ones((1, 2, 3)), mask=np.zeros((1, 2), dtype=int)).tolist() == [[0, 0, 0]]


def test_images_are_averaged_over_their_places():
    images = np.arange(2 * 3 * 4 * 4.0).reshape(2, 3, 4, 4)

    np.testing.assert_allclose(pooled(images), images.mean(axis=(2, 3)))
    last = np.moveaxis(images, 1, -1)
    np.testing.assert_allclose(pooled(last, channels_last=True), images.mean(axis=(2, 3)))


def test_an_unknown_rule_and_a_lone_number_are_refused(run):
    with pytest.raises(InvalidInputError, match="pool is 'max'"):
        pooled(np.ones((2, 2)), "max")
    with pytest.raises(InvalidInputError, match="pool is 'max'"):
        Recorder(run, pool="max")
    with pytest.raises(ShapeError, match="single number"):
        pooled(np.array(1.0))


def test_layers_are_chosen_by_pattern(run):
    names = ["encoder.0", "encoder.1", "head", "output"]

    assert Recorder(run, layers="encoder.*").chosen(names) == ["encoder.0", "encoder.1"]
    assert Recorder(run, layers=["head", "*.0"]).chosen(names) == ["encoder.0", "head"]
    with pytest.raises(NotFoundError, match=r"'hed'.*Did you mean 'head'"):
        Recorder(run, layers="hed").chosen(names)


def test_a_snapshot_is_logged_with_its_accuracy(run):
    recorder = Recorder(run, labels=[0, 1, 0, 1, 0, 1])
    scores = np.eye(2)[[0, 1, 0, 1, 1, 1]]

    assert recorder.record(0, lambda: Captured({"hidden": np.ones((6, 2))}, scores))
    assert run.steps("hidden") == [0]
    assert run.scalars().at("probe_accuracy", 0) == pytest.approx(5 / 6)
    assert recorder.report().n_recorded == 1


def test_a_failure_is_counted_and_said_once_and_training_goes_on(run):
    recorder = Recorder(run)

    def broken():
        raise RuntimeError("no such layer")

    with pytest.warns(DriftglassWarning, match="step 1: RuntimeError: no such layer"):
        assert not recorder.record(1, broken)
    assert not recorder.record(2, broken)
    report = recorder.report()
    assert (report.n_failed, report.n_recorded) == (2, 0)
    assert report.messages == ("RuntimeError: no such layer",)


def test_not_even_a_warning_that_is_an_error_stops_training(run, capsys):
    def broken():
        raise ValueError("twisted")

    assert not Recorder(run).record(1, broken)  # warnings are errors in these tests
    assert "ValueError: twisted" in capsys.readouterr().err


def test_a_step_is_recorded_once(run):
    recorder = Recorder(run)
    recorder.record(4, lambda: Captured({"hidden": np.ones((6, 2))}))

    assert not recorder.due(4)
    assert recorder.due(8)


def test_other_processes_record_nothing(run):
    recorder = Recorder(run, active=False)

    assert not recorder.due(0)
    assert not recorder.record(0, lambda: Captured({"hidden": np.ones((6, 2))}))
    recorder.log_scalars(0, lambda: {"loss": 1.0})
    assert run.steps() == []
    assert dict(run.scalars()) == {}


def test_values_that_are_no_numbers_are_left_out(run):
    Recorder(run).log_scalars(3, lambda: {"loss": 0.5, "name": "x", "nothing": None})

    assert list(run.scalars()) == ["loss"]
