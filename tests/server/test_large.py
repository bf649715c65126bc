"""A run that was written in prefix order is shown in it, without being ordered again."""

from __future__ import annotations

import numpy as np

import driftglass as dg
from driftglass._ordered import read_order
from driftglass.server._library import Library
from driftglass.server._projected import coordinates_of


def made(folder, method="pca"):
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=900)
    X = (rng.normal(size=(900, 5)) + 6 * labels[:, None]).astype(np.float32)
    rows = folder / "rows"
    rows.mkdir()
    for number in range(3):
        part = slice(300 * number, 300 * number + 300)
        np.save(rows / f"{number}.npy", X[part])
        np.save(rows / f"{number}.labels.npy", labels[part].astype(str))
    run = dg.project_large(rows, folder / "runs", method=method, n_fitted=200, n_anchors=60).run
    return run, labels


def test_the_rows_are_those_of_the_files_and_every_prefix_is_a_fair_sample(tmp_path):
    run, labels = made(tmp_path)

    reading = Library(dg.open(tmp_path / "runs")).reading("large")

    np.testing.assert_array_equal(reading.rows.ids, run.ids[: len(reading.rows)])
    assert sorted(reading.rows.ids.tolist()) == list(range(900))
    assert set(labels[reading.rows.ids[:4]]) == {0, 1, 2, 3}
    for n in (90, 300, 600):
        shares = np.bincount(labels[reading.rows.ids[:n]], minlength=4) / n
        np.testing.assert_allclose(shares, np.bincount(labels) / 900, atol=0.04)


def test_places_and_trust_are_those_that_were_kept(tmp_path):
    run, _ = made(tmp_path)
    reading = Library(dg.open(tmp_path / "runs")).reading("large")
    frame = dg.project(run, method="pca")[0]
    key = next(key for key in reading.run.cache.keys() if key.startswith("projection-"))  # noqa: SIM118

    coordinates, trust = coordinates_of(reading, key, 0)

    np.testing.assert_array_equal(coordinates, frame.coordinates)
    assert (trust != 255).sum() == frame.quality.n_anchors
    known = dict(zip(frame.quality.ids.tolist(), frame.quality.point_trust, strict=True))
    for row in np.flatnonzero(trust != 255)[:10]:
        assert abs(trust[row] / 254 - known[int(reading.rows.ids[row])]) < 0.003


def test_labels_come_with_the_rows(tmp_path):
    _, labels = made(tmp_path)

    reading = Library(dg.open(tmp_path / "runs")).reading("large")

    column = reading.column("label")
    shown = [column.value(row) for row in range(50)]
    assert shown == [str(labels[item]) for item in reading.rows.ids[:50]]


def test_what_is_logged_later_makes_the_server_order_again(tmp_path):
    run, _ = made(tmp_path)
    assert read_order(run, run.revision) is not None

    with dg.open(tmp_path / "runs").resume("large") as more:
        more.log(1, {"vectors": np.zeros((3, 5), dtype=np.float32)}, ids=[5000, 5001, 5002])

    reading = Library(dg.open(tmp_path / "runs")).reading("large")
    assert not reading.rows.as_logged
    assert len(reading.rows) == 903


def test_several_steps_become_frames_of_one_map(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 5)).astype(np.float32)

    made = dg.project_large({0: X, 10: 2 * X}, tmp_path, method="pca", rows=200, n_anchors=50)

    sequence = dg.project(made.run, method="pca")
    assert sequence.steps == [0, 10]
    np.testing.assert_allclose(
        sequence[1].coordinates - sequence[1].coordinates.mean(axis=0),
        2 * (sequence[0].coordinates - sequence[0].coordinates.mean(axis=0)),
        atol=1e-4,
    )
