"""Tests of driftglass.cli._demo and _digits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

import driftglass as dg
from driftglass.cli._ask import Asking
from driftglass.cli._demo import Times, demo, log_training, refine_maps
from driftglass.cli._digits import Network, load_digits, snapshot_steps
from driftglass.server import start


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_the_demo_logs_at_least_forty_snapshots():
    default = next(option.default for option in demo.params if option.name == "steps")
    steps = snapshot_steps(default)

    assert len(steps) >= 40
    assert steps[:4] == [1, 2, 3, 4]
    assert steps[-1] == default


@pytest.mark.parametrize("last", [40, 100, 3000, 20_000])
def test_steps_grow_and_end_where_they_should(last):
    steps = snapshot_steps(last)

    assert all(step < following for step, following in pairwise(steps))
    assert (steps[0], steps[-1]) == (1, last)


def test_digits_have_names_a_split_and_several_kinds_of_metadata(digits):
    metadata = dg.Metadata.from_table(digits.table, ids=digits.ids)

    assert digits.ids[42] == "digit-0042"
    assert digits.training.sum() == 1438
    assert {name: column.kind for name, column in metadata.columns.items()} == {
        "digit": "categorical",
        "split": "categorical",
        "ink": "number",
        "strokes": "set",
    }


def test_hidden_layers_lead_to_the_networks_own_predictions(digits):
    network = Network(digits)
    network.train(5)

    Z = network.spaces()["hidden2"]
    scores = Z @ network._model.coefs_[-1] + network._model.intercepts_[-1]
    assert (scores.argmax(axis=1) == network.probabilities().argmax(axis=1)).all()


def test_the_same_seed_gives_the_same_training(digits):
    first, second, other = (Network(digits, seed) for seed in (0, 0, 1))
    for network in (first, second, other):
        network.train(10)

    assert np.array_equal(first.spaces()["hidden1"], second.spaces()["hidden1"])
    assert not np.array_equal(first.spaces()["hidden1"], other.spaces()["hidden1"])


def test_validation_digits_are_never_learnt_from(digits, monkeypatch):
    network = Network(digits)
    seen = []
    fit = network._model.partial_fit
    monkeypatch.setattr(
        network._model,
        "partial_fit",
        lambda X, y, classes: seen.append(X) or fit(X, y, classes=classes),
    )
    network.train(40)

    held_back = {row.tobytes() for row in digits.X[~digits.training]}
    learnt = {row.tobytes() for batch in seen for row in batch}
    both = {row.tobytes() for row in digits.X[digits.training]} & held_back
    assert learnt & held_back <= both


def test_what_is_logged_is_what_the_network_had(digits, tmp_path):
    network = Network(digits)
    with dg.open(tmp_path).create("run", ids=digits.ids) as run:
        log_training(run, network, 40, asking=None, progress=lambda *_: None)

    last = dg.open(tmp_path).run("run").snapshot("hidden2", 40)
    assert np.array_equal(last.vectors, network.spaces()["hidden2"])


def test_refined_maps_are_kept_where_a_reloaded_page_finds_them(tmp_path):
    store = dg.open(tmp_path / "runs")
    X = np.random.default_rng(0).normal(size=(60, 6))
    with store.create("run") as run:
        for step in range(3):
            run.log(step, {"hidden1": X + step, "hidden2": X * (1 + step)})

    with start(store, port=0, open_browser=False) as serving:
        asking = Asking(serving.url)
        trust = refine_maps(store.run("run"), asking, lambda *_: None)
        kept = asking.ask("/api/runs/run/projections", space="hidden2")

    assert list(trust) == ["hidden1", "hidden2"]
    assert all(0 < value <= 1 for value in trust.values())
    assert [one["recipe"]["method"] for one in kept] == ["refine"]


def test_the_share_of_logging_leaves_looking_out():
    assert Times(training=9.8, looking=5.0, logging=0.2).share == pytest.approx(0.02)


@pytest.mark.slow
def test_the_whole_demo_ends_with_maps_of_both_layers(tmp_path):
    words = ["demo", "--exit", "--json", "--steps", "60", "--port", "0", "--dir", tmp_path / "runs"]
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-m", "driftglass", *map(str, words)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["run"], made["state"], made["n_items"]) == ("digits-mlp", "closed", 1797)
    assert [found["space"] for found in made["projections"]] == ["hidden1"] * 2 + ["hidden2"] * 2
    for found in made["projections"]:
        assert found["n_frames"] == len(snapshot_steps(60))
        assert found["trustworthiness"] > found["null"] + 0.1
    assert len(dg.open(tmp_path / "runs").run("digits-mlp").images) == 1797
