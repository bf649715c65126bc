"""Logging is bounded in time and memory, and says what it drops."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from driftglass.errors import DriftglassWarning, StoreError
from driftglass.store._writer import BackgroundWriter


class Gate:
    """Work that waits until it is let through, or fails on demand."""

    def __init__(self):
        self.open = threading.Event()
        self.open.set()
        self.done = []
        self.error = None

    def __call__(self, job):
        self.open.wait(10)
        if self.error is not None:
            raise self.error
        self.done.append(job)


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def writer(gate):
    writer = BackgroundWriter(gate, lambda: None, limit_bytes=1000)
    yield writer
    gate.open.set()
    gate.error = None
    writer.stop(5)


def put(writer, job, nbytes, wait=0.0):
    return writer.reserve(nbytes, wait) and writer.submit(job, nbytes)


def test_jobs_are_done_in_order(writer, gate):
    for job in range(50):
        assert put(writer, job, 1)

    assert writer.drain(5)
    assert gate.done == list(range(50))
    assert writer.n_pending == 0


def test_memory_is_bounded(writer, gate):
    gate.open.clear()
    taken = [put(writer, job, 300) for job in range(5)]
    gate.open.set()

    assert taken == [True, True, True, False, False]
    assert writer.drain(5)
    assert put(writer, 9, 300)


def test_two_jobs_beyond_the_limit_fit_and_a_third_does_not(writer, gate):
    gate.open.clear()

    assert [put(writer, job, 5000) for job in range(3)] == [True, True, False]


def test_waiting_for_room_ends_when_there_is_some(writer, gate):
    gate.open.clear()
    for job in range(3):
        put(writer, job, 300)
    threading.Timer(0.05, gate.open.set).start()

    assert put(writer, 3, 300, wait=5)


def test_waiting_for_room_is_bounded(writer, gate):
    gate.open.clear()
    for job in range(3):
        put(writer, job, 300)
    begun = time.monotonic()

    assert not put(writer, 3, 300, wait=0.1)
    assert time.monotonic() - begun < 2


def test_a_failed_job_is_tried_again_and_keeps_its_place(writer, gate):
    gate.error = OSError("no space")
    put(writer, 1, 10)
    put(writer, 2, 10)

    assert not writer.drain(5)
    assert isinstance(writer.failure, OSError)
    assert gate.done == []
    gate.error = None
    assert writer.drain(5)
    assert gate.done == [1, 2]
    assert writer.failure is None
    assert writer.n_failures >= 1


def test_nobody_waits_for_room_while_writing_fails(writer, gate):
    gate.error = OSError("no space")
    put(writer, 1, 600)
    writer.drain(5)
    begun = time.monotonic()

    assert not put(writer, 2, 2000, wait=30) or not put(writer, 3, 2000, wait=30)
    assert time.monotonic() - begun < 2


def test_draining_can_be_given_up(writer, gate):
    gate.open.clear()
    put(writer, 1, 10)

    assert not writer.drain(0.05)


def test_stopping_returns_what_could_not_be_done(gate):
    writer = BackgroundWriter(gate, lambda: None, limit_bytes=1000)
    gate.error = OSError("no space")
    put(writer, 1, 10)
    put(writer, 2, 10)

    assert writer.stop(5) == [1, 2]
    assert not writer.submit(3, 0)


def test_ticks_come_while_idle(gate):
    ticked = threading.Event()
    writer = BackgroundWriter(gate, ticked.set, limit_bytes=1000)
    put(writer, 1, 1)

    assert ticked.wait(5)
    writer.stop(5)


@pytest.fixture
def stalled(local, monkeypatch):
    """A run whose disk does nothing until it is let through."""
    gate = threading.Event()

    def make(**options):
        run = local.create("run", ids=range(100), **options)
        recording = run._recording
        recording.queue_bytes = recording._background.limit_bytes = 10_000
        write = recording.writer.write
        monkeypatch.setattr(recording.writer, "write", lambda job: (gate.wait(20), write(job)))
        return run, gate

    yield make
    gate.set()


BIG = np.zeros((100, 25), np.float32)  # 10,000 bytes: two fill the queue


def test_a_full_queue_drops_counts_and_warns_once(stalled):
    run, gate = stalled()
    assert run.log(0, {"h": BIG})
    assert run.log(1, {"h": BIG})
    with pytest.warns(
        DriftglassWarning, match=r"step 2 was not logged.*when_full=\"block\""
    ) as seen:
        dropped = [run.log(step, {"h": BIG}, scalars={"loss": step}) for step in (2, 3, 4)]
    gate.set()
    run.flush()

    assert dropped == [False] * 3
    assert len(seen) == 1
    assert run.write_report().n_dropped == 3
    assert run.steps() == [0, 1]
    assert run.scalars()["loss"][0].tolist() == [2, 3, 4]
    assert any("3 snapshots of steps 2 to 4 had to be dropped" in note for note in run.notes())
    assert [event.count for event in run.events() if event.kind == "dropped"] == [3]
    run.close()


def test_blocking_waits_and_loses_nothing(stalled):
    run, gate = stalled(when_full="block")
    threading.Timer(0.1, gate.set).start()
    for step in range(6):
        assert run.log(step, {"h": BIG})

    assert run.steps() == list(range(6))
    run.close()


def test_blocking_is_bounded(stalled):
    run, gate = stalled(when_full="block")
    run._recording.block_seconds = 0.05
    with pytest.warns(DriftglassWarning, match="was not logged"):
        accepted = [run.log(step, {"h": BIG}) for step in range(3)]
    gate.set()

    assert accepted == [True, True, False]
    run.close()


def test_raising_is_possible(stalled):
    run, gate = stalled(when_full="raise")
    run.log(0, {"h": BIG})
    run.log(1, {"h": BIG})
    with pytest.raises(StoreError, match="step 2 was not logged"):
        run.log(2, {"h": BIG})
    gate.set()
    run.close()


def test_log_returns_while_the_disk_stalls(stalled):
    run, gate = stalled()
    begun = time.perf_counter()
    run.log(0, {"h": BIG})
    run.log(1, {"h": BIG})
    seconds = time.perf_counter() - begun
    gate.set()

    assert seconds < 0.2
    assert run.write_report().n_pending <= 2
    run.close()


def test_many_small_records_are_never_dropped(local):
    run = local.create("run")
    for step in range(2000):
        run.log(step, scalars={"loss": step})
    run.flush()

    assert len(run.scalars()["loss"][0]) == 2000
    assert run.write_report().n_dropped == 0
    run.close()


def test_several_threads_may_log(local):
    run = local.create("run", ids=range(100))

    def train(first):
        for step in range(first, first + 20):
            run.log(step, {"h": BIG + step})

    threads = [threading.Thread(target=train, args=(n * 20,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert run.steps() == list(range(80))
    assert all((run.snapshot("h", step).vectors == step).all() for step in range(80))
    run.close()
