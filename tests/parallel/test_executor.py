from __future__ import annotations

import multiprocessing
import sys
import threading

import pytest
from threadpoolctl import threadpool_info

from driftglass import InvalidInputError
from driftglass.parallel import Executor, Threads, effective_n_jobs
from driftglass.parallel._executor import _SINGLE_THREADED_BLAS


def blas_threads():
    return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}


def test_threads_are_an_executor():
    assert isinstance(Threads(1), Executor)


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_results_keep_the_order_of_the_items(n_jobs):
    with Threads(n_jobs) as executor:
        assert executor.map(lambda item: item * 2, range(50)) == list(range(0, 100, 2))


def test_items_are_worked_on_at_the_same_time():
    meeting = threading.Barrier(3, timeout=10)

    with Threads(3) as executor:
        executor.map(lambda _: meeting.wait(), range(3))


def test_an_error_reaches_the_caller():
    def fail(item):
        raise KeyError(item)

    with pytest.raises(KeyError), Threads(2) as executor:
        executor.map(fail, [1, 2, 3])


def test_blas_has_one_thread_inside_and_what_it_had_outside():
    before = blas_threads()

    with Threads(2):
        inside = blas_threads()

    assert inside == {1}
    assert blas_threads() == before


def test_overlapping_users_do_not_leave_blas_limited():
    before = blas_threads()
    first, second = Threads(1), Threads(1)

    first.__enter__()
    second.__enter__()
    first.__exit__()
    still = blas_threads()
    second.__exit__()

    assert still == {1}
    assert blas_threads() == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_forked_in_the_middle_has_its_own_limit():
    def in_child(queue):
        before = blas_threads()
        with Threads(2) as executor:
            queue.put((before, executor.map(abs, [-1, -2]), blas_threads()))

    before = blas_threads()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    with Threads(2), _SINGLE_THREADED_BLAS._lock:
        child = context.Process(target=in_child, args=(queue,))
        child.start()

    assert queue.get(timeout=30) == (before, [1, 2], {1})
    child.join(timeout=30)


def test_n_jobs_counts_like_scikit_learn():
    cores = effective_n_jobs(None)

    assert cores >= 1
    assert effective_n_jobs(-1) == cores
    assert effective_n_jobs(-2) == max(1, cores - 1)
    assert effective_n_jobs(-1000) == 1
    assert effective_n_jobs(7) == 7
    with pytest.raises(InvalidInputError, match="n_jobs is 0"):
        effective_n_jobs(0)
