from __future__ import annotations

import threading

import pytest
from threadpoolctl import threadpool_info

from driftglass import InvalidInputError
from driftglass.parallel import Executor, Threads, effective_n_jobs


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


def test_n_jobs_counts_like_scikit_learn():
    cores = effective_n_jobs(None)

    assert cores >= 1
    assert effective_n_jobs(-1) == cores
    assert effective_n_jobs(-2) == max(1, cores - 1)
    assert effective_n_jobs(-1000) == 1
    assert effective_n_jobs(7) == 7
    with pytest.raises(InvalidInputError, match="n_jobs is 0"):
        effective_n_jobs(0)
