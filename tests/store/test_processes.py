"""Several processes, and the ways a process can end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import driftglass as dg

fork = multiprocessing.get_context("fork")
spawn = multiprocessing.get_context("spawn")


def content(writer, step):
    return np.random.default_rng([writer, step]).standard_normal((50, 8), dtype=np.float32)


def log_fifty(path, writer, barrier, catalog):
    os.environ["DRIFTGLASS_CATALOG"] = catalog
    run = dg.open(path).resume("run", when_full="block")
    barrier.wait(60)
    for step in range(50):
        run.log(step, {f"space {writer}": content(writer, step)}, scalars={f"loss {writer}": step})
    run.close()


@pytest.mark.parametrize("catalog", ["sqlite", "journal"])
def test_eight_writers_write_fifty_snapshots_each(local, catalog, tmp_path):
    local.create("run", ids=range(50), catalog=catalog).close()
    barrier = fork.Barrier(8)
    children = [
        fork.Process(target=log_fifty, args=(str(local.path), writer, barrier, catalog))
        for writer in range(8)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    run = dg.open(local.path).run("run")
    same = [
        np.array_equal(run.snapshot(f"space {writer}", step).vectors, content(writer, step))
        for writer in range(8)
        for step in range(50)
    ]

    assert [child.exitcode for child in children] == [0] * 8
    assert sum(same) == 400
    assert all(len(run.scalars()[f"loss {writer}"][0]) == 50 for writer in range(8))
    assert run.verify().ok
    assert run.state == "closed"


def log_rank(path, rank, barrier):
    run = dg.open(path).create("run", rank=rank, world_size=4, ids=range(40))
    barrier.wait(60)
    for step in range(5):
        ids = np.arange(rank, 40, 4)
        padded = np.append(ids, ids[0]) if rank == 1 else np.append(ids, (rank + 1) % 4)
        run.log(step, {"hidden": vectors_of(padded, step)}, padded % 7, ids=padded)
    run.close()


def vectors_of(ids, step):
    return (np.asarray(ids)[:, None] * np.ones(3) + step).astype(np.float32)


def test_ranks_make_one_snapshot_and_padding_is_dropped(local):
    barrier = fork.Barrier(4)
    children = [fork.Process(target=log_rank, args=(str(local.path), r, barrier)) for r in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    run = dg.open(local.path).run("run")
    snapshot = run.snapshot("hidden", 3)
    info = run.describe("hidden")[3]

    assert sorted(snapshot.ids.tolist()) == list(range(40))
    assert np.array_equal(snapshot.vectors, vectors_of(snapshot.ids, 3))
    assert (info.ranks_present, info.ranks_expected, info.complete) == (4, 4, True)
    assert info.n_duplicates == 1
    assert snapshot.n_duplicates == 4
    assert run.predictions(3).predicted.tolist() == (run.predictions(3).ids % 7).tolist()
    assert [info.attempt for info in run.describe("hidden")] == [1] * 5


def test_missing_ranks_are_told_and_the_rows_there_are_shown(local):
    first = local.create("run", rank=0, world_size=3, ids=range(9))
    second = local.resume("run", rank=1, world_size=3)
    first.log(0, {"hidden": vectors_of(range(3), 0)}, ids=range(3), wait=True)
    second.log(0, {"hidden": vectors_of(range(3, 6), 0)}, ids=range(3, 6), wait=True)
    info = local.run("run").describe("hidden")[0]

    assert (info.ranks_present, info.ranks_expected, info.complete) == (2, 3, False)
    assert local.run("run").snapshot("hidden", 0).ids.tolist() == [0, 1, 2, 3, 4, 5]
    first.close()
    second.close()


def test_ranks_need_ids(local):
    run = local.create("run", rank=0, world_size=2)
    with pytest.warns(dg.DriftglassWarning, match="one of 2 ranks.*Pass ids="):
        _ = run.log(0, {"hidden": vectors_of(range(3), 0)}), run.flush()
    run.close()


def test_ranks_of_a_new_session_make_a_new_attempt(local):
    def session(ranks, state):
        runs = [local.resume("run", rank=rank, world_size=2) for rank in (0, 1)]
        for rank in ranks:
            ids = range(rank * 3, rank * 3 + 3)
            runs[rank].log(7, {"hidden": vectors_of(ids, 7)}, ids=ids, wait=True)
        for run in runs:
            run._recording.close(state)

    local.create("run", ids=range(6)).close()
    session([0], "interrupted")
    session([1, 0], "closed")
    info = local.run("run").describe("hidden")[0]

    assert (info.attempt, info.ranks_present) == (2, 2)
    assert len(local.run("run").snapshot("hidden", 7).ids) == 6


def test_a_reader_beside_a_writer_sees_whole_snapshots_only(local):
    run = local.create("run", ids=range(50))
    child = fork.Process(target=log_beside, args=(str(local.path),))
    child.start()
    n_opens, seen = 0, 0
    while child.is_alive() or n_opens == 0:
        reader = dg.open(local.path, read_only=True).run("run")
        for step in (reader.steps("hidden") if "hidden" in reader.spaces else [])[-2:]:
            assert np.array_equal(reader.snapshot("hidden", step).vectors, content(0, step))
            seen = max(seen, step)
        n_opens += 1
    child.join()

    assert child.exitcode == 0
    assert n_opens > 5
    assert local.run("run").steps("hidden")[-1] == 199
    run.close()


def log_beside(path):
    with dg.open(path).resume("run", when_full="block") as run:
        for step in range(200):
            run.log(step, {"hidden": content(0, step)}, wait=step % 10 == 0)


def test_a_forked_child_becomes_a_writer_of_its_own(local):
    run = local.create("run", ids=range(50))
    run.log(0, {"parent": content(0, 0)})

    def train():
        for step in range(3):
            run.log(step, {"child": content(1, step)})
        run.flush()

    child = fork.Process(target=train)
    child.start()
    child.join(60)
    run.log(1, {"parent": content(0, 1)})
    reader = dg.open(local.path).run("run")
    run.flush()

    assert child.exitcode == 0
    assert reader.steps("child") == [0, 1, 2]
    assert reader.steps("parent") == [0, 1]
    assert np.array_equal(reader.snapshot("child", 2).vectors, content(1, 2))
    assert reader.state == "writing"
    run.close()
    assert reader.state == "closed"
    assert reader.verify().ok


def test_a_forked_child_that_logs_nothing_leaves_the_parent_alone(local):
    run = local.create("run", ids=range(50))
    run.log(0, {"hidden": content(0, 0)})
    child = fork.Process(target=lambda: None)
    child.start()
    child.join(60)
    run.log(1, {"hidden": content(0, 1)})

    assert child.exitcode == 0
    assert run.steps() == [0, 1]
    assert local.run("run").state == "writing"
    run.close()


def test_a_child_can_read_what_its_parent_opened(logged):
    expected = logged.snapshot("hidden", 1).vectors.copy()
    answers = fork.SimpleQueue()
    child = fork.Process(
        target=lambda: answers.put(np.array_equal(logged.snapshot("hidden", 1).vectors, expected))
    )
    child.start()
    child.join(60)

    assert answers.get()
    assert np.array_equal(logged.snapshot("hidden", 1).vectors, expected)


SCRIPT = """
    import os, signal, sys, time
    import numpy as np
    import driftglass as dg

    run = dg.open(sys.argv[1]).create("run", ids=range(4))
    for step in range(5):
        run.log(step, {"hidden": np.full((4, 2), step, np.float32)}, scalars={"loss": step})
"""


def run_script(path, ending):
    script = textwrap.dedent(SCRIPT) + textwrap.dedent(ending)
    return subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60
    )


ENDINGS = {
    "nothing": ("", 0, "closed"),
    "exit": ("sys.exit(3)", 3, "closed"),
    "exception": ("raise ValueError('diverged')", 1, "interrupted"),
    "terminated": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", -15, "interrupted"),
    "interrupted": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(30)", -2, "interrupted"),
    "killed after a flush": (
        "run.flush(); os.kill(os.getpid(), signal.SIGKILL)",
        -9,
        "interrupted",
    ),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_a_script_may_end_in_any_way(local, case):
    ending, code, state = ENDINGS[case]
    result = run_script(local.path, ending)
    run = local.run("run")

    assert result.returncode == code, result.stderr
    assert run.steps() == [0, 1, 2, 3, 4]
    assert run.snapshot("hidden", 4).vectors.tolist() == [[4, 4]] * 4
    assert run.state == state


def test_a_killed_run_is_resumed_without_repair(local):
    run_script(local.path, "run.flush(); os.kill(os.getpid(), signal.SIGKILL)")
    with local.resume("run") as run:
        run.log(5, {"hidden": np.full((4, 2), 5, np.float32)})

    assert local.run("run").steps() == [0, 1, 2, 3, 4, 5]
    assert local.run("run").state == "closed"
    assert local.run("run").verify().ok


def test_a_program_that_handles_sigterm_itself_is_left_alone(tmp_path):
    script = """
        import os, signal, sys
        import driftglass as dg
        signal.signal(signal.SIGTERM, lambda *_: print("mine", flush=True))
        run = dg.open(sys.argv[1]).create("run")
        os.kill(os.getpid(), signal.SIGTERM)
        print(run.state)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "runs")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert result.stdout.split() == ["mine", "writing"]


def log_spawned(path, rank):
    run = dg.open(path).create("run", rank=rank, world_size=2, ids=range(6))
    ids = np.arange(rank, 6, 2)
    run.log(0, {"hidden": vectors_of(ids, 0)}, ids=ids)
    run.close()


def test_spawned_ranks_find_the_run_that_rank_0_makes(local):
    late = spawn.Process(target=log_spawned, args=(str(local.path), 1))
    late.start()
    time.sleep(0.2)
    first = spawn.Process(target=log_spawned, args=(str(local.path), 0))
    first.start()
    late.join(60)
    first.join(60)

    assert (late.exitcode, first.exitcode) == (0, 0)
    assert sorted(local.run("run").snapshot("hidden", 0).ids.tolist()) == list(range(6))


def test_a_rank_does_not_wait_for_ever(local):
    begun = time.monotonic()
    with pytest.raises(dg.NotFoundError, match="No run named 'run'"):
        local.resume("run", rank=1, world_size=2, timeout=0.2)

    assert time.monotonic() - begun < 5


def test_signals_are_left_as_they_were_where_nothing_is_written():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
