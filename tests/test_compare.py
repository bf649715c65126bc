"""Two runs side by side, and one run that holds both."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

import driftglass as dg
from driftglass.diagnostics import linear_cka, neighbor_overlap
from driftglass.errors import InvalidInputError, NotFoundError

N = 60
STEPS = [0, 1, 2, 4]


def vectors(seed, step, width=6):
    """Noise of its own that turns into three groups, which all runs share."""
    groups = 6 * np.eye(3)[np.arange(N) % 3] @ np.random.default_rng(0).normal(size=(3, width))
    noise = np.random.default_rng([seed, 1]).normal(size=(N, width))
    turn = ortho_group.rvs(width, random_state=seed)
    return ((groups * step / 4 + noise) @ turn).astype(np.float32)


def logged(store, name, seed, steps=STEPS, width=6, ids=None):
    ids = np.arange(N) if ids is None else ids
    with store.create(
        name, ids=ids, labels=np.arange(len(ids)) % 3, classes=["x", "y", "z"]
    ) as run:
        for step in steps:
            scores = np.eye(3)[np.arange(N) % 3 if step else np.zeros(N, dtype=int)]
            run.log(step, {"hidden": vectors(seed, step, width)[: len(ids)]}, scores[: len(ids)])
    return store.run(name)


@pytest.fixture
def store(tmp_path):
    return dg.open(tmp_path / "runs")


@pytest.fixture
def runs(store):
    return logged(store, "sgd", 1), logged(store, "adam", 2)


def test_runs_that_learn_the_same_grow_alike(runs):
    found = dg.compare(*runs)

    assert found.steps.tolist() == STEPS
    assert found.cka[0] == pytest.approx(0.0, abs=0.15)
    assert found.cka[-1] > 0.8
    assert found.procrustes[-1] < found.procrustes_null[-1]
    assert found.unrelated.tolist()[0] is True
    assert not found.unrelated[-1]
    assert found.agreement == {0: 1.0, 1: 1.0, 2: 1.0, 4: 1.0}
    assert set(found.table()) >= {"step", "cka", "mutual_knn", "agreement"}


def test_numbers_are_those_of_the_diagnostics(runs):
    found = dg.compare(*runs)
    X, Y = (run.snapshot("hidden", 2).vectors for run in runs)

    assert found.cka[2] == pytest.approx(linear_cka(X, Y), abs=1e-12)
    np.testing.assert_array_equal(found.shared_neighbors[2], neighbor_overlap(X, Y))
    assert found.cka_map.shape == (4, 4)
    early = linear_cka(X, runs[1].snapshot("hidden", 0).vectors)
    assert found.cka_map[2, 0] == pytest.approx(early, abs=1e-12)


def test_a_run_equals_itself(runs):
    found = dg.compare(runs[0], runs[0])

    np.testing.assert_allclose(found.cka, 1.0)
    assert (found.shared_neighbors == 1).all()


def test_both_come_into_one_frame(runs, store):
    comparison = dg.compare(*runs)
    both = dg.combine(*runs, store, comparison=comparison)

    assert both.name == "sgd-and-adam"
    assert both.steps("hidden") == STEPS
    snapshot = both.snapshot("hidden", 4)
    assert snapshot.ids[0] == "sgd/0"
    assert snapshot.ids[N] == "adam/0"
    first, second = snapshot.vectors[:N], snapshot.vectors[N:]
    np.testing.assert_array_equal(first, runs[0].snapshot("hidden", 4).vectors)
    apart = np.linalg.norm(first - second, axis=1).mean()
    before = np.linalg.norm(first - runs[1].snapshot("hidden", 4).vectors, axis=1).mean()
    assert apart < 0.5 * before
    assert both.metadata["run"].categories == ("adam", "sgd")
    assert both.metadata["shared_neighbors"].value(0) == comparison.shared_neighbors[-1, 0]
    assert both.metadata["label"].value(N + 1) == runs[0].metadata["label"].value(1)


def test_the_second_run_moves_as_it_did(runs, store):
    both = dg.combine(*runs, store)
    there = [both.snapshot("hidden", step).vectors[N:] for step in (2, 4)]
    alone = [runs[1].snapshot("hidden", step).vectors for step in (2, 4)]

    moved = np.linalg.norm(there[1] - there[0], axis=1)
    expected = np.linalg.norm(alone[1] - alone[0], axis=1)
    np.testing.assert_allclose(moved / expected, moved[0] / expected[0], rtol=1e-4)


def test_pooled_leaves_vectors_as_they_are(runs, store):
    both = dg.combine(*runs, store, frame="pooled", name="raw")

    expected = np.vstack([run.snapshot("hidden", 1).vectors for run in runs])
    np.testing.assert_array_equal(both.snapshot("hidden", 1).vectors, expected)


def test_spaces_of_other_widths_are_aligned_but_not_pooled(store):
    runs = logged(store, "narrow", 1), logged(store, "wide", 2, width=9)

    assert dg.compare(*runs).cka[-1] > 0.8
    assert dg.combine(*runs, store).snapshot("hidden", 4).vectors.shape == (2 * N, 9)
    with pytest.raises(InvalidInputError, match="6 and 9 features"):
        dg.combine(*runs, store, frame="pooled", name="x")


def test_only_shared_items_and_steps_are_compared(store):
    runs = logged(store, "long", 1, [0, 3, 5]), logged(store, "short", 2, [3, 4], ids=range(40))
    found = dg.compare(*runs)

    assert found.steps.tolist() == [3]
    assert found.ids.tolist() == list(range(40))


def test_runs_without_a_step_in_common_are_refused(store):
    runs = logged(store, "one", 1, [0, 2]), logged(store, "two", 2, [1, 3])

    with pytest.raises(NotFoundError, match=r"no step in common.*same Schedule"):
        dg.compare(*runs)


def test_runs_of_other_items_are_refused(store):
    runs = logged(store, "one", 1), logged(store, "two", 2, ids=np.arange(1000, 1000 + N))

    with pytest.raises(InvalidInputError, match="share 0 finite items"):
        dg.compare(*runs)
