import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from driftglass.errors import NotFoundError
from driftglass.server import _jobs
from driftglass.server._errors import TooBusyError
from driftglass.server._jobs import Jobs

COMMAND = (sys.executable, str(Path(__file__).with_name("odd_worker.py")))


class Watched:
    """Jobs together with everything they said."""

    def __init__(self, **options):
        self.said = []
        self.changed = threading.Condition()
        self.jobs = Jobs(self.hear, command=COMMAND, **options)
        self.count = 0

    def hear(self, job):
        with self.changed:
            self.said.append(job.to_dict())
            self.changed.notify_all()

    def submit(self, kind, **task):
        self.count += 1
        topic = (task.pop("topic", f"topic {self.count}"),)
        return self.jobs.submit(topic, {"kind": kind, **task})

    def until(self, condition, seconds=20):
        with self.changed:
            assert self.changed.wait_for(condition, seconds)

    def finish(self, job):
        self.until(lambda: job.finished and job.seconds is not None)
        return job


@pytest.fixture
def watched():
    watched = Watched()
    yield watched
    watched.jobs.close()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_job_reports_progress_and_its_result(watched):
    job = watched.finish(watched.submit("nap", seconds=0.5))

    assert (job.state, job.result, job.progress) == ("done", "rested", 1.0)
    states = [said["state"] for said in watched.said if said["id"] == job.id]
    assert states[0] == "queued"
    assert states[-1] == "done"
    progress = [said["progress"] for said in watched.said if said["message"] == "napping"]
    assert progress == sorted(progress)
    assert len(progress) >= 3


def test_what_libraries_print_does_not_disturb(watched):
    assert watched.finish(watched.submit("noise")).result == "heard"


@pytest.mark.parametrize(
    ("kind", "expected", "words"),
    [
        ("refuse", "invalid", "all alike"),
        ("fault", "internal", "ZeroDivisionError"),
        ("hungry", "memory", "memory of this machine"),
        ("leave", "crashed", "code 3"),
    ],
)
def test_a_job_that_fails_says_why(watched, kind, expected, words):
    job = watched.finish(watched.submit(kind))

    assert (job.state, job.kind) == ("failed", expected)
    assert words in job.message


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    ("name", "words"), [("SIGKILL", "memory"), ("SIGSEGV", "numerical library crashed")]
)
def test_a_child_that_dies_costs_one_job(watched, name, words):
    other = watched.submit("nap", seconds=1)
    killed = watched.finish(watched.submit("die", signal=name))

    assert (killed.state, killed.kind) == ("failed", "crashed")
    assert name in killed.message
    assert words in killed.message
    assert watched.finish(other).state == "done"
    assert watched.finish(watched.submit("who")).state == "done"


def test_cancel_ends_the_child_at_once(watched):
    job = watched.submit("nap", seconds=60)
    watched.until(lambda: job.message == "napping")
    pid = watched.jobs._children[job.id].pid
    began = time.monotonic()

    watched.jobs.cancel(job.id)
    watched.finish(job)

    assert job.state == "cancelled"
    assert time.monotonic() - began < 2
    assert not alive(pid)


def test_cancelling_a_waiting_job_starts_nothing(watched):
    running = [watched.submit("nap", seconds=60) for _ in range(2)]
    waiting = watched.submit("who")

    watched.jobs.cancel(waiting.id)
    for job in running:
        watched.jobs.cancel(job.id)

    assert waiting.state == "cancelled"
    assert waiting.result is None
    assert watched.jobs.cancel(waiting.id).state == "cancelled"


def test_a_finished_job_cannot_be_cancelled(watched):
    job = watched.finish(watched.submit("who"))

    assert watched.jobs.cancel(job.id).state == "done"


def test_no_more_than_two_run_at_a_time(watched):
    jobs = [watched.submit("nap", seconds=0.3) for _ in range(5)]
    for job in jobs:
        watched.finish(job)

    running, most = set(), 0
    for said in watched.said:
        (running.add if said["state"] == "running" else running.discard)(said["id"])
        most = max(most, len(running))
    assert most == 2
    assert [job.state for job in jobs] == ["done"] * 5


def test_a_second_request_for_the_same_joins_the_first(watched):
    first = watched.submit("nap", seconds=0.3, topic="map")
    second = watched.submit("nap", seconds=0.3, topic="map")
    watched.finish(first)
    third = watched.submit("who", topic="map")

    assert second is first
    assert third is not first
    assert watched.jobs.find(("map",)) is third


def test_the_queue_has_an_end(watched, monkeypatch):
    monkeypatch.setattr(_jobs, "MAX_QUEUED", 2)
    for _ in range(4):
        watched.submit("nap", seconds=60)

    with pytest.raises(TooBusyError, match="2 computations wait"):
        watched.submit("who")


def test_a_job_that_takes_too_long_is_stopped():
    watched = Watched(job_seconds=1.0)
    job = watched.finish(watched.submit("nap", seconds=60))
    watched.jobs.close()

    assert (job.state, job.kind) == ("failed", "timeout")
    assert "longer than 1 s" in job.message


def test_a_child_is_used_again_until_it_fails(watched):
    first = watched.finish(watched.submit("who"))
    second = watched.finish(watched.submit("who"))
    watched.finish(watched.submit("fault"))
    third = watched.finish(watched.submit("who"))

    assert first.result == second.result
    assert third.result != first.result


def test_a_child_that_died_while_idle_costs_nothing(watched):
    pid = int(watched.finish(watched.submit("who")).result)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while watched.jobs._idle[0][0].alive and time.monotonic() < deadline:
        time.sleep(0.01)

    assert watched.finish(watched.submit("who")).state == "done"


def test_closing_ends_every_child(watched):
    idle = int(watched.finish(watched.submit("who")).result)
    job = watched.submit("nap", seconds=60)
    watched.until(lambda: job.message == "napping")
    busy = watched.jobs._children[job.id].pid

    watched.jobs.close()
    watched.finish(job)

    assert job.state == "cancelled"
    assert not alive(busy)
    assert not alive(idle)


def test_only_the_last_jobs_are_remembered(watched, monkeypatch):
    monkeypatch.setattr(_jobs, "MAX_REMEMBERED", 2)
    jobs = [watched.finish(watched.submit("who")) for _ in range(4)]

    assert [job.id for job in watched.jobs.all()] == [jobs[2].id, jobs[3].id]
    with pytest.raises(NotFoundError, match="no job"):
        watched.jobs.get(jobs[0].id)
