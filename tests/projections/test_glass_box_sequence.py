"""One network over all snapshots of a run."""

# ruff: noqa: E402
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import driftglass as dg
from driftglass._progress import Cancelled
from driftglass.projections import extend_sequence, project_sequence


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def sequence():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 8)).astype(np.float32) + 6 * np.repeat(np.eye(3, 8), 20, axis=0)
    Xs = [X + 0.3 * t for t in range(3)]
    return Xs, project_sequence(Xs, method="glassbox", epochs=15)


def test_all_snapshots_go_through_one_network(sequence):
    Xs, made = sequence
    again = project_sequence([Xs[0], Xs[0] + 0.3], method="glassbox", epochs=15, basis="first")

    assert made.provenance.method == "glassbox"
    assert made.provenance.parameters["epochs"] == 15
    assert "extra_callbacks" not in made.provenance.parameters
    assert [frame.coordinates.shape for frame in made] == [(60, 2)] * 3
    # A network is continuous: what moved a little has moved a little.
    step = np.linalg.norm(again[1].coordinates - again[0].coordinates, axis=1)
    assert np.median(step) < np.ptp(again[0].coordinates)


def test_a_late_snapshot_is_placed_by_the_model_that_was_kept(sequence):
    Xs, made = sequence

    same = extend_sequence(made, Xs[1], step=9)
    new = extend_sequence(made, Xs[2][:5] + 0.1)

    np.testing.assert_allclose(same.coordinates, made[1].coordinates, atol=1e-5)
    assert new.coordinates.shape == (5, 2)
    with pytest.raises(dg.ShapeError, match="3 features, the sequence has 8"):
        extend_sequence(made, Xs[0][:, :3])


def test_three_rows_and_a_moving_window_work_too(sequence):
    Xs, _ = sequence

    few = project_sequence([Xs[0][:3]], method="glassbox", epochs=2)
    moving = project_sequence(Xs, method="glassbox", epochs=2, basis="window", window=2)

    assert few[0].coordinates.shape == (3, 2)
    assert len(moving) == 3
    assert moving.model == {}


def test_progress_may_stop_the_fit(sequence):
    def stop(done, total, what):
        if what == "fitting glassbox" and done >= 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        project_sequence(sequence[0], method="glassbox", epochs=50, progress=stop)
