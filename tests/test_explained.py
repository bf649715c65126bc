"""Explanations kept with a run: read again without the network, and adding up as they did."""

from __future__ import annotations

import numpy as np
import pytest

import driftglass as dg
from driftglass import NotFoundError, _explained
from driftglass._explained import Way, explained, keep_explanation, kind_of_map
from driftglass._explained_answers import (
    describe_rows,
    feature_contributions,
    feature_shares,
    winning_features,
)
from driftglass._explained_rows import Kept

pytest.importorskip("torch")
NAMES = tuple("abcdef")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of which one feature of one item changes, its network's map, and the key of it."""
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(90, 6)) + 2.5 * np.repeat(np.eye(3, 6), 30, axis=0)).astype(np.float32)
    moved = X.copy()
    moved[7, 4] += 9.0
    folder = tmp_path_factory.mktemp("runs")
    with dg.open(folder).create("walk", ids=np.arange(90)) as run:
        run.log(0, spaces={"hidden": X})
        run.log(10, spaces={"hidden": moved})
    run = dg.open(folder).run("walk")
    sequence = dg.project(run, method="glassbox", epochs=20)
    key = next(key for key in run.cache.keys() if key.startswith("projection-"))  # noqa: SIM118
    return run, sequence, key


@pytest.fixture(scope="module")
def kept(made):
    run, _, key = made
    keep_explanation(run, Way(key, 10))
    return explained(run, Way(key, 10))


def test_nothing_is_computed_by_looking(made):
    run, _, key = made

    assert kind_of_map(run, key) == "network"
    assert explained(run, Way(key, 0, attribution="local")) is None


def test_every_row_adds_up_to_where_the_map_has_it(made, kept):
    _, sequence, _ = made
    rows = np.arange(90)

    offset, rest, there, residual = kept.sums(rows)
    sums = kept.block(rows).sum(axis=2) + offset + rest
    np.testing.assert_allclose(sums, sequence.at(10).coordinates, atol=1e-4)
    np.testing.assert_allclose(there, sequence.at(10).coordinates)
    assert residual.max() <= 1e-5
    assert describe_rows(kept, rows, NAMES)["exact"]


def test_it_is_what_explain_says(made, kept):
    run, _, _ = made
    told = dg.explain(run, ids=[7], step=10, method="glassbox", epochs=20, top=6)

    described = describe_rows(kept, np.array([7]), NAMES, top=6)
    for mine, other in zip(described["axes"], told["axes"], strict=True):
        assert mine["coordinate"] == pytest.approx(other["coordinate"], abs=1e-5)
        assert [one["index"] for one in mine["features"]] == [
            one["index"] for one in other["features"]
        ]
        assert [one["contribution"] for one in mine["features"]] == pytest.approx(
            [one["contribution"] for one in other["features"]], abs=1e-4
        )


def test_the_way_between_two_steps_is_kept_on_its_own(made):
    run, sequence, key = made
    keep_explanation(run, Way(key, 10, since=0))
    found = explained(run, Way(key, 10, since=0))

    described = describe_rows(found, np.array([7]), NAMES)
    moved = sequence.at(10).coordinates[7] - sequence.at(0).coordinates[7]
    for axis, by in zip(described["axes"], moved, strict=True):
        assert axis["sum"] - axis["offset"] == pytest.approx(float(by), abs=1e-4)
        assert [one["index"] for one in axis["features"]] == [4]


def test_of_many_features_the_largest_are_kept_and_the_rest_is_added_up(made, kept, monkeypatch):
    run, _, key = made
    monkeypatch.setattr(_explained, "KEPT_BYTES", 0)
    monkeypatch.setattr(_explained, "KEPT_FEATURES", 2)
    monkeypatch.setattr(_explained, "_key", lambda run, way: "explanation-few")
    keep_explanation(run, Way(key, 10))
    few = explained(run, Way(key, 10))

    assert isinstance(few, Kept)
    assert few.arrays["contributions"].shape == (90, 2, 2)
    rows = np.arange(90)
    whole, some = kept.block(rows), few.block(rows)
    lengths = np.linalg.norm(whole, axis=1)
    listed = np.linalg.norm(some, axis=1) > 0
    assert (listed.sum(axis=1) <= 2).all()
    assert (winning_features(few) == lengths.argmax(axis=1)).all()
    np.testing.assert_allclose(some[listed[:, None, :].repeat(2, axis=1)],
                               whole[listed[:, None, :].repeat(2, axis=1)], atol=1e-5)  # fmt: skip
    offset, rest, there, _ = few.sums(rows)
    np.testing.assert_allclose(some.sum(axis=2) + offset + rest, there, atol=1e-4)
    described = describe_rows(few, np.array([3]), NAMES)["axes"][0]
    assert described["sum"] == pytest.approx(described["coordinate"], abs=1e-4)


def test_one_feature_of_every_row_and_its_share(kept):
    block = kept.block(np.arange(90))

    np.testing.assert_allclose(feature_contributions(kept, 2, 1), block[:, 1, 2], atol=1e-6)
    lengths = np.linalg.norm(block, axis=1)
    np.testing.assert_allclose(
        feature_contributions(kept, 2, None), lengths[:, 2], rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(feature_shares(kept), lengths.sum(axis=0) / lengths.sum(), rtol=1e-6)


def test_a_map_that_is_not_kept_is_said_to_be_missing(made):
    run, _, key = made

    with pytest.raises(NotFoundError, match="There is no projection 'nope'"):
        explained(run, Way("nope", 10))
    with pytest.raises(NotFoundError, match="No step named 7"):
        keep_explanation(run, Way(key, 7))
