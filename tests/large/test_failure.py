"""What is lost when workers, schedulers, drivers or partitions fail: their own part, no more."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

import driftglass as dg
from driftglass import InvalidInputError, WorkerError
from driftglass.parallel import opened

from .conftest import clusters, write_shards

STAGES = (
    "reading partitions",
    "measuring spaces",
    "drawing the sample",
    "placing partitions",
    "finding neighbours of anchors",
    "ranking neighbours",
)
SETTINGS = {"rows": 100, "n_fitted": 400, "n_anchors": 40}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    X, labels = clusters(1500)
    return write_shards(tmp_path_factory.mktemp("rows"), X, labels, rows=300)


@pytest.fixture(scope="module")
def reference(folder, tmp_path_factory):
    return result(dg.project_large(folder, tmp_path_factory.mktemp("plain"), **SETTINGS))


def result(made):
    """All bytes of a map, and its trust."""
    frame = dg.project(made.run, method="umap")[0]
    return frame.ids.tobytes(), frame.coordinates.tobytes(), made.quality[0].trustworthiness


class Killer:
    """A progress that kills workers when some results of each stage have come."""

    def __init__(self, executor, moments, seed=0):
        self.executor = executor
        self.moments = moments
        self.chance = random.Random(seed)
        self.killed = dict.fromkeys(STAGES, 0)
        self.due = {}

    def __call__(self, done, total, what):
        if what not in STAGES:
            return
        if what not in self.due:
            self.due[what] = sorted(self.chance.sample(range(total), self.moments))
        while self.due[what] and done >= self.due[what][0]:
            self.due[what].pop(0)
            pids = self.executor.pids
            for pid in self.chance.sample(pids, len(pids)):
                # One that was killed a moment ago may still be listed.
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    self.killed[what] += 1
                    break


@pytest.mark.slow
def test_five_kills_in_each_stage_change_no_bit(folder, reference, tmp_path):
    with opened("processes", n_jobs=2) as executor:
        executor.map(abs, [1, 2])  # so that there are workers from the first moment on
        killer = Killer(executor, moments=5)
        made = dg.project_large(folder, tmp_path, executor=executor, progress=killer, **SETTINGS)

    assert result(made) == reference
    assert sum(killer.killed.values()) >= 4 * len(STAGES)
    assert min(killer.killed.values()) >= 1
    assert made.troubles == ()


@pytest.mark.slow
def test_workers_of_dask_that_are_killed_change_no_bit(folder, reference, tmp_path):
    with opened("dask", n_jobs=2) as executor:
        killer = Killer(executor, moments=1)
        made = dg.project_large(folder, tmp_path, executor=executor, progress=killer, **SETTINGS)

    assert result(made) == reference
    assert sum(killer.killed.values()) >= len(STAGES) - 1


@pytest.mark.parametrize("stage", ["measuring spaces", "placing partitions"])
def test_a_job_that_was_killed_goes_on_where_it_was(folder, reference, tmp_path, stage):
    command = [sys.executable, "-m", "tests.large.watching", str(folder), str(tmp_path), stage]
    died = subprocess.run([*command, "4"], cwd=Path(__file__).parents[2], check=False)
    begun = {}

    def progress(done, total, what):
        begun.setdefault(what, done)

    made = dg.project_large(folder, tmp_path, progress=progress, **SETTINGS)

    assert died.returncode == -signal.SIGKILL
    assert begun["reading partitions"] == 15
    assert begun[stage] >= 4
    assert result(made) == reference
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["large"]


@contextmanager
def scheduler(port=0):
    """A Dask scheduler on loopback; yields its process and address."""
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard",
               "--host", "127.0.0.1", "--port", str(port),
               "--dashboard-address", "127.0.0.1:0"]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        for line in process.stderr:
            if "Scheduler at:" in line:
                yield process, line.split()[-1]
                break
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@contextmanager
def workers(address, tmp_path):
    """Two workers at different addresses, each with a folder of its own and no other in common."""
    pytest.importorskip("distributed")
    processes = []
    for number in (2, 3):
        home = tmp_path / f"machine-{number}"
        home.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address,
                   "--host", f"127.0.0.{number}", "--local-directory", str(home),
                   "--nthreads", "1", "--no-nanny", "--no-dashboard",
                   "--dashboard-address", "127.0.0.1:0"]  # fmt: skip
        environment = {**os.environ, "TMPDIR": str(home), "HOME": str(home)}
        processes.append(
            subprocess.Popen(command, cwd=home, env=environment, stderr=subprocess.DEVNULL)
        )
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def doze(processes):
    """What a laptop that is closed does to a cluster, for a moment."""
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    for process in processes:
        process.send_signal(signal.SIGCONT)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address")
def test_a_cluster_asleep_or_a_scheduler_killed_costs_nothing_that_was_kept(
    folder, reference, tmp_path
):
    store = tmp_path / "runs"
    begun = {}
    with scheduler() as (process, address), workers(address, tmp_path) as asleep:
        slept = []

        def kill(done, total, what):
            if what == "measuring spaces" and done >= 3 and not slept:
                slept.append(what)
                doze([process, *asleep])
            if what == "placing partitions" and done >= 3:
                process.kill()

        with pytest.raises(WorkerError, match="not lost"):
            dg.project_large(folder, store, executor=address, progress=kill, **SETTINGS)

    with scheduler() as (_, address), workers(address, tmp_path):

        def progress(done, total, what):
            begun.setdefault(what, done)

        made = dg.project_large(folder, store, executor=address, progress=progress, **SETTINGS)

    assert slept == ["measuring spaces"]
    assert begun["measuring spaces"] == 15
    assert begun["placing partitions"] >= 3
    assert result(made) == reference


def test_partitions_that_cannot_be_used_are_named_and_left_out(tmp_path, rows):
    X, labels = rows
    folder = write_shards(tmp_path / "rows", X, labels)
    broken = np.load(folder / "part-1.npy")
    broken[[3, 7]] = np.nan
    np.save(folder / "part-1.npy", broken)
    np.save(folder / "part-2.npy", np.full((400, 8), np.inf, dtype=np.float32))
    np.save(folder / "part-7.npy", np.zeros((10, 5), dtype=np.float32))
    (folder / "part-8.npy").write_bytes(b"")
    truncated = (folder / "part-3.npy").read_bytes()[:-40]
    (folder / "part-3.npy").write_bytes(truncated)

    made = dg.project_large(folder, tmp_path / "runs", method="pca", n_anchors=30)

    reasons = {trouble.name: trouble for trouble in made.troubles}
    assert made.n_samples == 400 + 398
    assert set(reasons) == {"part-1.npy", "part-2.npy", "part-3.npy", "part-7.npy", "part-8.npy"}
    assert reasons["part-1.npy"].n_rows == 2
    assert "5 features" in reasons["part-7.npy"].reason
    frame = dg.project(made.run, method="pca")[0]
    assert np.isfinite(frame.coordinates).all()
    assert 403 not in frame.ids


def test_strict_makes_them_fatal(tmp_path, rows):
    folder = write_shards(tmp_path / "rows", *rows)
    np.save(folder / "part-7.npy", np.zeros((10, 5), dtype=np.float32))

    with pytest.raises(InvalidInputError, match=r"part-7\.npy has 5 features"):
        dg.project_large(folder, tmp_path / "runs", method="pca", strict=True)


def test_labels_of_another_length_poison_their_partition_alone(tmp_path, rows):
    folder = write_shards(tmp_path / "rows", *rows)
    np.save(folder / "part-1.labels.npy", np.array(["a", "b"]))

    made = dg.project_large(folder, tmp_path / "runs", method="pca", n_anchors=30)

    assert made.n_samples == 1100
    assert [trouble.name for trouble in made.troubles] == ["part-1.npy"]
