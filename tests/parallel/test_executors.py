from __future__ import annotations

import functools
import os
import socket

import pytest

from driftglass import InvalidInputError, WorkerError
from driftglass.parallel import Dask, Executor, Processes, Threads, opened

from . import workers

KINDS = ["threads", "processes", "dask"]


@pytest.fixture(scope="module", params=KINDS)
def executor(request):
    with opened(request.param, n_jobs=2) as running:
        yield running


def test_each_is_an_executor_with_as_many_workers_as_were_asked_for(executor):
    assert isinstance(executor, Executor)
    assert executor.n_workers == 2


def test_map_keeps_the_order_of_the_items(executor):
    assert executor.map(abs, [-3, 2, -1]) == [3, 2, 1]


def test_a_stream_says_which_item_each_result_is_of(executor):
    found = dict(executor.stream(workers.times, range(20), shared=3))

    assert found == {number: 3 * number for number in range(20)}


def test_what_is_shared_may_change_between_streams(executor):
    first = dict(executor.stream(workers.times, [1, 2], shared=10))
    second = dict(executor.stream(workers.times, [1, 2], shared=100))

    assert (first, second) == ({0: 10, 1: 20}, {0: 100, 1: 200})


def test_an_error_of_the_function_reaches_the_caller(executor):
    with pytest.raises(ValueError, match="not 1"):
        dict(executor.stream(workers.refusing, [1]))


def test_a_stream_of_nothing_ends(executor):
    assert list(executor.stream(abs, [])) == []


def test_an_executor_that_is_open_stays_open(executor):
    with opened(executor) as same:
        assert same is executor

    assert executor.map(abs, [-1]) == [1]


@pytest.mark.parametrize("kind", [Processes, lambda n: Dask(n_workers=n)])
def test_items_of_workers_that_die_are_given_to_others(kind, tmp_path):
    with kind(2) as executor:
        found = dict(executor.stream(workers.killed_once, range(7), shared=str(tmp_path)))

    assert found == {number: number for number in range(7)}


def test_an_item_that_every_process_dies_of_is_blamed():
    with pytest.raises(WorkerError, match="item 0"), Processes(1) as executor:
        executor.map(workers.deadly, [4])


def test_processes_are_others_than_this_one():
    with Processes(2) as executor:
        pids = set(executor.map(workers.pid_after, range(8)))

    assert os.getpid() not in pids
    assert len(pids) == 2


def test_a_cluster_started_for_the_call_listens_to_this_machine_alone():
    with Dask(n_workers=1) as executor:
        scheduler = executor._cluster.scheduler_address
        worker = next(iter(executor._client.scheduler_info()["workers"]))

        assert scheduler.startswith("tcp://127.0.0.1:")
        assert worker.startswith("tcp://127.0.0.1:")
        assert all(where == "127.0.0.1" for where in _listening(executor.pids))


def _listening(pids):
    """Addresses that processes listen at, this one included."""
    import psutil

    return [
        one.laddr.ip
        for pid in [os.getpid(), *pids]
        for one in psutil.Process(pid).net_connections("tcp")
        if one.status == psutil.CONN_LISTEN
    ]


def test_a_client_that_is_given_is_used_and_not_closed():
    with Dask(n_workers=1) as executor:
        client = executor._client
        with opened(client) as other:
            found = other.map(abs, [-5])

        assert found == [5]
        assert client.status == "running"


def test_an_address_without_a_scheduler_says_how_to_start_one(monkeypatch):
    monkeypatch.setattr("driftglass.parallel._dask.SECONDS", 0.3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(WorkerError, match="dask scheduler"), opened(address):
            pass


@pytest.mark.parametrize("wrong", ["ray", 3, "http://x"])
def test_what_is_no_executor_is_refused_by_name(wrong):
    with pytest.raises(InvalidInputError, match="'threads'"), opened(wrong):
        pass


def test_threads_take_functions_without_a_name():
    with Threads(2) as executor:
        found = dict(executor.stream(functools.partial(pow, 2), [1, 2, 3]))

    assert found == {0: 2, 1: 4, 2: 8}
