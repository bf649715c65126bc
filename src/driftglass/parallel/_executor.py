"""Map a function over items on several threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from ..errors import InvalidInputError

__all__ = ["Executor", "Threads", "effective_n_jobs"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@runtime_checkable
class Executor(Protocol):
    """Runs a function on many items, several at a time."""

    @property
    def n_workers(self) -> int:
        """How many items are worked on at a time."""
        ...

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the function's results in the order of the items, when all are done."""
        ...


def effective_n_jobs(n_jobs: int | None) -> int:
    """Turn scikit-learn's `n_jobs` into a number of threads.

    Parameters
    ----------
    n_jobs : int or None
        None and -1 mean every core this process may use, -2 all but one, and so on.

    Returns
    -------
    n_threads : int
        At least 1.

    Raises
    ------
    InvalidInputError
        `n_jobs` is 0.
    """
    if n_jobs == 0:
        raise InvalidInputError("n_jobs is 0; pass a number of threads, or None for every core.")
    if n_jobs is not None and n_jobs > 0:
        return int(n_jobs)
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, cores + 1 + (-1 if n_jobs is None else int(n_jobs)))


class Threads:
    """Threads of this process, each with a single-threaded BLAS.

    A matrix product that BLAS splits over all cores waits at its end for the slowest of them,
    and its idle threads spin; with other work on the machine that costs many times the product.
    Whole products on separate threads have neither fault.

    Parameters
    ----------
    n_jobs : int or None
        As in `effective_n_jobs`.

    Examples
    --------
    >>> with Threads(2) as executor:
    ...     executor.map(abs, [-1, 2, -3])
    [1, 2, 3]
    """

    def __init__(self, n_jobs: int | None = None) -> None:
        self._n_workers = effective_n_jobs(n_jobs)
        self._pool: ThreadPoolExecutor | None = None

    @property
    def n_workers(self) -> int:
        """Number of threads."""
        return self._n_workers

    def __enter__(self) -> Self:
        _SINGLE_THREADED_BLAS.acquire()
        self._pool = ThreadPoolExecutor(self._n_workers, thread_name_prefix="driftglass")
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._pool is not None
        self._pool.shutdown(cancel_futures=True)
        self._pool = None
        _SINGLE_THREADED_BLAS.release()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return the function's results in the order of the items, when all are done."""
        assert self._pool is not None, "use Threads in a with statement"
        todo = list(items)
        if self._n_workers == 1 or len(todo) <= 1:
            return [function(item) for item in todo]
        return list(self._pool.map(function, todo))


class _BlasLimit:
    """Holds BLAS at one thread while anybody needs it so.

    The limit belongs to the process. Two overlapping users that each restored what they had
    found would leave it at one thread for good, so the first sets it and the last restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limiter: Any = None

    def acquire(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                from threadpoolctl import (  # type: ignore[import-untyped]  # comes with scikit-learn
                    threadpool_limits,
                )

                self._limiter = threadpool_limits(limits=1, user_api="blas")

    def renew(self) -> None:
        """Start afresh in a forked child, which may have inherited the lock while it was held."""
        self._lock = threading.Lock()
        if self._limiter is not None:
            self._limiter.restore_original_limits()
        self._users, self._limiter = 0, None

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limiter.restore_original_limits()
                self._limiter = None


_SINGLE_THREADED_BLAS = _BlasLimit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_SINGLE_THREADED_BLAS.renew)
