"""A child born while another thread is in the middle of a commit can log at once."""

import multiprocessing
import threading

import numpy as np
import pytest

import driftglass as dg
from driftglass.store._forks import apart_from_forks

fork = multiprocessing.get_context("fork")


def test_a_fork_waits_for_whoever_is_inside():
    inside, may_leave, forked = threading.Event(), threading.Event(), threading.Event()

    def stay():
        with apart_from_forks():
            inside.set()
            may_leave.wait(30)

    def give_birth():
        child = fork.Process(target=lambda: None)
        child.start()
        forked.set()
        child.join(30)

    threads = [threading.Thread(target=stay), threading.Thread(target=give_birth)]
    threads[0].start()
    inside.wait(30)
    threads[1].start()
    early = forked.wait(0.2)
    may_leave.set()
    for thread in threads:
        thread.join(30)

    assert not early
    assert forked.is_set()


def test_a_thread_that_is_inside_can_fork():
    with apart_from_forks(), apart_from_forks():
        child = fork.Process(target=lambda: None)
        child.start()
    child.join(30)

    assert child.exitcode == 0


@pytest.mark.slow
def test_children_born_while_the_parent_writes_can_log(local):
    run = local.create("run", ids=range(20))
    vectors = np.ones((20, 4), np.float32)

    def train(number):
        run.log(number, {f"child-{number}": vectors})
        run.flush()

    codes = []
    for number in range(40):
        for step in range(5):
            run.log(number * 5 + step, {"parent": vectors}, scalars={"loss": 1.0})
        child = fork.Process(target=train, args=(number,))
        child.start()
        child.join(30)
        codes.append(child.exitcode)
        child.kill()
    run.close()

    assert codes == [0] * 40
    assert len(dg.open(local.path).run("run").spaces) == 41
